"""Run folders: `Config`, `Run` and checkpoints; sweeps, reports and interpolations of finished runs."""
from tinygan.runs.config import Config, RunError
from tinygan.runs.run import Run, fresh_folder, generate, latest_folder

__all__ = ["Config", "Run", "RunError", "fresh_folder", "generate", "latest_folder"]
