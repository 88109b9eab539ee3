"""The helpers of the notebooks."""
import numpy as np
import pytest

from tinygan import notebook


def test_a_claim_that_holds_is_silent():
    notebook.check("all are positive", np.array([1, 2]) > 0)


def test_a_claim_that_does_not_hold_names_itself_the_value_and_the_next_step():
    with pytest.raises(AssertionError, match=r"expected: all are positive; found: -1\. If .*restart"):
        notebook.check("all are positive", np.array([1, -1]) > 0, found=-1)


def test_a_claim_shows_several_values_in_few_digits():
    with pytest.raises(AssertionError, match=r"found: first: 0\.3333; second: 1, 2\. If"):
        notebook.check("both are 0", False, found={"first": np.float64(1 / 3), "second": [np.int64(1), 2]})


@pytest.mark.parametrize(("yours", "result", "line"), [
    (120, 125.663, "n: 125.7 (you predicted 120)"), (None, 3, "n: 3 (you predicted nothing yet: write it"),
    ([1, 2], np.array([0.5, np.float32(2)]), "n: 0.5, 2 (you predicted 1, 2)"), (True, np.True_, "n: True (you pr"),
    ("two", "three", "n: three (you predicted two)")])
def test_a_prediction_stands_beside_the_result(capsys, yours, result, line):
    notebook.compare("n", yours, result)
    assert capsys.readouterr().out.startswith(line)


@pytest.fixture
def axes():
    from matplotlib.figure import Figure
    return Figure().subplots()


@pytest.mark.parametrize(("yours", "lines"), [
    ({}, 0), ({"x": 1}, 1), ({"x": 1, "y": 0}, 2), ({"points": [(0, 1), (2, 3)]}, 1)])
def test_a_prediction_is_drawn_if_there_is_one(axes, yours, lines):
    notebook.mark(axes, **yours)
    assert [line.get_label() for line in axes.lines] == ["you"] * lines
    if "points" in yours:
        assert axes.lines[0].get_xydata().tolist() == [[0, 1], [2, 3]]


def test_images_are_drawn_without_ticks(axes):
    notebook.show_images(axes, np.zeros((4, 8, 8, 1)), "four")
    assert axes.get_title() == "four"
    assert len(axes.images) == 1
    assert not axes.axison


@pytest.mark.parametrize("static", [True, False])
def test_a_slider_draws_at_once(monkeypatch, capsys, static):
    if not static:
        pytest.importorskip("ipywidgets")
    monkeypatch.setenv("TINYGAN_STATIC", "1" if static else "")
    drawn = []
    notebook.slider(lambda rate=0.5: drawn.append(rate), rate=(0.0, 1.0, 0.1))
    assert drawn == [0.5]


def test_without_widgets_a_slider_draws_and_names_the_package(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    drawn = []
    notebook.slider(lambda rate=0.5: drawn.append(rate), rate=(0.0, 1.0, 0.1))
    assert drawn == [0.5]
    assert "pip install ipywidgets" in capsys.readouterr().out


def test_the_style_is_matplotlibs_settings():
    import matplotlib
    with matplotlib.rc_context():
        notebook.style()
        assert not matplotlib.rcParams["axes.spines.top"]
