"""`tinygan lab`: its requirements, its port."""
import pytest
from helpers import fails

from tinygan import cli
from tinygan.lab import serve


def test_the_extra_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(serve, "NEEDS", ("voila_which_nobody_has", "json"))
    assert cli.main(["lab", "--no-browser"]) == 2
    assert capsys.readouterr().err == ("tinygan lab: voila_which_nobody_has not installed: "
                                       "pip install 'tinygan[lab]'\n")


@pytest.mark.parametrize(("port", "message"), [("0", "'0' is not a port"), ("70000", "70000 is too large"),
                                               ("65536", "65536 is too large")])
def test_ports_have_16_bits(port, message, capsys, monkeypatch):
    served = []
    monkeypatch.setattr("tinygan.cli.lab.serve", lambda *given: served.append(given))
    assert message in fails(capsys, "lab", "--port", port)
    assert cli.main(["lab", "--port", "65535"]) == 0
    assert served == [(65535, True, 300)]


def test_minutes_of_idle_kernels(monkeypatch, capsys):
    served = []
    monkeypatch.setattr("tinygan.cli.lab.serve", lambda *given: served.append(given))
    assert cli.main(["lab", "--no-browser", "--idle", "2"]) == 0
    assert served == [(8866, False, 120)]
    assert "'0' is not a whole number" in fails(capsys, "lab", "--idle", "0")
