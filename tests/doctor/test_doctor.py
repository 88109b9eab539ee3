"""The doctor: its findings, and the visits that a run keeps."""
from pathlib import Path

import pytest

from tinygan.doctor import FILE, Doctor, VisitsError, read
from tinygan.doctor.evidence import Visit
from tinygan.game import Diverged, train
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
        "    see: lectures/06-playing.md, What goes wrong in practice\n"
        "a player stands still: the learning rate of D is 0\n"
        "    try: a higher rate of this player, such as the recipe's own\n"
        "    see: lectures/06-playing.md, What goes wrong in practice\n")


def test_a_game_that_diverged(tmp_path):
    """The folder's doctor knows it, though the checkpoint is older; a game that was resumed does not have it."""
    def start(**settings):
        return change(RECIPES["ring"], {"decay": False, **settings}).start(batch=8)

    doctor, game = Doctor(60, folder=tmp_path), start(rate=1e29)
    with pytest.raises(Diverged):
        train(game, 60, [doctor])
    doctor.diverged(game)
    assert [str(f).splitlines()[0] for f in Doctor(60, folder=tmp_path).examine(start())] == [
        f"the game diverged: step {game.step + 1} gave a number that is not finite, and the game ended"]
    train(start(), 20, [again := Doctor(60, folder=tmp_path)])
    assert [v.step for v in read(tmp_path / FILE)] == [1, 20]
    assert "the game diverged" not in again.reported


def test_visits_of_the_first_release_can_be_read(tmp_path):
    Path(tmp_path, FILE).write_text(",".join(Visit._fields[:8]) + "\n1,-1,1,0.5,1,1,0,0\n")
    [seen] = read(tmp_path / FILE)
    assert seen == Visit(1, -1.0, 1.0, 0.5, 1.0, 1.0, 0.0, 0.0)


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
