"""The command line: `main`, and a file for each command: what `--help` says of it, its options, what it does."""
from tinygan.cli.main import main

__all__ = ["main"]
