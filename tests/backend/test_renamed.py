"""Functions that have another name since release 0.1: the module answers to the old one too."""
import pytest


@pytest.mark.parametrize(("module", "old", "new"), [
    ("tinygan.toys.dynamics", "play", "trajectory"), ("tinygan.zoo.style", "play", "make_game"),
    ("tinygan.zoo.progressive", "play", "make_game"), ("tinygan.zoo.settings", "read", "parse_settings"),
    ("tinygan.zoo.settings", "write", "format_setting")])
def test_a_function_answers_to_its_old_name(module, old, new):
    found = __import__(module, fromlist=[new])
    with pytest.warns(DeprecationWarning, match=f"{module}.{old} is of release 0.1; use {new}"):
        assert getattr(found, old) is getattr(found, new)
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        getattr(found, "other")  # noqa: B009
