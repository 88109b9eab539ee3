"""The process in which a student's code runs: it answers questions with arrays, and judges nothing.

It is a fresh Python with limits on time, memory and files, in an empty folder, and dies with its task. A question is a
text (a Python literal) and arrays; the answer is a text (JSON) and arrays, as raw bytes: nothing is pickled. What the
student's code may do to this process (patch, exit, exhaust, print) costs the student this task, and nobody else.
"""
from __future__ import annotations

import ast
import builtins
import json
import os
import resource
import struct
import sys
import sysconfig

import numpy as np

import tinygan
from tinygan.grading.checks import _input
from tinygan.ops.shape import concatenate, reshape
from tinygan.tensor import Tensor, grad

FORBIDDEN = ("os.system", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.", "pty.", "os.kill",
             "signal.pthread_kill", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "os.chown",
             "os.link", "os.symlink", "shutil.", "socket.", "ctypes.", "resource.setrlimit", "resource.prlimit",
             "sys.addaudithook")


def send(pipe, text: str, arrays=()):
    """A message: the lengths, the text, the arrays' bytes."""
    head, body = text.encode(), b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)
    pipe.write(struct.pack("<QQ", len(head), len(body)) + head + body)
    pipe.flush()


def receive(pipe, limit=1 << 30) -> tuple[str, bytes]:
    """A message that `send` sent; EOFError when there is none, ValueError when it is longer than limit."""
    lengths = _exactly(pipe, 16)
    head, body = struct.unpack("<QQ", lengths)
    if head + body > limit:
        raise ValueError(f"a message of {head + body} bytes, expected at most {limit}")
    return _exactly(pipe, head).decode(), _exactly(pipe, body)


def _exactly(pipe, n) -> bytes:
    data = pipe.read(n)
    if len(data) < n:
        raise EOFError
    return data


def kinds(arrays) -> list:
    """What a message's text says of its arrays: dtype and shape of each."""
    return [[a.dtype.str, list(a.shape)] for a in arrays]


def unpack(described, body) -> list[np.ndarray]:
    """The arrays of a message; ValueError when they are not what the text says."""
    arrays, start = [], 0
    for dtype, shape in described:
        if dtype[:1] not in "<|" or dtype[1:] not in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1"):
            raise ValueError(f"an array of dtype {str(dtype)[:20]}")
        count = int(np.prod([int(n) for n in shape], dtype=object))
        arrays.append(np.frombuffer(body, dtype, count, start).reshape(shape).copy())
        start += arrays[-1].nbytes
    return arrays


def derived(f, level, create_graph=False):
    """The level-th pull-back of f: of inputs and cotangents, all gradients as one vector.

    Level 1 maps (x, ..., g) to the gradients of sum(f(x, ...) * g); level 2 is level 1 of that: one cotangent more.
    """
    if level == 0:
        return f
    below = derived(f, level - 1, True)

    def pulled(*inputs):
        *before, g = inputs
        y = below(*before)
        if not isinstance(y, Tensor):
            raise TypeError(f"the function returns a {type(y).__name__}, expected a Tensor")
        xs = [x for x in before if isinstance(x, Tensor)]
        slopes = grad((y * g).sum(), xs, create_graph, allow_unused=True) if y.requires_grad else [None] * len(xs)
        return concatenate([reshape(0 * x if s is None else s, (-1,)) for x, s in zip(xs, slopes)])

    return pulled


def main():
    """Reads the student's program, then answers questions until there are none."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    task = ast.literal_eval(receive(questions)[0])
    resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
    resource.setrlimit(resource.RLIMIT_AS, (task["megabytes"] << 20,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    untouched = _snapshot()
    sys.addaudithook(_guard(os.getcwd()))
    names: dict = {"__name__": "submission"}

    def load():
        for name, text in task["cells"]:
            exec(compile(text, f"<{name}>", "exec"), names)  # what this process is for
        untouched()
        return []

    def ask(question, arrays):
        f = eval(question["f"], names)
        bare = question["bare"]
        value = derived(lambda *xs: f(*xs, **question["options"]), question["level"], not bare)(*map(_input, arrays))
        untouched()
        return value

    _answer(answers, load)
    while True:
        text, body = receive(questions)
        question = ast.literal_eval(text)
        _answer(answers, ask, question, unpack(question["arrays"], body))


def _answer(pipe, do, *arguments):
    """Sends what `do` gives, or why it gives nothing."""
    try:
        value = do(*arguments)
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"the function returns a {type(value).__name__}, expected a Tensor")
        send(pipe, json.dumps({"arrays": kinds([array]), "type": type(value).__name__,
                               "tensor": isinstance(value, Tensor)}), [array])
    except BaseException as error:
        send(pipe, json.dumps({"error": f"{type(error).__name__}: {error}"[:600], "line": _line(error)}))


def _line(error) -> str:
    """Where in the student's code an error arose: the cell and the line."""
    trace, found = error.__traceback__, ""
    while trace:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith("<") and code.co_filename not in ("<string>", "<__array_function__ internals>"):
            found = f"line {trace.tb_lineno} of {code.co_filename[1:-1]}"
        trace = trace.tb_next
    return found


def _snapshot():
    """A function that raises when a function or class of the library, or of NumPy, is not what it was."""
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


def _guard(folder):
    """An audit hook: no other processes, no network, and files only to read Python's own or to write in the folder."""
    places = sysconfig.get_paths()
    readable = (*{os.path.realpath(places[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")},
                os.path.dirname(os.path.realpath(tinygan.__file__)), "/dev/null", "/dev/urandom", folder)
    forbidden, real, inside, decode = FORBIDDEN, os.path.realpath, os.path.commonpath, os.fsdecode  # not to be patched
    writing = os.O_WRONLY | os.O_RDWR

    def guard(event, arguments):
        if event.startswith(forbidden):
            raise PermissionError(f"{event} is not allowed here")
        if event == "open" and not isinstance(arguments[0], int):
            path = real(decode(arguments[0]))
            allowed = (folder,) if (arguments[2] or 0) & writing else readable
            if not any(inside([path, place]) == place for place in allowed):
                raise PermissionError(f"open: {path} is not for this process")
    return guard
