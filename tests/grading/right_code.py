"""Right answers in unusual Python: (cell of assignment 01, or NN:cell of another one; the way; the text)."""

SOFTSIGN = "def softsign(x):\n    return x / (1 + tg.abs(x))"

WAYS = [
    ("softsign-answer", "operations of the library", SOFTSIGN),
    ("softsign-answer", "a lambda", "softsign = lambda x: x / (1 + tg.abs(x))"),
    ("softsign-answer", "a closure", """
def maker(one):
    def f(x):
        return x / (one + tg.abs(x))
    return f

softsign = maker(1)"""),
    ("softsign-answer", "an object that can be called", """
class Softsign:
    def __init__(self, one):
        self.one = one

    def __call__(self, x):
        return x / (self.one + tg.abs(x))

softsign = Softsign(1)"""),
    ("softsign-answer", "functools.partial", """
import functools

def general(one, x):
    return x / (one + tg.abs(x))

softsign = functools.partial(general, 1)"""),
    ("softsign-answer", "a cache", """
from functools import lru_cache, reduce

@lru_cache(maxsize=None)
def one(n):
    return reduce(lambda a, b: a * b, [1] * n, 1)

def softsign(x):
    return x / (one(3) + tg.abs(x))"""),
    ("softsign-answer", "a decorator", """
import functools

def checked(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        assert args
        return f(*args, **kwargs)
    return inner

@checked
def softsign(x):
    return x / (1 + tg.abs(x))"""),
    ("softsign-answer", "a walrus", "def softsign(x):\n    return x / (1 + (a := tg.abs(x))) + 0 * a"),
    ("softsign-answer", "match", """
def softsign(x):
    match x.ndim:
        case 0 | 1:
            return x / (1 + tg.abs(x))
        case n if n > 1:
            return x / (tg.abs(x) + 1)"""),
    ("softsign-answer", "a global counter", """
CALLS = {"n": 0}
last = None

def softsign(x):
    global last
    CALLS["n"] += 1
    last = x.shape
    return x / (1 + tg.abs(x))"""),
    ("softsign-answer", "another name for the library", """
import tinygan
import tinygan as gan
from tinygan import abs as magnitude

def softsign(x):
    return x / (1 + magnitude(x)) + 0 * tinygan.abs(x) + 0 * gan.abs(x)"""),
    ("softsign-answer", "a dataclass", """
from dataclasses import dataclass, field

@dataclass
class Settings:
    one: int = 1
    more: list[int] = field(default_factory=list)

settings = Settings()

def softsign(x):
    return x / (settings.one + tg.abs(x))"""),
    ("softsign-answer", "a dataclass with postponed annotations", """
from __future__ import annotations
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import ClassVar

@dataclass(frozen=True)
class Settings:
    kinds: ClassVar[int] = 2
    one: int = 1
    other: InitVar[Settings | None] = None
    _: KW_ONLY
    name: str = ""

def softsign(x: tg.Tensor, settings: Settings = Settings()) -> tg.Tensor:
    return x / (settings.one + tg.abs(x))"""),
    ("softsign-answer", "a NamedTuple and an Enum", """
import enum
from typing import NamedTuple, Protocol, TypeVar, get_type_hints
from collections import namedtuple

class Kind(enum.Enum):
    ONE = 1

class Parts(NamedTuple):
    top: tg.Tensor
    bottom: tg.Tensor

Other = namedtuple("Other", "a b")
assert get_type_hints(Parts)["top"] is tg.Tensor

def softsign(x):
    parts = Parts(x, Kind.ONE.value + tg.abs(x))
    return parts.top / parts.bottom"""),
    ("softsign-answer", "type hints", """
import typing as t
from numpy.typing import NDArray
from collections.abc import Callable

Function: t.TypeAlias = Callable[[tg.Tensor], "tg.Tensor"]

def softsign(x: "tg.Tensor | NDArray[np.float64]") -> "tg.Tensor":
    f: Function = lambda x: x / (1 + tg.abs(x))
    return t.cast(tg.Tensor, f(x))"""),
    ("softsign-answer", "a star import", "from tinygan import *\n" + SOFTSIGN),
    ("softsign-answer", "a context of NumPy", """
def softsign(x):
    with np.errstate(divide="ignore", invalid="ignore", over="raise"):
        size = np.abs(unwrap(x)) + 1
        return record(unwrap(x) / size, (x, lambda g, y, x: g / (1 + tg.abs(x)) ** 2))"""),
    ("softsign-answer", "a rule that saves its own value", """
def softsign(x):
    size = np.abs(unwrap(x)) + 1
    return record(unwrap(x) / size, (x, lambda g, y, x: g * (1 - tg.abs(y)) ** 2))"""),
    ("softsign-answer", "in place on an array of its own", """
def softsign(x):
    size = np.abs(unwrap(x))
    size += 1
    out = np.array(unwrap(x), copy=True)
    np.divide(out, size, out=out)
    return record(out, (x, lambda g, y, x: g / (1 + tg.abs(x)) ** 2))"""),
    ("softsign-answer", "a static method", """
class Functions:
    @staticmethod
    def softsign(x):
        return x / (1 + tg.abs(x))

    @classmethod
    def make(cls):
        return cls.softsign

softsign = Functions.make()"""),
    ("softsign-answer", "a module with forward", """
from tinygan import nn

class Softsign(nn.Module):
    def forward(self, x):
        return x / (1 + tg.abs(x))

softsign = Softsign()"""),
    ("softsign-answer", "a default that changes", """
def softsign(x, seen=[]):
    seen.append(x.shape)
    return x / (1 + tg.abs(x))"""),
    ("softsign-answer", "any arguments", "def softsign(*args, **options):\n    (x,) = args\n"
     "    return x / (1 + tg.abs(x))"),
    ("softsign-answer", "a sign of arrays", "def softsign(x):\n    return x / (1 + np.sign(x.data) * x)"),
    ("softsign-answer", "try and finally", """
def softsign(x):
    try:
        return x / (1 + tg.abs(x))
    except ZeroDivisionError as error:
        raise ValueError from error
    finally:
        del x"""),
]
