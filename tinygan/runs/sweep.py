"""Sweeps: many runs of a recipe are trained and evaluated in several processes; each gives a row of a table.

    OUT/sweep.csv  OUT/curves.png  OUT/figures.png  OUT/RUN/ (a run folder, with figures.json once it is measured)

`sweep` submits `train_and_measure` to any `concurrent.futures.Executor`: `processes` on this machine, or
`MPIPoolExecutor` of mpi4py.futures on several with one file system.
"""
from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import multiprocessing
import re
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinygan import game, plots
from tinygan.backend.process import cores, limit
from tinygan.data import names
from tinygan.files import open_regular
from tinygan.game.history import COLUMNS
from tinygan.runs import Config, Run, RunError, report
from tinygan.runs.files import json_object, newest, read_text, render, write
from tinygan.zoo.settings import format_setting

LONGEST_NAME = 80  # characters of the settings in the name of a run: whole paths have 260 on some systems
LARGEST_HISTORY = 2**31  # bytes: about 15 million steps
LONGEST_LINE = 1000  # characters in it: seven numbers
STOP = "stop"  # a file in OUT: while it exists, every run saves its state and ends


class Stopped(Exception):
    """The sweep was stopped before the end of the run."""


def combinations(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """All combinations of values, one from each text such as rate=1e-4,2e-4.

    >>> combinations(["rate=1e-4,2e-4", "r1=0"])
    [('rate=1e-4', 'r1=0'), ('rate=2e-4', 'r1=0')]
    """
    parts = [text.partition("=") for text in texts]
    return list(itertools.product(*([name + equals + value for value in values.split(",")]
                                    for name, equals, values in parts)))


def named(configs: Iterable[Config]) -> dict[str, Config]:
    """The configs by the names of their runs: settings and seed, in characters that every file system takes.

    A name that would be too long ends in a digest of the settings.
    """
    return {_folder_name(config): config for config in configs}


def _folder_name(config):
    settings = re.sub(r"[^\w=.,+-]", "-", ",".join(kind(config).split()), flags=re.ASCII)  # no colon of a pair
    if len(settings) > LONGEST_NAME:
        settings = f"{settings[:LONGEST_NAME - 9]}-{hashlib.sha256(kind(config).encode()).hexdigest()[:8]}"
    return ",".join([*filter(None, [settings]), f"seed-{config.seed}"])


def kind(config: Config) -> str:
    """The settings of a config that differ from the recipe's, such as rate=0.0001 r1=0."""
    return " ".join(f"{name}={format_setting(value)}" for name, value in config.settings.items())


def blank(name: str, config: Config) -> dict[str, Any]:
    """The row of a run that is not measured yet: run, seed, settings, error, figures."""
    settings = {name: format_setting(value) for name, value in config.settings.items()}
    return {"run": name, "seed": config.seed, **settings, "error": "", "figures": {}}


def train_and_measure(folder: Path, config: Config) -> dict[str, Any]:
    """Trains the run in `folder`, from its checkpoint if there is one, measures it, and returns its row.

    The row is `blank`, with the metrics and the seconds of training over all its parts, or with the error. Any error
    becomes a row: the other runs continue.
    """
    row = blank(folder.name, config)
    measured, clock = folder / "figures.json", folder / "seconds"
    try:
        if not measured.exists():
            _stop_if_asked(folder)
            run = _begun(folder, config)
            try:
                seconds = _train(run, clock)
                run.finish()
            finally:
                run.unlock()
            figures = run.evaluate(None, np.random.default_rng(0))
            write(measured, json.dumps({**figures, "seconds": seconds}, indent=2).encode() + b"\n")
        return row | {"figures": _figures(measured)}
    except Exception as error:
        return row | {"error": _line(error)}


def _train(run, clock) -> float:
    """Trains the run to its end or until the sweep is stopped; returns the seconds, with those of earlier parts."""
    earlier, start = _seconds(clock), time.perf_counter()
    run.tune()
    try:
        game.train(run.game, run.config.steps, [run.maybe_checkpoint, lambda _: _stop_if_asked(run.folder)])
    except Stopped:
        run.save()
        raise
    finally:
        seconds = round(earlier + time.perf_counter() - start, 3)
        write(clock, str(seconds).encode())
    return seconds


def _seconds(clock) -> float:
    """The seconds in a file, 0 if there is none; RunError if it holds anything else."""
    try:
        seconds = float(read_text(clock, 100))
        if not 0 <= seconds < 1e9:
            raise ValueError("no time")
        return seconds
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError):
        raise RunError(f"{clock} holds no number of seconds; remove it") from None


def _figures(path) -> dict[str, float]:
    """The metrics in figures.json; RunError if it holds anything else."""
    try:
        figures = json_object(read_text(path))
        for name, value in figures.items():
            largest = {int: 2**53, float: 1e300}.get(type(value))
            if largest is None or abs(value) > largest or not re.fullmatch(r"[\w ]{1,40}", name):
                raise ValueError(f"{name!r:.40} is {value!r:.40}")
        return figures
    except (OSError, ValueError) as error:
        raise RunError(f"{path} holds no figures ({error}); remove it to measure the run again") from None


def _line(error):
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def _begun(folder, config) -> Run:
    """Opens the run at its last checkpoint, or creates it."""
    if (folder / "checkpoint.npz").exists() and (folder / "config.json").exists():
        return Run.open(folder, lock=True)
    (folder / "config.json").unlink(missing_ok=True)  # of a run that ended before its first checkpoint
    return Run.create(folder, config)


def _stop_if_asked(folder):
    if (folder.parent / STOP).exists():
        raise Stopped("the sweep was stopped")


def sweep(configs: Mapping[str, Config], out: Path, pool: Executor,
          report_row: Callable = lambda row: None) -> list[dict]:
    """Calls `train_and_measure` for each name and config; returns the rows in this order.

    Each new row is written to OUT/sweep.csv and passed to report_row. On an interrupt every run saves its state and
    stops; the call waits for that.
    """
    for name, config in configs.items():
        _compare(out / name, config)
    out.mkdir(parents=True, exist_ok=True)
    (out / STOP).unlink(missing_ok=True)
    futures = {pool.submit(train_and_measure, out / name, config): name for name, config in configs.items()}
    rows: dict[str, dict] = {}
    try:
        for future in as_completed(futures):
            name = futures[future]
            error = future.exception()  # of the pool: a process died
            rows[name] = future.result() if error is None else {**blank(name, configs[name]), "error": _line(error)}
            report_row(rows[name])
            _write_csv(out / "sweep.csv", [rows[name] for name in configs if name in rows])
    except BaseException:
        (out / STOP).touch()
        pool.shutdown(cancel_futures=True)
        (out / STOP).unlink()
        raise
    return [rows[name] for name in configs]


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """A pool of processes that share the cores; they ignore Ctrl-C, which only this process handles."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _worker, (max(1, cores() // jobs),)) as pool:
        yield pool


def _worker(threads):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit(threads)


def _compare(folder, config):
    """Raises RunError if the folder holds a run of another config."""
    try:
        kept = json_object(read_text(folder / "config.json"))
    except (OSError, ValueError):
        return  # nothing there; `train_and_measure` reports what is damaged
    for name, asked in config.as_json().items():
        same = kept.get(name) == asked or (name == "data" and names.is_same(str(kept.get(name)), asked))
        if name not in ("version", "examples") and not same:
            raise RunError(f"{folder} was started with {name} {kept.get(name)}, not {asked}; choose another --out")


def _write_csv(path, rows):
    flat = [{name: value for name, value in row.items() if name != "figures"} | row["figures"] for row in rows]
    text = io.StringIO()
    table = csv.DictWriter(text, list({name: None for row in flat for name in row}), lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    write(path, text.getvalue().encode(errors="backslashreplace"))  # a path in an error may be no text


def summary(rows: list[dict], configs: Mapping[str, Config], out: Path) -> str:
    """The medians and quartiles of the runs without an error, as text; also draws curves.png and figures.png in OUT."""
    done = [row for row in rows if not row["error"]]
    lines = [f"{out}: {len(done)} of {len(rows)} runs ended well; sweep.csv, curves.png, figures.png"]
    if not done:
        return lines[0]
    real, noise = Run.open(out / done[0]["run"], "cpu").baselines(configs[done[0]["run"]].evaluator().count,
                                                              np.random.default_rng(0))
    groups: dict[str, list[dict]] = {}
    for row in done:
        groups.setdefault(kind(configs[row["run"]]), []).append(row)
    for row in done:
        if row["figures"].keys() != done[0]["figures"].keys():
            raise RunError(f"{out / row['run'] / 'figures.json'} has other metrics than {done[0]['run']}; remove it to "
                           "measure the run again")
    for name, group in groups.items():
        lines += [name, report.table([row["figures"] for row in group], real, noise)]
    histories = {name: [_history(out / row["run"]) for row in group] for name, group in groups.items()}
    if any(len({len(history["step"]) for history in group}) > 1 for group in histories.values()):
        raise RunError(f"{out}: the history.csv of runs of one kind differ in length")
    render(out / "curves.png", plots.save_png, plots.bands(histories))
    figures = {name: [row["figures"] for row in group] for name, group in groups.items()}
    render(out / "figures.png", plots.save_png, plots.strips(figures, real))
    return "\n".join(lines)


def _history(folder):
    try:
        with open_regular(newest(folder / "history.csv"), LARGEST_HISTORY) as file:
            names = file.readline(LONGEST_LINE).decode().strip().split(",")
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # where there are no rows
                rows = np.loadtxt(_lines(file), delimiter=",", comments=None, ndmin=2)
        columns = dict(zip(names, rows.T, strict=True))
        if not np.isfinite(rows).all():
            raise ValueError("it holds a number that is not finite")
        return {name: columns[name] for name in COLUMNS}
    except (OSError, ValueError, KeyError, Warning) as error:
        raise RunError(f"{folder}/history.csv is damaged: {error}") from error


def _lines(file):
    """The lines of a file; ValueError for one that is too long."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise ValueError(f"it has a line of more than {LONGEST_LINE} characters")
        yield line.decode()
