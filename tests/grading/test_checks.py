"""Checks: right answers pass, and wrong ones are refused with their likely cause."""
import numpy as np
import pytest

import tinygan as tg
from tinygan.grading.checks import Case, CheckError, public
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
