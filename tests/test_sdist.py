"""The source distribution holds the course: lectures, notebooks and tests, and nothing that was generated."""
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_sdist_holds_what_git_holds(tmp_path):
    """Built from a copy: setuptools writes next to the sources."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no clone")
    tracked = [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    for name in [*tracked, "lectures/api/index.rst", "notebooks/assignments/gradebook.db", "tests/old.pyc"]:
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        if name in tracked:
            shutil.copy(ROOT / name, tmp_path / "copy" / name)
        else:
            (tmp_path / "copy" / name).write_text("generated")
    code = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path / "copy", check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {name for name in tracked if not name.startswith(".")} <= held
    assert not {"lectures/api/index.rst", "notebooks/assignments/gradebook.db", "tests/old.pyc"} & held
