"""Run folders: `Config`, `Run` and checkpoints; sweeps, reports and interpolations of finished runs."""
from tinygan.runs.config import Config, RunError
from tinygan.runs.folders import fresh_folder, latest_folder
from tinygan.runs.run import Run, generate

__all__ = ["Config", "Run", "RunError", "fresh_folder", "generate", "latest_folder"]
