"""The strict foreign array is strict: every rule of CuPy that it enforces fails here if it is dropped."""

import contextlib
import copy
import inspect
import json
import math
import operator
import pickle
import re
import subprocess
import sys
import weakref
from pathlib import Path

import foreign
import numpy as np
import pytest

SUPPORT = Path(foreign.__file__).parent
RECORD = json.loads((SUPPORT / "cupy_names.json").read_text())


@pytest.fixture
def a():
    return foreign.asarray(np.arange(6, dtype=np.float32).reshape(2, 3))


def check(array, expected):
    assert type(array) is foreign.ndarray
    assert array.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(array.get(), expected)


# --- identity ---

def test_it_is_a_module_of_its_own(a):
    assert not isinstance(a, np.ndarray)
    assert sys.modules[type(a).__module__.partition(".")[0]] is foreign
    assert foreign.get_array_module(1, a) is foreign
    assert foreign.get_array_module(np.ones(2)) is np


def test_names_are_cupys():
    assert int(RECORD["version"].partition(".")[0]) >= 14
    own = {"BACKENDS", "IDS", "ForeignArray", "calls", "counting", "kernels", "launched", "launches", "register",
           "signature", "synchronisations", "to_backend", "to_host"}
    assert own <= set(dir(foreign))
    assert set(dir(foreign)) - own <= set(RECORD["cupy"])
    assert set(dir(foreign.linalg)) <= set(RECORD["cupy.linalg"])
    assert set(dir(foreign.random)) <= set(RECORD["cupy.random"])
    assert set(dir(foreign.cuda)) <= set(RECORD["cupy.cuda"])
    assert set(dir(foreign.cuda.runtime)) <= set(RECORD["cupy.cuda.runtime"])
    public = {name for name in dir(foreign.ndarray) if not name.startswith("_")}
    assert public <= set(RECORD["cupy.ndarray"])
    python = {"__module__", "__slots__", "__static_attributes__", "__firstlineno__"}  # of any class
    operators = {name for name in vars(foreign.ndarray) if name.startswith("__")} - python
    assert operators <= set(RECORD["cupy.ndarray"])
    for name in dir(foreign):
        getattr(foreign, name)


@pytest.mark.parametrize("name", ["permute", "vecdot", "block", "np", "json", "unstack", "errstate"])
def test_other_names_do_not_exist(name):
    with pytest.raises(AttributeError, match=f"module 'foreign' has no attribute '{name}'"):
        getattr(foreign, name)
    assert not hasattr(foreign, name)


def test_other_attributes_do_not_exist(a):
    for name in ("ctypes", "itemset", "setflags", "resize", "__index__", "__contains__", "__round__", "__imatmul__"):
        assert not hasattr(a, name)
    with pytest.raises(AttributeError):
        a.label = "x"
    with pytest.raises(TypeError):
        hash(a)
    with pytest.raises(TypeError):
        weakref.ref(a)
    with pytest.raises(AttributeError):
        a.flags.writeable = False


def test_names_not_played_say_so():
    with pytest.raises(NotImplementedError, match=r"CuPy has cupy.poly1d"):
        _ = foreign.poly1d


def test_the_record_is_not_stale():
    cupy = pytest.importorskip("cupy", exc_type=ImportError)
    if cupy.__version__ != RECORD["version"]:
        pytest.skip(f"the record is of CuPy {RECORD['version']}, installed is {cupy.__version__}")
    script = SUPPORT / "dump_cupy_names.py"  # in a fresh process: CuPy loads some names lazily
    done = subprocess.run([sys.executable, script, "--print"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == RECORD


# --- conversion and mixing ---

@pytest.mark.parametrize("convert", [
    np.asarray, np.array, lambda a: np.array([a, a]), lambda a: np.zeros((2, 3)).__iadd__(a),
    lambda a: np.zeros((2, 3)).__setitem__(..., a), np.ascontiguousarray, lambda a: np.float32(a[0, 0]),
])
def test_no_implicit_conversion(a, convert):
    with pytest.raises(TypeError, match=r"Implicit conversion to a NumPy array|Unsupported type"):
        convert(a)


MIXED = r"Unsupported type <class 'numpy.ndarray'>"


@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
                                operator.matmul, operator.lt, operator.eq])
def test_operators_do_not_mix(a, op):
    host = np.ones((3, 3), np.float32)
    with pytest.raises(TypeError, match=MIXED):
        op(a[:1], host)
    with pytest.raises(TypeError, match=MIXED):
        op(host, a.T)


@pytest.mark.parametrize("call", [
    lambda a, h: foreign.add(a, h), lambda a, h: np.add(a, h), lambda a, h: foreign.where(a > 0, a, h),
    lambda a, h: foreign.sum(h), lambda a, h: foreign.concatenate([a, h]), lambda a, h: np.concatenate([a, h]),
    lambda a, h: foreign.einsum("ij,ij", a, h), lambda a, h: a.dot(h.T), lambda a, h: foreign.exp(h),
    lambda a, h: foreign.exp(a, out=h), lambda a, h: operator.iadd(a, h), lambda a, h: foreign.clip(a, h, None),
])
def test_functions_do_not_mix(a, call):
    with pytest.raises(TypeError, match=MIXED):
        call(a, np.ones((2, 3), np.float32))


def test_lists_are_no_operands(a):
    for call in (lambda: operator.add(a, [1, 2, 3]), lambda: operator.add([1, 2, 3], a), lambda: foreign.sum([1, 2]),
                 lambda: foreign.concatenate([a, [1]]), lambda: foreign.where(True, a, a), lambda: foreign.tanh("x"),
                 lambda: foreign.add(a, [1, 2, 3])):
        with pytest.raises(TypeError):
            call()


def test_numpy_functions_dispatch(a):
    check(np.exp(a), np.exp(a.get()))
    check(np.sum(a, axis=0), a.get().sum(0))
    check(np.linalg.norm(a), np.linalg.norm(a.get()))
    check(np.add.reduce(a), a.get().sum(0))
    check(np.matmul(a, a.T), a.get() @ a.get().T)
    with pytest.raises(TypeError):
        np.vecdot(a, a)
    with pytest.raises(TypeError):
        np.block([a])


def test_scalars_mix_by_nep_50(a):
    host = a.get()
    for scalar in (2, 2.0, True, np.float32(2), np.float64(2), np.int64(2)):
        check(a * scalar, host * scalar)
        check(scalar * a, scalar * host)
        check(scalar - a, scalar - host)
    assert (a * 2.0).dtype == np.float32
    assert (a * np.float64(2)).dtype == np.float64


def test_operators_defer():
    class Tensor:
        __array_ufunc__ = None
        __add__ = __radd__ = __rmatmul__ = __eq__ = lambda self, other: "tensor"
        __hash__ = None

    class Sparse:
        __array_priority__ = 101
        __radd__ = lambda self, other: "sparse"

    class Plain:
        __radd__ = lambda self, other: "plain"

    class Other:
        __array_ufunc__ = lambda self, *args: "other"

    a = foreign.ones(3)
    assert a + Other() == "other"
    assert a + Tensor() == Tensor() + a == a @ Tensor() == (a == Tensor()) == "tensor"
    assert a + Sparse() == "sparse"
    with pytest.raises(TypeError):
        a + Plain()
    with pytest.raises(TypeError, match="Unsupported type"):
        a += Tensor()
    check(a == None, [False] * 3)  # noqa: E711


def test_unsupported_dtypes():
    for bad in (["a"], [None], np.array(["2020"], "M8[D]"), np.ones(2, "longdouble")):
        with pytest.raises(TypeError):
            foreign.asarray(bad)
    with pytest.raises(TypeError):
        foreign.zeros(2, dtype=object)
    for wrong in (lambda: foreign.empty(2, ">f4"), lambda: foreign.ones(2).view(">f8"),
                  lambda: foreign.ones(2).astype(">f8")):
        with pytest.raises(ValueError, match="big-endian byte-order"):
            wrong()
    check(foreign.asarray(np.arange(3, dtype=">f4")), np.arange(3, dtype=np.float32))
    for good in "?bhilqBHILQefdFD":
        assert foreign.ones(2, dtype=good).astype(good).dtype == np.dtype(good)


ALLOWED = [lambda a: foreign.concatenate([a, a], 0, dtype="f8"), lambda a: a.sum(0, keepdims=True),
           lambda a: foreign.add(a, a, dtype="f8"), lambda a: a.reshape(3, 2, order="C"),
           lambda a: foreign.RawKernel("source", "name", ("-O3",))]
REFUSED = [lambda a: foreign.sum(a, where=a > 0), lambda a: a.sum(initial=1), lambda a: foreign.exp(a, where=a > 0),
           lambda a: foreign.lib.stride_tricks.as_strided(a, (2,), (4,), writeable=False), lambda a: a.item(0),
           lambda a: foreign.lib.stride_tricks.as_strided(a, (2,), (4,), False), lambda a: foreign.add(x1=a, x2=a),
           lambda a: foreign.concatenate([a, a], 0, None, "f8"), lambda a: foreign.concatenate(axis=0),
           lambda a: foreign.full((2,)), lambda a: a.take(), lambda a: foreign.ElementwiseKernel("T x", "T y"),
           lambda a: foreign.RawKernel("source", "name", (), "nvrtc", False, True),
           lambda a: foreign.RawKernel("source", name="name", defines=())]


@pytest.mark.parametrize("call", range(len(ALLOWED)))
def test_cupys_arguments(a, call):
    ALLOWED[call](a)


@pytest.mark.parametrize("call", range(len(REFUSED)))
def test_arguments_are_cupys(a, call):
    for _ in range(2):  # the form of a call that was refused is not remembered
        with pytest.raises(TypeError, match=r"unexpected keyword|Wrong arguments|positional argument|"
                                            r"missing a required|passed as keyword"):
            REFUSED[call](a)


def test_the_forms_of_calls_are_kept(a):
    foreign.calls.pop("cupy.broadcast_to", None)
    foreign.broadcast_to(a, (4, 2, 3)), foreign.broadcast_to(a, shape=(2, 3)), foreign.broadcast_to(a, (5, 2, 3))
    assert foreign.calls["cupy.broadcast_to"] == {(2,), (1, "shape")}


@pytest.mark.parametrize(("name", "call", "form"), [
    ("asnumpy", lambda a: foreign.asnumpy(a, order="C"), (1, "order")),
    ("get_array_module", lambda a: foreign.get_array_module(a, 1), (2,)),
    ("get_default_memory_pool", lambda a: foreign.get_default_memory_pool(), (0,)),
    ("is_available", lambda a: foreign.is_available(), (0,)),
    ("memoize", lambda a: foreign.memoize(for_each_device=True), (0, "for_each_device")),
    ("ndarray.set", lambda a: a.set(arr=np.ones((2, 3), np.float32)), (0, "arr")),
    ("ndarray.take", lambda a: a.take([0], axis=1), (1, "axis")),
    ("random.default_rng", lambda a: foreign.random.default_rng(seed=3), (0, "seed")),
])
def test_the_forms_of_calls_without_numpy_are_kept(a, name, call, form):
    foreign.calls.pop(f"cupy.{name}", None)
    call(a)
    assert foreign.calls[f"cupy.{name}"] == {form}


def test_ufunc_methods(a):
    with pytest.raises(NotImplementedError, match=r"`cupy_maximum.reduce` is not supported yet"):
        foreign.maximum.reduce(a)
    with pytest.raises(NotImplementedError):
        foreign.multiply.at(a, 0, 2)
    with pytest.raises(TypeError, match="only supports"):
        foreign.add.at(foreign.zeros(3, dtype=np.int64), [0, 0], 1)
    sums = foreign.zeros(3)
    foreign.add.at(sums, foreign.array([0, 0, 5]), 1.0)
    check(sums, [2.0, 0.0, 1.0])


# --- values, views, indices ---

def test_reductions_and_elements_are_arrays(a):
    for zero in (a.sum(), a.mean(), foreign.max(a), a[0, 1], a[1][2], foreign.vdot(a, a), a.argmax(), foreign.exp(1.0),
                 foreign.allclose(a, a), foreign.array_equal(a, a), foreign.count_nonzero(a), foreign.linalg.norm(a)):
        assert type(zero) is foreign.ndarray
        assert zero.shape == ()


def test_host_reads(a):
    one = a[0, 1]
    assert (float(one), int(one), bool(one), one.item(), complex(one)) == (1.0, 1, True, 1.0, 1 + 0j)
    assert math.sqrt(one) == 1
    assert f"{one:.2f}" == "1.00"
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert isinstance(foreign.asnumpy(a), np.ndarray)
    assert not np.shares_memory(a.get(), a.get())
    with pytest.raises(ValueError, match="size 1"):
        a.item()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(a)
    with pytest.raises(TypeError):
        range(foreign.array(3))


def test_views_share_memory_and_know_their_owner(a):
    owner = foreign.zeros((4, 3))
    assert owner.base is None
    assert owner.flags.owndata
    for view in (owner[1:], owner[0, 0], owner.T, owner.reshape(3, 4), owner.ravel(), owner[1:].T[0], owner[None],
                 owner.swapaxes(0, 1), foreign.broadcast_to(owner, (2, 4, 3)), owner.view(),
                 foreign.lib.stride_tricks.as_strided(owner, (2, 2), (8, 8)), foreign.split(owner, 2)[1],
                 foreign.lib.stride_tricks.sliding_window_view(owner, (2, 2))):
        assert view.base is owner
        assert not view.flags.owndata
    for new in (owner.copy(), owner.astype(np.float32), owner[[0, 1]], owner.T.ravel(), owner + 0, owner[owner > 0],
                foreign.array(owner), copy.deepcopy(owner), pickle.loads(pickle.dumps(owner))):
        assert new.base is None
    assert foreign.asarray(owner) is owner
    assert owner.astype(float, copy=False) is owner
    owner[1:].T[0, 0] = 7
    assert owner[1, 0].item() == 7
    assert owner[1:].data.ptr == owner.data.ptr + owner.strides[0]
    assert (a.nbytes, a.itemsize, a.size, a.ndim, a.shape, a.strides) == (24, 4, 6, 2, (2, 3), (12, 4))
    assert a.T.flags.f_contiguous
    assert not a.T.flags.c_contiguous
    assert a.device.id == 0


def test_the_host_array_is_copied():
    host = np.zeros(3)
    array = foreign.asarray(host)
    host[:] = 1
    check(array, np.zeros(3))
    check(foreign.asarray([host, host]), np.ones((2, 3)))


def test_in_place(a):
    same = a
    a += 1
    a *= foreign.full(3, 2, dtype=np.float32)
    assert a is same
    assert foreign.tanh(a, out=a) is a
    assert foreign.multiply(a, 0, out=a) is a
    a.fill(3)
    a[0] = 0
    a[a > 2] = foreign.array(5)
    check(a, np.float32([[0, 0, 0], [5, 5, 5]]))
    with pytest.raises(TypeError):
        foreign.ones(2, dtype=int).__iadd__(0.5)


def test_indices(a):
    host = a.get()
    check(a[foreign.array([1, 0])], host[[1, 0]])
    check(a[:, [0, 2]], host[:, [0, 2]])
    check(a[..., np.array([2, 0])], host[..., [2, 0]])
    check(a[a > 2], host[host > 2])
    check(a[foreign.array([True, False])], host[[True, False]])
    check(a[[]], host[[]])
    check(foreign.take_along_axis(a, foreign.array([[0], [1]]), 1), host[[0, 1], [0, 1]][:, None])
    assert len(list(a)) == len(a) == 2


def test_index_arrays_out_of_range_wrap(a):
    host = a.get()
    check(a[foreign.array([2, -3])], host[[0, 1]])
    check(a[:, [3, -4]], host[:, [0, 2]])
    check(a[None, ..., [4]], host[None, ..., [1]])
    check(a[[0, 3], [1, 5]], host[[0, 1], [1, 2]])
    check(a.take(foreign.array([4]), axis=1), host[:, [1]])
    a[[2]] = 9
    assert a[0].tolist() == [9, 9, 9]
    with pytest.raises(IndexError):
        a[2]


def test_assignment_takes_no_host_array(a):
    with pytest.raises(ValueError, match=r"non-scalar numpy.ndarray cannot be used for fill"):
        a[:] = np.zeros((2, 3))
    with pytest.raises(TypeError, match="Unsupported type"):
        a[0] = [1, 2, 3]


def test_no_floating_point_warnings():
    check(foreign.log(foreign.zeros(2)), [-np.inf, -np.inf])


# --- random numbers, kernels, counts ---

def test_random():
    rng = foreign.random.default_rng(0)
    drawn = rng.standard_normal((2, 3), dtype=np.float32)
    assert type(drawn) is foreign.ndarray
    assert drawn.dtype == np.float32
    assert foreign.random.normal(size=4, dtype=np.float32).dtype == np.float32
    for name in ("permutation", "shuffle", "choice", "normal", "spawn"):
        assert not hasattr(rng, name)
    with pytest.raises(AttributeError):
        _ = foreign.random.PCG64


def test_kernels_need_a_stand_in(a, monkeypatch):
    kernel = foreign.ElementwiseKernel("T x", "T y", "y = 2 * x", "twice")
    with pytest.raises(RuntimeError, match="twice"):
        kernel(a)
    monkeypatch.setitem(foreign.kernels, "twice", lambda x: 2 * x)
    with foreign.counting() as counts:
        check(kernel(a), 2 * a.get())
    assert counts.launches == 1
    with pytest.raises(TypeError, match=MIXED):
        kernel(np.ones(2))
    raw = foreign.RawKernel("...", "clear")
    monkeypatch.setitem(foreign.kernels, "clear", lambda grid, block, args: args[0].fill(0))
    raw((1,), (6,), (a, 6))
    check(a, np.zeros((2, 3), np.float32))


def test_fuse(a):
    @foreign.fuse(kernel_name="leak")
    def leak(x, slope):
        return foreign.where(x > 0, x, slope * x)

    with foreign.counting() as counts:
        check(leak(-a, 0.5), -a.get() / 2)
    assert counts.launches == 2  # the negation and the fused function
    with pytest.raises(TypeError, match="no host synchronisation"):
        foreign.fuse(lambda x: x * float(x[0, 0]))(a)


def test_launches_are_counted(a):
    def count(call):
        with foreign.counting() as counts:
            call()
        return counts.launches, counts.synchronisations

    for call in (lambda: a[1:], lambda: a.T, lambda: a.reshape(-1), lambda: a.ravel(), lambda: a.shape, lambda: a[0, 0],
                 lambda: foreign.empty(3), lambda: foreign.asarray(a), lambda: foreign.expand_dims(a, 0)):
        assert count(call) == (0, 0)
    for call in (lambda: a + 1, lambda: a.sum(), lambda: a @ a.T, lambda: a.copy(), lambda: a.T.ravel(), lambda: -a,
                 lambda: a.fill(0), lambda: a.__setitem__(0, 1), lambda: a.__iadd__(1), lambda: foreign.zeros(2),
                 lambda: a[[0]], lambda: foreign.exp(a, out=a), lambda: foreign.stack([a, a]), lambda: np.exp(a)):
        assert count(call) == (1, 0)
    for call in (a.get, lambda: float(a[0, 0]), a[0, 0].item, lambda: bool(a[0, 0]), a.tolist, lambda: repr(a),
                 lambda: foreign.asnumpy(a), foreign.cuda.Stream.null.synchronize):
        assert count(call) == (0, 1)
    for call in (lambda: a[a > 0], lambda: foreign.nonzero(a), lambda: foreign.where(a)):
        assert count(call)[1] == 1
    before = foreign.launches, foreign.synchronisations
    (a + 1).get()
    assert (foreign.launches, foreign.synchronisations) == (before[0] + 1, before[1] + 1)


# --- the capture of a stream ---

@contextlib.contextmanager
def capturing():
    """A captured stream, its pool, and a list that gets the graph."""
    stream, pool, graphs = foreign.cuda.Stream(non_blocking=True), foreign.cuda.MemoryPool(), []
    with stream, foreign.cuda.using_allocator(pool.malloc):
        stream.begin_capture()
        try:
            yield stream, pool, graphs
        finally:
            graphs.append(stream.end_capture())


def test_a_graph_computes_when_it_is_launched(a):
    total = foreign.zeros(3, dtype=np.float32)
    with foreign.counting() as counts, capturing() as (stream, _, graphs):
        assert stream.is_capturing()
        assert foreign.cuda.get_current_stream() is stream
        b = foreign.tanh(a)[1]
        b *= 2
        total += b
        total[0] = 5
    assert not stream.is_capturing()
    before = counts.launches
    check(total, np.zeros(3, np.float32))  # nothing was computed
    assert np.isnan(b.get()).all()
    expected = 2 * np.tanh(a.get()[1])
    for i in range(1, 4):
        with foreign.counting() as counts:
            graphs[0].launch()
        assert counts.launches == 1 < before
        check(total[1:], i * expected[1:]) if i == 1 else np.testing.assert_allclose(total.get()[1:], i * expected[1:])
        assert total[0].item() == 5
    a *= 0  # another input in the same place
    graphs[0].launch()
    np.testing.assert_allclose(total.get()[1:], 3 * expected[1:])


def test_a_graph_keeps_numbers_and_places(a):
    """A replay keeps the numbers and the arrays of the capture, even if their names now stand for others."""
    factor, shift = 2.0, foreign.ones(3, dtype=np.float32)
    with capturing() as (_, _, graphs):
        a[0] = a[1] * factor + shift
    factor, shift = 3.0, 7 * shift
    graphs[0].launch()
    check(a[0], 2 * np.float32([3, 4, 5]) + 1)


def test_index_arrays_are_read_by_the_graph(a):
    index, out = foreign.array([0, 0]), foreign.zeros((2, 3), dtype=np.float32)
    with capturing() as (_, _, graphs):
        out[...] = a[index]
        foreign.add.at(out, index, 1)
    index[...] = foreign.array([1, 0])
    graphs[0].launch()
    check(out, a.get()[[1, 0]] + 1)


@pytest.mark.parametrize("call", [
    lambda a: a.get(), lambda a: float(a[0, 0]), lambda a: bool(a[0, 0]), lambda a: a[a > 0], lambda a: repr(a),
    lambda a: foreign.asarray(np.ones(3)), lambda a: foreign.array([1, 2]), lambda a: a.set(np.zeros((2, 3), 'f')),
    lambda a: a[[0, 1]], lambda a: a[np.array([0])], lambda a: foreign.concatenate([a] * 9), lambda a: foreign.where(a),
])
def test_what_cannot_be_captured(a, call):
    with pytest.raises(RuntimeError, match="the current stream is capturing, so"), capturing():
        call(a)
    call(a)


def test_cublas_cannot_be_captured(a):
    for call in (lambda: a @ a.T, lambda: foreign.matmul(a, a.T), lambda: foreign.dot(a, a[0]), lambda: a.dot(a.T),
                 lambda: foreign.tensordot(a, a, 2), lambda: np.einsum("ij,kj", a, a)):
        with pytest.raises(NotImplementedError, match="calling cuBLAS API during stream capture"), capturing():
            call()
    with capturing():
        a[0] @ a[1]  # a product and a sum


def test_a_capture_has_rules(a):
    with pytest.raises(RuntimeError, match="cannot capture on the default"):
        foreign.cuda.Stream.null.begin_capture()
    with pytest.raises(RuntimeError, match="Implicit"):
        foreign.cuda.Stream().begin_capture()
    with pytest.raises(RuntimeError, match="IllegalState"):
        foreign.cuda.Stream(non_blocking=True).end_capture()
    with (pytest.raises(RuntimeError, match="Invalidated"), capturing() as (stream, _, _),
          pytest.raises(RuntimeError, match="Unsupported")):
        stream.synchronize()
    with foreign.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        with pytest.raises(RuntimeError, match="common pool"):
            a + 1
    with capturing() as (_, pool, graphs):
        a + 1
    graphs[0].launch()
    del pool
    with pytest.raises(RuntimeError, match="freed"):
        graphs[0].launch()


def test_other_streams_go_on(a):
    with capturing(), foreign.cuda.Stream.null:
        a += 1
        assert a[0, 0].item() == 1
    assert a[0, 0].item() == 1


@pytest.mark.parametrize("name", ["Stream", "Graph", "MemoryPool", "Event", "Device"])
def test_the_classes_of_cuda_are_cupys(name):
    played = getattr(foreign.cuda, name)
    for method in {method for method in dir(played) if not method.startswith("_")}:
        assert method in RECORD[f"cupy.cuda.{name}"]
        if f"cupy.cuda.{name}.{method}" in RECORD["signatures"]:
            parameters = list(inspect.signature(getattr(played, method)).parameters)
            assert parameters[1:] == re.findall(r"\w+", RECORD["signatures"][f"cupy.cuda.{name}.{method}"])


def test_a_graph_is_made_by_a_capture():
    with pytest.raises(NotImplementedError, match="must be created via stream capture"):
        foreign.cuda.Graph()


# --- the rest of cupy.cuda, and cuBLAS ---

cuda, COMMON = foreign.cuda, foreign.get_default_memory_pool()


def a_stream():
    return cuda.Stream(non_blocking=True)


def a_graph():
    with capturing() as (_, _, graphs):
        pass
    return graphs[0]


def an_event():
    event = cuda.Event()
    event.record()
    return event


CUDA = [  # path in cupy.cuda, a call, its form, a call that CuPy refuses
    ("Stream", a_stream, (0, "non_blocking"), lambda: cuda.Stream(blocking=False)),
    ("Stream.begin_capture", lambda: a_stream().begin_capture(mode=None), (0, "mode"),
     lambda: a_stream().begin_capture(pool=None)),
    ("Stream.end_capture", a_graph, (0,), lambda: a_stream().end_capture(None)),
    ("Stream.synchronize", lambda: a_stream().synchronize(), (0,), lambda: a_stream().synchronize(timeout=1)),
    ("Stream.is_capturing", lambda: a_stream().is_capturing(), (0,), lambda: a_stream().is_capturing(1)),
    ("Graph.launch", lambda: a_graph().launch(None), (1,), lambda: a_graph().launch(streams=None)),
    ("Graph.upload", lambda: a_graph().upload(stream=None), (0, "stream"), lambda: a_graph().upload(None, 1)),
    ("MemoryPool", lambda: cuda.MemoryPool(allocator=None), (0, "allocator"), lambda: cuda.MemoryPool(size=1)),
    ("MemoryPool.free_all_blocks", lambda: COMMON.free_all_blocks(), (0,), lambda: COMMON.free_all_blocks(device=0)),
    ("using_allocator", lambda: cuda.using_allocator(COMMON.malloc), (1,), lambda: cuda.using_allocator(pool=None)),
    ("get_current_stream", lambda: cuda.get_current_stream(device_id=0), (0, "device_id"),
     lambda: cuda.get_current_stream(device=0)),
    ("Event", lambda: cuda.Event(block=True), (0, "block"), lambda: cuda.Event(blocking=True)),
    ("Event.record", lambda: an_event().record(cuda.Stream.null), (1,), lambda: cuda.Event().record(1, 2)),
    ("Event.synchronize", lambda: an_event().synchronize(), (0,), lambda: cuda.Event().synchronize(1)),
    ("get_elapsed_time", lambda: cuda.get_elapsed_time(an_event(), end_event=an_event()), (1, "end_event"),
     lambda: cuda.get_elapsed_time(an_event())),
    ("Device", lambda: cuda.Device(0), (1,), lambda: cuda.Device(id=0)),
    ("Device.use", lambda: cuda.Device().use(), (0,), lambda: cuda.Device().use(0)),
    ("Device.synchronize", lambda: cuda.Device().synchronize(), (0,), lambda: cuda.Device().synchronize(True)),
    ("runtime.getDeviceCount", lambda: cuda.runtime.getDeviceCount(), (0,), lambda: cuda.runtime.getDeviceCount(0)),
    ("runtime.memGetInfo", lambda: cuda.runtime.memGetInfo(), (0,), lambda: cuda.runtime.memGetInfo(device=0)),
]


@pytest.mark.parametrize(("name", "call", "form", "refused"), CUDA, ids=[name for name, *_ in CUDA])
def test_calls_of_cuda_are_bound_and_kept(name, call, form, refused):
    path = f"cupy.cuda.{name}"
    foreign.calls.pop(path, None)
    call()
    assert form in foreign.calls[path]
    before = set(foreign.calls[path])
    with pytest.raises(TypeError, match=re.escape(f"{path}(): ")):
        refused()
    assert foreign.calls[path] <= before | {(0,)}  # of the object


def test_foreigns_own_calls_are_not_kept(a):
    foreign.calls.clear()
    a.data, a.device, a.get(), a + 1
    assert foreign.calls == {"cupy.add": {(2,)}, "cupy.ndarray.get": {(0,)}}


def test_calls_of_cublas_are_bound_and_kept(nvmath):
    from nvmath.bindings import cublas
    handle, path = cublas.create(), "nvmath.bindings.cublas.set_stream"
    foreign.calls.pop(path, None)
    cublas.set_stream(handle, stream_id=0)
    assert foreign.calls[path] == {(1, "stream_id")}
    with pytest.raises(TypeError, match=re.escape(f"{path}(): ")):
        cublas.set_stream(handle, stream=0)


def test_signatures():
    assert foreign.signature("cupy.cuda.Stream") == "null=..., non_blocking=..., ptds=..., priority=..."
    assert foreign.signature("cupy.cuda.runtime.getDeviceCount") == ""
    assert foreign.signature("nvmath.bindings.cublas.set_stream") == "handle, stream_id"
    assert foreign.signature("cupy.divmod") is None
    foreign.calls.pop("cupy.divmod", None)
    foreign.divmod(foreign.ones(2), 2)
    assert foreign.calls["cupy.divmod"] == {(2,)}


def test_events_measure_time(a):
    start = an_event()
    end = an_event()
    assert 0 <= cuda.get_elapsed_time(start, end) == -cuda.get_elapsed_time(end, start) < 60_000
    with foreign.counting() as counts:
        end.synchronize()
    assert counts.synchronisations == 1
    untimed = cuda.Event(disable_timing=True)
    untimed.record()
    for bad in (cuda.Event(), untimed):
        with pytest.raises(cuda.runtime.CUDARuntimeError, match="cudaErrorInvalidResourceHandle"):
            cuda.get_elapsed_time(start, bad)
    with pytest.raises(ValueError, match="Timing must be disabled"):
        cuda.Event(interprocess=True)
    with capturing() as (stream, _, _):
        for call in (end.record, lambda: cuda.Event().record(stream)):
            with pytest.raises(NotImplementedError, match="captured stream"):
                call()
        end.record(cuda.Stream.null)


def test_there_is_one_device(a):
    assert cuda.runtime.getDeviceCount() == 1
    assert cuda.Device().use() == cuda.Device(0) == a.device == cuda.Device(cuda.Device(0)) != cuda.Device(1)
    with pytest.raises(cuda.runtime.CUDARuntimeError, match="cudaErrorInvalidDevice: invalid device ordinal"):
        cuda.Device(1).use()
    with cuda.Device(0) as device, foreign.counting() as counts:
        device.synchronize()
    assert counts.synchronisations == 1
    free, total = cuda.runtime.memGetInfo()
    assert 0 < free <= total
    assert foreign.get_default_memory_pool() is COMMON


def test_errors_of_cuda_have_numbers():
    for error, name in ((cuda.driver.CUDADriverError(700), "CUDA_ERROR_ILLEGAL_ADDRESS"),
                        (cuda.runtime.CUDARuntimeError(700), "cudaErrorIllegalAddress")):
        for same in (error, pickle.loads(pickle.dumps(error))):
            assert isinstance(same, RuntimeError)
            assert (str(same), same.status) == (f"{name}: an illegal memory access was encountered", 700)


# --- helpers ---

@pytest.mark.parametrize("xp", foreign.BACKENDS, ids=foreign.IDS)
def test_helpers(xp):
    host = np.arange(3.0)
    there = foreign.to_backend(xp, host)
    assert sys.modules[type(there).__module__.partition(".")[0]] is xp
    np.testing.assert_array_equal(foreign.to_host(there * 2), host * 2)


def test_register(monkeypatch):
    backend = type(sys)("tinygan.backend")
    backend.ARRAY_MODULES = {"numpy", "cupy"}
    package = type(sys)("tinygan")
    package.backend = backend
    monkeypatch.setitem(sys.modules, "tinygan", package)
    monkeypatch.setitem(sys.modules, "tinygan.backend", backend)
    foreign.register()
    assert {"numpy", "cupy", "foreign"} == backend.ARRAY_MODULES
