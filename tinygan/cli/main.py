"""The command line `tinygan COMMAND`; each command has a file beside this one."""
from __future__ import annotations

import argparse
import io
import sys
import warnings

import tinygan
from tinygan.cli import (
    assignments,
    data,
    doctor,
    evaluate,
    export,
    import_,
    interpolate,
    lab,
    play,
    recipes,
    sample,
    sweep,
    train,
)
from tinygan.distributed.mpi import speaks
from tinygan.errors import TinyganError

COMMANDS = (train, sample, evaluate, doctor, sweep, interpolate, export, import_, recipes, data, play, lab,
            assignments)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Exits with one line, without the usage."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n" if speaks() else None)


def main(arguments=None) -> int:
    """Runs a command; returns its exit status: 2 for an error of the user, which prints one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name may hold bytes that are no text
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_: _say(options.name, f"warning: {message}")
    try:
        return options.command(options) or 0
    except (TinyganError, MemoryError) as error:
        _say(options.name, error)
        return 2
    except OSError as error:
        _say(options.name, f"{error.filename or ''}: {error.strerror or error}")
        return 2
    except KeyboardInterrupt:
        return 130


def _say(name, message):
    """Prints a message on stderr, on one line even if it names a file with line breaks."""
    if speaks():
        print(f"tinygan {name}: {' '.join(str(message).split())}", file=sys.stderr)


def _parser():
    parser = _Parser(prog="tinygan", description="Generative adversarial networks on NumPy and CuPy.")
    parser.add_argument("--version", action="version", version=f"tinygan {tinygan.__version__}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND", parser_class=_Parser)
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2].rstrip("_")
        about = f"{module.ABOUT[0].upper()}{module.ABOUT[1:]}."
        command = commands.add_parser(name, help=module.ABOUT, description=about)
        module.add(command)
        command.set_defaults(command=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
