"""On a real GPU: `pytest -m gpu`. The same checks run everywhere on the foreign array that stands for CuPy."""
import kernel_cases
import numpy as np
import pytest
from helpers import CASES, call, drawn
from networks import game

import tinygan as tg
from tinygan import kernels
from tinygan.cli import main
from tinygan.ops import OPS

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module", autouse=True)
def cupy():
    """CuPy with a device."""
    module = pytest.importorskip("cupy")
    if not module.is_available():
        pytest.skip("CuPy finds no GPU")
    return module


def gradients(name, case, arrays, xp):
    """Value, first and second derivatives of an operation along fixed directions, on the host."""
    xs = [tg.Tensor(xp.asarray(a), requires_grad=True) for a in arrays]
    y = call(name, case, xs, xp)
    u = xp.asarray(np.random.default_rng(2).standard_normal(y.shape))
    first = tg.grad((y * u).sum(), xs, create_graph=True, allow_unused=True)
    slope = sum(((g * g).sum() for g in first if g is not None), (y * u * 0).sum())
    second = tg.grad(slope, xs, allow_unused=True)
    return [t.numpy() for t in (y, *first, *second) if t is not None]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_operations_agree_with_numpy(name, i, cupy):
    case = OPS[name].cases[i]
    arrays = drawn(case)
    for expected, got in zip(gradients(name, case, arrays, np), gradients(name, case, arrays, cupy), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


TOLERANCE = {"float32": {"rtol": 3e-5, "atol": 3e-6}, "float64": {"rtol": 1e-12, "atol": 1e-13}}


@pytest.mark.parametrize("kernel", kernel_cases.CALLS, ids=kernel_cases.IDS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_kernels_agree_with_their_bodies(kernel, dtype, cupy):
    function, args = kernel_cases.drawn(kernel, dtype)
    expected = kernel_cases.results(function, args)
    for a, b in zip(kernel_cases.results(function, args, cupy, cupy.asnumpy), expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, **TOLERANCE[dtype])


@pytest.mark.parametrize("sums", [kernels.column_sums, kernels.moments])
def test_large_sums_are_right_and_the_same_each_time(sums, cupy):
    x = np.random.default_rng(0).standard_normal((100_000, 67)).astype(np.float32) + 3
    first, second = (sums(cupy.asarray(x)).get() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, sums(x.astype(np.float64)), rtol=1e-5)


@pytest.mark.parametrize("kind", ["dense", "images"])
@pytest.mark.parametrize("r1", [0.0, 1.0])
def test_a_hundred_steps_agree_with_the_cpu(kind, r1):
    host, device = game(kind, r1=r1), game(kind, r1=r1)
    for network in (device.generator, device.discriminator):
        network.to("gpu")
    for played in (host, device):
        tg.game.train(played, 100, record_every=20)
    for a, b in ((host.generator, device.generator), (host.discriminator, device.discriminator)):
        np.testing.assert_allclose(b.theta.get(), a.theta, rtol=1e-7, atol=1e-9)


def test_the_command_line_trains_on_the_gpu(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for recipe in ("ring", "digits", "conditional"):
        assert main(["train", recipe, "--steps", "20", "--batch", "8", "--device", "gpu", "--out", recipe]) == 0
        assert main(["sample", recipe, "-n", "4", "-o", f"{recipe}.npy"]) == 0
        assert np.isfinite(np.load(tmp_path / f"{recipe}.npy")).all()
