"""The kernels: body, stand-in and compiled source agree; the launches of a step."""
import importlib.util
import shutil
import subprocess
from pathlib import Path

import compiled
import foreign
import form_cases
import numpy as np
import pytest
from bench_workloads import Workload
from form_cases import CALLS, moved
from helpers import to_foreign

from tinygan.backend import accelerated, cuda
from tinygan.backend.kernels import KERNELS, Elementwise
from tinygan.game import Game, latent, train
from tinygan.zoo import RECIPES

if accelerated.ALWAYS_PLAIN:
    pytest.skip("TINYGAN_PLAIN=1 turns the kernels off", allow_module_level=True)
every_kernel = pytest.mark.parametrize("kernel", sorted({name for name, *_ in CALLS}))
every_dtype = pytest.mark.parametrize("dtype", form_cases.PRECISION)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Stand-ins that run the CUDA sources on the host."""
    for name, _, _, make in CALLS:  # kernels that join are made at the first call
        if name.startswith("join"):
            cuda.joining(len(make(np.random.default_rng(0), np.float32)[0]))
    return compiled.build(tmp_path_factory.mktemp("kernels")) or pytest.skip("no C++ compiler")


def agree(kernel, dtype):
    """The kernel and the plain function agree in every case; one is launched wherever the result has elements."""
    for name, function, plain, make in CALLS:
        if name == kernel:
            args = form_cases.drawn(make, dtype)
            expected = form_cases.results(plain, moved(args, np))
            with foreign.counting() as counts:
                got = form_cases.results(function, moved(args, foreign), foreign.to_host)
            form_cases.assert_close(name, got, expected, dtype)
            assert counts.launches > 0 or not sum(a.size for a in got)


@every_kernel
@every_dtype
def test_stand_in_and_body(kernel, dtype):
    agree(kernel, dtype)


@every_kernel
@every_dtype
def test_source_and_body(kernel, dtype, sources, monkeypatch):
    monkeypatch.setattr(foreign, "kernels", foreign.kernels)
    for name, play in sources.items():
        monkeypatch.setitem(foreign.kernels, name, play)
    agree(kernel, dtype)


def test_every_kernel_is_called_and_played():
    called = {f"tinygan_{name}" for name, *_ in CALLS}
    known = {name for name in KERNELS if not name.startswith("tinygan_join")}
    assert known <= called
    assert known <= foreign.kernels.keys()


# --- the number of launches in a step ---

BOUNDS = {"dense": 100, "ring": 98, "dcgan28": 166, "digits": 284}


def played(name, batch=4):
    """The game of a workload, on the foreign array."""
    if name == "digits":
        game = RECIPES["digits"].start(batch=batch)
    else:
        work = Workload(name, batch)
        real = work.real()
        game = Game(work.g, work.d, lambda n, rng: real, latent(work.latent), work.rng, batch=batch)
    to_foreign(game.generator), to_foreign(game.discriminator)
    return game


@pytest.mark.parametrize("name", BOUNDS)
def test_launches_of_a_step(name, monkeypatch):
    """A step that is not recorded: few launches, no waiting, and nothing but data and noise from the host."""
    copied, asarray = [], foreign.asarray
    monkeypatch.setitem(foreign.__dict__["_offered"], "asarray", lambda a: (copied.append(a.shape), asarray(a))[1])
    game = played(name)
    train(game, 1)
    marks = []
    with foreign.counting() as counts:
        train(game, 4, [lambda _: marks.append((counts.launches, counts.synchronisations, len(copied)))],
              record_every=1000)
    launched, waited, moved = np.diff(marks[:2], axis=0)[0]
    assert launched <= BOUNDS[name]
    assert waited == 0
    assert moved == 2


# --- the sources, as CuPy would compile them ---

def as_cupy_does(kernel, dtype):
    """The source of a kernel of CuPy, as its ElementwiseKernel puts it together."""
    if not isinstance(kernel, Elementwise):
        return f"namespace {kernel.name}_{dtype} {{\n#undef LANES\n#undef X\n#undef G\n" \
               + kernel.source(dtype).replace('extern "C"', "") + "\n}\n"
    arguments, lines = [], []
    inputs = compiled.parameters(kernel.inputs)
    for k, (kind, name) in enumerate([*inputs, *compiled.parameters(kernel.outputs)]):
        if kind == "raw":
            arguments.append(f"const CArray<T, 2, false, true> {name}")
        elif kind == "T":
            arguments.append(f"CArray<T, 1, true, true> _raw_{name}")
            lines.append(f"{'const ' if k < len(inputs) else ''}T &{name} = _raw_{name}[_ind.get()];")
        else:
            arguments.append(f"const {'unsigned ' if kind[0] == 'u' else ''}int {name}")
    return (f"namespace {kernel.name}_{dtype} {{ typedef {dtype} T; __global__ void {kernel.name}("
            + ", ".join([*arguments, "CIndexer<1, true> _ind"]) + ") { CUPY_FOR(i, _ind.size()) { _ind.set(i);\n"
            + "\n".join(lines) + f"\n{kernel.code};\n}} }} }}\n")


def test_nvcc_compiles_the_sources(tmp_path, sources):
    cupy = importlib.util.find_spec("cupy")
    if cupy is None or shutil.which("nvcc") is None:
        pytest.skip("needs nvcc and CuPy's headers")
    source = "#include <cupy/carray.cuh>\n" + "".join(as_cupy_does(kernel, dtype) for kernel in KERNELS.values()
                                                    for dtype in ("float", "double"))
    (tmp_path / "kernels.cu").write_text(source)
    include = Path(cupy.origin).parent / "_core" / "include"
    done = subprocess.run(["nvcc", "-std=c++17", "-cubin", "-arch=sm_80", "-w", f"-I{include}", "--resource-usage",
                           "-o", tmp_path / "kernels.cubin", tmp_path / "kernels.cu"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
