"""Conditional GANs: the players' outputs, the accuracy of labels, the command line's pictures and errors."""
import shutil

import foreign
import numpy as np
import pytest
from helpers import check_module, fails, host, on, to_foreign, undraw
from networks import conditional
from PIL import Image

import tinygan as tg
from tinygan import nn
from tinygan.cli import main
from tinygan.game import train
from tinygan.metrics import label_scores
from tinygan.metrics.classifier import digits_classifier
from tinygan.runs import Run, generate
from tinygan.zoo import RECIPES
from tinygan.zoo.conditional import Discriminator, Generator, Projection
from tinygan.zoo.sources import SOURCES, source

KINDS = ["points", "images", "projected"]
every_kind = pytest.mark.parametrize("kind", KINDS)
SEED = np.random.default_rng


# --- the players ---

class Told(nn.Module):
    """A conditional player with its labels given, as a function of its first input."""

    def __init__(self, player, labels):
        self.player, self.labels = player, labels

    def forward(self, x):
        return self.player(x, self.labels)


def players():
    """Each player once, small and smooth, in float64; with the shape of its first input."""
    dense = lambda inputs, outputs: nn.Sequential(nn.Dense(inputs, 4, rng=SEED(1)), nn.Tanh(),
                                                  nn.Dense(4, outputs, rng=SEED(2)))
    made = {"Generator": (Generator(dense(2 + 16, 2), 3, SEED(0)), (3, 2)),
            "Discriminator": (Discriminator(dense(2 + 3, 1), 3, (3,), SEED(0)), (3, 2)),
            "Discriminator of images": (Discriminator(nn.Sequential(
                nn.Conv2d(2, 2, 2, 2, rng=SEED(1)), nn.Tanh(), nn.Flatten(), nn.Dense(8, 1, rng=SEED(2))),
                3, (4, 4, 1), SEED(0)), (3, 4, 4, 1)),
            "Projection": (Projection(dense(2, 1), 3, SEED(0)), (3, 2)),
            "Projection, convolutions and batch norm": (Projection(nn.Sequential(
                nn.Conv2d(1, 2, 2, 2, rng=SEED(1)), nn.BatchNorm(2), nn.Tanh(), nn.Flatten(),
                nn.Dense(8, 1, rng=SEED(2))), 3, SEED(0)), (3, 4, 4, 1))}
    for player, _ in made.values():
        player.astype(np.float64).theta[...] += SEED(5).uniform(-0.5, 0.5, player.theta.shape)
    return made


@pytest.mark.parametrize("name", players())
def test_derivatives_to_second_order(name):
    player, shape = players()[name]
    check_module(Told(player, np.array([2, 0, 2])), SEED(3).standard_normal(shape))


def test_derivatives_with_respect_to_the_weights_of_classes():
    player, shape = players()["Generator"]
    z = SEED(3).standard_normal(shape)
    tg.check_gradients(lambda weights: player(tg.Tensor(z), weights), SEED(4).uniform(0, 1, (3, 3)))


@pytest.mark.parametrize("name", players())
def test_the_same_on_both_array_modules(name):
    player, shape = players()[name]
    x, labels = SEED(3).standard_normal(shape), np.array([1, 0, 1])
    expected = player(tg.Tensor(x), tg.Tensor(labels))
    got = to_foreign(player)(*(tg.Tensor(on(foreign, a)) for a in (x, labels)))
    assert isinstance(got.data, foreign.ndarray)
    np.testing.assert_allclose(host(got), host(expected), rtol=1e-12)


def test_projection_is_psi_of_phi_and_an_inner_product():
    player, shape = players()["Projection"]
    x, labels = SEED(3).standard_normal(shape), np.array([2, 0, 2])
    w, b, psi, bias, table = (p.data for p in (player.body[0].weight, player.body[0].bias, player.head.weight,
                                               player.head.bias, player.embedding.weight))
    phi = np.tanh(x @ w + b)
    expected = phi @ psi + bias + np.einsum("nf,nf->n", phi, table[labels])[:, None]
    np.testing.assert_allclose(player(tg.Tensor(x), labels).data, expected, rtol=1e-12)


def test_weights_of_one_class_are_its_label():
    player, shape = players()["Generator"]
    z, labels = tg.Tensor(SEED(3).standard_normal(shape)), np.array([2, 0, 1])
    np.testing.assert_allclose(player(z, tg.Tensor(np.eye(3)[labels])).data, player(z, labels).data, rtol=1e-12)


@every_kind
def test_both_players_see_the_class(kind):
    played = conditional(kind)
    z, (x, _) = played.noise(4, SEED(0)), played.data(4, SEED(0))
    for net, a in ((played.generator, z), (played.discriminator, x)):
        outputs = [net(tg.Tensor(a.astype(float)), np.full(4, label)).data for label in range(4)]
        assert all(np.abs(outputs[i] - outputs[j]).max() > 1e-4 for i in range(4) for j in range(i))


@pytest.mark.parametrize("call", [
    lambda net: net(tg.Tensor(np.zeros((2, 2))), np.array([0, 3])),
    lambda net: net(tg.Tensor(np.zeros((2, 2))), np.array([-1, 0])),
])
@pytest.mark.parametrize("name", ["Generator", "Discriminator", "Projection"])
def test_labels_out_of_range(name, call):
    with pytest.raises(ValueError, match=r"^Embedding: labels reach from -?\d to \d, expected 0 to 2$"):
        call(players()[name][0])


# --- the game ---

@pytest.mark.usefixtures("without_loops")  # Adam divides rounding by 1e-8 where a gradient is 0
@every_kind
def test_the_same_game_on_both_array_modules(kind):
    thetas = []
    for place in (np, foreign):
        played = conditional(kind, r1=1.0)
        if place is foreign:
            to_foreign(played.generator), to_foreign(played.discriminator)
        train(played, 5)
        thetas.append([host(played.generator.theta), host(played.discriminator.theta)])
    for a, b in zip(*thetas):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@every_kind
def test_no_waiting_for_the_device(kind):
    """Between the rows of the history, a step reads nothing from the device, not even for the labels."""
    played = conditional(kind, np.float32, r1=1.0)
    to_foreign(played.generator), to_foreign(played.discriminator)
    waits = []
    with foreign.counting() as counts:
        train(played, 5, [lambda p: waits.append(counts.synchronisations)], record_every=1000)
    assert len(set(waits[:-1])) == 1
    assert waits[-1] > waits[-2]


# --- the accuracy of labels ---

def scores(recipe, steps, classify, shuffled, n=1000, **options):
    """`label_scores` of a recipe's generator; shuffled: trained with labels that are independent of their examples."""
    played = RECIPES[recipe].start(0, **options)
    draw, classes = played.data, played.generator.classes

    def data(n, rng):
        x, labels = draw(n, rng)
        return x, rng.permutation(labels)
    played.data = data if shuffled else draw
    train(played, steps, record_every=100)
    z = played.noise(n, SEED(1))
    return label_scores(lambda labels: generate(played.generator, z, labels), classify,
                        np.arange(n) % classes, classes, SEED(2))


def test_the_ring_minds_its_labels():
    got = scores("conditional-ring", 250, SOURCES["ring"].evaluate.classify, shuffled=False, batch=64)
    assert got["label_accuracy"] > 0.99
    assert got["label_swap"] > 0.99


@pytest.mark.slow
def test_labels_at_random_teach_nothing():
    """The control: with shuffled labels the accuracy is that of chance, one in eight."""
    got = scores("conditional-ring", 250, SOURCES["ring"].evaluate.classify, shuffled=True, batch=64)
    assert got["label_accuracy"] < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["conditional", "projection"])
def test_the_digits_mind_their_labels(recipe):
    got = scores(recipe, 600, digits_classifier().likeliest, shuffled=False)
    assert got["label_accuracy"] > 0.85
    assert got["label_swap"] > 0.85


@pytest.mark.slow
def test_digits_with_labels_at_random():
    assert scores("conditional", 600, digits_classifier().likeliest, shuffled=True)["label_accuracy"] < 0.2


@pytest.mark.parametrize(("name", "classify", "accuracy"), [
    ("digits", lambda x: digits_classifier().likeliest(x), 0.97),
    ("ring", lambda x: np.rint(np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi / 8)) % 8, 1),
    ("grid", lambda x: np.rint(x / 2 + 2) @ [5, 1], 1),
])
def test_labels_belong_to_their_examples(name, classify, accuracy):
    found = source(name, labels=True)
    x, labels = found(500, SEED(0))
    assert x.shape == (500, *found.shape)
    assert set(labels) == set(range(found.classes))
    assert (classify(x) == labels).mean() >= accuracy


# --- the command line ---

@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Short finished runs, made once: of digits and of the ring."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        undraw(patch)
        for recipe in ("conditional", "conditional-ring"):
            assert main(["train", recipe, "--steps", "3", "--batch", "8", "--out", str(folder / recipe)]) == 0
    return folder


@pytest.fixture
def runs(finished, tmp_path, monkeypatch):
    """A folder with copies of both runs, where the commands run."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(finished, tmp_path / "runs")


def size(path):
    with Image.open(path) as picture:
        return picture.size


def test_a_run_has_a_row_for_each_class(runs):
    assert size("runs/conditional/samples.png") == (10 * 28, 10 * 28)
    assert size("runs/conditional/frames/0000003.png") == (7 * 28, 10 * 28)
    assert Run.open("runs/conditional-ring").picture().std() > 1


def test_a_column_of_the_runs_picture_has_one_latent(runs, monkeypatch):
    run, seen = Run.open("runs/conditional"), []
    monkeypatch.setattr(run, "generate", lambda z, labels: seen.append((z, labels)) or np.zeros((len(z), 4, 4, 1)))
    run.picture(20)
    [(z, labels)] = seen
    np.testing.assert_array_equal(labels, np.repeat(np.arange(10), 2))
    np.testing.assert_array_equal(z, np.tile(z[:2], (10, 1)))
    assert not np.array_equal(z[0], z[1])


def test_sample_by_class(runs, capsys):
    assert main(["sample", "runs/conditional", "-n", "11", "-o", "all.png"]) == 0
    assert "all.png: 20 samples" in capsys.readouterr().out
    assert size("all.png") == (2 * 28, 10 * 28)
    for label in (0, 9):
        assert main(["sample", "runs/conditional", "-n", "4", "--label", str(label), "-o", f"{label}.npy"]) == 0
    a, b = np.load("0.npy"), np.load("9.npy")
    assert a.shape == (4, 28, 28, 1)
    assert not np.array_equal(a, b)
    assert main(["sample", "runs/conditional", "-n", "4", "--label", "9", "-o", "nine.png"]) == 0
    assert size("nine.png") == (2 * 28 * 8, 2 * 28 * 8)
    run = Run.open("runs/conditional")
    np.testing.assert_array_equal(b, run.generate(run.game.noise(4, SEED(0)), np.full(4, 9)))


def test_evaluate_tells_how_labels_are_minded(runs, capsys):
    assert main(["evaluate", "runs/conditional-ring", "-n", "80"]) == 0
    assert "label_accuracy" in capsys.readouterr().out
    figures = Run.open("runs/conditional").evaluate(50, SEED(0))
    assert 0 <= figures["label_accuracy"] <= 1
    assert 0 <= figures["label_swap"] <= 1


@pytest.mark.usefixtures("undrawn")
def test_resume_finds_a_recipe_with_a_dash(runs, capsys):
    assert main(["train", "conditional-ring", "--resume", "--steps", "4"]) == 0
    assert "runs/conditional-ring" in capsys.readouterr().out
    assert main(["train", "conditional", "--resume", "--steps", "3"]) == 0
    assert "runs/conditional: all 3 steps are done" in capsys.readouterr().out


def folder_of(classes, root):
    """A folder of two images for each class; for no class, without subfolders."""
    for i in range(2 * max(classes, 1)):
        where = root / f"class{i // 2}" if classes else root
        where.mkdir(parents=True, exist_ok=True)
        Image.fromarray(SEED(i).integers(0, 255, (8, 8, 3), np.uint8)).save(where / f"{i}.png")
    return str(root)


def test_mistakes_are_one_line(runs, tmp_path, capsys):
    train_on = lambda name: ("train", "conditional", "--data", name, "--out", "new", "--steps", "2")
    for arguments, message in [
        (train_on(folder_of(0, tmp_path / "plain")),
         "have no labels; of a folder, put the images of each class in a subfolder"),
        (train_on("sines"), "data 'sines': the examples have no labels"),
        (train_on(folder_of(1, tmp_path / "one")), "one class, and a condition needs at least two"),
        (train_on("ring"), "this recipe is for images"),
        (("train", "conditional-ring", "--data", "digits"), "this recipe is for points"),
        (("train", "conditional-ring", "--data", "gaussian"), "one class, and a condition needs at least two"),
        (("sample", "runs/conditional", "--label", "10"), "knows no class 10: it has the classes 0 to 9"),
        (("sample", "runs/conditional", "--label", "-1"), "'-1' is not a whole number of at least 0"),
        (("sample", "runs/conditional", "--label", "x"), "'x' is not a whole number of at least 0"),
    ]:
        assert message in fails(capsys, *arguments)


@pytest.mark.usefixtures("undrawn")
def test_a_run_whose_data_lost_a_class_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder_of(3, tmp_path / "mine")
    assert main(["train", "conditional", "--data", "mine", "--steps", "2", "--batch", "4", "--out", "run"]) == 0
    assert main(["sample", "run", "-n", "3"]) == 0
    shutil.rmtree(tmp_path / "mine" / "class2")
    capsys.readouterr()
    line = fails(capsys, "train", "--resume", "--out", "run", "--steps", "4")
    assert "do not fit the run: found 2 classes" in line
