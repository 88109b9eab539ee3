"""Answers to the first task of assignment 01 that attack the grader: name, code, a text in the reason."""
RIGHT = "def softsign(x):\n    return x / (1 + tg.abs(x))\n"
LOOP = "def softsign(x):\n    while True:\n        {}\n"


def inside(body):
    """A right function that does something else first."""
    return RIGHT.replace("    return", "".join(f"    {line}\n" for line in body.splitlines()) + "    return")


HOSTILE = [
    ("syntax error", "def softsign(x:", "SyntaxError"),
    ("crash while loading", "1 / 0", r"ZeroDivisionError.*line 1 of softsign-answer"),
    ("crash when called", inside("[][0]"), r"IndexError.*line 2 of softsign-answer"),
    ("sys.exit while loading", "import sys\nsys.exit(0)", "SystemExit"),
    ("sys.exit when called", inside("raise SystemExit"), "SystemExit"),
    ("os._exit", inside("import os\nos._exit(0)"), "ended with status 0"),
    ("segmentation fault", inside("import os\nos.abort()"), "ended with SIGABRT"),
    ("endless loop", LOOP.format("pass"), "too slow"),
    ("endless loop that catches all", LOOP.format("try:\n            while True: pass\n"
                                                  "        except BaseException: pass"),
     "too slow"),
    ("sleep", LOOP.format("import time; time.sleep(1)"), "too slow: no answer within"),
    ("endless recursion", "def softsign(x):\n    return softsign(x)\n", "RecursionError"),
    ("huge allocation", inside("kept = np.ones((1 << 20, 1 << 20))"), "too much memory"),
    ("allocation bit by bit", inside("kept = []\nwhile True: kept.append(bytes(1 << 24))"), "too much memory"),
    ("huge answer", "def softsign(x):\n    return tg.Tensor(np.zeros(20_000_000))\n", "cannot be read.*too large"),
    ("endless output", inside("for i in range(100000): print('right ' * 100)\nraise ValueError('done')"), "done"),
    ("huge file", inside("with open('full', 'wb') as f: f.write(bytes(1 << 24))"), "OSError.*File too large"),
    ("== is always true", """
class Same(np.ndarray):
    def __eq__(self, other): return True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __sub__ = __rsub__ = lambda self, other: np.zeros(self.shape)
def softsign(x):
    return tg.Tensor(np.zeros(x.shape, x.dtype).view(Same))
""", "the value: element"),
    ("a Tensor whose == is always true", """
class Same(tg.Tensor):
    __eq__ = lambda self, other: True
    def numpy(self): return self
def softsign(x):
    return Same(np.zeros(x.shape, x.dtype))
""", "the value: element"),
    ("no Tensor", "def softsign(x):\n    return 'right'\n", "returns a str, expected a Tensor"),
    ("nothing", "def softsign(x):\n    x / (1 + tg.abs(x))\n", "returns a NoneType, expected a Tensor"),
    ("patched open's guard", "import os\nos.fsdecode = lambda path: '/dev/null'\n" + RIGHT, "fsdecode was replaced"),
    ("objects to be unpickled", """
class Bomb:
    def __reduce__(self): return (exit, ())
def softsign(x):
    return np.array([Bomb()], dtype=object)
""", "returns a ndarray, expected a Tensor"),
    ("NaN", "def softsign(x):\n    return x * float('nan')\n", "not finite"),
    ("infinite gradient", RIGHT.rstrip() + " + 0 * tg.sqrt(x - x.detach())\n", "not finite"),
    ("patched check_gradients", "import tinygan.check\n"
     "tinygan.check.check_gradients = tg.check_gradients = lambda *a, **k: None\n" + RIGHT, "was replaced"),
    ("patched grad", "tg.tensor.grad = tg.grad = lambda *a, **k: [0]\n" + RIGHT, "grad was replaced"),
    ("patched product", inside("tg.Tensor.__mul__ = lambda self, other: self"), "__mul__ was replaced"),
    ("patched numpy.testing", "import numpy.testing\nnumpy.testing.assert_allclose = lambda *a, **k: None\n" + RIGHT,
     "assert_allclose was replaced"),
    ("patched numpy", "np.abs = lambda x: 0 * x\n" + RIGHT, "abs was replaced"),
    ("patched check and case", "import tinygan.grading.checks as checks\n"
     "checks.Case.fail = lambda *a: None\nchecks.CheckError = KeyError\n" + RIGHT, "was replaced"),
    ("kills the judge", inside("import os\nos.kill(os.getppid(), 9)"), "os.kill is not allowed"),
    ("fork bomb", inside("import os\nwhile True: os.fork()"), "os.fork is not allowed"),
    ("another program", inside("import subprocess\nsubprocess.run(['true'])"), "subprocess.Popen is not allowed"),
    ("removes files", inside("import shutil\nshutil.rmtree('/nowhere')"), "shutil.rmtree is not allowed"),
    ("the network", inside("import socket\nsocket.socket()"), "socket.* is not allowed"),
    ("raises its limits", inside("import resource as r\nr.setrlimit(r.RLIMIT_CPU, (999, 999))"), "not allowed"),
    ("reads the reference", inside("open(tg.__file__ + '/../../notebooks/assignments/source/01-pull-backs/"
                                   "01-pull-backs.py').read()"), "is not allowed here"),
    ("writes into the library", inside("open(tg.__file__, 'a').write('#')"), "is not allowed here"),
    ("forged answers", inside("""\
import os
for fd in range(3, 20):
    try: os.write(fd, b'{"score": 4}' * 99)
    except OSError: pass"""), "cannot be read"),
    ("closed connections", inside("import os\nos.closerange(0, 99)"), "closed its connection|ended"),
    ("an error that cannot be told", """
class Mute(Exception):
    def __str__(self): raise self
def softsign(x):
    raise Mute
""", "ended with status 1"),
    ("looks for the expected value", """
import gc, sys
def softsign(x):
    found = [o for o in gc.get_objects() if isinstance(o, dict) and 'expected' in o]
    frame = sys._getframe()
    while frame: found += [frame.f_locals['expected']] if 'expected' in frame.f_locals else []; frame = frame.f_back
    return tg.Tensor(found[0])
""", "IndexError|TypeError"),
]
