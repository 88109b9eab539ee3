"""The comparison of points with a known mixture of Gaussians."""
from __future__ import annotations

import numpy as np

from .checks import host


def mixture(samples, means, sigma: float) -> dict[str, float]:
    """Measures how well points cover a mixture of equal Gaussians: modes, hq (`high-quality`), reverse_kl.

    samples (n, d), means (K, d), sigma: the standard deviation of every Gaussian. A point has high quality (HQ) if it
    is within 3 sigma of the nearest mean.

    - modes: the number of means that have at least one HQ point;
    - hq: the share of HQ points. In the plane a perfect sampler has 1 - exp(-4.5) = .98889; with more, the points are
      too close to the means;
    - reverse_kl: `reverse_kl` of the HQ points on the means. A perfect sampler has about (K - 1) / 2n, which for 2,500
      points is .0014 on the ring and .0048 on the grid. Without HQ points it is log K, its largest value.

    Source: Srivastava et al. 2017 (VEEGAN), section 4.1; Lin et al. 2018 (PacGAN), section 4.1.

    >>> from tinygan.data import ring, ring_means
    >>> mixture(ring(2500, np.random.default_rng(0)), ring_means(), .01)
    {'modes': 8, 'hq': 0.99..., 'reverse_kl': 0.0013...}
    """
    samples = host("mixture", "samples", samples, "(n, d)").astype(np.float64)
    means = host("mixture", "means", means, "(K, d)").astype(np.float64)
    if samples.shape[1] != means.shape[1]:
        raise ValueError(f"mixture: samples {samples.shape} and means {means.shape} differ in dimension")
    if not 0 < sigma < np.inf:
        raise ValueError(f"mixture: sigma is {sigma}, expected a positive number")
    square = np.stack([((samples - mean) ** 2).sum(axis=1) for mean in means], axis=1)
    near = square.min(axis=1) <= (3 * sigma) ** 2
    counts = np.bincount(square.argmin(axis=1)[near], minlength=len(means))
    return {"modes": int((counts > 0).sum()), "hq": float(near.mean()), "reverse_kl": reverse_kl(counts)}


def reverse_kl(counts) -> float:
    """KL(q || uniform) = sum q log(q K) (`reverse-kl`) in nats, q the histogram of `counts` (K,); from 0 to log K.

    An empty histogram gets the worst value, log K.

    >>> reverse_kl([5, 5]), reverse_kl([10, 0])
    (0.0, 0.6931471805599453)
    """
    counts = host("reverse_kl", "counts", counts, "(K)").astype(np.float64)
    if counts.min() < 0:
        raise ValueError(f"reverse_kl: counts holds {counts.min():g}, expected no negative number")
    if counts.sum() == 0:
        return float(np.log(len(counts)))
    q = counts[counts > 0] / counts.sum()
    return max(0.0, float((q * np.log(q * len(counts))).sum()))
