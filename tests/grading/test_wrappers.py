"""What a task forbids: functions of the library in NumPy's tasks, its derivatives, its penalties."""
import functools
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygan as tg
from tinygan.grading import Case, CheckError, on_arrays, own_rules, without
from tinygan.tensor import record, unwrap

CASE = {"shape": (3,)}


def rule(g, y, x):
    return 2 * g * x


def square(x):
    return record(unwrap(x) ** 2, (x, rule))


class Rule:
    def __call__(self, g, y, x):
        return 2 * g * x


def slope_by_grad(x, g):
    leaf = x if isinstance(x, tg.Tensor) else tg.Tensor(x, requires_grad=True)
    [slope] = tg.grad(tg.sum(leaf * leaf * g), [leaf], create_graph=True)
    return slope if leaf is x else slope.data


@pytest.mark.parametrize("f", [
    square, lambda x: record(unwrap(x * x), (x, rule)), lambda x: record(unwrap(x) ** 2, (x, Rule())),
    lambda x: record(unwrap(x) ** 2, (x, functools.partial(lambda two, g, y, x: two * g * x, 2))),
    lambda x: record(unwrap(y := record(2 * unwrap(x), (x, lambda g, y, x: 2 * g))) ** 2 / 4,
                     (y, lambda g, _, y: g * y / 2)),
])
def test_rules_of_its_author_are_right(f):
    """Also for a value by the library, and in a chain of several records."""
    case = Case(CASE, seed=0)
    x = case.normal()
    case.value(own_rules(f), x, expected=x * x)
    case.derivatives(own_rules(f), x, order=2)
    case.gradients(own_rules(f), x)


@pytest.mark.parametrize(("f", "message"), [
    (lambda x: x * x, r"the derivative is the library's \(`mul`\): this task asks for `record"),
    (lambda x: (square(x), x ** 2)[1], "the derivative is the library's"),  # on the side
    (lambda x: record(unwrap(y := x * x), (y, lambda g, _, y: g)), r"the library's \(`mul`\)"),  # around it
    (lambda x: square(1 * x), "the derivative is the library's"),
    (lambda x: square(x) + 0, r"the library's \(`add`\)"),
    (lambda x: record(unwrap(x) ** 2, (x, (x * x).edges[0][1])), "the derivative is the library's"),
    (lambda x: record(unwrap(x) ** 2, (x, functools.partial((x * x).edges[0][1]))), "the derivative is the library's"),
    (lambda x: record(unwrap(x) ** 2, (x, lambda g, y, x: slope_by_grad(x, g))), "calls `tg.grad`"),
    (lambda x: record(unwrap(x) ** 2, (x, lambda g, y, x: ThreadPoolExecutor().submit(slope_by_grad, x, g).result())),
     "calls `tg.grad`"),
    (lambda x: (slope_by_grad(tg.Tensor(unwrap(x), True), 1), square(x))[1], "calls `tg.grad`"),
])
def test_a_derivative_of_the_library_is_refused(f, message):
    case = Case(CASE, seed=0)
    with pytest.raises(CheckError, match=message):
        case.gradients(own_rules(f), case.normal())


def test_an_input_that_has_a_past_is_no_rule_of_the_function():
    x = tg.Tensor([3.0], requires_grad=True)
    [slope] = tg.grad(own_rules(square)(x * 1 + 0).sum(), [x])
    assert slope.numpy().tolist() == [6]
    assert own_rules(square)(np.array([3.0])).tolist() == [9]


def test_a_module_that_its_author_may_not_call():
    logits = tg.Tensor(np.ones((2, 1)), requires_grad=True)
    assert without(lambda x: x * 2, "tinygan.penalties")(logits).shape == (2, 1)
    with pytest.raises(CheckError, match=r"calls tinygan\.penalties \(r1\): this task asks you to write it yourself"):
        without(lambda x: tg.penalties.r1(x * x, x), "tinygan.penalties")(logits)


@pytest.mark.parametrize(("f", "message"), [
    (lambda a: tg.grad(tg.sum(x := tg.Tensor(a, requires_grad=True)), [x])[0].numpy(), "calls tinygan"),
    (lambda a: tg.tanh(a), r"calls tinygan \(tanh\)"),
    (lambda a: np.tanh(a + 1e-20j).imag / 1e-20, "computes with complex numbers"),
    (lambda a: [np.tanh(z).imag for z in a.astype("complex128")], "computes with complex numbers"),
    (lambda a: sys.setprofile(None) or tg.tanh(a), "removes the profiler"),
    (lambda a: ThreadPoolExecutor().submit(tg.tanh, a).result(), r"calls tinygan \(tanh\)"),
])
def test_numpy_alone(f, message):
    case, before = Case({"shape": (3,)}, seed=0), sys.getprofile()
    x = case.normal()
    case.value(on_arrays(lambda a: (np.tanh(a), 2 * a)), x, expected=np.concatenate([np.tanh(x), 2 * x]))
    case.call(on_arrays(tg.tanh, numpy_alone=False), x)
    with pytest.raises(CheckError, match=f"{message}.*: this task asks for NumPy alone"):
        case.call(on_arrays(f), x)
    assert sys.getprofile() is before


def test_a_caught_error_is_no_way_round_numpy_alone():
    def swallow(a):
        try:
            return tg.tanh(a)
        except Exception:
            return a
    with pytest.raises(CheckError, match="calls tinygan"):
        Case({}, seed=0).call(on_arrays(swallow), np.ones(2))
