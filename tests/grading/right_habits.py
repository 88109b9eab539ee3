"""Right answers with habits of notebooks, or of other cells: (cell, way, text) as in right_code.py."""
from right_code import SOFTSIGN

HABITS = [
    ("softsign-answer", "prints", """
import sys, logging, warnings
print("start", flush=True)
print("to stderr", file=sys.stderr)
logging.getLogger("mine").warning("x")
warnings.warn("mine")
def softsign(x):
    print(f"{x.shape=}", end="", flush=True)
    sys.stdout.flush()
    return x / (1 + tg.abs(x))
print(softsign(tg.Tensor([1.0])))"""),
    ("softsign-answer", "a guard of the main program", f"{SOFTSIGN}\n\nif __name__ == '__main__':\n    exit()"),
    ("softsign-answer", "an input", "name = input('your name: ')\n" + SOFTSIGN),
    ("softsign-answer", "a plot", """
%matplotlib inline
import matplotlib.pyplot as plt
""" + SOFTSIGN + """
xs = np.linspace(-3, 3)
fig, ax = plt.subplots()
ax.plot(xs, softsign(tg.Tensor(xs)).numpy())
plt.title("softsign")
plt.show()
display(fig)"""),
    ("softsign-answer", "a bar of progress", "from tqdm import tqdm, trange\nfrom tqdm.auto import tqdm as bar\n"
     "for i in tqdm(range(3)):\n    pass\n" + SOFTSIGN),
    ("softsign-answer", "its own tests", SOFTSIGN + """
from tinygan.check import check_gradients
x = tg.Tensor(np.random.default_rng(0).normal(size=3), requires_grad=True)
check_gradients(softsign, [x])
np.testing.assert_allclose(softsign(x).numpy(), x.numpy() / (1 + np.abs(x.numpy())))
assert softsign(x).shape == (3,), "shape"
"""),
    ("softsign-answer", "times", "%%time\n" + SOFTSIGN),
    ("softsign-answer", "how long it takes",
     SOFTSIGN + "\n%timeit softsign(tg.Tensor([1.0]))\n?softsign\nsoftsign??\n!pip install nothing\n"),
    ("softsign-answer", "captured", "%%capture output\n" + SOFTSIGN + "\nprint(3)"),
    ("softsign-answer", "a form of Colab", "#@title Softsign { run: \"auto\" }\nscale = 1 #@param {type:\"slider\"}\n"
     "def softsign(x):\n    return x / (scale + tg.abs(x))"),
    ("softsign-answer", "tabs, form feeds, carriage returns",
     "def softsign(x):\r\n\tsize = 1 + tg.abs(x)\r\n\x0c\r\n\treturn x / size\r\n"),
    ("softsign-answer", "names of other alphabets",
     "def softsign(größe_π):\n    return größe_π / (1 + tg.abs(größe_π))"),
    ("softsign-answer", "await", "import asyncio\nasync def none():\n    return 1\none = await none()\n"
     "def softsign(x):\n    return x / (one + tg.abs(x))"),
    ("softsign-answer", "a thread", """
import threading
from concurrent.futures import ThreadPoolExecutor

box = []
thread = threading.Thread(target=box.append, args=(1,))
thread.start(); thread.join()

def softsign(x):
    return x / (box[0] + tg.abs(x))"""),
    ("softsign-answer", "exec and eval",
     "exec('def softsign(x):\\n    return x / (one + tg.abs(x))')\none = eval('1')"),
    ("softsign-answer", "functions with attributes", SOFTSIGN + "\nsoftsign.calls = 0\nsoftsign.__doc__ = 'mine'"),
    ("softsign-answer", "a file of its own", """
from pathlib import Path
import json, pickle, os, time
Path("one.json").write_text(json.dumps({"one": 1}))
one = json.loads(Path("one.json").read_text())["one"]
with open("one.pickle", "wb") as file:
    pickle.dump(one, file)
np.save("one.npy", np.ones(3))
np.load("one.npy")
os.makedirs("results", exist_ok=True)
time.sleep(0.01)
def softsign(x):
    return x / (one + tg.abs(x))"""),
    ("softsign-answer", "a seed and an environment", "import os, random\nrandom.seed(0)\nnp.random.seed(0)\n"
     "os.environ['CUDA_VISIBLE_DEVICES'] = ''\nnp.set_printoptions(precision=3)\nnp.seterr(all='ignore')\n" + SOFTSIGN),
    ("softsign-answer", "other libraries of Python", "import math, copy, itertools, operator, statistics, fractions, "
     "decimal, re, inspect, textwrap, abc, contextlib, uuid, hashlib, heapq, bisect, pprint, timeit, string\n"
     "one = math.prod([1])\nsource = inspect.signature(math.prod)\ndef softsign(x):\n    return operator.truediv(x, "
     "one + tg.abs(x))"),
    ("softsign-answer", "a generator of random numbers of its own", """
rng = np.random.default_rng(7)
noise = rng.normal(size=3)
np.random.shuffle(noise)

def softsign(x):
    return x / (1 + tg.abs(x)) + 0 * float(noise.sum() + np.random.rand())"""),
    ("softsign-answer", "a context manager", """
from contextlib import contextmanager, redirect_stdout, suppress
import io

@contextmanager
def quiet():
    with redirect_stdout(io.StringIO()) as text:
        yield text

def softsign(x):
    with quiet() as text, suppress(KeyError):
        print(x)
        return x / (1 + tg.abs(x))"""),
    ("softsign-answer", "the check in the answer", """
from tinygan.grading import public
def softsign(x):
    return x / (1 + tg.abs(x))

def check_softsign(f, case):
    x = case.normal()
    case.value(f, x, expected=x / (1 + np.abs(x)))
    case.derivatives(f, x, order=2, slug="chain-rule")


public(check_softsign, softsign, dict(shape=(3, 4)))"""),
    ("softsign-answer", "limits and hooks", """
import gc, sys, os, signal, atexit, logging, multiprocessing
sys.setrecursionlimit(5000)
sys.path.append(".")
os.chdir(".")
gc.collect()
atexit.register(print, "end")
signal.signal(signal.SIGINT, signal.SIG_DFL)
logging.basicConfig(filename="log.txt", level=logging.DEBUG)
logging.debug("x")
multiprocessing.cpu_count()
def softsign(x):
    return x / (1 + tg.abs(x))"""),
    ("softsign-answer", "an extension that reloads",
     "%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format = 'retina'\n"
     f"{SOFTSIGN}\nhelp(softsign)\nprint(softsign.__doc__)"),
    ("softsign-answer", "nonlocal and yield from", """
def counted():
    n = 0
    def one():
        nonlocal n
        n += 1
        return n - n + 1
    def parts():
        yield from (one() for _ in range(1))
    def softsign(x):
        return x / (sum(parts()) + tg.abs(x))
    return softsign

softsign = counted()"""),
    ("softsign-answer", "a metaclass and a property", """
class Meta(type):
    def __call__(cls, x):
        return super().__call__().at(x)

class softsign(metaclass=Meta):
    @property
    def one(self):
        return 1

    def at(self, x):
        return x / (self.one + tg.abs(x))"""),
    ("softsign-answer", "asserts of types", """
def softsign(x):
    assert isinstance(x, tg.Tensor), type(x)
    assert not np.isnan(x.numpy()).any()
    result = x / (1 + tg.abs(x))
    assert result.dtype == x.dtype and result.shape == x.shape
    return result"""),
    ("softsign-answer", "a rule in a class", """
class Rule:
    def __init__(self, size):
        self.size = size

    def __call__(self, g, y, x):
        return g / (1 + tg.abs(x)) ** 2

def softsign(x):
    array = unwrap(x)
    rule = Rule(1 + abs(array))
    return record(array / rule.size, (x, rule))"""),
    ("softsign-answer", "an exception group and a type of its own", """
class Bad(ValueError):
    pass

def softsign(x):
    try:
        if x.ndim > 99:
            raise Bad(f"{x.ndim!r:>4}")
    except (Bad, TypeError):
        return None
    else:
        return x / (1 + tg.abs(x))"""),
    ("hypotenuse-answer", "operations of the library", "def hypotenuse(a, b):\n    return tg.sqrt(a * a + b ** 2)"),
    ("hypotenuse-answer", "one rule for both", """
def hypotenuse(a, b):
    def rule(which):
        def pull(g, y, a, b):
            mine = (a, b)[which]
            return unbroadcast(g * mine / y, mine.shape)
        return pull
    inputs = (a, b)
    return record(np.hypot(*map(unwrap, inputs)), *((x, rule(i)) for i, x in enumerate(inputs)))"""),
    ("hypotenuse-answer", "by parts", "def square(x):\n    return x * x\n\n\nhypotenuse = lambda a, b: "
     "tg.exp(tg.log(square(a) + square(b)) / 2)"),
    ("cumulative-sum-answer", "a product with a triangle", "def cumulative_sum(x):\n"
     "    return x @ np.triu(np.ones((x.shape[-1],) * 2, x.dtype))"),
    ("cumulative-sum-answer", "recursion", """
def cumulative_sum(x):
    def up_to(n):
        if n == 1:
            return [x[..., :1]]
        before = up_to(n - 1)
        return [*before, before[-1] + x[..., n - 1:n]]
    return tg.concatenate(up_to(x.shape[-1]), axis=-1)"""),
    ("cumulative-sum-answer", "a generator", """
def running(parts):
    total = 0
    for part in parts:
        total = total + part
        yield total

def cumulative_sum(x):
    return tg.stack(list(running(x[..., i] for i in range(x.shape[-1]))), axis=-1)"""),
    ("cumulative-sum-answer", "itertools", "import itertools, operator\ndef cumulative_sum(x):\n    return tg.stack("
     "[*itertools.accumulate((x[..., i] for i in range(x.shape[-1])), operator.add)], axis=-1)"),
    ("log-sum-exp-answer", "a detached maximum", """
def log_sum_exp(x):
    top = tg.max(x, axis=-1, keepdims=True).detach()
    return top + tg.log(tg.sum(tg.exp(x - top), axis=-1, keepdims=True))"""),
    ("log-sum-exp-answer", "NumPy's logaddexp", """
def log_sum_exp(x):
    value = np.logaddexp.reduce(unwrap(x), axis=-1, keepdims=True)
    return record(value, (x, lambda g, y, x: g * tg.exp(x - y)))"""),
    ("03:max-pool-answer", "reduce", """
import functools

def max_pool2d(x, size, stride):
    h, w = [stride * ((n - size) // stride) + 1 for n in x.shape[1:3]]
    views = (x[:, a:a + h:stride, b:b + w:stride] for a in range(size) for b in range(size))
    return functools.reduce(tg.maximum, views)"""),
    ("03:shuffle-answer", "slices", """
def pixel_shuffle(x, factor):
    n, h, w, channels = x.shape
    columns = [tg.stack([x[..., a * factor + b::factor**2] for b in range(factor)], axis=3) for a in range(factor)]
    return tg.stack(columns, axis=2).reshape((n, h * factor, w * factor, channels // factor**2))"""),
    ("04:hellinger-answer", "a helper class with slots", """
class Conjugate:
    __slots__ = ("scale",)

    def __init__(self, scale=1):
        self.scale = scale

    def __matmul__(self, a):
        return tg.mean(tg.exp(a) - self.scale)

def hellinger(real, fake):
    return -tg.mean(tg.exp(-real) - 1) - Conjugate() @ fake"""),
    ("04:by-hand-answer", "a dictionary of steps", """
def relativistic_gradient(ours, theirs):
    sigmoid = {"s": lambda a: np.exp(-np.logaddexp(0, -a))}["s"]
    m, n = map(len, (ours, theirs))
    up, down = sigmoid(theirs.mean() - ours), sigmoid(theirs - ours.mean())
    return [(up + down.sum() / n) / m, -(down + up.sum() / m) / n]"""),
    ("05:weight-norm-answer", "a matrix of columns", """
def weight_norm(v, g):
    flat = v.reshape((-1, v.shape[-1]))
    return (flat * (g * tg.sum(flat ** 2, axis=0) ** -0.5)).reshape(v.shape)"""),
    ("06:hessian-vector-answer", "vdot by hand", """
def hessian_vector(f, x, v):
    def slope(x):
        return tg.grad(f(x).sum(), [x], create_graph=True)[0]
    return tg.grad((slope(x) * v).sum(), [x], create_graph=True)[0]"""),
]
