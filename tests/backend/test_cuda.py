"""The CUDA forms: one launch each; many arrays in few launches; other precisions run the body."""
import foreign
import form_cases
import numpy as np
import pytest
from form_cases import CALLS, IDS, moved

from tinygan import updates
from tinygan.backend import accelerated
from tinygan.ops import elementwise

if accelerated.ALWAYS_PLAIN:
    pytest.skip("TINYGAN_PLAIN=1 turns the kernels off", allow_module_level=True)


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_one_launch(call, monkeypatch):
    """A call launches its kernel once and nothing else; on empty arrays it may launch nothing."""
    name, function, _, make = call
    args, played = form_cases.drawn(make, "float32"), []
    real = foreign.kernels[f"tinygan_{name}"]
    monkeypatch.setitem(foreign.kernels, f"tinygan_{name}", lambda *a: (played.append(1), real(*a))[1])
    form_cases.results(function, moved(args, foreign), foreign.to_host)
    empty = any(isinstance(a, np.ndarray) and not a.size for a in args)
    assert len(played) == 1 or empty


def test_many_arrays_are_joined_by_few_launches():
    arrays = [np.full((k % 3, 2), k, np.float32) for k in range(70)]
    there = [foreign.asarray(a) for a in arrays]
    with foreign.counting() as counts:
        got = updates._join(there)
    assert counts.launches == 3
    np.testing.assert_array_equal(foreign.to_host(got), updates._join(arrays))


def test_other_precisions_run_the_body():
    x = np.linspace(-2, 2, 5)
    for half, other in ((np.float16, np.float16), (np.float32, np.float64)):
        a, b = x.astype(half), x.astype(other)
        got = elementwise._relu_backward(foreign.asarray(a), foreign.asarray(b), 0.5)
        np.testing.assert_array_equal(foreign.to_host(got), elementwise._relu_backward(a, b, 0.5))
        assert got.dtype == elementwise._relu_backward(a, b, 0.5).dtype
    np.testing.assert_allclose(foreign.to_host(elementwise._sigmoid(foreign.asarray(np.arange(3)))),
                               elementwise._sigmoid(np.arange(3)))
    with pytest.raises(TypeError):
        elementwise._relu_backward(foreign.asarray(x), x, 0.5)
