"""Assignments that are graded without trust: checks, the process a student's code runs in, the judge, nbgrader."""
from tinygan.grading.checks import Case, CheckError, hidden, public

__all__ = ["Case", "CheckError", "hidden", "public"]
