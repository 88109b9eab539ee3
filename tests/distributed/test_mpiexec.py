"""Real ranks: processes that an MPI's own mpiexec starts. Slow; skipped without mpi4py or mpiexec."""
import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinygan.runs import Run
from tinygan.zoo import RECIPES

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
MPIEXEC = shutil.which("mpiexec", path=PATH)
ENVIRONMENT = {**os.environ, "PATH": PATH, "OPENBLAS_NUM_THREADS": "1",
               "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])}
MAIN = "import sys; from tinygan import cli; from tinygan.runs import run; run.FRAMES, run.SAVE_EVERY = 1, .2; " \
       "sys.exit(cli.main())"
TINYGAN = [sys.executable, "-c", MAIN]
KEPT = "run keeps its last checkpoint; continue with --resume, on any number of ranks"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec")]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    pytest.importorskip("mpi4py")
    monkeypatch.chdir(tmp_path)


def start(*command, environment=ENVIRONMENT):
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    """Exit status, standard output, and the lines on standard error that are not the progress bar's."""
    out, error = process.communicate(timeout=120)
    lines = [line for line in error.replace("\r", "\n").splitlines() if line.strip() and "step/s" not in line
             and "s/step" not in line and not line.startswith(("[mpiexec@", "compiling loops"))]
    return process.returncode, out, lines


def ranks(n, *arguments, **options):
    return start(MPIEXEC, "-n", str(n), *TINYGAN, *map(str, arguments), **options)


def arrays(folder):
    with np.load(Path(folder) / "checkpoint.npz") as kept:
        return {name: kept[name] for name in kept.files if kept[name].dtype.kind == "f"}


@pytest.mark.parametrize(("recipe", "options"), [
    ("ring", ["--steps", "60", "--batch", "30"]), ("digits", ["--steps", "6", "--batch", "10", "--set", "width=8"]),
    ("progressive", ["--steps", "14", "--batch", "8", "--set", "width=8"])])  # which grows after the first step
def test_the_number_of_ranks_changes_nothing(recipe, options):
    options = ["train", recipe, "--dtype", "float64", *options]
    assert ended(start(*TINYGAN, *options, "--out", "0"))[0] == 0
    expected = arrays("0")
    for n in (1, 2, 3, 4):
        status, out, lines = ended(ranks(n, *options, "--mpi", "--out", str(n)))
        assert (status, lines) == (0, ["--mpi without mpiexec is one rank; for more: mpiexec -n 4 tinygan train ... "
                                       "--mpi"] if n == 1 else []), lines
        assert out.count("\n") == 3  # of the first rank alone
        worst = max(abs(a - expected[name]).max() for name, a in arrays(str(n)).items() if a.size)
        print(f"{recipe}, {n} ranks: {worst:.1e}")
        assert worst < 1e-10


def test_ranks_run_compiled_loops():
    """Each on its share of the cores; the result is that of one process."""
    pytest.importorskip("numba")
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "OPENBLAS_NUM_THREADS"}
    options = ["train", "digits", "--dtype", "float64", "--steps", "4", "--batch", "16"]
    assert ended(start(*TINYGAN, *options, "--out", "0"))[0] == 0
    status, out, lines = ended(ranks(2, *options, "--mpi", "--out", "2", environment=environment))
    assert (status, lines) == (0, []), lines
    assert out.count("compiled loops on ") == 1
    got, expected = arrays("2"), arrays("0")
    assert max(abs(a - expected[name]).max() for name, a in got.items() if a.size) < 1e-9


HERE = [name for name in RECIPES if name not in ("ring", "digits", "mnist", "fashion", "cifar10")]


@pytest.mark.parametrize("recipe", HERE)
def test_every_recipe_trains_on_two_ranks(recipe):
    status, out, lines = ended(ranks(2, "train", recipe, "--steps", "3", "--batch", "8", "--mpi", "--out", "run"))
    assert (status, lines) == (0, []), lines
    assert out.count("\n") == 3
    assert Run.open("run").game.step == 3


def test_a_rank_that_is_killed_ends_the_job_and_any_number_goes_on():
    options = ["train", "ring", "--steps", "400", "--batch", "13", "--dtype", "float64", "--set", "width=32"]
    process = ranks(2, *options, "--mpi", "--out", "run")
    while not Path("run/checkpoint.previous.npz").exists():
        time.sleep(.01)
    [*_, second] = sorted(children(process.pid))
    os.kill(second, signal.SIGKILL)
    assert ended(process)[0] != 0  # and mpiexec prints the reason
    status, out, lines = ended(ranks(3, "train", "--resume", "--out", "run", "--mpi"))
    assert (status, lines) == (0, [])
    assert 0 < int(out.partition("steps ")[2].split()[0]) < 400
    assert ended(start(*TINYGAN, *options, "--out", "whole"))[0] == 0
    got, expected = arrays("run"), arrays("whole")
    assert all(np.allclose(got[name], a, rtol=0, atol=1e-9) for name, a in expected.items())


def children(pid):
    """The processes of tinygan below a process."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                line = (path / "cmdline").read_text().split("\0")
                found += [int(path.name)] if line[1:3] == TINYGAN[1:] else children(int(path.name))
        except OSError:
            pass
    return found


FAILING = """import sys
from tinygan import game
from tinygan.cli import main
from mpi4py import MPI
step = game.step
def fail(match, steps):
    if match.step == 3 and MPI.COMM_WORLD.rank == RANK:
        raise ValueError("a rank of its own mind")
    return step(match, steps)
game.step = fail
sys.exit(main())
"""


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_that_fails_ends_the_job(rank):
    Path("failing.py").write_text(FAILING.replace("RANK", str(rank)))
    process = start(MPIEXEC, "-n", "2", sys.executable, "failing.py", "train", "ring", "--mpi", "--out", "run")
    status, _, lines = ended(process)
    assert status == 2
    assert lines == [f"tinygan train: rank {rank}: ValueError: a rank of its own mind (failing.py, line 8); {KEPT}"]
    assert Run.open("run").game.step == 0


OTHER_DATA = ("from tinygan import data; a = data.load; "
              "data.load = lambda name: data.Images(a(name).x[::-1], a(name).labels); ")


@pytest.mark.parametrize(("main", "steps", "message"), [
    (MAIN, 6, "tinygan train: rank 1 has another --steps than rank 0: 6, not 5"),
    (OTHER_DATA + MAIN, 5, "tinygan train: rank 1 has another data set than rank 0: ")])
def test_ranks_that_differ_are_refused(main, steps, message):
    options = ["train", "digits14", "--mpi", "--out", "run", "--steps"]
    status, _, lines = ended(start(MPIEXEC, "-n", "1", *TINYGAN, *options, "5", ":",
                                   "-n", "1", sys.executable, "-c", main, *options, str(steps)))
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith(message)


def test_an_interrupt_stops_all_after_the_same_step():
    process = ranks(2, "train", "ring", "--mpi", "--out", "run", "--steps", "90000")
    while not Path("run/checkpoint.previous.npz").exists():
        time.sleep(.01)
    process.send_signal(signal.SIGINT)
    status, _, [line] = ended(process)
    assert status == 130
    assert line.startswith("stopped after step ")
    assert line.endswith("; continue with: tinygan train ring --resume --out run")


def test_a_sweep_over_ranks():
    options = ["sweep", "gaussian", "--steps", "10", "--out", "out"]
    status, out, lines = ended(ranks(3, *options, "--seeds", "0-2", "--mpi"))
    assert (status, lines) == (0, [])
    assert "3 of 3 runs ended well" in out
    assert ended(start(*TINYGAN, *options, "--seeds", "0-3"))[0] == 0  # the same runs, and one more
    assert ended(start(*TINYGAN, *options[:-1], "alone", "--seeds", "0-3"))[0] == 0
    tables = [list(csv.DictReader(Path(folder, "sweep.csv").read_text().splitlines())) for folder in ("out", "alone")]
    for rows in tables:
        for row in rows:
            del row["seconds"]
    assert tables[0] == tables[1]
    status, _, [line] = ended(ranks(2, *options[:3], "11", *options[4:], "--mpi"))
    assert (status, line) == (2, "tinygan sweep: out/seed-0 was started with steps 10, not 11; choose another --out")
    status, _, [line] = ended(ranks(2, *options, "--mpi", "--jobs", 2))
    assert (status, line) == (2, "tinygan sweep: --jobs: with --mpi the ranks that mpiexec starts are the jobs")
