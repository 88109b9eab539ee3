"""How the kernel isolates the process that runs a student's code: bubblewrap, or Landlock with a filter of calls.

bubblewrap (the package of that name) gives the process a file system, a network and process numbers of its own.
Landlock and seccomp need no package. The process sees the interpreter, its libraries and the package tinygan, and can
write in the folder of its task alone. `lectures/teaching.md` lists what each level stops.
"""
from __future__ import annotations

import functools
import os
import re
import shutil
import site
import sys
import sysconfig
from pathlib import Path

import numpy as np

import tinygan
from tinygan.grading import CheckError, GradingError, MachineError

BUBBLEWRAP, LANDLOCK, NONE = "bubblewrap", "landlock", "not isolated"
SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
HOME = "/task"  # the folder of a task as bubblewrap shows it
PACKAGE = Path(tinygan.__file__).resolve().parent
NUMPY = [os.path.dirname(np.__file__), os.path.dirname(np.__file__) + ".libs"]  # perhaps installed on its own
LIBRARY = re.compile(r"\.so(\.\d+)*$")
PYTHON = os.path.realpath(sys.executable)
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PATH": os.defpath, "LANG": "C.UTF-8"}


def libraries() -> list[str]:
    """The folders from which the process imports: the standard library and the installed packages."""
    places = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    installed = {*site.getsitepackages(), site.getusersitepackages(), *places}
    own = [path for path in sys.path if path in installed or path.startswith(tuple(filter(None, places)))]
    return [path for path in dict.fromkeys(own) if os.path.isdir(path)]


def readable() -> list[str]:
    """The files and folders that a student's code can read, besides those of its task."""
    places = [*SYSTEM, sysconfig.get_path("stdlib"), *libraries(), PYTHON, str(PACKAGE), *NUMPY, *_shared()]
    kept: list[str] = []
    for path in sorted(set(places), key=len):
        if os.path.exists(path) and not any(Path(path).is_relative_to(place) for place in kept):
            kept.append(path)
    return kept


def _shared() -> list[str]:
    """Shared libraries: folders of the interpreter's installation; elsewhere files, beside which others may lie."""
    maps = Path("/proc/self/maps")
    loaded = {Path(path).parent for line in (maps.read_text().splitlines() if maps.exists() else ())
              for path in line.split(maxsplit=5)[5:] if os.path.isabs(path) and LIBRARY.search(path)}
    own = [Path(prefix) for prefix in (sys.prefix, sys.base_prefix)]
    return [str(place) for folder in sorted(loaded) if folder.is_dir() for place in (
        [folder] if any(prefix in folder.parents for prefix in own) else
        [file for file in folder.iterdir() if LIBRARY.search(file.name) and file.is_file()])]


def command(level: str) -> list[str]:
    """The command that starts the process at this level."""
    start = (f"import sys; sys.path[:] = {[str(PACKAGE.parent), *libraries(), str(Path(NUMPY[0]).parent)]!r}; "
             "from tinygan.grading.worker import main; main()")
    python = [PYTHON, "-I", "-S", "-B", "-c", start]
    if level != BUBBLEWRAP:
        return python
    binds = [word for path in readable() for word in ("--ro-bind", path, path)]
    variables = [word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)]
    return ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", *variables,
            "--setenv", "HOME", HOME, "--size", str(1 << 20), "--tmpfs", "/tmp", *binds,  # Python may be in /tmp
            "--proc", "/proc", "--dev", "/dev", "--size", str(64 << 20), "--tmpfs", HOME, "--chdir", HOME,
            "--remount-ro", "/dev", "--remount-ro", "/", "--cap-drop", "ALL", *python]


@functools.cache
def fault(level: str) -> str:
    """The reason why a level does not work on this machine, or "": one process is started to see."""
    from tinygan.grading.remote import Worker
    if not sys.platform.startswith("linux"):
        return f"it needs Linux, and this is {sys.platform}"
    if level == BUBBLEWRAP and not shutil.which("bwrap"):
        return "the package bubblewrap is not installed"
    try:
        with Worker([], level=level):
            return ""
    except (MachineError, CheckError) as error:  # it does not start, or it ends before it answers
        return str(error)


def choose(unsafe: bool = False) -> str:
    """The best level that works here; GradingError if there is none, unless `unsafe`, which then means no isolation."""
    for level in (BUBBLEWRAP, LANDLOCK):
        if not fault(level):
            return level
    if unsafe:
        return NONE
    raise GradingError(f"no isolation: bubblewrap: {fault(BUBBLEWRAP)}; Landlock: {fault(LANDLOCK)}; "
                       "install bubblewrap, or grade in a container that holds no secret, with --unsafe")
