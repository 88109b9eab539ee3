"""Arrays and the machine they live on: their modules, devices, and the memory of other libraries."""
import sys

import numpy as np
import pytest
from helpers import one_line

import tinygan as tg
from tinygan import backend


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
