"""Grading of untrusted answers: checks, the process that runs a student's code, the grader, nbgrader."""
from tinygan.errors import TinyganError
from tinygan.grading.checks import Case, CheckError, hidden, public
from tinygan.grading.wrappers import on_arrays, own_rules, without

__all__ = ["Case", "CheckError", "GradingError", "MachineError", "hidden", "on_arrays", "own_rules",
           "public", "without"]


class GradingError(TinyganError):
    """An error in a course or in a call of the grader: no source, a check that cannot be read, no submissions."""


class MachineError(GradingError):
    """The machine could not grade an answer: no room, no descriptors, no interpreter. It costs no points."""
