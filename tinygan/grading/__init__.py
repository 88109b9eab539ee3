"""Assignments that are graded without trust: checks, the process a student's code runs in, the judge, nbgrader."""
from tinygan.errors import TinyganError
from tinygan.grading.checks import Case, CheckError, hidden, public

__all__ = ["Case", "CheckError", "GradingError", "hidden", "public"]


class GradingError(TinyganError):
    """A mistake in a course or in a call for grades: no source, a check that cannot be read, no submissions."""
