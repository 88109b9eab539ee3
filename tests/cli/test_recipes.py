"""`tinygan recipes`: the recipes and their switches."""
from tinygan.cli import main


def test_recipes_say_what_they_set(capsys):
    assert main(["recipes"]) == 0
    listed = capsys.readouterr().out
    assert "betas=0.5:0.9 average=0.99 latent=2 objective=two-sample k=5 rate=0.001 decay=true gp=" in listed
    assert "instance_noise" in listed


def test_recipes_are_listed(capsys):
    assert main(["recipes"]) == 0
    assert "digits" in capsys.readouterr().out
