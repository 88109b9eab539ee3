"""Checks: right answers pass, and wrong ones are refused with their likely cause."""
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygan as tg
from tinygan.grading.checks import Case, CheckError, on_arrays, public
from tinygan.tensor import record, unwrap


def double(x):
    return 2 * x


def test_what_is_right_passes(capsys):
    def check(f, case):
        x = case.normal()
        case.value(f, x, expected=2 * x)
        case.derivatives(f, x)
        case.median(lambda seed: 1.0, 0.5, 1.5, "the mean")
        case.require(case.n == 3, "n")
    public(check, double, {"shape": (2, 3), "n": 3}, {"shape": (), "n": 3, "dtype": "float64"})
    assert capsys.readouterr().out == "check: right for 2 public cases\n"


@pytest.mark.parametrize(("f", "message"), [
    (lambda x: x.numpy(), "the function returns a ndarray, expected a Tensor"),
    (lambda x: x / 0, "the value is not finite: an overflow, a log or a division at 0?"),
    (lambda x: tg.Tensor(x.numpy().astype("float32")), "the value is float32 for inputs of float64"),
    (lambda x: 2 * x[0], "the value: found shape (3,), expected (2, 3)"),
    (lambda x: 0 * x, "zero everywhere"),
    (lambda x: -2 * x, "the sign is flipped"),
    (lambda x: 2 * x / 6, "ratio 1/6 everywhere: a mean for a sum?"),
    (lambda x: 2 * x + 0.5, "too much by 0.5 everywhere"),
    (lambda x: 2 * x.reshape(3, 2).T, "a wrong formula, or a wrong axis?"),
])
def test_a_wrong_value_is_refused_with_its_likely_cause(f, message):
    with np.errstate(all="ignore"), pytest.raises(CheckError) as caught:
        public(lambda f, case: case.value(f, x := case.normal(), expected=2 * x, slug="doubling"), f, {"shape": (2, 3)})
    assert message in str(caught.value)
    assert str(caught.value).endswith("[case: shape=(2, 3)]")
    assert "(`doubling`)" in str(caught.value) or "returns" in message or "value is" in message


def test_the_reference_is_the_expected_value():
    case = Case({"shape": (4,)}, seed=0, reference=double)
    case.value(double, case.normal())
    with pytest.raises(CheckError, match=r"ratio 1\.5 everywhere"):
        case.value(lambda x: 3 * x, case.normal())
    Case({"shape": (4,)}, seed=0).value(lambda x: 3 * x, case.normal())  # students have no reference


def test_a_wrong_derivative_is_refused():
    def wrong(x):
        return record(2 * unwrap(x), (x, lambda g, y, x: 3 * g))
    case = Case({"shape": (4,)}, seed=0)
    with pytest.raises(CheckError, match=r"\(`linear-rule`\)$"):
        case.derivatives(wrong, case.normal(), slug="linear-rule")


def test_a_training_is_judged_by_the_median_of_three():
    results = iter([0.0, 1.0, 0.9, 0.0, 0.1, 1.0])
    case = Case({}, seed=0)
    case.median(lambda seed: next(results), 0.5, 1.5, "the mean")
    with pytest.raises(CheckError, match=r"^the mean: 0, 0\.1, 1 for seeds .*, expected a median from 0\.5 to 1\.5$"):
        case.median(lambda seed: next(results), 0.5, 1.5, "the mean")


def test_a_median_just_outside_shows_its_digits():
    with pytest.raises(CheckError, match=r"^the weight: 0\.300001, 0\.300001 for two seeds, expected a median from "
                       r"0\.2 to 0\.3$"):
        Case({}, seed=0).between([0.3000005, 0.3000005], 0.2, 0.3, "the weight", "two seeds")


def test_a_case_draws_by_its_seed_and_names_what_it_lacks():
    one, same, other = (Case({"shape": (3,), "dtype": "float32"}, seed) for seed in (0, 0, 1))
    a, b, c = one.normal(), same.normal(), other.normal()
    assert a.dtype == np.float32
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert one.uniform(2, 3).min() >= 2
    assert set(one.integers(2, (50,))) == {0, 1}
    with pytest.raises(AttributeError, match=r"^the case .* has no groups$"):
        _ = one.groups


def test_a_near_miss_shows_its_digits():
    with pytest.raises(CheckError, match=r"found 1\.0000001, expected 1; right to \d digits"):
        Case({}, seed=0).close(np.array(1 + 1e-7), np.array(1.0), "the number", tolerance=1e-12)


@pytest.mark.parametrize(("rule", "message"), [
    (lambda g, y, x: (square(x + 1e-5) - square(x - 1e-5)) / 2e-5 * g, "finite differences are not enough"),
    (lambda g, y, x: 2 * x * g * np.where(np.arange(4) == 1, np.inf, 1), "a gradient is not finite"),
    (lambda g, y, x: g, "finite differences are not enough"),
])
def test_a_gradient_is_compared_with_the_references(rule, message):
    case = Case({"shape": (4,)}, seed=0, reference=square)
    case.gradients(lambda x: x * x, case.normal())
    with pytest.raises(CheckError, match=message):
        case.gradients(lambda x: record(unwrap(x) ** 2, (x, rule)), case.normal())


def test_each_gradient_counts_by_its_own_size():
    def wrong(x):  # in the small one only
        return record(unwrap(x) ** 2, (x, lambda g, y, x: 2 * x * g * np.array([1, 2])))
    case = Case({}, seed=0, reference=square)
    x = np.array([1.0, 1e-20])
    case.gradients(wrong, x)
    with pytest.raises(CheckError, match=r"element \(1,\): found 2, expected 1; 1 of 2 elements"):
        case.gradients(wrong, x, each=True)


def square(x):
    return record(unwrap(x) ** 2, (x, lambda g, y, x: 2 * x * g))


@pytest.mark.parametrize(("factor", "message"), [
    (lambda x: np.ones(()), "a gradient is float64 for an input of float32"),
    (lambda x: 1 + (x.dtype == np.float32) / 100, "the gradient of input 0 in float32 against that in float64"),
])
def test_a_gradient_has_the_dtype_of_its_input(factor, message):
    case = Case({"shape": (3,), "dtype": "float32"}, seed=0)
    case.derivatives(square, case.normal())
    with pytest.raises(CheckError, match=message):
        case.derivatives(lambda x: record(unwrap(x) ** 2, (x, lambda g, y, x: 2 * x * g * factor(x))), case.normal())


def test_a_function_that_remembers_is_refused():
    calls = []
    case = Case({"shape": (3,)}, seed=0)
    with pytest.raises(CheckError, match="another value when the function is called again"):
        case.value(lambda x: x + len(calls.append(0) or calls), case.normal())


def test_an_input_cannot_be_written_into():
    case = Case({"shape": (3,)}, seed=0)
    x = case.normal()
    for f in (lambda x: x.data.sort() or x, lambda x: tg.Tensor(np.add(x.data, 1, out=x.data))):
        with pytest.raises(ValueError, match="read-only"):
            case.call(f, x)
    x += 1  # the check itself may


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
