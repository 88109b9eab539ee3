"""The CUDA forms: one launch each; many arrays in few launches; other precisions run the body."""
import warnings

import foreign
import form_cases
import numpy as np
import pytest
from form_cases import CALLS, moved

from tinygan import updates
from tinygan.backend import accelerated
from tinygan.backend.accelerated import FORMS, PLAIN, run
from tinygan.ops import elementwise

if accelerated.ALWAYS_PLAIN:
    pytest.skip("TINYGAN_PLAIN=1 turns the kernels off", allow_module_level=True)


@pytest.mark.parametrize("kernel", sorted({name for name, *_ in CALLS}))
def test_one_launch(kernel, monkeypatch):
    """A call launches its kernel once and nothing else; on empty arrays it may launch nothing."""
    played, real = [], foreign.kernels[f"tinygan_{kernel}"]
    monkeypatch.setitem(foreign.kernels, f"tinygan_{kernel}", lambda *a: (played.append(1), real(*a))[1])
    for name, function, _, make in CALLS:
        if name == kernel:
            args = form_cases.drawn(make, "float32")
            played.clear()
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


def failing(error, monkeypatch):
    def fail(*args):
        raise error
    for kernel in foreign.kernels:
        monkeypatch.setitem(foreign.kernels, kernel, fail)


@pytest.mark.parametrize(("error", "message"), [
    (foreign.cuda.compiler.CompileException("a note\nline 2: error: no such thing\nline 3"),
     "CompileException: line 2: error: no such thing"),
    (foreign.cuda.driver.CUDADriverError(209), "CUDADriverError: CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is "
                                               "available for execution on the device"),
    (foreign.cuda.driver.CUDADriverError(701), "CUDADriverError: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many "
                                               "resources requested for launch")], ids=["compile", "load", "launch"])
@pytest.mark.parametrize("name", ["updates.adam_step", "ops.normalise._moments", "ops.elementwise._sigmoid"])
def test_a_kernel_that_fails_leaves_its_work_to_the_body(name, error, message, monkeypatch):
    """It warns once, names the kernel, and changes nothing before."""
    failing(error, monkeypatch)
    before = list(FORMS[name])
    try:
        for again in range(2):
            args = form_cases.drawn(form_cases.CASES[name][0], "float64")
            expected = form_cases.results(PLAIN[name], moved(args, np))
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                got = form_cases.results(lambda *there: run(name, *there), moved(args, foreign), foreign.to_host)
            form_cases.assert_close(name, got, expected, "float64")
            kernel = name.rpartition(".")[2].strip("_").removesuffix("_step")
            assert [str(w.message) for w in caught] == [] if again else [
                f"tinygan.{name} is slower from now on, as it runs without one of its fast forms: "
                f"the kernel tinygan_{kernel} fails with {message}"]
    finally:
        FORMS[name][:] = before


@pytest.mark.parametrize("status", [2, 700, 719, 900])
def test_a_fault_of_the_device_is_none_of_the_kernel(status, monkeypatch):
    """A lack of memory, a fault of an earlier kernel or a capture: no form goes out of use."""
    failing(foreign.cuda.driver.CUDADriverError(status), monkeypatch)
    before = list(FORMS["updates.adam_step"])
    args = form_cases.drawn(form_cases.CASES["updates.adam_step"][0], "float64")
    with pytest.raises(foreign.cuda.driver.CUDADriverError) as raised:
        run("updates.adam_step", *moved(args, foreign))
    assert raised.value.status == status
    assert FORMS["updates.adam_step"] == before
