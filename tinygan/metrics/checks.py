"""The checks that every metric makes on its arrays."""
from __future__ import annotations

import numpy as np

from tinygan import backend
from tinygan.tensor import Tensor


def host(metric: str, name: str, x, form: str) -> np.ndarray:
    """Converts x (an array, a Tensor or a list) to a NumPy array and checks it.

    form: the expected dimensions, as in "(n, features)". ValueError, one line that names the metric and the argument,
    if x has other dimensions, no rows, or numbers that are not finite.

    >>> host("frechet", "a", [1.0, 2.0], "(n, features)")
    Traceback (most recent call last):
    ValueError: frechet: a has shape (2,), expected (n, features)
    """
    x = x.data if isinstance(x, Tensor) else x
    x = backend.to(x, "cpu") if backend.is_array(x) else np.asarray(x)
    if x.dtype.kind not in "fiu":
        raise ValueError(f"{metric}: {name} has dtype {x.dtype}, expected numbers")
    if x.ndim != len(form.split(",")):
        raise ValueError(f"{metric}: {name} has shape {x.shape}, expected {form}")
    if x.size == 0:
        raise ValueError(f"{metric}: {name} is empty, its shape is {x.shape}")
    good = np.isfinite(x)
    if not good.all():
        rows = int((~good.reshape(len(x), -1).all(axis=1)).sum())
        raise ValueError(f"{metric}: {name} holds NaN or infinity in {rows} of {len(x)} rows")
    return x


def pair(metric: str, a, b, rows: int = 1, names=("a", "b")) -> tuple[np.ndarray, np.ndarray]:
    """Converts two sets of at least `rows` rows, (n, f) and (m, f), to NumPy arrays of float64, and checks them."""
    a, b = (host(metric, name, x, "(n, f)").astype(np.float64) for name, x in zip(names, (a, b)))
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{metric}: {names[0]} {a.shape} and {names[1]} {b.shape} differ in features")
    for name, x in zip(names, (a, b)):
        if len(x) < rows:
            raise ValueError(f"{metric}: {name} has {len(x)} row{'s' * (len(x) > 1)}, expected at least {rows}")
    return a, b
