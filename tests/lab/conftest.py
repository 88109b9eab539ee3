"""A fixture that the tests of the laboratory share."""
import pytest

from tinygan.lab.state import Laboratory


@pytest.fixture
def lab():
    """A small laboratory, at step 0."""
    return Laboratory(width=16, batch=16, shown=50)
