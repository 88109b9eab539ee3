"""The game between generator and discriminator: `Game`, one `step` of it, and `train` (Goodfellow et al. 2014)."""
from tinygan.game.game import Game, SettingError, latent, parts
from tinygan.game.step import scheduled, step
from tinygan.game.train import Diverged, train

__all__ = ["Diverged", "Game", "SettingError", "latent", "parts", "scheduled", "step", "train"]
