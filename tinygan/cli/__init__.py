"""The command line: `main`, and one file per command with its help text, its options and its `run`."""
from tinygan.cli.main import main

__all__ = ["main"]
