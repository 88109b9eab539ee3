"""Products on all cores: equal to NumPy's for every layout, shape and number of threads."""
from unittest import mock

import foreign
import numpy as np
import pytest
from form_cases import PRECISION
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import compiled

pytestmark = pytest.mark.usefixtures("compiled_loops")
sizes = st.tuples(*[st.sampled_from([1, 2, 3, 15, 16, 17, 33, 100])] * 3)


@pytest.fixture(scope="module")
def products():
    """The module of the file, which needs numba."""
    pytest.importorskip("numba")
    from tinygan.backend import compiled_products
    return compiled_products


def drawn(shape, transposed, dtype, seed):
    """An array in one piece, or one whose transpose is."""
    a = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2) if transposed else a


def agree(products, size, stack, dtype, of_a=False, of_b=False, add=False, threads=2):
    rtol, (m, k, n) = PRECISION[dtype][0], size
    a, b = drawn((*stack, m, k), of_a, dtype, 0), drawn((*stack, k, n), of_b, dtype, 1)
    total = drawn((*stack, m, n), False, dtype, 2) if add else None
    expected = a.astype(float) @ b.astype(float) + (total if add else 0)
    with mock.patch.object(compiled, "threads", threads):
        got = products.multiply(a, b, total)
    assert got is total or not add
    assert (got.dtype, got.shape) == (a.dtype, expected.shape)
    np.testing.assert_allclose(got, expected, rtol, rtol * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize("stack", [(), (3,)])
def test_it_is_numpys_product(products, stack, dtype):
    @given(sizes, st.booleans(), st.booleans(), st.booleans(), st.integers(1, 5))
    def check(size, of_a, of_b, add, threads):
        agree(products, size, stack, dtype, of_a, of_b, add, threads)
    check()


def test_a_place_for_the_result(products):
    a, b, out = drawn((50, 7), False, "f4", 0), drawn((7, 40), False, "f4", 1), np.full((50, 40), np.nan, "f4")
    assert products.multiply(a, b, out=out) is out
    np.testing.assert_allclose(out, a @ b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_special_values(products, value):
    a, b, c = np.ones((40, 4)), np.ones((4, 50)), np.zeros(50)
    a[3, 2], c[7] = value, value
    with np.errstate(invalid="ignore"):
        got = products.linear(a, b, c)
        np.testing.assert_array_equal(got, a @ b + c)


A, B = np.ones((8, 8), np.float32), np.ones((8, 9), np.float32)


@pytest.mark.parametrize(("a", "b", "expected"), [
    (A, B, True), (A.T, B, True), (A, np.ones((9, 8), "f4").T, True), (A.astype(float), B.astype(float), True),
    (A[:, ::2], B[::2], False), (A, B[:, ::2], False), (A.astype(float), B, False),
    (A.astype(int), B.astype(int), False), (A, np.ones((9, 9), "f4"), False),
    (A.astype("f2"), B.astype("f2"), False), (A.astype(">f4"), B.astype(">f4"), False), (A[:1], B, False),
    (A, B[:, :1], False), (A[:0], B, False), (A[:, :0], B[:0], False), (A[None], B, False), (A[0], B, False),
    (foreign.asarray(A), foreign.asarray(B), False), (A, foreign.asarray(B), False),
    (np.ma.array(A), B, False)])
def test_the_matrices_that_are_divided(products, a, b, expected, monkeypatch):
    monkeypatch.setattr(compiled, "threads", 2)
    assert products._pays(a, b) is expected
    monkeypatch.setattr(compiled, "threads", 1)
    assert products._pays(a, b) is False


def test_small_products_are_not_divided(products, monkeypatch):
    monkeypatch.setattr(compiled, "threads", 2)
    monkeypatch.setattr(products, "MIN_PRODUCTS", 8 * 8 * 9)
    assert products._pays(A, B)
    monkeypatch.setattr(products, "MIN_PRODUCTS", 8 * 8 * 9 + 1)
    assert not products._pays(A, B)


def test_gradients():
    rng = np.random.default_rng(0)
    x, w, b = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    tg.check_gradients(tg.linear, x, w, b)
    tg.check_gradients(lambda x, w: x @ w, x, w)


@pytest.mark.parametrize("wrong", [
    lambda a, b, total=None, out=None: (a @ b + (0 if total is None else total)) * 1.001,
    lambda a, b, total=None, out=None: np.matmul(a, b)])  # forgets the total
def test_a_wrong_product_is_seen(products, wrong, monkeypatch):
    monkeypatch.setattr(products, "multiply", wrong)
    with pytest.raises(AssertionError):
        agree(products, (3, 4, 5), (), "float64", add=True)
