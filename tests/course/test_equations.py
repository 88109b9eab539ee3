"""The contract between lectures and library (`lectures/equations.py`): each equation once, with an oracle; and a
function computes the equations that it cites."""
import inspect
import re
import sys
from pathlib import Path

import equation_cases
import numpy as np
import pytest

import tinygan as tg
from tinygan import metrics, objectives, penalties, updates
from tinygan.ops import normalise
from tinygan.toys import dynamics, fields, matrix

sys.path.append(str(Path(__file__).parents[2] / "lectures"))
import equations

CATALOGUE, LECTURES, USES = equations.catalogue(), equations.lectures(), list(equations.uses())
TEXTS = {number: path.read_text() for number, path in LECTURES.items()}
WRITTEN = [e for e in CATALOGUE.values() if e.lecture in LECTURES]
PENDING = {e.slug for e in CATALOGUE.values()} - {e.slug for e in WRITTEN}
COMPARED = [use for use in USES if use.path and use.slug in {e.slug for e in WRITTEN if e.form == "oracle"}]


def short(use):
    return f"{use.module}.{use.path}".removeprefix("tinygan.")


def exempt(function):
    """A function or class that computes no equation of a lecture: a joined list, a base class, a record, or a remedy,
    which calls a function beside it."""
    remedy = inspect.isclass(function) and function.__module__ == penalties.__name__
    return remedy or function in (updates.vector, updates.Optimiser, objectives.Goal, objectives.Objective)


# --- the lectures ---

@pytest.mark.parametrize("number", LECTURES)
def test_a_lecture_has_the_equations_of_the_catalogue(number):
    """Each appears once, and none of another lecture or of none: a pending equation cannot appear unnoticed."""
    expected = sorted(e.slug for e in WRITTEN if e.lecture == number)
    assert sorted(equations.LABEL.findall(TEXTS[number])) == expected


@pytest.mark.parametrize("number", LECTURES)
def test_its_code_runs(number):
    """Every Python block, with what it asserts."""
    equations.run(LECTURES[number], {equations.name(slug): oracle for slug, oracle in equations.oracles().items()})


@pytest.mark.parametrize("number", LECTURES)
def test_what_it_names_exists(number):
    for name in set(re.findall(r"`tinygan\.([\w.]+)`", TEXTS[number])):
        part, found = name.split("."), tg
        for i, step in enumerate(part):
            if not hasattr(found, step):
                __import__("tinygan." + ".".join(part[:i + 1]))
            found = getattr(found, step)
    for link in re.findall(r"\]\((?!http|#)([^)]+)\)", TEXTS[number]):
        assert (equations.LECTURES / link).exists(), link


@pytest.mark.parametrize("equation", WRITTEN, ids=lambda e: e.slug)
def test_an_equation_has_its_oracle_and_its_code(equation):
    """The oracle stands right under the equation, and some function cites it; or it is prose and has neither."""
    after = TEXTS[equation.lecture].partition(f"$$ ({equation.slug})\n")[2].lstrip()
    oracle = after.startswith("```python\n") and f"def {equations.name(equation.slug)}(" in after.partition("```\n")[0]
    assert oracle == (equation.form == "oracle") == any(use.slug == equation.slug for use in COMPARED)


@pytest.mark.parametrize("number", [n for n in LECTURES if n != "00"])
def test_its_notebook_shows_every_equation(number):
    shown = equations.cited(equations.notebook(number).read_text())
    assert {e.slug for e in WRITTEN if e.lecture == number} <= set(shown) <= set(CATALOGUE)


# --- the library ---

def test_every_citation_is_of_an_equation():
    assert {use.slug for use in USES} | {slug for text in TEXTS.values() for slug in equations.cited(text)} <= set(
        CATALOGUE)


@pytest.mark.parametrize("use", COMPARED, ids=lambda use: f"{use.slug}-{short(use)}")
def test_a_function_computes_what_it_cites(use):
    for seed in range(3):
        equation_cases.compare(use.slug, short(use), use.function, equations.oracles()[use.slug], seed)


def test_every_objective_penalty_and_update_cites():
    citing = {use.function for use in USES if use.path}
    for module in (objectives, penalties, updates):
        for name, function in inspect.getmembers(module, callable):
            if function.__module__ == module.__name__ and not name.startswith("_") and not exempt(function):
                assert function in citing, f"{module.__name__}.{name} cites no equation"
    for name, objective in objectives.OBJECTIVES.items():
        assert {goal.function for goal in objective} <= citing, f"a goal of {name} cites no equation"


def test_every_form_is_used():
    forms = {(slug, path) for slug, path in equation_cases.FORMS if slug in equations.oracles()}
    assert forms <= {(use.slug, short(use)) for use in COMPARED}


# --- the test can fail ---

WRONG = {"g-minimax": objectives.g_non_saturating, "value": objectives.d_loss, "d-loss": objectives.g_zero_sum,
         "g-gradient": objectives.g_non_saturating_gradient, "cross-entropy": lambda t, a: tg.mean(t * a),
         "d-output": tg.tanh, "cross-entropy-split": lambda real, fake: objectives.d_loss(real, fake) / 2,
         "max-min": matrix.min_max}


@pytest.mark.parametrize("slug", [slug for slug in WRONG if slug in equations.oracles()])
def test_a_function_that_computes_another_equation_is_refused(slug):
    with pytest.raises(AssertionError):
        equation_cases.compare(slug, "wrong", WRONG[slug], equations.oracles()[slug])


@pytest.mark.parametrize(("slug", "path", "wrong"), [
    ("unbroadcast", "ops.shape.unbroadcast", lambda g, shape: np.broadcast_to(g.mean(), shape)),
    ("conv", "ops.conv.conv2d", lambda x, w, s, p: tg.conv2d(x, w[::-1, ::-1], s, p)),
    ("conv-transpose", "ops.conv.conv_transpose2d", lambda x, w, s, p: tg.conv_transpose2d(x, w.swapaxes(2, 3), s, p)),
    ("batch-norm", "nn.norm.BatchNorm", tg.nn.LayerNorm),
    ("d-ascent", "updates.ascend", updates.descend), ("sign-reversal", "updates.descend", updates.ascend),
    ("d-ascent", "objectives.value", objectives.d_loss), ("momentum", "updates.Momentum", updates.Average),
    ("alternating", "toys.dynamics.alternating", dynamics.simultaneous),
    ("dirac", "toys.fields.dirac", lambda: fields.dirac("non-saturating")),
    ("unrolled", "penalties.unrolled", lambda d, value, steps, rate: penalties.unrolled(d, value, steps, -rate)),
    ("coverage", "metrics.neighbours.precision_recall_density_coverage",
     lambda real, fake: metrics.precision_recall_density_coverage(fake, real)),
    ("frechet", "metrics.features.frechet", lambda a, b: metrics.frechet(a, b) ** 0.5),
    ("pooled-moments", "ops.normalise.moments", normalise._moments),
    ("all-reduce", "ops.normalise.all_reduce", np.array),
    ("adam", "updates.Adam", updates.RMSProp), ("kantorovich", "objectives.two_sample", objectives.hinge),
    ("wasserstein", "objectives.two_sample", objectives.value)])
def test_a_form_refuses_another_equation(slug, path, wrong):
    if slug in equations.oracles():
        with pytest.raises(AssertionError):
            equation_cases.compare(slug, path, wrong, equations.oracles()[slug])


def test_citations_are_found():
    assert equations.cited("V (`value`, `d-ascent`): a (equation `chain-rule`), of `shape`, see (`r1`; M18)") == [
        "value", "d-ascent", "chain-rule", "r1"]
