"""A run folder: the pictures of a game, the files that it keeps, and reading them again."""
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest
from helpers import one_line
from PIL import Image

from tinygan import nn
from tinygan.cli import main
from tinygan.data import DataError
from tinygan.game import Game, latent, train
from tinygan.runs import Config, Run, RunError, checkpoint, fresh_folder, generate, latest_folder
from tinygan.runs.run import FRAMES, SAVE_EVERY
from tinygan.updates import Average


def config(recipe="ring", steps=6, **other):
    """A config of a small run."""
    data = {"ring": "ring", "conditional-ring": "ring", "sequence": "sines"}[recipe]
    return Config(**{"recipe": recipe, "steps": steps, "seed": 0, "batch": 8, "dtype": "float32", "device": "cpu",
                     "data": data, **other})


def small_game(average=None):
    """A game of grey images of 4 x 4 pixels; its generator is z W + b."""
    rng = np.random.default_rng(0)
    generator = nn.Sequential(nn.Dense(3, 16, rng=rng), nn.Reshape(4, 4, 1))
    discriminator = nn.Sequential(nn.Flatten(), nn.Dense(16, 1, rng=rng))
    return Game(generator, discriminator, lambda n, rng: rng.uniform(-1, 1, (n, 4, 4, 1)).astype(np.float32), latent(3),
                np.random.default_rng(1), rate=0.05, batch=4, average=average)


def small(folder, steps=6, **options):
    """A run of the small game."""
    return Run.create(folder, config(steps=steps), small_game(**options))


def affine(theta, z):
    """The images of the small generator with these parameters at z."""
    return (z @ theta[:48].reshape(3, 16) + theta[48:]).reshape(-1, 4, 4, 1)


def pixels(path):
    """A picture as an array."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


# The generator and its images

def test_the_generator_has_the_moving_average(tmp_path):
    run = small(tmp_path, average=Average(0.9))
    assert run.generator() is run.game.generator  # before the first step there is none
    train(run.game, 6)
    raw, average = run.game.generator.theta.copy(), run.game.average.theta.copy()
    assert np.abs(raw - average).max() > 0.01
    z = np.random.default_rng(2).standard_normal((5, 3)).astype(np.float32)
    np.testing.assert_allclose(run.generate(z), affine(average, z), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(run.generator().theta, average)
    np.testing.assert_array_equal(run.samples(5, np.random.default_rng(2)), run.generate(z))
    np.testing.assert_array_equal(run.game.generator.theta, raw)  # the game keeps its own weights


def test_the_generator_has_the_averages_of_its_statistics(tmp_path):
    game = small_game(average=Average(0.5))
    game.generator.layers[1:1] = [nn.BatchNorm(16)]
    run, path = Run.create(tmp_path, config(), game), []
    assert run.generator() is game.generator
    train(game, 5, [lambda game: path.append(game.generator.state_dict())])
    expected = path[0]
    for state in path[1:]:
        expected = {name: 0.5 * expected[name] + 0.5 * state[name] for name in state}
    run.save()
    run.unlock()
    for generator in (run.generator(), averaged_after_reading(tmp_path, game)):
        for name, a in generator.state_dict().items():
            np.testing.assert_allclose(a, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)
    assert np.abs(expected["1.running_var"] - path[-1]["1.running_var"]).max() > 0.01
    for name, a in game.generator.state_dict().items():
        np.testing.assert_array_equal(a, path[-1][name])  # the game keeps its own


def averaged_after_reading(folder, game):
    """The sampling generator of a checkpoint, loaded into a game like this one that has other values."""
    other = deepcopy(game)
    other.generator.load_state_dict({name: a + 1 for name, a in game.generator.state_dict().items()})
    other.average.load_state_dict({})
    checkpoint.load(folder / "checkpoint.npz", other)
    return Run(folder, config(), other).generator()


def test_without_an_average_the_generator_is_the_games(tmp_path):
    run = small(tmp_path)
    train(run.game, 3)
    z = np.random.default_rng(2).standard_normal((5, 3)).astype(np.float32)
    np.testing.assert_allclose(run.generate(z), affine(run.game.generator.theta, z), rtol=0, atol=1e-5)


def test_what_is_generated_in_chunks_leaves_the_generator_as_it_was():
    rng = np.random.default_rng(0)
    generator = nn.Sequential(nn.Dense(3, 4, rng=rng), nn.BatchNorm(4), nn.Dropout(0.5, rng=rng))
    generator.train()
    before, z = {name: a.copy() for name, a in generator.state_dict().items()}, rng.standard_normal((10, 3))
    whole = generate(generator, z)
    assert whole.shape == (10, 4)
    assert whole.dtype == np.float32
    np.testing.assert_allclose(generate(generator, z, chunk=3), whole, rtol=0, atol=1e-6)
    assert (whole != 0).all()  # nothing is dropped
    assert generator.training
    for name, a in generator.state_dict().items():
        np.testing.assert_array_equal(a, before[name])
    generator.eval()
    generate(generator, z)
    assert not generator.training


def test_samples_are_of_new_latents():
    run = Run("nowhere", config(), config().start())
    a, b, other = (run.samples(7, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert a.shape == (7, 2)
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - other).max() > 0


# Labels

@pytest.fixture(scope="module")
def conditional():
    """A run of eight classes at step 0."""
    return Run("conditional", config("conditional-ring"), config("conditional-ring").start())


@pytest.mark.parametrize(("n", "each"), [(1, 1), (8, 1), (9, 2), (16, 2)])
def test_every_class_is_drawn_as_often(n, each, conditional):
    assert conditional.classes == 8
    np.testing.assert_array_equal(conditional.labels(n), [k for k in range(8) for _ in range(each)])
    assert conditional.samples(n, np.random.default_rng(0)).shape == (8 * each, 2)


def test_all_of_one_class(conditional):
    assert conditional.labels(3, 7).tolist() == [7, 7, 7]
    z = conditional.game.noise(3, np.random.default_rng(0))
    np.testing.assert_array_equal(conditional.samples(3, np.random.default_rng(0), label=7),
                                  conditional.generate(z, np.array([7, 7, 7])))


def test_a_class_that_there_is_not_is_refused(conditional):
    with pytest.raises(RunError, match=r"conditional .*no class 8: .* 0 to 7") as caught:
        conditional.labels(3, 8)
    one_line(caught)
    run = Run("plain", config(), config().start())
    assert run.classes == 0
    assert run.labels(3) is None
    with pytest.raises(RunError, match=r"plain .*no class 0: .*conditional") as caught:
        run.labels(3, 0)
    one_line(caught)


def test_real_data_and_noise_give_the_scale(conditional):
    real, noise = conditional.baselines(400, np.random.default_rng(0))
    assert (real["modes"], noise["label_accuracy"]) == (8, 1 / 8)
    assert real["label_accuracy"] > 0.95
    assert noise["hq"] < 0.5 < real["hq"]
    assert set(conditional.evaluate(80, np.random.default_rng(0))) == {*real, "label_swap"}


# Pictures

def test_the_film_has_forty_frames_evenly_spread(tmp_path):
    assert FRAMES == 40
    for steps, gaps in ((80, {2}), (100, {2, 3})):
        run = small(tmp_path / str(steps), steps)
        train(run.game, steps, [run.save_frame])
        frames = sorted((run.folder / "frames").iterdir())
        taken = [int(path.stem) for path in frames]
        assert len(taken) == 40
        assert set(np.diff([0, *taken])) == gaps
        assert taken[-1] == steps


def test_the_last_step_has_a_frame_however_the_steps_divide(tmp_path):
    run = small(tmp_path, 41)
    for step in range(1, 42):
        run.game.step = step
        run.save_frame(run.game)
    taken = sorted(int(path.stem) for path in (tmp_path / "frames").iterdir())
    assert taken == [*range(2, 42)]


def test_every_frame_is_of_the_same_latents(tmp_path):
    run = small(tmp_path, 3, average=Average(0.5))
    train(run.game, 1, [run.save_frame])
    for step in (2, 3):  # the game draws, but nobody moves
        run.game.noise(10, run.game.rng)
        run.game.step = step
        run.save_frame(run.game)
    first, *others = [pixels(path) for path in sorted((tmp_path / "frames").iterdir())]
    assert first.std() > 1
    for other in others:
        np.testing.assert_array_equal(other, first)
    opened = Run("again", config(), run.game)
    np.testing.assert_array_equal(opened.picture(), run.picture())
    run.config.seed = 1
    assert not np.array_equal(run.picture(), opened.picture())


@pytest.mark.parametrize("recipe", ["ring", "sequence"])
def test_a_frame_that_matplotlib_draws_is_of_the_same_latents(recipe, figures):
    run = Run("nowhere", config(recipe), config(recipe).start())
    for run.game.step in (0, 5):
        run.game.noise(10, run.game.rng)
        run.picture()
    drawn = [[*(c.get_offsets() for c in axes.collections), *(line.get_ydata() for line in axes.lines)]
             for figure in figures for axes in figure.axes]
    half = len(drawn) // 2
    assert len(drawn) == 2 * half > 0
    for before, after in zip(drawn[:half], drawn[half:]):
        assert len(before) == len(after) > 0
        for a, b in zip(before, after):
            np.testing.assert_array_equal(a, b)
    titles = [figure.get_suptitle() or figure.axes[0].get_title() for figure in figures]
    assert titles == ["step 0", "step 5"]


def test_a_picture_of_points_has_two_thousand_of_them_over_as_many_real_ones(figures):
    run = Run("nowhere", config(), config().start())
    run.picture()
    [axes] = figures[0].axes
    real, fake = (cloud.get_offsets() for cloud in axes.collections)
    assert real.shape == fake.shape == (2000, 2)
    np.testing.assert_allclose(np.hypot(*real.T).mean(), 1, atol=0.01)  # the ring
    assert len(np.unique(fake, axis=0)) == 2000


def test_a_picture_leaves_the_game_as_it_is():
    run = Run("nowhere", config(), config().start())
    before, theta = run.game.rng.bit_generator.state, run.game.generator.theta.copy()
    run.picture()
    assert run.game.rng.bit_generator.state == before
    np.testing.assert_array_equal(run.game.generator.theta, theta)


def test_images_with_labels_are_drawn_with_a_row_for_each_class(tmp_path):
    run, rng = small(tmp_path), np.random.default_rng(0)
    samples = np.broadcast_to(np.linspace(-1, 1, 6).reshape(6, 1, 1, 1), (6, 4, 4, 1))
    values = np.rint((np.linspace(-1, 1, 6) + 1) * 127.5)
    classes = run.draw(samples, rng, np.array([0, 0, 0, 1, 1, 1]))
    np.testing.assert_array_equal(classes[::4, ::4, 0], values.reshape(2, 3))
    for labels in (None, np.zeros(6, int)):
        assert run.draw(samples[:4], rng, labels if labels is None else labels[:4]).shape == (8, 8, 3)


def test_the_examples_drawn_are_those_given(figures):
    run, samples = Run("nowhere", config(), config().start()), np.array([[3., 4], [5, 6]])
    run.draw(samples, np.random.default_rng(0), title="mine", paths=[samples])
    [axes] = figures[0].axes
    np.testing.assert_array_equal(axes.collections[1].get_offsets(), samples)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), samples)
    assert axes.get_title() == "mine"

    run, still = Run("nowhere", config("sequence"), config("sequence").start()), np.zeros((12, 24, 1))
    run.draw(still, np.random.default_rng(0), title="still")
    left, right = figures[1].axes
    assert len(left.lines) == len(right.lines) == 10
    assert [np.ptp(line.get_ydata()) for line in right.lines] == [0] * 10  # the given samples and real ones
    assert min(np.ptp(line.get_ydata()) for line in left.lines) > 0.1
    assert figures[1].get_suptitle() == "still"


# The folder

def test_a_run_is_opened_as_it_was_saved(tmp_path):
    run = Run.create(tmp_path, config(settings={"latent": 5}))
    train(run.game, 4)
    run.save()
    expected = run.samples(9, np.random.default_rng(1))
    opened = Run.open(tmp_path)
    assert opened.config.as_json() == run.config.as_json()
    assert (opened.game.step, opened.saved_step) == (4, 4)
    np.testing.assert_array_equal(opened.samples(9, np.random.default_rng(1)), expected)
    assert {name: column[:] for name, column in opened.game.history.items()} == {
        name: column[:] for name, column in run.game.history.items()}
    assert opened.game.history["step"][:] == [0, 1, 2, 3]
    train(run.game, 6), train(opened.game, 6)
    np.testing.assert_array_equal(opened.game.generator.theta, run.game.generator.theta)


def test_a_run_is_opened_on_another_device(tmp_path, gpu):
    run = Run.create(tmp_path, config())
    opened = Run.open(tmp_path, "gpu")
    assert opened.config.device == "gpu"
    assert type(opened.game.generator.theta) is not np.ndarray
    samples = opened.samples(3, np.random.default_rng(1))
    assert type(samples) is np.ndarray
    np.testing.assert_allclose(samples, run.samples(3, np.random.default_rng(1)), rtol=0, atol=1e-5)
    assert json.loads((tmp_path / "config.json").read_text())["device"] == "cpu"  # opening writes nothing


def test_the_history_is_written_row_by_row(tmp_path):
    run = small(tmp_path)
    train(run.game, 3)
    run.save()
    head, *rows = (tmp_path / "history.csv").read_text().splitlines()
    assert head == ",".join(run.game.history)
    written = np.array([row.split(",") for row in rows], float)
    np.testing.assert_array_equal(written.T, list(run.game.history.values()))


def test_a_checkpoint_is_written_now_and_then(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    run = small(tmp_path)

    def kept(after):
        """The step of the last checkpoint, when a step has ended `after` seconds after the one before."""
        now[0] += after
        run.game.step += 1
        run.maybe_checkpoint(run.game)
        with np.load(tmp_path / "checkpoint.npz") as arrays:
            assert json.loads(arrays["facts"].tobytes())["step"] == run.saved_step
        return run.saved_step
    assert [kept(SAVE_EVERY - 1), kept(2), kept(SAVE_EVERY - 1), kept(0.5), kept(2)] == [0, 2, 2, 2, 5]


def test_a_folder_is_held_until_it_is_let_go(tmp_path):
    pytest.importorskip("fcntl")
    run = Run.create(tmp_path, config())
    with pytest.raises(RunError, match="another process trains here") as caught:
        Run.open(tmp_path, lock=True)
    assert one_line(caught).startswith(str(tmp_path))
    run.unlock()
    second = Run.open(tmp_path, lock=True)
    with pytest.raises(RunError, match="another process trains here"):
        run.lock()
    del second  # a run that is garbage-collected releases its lock too
    run.lock()


def test_what_is_finished_has_its_pictures(tmp_path):
    run = small(tmp_path, average=Average(0.5))
    train(run.game, 6, [run.save_frame])
    run.finish()
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock", "checkpoint.npz", "checkpoint.previous.npz", "config.json", "curves.png", "frames", "history.csv",
        "samples.png", "training.gif"}
    assert run.saved_step == 6
    samples = pixels(tmp_path / "samples.png")
    assert samples.shape == (480, 480, 3)  # ten by ten images of 4 x 4, enlarged twelve times
    np.testing.assert_array_equal(samples[::12, ::12], run.picture(100))
    with Image.open(tmp_path / "training.gif") as film:
        assert film.n_frames == 6
        for i in range(6):  # in the order of the steps
            film.seek(i)
            frame = pixels(tmp_path / "frames" / f"{i + 1:07d}.png").astype(int)
            assert np.abs(np.asarray(film.convert("RGB")) - frame).max() <= 3  # a palette of 256 greys


def test_a_run_of_no_step_has_no_curves_and_no_film(tmp_path):
    small(tmp_path).finish()
    assert (tmp_path / "samples.png").exists()
    assert not (tmp_path / "curves.png").exists()
    assert not (tmp_path / "training.gif").exists()


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_frame_is_named_after_everything_else_is_kept(tmp_path):
    run = small(tmp_path)
    train(run.game, 6, [run.save_frame])
    (tmp_path / "frames" / "0000002.png").write_bytes(b"no picture")
    with pytest.raises(RunError, match=r"training\.gif cannot be made of frames/") as caught:
        run.finish()
    one_line(caught)
    assert run.saved_step == 6
    assert (tmp_path / "curves.png").exists()


# Names of folders

def test_a_new_folder_is_the_first_that_is_free(tmp_path):
    (tmp_path / "ring-3").mkdir()
    for name in ("ring", "ring-2", "ring-4"):
        assert fresh_folder(str(tmp_path), "ring") == tmp_path / name
    assert fresh_folder(tmp_path / "new", "grid") == tmp_path / "new" / "grid"
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        fresh_folder(tmp_path / "file", "ring")


def test_starts_at_the_same_time_get_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: fresh_folder(tmp_path, "ring"), range(32)))
    assert len(set(found)) == 32
    assert all(folder.is_dir() for folder in found)


def test_a_run_that_another_process_makes_meanwhile_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "lock", lambda run: (run.folder / "config.json").write_text("theirs"))
    with pytest.raises(RunError, match="holds a run already"):
        small(tmp_path / "run")
    assert (tmp_path / "run/config.json").read_text() == "theirs"
    assert not (tmp_path / "run/checkpoint.npz").exists()


def test_python_reads_paths_as_the_command_line_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    np.save("mine.npy", np.zeros((4, 3, 1)))
    for folder, data in (("a", "~/mine.npy"), ("b", "mine.npy")):
        Run.create(f"~/{folder}", config("sequence", data=data))
        assert Run.open(f"~/{folder}").config.data == str(tmp_path / "mine.npy")
        assert (tmp_path / folder / "config.json").exists()
    with pytest.raises(DataError, match="unknown data ''"):
        config("sequence", data="").start()


def begin(root, *names, **others):
    """Runs of the ring in folders of these names, and others by name and recipe, each a minute after the one before."""
    for i, (name, recipe) in enumerate([*zip(names, ["ring"] * len(names)), *others.items()]):
        Run.create(root / name, config(recipe))
        for path in [*(root / name).iterdir(), root / name]:
            os.utime(path, times=(1.7e9 + 60 * i,) * 2)


@pytest.mark.parametrize("names", [("ring", "ring-2", "ring-10"), ("ring-10", "ring-2", "ring"),
                                   ("ring-10", "ring", "ring-2")])
def test_the_latest_run_is_the_newest(names, tmp_path):
    begin(tmp_path, *names)
    assert latest_folder(tmp_path, "ring") == tmp_path / names[-1]


def test_only_runs_of_the_recipe_count(tmp_path):
    (tmp_path / "ring-3").mkdir()  # no run
    with pytest.raises(RunError, match="no run of 'ring'") as caught:
        latest_folder(tmp_path, "ring")
    one_line(caught)
    begin(tmp_path, "ring", "grid", "mine", ring2="conditional-ring")
    assert latest_folder(tmp_path, "ring") == tmp_path / "mine"
    assert latest_folder(tmp_path, "conditional-ring") == tmp_path / "ring2"
    for i, text in enumerate(["", "[]", "[" * 10**5]):
        (tmp_path / f"ring-{i + 4}").mkdir()
        (tmp_path / f"ring-{i + 4}/config.json").write_text(text)
    with pytest.warns(UserWarning, match=r"passed over .*ring-[456]/config\.json, which cannot be read"):
        assert latest_folder(tmp_path, "ring") == tmp_path / "mine"


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("names", [("ring", "ring-2"), ("ring-2", "ring")])
def test_resume_goes_on_with_the_newest_run(names, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    begin(tmp_path / "runs", *names)
    assert main(["train", "ring", "--resume", "--steps", "1"]) == 0
    assert [Run.open(tmp_path / "runs" / name).game.step for name in names] == [0, 1]


# The process

def test_a_run_tunes_its_process(gpu):
    """One line about compiled loops; none on a GPU, where there are no such loops."""
    [line] = Run("nowhere", config(), config().start()).tune().splitlines()
    assert re.match(r"(no )?compiled loops", line)
    on_gpu = config(device="gpu")
    assert Run("nowhere", on_gpu, on_gpu.start()).tune() == ""


def test_evaluate_draws_the_number_of_samples_that_it_is_asked_for():
    run, rng = Run("nowhere", config(), config().start()), np.random.default_rng
    assert run.evaluate(60, rng(0)) == run.config.evaluator().figures(run.samples(60, rng(0)))
