"""The classifier of the metrics: the one that is shipped, and those of other sets."""
import numpy as np
import pytest

import tinygan as tg
from tinygan import data, metrics
from tinygan.metrics import classifier
from tinygan.metrics.classifier import WEIGHTS, Classifier, classifier_for, digits_classifier

# The classifier

def test_the_shipped_classifier_knows_its_digits(held_out):
    net = digits_classifier()
    assert net.accuracy(*held_out) >= .975
    assert net.theta.dtype == np.float32
    assert WEIGHTS.stat().st_size < 400_000
    assert digits_classifier() is net


def test_features_and_probabilities(held_out):
    net, x = digits_classifier(), held_out.x[:300]
    features, p = net.features(x), net.probabilities(x)
    assert features.shape == (300, 64)
    assert features.min() == 0  # after a ReLU
    assert (np.ptp(features, axis=0) > 0).all()
    assert p.shape == (300, 10)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    logits = features @ net.head.weight.data + net.head.bias.data
    assert (logits.argmax(axis=1) == p.argmax(axis=1)).all()
    # each image is judged alone, in training mode too, and judging changes nothing
    before = net.state_dict()
    net.train()
    np.testing.assert_allclose(net.features(x[250:]), features[250:], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(net.features(tg.Tensor(x)), features)
    assert all((before[name] == a).all() for name, a in net.state_dict().items())


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 14, 3), (28, 28, 1), (32, 32, 3)])
def test_classifiers_of_other_sets(shape, rng):
    labels = rng.integers(3, size=60)
    images = rng.normal(labels[:, None, None, None] - 1, .3, (60, *shape)).clip(-1, 1)
    net = classifier_for(images, labels, rng, epochs=6, batch=20)
    assert net.features(images).shape == (60, 64)
    assert net.probabilities(images).shape == (60, 3)
    assert net.accuracy(images, labels) > .9


def test_a_seed_gives_one_classifier(rng):
    images, labels = rng.uniform(-1, 1, (20, 8, 8, 1)), np.arange(20) % 2
    nets = [classifier_for(images, labels, np.random.default_rng(seed), epochs=1, batch=10) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
    assert (nets[0].theta != nets[2].theta).any()


def test_the_rate_falls_linearly(rng, monkeypatch):
    rates = []
    monkeypatch.setattr("tinygan.metrics.classifier.descend", lambda theta, step, rate: rates.append(rate))
    classifier_for(rng.uniform(-1, 1, (20, 8, 8, 1)), np.arange(20) % 2, rng, rate=1e-2, epochs=2, batch=8)
    np.testing.assert_allclose(rates, 1e-2 * np.array([6, 5, 4, 3, 2, 1]) / 6)


def test_moved_images_keep_their_content(rng):
    x = np.full((50, 9, 9, 1), -1.)
    x[:, 4, 4] = 1
    y = classifier.moved(x, 2, rng)
    assert y.shape == x.shape
    _, down, right, _ = np.nonzero(y == 1)
    assert len(down) == 50
    assert set(down) == set(right) == {2, 3, 4, 5, 6}
    np.testing.assert_array_equal(classifier.moved(x, 0, rng), x)


def test_the_classifier_works_on_another_device(gpu, held_out):
    net = Classifier(rng=np.random.default_rng(0))
    net.load_state_dict(digits_classifier().state_dict())
    net.to("gpu")
    features = net.features(held_out.x[:20])
    assert type(features) is np.ndarray
    np.testing.assert_allclose(features, digits_classifier().features(held_out.x[:20]), rtol=1e-5, atol=1e-5)


def test_damaged_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path / "w.npz")
    for content in (None, b"", b"no archive", WEIGHTS.read_bytes()[:5000]):
        if content is not None:
            (tmp_path / "w.npz").write_bytes(content)
        digits_classifier.cache_clear()
        with pytest.raises(data.DataError, match=r"w\.npz is damaged \(\w+\), install tinygan again$"):
            digits_classifier()


@pytest.mark.slow
def test_training_again_gives_as_good_a_classifier(tmp_path, held_out):
    again = classifier.main(tmp_path / "again.npz")
    assert again.accuracy(*held_out) == pytest.approx(digits_classifier().accuracy(*held_out), abs=.008)
    with np.load(tmp_path / "again.npz", allow_pickle=False) as state:
        assert {name: a.shape for name, a in state.items()} == {
            name: a.shape for name, a in digits_classifier().state_dict().items()}


# Bad input

@pytest.mark.parametrize(("call", "message"), [
    (lambda x: metrics.evaluate_images(x[:, ::2]), "Classifier: images (20, 14, 28, 1), expected (n, 28, 28, 1)"),
    (lambda x: metrics.evaluate_images(x[..., 0]),
     "Classifier: images has shape (20, 28, 28), expected (n, height, width, channels)"),
    (lambda x: metrics.evaluate_images(x * np.nan), "Classifier: images holds NaN or infinity in 20 of 20 rows"),
    (lambda x: metrics.evaluate_images(127.5 * x + 127.5),
     "Classifier: images reach from 0 to 255, expected -1 to 1"),
    (lambda x: digits_classifier().accuracy(x, [1, 2]), "Classifier: 20 images, labels of shape (2,)"),
    (lambda x: classifier_for(x, np.arange(19), None),
     "classifier_for: 20 images, labels (19,) of int64 from 0; expected a whole number from 0 for each image"),
    (lambda x: classifier_for(x, np.ones(20), None),
     "classifier_for: 20 images, labels (20,) of float64 from 1.0; expected a whole number from 0 for each image"),
    (lambda x: classifier_for(x[:, :4], np.ones(20, int), None),
     "Classifier: images of 4 x 28 pixels, expected at least 8 x 8"),
])
def test_bad_images_are_refused_in_one_line(call, message, held_out):
    with pytest.raises(ValueError) as caught:
        call(held_out.x[:20])
    assert str(caught.value) == message
