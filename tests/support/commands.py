"""Helpers for tests of commands: options for a short run, a run at step 0."""
from tinygan.runs import Config, Run

SHORT = ["--steps", "6", "--batch", "8"]


def untrained(recipe, folder, seed=0):
    """A run at step 0."""
    Run.create(folder, Config(recipe, 6, seed, 8, "float32", "cpu", recipe))
