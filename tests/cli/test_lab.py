"""`tinygan lab`: its requirements."""
from tinygan import cli
from tinygan.lab import serve


def test_the_extra_is_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(serve, "NEEDS", ("voila_which_nobody_has", "json"))
    assert cli.main(["lab", "--no-browser"]) == 2
    assert capsys.readouterr().err == ("tinygan lab: voila_which_nobody_has not installed: "
                                       "pip install 'tinygan[lab]'\n")
