"""Operators, methods and NumPy's functions on a Tensor: values on request, no derivative lost in silence."""
import copy
import subprocess
import sys

import foreign
import numpy as np
import pytest

import tinygan as tg

X = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.fixture
def x():
    return tg.Tensor(X, requires_grad=True)


# --- values ---

def test_asarray_gives_the_values(x):
    for t in (x, x * 2, x.detach()):
        assert type(np.asarray(t)) is np.ndarray
        np.testing.assert_array_equal(np.asarray(t), t.data)
    assert np.asarray(x) is not None
    assert np.shares_memory(np.asarray(x), x.data)
    assert not np.shares_memory(np.array(x), x.data)
    assert np.asarray(x, np.float32).dtype == np.float32
    assert np.array([x.sum(), x.mean()]).tolist() == [10, 2.5]


def test_numpys_own_tests_take_tensors(x):
    np.testing.assert_allclose(x * 2, 2 * X)
    np.testing.assert_array_equal(X, x)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(x, X + 1)


def test_matplotlib_draws_tensors(x):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    [line] = axes.plot(x[:, 0], x[:, 1] * 2)
    np.testing.assert_array_equal(line.get_xydata(), [[1, 4], [3, 8]])
    image = axes.imshow(x)
    np.testing.assert_array_equal(image.get_array(), X)
    counts, _, _ = axes.hist(x.reshape(-1), bins=2)
    assert counts.tolist() == [2, 2]
    assert len(axes.scatter(x[:, 0], x[:, 1]).get_offsets()) == 2
    pyplot.close(figure)


@pytest.mark.parametrize("f", [np.shape, np.ndim, np.size, np.isnan, np.isfinite, np.sign, np.argmax, np.argsort,
                               np.zeros_like, lambda x: np.allclose(x, X), lambda x: np.array_equal(x, X),
                               lambda x: np.less(x, 2), lambda x: np.floor(x)])
def test_functions_without_a_derivative_take_any_tensor(x, f):
    got = f(x)
    assert not isinstance(got, tg.Tensor)
    np.testing.assert_array_equal(got, f(X))


@pytest.mark.parametrize("f", [np.exp, np.sum, np.linalg.norm, np.cumsum, np.add.reduce, lambda x: np.stack([x, x]),
                               lambda x: np.concatenate((x, X)), lambda x: np.where(X > 2, x, 0),
                               lambda x: np.percentile(x, 30), lambda x: np.sum(x, axis=(0, 1)),
                               lambda x: np.einsum("ij,jk", x, X)])
def test_constant_tensors_give_values(x, f):
    got = f(x.detach())
    assert isinstance(got, (np.ndarray, np.floating))
    np.testing.assert_array_equal(got, f(X))


# --- calls that would lose a derivative ---

REFUSED = {
    "np.exp: .* write tg.exp": np.exp, "np.sum: .* write tg.sum": np.sum, "np.mean: .* write tg.mean": np.mean,
    "np.std: .* write tg.std": np.std, "np.max: .* write tg.max": np.max, "np.reshape: .* write tg.reshape":
    lambda x: np.reshape(x, 4), "np.stack: .* write tg.stack": lambda x: np.stack([x, x]),
    "np.concatenate: .* write tg.concatenate": lambda x: np.concatenate([X, x]),
    "np.where: .* write tg.where": lambda x: np.where(X > 2, x, 0), "np.split: .* write tg.split":
    lambda x: np.split(x, 2), "np.absolute: .* write tg.abs": np.abs, "np.square: .* write x \\* x": np.square,
    "np.linalg.norm: .* write tinygan's operations": np.linalg.norm,
    "np.add.reduce: .* write tinygan's operations": np.add.reduce,
    "np.multiply: .* write a \\* b": lambda x: np.multiply(X, x, out=np.empty((2, 2))),
    "np.clip: .* write tg.clip": lambda x: np.clip(x, 0, 2),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_function_that_loses_the_derivative_is_refused(x, message):
    with pytest.raises(TypeError, match=rf"^{message}, or give x.detach\(\)") as caught:
        REFUSED[message](x)
    assert "\n" not in str(caught.value)


def test_every_cure_of_a_function_exists():
    from tinygan.ops import methods
    for name in methods._WITHOUT_DERIVATIVE | methods._BY_NAME.keys():
        assert hasattr(np, name), name
    x = tg.Tensor(X, requires_grad=True)
    for name in sorted(tg.ops.OPS):
        if isinstance(function := getattr(np, name, None), np.ufunc) and function.nin == 1:
            with pytest.raises(TypeError, match=f"write tg.{name}"):
                function(x)
            assert hasattr(tg, name)


def test_in_place_addition_of_values_and_not_of_derivatives(x):
    a = np.zeros((2, 2))
    kept = a
    a += x.detach()
    assert a is kept
    assert a.tolist() == X.tolist()
    with pytest.raises(TypeError, match=r"np.add: a Tensor with requires_grad=True would lose its derivative"):
        a += x


# --- operators with an array on the left ---

@pytest.mark.parametrize("left", [X, X.astype(np.float32), np.float64(3), np.float32(3), 3, 3.0, np.array(3.0)],
                         ids=lambda v: f"{type(v).__name__}{np.shape(v)}{np.asarray(v).dtype}")
def test_an_array_on_the_left_leaves_the_operator_to_the_tensor(x, left):
    for y, expected in [(left + x, left + X), (left - x, left - X), (left * x, left * X), (left / x, left / X),
                        (left ** x, left ** X)]:
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        np.testing.assert_allclose(y.data, expected)
    for got, expected in [(left < x, left < X), (left >= x, left >= X), (left == x, left == X), (left != x, left != X)]:
        assert not isinstance(got, tg.Tensor)
        np.testing.assert_array_equal(got, expected)


def test_a_matrix_product_with_an_array_on_the_left(x):
    y = X @ x
    assert y.requires_grad
    np.testing.assert_array_equal(y.data, X @ X)


def test_the_array_of_a_device_leaves_the_operator_to_the_tensor():
    a = foreign.asarray(X)
    x = tg.Tensor(a, requires_grad=True)
    for y, expected in [(a + x, X + X), (a * x, X * X), (a @ x, X @ X)]:
        assert y.requires_grad
        np.testing.assert_array_equal(y.numpy(), expected)
    np.testing.assert_array_equal(foreign.to_host(np.exp(x.detach())), np.exp(X))


# --- arrays of other libraries ---

def test_a_torch_tensor_is_shared_and_never_kept(torch, x):
    ones = torch.ones(2, 2, dtype=torch.float64)
    for y in (x * ones, x + ones, x @ ones, tg.maximum(x, ones), tg.where(ones > 0, x, ones), tg.stack([x, ones]),
              tg.concatenate([x, ones]), ones * x, x / ones):
        assert type(y) is tg.Tensor
        assert type(y.data) is np.ndarray
        for create_graph in (False, True):
            [g] = tg.grad((y * y).sum(), [x], create_graph=create_graph)
            assert type(g.data) is np.ndarray
            assert np.isfinite(g.data).all()
    assert type(tg.exp(ones)) is np.ndarray
    assert (x < ones).tolist() == [[False, False], [False, False]]


def test_a_torch_tensor_that_cannot_be_shared_is_refused_by_name(torch, x):
    with pytest.raises(TypeError, match=r"mul: .*Tensor cannot be shared") as caught:
        _ = x * torch.ones(2, requires_grad=True)
    assert "\n" not in str(caught.value)


def test_an_object_with_values_is_taken_and_one_without_numbers_refused(x):
    class Series:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype)

    assert type((x * Series([1.0, 2.0])).data) is np.ndarray
    with pytest.raises(TypeError, match=r"mul: .*Series of <U1, expected numbers"):
        _ = x * Series(["a", "b"])


# --- Python's own conversions ---

def test_a_tensor_of_one_number_is_formatted_rounded_and_converted(x):
    loss = x.mean()
    assert f"{loss:.3f}" == "2.500"
    assert f"{loss:>6.1f}" == "   2.5"
    assert f"{x.detach()}" == str(x.detach()) == f"{x.detach()!r}"
    assert round(loss + 0.004, 2) == 2.5
    assert round(loss + 0.2) == 3
    assert int(loss) == 2
    assert float(loss) == float(tg.Tensor([[2.5]])) == 2.5
    for convert in (int, float, round, lambda t: f"{t:.2f}"):
        with pytest.raises(ValueError):
            convert(x)


def test_iteration(x):
    with pytest.raises(TypeError, match="iteration over a Tensor without axes"):
        iter(x.sum())
    with pytest.raises(TypeError):
        sum(x.sum())
    rows = list(x)
    assert [r.data.tolist() for r in rows] == X.tolist()
    assert all(r.requires_grad for r in rows)
    a, b = x
    assert tg.grad((a * b).sum(), [x])[0].data.tolist() == [[3, 4], [1, 2]]
    assert [float(v) for v in tg.Tensor([1.0, 2.0])] == [1, 2]


def test_copies_and_lengths_are_as_before(x):
    assert len(x) == 2
    assert copy.deepcopy(x).data.tolist() == X.tolist()
    assert x in {x: 1}


# --- the top of the package ---

def test_all_names_exist_and_dir_shows_them():
    assert len(set(tg.__all__)) == len(tg.__all__)
    for name in tg.__all__:
        assert getattr(tg, name) is not None
        assert name in dir(tg)
    for name in ("record", "unwrap", "unbroadcast", "zoo", "metrics", "plots", "toys", "divergences", "latent", "runs",
                 "check", "min", "split"):
        assert name in tg.__all__
    assert tg.nn.Parameter
    with pytest.raises(AttributeError, match="module 'tinygan' has no attribute 'nonsense'"):
        _ = tg.nonsense


def test_rooms_are_imported_when_they_are_used():
    code = ("import sys, tinygan as tg\n"
            "later = ['divergences', 'latent', 'metrics', 'plots', 'runs', 'toys', 'zoo']\n"
            "assert not any(f'tinygan.{name}' in sys.modules for name in later)\n"
            "for name in later: assert getattr(tg, name) is sys.modules[f'tinygan.{name}']\n"
            "tg.zoo.RECIPES, tg.toys, tg.runs.Run, tg.check.check_gradients")
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_methods_have_signatures_and_docstrings():
    for name in ("sum", "mean", "var", "std", "max", "min", "astype"):
        assert getattr(tg.Tensor, name).__doc__


@pytest.mark.parametrize(("name", "cure"), [
    ("backward", "; write tg.grad(loss, network.parameters())"),
    ("grad", "; write tg.grad(loss, network.parameters())"),
    ("cuda", '; write x.to("gpu")'), ("view", "; write x.reshape(shape)"), ("exp", "; write tg.exp(x)"), ("shap", "")])
def test_an_attribute_of_another_library_is_refused_with_the_cure(name, cure):
    with pytest.raises(AttributeError) as caught:
        getattr(tg.Tensor([1.0]), name)
    assert str(caught.value) == f"Tensor has no attribute {name!r}{cure}"
    assert not hasattr(tg.Tensor([1.0]), name)
