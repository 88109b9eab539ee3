"""Compiled passes: equal to the plain bodies on awkward shapes and special values, for any number of threads."""
import form_cases
import numpy as np
import pytest
from form_cases import PRECISION, arguments, normal, positive, special

import tinygan as tg
from tinygan.backend import compiled
from tinygan.backend.accelerated import FORMS as TABLE
from tinygan.backend.accelerated import PLAIN

pytestmark = pytest.mark.usefixtures("compiled_loops")
SHAPES = (1,), (2,), (9, 1), (1, 9), (3, 17), (2, 3, 4, 33), (1025, 3), (2 * 1024 + 1, 16), (100_003, 1), (1, 40_001)
ADAM = 0.5, 1e-3, 0.5, 0.999, 1e-8
FORMS = {  # by name in the file: the function, and its arguments for a shape
    "relu": ("ops.elementwise._relu", lambda *s: [normal(*s)]),
    "leaky_relu": ("ops.elementwise._leaky_relu", lambda *s: [normal(*s), 0.2]),
    "relu_backward": ("ops.elementwise._relu_backward", lambda *s: [normal(*s), normal(*s), 0.2]),
    "plus": ("backend.arrays.plus", lambda *s: [normal(*s), normal(*s)]),
    "plus_row": ("backend.arrays.plus", lambda *s: [normal(*s), normal(s[-1])]),
    "add": ("updates._add", lambda *s: [normal(np.prod(s)), -0.3, normal(np.prod(s))]),
    "adam_step": ("updates.adam_step", lambda *s: [*[normal(np.prod(s))] * 2, positive(normal(np.prod(s))), *ADAM]),
    "affine": ("ops.normalise._affine", lambda *s: [normal(*s), normal(2, s[-1])]),
    "affine_relu": ("backend.fusion._affine_relu", lambda *s: [normal(*s), normal(2, s[-1]), 0.2]),
    "scale": ("backend.fusion._scale", lambda *s: [normal(*s), normal(2, s[-1])]),
    "moments": ("ops.normalise._moments", lambda *s: [normal(*s)]),
    "affine_adjoint": ("ops.normalise._affine_adjoint", lambda *s: [normal(*s), normal(*s)]),
}


def loop(name):
    """A form of the file."""
    from tinygan.backend import compiled_passes
    return getattr(compiled_passes, name)


def copied(args):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("form", FORMS)
def test_it_is_the_plain_pass(form, dtype, monkeypatch):
    name, of = FORMS[form]
    for shape in SHAPES:
        args = form_cases.drawn(arguments(*of(*shape)), dtype)
        expected = form_cases.results(PLAIN[name], copied(args))
        for threads in (1, 2, 5):
            monkeypatch.setattr(compiled, "threads", threads)
            form_cases.assert_close(name, form_cases.results(loop(form), copied(args)), expected, dtype)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(("form", "more"), [("relu", []), ("leaky_relu", [0.2]),
                                            ("relu_backward", [0.2]), ("relu_backward", [0.0]), ("plus", [])])
def test_special_values(form, more, dtype):
    """Infinite values, NaN and the sign of 0 are those of the plain body."""
    x = special(None, np.dtype(dtype).type)
    y, x = (a.ravel().copy() for a in np.meshgrid(x, x))
    args = [x, y][:1 if "relu" in form and "backward" not in form else 2] + more
    with np.errstate(all="ignore"):
        got, expected = loop(form)(*args), PLAIN[FORMS[form][0]](*args)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got)[got == 0], np.signbit(expected)[got == 0])


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_special_values_in_rows_of_channels(slope, dtype):
    x = special(None, np.dtype(dtype).type)
    scale, x = np.meshgrid(x, x)
    rows = np.stack([scale[0], scale[0][::-1]])
    with np.errstate(all="ignore"):
        got, expected = (f(x, rows, slope) for f in (loop("affine_relu"), PLAIN["backend.fusion._affine_relu"]))
    form_cases.assert_close("affine_relu", [got], [expected], dtype)


@pytest.mark.parametrize("form", ["moments", "affine_adjoint"])
def test_sums_round_no_worse_than_numpy(form):
    """A million rows of one sign, in float32, against float64."""
    name = FORMS[form][0]
    args = [np.random.default_rng(i).normal(3, 1, (1 << 20, 2)).astype(np.float32) for i in range(2)]
    args = args[:1 if form == "moments" else 2]
    true = PLAIN[name](*[a.astype(float) for a in args])
    errors = [np.abs(f(*args) / true - 1).max() for f in (loop(form), PLAIN[name])]
    assert errors[0] < max(2e-6, 2 * errors[1])


def test_a_moment_of_values_far_from_0():
    """The variance is that around the mean."""
    x = np.random.default_rng(0).normal(1e6, 1, (5000, 3))
    np.testing.assert_allclose(loop("moments")(x), [x.mean(0), x.var(0)], rtol=1e-9)


def fits_of(form):
    """The condition of a form."""
    return next(fits for fits, f in TABLE[FORMS[form][0]] if f.__wrapped__ is loop(form))


@pytest.mark.parametrize("form", FORMS)
def test_cases_that_do_not_fit(form):
    """Integers, other orders of bytes, empty arrays, shapes that do not agree: loops never read outside of an array."""
    _, of = FORMS[form]
    fits = fits_of(form)
    good = form_cases.drawn(arguments(*of(4, 8)), "float32")
    assert fits(*good)
    for change in (lambda a: a.astype(int), lambda a: a.astype(">f4"), lambda a: a.astype("f2"),
                   lambda a: np.repeat(a, 2, -1)[..., ::2], lambda a: a[:0], read_only):
        args = [change(a) if isinstance(a, np.ndarray) else a for a in good]
        assert not fits(*args)
        for i, a in enumerate(good):  # one of them alone
            if isinstance(a, np.ndarray):
                assert not fits(*good[:i], change(a), *good[i + 1:])


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


@pytest.mark.parametrize("planted", ["relu", "adam_step", "affine_adjoint"])
def test_a_wrong_loop_is_seen(planted, monkeypatch):
    right = loop(planted)
    wrong = {"relu": lambda x: right(x) + 1e-3 * (x > 2), "adam_step": lambda g, m, v, *n: right(g, m.copy(), v, *n),
             "affine_adjoint": lambda x, g: right(x[:-1] if len(x) > 2000 else x, g)}[planted]
    monkeypatch.setattr(f"tinygan.backend.compiled_passes.{planted}", wrong)
    with pytest.raises(AssertionError):
        test_it_is_the_plain_pass(planted, "float64", monkeypatch)


def test_gradients_run_through_the_passes():
    net = tg.nn.Sequential(tg.nn.BatchNorm(4), tg.nn.LeakyReLU(0.2)).astype("float64")
    x = np.random.default_rng(0).standard_normal((6, 4))
    tg.check_gradients(lambda x: net(x) + x, x)
