"""The comparison of sequences with sines of known frequencies."""
from __future__ import annotations

import numpy as np

from .checks import host


def evaluate_sines(samples, frequencies) -> dict[str, float]:
    """Measures whether sequences are sines of the given frequencies (cycles per step), and whether all kinds appear.

    samples (n, time, 1). The sine of each frequency is fitted to each sequence; the fit with the largest energy (the
    sum of squares) gives its frequency. The values in brackets are those of `tinygan.data.sines`.

    - purity: the share of a sequence's energy in the sine of its frequency, on average (1);
    - least_share: the share of sequences that are sines, with a purity of at least .9, of the rarest frequency (1/2);
    - amplitude, amplitude_sd: mean and standard deviation of the fitted amplitudes (.75, .144);
    - phase_bias: the length of the mean of exp(i phase), for the frequency with the largest one: 0 if all phases are
      equally frequent (with n samples of each about .9 / sqrt(n)), 1 if there is only one phase.

    >>> from tinygan import data
    >>> scores = evaluate_sines(data.sines(2500, np.random.default_rng(0)), data.SINES)
    >>> round(scores["purity"], 6), round(scores["least_share"], 1), scores["phase_bias"] < .06
    (1.0, 0.5, True)
    """
    metric = "evaluate_sines"
    x = host(metric, "samples", samples, "(n, time, 1)").astype(np.float64)
    if x.shape[2] != 1 or x.shape[1] < 2:
        raise ValueError(f"{metric}: samples has shape {x.shape}, expected (n, time, 1) with two steps or more")
    x = x[..., 0]
    time = 2 * np.pi * np.arange(x.shape[1])
    waves = [np.stack([np.sin(f * time), np.cos(f * time)], 1) for f in frequencies]  # a sin(f t + phase): two numbers
    fits = np.stack([x @ np.linalg.pinv(w).T for w in waves])  # (frequencies, n, 2)
    energy = np.stack([((fit @ w.T) ** 2).sum(axis=1) for fit, w in zip(fits, waves)])
    mine = energy.argmax(axis=0)
    every = np.arange(len(x))
    total = (x ** 2).sum(axis=1)
    purity = np.divide(energy[mine, every], total, out=np.zeros(len(x)), where=total > 0)
    sines = fits[mine, every] @ [1, 1j]  # a exp(i phase)
    amplitude = np.abs(sines)
    shares = np.bincount(mine[purity >= 0.9], minlength=len(waves)) / len(x)
    turns = np.divide(sines, amplitude, out=np.zeros(len(x), complex), where=amplitude > 0)
    bias = max(np.abs(turns[mine == k].mean()) for k in range(len(waves)) if (mine == k).any())
    return {"purity": float(purity.mean()), "least_share": float(shares.min()),
            "amplitude": float(amplitude.mean()), "amplitude_sd": float(amplitude.std()), "phase_bias": float(bias)}
