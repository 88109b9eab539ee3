"""The process that runs a student's code: it answers questions with arrays, and checks nothing.

It is a new Python process with limits on time, memory and files, in an empty folder, isolated by the kernel; it ends
with its task. A question is a text (a Python literal) and arrays; the answer is a text (JSON) and an array. If the
student's code damages this process (patches, exits, uses all memory, prints), only this task loses its points.
"""
from __future__ import annotations

import ast
import builtins
import ctypes
import functools
import importlib.util
import json
import os
import platform
import resource
import signal
import sys
import types

import numpy as np

import tinygan
from tinygan.grading import landlock, seccomp
from tinygan.grading.checks import _input, on_arrays, watched
from tinygan.grading.isolation import LANDLOCK, NONE
from tinygan.grading.messages import kinds, packed, receive, unpack
from tinygan.grading.seccomp import ARCHITECTURES
from tinygan.ops.shape import concatenate, reshape
from tinygan.tensor import Tensor, grad

FORBIDDEN = ("os.system", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.", "pty.", "os.kill",
             "signal.pthread_kill", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "os.chown",
             "os.link", "os.symlink", "shutil.", "socket.", "ctypes.", "resource.setrlimit", "resource.prlimit",
             "sys.addaudithook")


def derived(f, level, create_graph=False):
    """The level-th pull-back of f: a function of inputs and cotangents; it returns all gradients as one vector.

    Level 1 maps (x, ..., g) to the gradients of sum(f(x, ...) * g), in the widest dtype that a rule gives. Level 2 is
    the pull-back of level 1, with one more cotangent.
    """
    if level == 0:
        return f
    below = derived(f, level - 1, True)

    def pulled(*inputs):
        *before, g = inputs
        seen: list = []
        y = below(*[watched(x, seen) if isinstance(x, Tensor) else x for x in before])
        if not isinstance(y, Tensor):
            raise TypeError(f"the function returns a {type(y).__name__}, expected a Tensor")
        xs = [x for x in before if isinstance(x, Tensor)]
        slopes = grad((y * g).sum(), xs, create_graph, allow_unused=True) if y.requires_grad else [None] * len(xs)
        flat = concatenate([reshape(0 * x if s is None else s, (-1,)) for x, s in zip(xs, slopes)])
        widest = np.result_type(flat.dtype, *[dtype for dtype, _ in seen])
        return flat if widest == flat.dtype else flat * np.ones(1, widest)

    return pulled


class Notebook:
    """The part of IPython that an answer may need: `%time`, `%%capture` and the like run their Python in `names`.

    All other magics and the commands of a shell do nothing.
    """

    def __init__(self, names, place):
        self.names, self.place = names, place

    def run_line_magic(self, name, line, *_, body=None):
        if name in ("time", "prun", "capture"):
            run_cell(line if body is None else "\n" + body, self.place, self.names)  # a body starts in line 2

    def run_cell_magic(self, name, line, body):
        self.run_line_magic(name, line, body=body)

    def __getattr__(self, name):
        return lambda *_, **__: None


def run_cell(text, place, names):
    """Runs a cell of Python, or of IPython: with magics (`%matplotlib inline`), `!ls`, `x?` and `await`."""
    names["get_ipython"] = lambda: Notebook(names, place)
    try:
        code = compile(text, place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        if not importlib.util.find_spec("IPython"):
            raise
        from IPython.core.inputtransformer2 import TransformerManager
        code = compile(TransformerManager().transform_cell(text), place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    coroutine = eval(code, names)
    if coroutine is not None:  # the cell awaits; an event loop would need a socket, which is forbidden
        for _ in coroutine.__await__():
            pass


def main():
    """Isolates itself, then reads the student's program and answers questions until there are none."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    read = functools.partial(_exactly, questions)
    task = ast.literal_eval(receive(read)[0])
    _limit(task)
    _isolate(task)
    os.dup2(null, 2)
    _send(answers, "ready")
    untouched = _snapshot()
    sys.addaudithook(_guard(task["readable"], task["folder"]))
    submission = types.ModuleType("submission")  # a module, since dataclasses look their types up in it
    sys.modules["submission"] = submission
    names = vars(submission)
    names.update(dict.fromkeys(("display", "help"), lambda *_, **__: None), input=lambda *_: "")  # nobody is there

    def load(cells):
        for name, text in cells:
            run_cell(text, f"<{name}>", names)  # untrusted: only this process runs it
        untouched()
        return []

    def ask(question, arrays):
        f = eval(question["f"], names, {"on_arrays": on_arrays})  # the library's, whatever an answer defines
        bare = question["bare"]
        value = derived(lambda *xs: f(*xs, **question["options"]), question["level"], not bare)(*map(_input, arrays))
        untouched()
        return value

    _answer(answers, load, ast.literal_eval(receive(read)[0]))
    while True:
        text, body = receive(read)
        question = ast.literal_eval(text)
        _answer(answers, ask, question, unpack(question["arrays"], body))


def _exactly(pipe, n) -> bytes:
    data = pipe.read(n)
    if len(data) < n:
        raise EOFError
    return data


def _send(pipe, text, arrays=()):
    pipe.write(packed(text, arrays))
    pipe.flush()


def _limit(task):
    """Sets the limits of this process; its code cannot raise them. It ends with the grader, however that ends."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG
    for name, limit in {"CPU": (task["seconds"], task["seconds"] + 1), "AS": (task["megabytes"] << 20,) * 2,
                        "FSIZE": (1 << 20, 1 << 20), "NOFILE": (64, 64), "CORE": (0, 0)}.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]  # of the grader; nobody but an administrator can raise it
        resource.setrlimit(kind, limit if hard == resource.RLIM_INFINITY else tuple(min(n, hard) for n in limit))


def _isolate(task):
    """Isolates this process by its level (`tinygan.grading.isolation`), and proves it; OSError if it does not hold."""
    os.chdir(task["folder"])
    if task["level"] == NONE:
        return
    needed = task["level"] == LANDLOCK  # bubblewrap isolates without them, and better with them
    if needed or landlock.version() >= landlock.OLDEST:
        landlock.restrict(task["readable"], task["folder"])
    if needed or platform.machine() in ARCHITECTURES:
        seccomp.install()
    try:
        open(task["secret"]).close()
    except OSError:
        return
    raise OSError(f"{task['secret']} can be read, in spite of the isolation by {task['level']}")


def _answer(pipe, do, *arguments):
    """Sends the value of `do`, or its error."""
    try:
        value = do(*arguments)
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.dtype.kind == "c" or array.dtype.str[1:] in ("f12", "f16"):
            raise TypeError(f"the function returns {array.dtype} numbers, expected float64, float32 or float16")
        if array.dtype.kind not in "fiub":
            raise TypeError(f"the function returns a {type(value).__name__}, expected a Tensor")
        answer = {"array": kinds([array])[0], "type": type(value).__name__[:60], "tensor": isinstance(value, Tensor)}
        _send(pipe, json.dumps(answer), [array])
    except BaseException as error:
        _send(pipe, json.dumps({"error": f"{type(error).__name__}: {error}"[:600], "line": _line(error)[:200]}))


def _line(error) -> str:
    """The cell and the line of the student's code that raised an error."""
    trace, found = error.__traceback__, ""
    while trace:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith("<") and not code.co_filename.startswith(("<string", "<frozen", "<__array")):
            found = f"line {trace.tb_lineno} of {code.co_filename[1:-1]}"
        trace = trace.tb_next
    return found


def _snapshot():
    """Returns a function that raises if a function or class of the library or of NumPy has been replaced."""
    owners: list = [m for name, m in sorted(sys.modules.items()) if name.split(".")[0] == "tinygan"]
    owners += [builtins, os, os.path, np, np.linalg, np.random, Tensor, tinygan.nn.Module]
    before = [(owner, name, value) for owner in owners for name, value in list(vars(owner).items()) if callable(value)]

    def untouched():
        for owner, name, value in before:
            if vars(owner).get(name) is not value:
                raise RuntimeError(f"{owner.__name__}.{name} was replaced: leave the library as it is")
        for name, value in vars(sys.modules.get("numpy.testing", sys)).items():  # slow to import, so not there before
            if name.startswith("assert") and not value.__module__.startswith("numpy"):
                raise RuntimeError(f"numpy.testing.{name} was replaced: leave the library as it is")
    return untouched


def _guard(readable, folder):
    """An audit hook: its messages name what the kernel refuses, and where nothing is isolated it stops accidents."""
    readable = (*readable, "/dev/null", "/dev/urandom", folder)
    forbidden, real, inside, decode = FORBIDDEN, os.path.realpath, os.path.commonpath, os.fsdecode  # safe from patches
    writing = os.O_WRONLY | os.O_RDWR

    def guard(event, arguments):
        if event.startswith(forbidden):
            raise PermissionError(f"{event} is not allowed here")
        if event == "open" and not isinstance(arguments[0], int):
            path = real(decode(arguments[0]))
            allowed = (folder,) if (arguments[2] or 0) & writing else readable
            if not any(inside([path, place]) == place for place in allowed):
                raise PermissionError(f"open: {path} is not allowed here")
    return guard
