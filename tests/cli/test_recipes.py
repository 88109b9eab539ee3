"""`tinygan recipes`: the recipes and their switches."""
import pytest

from tinygan.cli import main
from tinygan.zoo import RECIPES
from tinygan.zoo.settings import switches


def test_recipes_say_what_they_set(capsys):
    assert main(["recipes"]) == 0
    listed = capsys.readouterr().out
    assert "betas=0.5:0.9 average=0.99 latent=2 objective=two-sample k=5 rate=0.001 decay=true gp=" in listed
    assert "instance_noise" in listed


def test_recipes_are_listed(capsys):
    assert main(["recipes"]) == 0
    assert "digits" in capsys.readouterr().out


@pytest.mark.parametrize("columns", ["0", "80", "200"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_explains_each_switch(name, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["recipes", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split(maxsplit=2) for line in lines[lines.index("") + 2:-2] if line[0] != " "]
    assert [row[0] for row in rows] == list(switches(RECIPES[name]))
    assert all(len(row) == 3 and row[2][0].isalpha() for row in rows)
    assert max(map(len, lines)) <= max(int(columns), 80)
