"""The checks of `gpu.py`: versions and first calls, steps against the CPU, steps as CUDA graphs."""
import os
import platform
import time
import warnings
from importlib import metadata

import gpu_device
import numpy as np
from gpu_device import host, missing

PACKAGES = ("numpy", "nvmath-python", "torch", "pytest", "hypothesis", "matplotlib", "pillow", "tqdm", "threadpoolctl",
            "pooch", "filelock")
STEPS = {"gpu": 100, "foreign": 3}


# --- versions, and one operation of each kind ---

def versions(cupy, device, send):
    """The versions; and calls of each kind, with the seconds that the first of them takes, as it compiles."""
    if not send.before:
        with send.guard("versions"):
            _versions(cupy, device, send)
    for name, call in send.left(_first_calls(cupy)).items():
        with send.guard(name):
            x, start = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32), time.perf_counter()
            got = host(call(cupy.asarray(x)))
            seconds, expected = time.perf_counter() - start, call(x)
            same = got.dtype == expected.dtype and np.allclose(got, expected, rtol=1e-4, atol=1e-4)
            send(name, bool(same), version=f"{got.dtype}, {got.shape}", seconds=seconds)


def _versions(cupy, device, send):
    played = {} if device == "gpu" else {"cupy": "played", "nvmath-python": "played"}
    send("CuPy", version=played.get("cupy") or cupy.__version__)
    for name in PACKAGES:
        try:
            send(name, version=played.get(name) or metadata.version(name))
        except metadata.PackageNotFoundError:
            send(name, version="not installed")
    send("Python", version=platform.python_version())
    send("processor", version=f"{_processor()}, {len(os.sched_getaffinity(0))} cores")
    runtime, found = cupy.cuda.runtime, cupy.cuda.runtime.getDeviceProperties(0)
    send("CUDA", version=f"driver {runtime.driverGetVersion()}, runtime {runtime.runtimeGetVersion()}")
    send("GPU", version=f"{found['name'].decode()}, compute capability {found['major']}.{found['minor']}, "
         f"{found['totalGlobalMem'] >> 20} MiB, {found['multiProcessorCount']} multiprocessors")


def _processor():
    with open("/proc/cpuinfo") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "?")


def _first_calls(cupy):
    import tinygan as tg
    from tinygan.backend.cublas import products
    from tinygan.backend.cuda import column_sums

    def slope(x):
        w = tg.Tensor(x[:40], requires_grad=True)
        return tg.grad((tg.tanh(tg.Tensor(x) @ w.T) ** 2).sum(), [w])[0].data
    calls = {
        "copy there and back": lambda x: x + 0, "matrix product": lambda x: x @ x.T, "sum": lambda x: x.sum()[None],
        "sum of rows": lambda x: x.sum(1), "mean of columns": lambda x: x.mean(0), "gather": lambda x: x[::-1][[1, 5]],
        "ElementwiseKernel": lambda x: tg.log_sigmoid(tg.Tensor(x)).data,
        "RawKernel": lambda x: x.sum(0) if type(x) is np.ndarray else column_sums(x), "grad": slope}
    if not missing("nvmath"):
        calls["product of nvmath-python"] = lambda x: x @ x.T if type(x) is np.ndarray else products(cupy)(x, x.T)
    return calls


# --- steps on the CPU and on the device ---

def _games():
    """Functions (dtype) -> game, by name."""
    from networks import game, of_images

    from tinygan.updates import Adam, Average
    from tinygan.zoo import style

    def made(kind, **options):
        return lambda dtype: game(kind, dtype, average=Average(0.9), optimiser_d=Adam(0.5), optimiser_g=Adam(0.5),
                                  **options)
    return {"dense": made("dense"), "DCGAN with batch norm": made("images"), "DCGAN with R1": made("images", r1=1.0),
            "GRU": made("sequences"), "style": lambda dtype: of_images(style, dtype, rate=1e-3)}


def agreement(cupy, device, send):
    """The largest difference of the weights, relative to the largest weight, after as many steps on both.

    In float32 both are compared with the CPU in float64: the GPU may differ from it by as much as the CPU does, to a
    factor of 4, since the order of sums is another one.
    """
    for name, make in send.left(_games()).items():
        with send.guard(name):
            thetas = {(dtype, where): _played(make(dtype), where, STEPS[device])
                      for dtype in (np.float64, np.float32) for where in ("cpu", "gpu")}
            exact = thetas[np.float64, "cpu"]
            apart = _relative(thetas[np.float64, "gpu"], exact)
            send(f"{name}, float64", apart <= 1e-9, steps=STEPS[device], difference=apart, allowed=1e-9)
            cpu, gpu = (_relative(thetas[np.float32, where], exact) for where in ("cpu", "gpu"))
            send(f"{name}, float32", gpu <= 4 * cpu + 1e-6, steps=STEPS[device], difference=gpu,
                 allowed=4 * cpu + 1e-6)


def _played(game, where, steps, stepper=None):
    import tinygan as tg
    for network in (game.generator, game.discriminator):
        network.to(where)
    if stepper is None:
        tg.game.train(game, steps)
    else:
        tg.game.train(game, steps, stepper=stepper)
    return np.concatenate([host(game.generator.theta), host(game.discriminator.theta)])


def _relative(a, b):
    return float(np.abs(a - b).max() / np.abs(b).max())


def recipes(cupy, device, send):
    """Three steps of every recipe on the CPU and on the GPU, with its own data unless these would be fetched."""
    from tinygan.data.files import MIRRORS
    from tinygan.zoo import RECIPES
    for name, recipe in send.left(RECIPES).items():
        if recipe.data in MIRRORS:
            continue
        with send.guard(name):
            cpu, gpu = (_played(recipe.start(0, 4, "float64", where), where, 3) for where in ("cpu", "gpu"))
            send(name, _relative(gpu, cpu) <= 1e-9, difference=_relative(gpu, cpu), allowed=1e-9)


# --- a step as a CUDA graph ---

def graph(cupy, device, send):
    """Whether a step is recorded, or the reason why not; and the difference from the step without a graph."""
    from tinygan.game.cuda_graph import Replay
    if lacking := missing("nvmath"):
        send("all", None, note=f"needs {lacking}")
        return
    for name, make in send.left(_games()).items():
        with send.guard(name), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            replay, steps = Replay(), max(10, STEPS[device] // 2)
            replayed = _played(make(np.float64), "gpu", steps, replay)
            apart = _relative(replayed, _played(make(np.float64), "gpu", steps))
            note = "recorded" if replay.recorded else "; ".join(str(w.message) for w in caught) or "never recorded"
            send(name, bool(replay.recorded) and apart <= 1e-9, note=note, steps=steps, difference=apart)


if __name__ == "__main__":
    gpu_device.run(versions, agreement, recipes, graph)
