"""The command line `tinygan COMMAND`; each command has a file beside this one."""
from __future__ import annotations

import argparse
import functools
import io
import itertools
import logging
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
from tinygan.cli.arguments import printable, show
from tinygan.distributed.mpi import speaks
from tinygan.errors import TinyganError, did_you_mean
from tinygan.zoo.settings import ABOUT

COMMANDS = (train, sample, evaluate, doctor, sweep, interpolate, export, import_, recipes, data, play, lab,
            assignments)
NOTED = ("train", "sweep", "import", "data")  # commands that begin with the user's data
CLOSED_PIPE = 141  # 128 + SIGPIPE: the exit status of other programs whose reader has gone


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Exits with one line, without the usage."""
        self.exit(2, f"{self.prog}: {printable(message)}\n" if speaks() else None)

    def parse_known_args(self, args=None, namespace=None):
        """Refuses unknown options, with the nearest one. Without a word, a parser of commands prints its help."""
        words = sys.argv[1:] if args is None else [*args]
        commands = [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        if commands and not words:
            self.print_help()
            self.exit(0)  # nothing was asked for, so nothing failed
        for word in itertools.takewhile(lambda word: word != "--" and not (commands and word[:1] != "-"), words):
            name = word.partition("=")[0]
            if name.startswith("--") and not any(option.startswith(name) for option in self._option_string_actions):
                self.error(f"there is no option {name:.99}{self._hint(name)}")
        found, rest = super().parse_known_args(words, namespace)
        if rest and not commands:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def _hint(self, name):
        switch = name[2:].replace("-", "_")
        if "--set" in self._option_string_actions and switch in ABOUT:
            return f"; for the switch of a recipe write --set {switch}=VALUE"
        return did_you_mean(name, self._option_string_actions, f"; see {self.prog} --help")

    def _check_value(self, action, value):
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices))
            raise


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
            warn = functools.cache(functools.partial(_say, options.name))  # each message once
            warnings.showwarning = lambda message, *_: warn(f"warning: {message}")
            if options.name in NOTED:
                settings.enter_context(_notes())
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
def _notes():
    """A context that prints what the library logs, such as the number of images in a folder, each line once."""
    logger, handler, print_once = logging.getLogger("tinygan"), logging.Handler(), functools.cache(show)
    handler.emit = lambda record: print_once(record.getMessage()) if speaks() else None  # type: ignore[method-assign]
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


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
