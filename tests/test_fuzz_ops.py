"""Every operation on inputs that hypothesis draws: NumPy's result, or an error that names the operation and shapes."""

import numpy as np
import pytest
from fuzzing import DEFINITIONS, DRAWS, FLOATS, Call, calls, spoilt
from helpers import host
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan.ops import OPS

TOLERANCE = {np.float16: 2e-2, np.float32: 1e-4, np.float64: 1e-10}
every_operation = pytest.mark.parametrize("name", sorted(OPS))
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, where a number overflows


def test_every_operation_is_drawn():
    assert DRAWS.keys() == DEFINITIONS.keys() == OPS.keys()


def wrapped(x, tensor):
    """x, as a Tensor where it can be one and should."""
    if not tensor or not isinstance(x, np.ndarray) or x.dtype.kind not in "fiub":
        return x
    return tg.Tensor(x, requires_grad=x.dtype.kind == "f")


def copied(value):
    """A copy of the arrays in a value."""
    if isinstance(value, (list, tuple)):
        return type(value)(copied(v) for v in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def same(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b) if isinstance(a, np.ndarray) and a.dtype.kind in "fiub" else True


def check_slopes(y, xs):
    """The derivatives with respect to all xs have their shapes and dtypes, taken on arrays and on Tensors.

    Where precisions meet, y has the higher one, and a derivative may have it too.
    """
    xs = [x for x in xs if isinstance(x, tg.Tensor) and x.requires_grad]
    if xs and y.requires_grad:
        bare = tg.grad(y.sum(), xs, allow_unused=True)
        recorded = tg.grad(y.sum(), xs, create_graph=True, allow_unused=True)
        for x, a, b in zip(xs, bare, recorded):
            for slope in (a, b):
                assert slope is None or (slope.shape == x.shape and slope.dtype in (x.dtype, y.dtype)), (x, slope)
            assert a is None or np.array_equal(a.data, b.data, equal_nan=True) or a.dtype == np.float16


def check_meant(call: Call, tensors: list[bool]):
    """A call that has a meaning: it is NumPy's, also in dtype; no input is changed; the derivatives fit."""
    kept = copied((call.arrays, list(call.options.values())))
    xs = [wrapped(a, t) for a, t in zip(call.arrays, tensors)]
    y, meant = call.run(xs), call.meant()
    assert isinstance(y, tg.Tensor) == any(tensors)
    assert np.shape(host(y)) == meant.shape
    assert host(y).dtype == meant.dtype
    close = TOLERANCE.get(call.arrays[0].dtype.type, 1e-10)
    np.testing.assert_allclose(host(y), call.meant(np.float64), close, close)
    if any(tensors):
        check_slopes(y, xs)
    assert same(kept, (call.arrays, list(call.options.values())))


def check_spoilt(call: Call, tensors: list[bool]):
    """A call with a mistake in it: NumPy's result, or an error that tells the operation and the shapes."""
    kept = copied((call.arrays, list(call.options.values())))
    xs = [wrapped(a, t) for a, t in zip(call.arrays, tensors)]
    try:
        meant = call.meant()
    except Exception as error:
        meant = error
    try:
        y = call.run(xs)
    except (ValueError, TypeError) as error:
        said = str(error)
        assert said.startswith(f"{call.name}: "), said
        assert "\n" not in said
        shapes = [str(x.shape) for x in xs if isinstance(x, (np.ndarray, tg.Tensor))]
        assert not shapes or any(told in said for told in [*shapes, *(f"{key} is " for key in call.options)]), said
    else:
        assert not isinstance(meant, Exception), f"{meant!r} in NumPy, here {y!r}"
        assert np.shape(host(y)) == meant.shape
        if host(y).dtype.kind in "fiub" and meant.dtype.kind in "fiub":
            np.testing.assert_allclose(host(y), meant, 2e-2, 2e-2)
            if isinstance(y, tg.Tensor):
                check_slopes(y, xs)
    assert same(kept, (call.arrays, list(call.options.values())))


def drawn(data, call):
    return data.draw(st.lists(st.booleans(), min_size=len(call.arrays), max_size=len(call.arrays)))


@every_operation
@settings(max_examples=20)
@given(data=st.data())
def test_what_has_a_meaning(name, data):
    call = data.draw(calls(name, FLOATS))
    check_meant(call, drawn(data, call))


@every_operation
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_spoilt(name, data):
    call = data.draw(spoilt(name))
    check_spoilt(call, drawn(data, call))
