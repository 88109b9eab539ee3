"""Plain and fast forms: every form agrees with the plain body; `plain` turns all of them off."""
import inspect
import os
import re
import subprocess
import sys

import foreign
import form_cases
import numpy as np
import pytest
from form_cases import CASES, PRECISION, moved

import tinygan as tg
from tinygan.backend import compiled
from tinygan.backend.accelerated import FORMS, PLAIN, FormError, run, using_form
from tinygan.ops import conv, elementwise
from tinygan.ops.linear import product
from tinygan.updates import Adam, adam_step

PLACES = (np, np.asarray), (foreign, foreign.to_host)


@pytest.mark.parametrize("dtype", PRECISION)
@pytest.mark.parametrize(("name", "pair"), [pytest.param(name, pair, id=f"{name}-{i}") for name in FORMS
                                            for i, pair in enumerate(FORMS[name])])
def test_a_form_is_the_plain_body_to_rounding(name, pair, dtype):
    """They agree on every case that the form fits (at least one), in the result and in the arrays changed in place."""
    (fits, form), met = pair, 0
    for seed, make in enumerate(CASES[name]):
        args = form_cases.drawn(make, dtype, seed)
        expected = form_cases.results(PLAIN[name], moved(args, np))
        for xp, host in PLACES:
            there = moved(args, xp)
            if fits(*there):
                met += 1
                got = form_cases.results(form, there, host)
                form_cases.assert_close(name, got, expected, dtype)
    one_core = compiled.threads == 1 and name.startswith("ops.linear.")  # BLAS runs on all cores there
    assert met or one_core, f"no case of {name} fits its form {form}"


def test_every_accelerated_function_has_cases_and_every_form_a_function():
    assert PLAIN.keys() == FORMS.keys() == CASES.keys()
    assert not compiled.threads or all(FORMS.values())


@pytest.mark.parametrize(("name", "planted"), [
    ("ops.elementwise._relu", lambda x: np.clip(x, 0, 2)),
    ("updates.adam_step", lambda g, m, v, *numbers: g),  # a form that leaves the moments as they were
    ("ops.conv.correlate", lambda x, w, *options: PLAIN["ops.conv.correlate"](x, w[::-1], *options)),
])
def test_a_wrong_form_is_seen(name, planted):
    with using_form(name, lambda *args: type(args[0]) is np.ndarray, planted), pytest.raises(AssertionError):
        test_a_form_is_the_plain_body_to_rounding(name, FORMS[name][0], "float64")


# --- the switch ---

def lines_reached(function, call):
    """The lines of the function's body that run in a call: a debugger could stop at each."""
    body, reached = inspect.unwrap(function).__code__, set()

    def trace(frame, event, _):
        if frame.f_code is body and event == "line":
            reached.add(frame.f_lineno)
        return trace
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return reached


X, W = np.ones((2, 8, 8, 3), np.float32), np.ones((4, 4, 3, 2), np.float32)
NET = tg.nn.Sequential(tg.nn.BatchNorm(3), tg.nn.ReLU())
READERS = {
    "ReLU in a network": (tg.nn.ReLU.forward, lambda: NET(tg.Tensor(X))),
    "relu": (elementwise._relu, lambda: tg.relu(X)),
    "Adam": (adam_step, lambda: Adam()(np.ones(3))),
    "correlate": (conv.correlate, lambda: tg.conv2d(X, W, 2, 1)),
    "its windows": (conv.windows, lambda: tg.conv2d(X, W, 2, 1)),
    "transpose_correlate": (conv.transpose_correlate, lambda: tg.conv_transpose2d(X, np.ones((4, 4, 2, 3)), 2, 1)),
}


@pytest.mark.parametrize("name", READERS)
def test_a_breakpoint_is_hit_under_plain(name):
    function, call = READERS[name]
    with tg.plain():
        assert lines_reached(function, call)


# NumPy's form of transpose_correlate calls it, on parts of the batch
@pytest.mark.parametrize("name", [name for name in READERS if name != "transpose_correlate"])
@pytest.mark.fast_forms
def test_it_is_passed_by_otherwise(name):
    function, call = READERS[name]
    assert not lines_reached(function, call)


def test_plain_ends_with_its_block_and_after_an_error():
    def is_fast():
        return not lines_reached(elementwise._relu, lambda: tg.relu(X))
    before = is_fast()
    with tg.plain():
        with tg.plain():
            assert not is_fast()
        assert not is_fast()
    assert is_fast() is before
    with pytest.raises(ValueError, match="from inside"), tg.plain():
        raise ValueError("from inside")
    assert is_fast() is before


@pytest.mark.fast_forms
def test_products_by_another_library():
    a, b, called = np.ones((2, 3)), np.ones((3, 4)), []

    def other(x, y):
        called.append(x.shape)
        return x @ y

    def always(x, y):
        return True
    with using_form("ops.linear.product", always, other):
        with pytest.raises(ZeroDivisionError), using_form("ops.linear.product", always, lambda x, y: 1 / 0):
            product(a, b)
        np.testing.assert_array_equal(product(a, b), 3)
    product(a, b)
    assert called == [(2, 3)]
    column, row = np.arange(3.0)[:, None], np.arange(4.0)[None]
    np.testing.assert_array_equal(product(column, row), column @ row)


@pytest.mark.fast_forms
@pytest.mark.parametrize("call", [product, lambda *args: run("ops.linear.product", *args)], ids=["a call", "run"])
def test_a_form_that_this_machine_cannot_run(call):
    """The next one takes its place, with one warning."""
    a, b, tried = np.ones((2, 3)), np.ones((3, 4)), []

    def always(x, y):
        return True

    def broken(x, y):
        tried.append(x.shape)
        raise FormError("there is no such machine")
    with using_form("ops.linear.product", always, lambda x, y: "the next"), \
            using_form("ops.linear.product", always, broken):
        with pytest.warns(RuntimeWarning, match="tinygan.ops.linear.product is slower from now on, as it runs without "
                                                "one of its fast forms: there is no such machine"):
            assert call(a, b) == "the next"
        assert call(a, b) == "the next"
    np.testing.assert_array_equal(product(a, b), 3)
    assert tried == [(2, 3)]


def test_the_environment_turns_all_forms_off():
    code = ("import numpy as np, tinygan as tg; from tinygan.backend.accelerated import PLAIN; from tinygan.ops import "
            "conv; print(conv.correlate is PLAIN['ops.conv.correlate'], tg.conv2d(np.ones((1, 3, 3, 1)), "
            "np.ones((2, 2, 1, 1))).ravel())")
    for value, expected in (("1", "True [4. 4. 4. 4.]"), ("0", "False [4. 4. 4. 4.]"), ("", "False [4. 4. 4. 4.]")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                              env={**os.environ, "TINYGAN_PLAIN": value})
        assert done.stdout.strip() == expected


def test_a_step_of_training_is_the_same_to_rounding():
    """Three steps of the digits' DCGAN in float64, plain and fast."""
    def theta():
        game = tg.zoo.RECIPES["digits"].start(batch=4, dtype="float64")
        tg.game.train(game, 3)
        return np.concatenate([game.generator.theta, game.discriminator.theta])
    with tg.plain():
        expected = theta()
    np.testing.assert_allclose(theta(), expected, rtol=1e-7, atol=1e-9)


def test_pdb_stops_by_name_in_the_course_file(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import numpy as np, tinygan as tg, tinygan.ops.conv\nwith tg.plain():\n"
                      "    tg.relu(tg.conv2d(np.ones((1, 4, 4, 1)), np.ones((3, 3, 1, 1))))\n"
                      "    tg.updates.Adam()(np.ones(3))\n")
    commands = ["next", "break tinygan.ops.conv.correlate", "break tinygan.relu", "break tinygan.updates.adam_step",
                *["continue"] * 3, "quit"]
    done = subprocess.run([sys.executable, "-m", "pdb", str(script)], input="\n".join(commands) + "\n",
                          capture_output=True, text=True, timeout=60)
    stops = re.findall(r"> .*[/\\](\w+\.py)\(\d+\)(\w+)\(\)", done.stdout)
    assert stops == [("conv.py", "correlate"), ("elementwise.py", "relu"), ("updates.py", "adam_step")]
