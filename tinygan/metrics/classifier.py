"""The classifier whose features and probabilities the metrics of images use, and the trained one for the digits.

Values of the FCD are comparable only within one classifier: another one changes their scale. So the classifier of the
digits is shipped with its weights (digits-classifier.npz), and values from different machines, runs and years are
comparable. `python -m tinygan.metrics.classifier` trains it again, from a fixed seed, and overwrites the file. Do this
only if all published values are measured again.
"""
from __future__ import annotations

import functools
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

from tinygan import data
from tinygan.files import open_regular
from tinygan.nn import BatchNorm, Conv2d, Dense, Flatten, Module, ReLU, Sequential
from tinygan.nn.inputs import input_of
from tinygan.ops.reduce import log_softmax, mean, softmax, sum
from tinygan.tensor import Tensor, grad, no_grad
from tinygan.updates import Adam, descend, linear_decay

from .checks import host

WEIGHTS = Path(__file__).with_name("digits-classifier.npz")
FEATURES = 64


class Classifier(Module):
    """A convolutional network: images (n, *shape) in [-1, 1] -> 64 features >= 0 -> logits (n, classes).

    shape: (height, width, channels), at least 8 x 8. Three convolutions that halve the image, then two dense layers.
    If the sides of `shape` are a multiple of the images' sides, the images are enlarged (the shipped one is right for
    97 % of the digits at 14 x 14). Batch normalisation is necessary: without it, the features of pure noise may lie
    among those of digits (measured: a precision of .94, at an accuracy of .98).
    """

    def __init__(self, shape=(28, 28, 1), classes=10, *, rng):
        self.shape, self.classes = tuple(shape), classes
        height, width, channels = shape
        if min(height, width) < 8:
            raise ValueError(f"Classifier: images of {height} x {width} pixels, expected at least 8 x 8")
        size = [(n // 4 + 1) // 2 for n in (height, width)]
        self.body = Sequential(
            Conv2d(channels, 16, 4, stride=2, padding=1, bias=False, rng=rng), BatchNorm(16), ReLU(),
            Conv2d(16, 32, 4, stride=2, padding=1, bias=False, rng=rng), BatchNorm(32), ReLU(),
            Conv2d(32, 32, 3, stride=2, padding=1, bias=False, rng=rng), BatchNorm(32), ReLU(),
            Flatten(), Dense(32 * size[0] * size[1], FEATURES, bias=False, rng=rng), BatchNorm(FEATURES), ReLU())
        self.head = Dense(FEATURES, classes, rng=rng)

    def forward(self, x):
        return self.head(self.body(x))

    def features(self, images) -> np.ndarray:
        """The input of the last layer for the images (n, *shape): (n, 64)."""
        return self._in_batches(self.body, images)

    def probabilities(self, images) -> np.ndarray:
        """The probability of each class for the images (n, *shape): (n, classes)."""
        return self._in_batches(lambda x: softmax(self(x)), images)

    def likeliest(self, images) -> np.ndarray:
        """The most probable class of each of the images (n, *shape): (n,)."""
        return self.probabilities(images).argmax(axis=1)

    def accuracy(self, images, labels) -> float:
        """The share of images (n, *shape) whose most probable class is their label (n,)."""
        likeliest = self.likeliest(images)
        if np.shape(labels) != likeliest.shape:
            raise ValueError(f"Classifier: {len(likeliest)} images, labels of shape {np.shape(labels)}")
        return float((likeliest == np.asarray(labels)).mean())

    def _in_batches(self, f, images, batch=250):
        """f(images) as a NumPy array: in evaluation mode, without gradients, batch by batch."""
        images = host("Classifier", "images", images, "(n, height, width, channels)")
        factor = max(1, self.shape[0] // images.shape[1])
        if images.shape[1] * factor == self.shape[0] and images.shape[2] * factor == self.shape[1]:
            images = images.repeat(factor, axis=1).repeat(factor, axis=2)
        if images.shape[1:] != self.shape:
            raise ValueError(f"Classifier: images {images.shape}, expected (n, {', '.join(map(str, self.shape))})")
        if np.abs(images).max() > 10:  # far outside [-1, 1]; noise may exceed it a little
            raise ValueError(f"Classifier: images reach from {images.min():g} to {images.max():g}, expected -1 to 1")
        self.eval()
        with no_grad():
            return np.concatenate([f(input_of(self, images[i:i + batch])).numpy()
                                   for i in range(0, len(images), batch)])


def classifier_for(images, labels, rng: np.random.Generator, epochs: int = 12, batch: int = 100, rate: float = 2e-3,
                   shift: int = 2) -> Classifier:
    """Trains a `Classifier` on images (n, height, width, channels) in [-1, 1] and labels (n,), from 0.

    The loss is cross-entropy, the optimiser Adam with a rate that falls linearly to 0. Each image is shifted by up to
    `shift` pixels.
    """
    images = host("classifier_for", "images", images, "(n, height, width, channels)")
    labels = host("classifier_for", "labels", labels, "(n)")
    if len(labels) != len(images) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(f"classifier_for: {len(images)} images, labels {labels.shape} of {labels.dtype} from "
                         f"{labels.min()}; expected a whole number from 0 for each image")
    net = Classifier(images.shape[1:], int(labels.max()) + 1, rng=rng)
    wanted = np.eye(net.classes, dtype=np.float32)[labels]
    adam, step, steps = Adam(), 0, epochs * -(-len(images) // batch)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            x = Tensor(moved(images[rows].astype(np.float32, copy=False), shift, rng))
            loss = -mean(sum(log_softmax(net(x)) * wanted[rows], axis=1))
            descend(net.theta, adam(grad(loss, net.parameters())), linear_decay(rate, step, steps))
            step += 1
    net.eval()
    return net


def moved(images, shift: int, rng):
    """Shifts each of the images (n, h, w, c) by up to `shift` pixels in both directions; edge pixels are repeated."""
    n, h, w, _ = images.shape
    framed = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="edge")
    down, right = rng.integers(2 * shift + 1, size=(2, n, 1))
    return framed[np.arange(n)[:, None, None], (down + np.arange(h))[:, :, None], (right + np.arange(w))[:, None, :]]


@functools.cache
def digits_classifier() -> Classifier:
    """The shipped classifier of the embedded digits, trained by `python -m tinygan.metrics.classifier`."""
    net = Classifier(rng=np.random.default_rng(0))
    try:
        with open_regular(WEIGHTS, 10**7) as file, np.load(file, allow_pickle=False) as state:
            net.load_state_dict(dict(state))
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise data.DataError(f"{WEIGHTS} is damaged ({type(error).__name__}), install tinygan again") from error
    net.eval()
    return net


def main(out: Path = WEIGHTS) -> Classifier:
    """Trains the classifier of the embedded digits, writes its weights to `out`, prints its accuracy."""
    net = classifier_for(*data.load("digits"), rng=np.random.default_rng(2014))
    np.savez(out, **net.state_dict())  # type: ignore[arg-type]
    print(f"{out}: {out.stat().st_size} bytes, accuracy on held-out digits "
          f"{net.accuracy(*data.load('digits', held_out=True)):.4f}")
    return net


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
