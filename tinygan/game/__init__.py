"""The game between generator and discriminator: `Game`, one `step` of it, and `train` (Goodfellow et al. 2014)."""
from tinygan.game.game import Game, SettingError, latent, parts
from tinygan.game.step import discriminator_step, generator_step, scheduled, step
from tinygan.game.train import Diverged, train

__all__ = ["Diverged", "Game", "SettingError", "discriminator_step", "generator_step", "latent", "parts", "scheduled",
           "step", "train"]
