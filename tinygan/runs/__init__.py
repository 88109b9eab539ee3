"""Run folders: `Config`, `Run`, checkpoints, and what is made of finished runs (sweeps, reports, interpolations)."""
from tinygan.runs.config import Config, RunError
from tinygan.runs.run import Run, fresh_folder, generate, latest_folder

__all__ = ["Config", "Run", "RunError", "fresh_folder", "generate", "latest_folder"]
