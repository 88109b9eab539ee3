"""The sections of `gpu.py`: each sees what is wrong, and the whole of it runs on the played device."""
import contextlib
import itertools
import json
import sys
import types

import bench_limits
import foreign
import gpu
import gpu_checks
import gpu_device
import gpu_report
import gpu_speed
import pytest
from bench_workloads import Workload, torch_run

from tinygan.backend import cublas


class Sent:
    """Keeps the rows that a section sends."""

    before = ()

    def __init__(self):
        self.rows = []

    def __call__(self, what, ok=None, **columns):
        self.rows.append((what, ok, columns))

    def left(self, parts):
        return parts

    def note(self, line):
        """No other process follows."""

    @contextlib.contextmanager
    def guard(self, what):
        yield


def sent(check):
    """The rows of a section on the played device."""
    found = Sent()
    check(foreign, "foreign", found)
    return found.rows


@pytest.fixture
def gpu_played(gpu, nvmath, monkeypatch):
    """The played device, where CuPy is found."""
    monkeypatch.setitem(sys.modules, "cupy", foreign)


# --- checks ---

def wrong(name, result, monkeypatch):
    """Makes the result of a kernel, which the function `result` finds in its arguments, 1.5 times as large."""
    play = foreign.kernels[name]

    def call(*args):
        play(*args)
        result(args)[...] *= 1.5
    monkeypatch.setitem(foreign.kernels, name, call)


@pytest.mark.slow
@pytest.mark.fast_forms
def test_a_wrong_kernel_is_seen_by_each_check(gpu_played, monkeypatch):
    wrong("tinygan_adam", lambda args: args[-1], monkeypatch)
    for check in (gpu_checks.agreement, gpu_checks.recipes):
        rows = sent(check)
        assert len(rows) > 9
        assert [what for what, ok, _ in rows if ok] in ([], ["wgan"])  # which has another optimiser


def test_first_calls(gpu_played, monkeypatch):
    assert all(ok for _, ok, columns in sent(gpu_checks.versions) if "seconds" in columns)
    wrong("tinygan_column_sums", lambda args: args[2][2], monkeypatch)
    assert [what for what, ok, _ in sent(gpu_checks.versions) if ok is False] == ["RawKernel"]


@pytest.mark.slow
@pytest.mark.fast_forms
def test_a_wrong_graph_is_seen(gpu_played, monkeypatch):
    assert all(ok for _, ok, _ in sent(gpu_checks.graph))
    launch, number = foreign.cuda.Graph.launch, itertools.count()
    monkeypatch.setattr(foreign.cuda.Graph, "launch", lambda self: launch(self) if next(number) % 4 < 3 else None)
    rows = sent(gpu_checks.graph)
    assert {(ok, columns["note"]) for _, ok, columns in rows} == {(False, "recorded")}


@pytest.mark.slow
def test_a_graph_that_cannot_be_recorded_is_seen(gpu_played, monkeypatch):
    monkeypatch.setitem(sys.modules, "nvmath.bindings", None)
    for _, ok, columns in sent(gpu_checks.graph):
        assert not ok
        assert "no CUDA graph, steps are played launch by launch" in columns["note"]


def test_a_missing_package_is_named(gpu_played, monkeypatch):
    monkeypatch.setenv("GPU_MISSING", "nvmath torch")
    assert sent(gpu_checks.graph) == [("all", None, {"note": "needs nvmath"})]
    peers = gpu_speed._peers("foreign", "dense", lambda: Workload("dense", 4, 1 / 16), False)
    assert [peers[name] for name in ("PyTorch", "PyTorch, tuned")] == ["needs torch"] * 2


# --- measurements ---

def test_milliseconds_are_of_one_step():
    class Event:
        record = synchronize = lambda self: None
    device = types.SimpleNamespace(cuda=types.SimpleNamespace(Event=Event, get_elapsed_time=lambda a, b: 12.0))
    made = []
    assert gpu_device.milliseconds(device, made.append, 4) == 3.0
    assert made == [4]


def test_peaks(monkeypatch):
    """With 2 ms for a copy of 256 rows and for a product of 64 rows."""
    launches = []

    def given(cupy, run, n):
        with foreign.counting() as counts:
            run(n)
        launches.append(counts.launches / n)
        return 2.0
    monkeypatch.setattr(gpu_speed, "milliseconds", given)
    peaks = gpu_speed._peaks(foreign, "foreign", Sent())
    assert peaks == (pytest.approx(2 * 256 * 64 * 4 / 0.002), pytest.approx(2 * 64**3 / 0.002))
    assert set(launches) == {1}


@pytest.mark.parametrize(("judged", "ms", "reached"), [("tinygan", 3.0, False), ("tinygan, graph", 1.0, True)])
def test_ratios_floors_and_goals(judged, ms, reached, gpu_played, monkeypatch):
    """With given times: PyTorch 4 ms, tinygan 3 ms, or its graph 1 ms; a copy and a product take as long as they must.

    The goal of the dense net is half of PyTorch's time.
    """
    given, work = {"PyTorch": [4.0, 4.4], judged: [ms, 1.1 * ms]}, Workload("dense", 4, 1 / 16)
    monkeypatch.setattr(gpu_speed, "_turns", lambda cupy, device, runs: given)
    peaks = 1e3 * bench_limits.fewest_bytes(work) / 0.5, 2e3 * bench_limits.multiply_adds(work) / 0.25  # .5 ms, .25 ms
    found, peers = Sent(), dict.fromkeys(given, lambda: lambda n: None)
    gpu_speed._compare(foreign, "gpu", found, peaks, peers, judged, work)
    what, ok, row = found.rows[-1]
    assert (what, ok) == (f"dense, batch 4: {judged}", reached)
    assert row["ms"] == pytest.approx(1.05 * ms)
    assert row["floor in ms"] == pytest.approx(0.5)
    assert row["times PyTorch"] == pytest.approx(ms / 4)
    assert row["times the floor"] == pytest.approx(2.1 * ms)
    assert row["goal"] == 0.5


@pytest.mark.parametrize(("lacking", "parts"), [
    ("", [("dense", ["PyTorch", "PyTorch, tuned", "tinygan"], ""), ("chain", ["PyTorch", "tinygan"], "tinygan"),
          ("dense", ["PyTorch", "tinygan, graph"], "tinygan, graph")]),
    ("nvmath", [("dense", ["PyTorch", "PyTorch, tuned", "tinygan"], "tinygan"),
                ("chain", ["PyTorch", "tinygan"], "tinygan")])])
def test_graphs_are_measured_last(lacking, parts, gpu_played, monkeypatch):
    """And the goal is for the graph, where there is one."""
    found = []
    monkeypatch.setenv("GPU_MISSING", lacking)
    monkeypatch.setattr(gpu_speed, "WORKLOADS", [("dense", 0), ("chain", 0)])
    monkeypatch.setattr(gpu_speed, "_compare", lambda cupy, device, send, peaks, peers, judged, work: found.append(
        (work.name, [*peers], judged)))
    sent(gpu_speed.speed)
    assert found == parts


@pytest.mark.fast_forms
def test_a_graph_is_measured_only_if_there_is_one(gpu_played, monkeypatch):
    work = Workload("dense", 4, 1 / 16)
    gpu_speed._tinygan_run(work, True)(2)
    monkeypatch.setattr("tinygan.game.cuda_graph._same", lambda *states: False)
    with pytest.raises(RuntimeError, match="no graph was recorded"):
        gpu_speed._tinygan_run(work, True)
    cublas.products.cache_clear()
    monkeypatch.setitem(sys.modules, "nvmath.bindings", None)
    with pytest.raises(UserWarning, match="no CUDA graph, steps are played launch by launch"):
        gpu_speed._tinygan_run(work, True)


def test_the_longest_kernels_of_a_trace():
    def event(name, us, cat="kernel"):
        return {"ph": "X", "cat": cat, "name": name, "dur": us}
    events = [event("short", 3), event("long", 50), event("aten::mul", 1000, "cpu_op"), event("short", 5), {"ph": "M"},
              event("copy", 9, "gpu_memcpy")]
    assert gpu_speed.longest(events, 2, 2) == [("long", (0.5, 25)), ("copy", (0.5, 4.5))]
    assert gpu_speed.longest(events, 1, 9)[2] == ("short", (2, 8))


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["chain", "dense", "gp", "dcgan28"])
def test_pytorchs_steps_stay_on_their_device(name, torch):
    """On the device `meta`, which computes nothing, an array of another device would be refused."""
    torch_run(Workload(name, 4, 1 / 16), False, 1, "meta")(2)


@pytest.mark.oracle
def test_pytorch_is_channels_last_only_if_tuned(torch, monkeypatch):
    """All that a convolution gets, in a step of the 28 x 28 DCGAN."""
    seen = []
    for kind in (torch.nn.Conv2d, torch.nn.ConvTranspose2d):
        monkeypatch.setattr(kind, "forward", lambda self, x, forward=kind.forward: seen.append(
            x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()) or forward(self, x))
    torch_run(Workload("dcgan28", 4, 1 / 4), False, 1)(1)
    assert seen
    assert not any(seen)
    seen.clear()
    torch_run(Workload("dcgan28", 4, 1 / 4), True, 1)(1)
    assert any(seen)


# --- the whole of it ---

@pytest.mark.slow
@pytest.mark.parametrize("lacking", ["", "pooch filelock jupytext nvmath torch"])
def test_the_whole_is_played(lacking, tmp_path, monkeypatch, capsys):
    """In CI, so that a mistake in the script is found before a device is there; also with little installed."""
    monkeypatch.setenv("GPU_MISSING", lacking)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "foreign", "--out", str(tmp_path / "out")])
    assert gpu.main() == 0, (tmp_path / "out" / "report.md").read_text()
    found = json.loads((tmp_path / "out" / "report.json").read_text())["records"]
    assert {row["section"] for row in found} == set(gpu_report.SECTIONS)
    assert capsys.readouterr().out.startswith("# tinygan on a GPU")
    notes = {row.get("note") for row in found}
    assert (tmp_path / "out" / "samples.png").exists() is (not lacking)
    needs = {note for note in notes if note and note.startswith("needs")}
    assert needs == ({"needs filelock", "needs torch", "needs nvmath"} if lacking else set())
    calls = {row["what"]: row for row in found if row["section"] == "signatures"}
    assert calls["cupy.where"]["signature"] == "(condition, x=..., y=...)"
    assert {"cupy.cuda.Stream.begin_capture", "nvmath.bindings.cublas.gemm_ex"} <= calls.keys() or lacking
    assert {name for name, row in calls.items() if row["signature"] == "unknown"} <= {"cupy.cuda.runtime.memGetInfo"}
