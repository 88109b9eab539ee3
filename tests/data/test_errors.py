"""The one error of data."""
import numpy as np
import pytest
from helpers import one_line

from tinygan import data
from tinygan.data import DataError


def test_the_error_is_a_value_error():
    assert issubclass(DataError, ValueError)


@pytest.mark.parametrize("call", [
    lambda folder: data.load("no such set"), lambda folder: data.load(folder),
    lambda folder: data.load("digits", size=0),
    lambda folder: data.load_sequences(folder / "none.npy"), lambda folder: data.sampler([]),
    lambda folder: data.ring(3, np.random.default_rng(0), modes=0),
])
def test_whatever_is_wrong_with_data_is_told_in_one_line(call, tmp_path):
    with pytest.raises(DataError) as caught:
        call(tmp_path)
    assert len(one_line(caught)) > 20
