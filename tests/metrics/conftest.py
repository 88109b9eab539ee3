"""A fixture that the tests of the metrics share: digits that no classifier was trained on."""
import pytest

from tinygan import data


@pytest.fixture(scope="module")
def held_out():
    return data.load("digits", held_out=True)
