"""The curves: reference lines, and scales that recover."""
import numpy as np
import pytest

from tinygan.lab.curves import HEIGHT, WIDTH, Curves
from tinygan.lab.state import Laboratory


def drawn(lab, **columns):
    """The curves of a laboratory with this history."""
    lab.look()
    n = len(next(iter(columns.values())))
    lab.history.update({name: [0.5] * n for name in lab.history}, moves=[*range(n)], **columns)
    curves = Curves()
    assert curves.draw(lab).shape == (HEIGHT, WIDTH, 4)
    return curves


@pytest.mark.parametrize(("objective", "value", "middle", "texts"), [
    ("non-saturating", -2 * np.log(2), 0.5, ["-2 log 2", "1/2"]), ("hinge", 2, 0, ["2", "0"]),
    ("zero-sum", 2 * np.log(2), 0.5, ["1.39", "1/2"]), ("two-sample", np.nan, 0, ["", "0"])])
def test_dotted_lines_mark_a_d_that_cannot_tell(objective, value, middle, texts):
    curves = drawn(Laboratory(objective=objective, width=4, batch=4, shown=8), V_D=[1.0, 2.0])
    assert [line.get_ydata()[0] for line in curves.references] == pytest.approx([value, middle, np.nan], nan_ok=True)
    legends = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in curves.panels]
    for legend, text in zip(legends, texts):
        assert (f"D cannot tell: {text}" in legend) == bool(text)


def test_titles(lab):
    assert all(axes.get_title(loc="left") for axes in drawn(lab, V_D=[0.0]).panels)


def test_the_scale_recovers_after_samples_ran_away(lab):
    distance = np.full(100, 0.2)
    away = distance.copy()
    away[10:20] = 1e6
    for values, top in ((distance, 1), (away, 1), (away[:25], 1e6)):
        assert drawn(lab, distance=[*values]).panels[2].get_ylim()[1] == pytest.approx(top, rel=0.8)


def test_probabilities_have_a_fixed_scale_and_critics_their_own(lab):
    low, high = drawn(lab, real=[0.4, 0.6]).panels[1].get_ylim()
    assert (low, high) == pytest.approx((0, 1), abs=0.05)
    lab.objective = "hinge"
    assert drawn(lab, real=[-40.0, 60.0]).panels[1].get_ylim()[1] > 60
