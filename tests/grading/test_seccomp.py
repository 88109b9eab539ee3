"""The filter of system calls, run by an interpreter of its instructions: what each machine allows and refuses."""
import errno
import subprocess
import sys

import pytest

from tinygan.grading import seccomp

pytest.importorskip("resource")  # of POSIX
ALLOW, KILL = seccomp.ALLOW, seccomp.KILL
PROCESS = 4321


def answer(machine, number, *arguments, architecture=None):
    """The answer of the filter for process 4321 to a call with these arguments."""
    words = {0: number, 4: seccomp.ARCHITECTURES[machine][1] if architecture is None else architecture}
    for i, argument in enumerate(arguments):
        words[16 + 8 * i], words[20 + 8 * i] = argument & 0xFFFFFFFF, argument >> 32
    code, at, value = seccomp.program(machine, PROCESS), 0, 0
    while True:
        kind, yes, no, k = code[at]
        at += 1
        if kind == 0x20:
            value = words.get(k, 0)
        elif kind == 0x06:
            return k
        else:
            at += yes if {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[kind] else no


CALLS = {  # x86-64, aarch64, arguments: the kernel's tables
    "read": (0, 63), "openat": (257, 56), "mmap": (9, 222), "futex": (202, 98), "exit_group": (231, 94),
    "a thread": (56, 220, 0x3D0F00), "its own signal": (62, 129, PROCESS, 6), "its own thread": (234, 131, PROCESS, 7),
    "its limits": (302, 261, 0, 7, 0, 1 << 40), "a duplicate": (72, 25, 3, 1030), "its name": (157, 167, 15),
    "the size of a terminal": (16, 29, 1, 0x5413), "a new file": (257, 56, 0, 0, 0o102),
    "huge pages": (28, 233, 0, 0, 14),
    "memory of its own": (9, 222, 0, 4096, 3, 0x22), "a mapped file": (9, 222, 0, 4096, 1, 1)}
REFUSED = {
    "fork": (57, 1079), "clone": (56, 220, 17), "a namespace": (56, 220, 0x10000000), "execve": (59, 221),
    "execveat": (322, 281), "socket": (41, 198), "connect": (42, 203), "ptrace": (101, 117),
    "kill another": (62, 129, 1, 9), "kill everyone": (62, 129, (1 << 64) - 1, 9), "kill its group": (62, 129, 0, 9),
    "tgkill another": (234, 131, 1, 1), "tkill": (200, 130, PROCESS), "queue a signal": (129, 138, PROCESS),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "mknod": (259, 33), "link": (265, 37),
    "symlink": (266, 36), "memfd_create": (319, 279), "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190),
    "mq_open": (240, 180), "setsid": (112, 157), "setpgid": (109, 154), "setrlimit": (160, 164),
    "a new limit": (302, 261, 0, 7, 1 << 40), "a new limit at a high place": (302, 261, 0, 7, 5 << 32),
    "mount": (165, 40), "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "bpf": (321, 280),
    "userfaultfd": (323, 282), "perf_event_open": (298, 241), "keyctl": (250, 219), "open_by_handle_at": (304, 265),
    "inotify_add_watch": (254, 27), "setpriority": (141, 140), "sched_setaffinity": (203, 122), "chmod": (268, 53),
    "chown": (260, 54), "setxattr": (188, 5), "utimensat": (280, 88), "an owner of signals": (72, 25, 3, 8),
    "the size of a pipe": (72, 25, 3, 1031), "typed characters": (16, 29, 0, 0x5412), "dumpable": (157, 167, 4),
    "a file without a name": (257, 56, 0, 0, 0o20200002), "unlink": (263, 35), "rename": (316, 276), "rmdir": (84, 35),
    "shared memory without a name": (9, 222, 0, 4096, 3, 0x21), "a page that is broken": (28, 233, 0, 4096, 100),
    "a page out of use": (28, 233, 0, 4096, 101), "a thread in a new network": (56, 220, 0x403D0F00),
    "a thread in a new mount": (56, 220, 0x3F0F00), "a thread of its parent": (56, 220, 0x3D8F00),
    "its end with the grader's": (157, 167, 1), "a filter": (317, 277)}
MISSING = {"clone3": 435, "pidfd_open": 434, "io_uring_setup": 425, "pidfd_getfd": 438, "openat2": 437, "later": 999,
           "32 bits": 0x40000000}


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_what_a_computation_needs_is_allowed_and_nothing_else(machine):
    column = seccomp.ARCHITECTURES[machine][0]
    for name, (*numbers, a, b) in {**{k: (*v[:2], *v[2:], 0, 0) for k, v in CALLS.items()}}.items():
        assert answer(machine, numbers[column], *numbers[2:], a, b) == ALLOW, name
    for name, numbers in REFUSED.items():
        assert answer(machine, numbers[column], *numbers[2:]) in (seccomp.REFUSE, seccomp.UNKNOWN), name
    for name, number in MISSING.items():
        assert answer(machine, number) == 0x50000 | errno.ENOSYS, name  # so that the C library takes an older call
    other = 0x40000003  # of 32 bits
    assert answer(machine, 3, architecture=other) == KILL


def test_the_list_names_each_number_once():
    for column in (1, 2):
        numbers = [entry.split(":")[column] for entry in seccomp.ALLOWED.split() if not entry.endswith(":-")
                   or column == 1]
        assert len(numbers) == len(set(numbers)) > 70


def test_a_machine_whose_numbers_are_not_known():
    with pytest.raises(OSError, match="the system calls of riscv64 are not known, only those of x86_64 and aarch64"):
        seccomp.program("riscv64", 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")
def test_a_filtered_process_computes_and_cannot_fork():
    code = """
import os, threading
from tinygan.grading import seccomp
assert not seccomp.installed()
seccomp.install()
assert seccomp.installed()
done = []
thread = threading.Thread(target=done.append, args=(1,))
thread.start(); thread.join()
try: os.fork()
except PermissionError: print(done)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[1]\n"
