"""Wasserstein GANs: a critic whose slope is bounded, so that its advantage measures a distance (Arjovsky et al. 2017).

Among functions of slope at most 1 the greatest E[D(x)] - E[D(G(z))] is the Wasserstein distance of data and generator
(`wasserstein`, `kantorovich`). The critic's steps, several for one of the generator, are there to come near it; the
column d_value of the history is the estimate. There is no batch normalisation in the critic: each example is judged by
itself, as the gradient penalty needs it.
"""
from __future__ import annotations

from tinygan.zoo.recipe import Recipe
from tinygan.zoo.vanilla import networks

# RMSProp's usual decay of .99 makes the first steps ten times too long, as there is no correction for the start: with
# it the ring's modes were 1 to 6, with .9 they are 8.
RECIPES = [
    Recipe("wgan", "a critic with clipped weights, on eight Gaussians on a circle", "Arjovsky et al. 2017", networks,
           "ring", latent=2, steps=2500, batch=256, optimiser="rmsprop", betas=(0.0, 0.9), average=0.99,
           game={"objective": "two-sample", "k": 5, "rate": 2e-3, "decay": True, "clip": 0.1}),
    Recipe("wgan-gp", "a critic with a gradient penalty, on eight Gaussians on a circle", "Gulrajani et al. 2017",
           networks, "ring", latent=2, steps=2000, batch=256, betas=(0.5, 0.9), average=0.99,
           game={"objective": "two-sample", "k": 5, "rate": 1e-3, "decay": True, "gp": 0.1}),
]
