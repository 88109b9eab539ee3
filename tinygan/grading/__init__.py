"""Grading of untrusted answers: checks, the process that runs a student's code, the grader, nbgrader."""
from tinygan.errors import TinyganError
from tinygan.grading.checks import Case, CheckError, hidden, on_arrays, public

__all__ = ["Case", "CheckError", "GradingError", "MachineError", "hidden", "on_arrays", "public"]


class GradingError(TinyganError):
    """An error in a course or in a call of the grader: no source, a check that cannot be read, no submissions."""


class MachineError(GradingError):
    """The machine could not grade an answer: no room, no descriptors, no interpreter. It costs no points."""
