"""The book is built without a warning, and opens without a network."""
import re

import pytest


@pytest.mark.slow
def test_the_book(book):
    for page in book.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)", page.read_text())
        assert not loaded, f"{page.name} needs another host: {loaded}"
    lecture = (book / "05-objective.html").read_text()
    assert 'id="equation-value"' in lecture
    assert ">5.6</a>" in lecture or "(5.6)" in lecture
    assert (book / "_static" / "mathjax" / "tex-chtml.js").exists()
