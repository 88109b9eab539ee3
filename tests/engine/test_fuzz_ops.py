"""Every operation on inputs that hypothesis draws: NumPy's result, or an error that names the operation and shapes."""
import math
from dataclasses import replace

import numpy as np
import pytest
from fuzzing import DEFINITIONS, DRAWS, FLOATS, MORE, POSITIVE, SHAPE, Call
from helpers import host, one_line
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygan as tg
from tinygan.ops import OPS

TOLERANCE = {np.float16: 2e-2, np.float32: 1e-4, np.float64: 1e-10}


# --- arrays of any layout, whole calls, mistakes ---

LAYOUTS = {
    "C": lambda a: a, "F": lambda a: a.T.copy().T, "reversed": lambda a: np.flip(np.flip(a).copy()) if a.ndim else a,
    "new last axis": lambda a: a[..., 0][..., None] if a.ndim and a.shape[-1] == 1 else a,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "in a larger one": lambda a: np.pad(a, 1, mode="empty")[(slice(1, -1),) * a.ndim] if a.ndim else a,
    "not aligned": lambda a: np.frombuffer(b"x" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    if a.size else a,
    "read only": lambda a: np.broadcast_to(a, a.shape),
}


@st.composite
def filled(draw, shape, dtype, low):
    """An array of this shape: in any layout of memory, some of them read only."""
    numbers = np.random.default_rng(draw(st.integers(0, 99))).uniform(low, 2, shape)
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](np.asarray(numbers).astype(dtype))


@st.composite
def calls(draw, name, dtypes=FLOATS):
    """A call with valid inputs; all its arrays have one dtype."""
    shapes, options = draw(DRAWS[name])
    dtype = draw(st.sampled_from(dtypes))
    arrays = [draw(filled(shape, dtype, 0.5 if name in POSITIVE else -2)) for shape in shapes]
    return Call(name, arrays, options | ({"y": draw(filled(shapes[0], dtype, -2))} if name == "relu_backward" else {}))


JUNK = st.sampled_from([None, -1, 0, 2, 7, 1.5, math.nan, "a", (), (0, 0), (-1, 2), (1, 2, 3), [], [9], {"a": 1},
                        object, np.float32(0.5), np.ones(2), np.ones((2, 1), np.int8)])


@st.composite
def spoilt(draw, name):
    """A call with a mistake in it (or, by chance, none): a shape, a dtype, an option, or a thing that is no array."""
    call = draw(calls(name))
    i = draw(st.integers(0, len(call.arrays) - 1))
    kind = draw(st.sampled_from(["shape", "axes", "dtype", "list", "junk", *["option"] * 2 * bool(call.options)]))
    arrays, options, x = list(call.arrays), dict(call.options), call.arrays[i]
    if kind == "shape":
        arrays[i] = draw(filled(draw(SHAPE), x.dtype, 0.5))
    elif kind == "axes":
        arrays[i] = x[None] if draw(st.booleans()) or not x.ndim else x.swapaxes(0, -1)
    elif kind == "dtype":
        arrays[i] = x.astype(draw(st.sampled_from([bool, np.int8, np.uint16, np.int64, np.float64, np.complex64, str])))
    elif kind == "list":
        arrays[i] = x.tolist()
    elif kind == "junk":
        arrays[i] = draw(JUNK)
    else:
        options[draw(st.sampled_from(sorted(options)))] = draw(JUNK)
    return replace(call, arrays=arrays, options=options)


# --- the checks ---

every_operation = pytest.mark.parametrize("name", sorted(OPS))


pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, when a number overflows


def test_every_operation_is_drawn():
    assert DRAWS.keys() == DEFINITIONS.keys() == OPS.keys()


def wrapped(x, tensor):
    """x, as a Tensor if `tensor` asks for it and x can be one."""
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

    Where precisions meet, y has the higher one, and a derivative may have it too. A float64 number without axes counts
    as Python's (`unwrap`), so a derivative of such numbers may have the precision of the other operand.
    """
    xs = [x for x in xs if isinstance(x, tg.Tensor) and x.requires_grad]
    if xs and y.requires_grad:
        bare = tg.grad(y.sum(), xs, allow_unused=True)
        recorded = tg.grad(y.sum(), xs, create_graph=True, allow_unused=True)
        for x, a, b in zip(xs, bare, recorded):
            for slope in (a, b):
                assert slope is None or slope.shape == x.shape, (x, slope)
                assert slope is None or y.ndim == 0 or slope.dtype in (x.dtype, y.dtype), (x, slope)
            assert a is None or a.dtype == np.float16 or np.array_equal(a.data, b.data, equal_nan=True) \
                or (y.ndim == 0 and np.isclose(a.data, b.data, 1e-6, equal_nan=True))


def check_meant(call: Call, tensors: list[bool]):
    """A call with valid inputs: the result is NumPy's, also in dtype; no input is changed; the derivatives fit."""
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
    """A call with a mistake in it: NumPy's result, or an error that names the operation and the shapes."""
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
        shapes = [str(x.shape) for x in xs if hasattr(x, "shape")]
        assert not shapes or any(told in said for told in [*shapes, *(f"{key} " for key in call.options)]), said
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
@settings(max_examples=12)
@given(data=st.data())
def test_what_has_a_meaning(name, data):
    call = data.draw(calls(name, FLOATS))
    check_meant(call, drawn(data, call))


@every_operation
@settings(max_examples=12)
@given(data=st.data())
def test_what_is_spoilt(name, data):
    call = data.draw(spoilt(name))
    check_spoilt(call, drawn(data, call))


@pytest.mark.slow
@every_operation
@settings(max_examples=80 * MORE)
@given(data=st.data())
def test_much_of_both(name, data):
    call = data.draw(calls(name, FLOATS))
    check_meant(call, drawn(data, call))
    call = data.draw(spoilt(name))
    check_spoilt(call, drawn(data, call))


# --- mistakes that were found ---

def ones(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


@pytest.mark.parametrize("call", [
    Call("conv2d", [np.arange(40.0).reshape(2, 4, 5)[..., None], ones(3, 2, 1, 2)], {}),  # the last stride is 0
    Call("conv2d", [ones(0, 4, 5, 1), ones(3, 2, 1, 2)], {}),
    Call("conv_transpose2d", [ones(0, 2, 2, 1), ones(2, 2, 1, 1)], {}),
    Call("conv2d_weight", [ones(0, 4, 5, 1), ones(0, 3, 3, 2)], {"kernel_size": (2, 3)}),
    Call("linear", [ones(3), ones(3, 2), ones(2)], {}),
], ids=lambda call: call.name)
def test_what_was_found_wrong(call):
    check_meant(call, [True] * len(call.arrays))


@pytest.mark.parametrize(("call", "message"), [
    (Call("add", [ones(2, 3), ones(4)], {}), "add: a (2, 3), b (4,): "),
    (Call("exp", ["a"], {}), "exp: x 'a': "),
    (Call("reshape", [ones(2, 3)], {"shape": (4,)}), "reshape: x (2, 3), shape (4,): "),
    (Call("getitem", [ones(2, 3)], {"index": 2}), "getitem: x (2, 3), index 2: "),
    (Call("softmax", [ones(2, 3)], {"axis": 2}), "softmax: x (2, 3), axis 2: log_softmax: x (2, 3), axis 2: "),
    (Call("broadcast_to", [ones(1, 1, 3)], {"shape": (3,)}), "broadcast_to: x (1, 1, 3) has more axes than (3,)"),
    (Call("unbroadcast", [ones(2, 3)], {"shape": (3, 2)}), "unbroadcast: x (2, 3) is not a broadcast of shape (3, 2)"),
    (Call("unbroadcast", [ones(4)], {"shape": (2, 2)}), "unbroadcast: x (4,) is not a broadcast of shape (2, 2)"),
    (Call("unbroadcast", [ones(0)], {"shape": {"a": 1}}), "unbroadcast: x (0,), shape {'a': 1}: "),
    (Call("scatter", [ones(1)], {"index": slice(0, 3), "shape": (4,)}),
     "scatter: x (1,) does not fit: the index picks (3,) of (4,)"),
    (Call("stack", [ones(2, 3), ones(2, 3)], {"axis": 5}), "stack: tensors of shape (2, 3) can have no new axis 5"),
    (Call("concatenate", [ones(2, 3), ones(3, 3)], {}), "concatenate: tensors [(2, 3), (3, 3)], axis -1: "),
    (Call("pad", [ones(1, 1)], {"widths": ((1, 0),)}),
     "pad: x (1, 1) and widths ((1, 0),): expected for each axis two numbers of at least 0"),
    (Call("pad", [ones(3)], {"widths": ((-1, 0),)}),
     "pad: x (3,) and widths ((-1, 0),): expected for each axis two numbers of at least 0"),
    (Call("upsample", [ones(2, 4, 4)], {}), "upsample: x (2, 4, 4), expected (n, h, w, channels)"),
    (Call("relu_backward", [ones(3)], {"y": ones(2, 3)}), "relu_backward: x (3,) and y (2, 3) differ in shape"),
    (Call("relu_backward", [ones(3)], {"y": ones(3), "slope": 2}), "relu_backward: slope is 2, expected 0 to 1"),
    (Call("clip", [ones(3)], {"low": 0, "high": None}), "clip: x (3,) has bounds 0 and None, expected two numbers"),
    (Call("clip", [ones(3)], {"low": -ones(2, 3), "high": 1}), "clip: x (3,) and its bounds (2, 3), () do not fit"),
    (Call("linear", [ones(2, 3), ones(3, 4), ones(1)], {}),
     "linear: w (3, 4) and b (1,) do not fit: expected (inputs, outputs) and (outputs,)"),
    (Call("affine", [ones(2, 3), ones(2, 1)], {}),
     "affine: x (2, 3) and scale_shift (2, 1) do not fit: expected (2, channels)"),
    (Call("affine_adjoint", [ones(2, 3), ones(3)], {}), "affine_adjoint: x (2, 3) and g (3,) differ in shape"),
    (Call("batch_norm_coefficients", [ones(2, 3), ones(1), ones(3)], {}),
     "batch_norm_coefficients: moments (2, 3), weight (1,) and bias (3,) do "
     "not fit: expected (2, channels), (channels,), (channels,)"),
    (Call("moments", [ones(4, 3, dtype=np.int64)], {}),
     "moments: x (4, 3) of int64, expected floating point numbers, at least one a channel"),
    (Call("moments", [ones(0, 3)], {}),
     "moments: x (0, 3) of float64, expected floating point numbers, at least one a channel"),
    *[(Call(name, [ones(3, dtype=np.uint8)], {}),
       f"{name}: x (3,) is of uint8, which has no negative numbers; convert it")
      for name in ("sigmoid", "log_sigmoid", "log_softmax")],
], ids=lambda value: getattr(value, "name", None))
def test_what_is_refused(call, message):
    for tensors in (False, True):
        with pytest.raises((ValueError, TypeError)) as caught:
            call.run([wrapped(a, tensors) for a in call.arrays])
        said = one_line(caught)
        assert said.startswith(message) if message.endswith(": ") else said == message  # the rest is NumPy's
