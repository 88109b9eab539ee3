"""`tinygan data`: the data sets, and which of them are on this machine."""
from tinygan.cli import main


def test_data_are_listed(capsys):
    assert main(["data"]) == 0
    assert "fashion" in capsys.readouterr().out
