"""`tinygan interpolate`: sheets, films, errors."""
import shutil

import numpy as np
import pytest
from helpers import fails
from PIL import Image

from tinygan import latent, zoo
from tinygan.cli import main
from tinygan.runs import Config, Run

RECIPES = ["digits", "ring", "gaussian", "conditional", "conditional-ring"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Runs at step 0, made once."""
    folder = tmp_path_factory.mktemp("finished")
    for recipe in RECIPES:
        Run.create(folder / recipe, Config(recipe, 2, 0, 8, "float32", "cpu", zoo.RECIPES[recipe].data))
    return folder


@pytest.fixture
def _runs(finished, tmp_path, monkeypatch):
    """Copies of the runs in the folder where the commands run."""
    monkeypatch.chdir(shutil.copytree(finished, tmp_path / "runs"))


pytestmark = pytest.mark.usefixtures("_runs")


def size(path):
    with Image.open(path) as picture:
        return picture.size


def test_a_sheet_has_a_row_for_each_path(capsys):
    assert main(["interpolate", "digits"]) == 0
    assert "interpolation.png: 8 paths of 10 steps through digits at step 0" in capsys.readouterr().out
    assert size("interpolation.png") == (10 * 28, 8 * 28)
    assert main(["interpolate", "digits", "--rows", "3", "--steps", "7", "--seed", "1", "-o", "b.png"]) == 0
    assert size("b.png") == (2 * 7 * 28, 2 * 3 * 28)


def test_a_film_goes_there_and_back():
    assert main(["interpolate", "conditional", "--rows", "4", "--steps", "5", "--label", "2", "8", "-o", "a.gif"]) == 0
    with Image.open("a.gif") as film:
        frames = []
        for i in range(film.n_frames):
            film.seek(i)
            frames.append(np.asarray(film.convert("RGB")))
    assert len(frames) == 8
    assert frames[0].shape == (2 * 28 * 8, 2 * 28 * 8, 3)
    for i in (1, 2, 3):
        np.testing.assert_array_equal(frames[i], frames[-i])


@pytest.mark.drawn
def test_paths_through_points(figures):
    pictures = []
    for kind in latent.PATHS:
        assert main(["interpolate", "ring", "--path", kind, "-o", f"{kind}.png"]) == 0
        pictures.append(np.asarray(Image.open(f"{kind}.png")))
    assert {len(c.get_offsets()) for c in figures[0].axes[0].collections} == {2000}
    dark = [(picture.max(axis=2) < 60).sum() for picture in pictures]
    assert main(["sample", "ring", "-n", "2000", "-o", "cloud.png"]) == 0
    assert min(dark) > (np.asarray(Image.open("cloud.png")).max(axis=2) < 60).sum()  # lines are drawn
    assert not np.array_equal(*pictures)
    assert main(["interpolate", "conditional-ring", "--rows", "2", "--steps", "3", "-o", "a.gif"]) == 0
    with Image.open("a.gif") as film:
        assert film.n_frames == 4


@pytest.mark.parametrize(("arguments", "message"), [
    (["gaussian", "--path", "straight"], "not through examples of shape (1,)"),
    (["gaussian"], "no arc between them is the shortest; use a straight path"),
    (["digits", "--label", "3"], "digits knows no class 3: its recipe is not conditional"),
    (["conditional", "--label", "10"], "conditional knows no class 10: it has the classes 0 to 9"),
    (["conditional", "--label", "1", "2", "3"], "--label: got 3 classes, expected one, or two to go between"),
    (["digits", "--steps", "1"], "steps is 1, expected at least 2"),
    (["digits", "--rows", "0"], "'0' is not a whole number of at least 1"),
    (["digits", "--path", "curly"], "invalid choice: 'curly'"),
    (["digits", "-o", "a.txt"], "a.txt ends in '.txt', expected .png or .gif"),
    (["nowhere"], "there is no run here"),
])
def test_mistakes_are_one_line(arguments, message, capsys):
    assert message in fails(capsys, "interpolate", *arguments)
