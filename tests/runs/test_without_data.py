"""A run on another machine, where its data are missing or at another place: it samples, interpolates, is exported."""
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import fails, one_line
from PIL import Image

from tinygan import data
from tinygan.cli import main
from tinygan.data import DataError
from tinygan.exchange import files
from tinygan.game import train
from tinygan.runs import Config, Run, RunError, checkpoint, interpolate
from tinygan.zoo import RECIPES
from tinygan.zoo.sources import SOURCES, mixture, source


def images(folder, classes=("",), count=12, channels=()):
    """Writes images of 8 x 8 pixels to each class of a folder, and returns the text that names them in this size."""
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(rng.integers(0, 256, (8, 8, *channels), np.uint8)).save(folder / name / f"{i:02}.png")
    return f"{folder}@8"


def sequences(path, count=12):
    """Writes sequences of five steps to a file, and returns its name."""
    np.save(path, np.random.default_rng(0).standard_normal((count, 5, 2)))
    return str(path)


def begun(folder, recipe, place, steps=1, **settings):
    """A run on data of the user, after a number of steps of two."""
    run = Run.create(folder, Config(recipe, 2, 0, 4, "float32", "cpu", place, settings))
    train(run.game, steps)
    run.save()
    run.unlock()
    return run


KINDS = {
    "dense images": ("digits14", images, {"width": 4}),
    "dcgan in colour": ("digits", lambda folder: images(folder, channels=(3,)), {"width": 2}),
    "classes": ("conditional", lambda folder: images(folder, ("cat", "dog", "owl")), {"width": 2}),
    "classes by a projection": ("projection", lambda folder: images(folder, ("cat", "dog")), {"width": 2}),
    "growing": ("progressive", images, {"width": 2}),
    "style": ("style", lambda folder: images(folder, channels=(3,)), {"width": 2}),
    "sequences": ("sequence", lambda folder: sequences(folder.with_suffix(".npy")), {"width": 2}),
}


def remove(place):
    """Deletes the user's data."""
    path = Path(place.removesuffix("@8"))
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_without_its_data(kind, tmp_path):
    recipe, make, settings = KINDS[kind]
    place = make(tmp_path / "data")
    begun(tmp_path / "run", recipe, place, **settings)
    before = Run.open(tmp_path / "run")
    expected = before.samples(6, np.random.default_rng(1))
    remove(place)
    run = Run.open(tmp_path / "run")
    np.testing.assert_array_equal(run.samples(6, np.random.default_rng(1)), expected)
    assert run.game.step == 1
    rng = np.random.default_rng(0)
    between = interpolate.interpolate(run, 2, 3, "straight", rng)
    assert between.shape == (2, 3, *expected.shape[1:])
    if recipe == "sequence":
        with pytest.warns(UserWarning, match=r"data.npy.* cannot be read: .*; the picture has no real examples"):
            assert run.picture().std() > 1
    else:
        interpolate.save(tmp_path / "a.gif", run, between, rng)
        np.testing.assert_array_equal(run.picture(), before.picture())
    if recipe == "style":
        assert run.style_mixing(rng).shape == (81, 8, 8, 3)
    for package, write in (("safetensors", lambda: files.to_safetensors(run, "discriminator", tmp_path / "d")),
                           ("onnx", lambda: files.to_onnx(run, tmp_path / "g.onnx"))):
        pytest.importorskip(package)
        write()
    for needs in (run.load_data, lambda: run.evaluate(4, rng), lambda: run.baselines(4, rng)):
        with pytest.raises(RunError, match=r"run needs its data here: give them with --data$") as caught:
            needs()
        one_line(caught)
    config = (tmp_path / "run/config.json").read_bytes()
    assert main(["train", "--resume", "--out", str(tmp_path / "run"), "--steps", "99"]) == 2
    assert (tmp_path / "run/config.json").read_bytes() == config


def test_a_set_that_was_fetched_elsewhere(tmp_path, monkeypatch):
    begun(tmp_path, "digits", "digits", 0, width=2)
    monkeypatch.setattr(data.sets, "EMBEDDED", tmp_path / "none.npz")
    run = Run.open(tmp_path)
    assert run.samples(2, np.random.default_rng(0)).shape == (2, 28, 28, 1)
    with pytest.raises(RunError, match=r"is damaged \(FileNotFoundError\), install tinygan again$"):
        run.load_data()


def test_a_source_that_only_another_program_knows(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(SOURCES, "own", mixture(np.array([[-1, 0], [1, 0]], np.float32), 0.2))
        begun(tmp_path, "conditional-ring", "own", 0)
    run = Run.open(tmp_path)
    assert run.classes == 2
    with pytest.warns(UserWarning, match=r"unknown data 'own'.*; the picture has no real examples"):
        assert run.picture().std() > 1


@pytest.mark.parametrize("recipe", [name for name, recipe in RECIPES.items() if recipe.data in SOURCES])
def test_drawn_data_are_on_every_machine(recipe, tmp_path):
    begun(tmp_path, recipe, RECIPES[recipe].data, 0)
    run = Run.open(tmp_path)
    assert run.config.examples["shape"] == list(run.samples(1, np.random.default_rng(0)).shape[1:])
    run.load_data()


# The facts in the config

def test_the_config_has_the_facts_of_the_data(tmp_path):
    place = images(tmp_path / "data", ("cat", "dog"), 7)
    begun(tmp_path / "run", "conditional", place, 0, width=2)
    facts = json.loads((tmp_path / "run" / "config.json").read_text())["examples"]
    x = data.load(place).x
    if hasattr(data, "class_names"):
        assert facts.pop("names") == ["cat", "dog"]
    assert facts.pop("range") == [x.min(), x.max()]
    assert {name: facts[name] for name in ("shape", "classes", "count")} == {
        "shape": [8, 8, 1], "classes": 2, "count": 14}


def test_classes_have_names_where_the_data_are_missing(tmp_path, capsys):
    place = images(tmp_path / "data", ("cat", "dog"))
    run = begun(tmp_path / "run", "conditional", place, 0, width=2)
    run.config.examples["names"] = ["cat", "dog"]
    run.write_config()
    remove(place)
    run = Run.open(tmp_path / "run")
    with pytest.raises(RunError, match=r"knows no class 2: it has the classes 0 'cat', 1 'dog'$"):
        run.labels(1, 2)
    capsys.readouterr()
    assert main(["sample", str(run.folder), "-o", str(tmp_path / "s.png")]) == 0
    assert capsys.readouterr().out.endswith("samples of " + str(run.folder) + " at step 0, classes 0 'cat', 1 'dog'\n")
    for command in ("sample", "interpolate"):
        assert main([command, str(run.folder), "-o", str(tmp_path / "s.png"), "--label", "1"]) == 0
        assert capsys.readouterr().out.endswith(" at step 0, class 1 'dog'\n")


@pytest.mark.parametrize("wrong", [
    {"shape": [8, 8, -1]}, {"shape": [2**12] * 3}, {"shape": []}, {"shape": "88"}, {"shape": [True, 8]}, {"shape": 8},
    {"classes": 2**31}, {"classes": 1.0}, {"names": ["cat"]}, {"names": [1, 2]}, {"names": None}, {"count": "12"},
    {"range": [0.0]}, {"range": [0.0, 1]}, {"range": ["0", "1"]}])
def test_facts_from_elsewhere_are_not_trusted(wrong, tmp_path):
    begun(tmp_path, "digits", "digits", 0, width=2)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "examples": {**config["examples"], **wrong}}))
    with pytest.raises(RunError, match=r"config.json cannot be read: examples: .* are not the facts of a data source$"):
        Run.open(tmp_path)


def test_facts_and_data_are_the_same_source(tmp_path):
    place = images(tmp_path / "data", ("cat", "dog"))
    first = source(place, labels=True)
    again = source(place, labels=True, facts=first.facts)
    assert again.facts == first.facts
    for a, b in zip(first(9, np.random.default_rng(0)), again(9, np.random.default_rng(0))):
        np.testing.assert_array_equal(a, b)


def test_other_data_are_not_those_of_the_run(tmp_path):
    facts = source(images(tmp_path / "data", ("cat", "dog"))).facts
    other = images(tmp_path / "more", ("cat", "dog"), 13)
    with pytest.warns(UserWarning, match=r"have changed: 26 examples from .*; the run began with 24 examples from "):
        source(other, facts=facts)(1, np.random.default_rng(0))
    for place, message in ((images(tmp_path / "plain"), "found 0 classes of shape .*; expected 2 classes of shape "),
                           (other.replace("@8", "@16"), r"found 2 classes of shape \(16, 16, 1\)")):
        with pytest.raises(DataError, match=message) as caught:
            source(place, facts=facts)(1, np.random.default_rng(0))
        one_line(caught)
    renamed = source(other, facts={**facts, "names": ["cat", "owl"]})
    if hasattr(data, "class_names"):
        with pytest.raises(DataError, match=r"found 2 classes .* cat, dog; expected 2 classes .* cat, owl"):
            renamed(1, np.random.default_rng(0))


# The commands

@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A run whose data have moved from `photos` to `moved`."""
    monkeypatch.chdir(tmp_path)
    images(tmp_path / "photos")
    assert main(["train", "digits14", "--data", "photos@8", "--steps", "2", "--batch", "4", "--out", "run"]) == 0
    Path("photos").rename("moved")


@pytest.mark.usefixtures("moved", "undrawn")
def test_commands_without_the_data(capsys):
    for command in (["sample", "run"], ["interpolate", "run"],
                    ["train", "--resume", "--out", "run"]):  # all its steps are done
        assert main(command) == 0
    said = capsys.readouterr()
    assert "warning" not in said.err
    for command in (["evaluate", "run"], ["doctor", "run"], ["train", "--resume", "--steps", "3", "--out", "run"]):
        line = fails(capsys, *command)
        assert "photos" in line
        assert line.endswith("; run needs its data here: give them with --data")
    assert fails(capsys, "evaluate", "run", "-n", "9").startswith("tinygan evaluate: load: folder")  # -n is right


@pytest.mark.usefixtures("moved", "undrawn")
def test_export_and_import_without_the_data(tmp_path, capsys):
    pytest.importorskip("safetensors")
    assert main(["export", "--to", "safetensors", "run"]) == 0
    assert main(["import", "--out", "again", "run/generator.safetensors"]) == 0
    images(tmp_path / "colours", channels=(3,))
    assert "does not fit the generator" in fails(
        capsys, "import", "run/generator.safetensors", "--data", "colours@8", "--out", "other")


@pytest.mark.usefixtures("moved", "undrawn")
def test_commands_with_the_new_place_of_the_data(tmp_path, capsys):
    for command in (["evaluate", "-n", "9"], ["doctor"]):
        assert main([*command, "run", "--data", "moved@8"]) == 0
    kept = json.loads(Path("run/config.json").read_text())
    assert kept["data"].startswith(str(tmp_path / "photos"))
    assert "do not fit the run" in fails(capsys, "train", "--resume", "--steps", "3", "--out", "run", "--data", "moved")
    assert json.loads(Path("run/config.json").read_text()) == kept  # so the right place is still possible
    assert main(["train", "--resume", "--steps", "3", "--out", "run", "--data", "moved@8"]) == 0
    config = json.loads(Path("run/config.json").read_text())
    assert config == {**kept, "data": str(tmp_path / "moved@8"), "steps": 3}
    assert Run.open("run").game.step == 3
    assert main(["evaluate", "run", "-n", "9"]) == 0  # the run has its new place
    images(tmp_path / "others")
    capsys.readouterr()
    for place in ("others@8", "digits14"):
        for command in (["train", "--resume", "--out"], ["evaluate"]):
            assert f"run was started with data {tmp_path}/moved@8, not " in fails(
                capsys, *command, "run", "--data", place)


def test_named_data_have_no_place(tmp_path, capsys):
    begun(tmp_path / "run", "digits14", "digits14", 0, width=2)
    line = fails(capsys, "train", "--resume", "--out", str(tmp_path / "run"), "--data", images(tmp_path / "data"))
    assert "run was started with data digits14, not " in line


# Runs of earlier versions

@pytest.mark.usefixtures("undrawn")
def test_a_run_without_facts_needs_its_data_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = images(tmp_path / "data")
    run = begun(tmp_path / "run", "digits14", place, 2, width=2)
    old = {name: value for name, value in run.config.as_json().items() if name != "examples"}
    checkpoint.save("run/checkpoint.npz", run.game, old)
    Path("run/config.json").write_text(json.dumps(old))
    Path("data").rename("moved")
    line = fails(capsys, "sample", "run")
    assert line.endswith("; to complete it: tinygan train --resume --out run --data PLACE")
    assert f"folder '{place}' does not exist" in line
    Path("moved").rename("data")
    assert main(["sample", "run"]) == 0
    assert json.loads(Path("run/config.json").read_text()) == old  # sampling writes nothing there
    Path("data").rename("moved")
    assert main(["train", "--resume", "--out", "run", "--data", "moved@8"]) == 0
    shutil.rmtree("moved")
    assert main(["sample", "run"]) == 0
