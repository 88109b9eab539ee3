"""All metrics of a set of images, on sets of known quality."""
import numpy as np
import pytest

from tinygan import data, metrics
from tinygan.metrics.classifier import digits_classifier
from tinygan.metrics.evaluate import Evaluator, evaluate_points


@pytest.fixture(scope="module")
def rows():
    return metrics.calibration()


# Calibration: four sets of known quality

def column(rows, name):
    return [row[name] for row in rows.values()]


def test_calibration_of_real_digits(rows):
    real = rows["real"]
    assert .5 < real["fcd"] < 2.5
    assert 8.5 < real["inception_score"] < 10
    assert real["modes"] == 10
    assert real["reverse_kl"] < .01
    for name in ("precision", "recall", "coverage"):
        assert .87 < real[name] < .98
    assert .8 < real["density"] < 1.1
    assert .5 < real["one_nn"] < .65  # the classifier was trained on one of the two sets
    assert abs(real["kernel_distance"]) < .05
    assert real["sliced_wasserstein"] < .1


def test_calibration_of_noisy_digits(rows):
    noisy = rows["real + N(0, .5)"]
    assert 5 * rows["real"]["fcd"] < noisy["fcd"] < rows["only the digit 1"]["fcd"] / 2
    assert 3 < noisy["inception_score"] < 7
    assert noisy["modes"] >= 7
    for name in ("precision", "recall"):
        assert .2 < noisy[name] < .7
    for name in ("density", "coverage"):
        assert .05 < noisy[name] < .4
    assert .85 < noisy["one_nn"] < .99


def test_calibration_of_mode_collapse(rows):
    one = rows["only the digit 1"]
    assert one["precision"] > .9  # blind to it
    assert .8 < one["density"] < 1.2  # blind to it
    assert one["modes"] == 1
    assert 1 < one["inception_score"] < 1.2
    assert 2.1 < one["reverse_kl"] <= np.log(10)
    assert one["recall"] < .2  # about the share of 1s: .117
    assert .1 < one["coverage"] < .16
    assert 30 * rows["real"]["fcd"] < one["fcd"]
    assert .8 < one["one_nn"] < .95  # most digits of the real set are alone
    for name in ("kernel_distance", "sliced_wasserstein"):
        assert 5 * rows["real"][name] < one[name]


def test_calibration_of_noise(rows):
    noise = rows["uniform noise"]
    assert noise["fcd"] == max(column(rows, "fcd"))
    assert noise["inception_score"] < 2.5
    for name in ("precision", "recall", "density", "coverage"):
        assert noise[name] < .02
    assert noise["one_nn"] > .99


def test_every_metric_stays_within_its_range(rows):
    for name in ("fcd", "kernel_distance", "sliced_wasserstein"):
        assert column(rows, name) == sorted(column(rows, name))
    assert rows["real"]["one_nn"] == min(column(rows, "one_nn"))
    assert all(1 <= score <= 10 for score in column(rows, "inception_score"))
    for name in ("precision", "recall", "coverage"):
        assert all(0 <= share <= 1 for share in column(rows, name))
    for name in ("recall", "coverage", "inception_score"):  # these see every kind of failure
        assert rows["real"][name] == max(column(rows, name))


@pytest.mark.slow
def test_the_same_judge_knows_digits_of_half_the_size():
    """Each pixel four times: the classifier knows 97 % of them, and the metrics order the four sets as before."""
    small = metrics.calibration(name="digits14")
    x, labels = data.load("digits14", held_out=True)
    assert digits_classifier().accuracy(x, labels) > .96
    np.testing.assert_array_equal(digits_classifier().features(x[:9]),
                                  digits_classifier().features(x[:9].repeat(2, axis=1).repeat(2, axis=2)))
    for name in ("fcd", "kernel_distance", "sliced_wasserstein"):
        assert column(small, name) == sorted(column(small, name))
    for name in ("recall", "coverage", "inception_score"):
        assert small["real"][name] == max(column(small, name))
    assert .5 < small["real"]["fcd"] < 2
    assert small["real"]["modes"] == 10
    assert small["real"]["coverage"] > .9
    assert .5 < small["real"]["one_nn"] < .65
    assert small["only the digit 1"]["modes"] == 1


def test_pixels_are_compared_where_no_classifier_is(held_out, rng):
    real, fake = (x.reshape(len(x), -1) for x in (held_out.x[:600], data.load("digits").x[:600]))
    digits, noise = (metrics.evaluate_rows(x, real) for x in (fake, rng.uniform(-1, 1, real.shape)))
    for name in ("kernel_distance", "sliced_wasserstein"):
        assert 5 * digits[name] < noise[name]
    assert .4 < digits["one_nn"] < .7
    assert digits["coverage"] > .8
    assert noise["one_nn"] > .99
    assert noise["coverage"] == 0


def test_halves_of_one_set_are_equal(held_out, rng):
    x = held_out.x[rng.permutation(2000)]
    scores = metrics.evaluate_images(x[:1000], x[1000:])
    assert scores["coverage"] == pytest.approx(1 - 2 ** -5, abs=.025)
    assert scores["density"] == pytest.approx(1, abs=.1)
    assert scores["fcd"] < 1.5


def test_fcd_and_coverage_follow_the_amount_of_noise(held_out, rng):
    x = held_out.x[::2]
    noise = rng.standard_normal(x.shape, np.float32)
    scores = [metrics.evaluate_images(x + sigma * noise, x) for sigma in (0, .1, .2, .4)]
    fcd, coverage = [s["fcd"] for s in scores], [s["coverage"] for s in scores]
    assert fcd[0] == pytest.approx(0, abs=1e-6)
    assert coverage[0] == 1
    assert fcd == sorted(fcd)
    assert coverage == sorted(coverage, reverse=True)


def test_fcd_follows_the_number_of_digits_that_are_missing(held_out):
    features = digits_classifier().features(held_out.x)
    fcd = [metrics.frechet(features, features[held_out.labels < n]) for n in (10, 8, 5, 2)]
    assert fcd == sorted(fcd)
    assert fcd[0] == pytest.approx(0, abs=1e-6)
    assert fcd[1] > .5


# Points

def test_points_of_the_mixture_itself():
    means, rng = 3 * np.eye(4)[:3, :2], np.random.default_rng(5)  # another seed than that of the comparison
    figures = evaluate_points(means[rng.integers(3, size=400)] + .1 * rng.normal(size=(400, 2)), means, .1)
    assert figures.keys() == {"modes", "hq", "reverse_kl", "sliced_wasserstein", "one_nn"}
    assert figures["sliced_wasserstein"] < .3
    assert .4 < figures["one_nn"] < .6


def test_points_in_one_dimension(rng):
    figures = evaluate_points(3 + .1 * rng.normal(size=(400, 1)), [[3]], .1)
    assert figures.keys() == {"mean", "sd", "hq", "wasserstein"}
    assert figures["mean"] == pytest.approx(3, abs=.02)
    assert figures["sd"] == pytest.approx(.1, abs=.02)
    assert figures["wasserstein"] < .03


def test_an_evaluator_stays_as_it_is():
    evaluator = Evaluator(lambda x: {"mean": float(x.mean())}, lambda n, rng: rng.uniform(2, 3, (n, 1)), 10)
    with pytest.raises(AttributeError):
        evaluator.count = 3
    real, noise = evaluator.baselines(500, np.random.default_rng(0))
    assert real["mean"] == pytest.approx(2.5, abs=.1)
    assert noise["mean"] == pytest.approx(2.5, abs=.1)


# Bad input

@pytest.mark.parametrize(("call", "message"), [
    (lambda x: metrics.evaluate_images(x[:5]),
     "precision_recall_density_coverage: fake has 5 rows, 5 neighbours need at least 6"),
])
def test_bad_images_are_refused_in_one_line(call, message, held_out):
    with pytest.raises(ValueError) as caught:
        call(held_out.x[:20])
    assert str(caught.value) == message
