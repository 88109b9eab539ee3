"""The book is built without a warning, and opens without a network."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_book(tmp_path):
    for package in ("sphinx", "myst_nb", "sphinx_book_theme"):
        pytest.importorskip(package)
    subprocess.run([sys.executable, "-m", "sphinx", "-W", "-q", "lectures", tmp_path], cwd=ROOT, check=True)
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)", page.read_text())
        assert not loaded, f"{page.name} needs another host: {loaded}"
    lecture = (tmp_path / "05-objective.html").read_text()
    assert 'id="equation-value"' in lecture
    assert ">5.6</a>" in lecture or "(5.6)" in lecture
    assert (tmp_path / "_static" / "mathjax" / "tex-chtml.js").exists()
