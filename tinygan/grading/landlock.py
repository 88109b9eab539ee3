"""The files that a process may still open, by Landlock: without root, without a package, on Linux 6.2 and later.

A process gives up all files but those that it names; the kernel holds it to that, whatever runs in it. Since kernel 6.7
it also gives up TCP, and since 6.12 signals to other processes.

Source: the kernel's userspace-api/landlock.rst.
"""
from __future__ import annotations

import ctypes
import os
import struct

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, of one number on every machine
WRITE_FILE, READ_FILE, READ_DIR, MAKE_DIR, MAKE_REGULAR, TRUNCATE = (1 << n for n in (1, 2, 3, 7, 8, 14))
READ = READ_FILE | READ_DIR
OF_FILES = READ_FILE | WRITE_FILE | TRUNCATE
OWN = READ | WRITE_FILE | MAKE_DIR | MAKE_REGULAR | TRUNCATE  # nothing is removed or renamed; no link, no device
OLDEST = 3  # the first version that knows TRUNCATE


def version() -> int:
    """The version of the kernel's Landlock; 0 if there is none."""
    return max(0, _call(CREATE, None, ctypes.c_size_t(0), 1))


def restrict(readable, folder):
    """Restricts this process to reading in `readable` and to reading and writing in `folder` and /dev/null.

    readable: files and folders; those that do not exist are left out. Must run before the first thread. OSError if the
    kernel does not hold it.
    """
    found = version()
    if found < OLDEST:
        raise OSError(f"the kernel has Landlock version {found}, expected at least {OLDEST} (Linux 6.2)")
    if len(os.listdir("/proc/self/task")) > 1:
        raise OSError("Landlock must be set before the first thread")
    files = (1 << (16 if found >= 5 else 15)) - 1  # all rights that this version knows, so that they are given up
    attributes = struct.pack("=QQQ", files, 3, 3)[:24 if found >= 6 else 16 if found >= 4 else 8]  # TCP; signals
    ruleset = _checked(CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    try:
        for path, rights in [*((path, READ) for path in readable), (folder, OWN), ("/dev/null", OF_FILES)]:
            _allow(ruleset, path, rights)
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        _checked(RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset, path, rights):
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= OF_FILES
        _checked(ADD, ruleset, 1, struct.pack("=Qi", rights, place), 0)  # LANDLOCK_RULE_PATH_BENEATH
    finally:
        os.close(place)


def _checked(*arguments):
    found = _call(*arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return found


def _call(*arguments):
    return ctypes.CDLL(None, use_errno=True).syscall(*arguments)
