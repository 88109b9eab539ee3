"""A filter of system calls for the process that runs a student's code (seccomp, Linux on x86-64 and aarch64).

The filter is a list of what a computation needs: memory, threads, clocks, files. Everything else is refused: fork,
exec, sockets, signals to others, ptrace, links, devices, shared memory, the removal of files, limits that are set,
namespaces, io_uring, and what later kernels add. Landlock then decides which files can be opened.

Source: the kernel's seccomp_filter.rst; the numbers are those of asm/unistd_64.h and asm-generic/unistd.h.
"""
from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column below; AUDIT_ARCH_...

ALLOWED = """
read:0:63 write:1:64 readv:19:65 writev:20:66 pread64:17:67 pwrite64:18:68 preadv:295:69 pwritev:296:70
close:3:57 close_range:436:436 lseek:8:62 stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79
statx:332:291 access:21:- faccessat:269:48 faccessat2:439:439 readlink:89:- readlinkat:267:78 getcwd:79:17 chdir:80:49
fchdir:81:50 getdents:78:- getdents64:217:61 mkdir:83:- mkdirat:258:34 truncate:76:45 ftruncate:77:46
fsync:74:82 fdatasync:75:83 dup:32:23 dup2:33:- dup3:292:24 pipe:22:- pipe2:293:59 poll:7:- ppoll:271:73
select:23:- pselect6:270:72 sendfile:40:71 copy_file_range:326:285 statfs:137:43 fstatfs:138:44 umask:95:166
mprotect:10:226 munmap:11:215 mremap:25:216 brk:12:214 mincore:27:232 membarrier:324:283
futex:202:98 futex_waitv:449:449 set_robust_list:273:99 get_robust_list:274:100 rseq:334:293 set_tid_address:218:96
arch_prctl:158:- sched_yield:24:124 sched_getaffinity:204:123 sched_getparam:143:121 sched_getscheduler:145:120
sched_get_priority_max:146:125 sched_get_priority_min:147:126 getcpu:309:168 nanosleep:35:101 clock_nanosleep:230:115
clock_gettime:228:113 clock_getres:229:114 gettimeofday:96:169 time:201:- times:100:153 getrusage:98:165
getrlimit:97:163 alarm:37:- setitimer:38:103 getitimer:36:102 getpid:39:172 gettid:186:178 getppid:110:173
getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getgroups:115:158 getresuid:118:148 getresgid:120:150
uname:63:160 sysinfo:99:179 getrandom:318:278 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139
rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 restart_syscall:219:128
pause:34:- wait4:61:260 waitid:247:95 exit:60:93 exit_group:231:94
"""
SOME = {  # allowed for these values of an argument: number, argument, values
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 1030, 1032)),  # F_DUPFD ... F_SETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ
    "ioctl": ((16, 29), 1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # TCGETS TIOCGWINSZ FIONREAD FIONBIO ...
    "madvise": ((28, 233), 2, (*range(11), *range(14, 26), 102, 103)),  # 100 and 101 take memory away
    "prctl": ((157, 167), 0, (3, 15, 16, 21)),  # PR_GET_DUMPABLE PR_SET_NAME PR_GET_NAME PR_GET_SECCOMP
}
OPENS, TMPFILE = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}, 0x400000  # number, argument of the flags
MMAP, SHARED, ANONYMOUS = (9, 222), 1, 0x20
CLONE, CLONE_THREAD, OTHERS, PRLIMIT, NEWER = (56, 220), 0x10000, 0x7E02C000, (302, 261), 424  # CLONE_NEW..., PARENT
ALLOW, REFUSE, UNKNOWN, KILL = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x80000000

LOAD, EQUAL, AT_LEAST, BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of classic BPF
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data; argument i is at 16 + 8 i, its high half 4 bytes later


def program(machine: str, process: int) -> list[tuple[int, int, int, int]]:
    """The instructions (code, if true, if false, k) for a machine such as x86_64 and a process number.

    OSError if the numbers of the machine's system calls are not known.
    """
    if machine not in ARCHITECTURES:
        raise OSError(f"the system calls of {machine} are not known, only those of {' and '.join(ARCHITECTURES)}")
    column, architecture = ARCHITECTURES[machine]
    code = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]

    def call(number, *block):
        code.extend([(EQUAL, 0, len(block), number), *block])

    def among(argument, values):
        tests = [(EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
        return (LOAD, 0, 0, 16 + 8 * argument), *tests, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)

    for entry in ALLOWED.split():
        number = entry.split(":")[1 + column]
        if number != "-":
            call(int(number), (RETURN, 0, 0, ALLOW))
    for numbers, argument, values in SOME.values():
        call(numbers[column], *among(argument, values))
    for numbers in ((62, 129), (234, 131)):  # kill, tgkill: its own process alone
        call(numbers[column], *among(0, (process,)))
    # A file without a name, a removed file and shared memory without a name stay as long as one of their pages is
    # mapped, and no limit counts them.
    for opens, flags in OPENS[machine]:
        call(opens, (LOAD, 0, 0, 16 + 8 * flags), (BITS, 0, 1, TMPFILE), (RETURN, 0, 0, REFUSE),
             (RETURN, 0, 0, ALLOW))
    call(MMAP[column], (LOAD, 0, 0, 40), (BITS, 0, 2, ANONYMOUS), (BITS, 0, 1, SHARED), (RETURN, 0, 0, REFUSE),
         (RETURN, 0, 0, ALLOW))
    call(CLONE[column], (LOAD, 0, 0, 16), (BITS, 0, 1, CLONE_THREAD), (BITS, 0, 1, OTHERS), (RETURN, 0, 0, REFUSE),
         (RETURN, 0, 0, ALLOW))
    call(PRLIMIT[column], (LOAD, 0, 0, 32), (EQUAL, 0, 2, 0), (LOAD, 0, 0, 36), (EQUAL, 1, 0, 0),  # no new limits
         (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW))
    # The C library falls back to an older call (clone for clone3) only when a newer one does not exist.
    return [*code, (AT_LEAST, 1, 0, NEWER), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, UNKNOWN)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def install():
    """Filters the system calls of this process and all its threads from now on; OSError if the kernel refuses."""
    code = program(platform.machine(), os.getpid())
    filters = _Program(len(code), b"".join(struct.pack("=HBBI", *instruction) for instruction in code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(filters), 0, 0):  # PR_SET_NO_NEW_PRIVS, _SECCOMP
        raise OSError(ctypes.get_errno(), "the kernel does not filter system calls (seccomp)")


def installed() -> bool:
    """Whether a filter holds in this process."""
    return ctypes.CDLL(None).prctl(21, 0, 0, 0, 0) == 2  # PR_GET_SECCOMP: SECCOMP_MODE_FILTER
