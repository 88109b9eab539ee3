"""On a real GPU: `pytest -m gpu`. The same checks run everywhere on the foreign array that stands for CuPy."""
import importlib
import time
import warnings

import form_cases
import numpy as np
import pytest
from helpers import CASES, call, drawn
from networks import game

import tinygan as tg
from tinygan.backend import cublas, cuda
from tinygan.backend.accelerated import FORMS, PLAIN, run, using_form
from tinygan.cli import main
from tinygan.game.cuda_graph import Replay
from tinygan.ops import OPS, normalise
from tinygan.ops.linear import product
from tinygan.updates import Adam, Average, Momentum, RMSProp
from tinygan.zoo import RECIPES

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


@pytest.mark.parametrize("kernel", form_cases.CALLS, ids=form_cases.IDS)
@pytest.mark.parametrize("dtype", form_cases.PRECISION)
def test_kernels_agree_with_the_plain_bodies(kernel, dtype, cupy):
    name, function, plain, make = kernel
    args = form_cases.drawn(make, dtype)
    expected = form_cases.results(plain, form_cases.moved(args, np))
    got = form_cases.results(function, form_cases.moved(args, cupy), cupy.asnumpy)
    form_cases.assert_close(name, got, expected, dtype)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("dtype", form_cases.PRECISION)
def test_every_accelerated_function_agrees_with_its_body(name, dtype, cupy):
    for seed, make in enumerate(form_cases.CASES[name]):
        args = form_cases.drawn(make, dtype, seed)
        expected = form_cases.results(PLAIN[name], form_cases.moved(args, np))
        got = form_cases.results(lambda *there: run(name, *there), form_cases.moved(args, cupy), cupy.asnumpy)
        form_cases.assert_close(name, got, expected, dtype)


@pytest.mark.parametrize(("sums", "plain"), [(cuda.column_sums, lambda x: x.sum(0)),
                                             (normalise._moments, PLAIN["ops.normalise._moments"])])
def test_large_sums_are_right_and_the_same_each_time(sums, plain, cupy):
    x = np.random.default_rng(0).standard_normal((100_000, 67)).astype(np.float32) + 3
    first, second = (sums(cupy.asarray(x)).get() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, plain(x.astype(np.float64)), rtol=1e-5)


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


# --- a step as a CUDA graph: needs nvmath-python too (the extra cuda-graph) ---

@pytest.fixture
def products(cupy):
    """cuBLAS by nvmath-python."""
    pytest.importorskip("nvmath")
    return cublas.products(cupy)


def on_gpu(played):
    played.generator.to("gpu"), played.discriminator.to("gpu")
    return played


@pytest.mark.parametrize("shapes", [((5, 3), (3, 4)), ((64, 784), (784, 512)), ((4, 1), (1, 6)), ((1, 7), (7, 1)),
                                    ((3136, 64), (64, 1024)), ((5, 2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 2))], ids=str)
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("first", [False, True], ids=["a", "a.T"])
@pytest.mark.parametrize("second", [False, True], ids=["b", "b.T"])
def test_products_agree_with_numpy(shapes, dtype, first, second, products, cupy):
    """float32 without TF32, which would be wrong in the fourth digit."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    x, y = (cupy.asarray(host.swapaxes(-1, -2).copy()).swapaxes(-1, -2) if flipped else cupy.asarray(host)
            for host, flipped in ((a, first), (b, second)))
    with using_form("ops.linear.product", lambda a, b: True, products):
        got = product(x, y).get()
    scale = np.abs(a) @ np.abs(b)
    assert (np.abs(got - a.astype(float) @ b.astype(float)) <= scale * (4e-6 if dtype == "float32" else 1e-14)).all()
    assert got.dtype == dtype


@pytest.mark.parametrize("kind", ["dense", "images"])
@pytest.mark.parametrize("options", [
    {"decay": True}, {"r1": 1.0}, {"k": 2}, {"simultaneous": True},
    {"optimiser_d": Momentum, "optimiser_g": RMSProp},
], ids=str)
def test_replayed_is_played(kind, options, products):
    """They agree up to rounding: the products of CuPy and of nvmath-python are two calls."""
    def make():
        settings = {"optimiser_d": Adam, "optimiser_g": Adam, **options}
        settings |= {name: settings[name]() for name in ("optimiser_d", "optimiser_g")}
        return on_gpu(game(kind, average=Average(0.9), **settings))
    plain, replayed, replay = make(), make(), Replay()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tg.game.train(plain, 50, record_every=10)
        tg.game.train(replayed, 50, record_every=10, stepper=replay)
    assert replay.recorded
    for a, b in ((plain.generator, replayed.generator), (plain.discriminator, replayed.discriminator)):
        np.testing.assert_allclose(b.theta.get(), a.theta.get(), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(replayed.average.theta.get(), plain.average.theta.get(), rtol=1e-7, atol=1e-9)
    for name, column in plain.history.items():
        np.testing.assert_allclose(replayed.history[name], column, rtol=1e-7, atol=1e-9)


def test_other_work_does_not_reach_the_memory_of_a_graph(products, cupy):
    """Between replays other arrays are allocated, written and freed; neither side changes the other."""
    plain, replayed = on_gpu(game("images")), on_gpu(game("images"))
    kept = []

    def work(_):
        kept.append((cupy.full((64, 1024), 7.0), cupy.full(100, 7.0)))
        kept[:-5] = []
    tg.game.train(plain, 30)
    tg.game.train(replayed, 30, [work], stepper=Replay())
    np.testing.assert_allclose(replayed.generator.theta.get(), plain.generator.theta.get(), rtol=1e-7, atol=1e-9)
    assert all((a == 7).all() for pair in kept for a in pair)


def test_what_cannot_be_recorded_is_played(products):
    played = on_gpu(game("dense"))

    class Peek(tg.nn.Module):
        def forward(self, x):
            x.data.sum().item()
            return x
    played.generator.layers.insert(1, Peek())
    with pytest.warns(UserWarning, match="no CUDA graph, steps are played launch by launch: RuntimeError: the current "
                                         "stream is capturing"):
        tg.game.train(played, 6, stepper=Replay())
    assert np.isfinite(played.generator.theta.get()).all()


@pytest.mark.parametrize("recipe", ["ring", "digits"])
def test_a_replayed_step_is_faster(recipe, products, cupy, record_property):
    """The command `pytest -m gpu -k faster -s` also prints the ratio."""
    times = {}
    for name, play in (("launch by launch", tg.game.step), ("replayed", Replay())):
        played = RECIPES[recipe].start(device="gpu")
        tg.game.train(played, 20, record_every=10_000, stepper=play)
        cupy.cuda.Device().synchronize()
        start = time.perf_counter()
        tg.game.train(played, 220, record_every=10_000, stepper=play)
        cupy.cuda.Device().synchronize()
        times[name] = (time.perf_counter() - start) / 200
    ratio = times["replayed"] / times["launch by launch"]
    print(f"\n{recipe}: " + ", ".join(f"{name} {1e6 * t:.0f} us a step" for name, t in times.items())
          + f", ratio {ratio:.2f}")
    record_property("ratio", ratio)
    assert ratio < 1


def test_the_command_line_trains_on_the_gpu(tmp_path, monkeypatch):
    for package in ("filelock", "threadpoolctl", "tqdm", "matplotlib", "PIL"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    try:
        importlib.import_module("nvmath")
        graph = []
    except ImportError:
        graph = ["--no-graph"]
    for recipe in ("ring", "digits", "conditional"):
        assert main(["train", recipe, "--steps", "20", "--batch", "8", "--device", "gpu", "--out", recipe, *graph]) == 0
        assert main(["sample", recipe, "-n", "4", "-o", f"{recipe}.npy"]) == 0
        assert np.isfinite(np.load(tmp_path / f"{recipe}.npy")).all()
