"""check_gradients accepts right functions, refuses planted mistakes, and names each mistake."""
import foreign
import numpy as np
import pytest

import tinygan as tg
from tinygan.ops.shape import unbroadcast
from tinygan.tensor import record, unwrap

X = np.random.default_rng(5).uniform(0.5, 2.0, (3, 5))
ROW = np.random.default_rng(6).uniform(0.5, 2.0, 5)


def refused(f, *arrays, order=2):
    """The diagnosis of a wrong f."""
    with pytest.raises(tg.GradientError) as caught:
        tg.check_gradients(f, *arrays, order=order)
    return str(caught.value)


def square(slope):
    """x^2 with a rule for its slope."""
    return lambda x: record(unwrap(x) ** 2, (x, slope))


def total(rule):
    """The sum of all elements, with a rule."""
    return lambda x: record(unwrap(x).sum(), (x, rule))


# --- right functions pass ---

@pytest.mark.parametrize("f", [
    square(lambda g, y, x: 2 * g * x),
    lambda x: x.sum(),
    lambda x: x[0, :0],
    lambda x: tg.softmax(x) @ x.T,
    lambda x: 1e6 * x ** 3,
    lambda x: x * 0 + 1,
    lambda x: tg.Tensor(np.ones(2)),
    lambda x: x.detach() * 0,
])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_functions_pass(f, order):
    assert tg.check_gradients(f, X, order=order) is None


def test_it_takes_lists_tensors_and_float32():
    tg.check_gradients(lambda x, y, z: x * y * z, [1, 2], tg.Tensor(np.ones(2, np.float32)), np.float32(2))


def test_it_draws_from_the_given_rng():
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    tg.check_gradients(lambda x: x * x, X, rng=rng)
    assert rng.bit_generator.state != before


HARD = {
    "small divisor": (lambda x: 1 / x, [1e-3]), "small logarithm": (tg.log, [1e-6]), "small root": (tg.sqrt, [1e-4]),
    "large cube": (lambda x: x ** 3, [1e6]), "log(1 + x) near -1": (lambda x: tg.log(1 + x), [1e-6 - 1]),
    "circle near 1": (lambda x: tg.sqrt(1 - x * x), [1 - 1e-6]), "log(1 + x) near 0": (lambda x: tg.log(1 + x), [1e-6]),
    "beside a kink": (tg.relu, [1e-9, -1e-7, 2]),
    "large sine": (tg.sin, [1e6]), "small tanh": (tg.tanh, [1e-6]), "flat": (tg.softmax, [1e6, 2e6, 3e6]),
    "all sizes": (lambda x: 1 / x + tg.log(x), [1e-6, 1, 1e6]), "all sizes and 0": (tg.sin, [0, 1e-6, 1, -1e6]),
    "a least value": (lambda x: (x - 1) ** 2, [1.0]), "a large constant": (lambda x: x * x + 1e8, [2.0]),
}


@pytest.mark.parametrize("name", HARD)
def test_right_functions_pass_where_differences_are_hard(name):
    f, x = HARD[name]
    tg.check_gradients(f, x, order=3)


def test_an_ordinary_point_takes_few_evaluations():
    calls = []
    tg.check_gradients(lambda x: calls.append(x) or tg.exp(x) / x, np.random.default_rng(0).standard_normal((3, 5)))
    assert len(calls) <= 15


# --- planted mistakes at the first derivative ---

FIRST = {
    "sign": (square(lambda g, y, x: -2 * g * x), "ratio -1 everywhere: the sign is flipped"),
    "factor 2": (square(lambda g, y, x: 4 * g * x), "a constant factor is missing or too much"),
    "factor 2 left out": (square(lambda g, y, x: g * x), "ratio 0.5 everywhere: a constant factor is missing"),
    "mean for sum": (lambda x: record(unwrap(x).mean(), (x, lambda g, y, x: tg.broadcast_to(g, x.shape))),
                     "ratio 15 everywhere: a mean was taken for a sum"),
    "mean for sum over an axis": (lambda x: record(unwrap(x).mean(1), (x, lambda g, y, x: tg.broadcast_to(
        g.reshape(3, 1), x.shape))), "ratio 5 everywhere: a mean was taken for a sum"),
    "sum for mean": (total(lambda g, y, x: tg.broadcast_to(g / 15, x.shape)),
                     "ratio 1/15 everywhere: a sum was taken for a mean, or not summed over the broadcast axis"),
    "detached": (lambda x: x.detach() * 3, "zero: this path is cut (a detach, an array used in place of its Tensor"),
    "array in place of Tensor": (lambda x: tg.Tensor(x.data ** 2), "zero: this path is cut"),
    "half of it detached": (lambda x: x * x.detach(), "ratio 0.5 everywhere: a constant factor"),
    "softmax without slope": (lambda x: record(tg.softmax(unwrap(x)), (x, lambda g, y, x: g * 0)),
                              "zero: this path is cut"),
    "softmax without its sum": (lambda x: record(tg.softmax(unwrap(x)), (x, lambda g, y, x: g * y)),
                                "no common factor"),
    "one element": (square(lambda g, y, x: 2 * g * x * np.where(np.arange(15).reshape(3, 5) == 7, 1.01, 1)),
                    "element (1, 2): "),
    "one element cut": (square(lambda g, y, x: 2 * g * x * (np.arange(15).reshape(3, 5) != 7)),
                        "zero in 1 of 15 elements: part of this path is cut"),
    "wrong axis": (lambda x: record(tg.softmax(unwrap(x), -1), (x, lambda g, y, x: y * (g - (g * y).sum(0)))),
                   "15 of 15 elements differ, by no common factor: a wrong formula, a wrong axis"),
    "small and wrong": (lambda x: record(1e-4 * np.sin(unwrap(x)), (x, lambda g, y, x: 1e-4 * g * np.sin(unwrap(x)))),
                        "no common factor"),
    "small and cut": (lambda x: 1e-4 * x.detach(), "zero: this path is cut"),
    "float32 inside": (lambda x: record((unwrap(x).astype(np.float32) ** 2).astype(float),
                                        (x, lambda g, y, x: 2 * g * x)), "the precision is lost (float32?)"),
    "float32 gradient": (square(lambda g, y, x: (2 * unwrap(g) * unwrap(x)).astype(np.float32)),
                         "first derivative, input 0: the gradient is float32 for a float64 input"),
    "float32 value": (lambda x: record(unwrap(x).astype(np.float32), (x, lambda g, y, x: g)),
                      "f returns float32 for float64 inputs"),
    "not a number": (square(lambda g, y, x: 2 * g * x * np.nan), "not finite: an overflow, a log or a division at 0"),
    "infinite": (square(lambda g, y, x: g * np.inf), "not finite: an overflow"),
    **{f"one element {bad}": (square(
        lambda g, y, x, bad=bad: 2 * g * np.where(np.arange(15).reshape(3, 5) == 7, bad, x)),
        "element (1, 2): analytic ") for bad in (np.inf, -np.inf, np.nan)},
    "slope of infinity": (lambda x: record(unwrap(x) * 1e300, (x, lambda g, y, x: g * 1e308 * 100)), "not finite"),
    "huge and wrong": (lambda x: record(unwrap(x) * 1e200, (x, lambda g, y, x: g * 2e200)), "ratio 2 everywhere"),
    "value not a number": (lambda x: x * np.nan, "f is not finite at this point"),
    "no tensor": (lambda x: x.data, "f returns a ndarray, expected a Tensor"),
}


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("order", [1, 2])
def test_first_derivative(name, order):
    f, diagnosis = FIRST[name]
    message = refused(f, X, order=order)
    assert diagnosis in message
    if "element" in message:
        assert message.startswith("first derivative, input 0, ")


def test_the_message_in_full():
    f = square(lambda g, y, x: 2 * g * x * np.array([1, 1, 1.5]))
    message = refused(f, [1.0, 2.0, 3.0])
    u = np.random.default_rng(0).standard_normal(3)[2]
    assert message == ("first derivative, input 0, element (2,): "
                       f"analytic {9 * u:.8g}, numeric {6 * u:.8g}, ratio 1.5; "
                       "1 of 3 elements differ, by no common factor: a wrong formula, a wrong axis, or not summed over "
                       "the broadcast axis")


def test_a_sum_of_outputs_would_not_do():
    """The softmax without slope passes when the outputs are just summed: that is why the cotangent is random."""
    x = tg.Tensor(X, requires_grad=True)
    np.testing.assert_allclose(tg.grad(tg.softmax(x).sum(), [x])[0].data, 0, atol=1e-15)


def test_not_summed_over_the_broadcast_axis():
    def add(a, b):
        return record(unwrap(a) + unwrap(b), (a, lambda g, y, a, b: g), (b, lambda g, y, a, b: g))

    message = refused(add, X, ROW)
    assert message == ("first derivative: add: the pull-back gives shape (3, 5) for an input of shape (5,); "
                       "was it not summed over the broadcast axis?")


def test_a_transposed_rule():
    def product(a, b):
        return record(unwrap(a) @ unwrap(b), (a, lambda g, y, a, b: b @ g.T), (b, lambda g, y, a, b: a.T @ g))

    message = refused(product, X, np.ones((5, 2)))
    assert message == ("first derivative: product: the pull-back gives shape (5, 3) for an input of shape (3, 5); "
                       "was it transposed, or reshaped?")


@pytest.mark.parametrize(("rule", "reason"), [
    (lambda g: g, "takes 1 positional argument but 3 were given"), (lambda g, y, x: None, "'NoneType' object has no"),
    (lambda g, y, x, c: g * c, "missing 1 required positional argument: 'c'")])
def test_a_rule_that_cannot_be_called(rule, reason):
    message = refused(lambda x: record(unwrap(x) * 2, (x, rule)), X)
    assert message.startswith("first derivative: a rule fails: ")
    assert reason in message
    assert message.endswith("; a rule is called with g, y and each input that record was given, and returns the "
                            "cotangent of its input")


def test_first_row_for_the_sum_over_the_broadcast_axis():
    def add(a, b):
        return record(unwrap(a) + unwrap(b), (a, lambda g, y, a, b: g), (b, lambda g, y, a, b: g[0]))

    message = refused(add, X, ROW)
    assert message.startswith("first derivative, input 1, ")
    assert message.endswith("or not summed over the broadcast axis")


def test_mean_for_the_sum_over_the_broadcast_axis():
    def mul(a, b):
        return record(unwrap(a) * unwrap(b), (a, lambda g, y, a, b: g * b),
                      (b, lambda g, y, a, b: unbroadcast(g * a, b.shape) / 3))

    message = refused(mul, X, ROW)
    assert message.endswith("ratio 1/3 everywhere: a sum was taken for a mean, or not summed over the broadcast axis")


def test_the_second_of_two_inputs_is_named():
    assert refused(lambda a, b: a * b.detach(), X, ROW).startswith("first derivative, input 1, ")


def test_a_random_function_is_refused():
    rng = np.random.default_rng(0)
    assert refused(lambda x: x * rng.random(), X) == "f gives two values for the same inputs: give it a fixed rng"


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", FIRST)
def test_first_derivative_at_any_size(name, size):
    f, diagnosis = FIRST[name]
    local = name in ("softmax without slope", "softmax without its sum", "wrong axis")  # the softmax is flat far away
    assert diagnosis in refused((lambda x: f(x / size)) if local else f, size * X)


@pytest.mark.parametrize("k", range(4))
def test_an_element_is_judged_by_its_own_size(k):
    """The derivatives are -1e12, -1e4, -1 and -1e-12: an error of 1 % is seen in each."""
    wrong = np.where(np.arange(4) == k, 1.01, 1)
    message = refused(lambda x: record(1 / unwrap(x), (x, lambda g, y, x: -g * wrong / x**2)), [1e-6, 1e-2, 1, 1e6])
    assert f"element ({k},)" in message


# --- planted mistakes that only the second derivative shows ---

def _normalised(keep):
    """Batch normalisation with its slope written by hand; `keep` makes what its rule uses."""
    def normalise(x):
        mu, sd = unwrap(x).mean(0), unwrap(x).std(0)

        def rule(g, y, x):
            y, s = keep(y, x, mu, sd)
            n = x.shape[0]
            return (g - g.sum(0) / n - y * ((g * y).sum(0) / n)) / s
        return record((unwrap(x) - mu) / sd, (x, rule))
    return normalise


def test_statistics_kept_constant_are_wrong_at_second_order_only():
    def constant(y, x, mu, sd):
        return unwrap(y), sd

    def variable(y, x, mu, sd):
        return y, tg.sqrt(tg.var(x, 0)) if isinstance(x, tg.Tensor) else sd

    tg.check_gradients(_normalised(variable), X, order=3)
    tg.check_gradients(_normalised(constant), X, order=1)
    message = refused(_normalised(constant), X)
    assert message.startswith("second derivative, input 0, element ")
    assert "an array is kept where its Tensor is needed?" in message


SECOND = {
    "constant slope": (square(lambda g, y, x: 2 * g * unwrap(x)),
                       "second derivative, input 0, ", "zero: this path is cut (in the pull-back an array is kept"),
    "cotangent cut": (lambda x: record(unwrap(x) ** 2, (x, lambda g, y, x: 2 * unwrap(g) * x)),
                      "second derivative, the cotangent, ", "zero: this path is cut"),
    "wrong on Tensors": (square(lambda g, y, x: 2 * g * x if isinstance(x, np.ndarray) else 3 * g * x),
                         "with create_graph the gradient differs: ", "other values on Tensors than on arrays"),
    "sign of the slope's slope": (square(lambda g, y, x: g * record(2 * unwrap(x), (x, lambda g, y, x: -2 * g))),
                                  "second derivative, input 0, ", "ratio -1 everywhere: the sign is flipped"),
    **{f"one slope {bad}": (square(lambda g, y, x, bad=bad: g * record(2 * unwrap(x), (
        x, lambda g, y, x: 2 * g * np.where(np.arange(15).reshape(3, 5) == 7, bad, 1)))),
                            "second derivative, input 0, ", "element (1, 2): analytic ") for bad in (np.inf, np.nan)},
    "slope infinite": (square(lambda g, y, x: g * record(2 * unwrap(x), (x, lambda g, y, x: g * np.inf))),
                       "second derivative, input 0, ", "not finite"),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_derivative(name):
    f, start, cause = SECOND[name]
    tg.check_gradients(f, X, order=1)
    message = refused(f, X)
    assert message.startswith(start)
    assert cause in message


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("name", SECOND)
def test_second_derivative_at_any_size(name, size):
    f, start, cause = SECOND[name]
    tg.check_gradients(f, size * X, order=1)
    message = refused(f, size * X)
    assert message.startswith(start)
    assert cause in message


def test_third_derivative():
    def f(x):  # x^3, right to second order
        second = lambda x: record(6 * unwrap(x), (x, lambda g, y, x: 5 * g))
        first = lambda x: record(3 * unwrap(x) ** 2, (x, lambda g, y, x: g * second(x)))
        return record(unwrap(x) ** 3, (x, lambda g, y, x: g * first(x)))

    tg.check_gradients(f, X)
    assert refused(f, X, order=3).startswith("third derivative, input 0, ")


def test_a_derivative_is_judged_by_its_own_size():
    """Half of the slope is missing, of a function that is a millionth."""
    message = refused(lambda x: 1e-7 * x * x.detach(), X)
    assert "ratio 0.5" in message


# --- it is no mistake of f when f itself fails ---

def test_an_error_of_f_passes_through():
    with pytest.raises(ValueError, match="matmul: a"):
        tg.check_gradients(lambda x: x @ x, X)


def test_a_point_may_be_on_a_gpu():
    """It is checked on the CPU."""
    tg.check_gradients(tg.tanh, foreign.asarray(np.ones((2, 2), np.float32)))
    tg.check_gradients(tg.tanh, tg.Tensor(foreign.asarray(np.ones(2))))
