"""The doctor: its findings, and the visits that a run keeps."""
from pathlib import Path

import pytest

from tinygan.doctor import FILE, Doctor, VisitsError, read
from tinygan.doctor.evidence import Visit
from tinygan.game import train
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import change

# Findings in games that went wrong

def test_a_finding_is_told_once_and_in_plain_words(capsys):
    game = RECIPES["ring"].start(batch=8)
    game.rate_d, game.rate_g = 0.0, 1e-3
    train(game, 60, [Doctor(60)])
    assert capsys.readouterr().out == (
        "the rates are far apart: D's learning rate is 0 and G's 0.001\n"
        "    try: rates within a factor of ten: rate=D:G, or one for both\n"
        "    see: lectures/06-playing.md, What goes wrong in practice\n")


# The command line

@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(Visit._fields) + "\n1,2\n",
                                     ",".join(Visit._fields) + "\n1,2,3,4,5,6,7,x\n", "\0\n"])
def test_visits_that_are_damaged(content, tmp_path, capsys):
    Path(tmp_path, FILE).write_text(content)
    with pytest.raises(VisitsError, match=r"doctor.csv is damaged \(.*\); remove it"):
        Doctor(5, folder=tmp_path)


def test_the_visits_of_a_run_that_goes_on(tmp_path):
    whole = Doctor(60, folder=tmp_path)
    recipe = change(RECIPES["ring"], {"decay": False})
    train(recipe.start(batch=8), 60, [whole])
    assert read(tmp_path / FILE) == whole.visits
    game = train(recipe.start(batch=8), 30)  # as from a checkpoint before the last visits
    train(game, 60, [again := Doctor(60, folder=tmp_path)])
    assert again.visits == whole.visits == read(tmp_path / FILE)
