"""The judge's side of a student's process: a function there is an operation here, and a failure there a reason."""
import pytest

import tinygan as tg
from tinygan.grading.checks import CheckError

pytest.importorskip("resource")  # of POSIX
from tinygan.grading.remote import Worker


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


def test_a_function_in_another_process_is_an_operation():
    """The values, the gradients and their gradients come from the student's rules; a cell may contain magics."""
    text = "%matplotlib inline\nimport numpy as np\ndef cube(x, scale=1.0):\n    return scale * x ** 3\n!ls\n?cube"
    with Worker([("answer", text)]) as worker:
        cube = worker.probe("cube")
        x = tg.Tensor([1.0, 2.0], requires_grad=True)
        assert cube(x, scale=2.0).numpy().tolist() == [2, 16]
        [slope] = tg.grad(cube(x).sum(), [x], create_graph=True)
        assert slope.numpy().tolist() == [3, 12]
        assert tg.grad(slope.sum(), [x])[0].numpy().tolist() == [6, 12]
        tg.check_gradients(cube, [0.5, -1.5])


@pytest.mark.parametrize(("text", "message"), [
    ("1 / 0", r"^ZeroDivisionError: division by zero \(line 1 of answer\)$"),
    ("def f(x):\n    return x.numpy()", "the function returns a ndarray, expected a Tensor"),
    slow("def f(x):\n    import os\n    os._exit(3)", "^the process ended with status 3 before it answered$"),
    ("def f(x):\n    import subprocess\n    subprocess.run(['true'])",
     "PermissionError: subprocess.Popen is not allowed"),
    slow("def f(x):\n    while True:\n        pass", "^too slow: more than 1 seconds of processor time"),
    slow("def f(x):\n    return bytes(1 << 40)", "^too much memory: more than 1024 MB"),
])
def test_what_goes_wrong_there_is_a_reason_here(text, message):
    with pytest.raises(CheckError, match=message), Worker([("answer", text)], seconds=1) as worker:
        worker.probe("f")(tg.Tensor([1.0], requires_grad=True))


@pytest.mark.parametrize(("value", "message"), [
    ("x.data + 0j", "complex128 numbers, expected float64"),
    ("x.data.astype(np.longdouble)", "float128 numbers, expected float64"),
    slow("object()", "returns a object, expected a Tensor"),
    slow("x.data.astype(int)", "returns a ndarray, expected a Tensor"),
    slow("tg.Tensor(np.zeros(10 ** 6))", "cannot be read"),
    slow("x.data.view(type('\\x1b]0;a\\u202e', (np.ndarray,), {}))", r"returns a \?]0;a\?, expected a Tensor")])
def test_values_that_are_no_real_tensor_have_words_of_their_own(value, message):
    cells = [("answer", f"import numpy as np\nimport tinygan as tg\ndef f(x):\n    return {value}")]
    with pytest.raises(CheckError, match=message), Worker(cells) as worker:
        worker.probe("f")(tg.Tensor([1.0], requires_grad=True))


def test_a_function_keeps_the_shape_of_its_value():
    """The product of two values of other shapes could fill the grader's memory."""
    text = "import tinygan as tg\nn = [1]\ndef f(x):\n    n.append(1)\n"
    text += "    return x * tg.Tensor([[1.0]]).reshape((1,) * len(n))"
    with Worker([("answer", text)]) as worker:
        f, x = worker.probe("f"), tg.Tensor([1.0], requires_grad=True)
        assert f(x).shape == (1, 1)
        with pytest.raises(CheckError, match=r"gives shape \(1, 1, 1\), and shape \(1, 1\) for inputs of equal shapes"):
            f(x)


@pytest.mark.parametrize(("rule", "order"), [slow("0 * g", 1), ("2 * g * near(x)", 2), ("2 * g * x", None)])
def test_a_function_that_remembers_is_noticed(rule, order):
    """Finite differences see no fault in it: near an input that it has seen it answers as for that input."""
    text = f"""
import numpy as np
from tinygan.tensor import record, unwrap
seen = []
def near(x):
    seen.append(unwrap(x))
    return next(a for a in seen if np.allclose(a, unwrap(x), rtol=0.02))
def f(x):
    return record({'near(x)' if order == 1 else 'unwrap(x)'} ** 2, (x, lambda g, y, x: {rule}))"""
    with Worker([("answer", text)]) as worker:
        tg.check_gradients(worker.probe("f", lambda x: x * x), [1.0, 2.0])
        assert worker.other == "" if order is None else "wrong near them: does it depend on earlier" in worker.other
