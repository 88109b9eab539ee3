"""Parameters and modules in the attributes of a module, at any depth."""
import collections
from dataclasses import dataclass
from types import SimpleNamespace
from typing import AnyStr, Generic, NamedTuple

import numpy as np
import pytest

import tinygan as tg
from tinygan.nn import members
from tinygan.nn.module import Module, Parameter
from tinygan.tensor import Tensor


class Pair(NamedTuple):
    left: object
    right: object


def test_members_are_found_with_their_names_in_order():
    a, b, c, layer = Parameter([1.0]), Parameter([2.0]), Tensor([3.0]), Module()
    value = [a, {"real": (b, [layer]), "count": 3}, c]
    assert members.collect("heads", value, (Tensor, Module), []) == [
        ("heads.0", a), ("heads.1.real.0", b), ("heads.1.real.1.0", layer), ("heads.2", c)]
    assert [name for name, _ in members.collect("", value, (Parameter,), [])] == ["0", "1.real.0"]
    assert members.collect("steps", range(10**15), (Tensor, Module), []) == []  # nobody looks at each number


@pytest.mark.parametrize("kind", [
    lambda layer: {layer}, lambda layer: collections.deque([layer]), lambda layer: collections.UserList([layer]),
    lambda layer: collections.UserDict(a=layer), lambda layer: {"a": layer}.values(), lambda layer: frozenset([layer]),
    lambda layer: SimpleNamespace(a=layer), lambda layer: Struct(layer), lambda layer: np.array([[layer]], object)])
def test_other_containers_of_layers_are_refused(kind):
    assert members.collect("words", kind("a"), (Tensor, Module), []) == []
    with pytest.raises(TypeError, match=r"^layers is a \w+, in which layers and parameters are not found; write a"):
        members.collect("layers", kind(Module()), (Tensor, Module), [])


@dataclass
class Struct:
    layer: object


@pytest.mark.parametrize("value", [tg.nn.Dense(2, 2, rng=0), Parameter([1.0]), [tg.nn.ReLU()], {"a": Tensor([1.0])}])
def test_layers_of_a_class_are_refused(value):
    with pytest.raises(TypeError, match=r"^Net: layer belongs to the class, so all its networks would share it; write "
                                        r"self\.layer = \.\.\. in __init__$"):
        type("Net", (Module,), {"layer": value, "buffers": ("mean",), "size": 3})
    with pytest.raises(TypeError, match=r"^Net: layers and parameters in __slots__ are not found"):
        type("Net", (Module,), {"__slots__": ("layer",)})
    type("Net", (Module,), {"buffers": ("mean",), "size": 3, "names": ["a"], "act": tg.tanh})


class Log:
    def __init_subclass__(cls, level):
        cls.level = level


def test_a_network_may_have_other_base_classes():
    class Net(Module, Generic[AnyStr]):
        pass

    class Logged(Module, Log, level=2):
        pass
    assert Net[str]
    assert Logged.level == 2


def test_replaced_keeps_the_containers_and_all_else():
    old, new, other = Parameter([1.0]), Tensor([2.0]), Parameter([3.0])
    value = {"list": [old, 1], "tuple": (other, old), "named": Pair(old, "b"), "word": "c"}
    got = members.replaced(value, {old: new})
    assert got["list"][0] is got["tuple"][1] is got["named"].left is new
    assert got["tuple"][0] is other
    assert [type(got[key]) for key in ("list", "tuple", "named")] == [list, tuple, Pair]
    assert (got["list"][1], got["named"].right, got["word"]) == (1, "b", "c")
    assert value["list"][0] is old


@pytest.mark.parametrize(("value", "shown"), [
    (1, True), (0.5, True), ("same", True), ((1, (2, "a")), True), ([1], False), (None, False), ((1, None), False),
    (np.ones(2), False)])
def test_repr_shows_numbers_and_words(value, shown):
    assert members.is_setting(value) is shown


def test_the_first_member_of_a_kind_at_any_depth():
    net = tg.nn.Sequential(tg.nn.ReLU(), tg.nn.Sequential(tg.nn.Flatten(), tg.nn.Dense(2, 3, rng=0)))
    assert members.first_of(net, tg.nn.Parameter, tg.nn.Module) is net.parameters()[0]
    assert members.first_of({"a": [1, (tg.nn.ReLU(),)]}, tg.nn.Parameter, tg.nn.Module) is None
