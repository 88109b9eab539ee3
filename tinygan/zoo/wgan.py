"""Wasserstein GANs: a critic with a bounded slope, whose objective estimates a distance (Arjovsky et al. 2017).

Over functions with slope at most 1, the maximum of E[D(x)] - E[D(G(z))] is the Wasserstein distance of data and
generator (`wasserstein`, `kantorovich`). The critic moves several times for each move of the generator, to come near
the maximum; the column d_value of the history is the estimate. The critic has no batch normalisation, because the
gradient penalty needs the slope of each example alone.
"""
from __future__ import annotations

from tinygan.zoo.recipe import Recipe
from tinygan.zoo.vanilla import networks

# With RMSProp's usual decay of .99, the first steps are ten times too long, because it has no bias correction: runs
# found 1 to 6 modes of the ring; with .9 they find 8.
RECIPES = [
    Recipe("wgan", "a critic with clipped weights, on eight Gaussians on a circle", "Arjovsky et al. 2017", networks,
           "ring", latent=2, steps=2500, batch=256, optimiser="rmsprop", betas=(0.0, 0.9), average=0.99,
           game={"objective": "two-sample", "k": 5, "rate": 2e-3, "decay": True, "clip": 0.1}),
    Recipe("wgan-gp", "a critic with a gradient penalty, on eight Gaussians on a circle", "Gulrajani et al. 2017",
           networks, "ring", latent=2, steps=2000, batch=256, betas=(0.5, 0.9), average=0.99,
           game={"objective": "two-sample", "k": 5, "rate": 1e-3, "decay": True, "gp": 0.1}),
]
