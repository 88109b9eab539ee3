"""Helpers of several test files: the cases of the table of operations, networks as functions of their parameters."""
import os
import signal
import warnings
from concurrent.futures import Future
from itertools import cycle

import foreign
import numpy as np

import tinygan as tg
from tinygan import game
from tinygan.cli import main
from tinygan.doctor import Doctor
from tinygan.ops import OPS
from tinygan.runs import Config, Run, checkpoint

CASES = [(name, i) for name, op in OPS.items() for i in range(len(op.cases))]


def rng(seed=0):
    """A generator with a fixed seed."""
    return np.random.default_rng(seed)


def one_line(caught):
    """The message of an error or warning, which must be one line."""
    text = str(caught.value if hasattr(caught, "value") else caught[0].message)
    assert "\n" not in text
    return text


def fails(capsys, *arguments):
    """The one line with which a command is refused; exit status 2."""
    try:
        status = main(list(arguments))
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    progress = "step/s", "s/step", "compiling loops"  # the bar, and the line where it was the first to compile
    lines = [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines()
             if line.strip() and not any(part in line for part in progress)]
    assert len(lines) == 1, lines
    return lines[0]


def forked(work):
    """Whether a forked child finished the work without an error, within ten seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 and later warn in a process with threads
        child = os.fork()
    if not child:
        signal.alarm(10)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def drawn(case, dtype=np.float64, seed=1):
    """The inputs of a case of an operation."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(case.low, case.high, shape), dtype) for shape in case.shapes]


def on(xp, value):
    """The value with every NumPy array in it moved to module xp."""
    if isinstance(value, (tuple, list)):
        return type(value)(on(xp, v) for v in value)
    return xp.asarray(value) if isinstance(value, np.ndarray) else value


def host(value):
    """A Tensor or an array, foreign or not, as a NumPy array."""
    return np.asarray(foreign.to_host(value.data if isinstance(value, tg.Tensor) else value))


def call(name, case, tensors, xp=np):
    """The operation on tensors (or arrays), with the options of the case."""
    return OPS[name].call(tensors, {key: on(xp, v) for key, v in case.options.items()})


def leaves(arrays, xp=np):
    """The arrays as Tensors that require a derivative."""
    return [tg.Tensor(on(xp, a), requires_grad=True) for a in arrays]


def check_module(module, *inputs, order=2):
    """check_gradients of a module (of float64) with respect to its inputs and its parameters."""
    parameters, count = module.parameters(), len(inputs)

    def run(*tensors):
        kept = [vars(owner)[name] for owner, name in places]
        try:
            for (owner, name), t in zip(places, tensors[count:]):
                setattr(owner, name, t)
            return module(*tensors[:count])
        finally:
            for (owner, name), p in zip(places, kept):
                setattr(owner, name, p)

    places = [(m, name) for _, m in module.modules() for name, v in vars(m).items() if isinstance(v, tg.nn.Parameter)]
    assert len(places) == len(parameters)
    tg.check_gradients(run, *inputs, *[p.data for p in parameters], order=order)


def to_foreign(module):
    """The module with its arrays on the foreign device, in place."""
    return module.apply(foreign.asarray)


def interruptible():
    """For a process that is to be stopped by Ctrl-C's signal, which one started in the background may ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def same(a, b):
    """Whether two games are the same in all that they will do."""
    for one, other in zip(checkpoint._groups(a).values(), checkpoint._groups(b).values(), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    assert (a.step, a.history) == (b.step, b.history)
    assert [r.bit_generator.state for r in checkpoint._rngs(a)] == [r.bit_generator.state for r in checkpoint._rngs(b)]
    return True


def undraw(patch):
    """From now on matplotlib draws no picture of a run, which takes most of a short one; each is a grey of its own."""
    greys = cycle(range(256))
    for name in ("cloud", "lines", "curves", "bands", "strips"):
        patch.setattr(f"tinygan.plots.{name}", lambda *_, **__: np.full((8, 8, 3), next(greys), np.uint8))


class Here:
    """An executor that works at once, in this process, with the methods of any other."""

    def __init__(self):
        self.played, self.ended = [], False

    def submit(self, function, folder, config):
        self.played.append(folder.name)
        future = Future()
        try:
            future.set_result(function(folder, config))
        except BaseException as error:
            future.set_exception(error)
        return future

    def shutdown(self, cancel_futures):
        assert cancel_futures
        self.ended = True


class in_this_process(Here):  # noqa: N801, it stands for a function
    """`Here` in the place of `sweep.processes`."""
    def __init__(self, jobs):
        super().__init__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def swept_run(folder):
    """Makes the folder of a run of three steps, with the files that a sweep leaves; returns it."""
    run = Run.create(folder, Config("ring", 4, 0, 8, "float32", "cpu", "ring", {"width": 4}))
    game.train(run.game, 3, [Doctor(4, 0, run.folder, lambda finding: None)])
    run.save()
    run.unlock()
    (run.folder / "figures.json").write_text('{"mean": 1.5, "modes": 8}')
    return run.folder
