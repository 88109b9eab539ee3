"""Landlock in a process of its own: what it may open afterwards."""
import os
import subprocess
import sys

import pytest

from tinygan.grading import isolation, landlock

if not sys.platform.startswith("linux") or landlock.version() < landlock.OLDEST:
    pytest.skip("the kernel has no Landlock", allow_module_level=True)
CODE = """
import os, sys, threading
from tinygan.grading import landlock
readable, own, secret = sys.argv[1:]
def can(action, *arguments):
    try: action(*arguments)
    except OSError: return False
    return True
{before}
landlock.restrict([readable, "/nowhere"], own)
print([can(os.listdir, readable), can(os.listdir, own), can(os.mkdir, own + "/room"), can(os.listdir, secret),
       can(os.mkdir, readable + "/room"), can(os.rename, secret + "/file", own + "/file"),
       can(open, readable + "/file"), can(open, readable + "/file", "a"), can(open, own + "/file", "w"),
       can(os.rename, own + "/file", own + "/room/file"), can(os.mkfifo, own + "/pipe"),
       can(os.truncate, secret + "/file", 0), can(open, "/dev/null", "w")])
"""


def restricted(tmp_path, before=""):
    for name in ("readable", "own", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("text")
    return subprocess.run([sys.executable, "-c", CODE.format(before=before), *(
        str(tmp_path / name) for name in ("readable", "own", "secret"))], capture_output=True, text=True, check=False,
        env={**os.environ, **isolation.ENVIRONMENT})  # OpenBLAS starts no threads


def test_a_process_keeps_only_the_files_that_it_names(tmp_path):
    ran = restricted(tmp_path)
    yes, no = True, False
    assert ran.stdout == f"{[yes, yes, yes, no, no, no, yes, no, yes, no, no, no, yes]}\n", ran.stderr
    assert (tmp_path / "secret" / "file").read_text() == "text"


@pytest.mark.parametrize(("before", "message"), [
    ("threading.Thread(target=threading.Event().wait, daemon=True).start()", "before the first thread"),
    ("landlock.version = lambda: 2", r"has Landlock version 2, expected at least 3 (Linux 6.2)")])
def test_what_would_not_hold_is_refused(tmp_path, before, message):
    ran = restricted(tmp_path, before)
    assert ran.returncode == 1
    assert message in ran.stderr.splitlines()[-1]
