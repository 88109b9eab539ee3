"""The command line `tinygan COMMAND`; each command has a file beside this one."""
from __future__ import annotations

import argparse
import io
import os
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager, suppress

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
from tinygan.cli.arguments import printable
from tinygan.distributed.mpi import speaks
from tinygan.errors import TinyganError

COMMANDS = (train, sample, evaluate, doctor, sweep, interpolate, export, import_, recipes, data, play, lab,
            assignments)
CLOSED_PIPE = 141  # 128 + SIGPIPE: the exit status of other programs whose reader has gone


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Exits with one line, without the usage."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n" if speaks() else None)


def main(arguments=None) -> int:
    """Runs a command; returns its exit status: 2 for an error of the user, which prints one line.

    130 after Ctrl-C, and 141, in silence, if the reader of its output has gone, as in `tinygan recipes | head -1`.
    """
    with _streams():
        try:
            try:
                return _run(_parser().parse_args(arguments))
            finally:
                sys.stdout.flush()  # at the end of the process nobody would handle its errors
        except OSError as error:
            _drop_broken_streams()
            if not isinstance(error, BrokenPipeError):
                _say("", f"the output cannot be written: {error.strerror or error}")
            return CLOSED_PIPE if isinstance(error, BrokenPipeError) else 2


def _run(options) -> int:
    with ExitStack() as settings:
        if threading.current_thread() is threading.main_thread():  # in others the process shows warnings in its way
            settings.enter_context(warnings.catch_warnings())
            warnings.showwarning = lambda message, *_: _say(options.name, f"warning: {message}")
        try:
            return options.command(options) or 0
        except (TinyganError, MemoryError, Warning) as error:  # PYTHONWARNINGS=error raises warnings
            _say(options.name, error)
            return 2
        except BrokenPipeError:
            raise
        except OSError as error:
            _say(options.name, f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))
            return 2
        except KeyboardInterrupt:
            return 130


@contextmanager
def _streams():
    """A context in which all three standard streams work, also in a process without them (pythonw)."""
    kept = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as opened:
        for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            stream = getattr(sys, name)
            if stream is None or getattr(stream, "closed", False):
                setattr(sys, name, opened.enter_context(open(os.devnull, mode, encoding="utf-8")))
            elif mode == "w" and isinstance(stream, io.TextIOWrapper):  # a file name may hold bytes that are no text
                opened.callback(stream.reconfigure, errors=stream.errors)
                stream.reconfigure(errors="backslashreplace")
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept


def _drop_broken_streams():
    """Leads streams that cannot be written nowhere; otherwise Python would complain when the process ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):  # of a stream without a descriptor
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _say(name, message):
    """Prints a message on stderr, on one line even if it names a file with line breaks or codes for the terminal."""
    if speaks():
        try:
            print(f"{f'tinygan {name}'.strip()}: {printable(message)}", file=sys.stderr, flush=True)
        except OSError:  # nobody reads it
            _drop_broken_streams()


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
