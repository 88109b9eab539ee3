"""Arrays and their machine: their modules, devices, and the memory of other libraries."""
import sys

import foreign
import numpy as np
import pytest
from helpers import one_line

import tinygan as tg
from tinygan import backend
from tinygan.backend import arrays


@pytest.mark.oracle
def test_memory_is_shared(torch):
    theirs = torch.arange(6.0).reshape(2, 3).T  # strided too
    ours = tg.Tensor(theirs, requires_grad=True)
    assert ours.data.__array_interface__["data"][0] == theirs.data_ptr()
    assert ours.shape == (3, 2)
    theirs[0, 1] = 9
    assert ours.data[0, 1] == 9
    [slope] = tg.grad((ours * ours).sum(), [ours])
    np.testing.assert_array_equal(slope.numpy(), 2 * theirs.numpy())
    back = torch.from_dlpack(slope.data)
    assert back.data_ptr() == slope.data.__array_interface__["data"][0]
    slope.data[0, 0] = 7
    assert back[0, 0] == 7


@pytest.mark.oracle
def test_memory_that_cannot_be_shared(torch):
    for tensor, why in ((torch.zeros(2, requires_grad=True), "use tensor.detach"),
                        (torch.zeros(2, dtype=torch.bfloat16), "Unsupported dtype"),
                        (torch.empty(2, device="meta"), "meta")):
        with pytest.raises(TypeError, match=why) as caught:
            tg.Tensor(tensor)
        assert "the memory of this Tensor cannot be shared" in one_line(caught)


def test_memory_of_a_gpu(monkeypatch):
    class Theirs:
        def __dlpack_device__(self):
            return 2, 0

    class CuPy:
        def from_dlpack(self, x):
            return np.array([4.0])
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "cupy", None)
        with pytest.raises(backend.DeviceError, match="CuPy"):
            tg.Tensor(Theirs())
    monkeypatch.setattr("tinygan.backend.arrays._cupy", CuPy)
    assert tg.Tensor(Theirs()).item() == 4


def test_the_module_of_arrays_is_that_of_their_type():
    a, b = np.ones(2), foreign.asarray(np.ones(2))
    assert arrays.module(a, 3, np.float32(2)) is np
    assert arrays.module(b, 3, np.float32(2)) is foreign
    assert arrays.module() is arrays.module(1.0, [2]) is np
    assert [arrays.is_array(x) for x in (a, b, np.float32(1), 1.0, [1], tg.Tensor(a))] == [True] * 3 + [False] * 3
    with pytest.raises(TypeError, match=r"^arrays of foreign and numpy meet; move one of them with \.to\('cpu'\) or"):
        arrays.module(a, b)


def test_arrays_go_to_a_device_and_come_back(gpu):
    a = np.arange(3.0)
    moved = arrays.to(a, "gpu")
    assert isinstance(moved, gpu.ForeignArray)
    back = arrays.to(moved, "cpu")
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back, a)
    assert arrays.to(a, "cpu") is a
    assert arrays.to_device_of(a, a) is a
    assert isinstance(arrays.to_device_of(a, moved), gpu.ForeignArray)
    with pytest.raises(ValueError, match="device: got 'tpu', expected 'cpu' or 'gpu'"):
        arrays.to(a, "tpu")


@pytest.mark.parametrize("memory", [1, 3], ids=["of the host", "of the host, pinned"])
def test_memory_that_numpy_can_read(memory):
    class Theirs:
        def __init__(self):
            self.array = np.array([4.0])

        def __dlpack_device__(self):
            return memory, 0

        def __dlpack__(self, **options):
            return self.array.__dlpack__()
    assert tg.Tensor(Theirs()).item() == 4
