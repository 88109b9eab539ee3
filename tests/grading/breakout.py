"""Attacks by students who know how Python works: name, code that raises `Reached` if the attack succeeds.

Each first switches off the audit hook and the watch over replaced functions; only the kernel and the grader are left.
All are harmless where they succeed: they look, and they write into files that the test made for them.
`python tests/grading/breakout.py` prints a table of all attacks under each level, with `not isolated` for comparison.
"""
import contextlib
import os
import socket
import tempfile
from pathlib import Path

import kit

import tinygan
from tinygan.grading import MachineError, grader, isolation
from tinygan.grading.checks import CheckError
from tinygan.grading.remote import Worker

NAME = "01-pull-backs"
RIGHT = "def softsign(x):\n    return x / (1 + tg.abs(x))\n"

FREE = """
import gc, os, sys, types, signal, errno, struct, json, time, threading
for f in [o for o in gc.get_objects() if isinstance(o, types.FunctionType) and o.__name__ in ('guard', 'untouched')]:
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        if name in ('forbidden', 'before'): cell.cell_contents = ()
        if name == 'readable': cell.cell_contents = ('/',)
        if name == 'writing': cell.cell_contents = 0
"""
CALLS = """
import ctypes as c
class Reached(BaseException): pass
libc = c.CDLL(None, use_errno=True)
libc.syscall.restype = c.c_long
def call(number, *arguments):
    found = libc.syscall(c.c_long(number), *[c.c_long(a) if isinstance(a, int) else a for a in arguments])
    if found < 0: raise OSError(c.get_errno(), os.strerror(c.get_errno()))
    return found
def writes(path, flags=os.O_WRONLY | os.O_CREAT): os.write(os.open(path, flags), b'x')
parent = os.getppid()
"""
MAPS = """
import struct
libc.mmap.restype = c.c_void_p
libc.mmap.argtypes = [c.c_void_p, c.c_size_t, c.c_int, c.c_int, c.c_int, c.c_long]
libc.munmap.argtypes = [c.c_void_p, c.c_size_t]
def mapped(size, protection=3, flags=0x22, file=-1):
    found = libc.mmap(None, size, protection, flags, file, 0)
    if found == c.c_void_p(-1).value: raise OSError(c.get_errno(), 'mmap')
    return found
def thread(flags=0):  # it waits for a signal: clone, and pause in the child
    code, stack = mapped(4096, 7), mapped(65536) + 65000
    words = (bytes.fromhex('b838000000bf') + struct.pack('<I', 0x10f00 | flags) + bytes.fromhex('48be')
             + struct.pack('<Q', stack) + bytes.fromhex('31d24d31d24d31c00f0585c07401c3b8220000000f05ebf7'))
    c.memmove(code, words, len(words))
    found = c.CFUNCTYPE(c.c_long)(code)()
    if found < 0: raise OSError(-found, os.strerror(-found))
"""
FRAME = """
def frame(head, body=b''):
    head = head.encode() if isinstance(head, str) else head
    data = struct.pack('<QQ', len(head), len(body)) + head + body
    for fd in range(3, 64):
        try: os.write(fd, data)
        except OSError: pass
"""


def free(body):
    """The body when the hook is off, as a cell; it reaches its aim when it comes to its end."""
    return FREE + CALLS + MAPS + body + "\nraise Reached\n"


def forged(message, then="os._exit(0)"):
    """Sends a message of the student's own in place of an answer."""
    return FREE + FRAME + f"frame({message})\n{then}\n" + RIGHT


GOOD = '{"array": ["<f8", [2]], "type": "Tensor", "tensor": true}'
MESSAGES = [  # what the grader reads
    ("an empty error", forged("""'{"error": ""}' """)),
    ("an empty error, often", forged("""'{"error": "", "line": ""}'""", then="for i in range(99):\n"
                                     """    frame('{"error": "", "line": ""}')\nos._exit(0)""")),
    ("a blank error", forged("""'{"error": " ", "line": ""}'""")),
    ("an error that is null", forged("""'{"error": null, "line": ""}'""")),
    ("an error that is a number", forged("""'{"error": 0, "line": 0}'""")),
    ("an error that is the word of a pass", forged("""'{"error": "right", "line": ""}'""")),
    ("an error that begins like a pass", forged("""'{"error": "right \\\\nsoftsign: 4 of 4", "line": ""}'""")),
    ("no keys", forged("'{}'")),
    ("no object", forged("'[]'")),
    ("a null", forged("'null'")),
    ("an error and an array", forged("""'{"error": "", "line": "", "array": ["<f8", [0]]}'""")),
    ("an error twice", forged("""'{"error": "x", "line": "", "error": ""}'""")),
    ("a head without end", forged("'', b''", then="for fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 4096)\n"
                                  "    except OSError: pass\ntime.sleep(99)")),
    ("a head of 60,000 brackets", forged("'[' * 60000")),
    ("a head of 70,000 spaces", forged("'{' + ' ' * 70000 + '}'")),
    ("a number of 60,000 digits", forged("'9' * 60000")),
    ("a head that is not UTF-8", forged("b'\\xff' * 50")),
    ("objects", forged("""'{"array": ["|O", [2]], "type": "", "tensor": true}', b'x' * 16""")),
    ("text for numbers", forged("""'{"array": ["<U4", [1]], "type": "", "tensor": true}', b'x' * 16""")),
    ("a shape that is negative", forged("""'{"array": ["<f8", [-1]], "type": "", "tensor": true}', b'x' * 16""")),
    ("a shape beyond all memory", forged("""'{"array": ["<f8", [0, 9223372036854775807, 4]], "type": "", """
                                         """"tensor": true}'""")),
    ("a shape of truths", forged("""'{"array": ["<f8", [true]], "type": "", "tensor": true}', bytes(8)""")),
    ("more bytes than the shape", forged("""'{"array": ["<f8", [1]], "type": "", "tensor": true}', bytes(80)""")),
    ("a Tensor by its word", forged("""'{"array": ["<f8", [1]], "type": "", "tensor": "yes"}', bytes(8)""")),
    ("zeros before they are asked for", forged("""'{"array": ["<f8", [0]], "type": "list", "tensor": false}'""",
                                               then=f"for i in range(99): frame('{GOOD}', bytes(16))")),
    ("one byte a second", forged("''", then="for fd in range(3, 64):\n    try:\n        for i in range(99): "
                                 "os.write(fd, b'a'); time.sleep(1)\n    except OSError: pass")),
    ("a byte every 50 ms", FREE + "os.write(4, struct.pack('<QQ', 60000, 0))\n"
     "for i in range(60000): os.write(4, b' '); time.sleep(.05)"),
    ("a thread that answers too", forged("''", then="def more():\n    while True: frame('{\"error\": \"\"}')\n"
                                         "threading.Thread(target=more, daemon=True).start(); time.sleep(1)")),
    ("json that lies", FREE + "json.dumps = lambda *a, **k: '{\"error\": \"\", \"line\": \"\"}'\n" + RIGHT),
    ("the questions are thrown away", FREE + "for fd in range(3, 64):\n    try: os.read(fd, 1 << 20)\n"
     "    except OSError: pass\n" + RIGHT),
    ("no answer, and no end", FREE + "os.closerange(0, 64)\ntime.sleep(99)"),
    ("stops itself", FREE + "os.kill(os.getpid(), signal.SIGSTOP)"),
    ("kills itself", FREE + "os.kill(os.getpid(), signal.SIGKILL)"),
    ("ignores the end of its time", FREE + "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"),
    ("an exception of 100 MB", "raise ValueError('x' * (100 << 20))"),
    ("a class with a long name", f"raise type('E' * (1 << 20), (Exception,), {{}})('{'x' * 999}')"),
]

FILES = [  # {course}, {library}, {decoy}, {beside}: of the test
    ("reads the solutions", "open('{course}/source/01-pull-backs/01-pull-backs.py').read()"),
    ("lists the course", "os.listdir('{course}')"),
    ("reads the gradebook", "open('{course}/gradebook.db', 'rb').read()"),
    ("reads a file of the grader", "open('{decoy}').read()"),
    ("reads it by a way around", "open('/proc/self/root{decoy}').read()"),
    ("reads it in its parent's root", "open('/proc/%d/root{decoy}' % parent).read()"),
    ("reads it through the raw call", "call(2, b'{decoy}', 0)"),
    ("reads it by its handle", "b = c.create_string_buffer(struct.pack('Ii', 128, 0) + bytes(128)); m = c.c_int()\n"
     "call(303, -100, b'{decoy}', b, c.byref(m), 0)\ncall(304, -100, b, 0)"),
    ("reads it by the folder above", "os.chdir('..'); open('secret').read()"),
    ("reads it by an old descriptor", "os.fchdir(os.open('{beside}', os.O_PATH)); open('decoy').read()"),
    ("reads the accounts", "open('/etc/passwd').read()"),
    ("lists the root", "assert 'home' in os.listdir('/')"),
    ("lists the processes", "assert any(p.isdigit() and int(p) > 9 for p in os.listdir('/proc'))"),
    ("reads its parent's memory", "open('/proc/%d/mem' % parent, 'rb').read(1)"),
    ("reads its parent's variables", "assert open('/proc/%d/environ' % parent).read()"),
    ("reads the variables of the grader", "assert 'TINYGAN_DECOY' in os.environ"),
    ("watches the course", "f = call(253); call(254, f, b'{course}', 0xfff)"),
    ("appends to a file of the grader", "writes('{decoy}', os.O_WRONLY | os.O_APPEND)"),
    ("truncates it", "os.truncate('{decoy}', 0)"),
    ("empties it without writing", "os.open('{decoy}', os.O_RDONLY | os.O_TRUNC)"),
    ("removes it", "os.unlink('{decoy}')"),
    ("renames it", "os.rename('{decoy}', '{beside}/other')"),
    ("changes its mode", "os.chmod('{decoy}', 0o777)"),
    ("changes its owner", "os.chown('{decoy}', 1, 1)"),
    ("changes its time", "os.utime('{decoy}', (0, 0))"),
    ("changes its attributes", "os.setxattr('{decoy}', 'user.a', b'b')"),
    ("links to it", "os.link('{decoy}', 'mine')"),
    ("points to it", "os.symlink('{decoy}', 'mine'); open('mine').read()"),
    ("writes beside its folder", "writes('{beside}/mine')"),
    ("writes above its folder", "writes('../mine-of-tinygan')"),
    ("writes into the temporary folder", "writes('{temporary}/mine-of-tinygan')"),
    ("writes into shared memory", "writes('/dev/shm/mine-of-tinygan')"),
    ("writes into the root", "writes('/mine-of-tinygan')"),
    ("writes into the library", "os.open('{library}/check.py', os.O_WRONLY)"),
    ("changes the library in place", "os.open('{library}/check.py', os.O_RDWR)"),
    ("changes the mode of the library", "os.chmod('{library}/check.py', os.stat('{library}/check.py').st_mode)"),
    ("leaves code for the next", "os.mkdir('{library}/mine'); os.rmdir('{library}/mine')"),
    ("makes a pipe in the file system", "os.mkfifo('pipe')"),
    ("makes a device", "os.mknod('zero', 0o20666, os.makedev(1, 5)); open('zero', 'rb').read(1)"),
    ("shared memory by name", "import _posixshmem; _posixshmem.shm_open('/mine', os.O_CREAT | os.O_RDWR, 0o600)"),
    ("a semaphore by name", "import _multiprocessing as m; m.SemLock(1, 1, 1, '/mine', False)"),
    ("a file without a name", "os.memfd_create('mine')"),
    ("another root", "os.chroot('.')"),
    ("100 MB in files", "for i in range(100): writes_mb = open(f'f{{i}}', 'wb').write(bytes(1 << 20))\ntime.sleep(1)"),
    ("files without bytes", "for i in range(20000): os.close(os.open(f'f{{i}}', os.O_CREAT))\ntime.sleep(1)"),
    ("removed files that stay mapped", "for i in range(70):\n    f = os.open('x', os.O_RDWR | os.O_CREAT)\n"
     "    os.write(f, bytes(1 << 20)); mapped(4096, 1, 2, f); os.close(f); os.unlink('x')\ntime.sleep(1)"),
    ("files without a name that stay mapped", "for i in range(70):\n    f = os.open('.', os.O_RDWR | os.O_TMPFILE)\n"
     "    os.write(f, bytes(1 << 20)); mapped(4096, 1, 2, f); os.close(f)\ntime.sleep(1)"),
    ("a folder that is hidden by new names", "os.mkdir('a')\n"
     "for i in range(9): os.rename('a', 'b'); os.rename('b', 'a')"),
    ("a million files", "for i in range(1 << 20): writes(f'f{{i}}'); os.closerange(8, 60)"),
]

CALLED = [  # what only the kernel can refuse
    ("forks", "if not os.fork(): os._exit(0)"),
    ("forks and leaves its session", "if not os.fork(): os.setsid(); os._exit(0)"),
    ("vfork", "pid = call(58)\nif not pid: libc._exit(0)"),
    ("clone", "pid = call(56, 17, 0, 0, 0, 0)\nif not pid: libc._exit(0)"),
    ("clone3", "pid = call(435, struct.pack('=11Q', 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), c.c_size_t(88))\n"
     "if not pid: libc._exit(0)"),
    ("a program by the subprocess module", "import subprocess; subprocess.run([sys.executable, '-c', ''])"),
    ("a program by posix_spawn", "os.posix_spawn('/proc/self/exe', ['python', '-c', ''], {{}})"),
    ("another program in its place", "os.execv('/proc/self/exe', ['python', '-c', 'import os; os._exit(77)'])"),
    ("a program by its descriptor", "call(322, os.open(sys.executable, 0), b'', 0, 0, 0x1000)"),
    ("TCP", "import socket; socket.create_connection(('127.0.0.1', {port}), 1)"),
    ("UDP", "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))"),
    ("a socket of the file system", "import socket; socket.socket(socket.AF_UNIX).bind('s')"),
    ("an abstract socket", "import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}')"),
    ("netlink", "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)"),
    ("signals its parent", "assert parent > 9; os.kill(parent, 0)"),
    ("signals the grader", "os.kill({grader}, 0)"),
    ("signals everyone", "os.kill(-1, 0)"),
    ("signals its group", "os.killpg(0, 0)"),
    ("signals a thread of the grader", "call(200, {grader}, 0)"),
    ("signals by a descriptor", "signal.pidfd_send_signal(os.pidfd_open({grader}), 0)"),
    ("signals by the kernel's input", "import fcntl; fcntl.fcntl(3, fcntl.F_SETOWN, {grader})"),
    ("traces the grader", "call(101, 0x4206, {grader}, 0, 0)"),
    ("reads the grader's memory", "b = c.create_string_buffer(8); v = (c.c_size_t * 2)(c.addressof(b), 8)\n"
     "call(310, {grader}, v, 1, v, 1, 0)"),
    ("copies a descriptor of the grader", "call(438, call(434, {grader}, 0), 0, 0)"),
    ("changes the priority of the grader", "os.setpriority(os.PRIO_PROCESS, {grader}, 0)"),
    ("binds the grader to a core", "os.sched_setaffinity({grader}, os.sched_getaffinity({grader}))"),
    ("raises its limits", "call(302, 0, 6, struct.pack('QQ', 9, 9), 0)"),
    ("raises its limits by the old call", "call(160, 7, struct.pack('QQ', 64, 64))"),
    ("lowers the limits of the grader", "b = c.create_string_buffer(16); call(302, {grader}, 7, 0, b)\n"
     "call(302, {grader}, 7, b, 0)"),
    ("leaves its session", "os.setsid()"),
    ("leaves its group", "os.setpgid(0, 0)"),
    ("lives longer than the grader", "call(157, 1, 0)"),
    ("a namespace of users", "call(272, 0x10000000)"),
    ("a mount", "os.mkdir('m'); call(165, b'none', b'm', b'tmpfs', 0, 0); call(166, b'm', 2)"),
    ("System V shared memory", "call(29, 77, 4096, 0o1600)"),
    ("a System V queue", "call(68, 77, 0o1600)"),
    ("a POSIX queue", "call(240, b'mine', 0o102, 0o600, 0)"),
    ("io_uring", "call(425, 8, c.create_string_buffer(256))"),
    ("a program in the kernel", "call(321, 0, struct.pack('IIIIIIII', 1, 4, 4, 4, 0, 0, 0, 0), 32)"),
    ("page faults of its own", "call(323, 1)"),
    ("a performance counter", "call(298, struct.pack('II', 1, 112) + bytes(120), 0, -1, -1, 0)"),
    ("a key in the kernel", "call(248, b'user', b'a', b'b', c.c_size_t(1), -2)"),
    ("calls of 32 bits", "call(0x40000000 + 39)"),
    ("a character for the terminal", "import fcntl; fcntl.ioctl(0, 0x5412, b'x')"),
    ("another user", "os.setuid(12345)"),
    ("a clock that is set", "time.clock_settime(time.CLOCK_REALTIME, time.time())"),
    ("a subinterpreter without a hook", "try: import _interpreters as i\n"
     "except ImportError: import _xxsubinterpreters as i\n"
     "failed = i.run_string(i.create(), \"open('{decoy}').read()\")\n"
     "assert failed is None, failed"),
    ("threads without end", "def wait(): time.sleep(99)\n"
     "for i in range(1 << 20): threading.Thread(target=wait).start()"),
    ("descriptors without end", "kept = [os.pipe() for i in range(1 << 20)]"),
    ("waiting threads without end", "for i in range(1000): thread()\ntime.sleep(1)"),
    ("a thread in a network of its own", "thread(0x40000000)"),
    ("a thread with mounts of its own", "thread(0x20000)"),
    ("memory that no process has", "for i in range(8):\n    place = mapped(150 << 20, 3, 0x21)\n"
     "    c.memset(place, 1, 150 << 20); libc.munmap(place + 4096, (150 << 20) - 4096)"),
    ("memory out of use", "call(28, mapped(4096), 0, 101)"),
    ("memory outside of its limit", "import mmap; kept = [mmap.mmap(-1, 1 << 28) for i in range(5)]"),
]


@contextlib.contextmanager
def targets():
    """The targets of the attacks: files of the grader, its number, a port, a socket."""
    with tempfile.TemporaryDirectory() as beside, socket.create_server(("127.0.0.1", 0)) as tcp, \
            socket.socket(socket.AF_UNIX) as abstract:
        name = f"tinygan-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        os.environ["TINYGAN_DECOY"] = "secret"
        yield {"course": kit.COURSE, "library": Path(tinygan.__file__).parent, "decoy": f"{beside}/decoy",
               "beside": beside, "temporary": tempfile.gettempdir(), "grader": os.getpid(),
               "port": tcp.getsockname()[1], "name": name}
        del os.environ["TINYGAN_DECOY"]


def reached(body, level, found):
    """Whether an attack comes to its end, and the reason if not."""
    Path(found["decoy"]).write_text("secret")
    code = free(body.format(**found))
    try:
        with Worker([("answer", "import numpy as np"), ("answer", code)], seconds=1, level=level):
            return True, "no error"
    except CheckError as error:
        return "Reached" in str(error), str(error)


def points(code, level):
    """Whether an attack on the messages gets points, and the reason if not."""
    work = kit.work(NAME)
    result = grader.grade_task(work, kit.hurried(work.tasks[0], 1), {**work.solutions, "softsign-answer": code},
                               level=level)
    return result.passed, result.reason


LEFT = (tempfile.gettempdir(), "/dev/shm", "/")  # where attacks write when nothing is isolated


def main():
    """Prints the table attack x level."""
    levels = [isolation.BUBBLEWRAP, isolation.LANDLOCK, isolation.NONE]
    print("| attack |", " | ".join(levels), "|\n|" + " --- |" * 4)
    count = dict.fromkeys(levels, 0)
    with targets() as found:
        for name, code in [*MESSAGES, *FILES, *CALLED]:
            row = []
            for level in levels:
                try:
                    success, reason = points(code, level) if (name, code) in MESSAGES else reached(code, level, found)
                except MachineError as error:
                    success, reason = False, f"not tried: {error}"
                count[level] += success
                row.append("**reached**" if success else reason.splitlines()[0][:70].replace("|", "/"))
            print(f"| {name} |", " | ".join(row), "|", flush=True)
    for place in LEFT:
        for name in ("mine", "sem.mine", "mine-of-tinygan"):
            Path(place, name).unlink(missing_ok=True)
    print(f"reached, of {len(MESSAGES + FILES + CALLED)}:", count)


if __name__ == "__main__":
    main()
