"""Matrix products by nvmath-python's cuBLAS, played on the memory of foreign arrays."""
import json
import subprocess
import sys
from pathlib import Path

import foreign
import numpy as np
import pytest
from foreign_calls import NVMATH
from helpers import host
from hypothesis import given
from hypothesis import strategies as st

import tinygan as tg
from tinygan.backend import cublas
from tinygan.backend.accelerated import using_form
from tinygan.ops.linear import product

pytestmark = [pytest.mark.usefixtures("nvmath"), pytest.mark.fast_forms]


# --- the products ---

sides = st.integers(0, 4)


@given(sides, sides, sides, st.sampled_from(["matrix", "transposed", "rows", "columns"]),
       st.sampled_from(["matrix", "transposed", "rows", "columns"]), st.sampled_from([np.float32, np.float64]))
def test_products_of_matrices(n, m, k, first, second, dtype):
    def drawn(shape, kind):
        whole = np.random.default_rng(0).standard_normal((9, 9)).astype(dtype)
        if kind == "transposed":
            return whole[:shape[1], :shape[0]].copy().T
        return whole[:shape[0], :shape[1]] if kind == "rows" else whole[:2 * shape[0]:2, :2 * shape[1]:2] \
            if kind == "columns" else whole[:shape[0], :shape[1]].copy()
    check_product(drawn((n, m), first), drawn((m, k), second))


@pytest.mark.parametrize("shapes", [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)),
                                    ((2, 1, 2, 3), (2, 4, 3, 2)), ((3, 2, 0), (3, 0, 2))], ids=str)
@pytest.mark.parametrize("flipped", [False, True])
def test_products_of_stacks(shapes, flipped):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape) for shape in shapes)
    if flipped:
        a, b = (np.ascontiguousarray(x.swapaxes(-1, -2)).swapaxes(-1, -2) for x in (a, b))
    check_product(a, b)


def check_product(a, b):
    called = []
    products = cublas.products(foreign)
    real = products._multiply
    products._multiply = lambda *args: (called.append(1), real(*args))
    try:
        x, y = (on_layout(array) for array in (a, b))
        with using_form("ops.linear.product", lambda a, b: True, products):
            got = product(x, y)
    finally:
        del products._multiply
    np.testing.assert_allclose(host(got), a @ b, rtol=1e-6 if a.dtype == np.float32 else 1e-13, atol=1e-6)
    assert got.dtype == a.dtype
    assert len(called) == (a.size > 0 < b.size)


def on_layout(array):
    """A foreign array with the strides of a NumPy one."""
    root = array
    while root.base is not None:
        root = root.base
    moved = foreign.asarray(root)
    offset = (array.__array_interface__["data"][0] - root.__array_interface__["data"][0]) // array.itemsize
    return foreign.lib.stride_tricks.as_strided(moved.reshape(-1)[offset:], array.shape, array.strides) \
        if array.size else foreign.asarray(array)


@pytest.mark.parametrize("shapes", [((3,), (3, 4)), ((2, 3), (3,)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,))], ids=str)
def test_products_of_vectors(shapes):
    check_product(*(np.random.default_rng(0).standard_normal(shape) for shape in shapes))


def test_other_products_are_the_arrays_own():
    products = cublas.products(foreign)
    x = foreign.asarray(np.arange(6.0).reshape(2, 3))
    for a, b in ((x[0], x[1]), (x.astype(np.int64), x.T.astype(np.int64)), (x.astype(np.float32), x.T)):
        np.testing.assert_array_equal(host(products(a, b)), host(a) @ host(b))
    with pytest.raises(ValueError):
        products(x, x)
    t = tg.Tensor(x)
    assert isinstance(products(t, t.T), tg.Tensor)


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_a_library_whose_products_are_wrong_is_refused(dtype, monkeypatch):
    right = cublas.Products._multiply

    def wrong(self, a, b, out, count=0):
        right(self, a, b, out, count)
        out[...] += out.dtype.char == dtype
    monkeypatch.setattr(cublas.Products, "_multiply", wrong)
    with pytest.raises(RuntimeError, match=f"^a product of dtype '{dtype}' is wrong$"):
        cublas.products(foreign)


# --- the names ---

def test_the_record_of_nvmath_is_not_stale():
    script = Path(foreign.__file__).with_name("dump_nvmath_names.py")
    if subprocess.run([sys.executable, "-c", "import nvmath"], capture_output=True).returncode:  # a stand-in
        pytest.skip("nvmath-python is not installed")
    done = subprocess.run([sys.executable, script, "--print"], capture_output=True, text=True, check=True)
    installed = json.loads(done.stdout)
    for name in ("signatures", "CudaDataType"):
        assert installed[name] == NVMATH[name]


def test_a_transposed_matrix_is_read_where_it_lies():
    x = foreign.asarray(np.ones((4, 3)))
    products = cublas.products(foreign)
    assert products._stored(x.T)[0].data.ptr == products._stored(x)[0].data.ptr == x.data.ptr
