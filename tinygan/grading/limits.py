"""Limits of a process that the kernel does not count: memory and folders of a whole tree of processes; and its end."""
from __future__ import annotations

import contextlib
import errno
import os
import signal
from pathlib import Path

DISK, FILES, THREADS = 64 << 20, 10_000, 256  # bytes and entries in the folder of a task; threads of a process


def processes(pid: int) -> list[int]:
    """A process and all its descendants, parents first; only the process itself where /proc does not list children."""
    found = [pid]
    for process in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{process}/task"):
                found += map(int, Path(f"/proc/{process}/task/{task}/children").read_text().split())
    return found


def kill(pid: int):
    """Kills a process, its descendants and its group."""
    for process in processes(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    kill_group(pid)


def kill_group(pid: int):
    """Kills what is left of the group of a process that may have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: of a group whose processes have ended
        os.killpg(pid, signal.SIGKILL)


def memory(pid: int) -> int:
    """The bytes of memory that a process and its descendants occupy; 0 where /proc does not tell."""
    pages = 0
    for process in processes(pid):
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def threads(pid: int) -> int:
    """The number of threads of a process; 0 where /proc does not tell."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/task"))
    return 0


def processor_time(pid: int) -> float:
    """The seconds of processor time of a process and its descendants that run; 0 where /proc does not tell."""
    ticks = 0
    for process in processes(pid):
        with contextlib.suppress(OSError):  # the name in parentheses may contain spaces
            user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
            ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def too_much_on_disk(folder: str) -> str:
    """The reason why a folder holds too much, or ""."""
    size, count, rooms = 0, 0, [folder]
    while rooms:
        try:
            with os.scandir(rooms.pop()) as entries:
                for entry in entries:
                    count += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if size > DISK or count > FILES:
                        return f"too much on disk: more than {DISK >> 20} MB or {FILES} files"
                    if entry.is_dir(follow_symlinks=False):
                        rooms.append(entry.path)
        except FileNotFoundError:  # removed in the meantime
            continue
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.ENAMETOOLONG):  # of the machine, such as no descriptors
                raise
            return f"too much on disk: folders that cannot be counted ({error.strerror})"
    return ""


def remove(folder: str):
    """Removes a folder, however deep: a folder in a folder moves up before it is emptied, so no path grows."""
    moved = 0
    while True:
        rooms = _emptied(folder)
        if not rooms:
            break
        for room in rooms:
            for inner in _emptied(room):
                os.chmod(inner, 0o700)  # a folder that is closed to its owner does not move
                os.rename(inner, os.path.join(folder, f".{os.getpid()}-{moved}"))
                moved += 1
            os.rmdir(room)
    os.rmdir(folder)


def _emptied(folder) -> list[str]:
    """Removes the files in a folder; returns its folders."""
    os.chmod(folder, 0o700)
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.path)
    return [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
