"""The command line: `main`, and a file for each command with its help, its options and its `run`."""
from tinygan.cli.main import main

__all__ = ["main"]
