"""The config of a run, made from the options of a command."""
import pytest

from tinygan.cli.configure import configured, settings_of
from tinygan.cli.main import _parser
from tinygan.game import SettingError
from tinygan.runs import Config
from tinygan.zoo import RECIPES


def options(*arguments):
    return _parser().parse_args(["train", *arguments])


def config(*arguments):
    given = options(*arguments)
    return configured(given, given.seed or 0, settings_of(given, RECIPES[given.recipe or "digits"]))


def test_what_is_not_given_is_the_recipes():
    assert config() == Config("digits", 3600, 0, 64, "float32", "cpu", "digits", {})
    assert config("ring", "--steps", "9", "--batch", "4", "--seed", "2", "--dtype", "float64", "--data", "grid",
                  "--set", "r1=0", "k=2") == Config("ring", 9, 2, 4, "float64", "cpu", "grid", {"r1": 0, "k": 2})


def test_rate_is_a_switch():
    assert config("ring", "--rate", "0.5").settings == config("ring", "--set", "rate=0.5").settings == {"rate": 0.5}
    with pytest.raises(SettingError, match="rate is set twice"):
        config("ring", "--rate", "0.5", "--set", "rate=1")


def test_the_users_own_data_have_a_place(tmp_path):
    """A run may be resumed from another folder, so it keeps the whole path; a name stays a name."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "mine.npy").touch()
    assert config("--data", "photos").data == str(tmp_path / "photos")
    assert config("--data", "photos@64").data == str(tmp_path / "photos@64")
    assert config("sequence", "--data", "mine.npy").data == str(tmp_path / "mine.npy")
    assert config("--data", "fashion").data == "fashion"
