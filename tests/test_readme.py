"""The README is short, its links lead somewhere, and scripts find its two marked commands."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "notebooks" / "README.md", *sorted((ROOT / "lectures").glob("*.md"))]


def test_it_is_short():
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize(("name", "last"), [("run", "tinygan train"), ("test", "python -m pytest")])
def test_a_marked_command(name, last):
    """Right under its comment, as `.ci/run` reads it."""
    [block] = re.findall(rf"^<!-- command: {name} -->\n```bash\n(.*?)^```$", README, re.M | re.S)
    assert block.splitlines()[0].startswith("pip install")
    assert block.splitlines()[-1] == last


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text()):
        assert (page.parent / link.partition("#")[0]).exists(), link


def test_every_lecture_and_notebook_is_in_the_course():
    for path in [*(ROOT / "lectures").glob("[0-9][0-9]-*.md"), *(ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb")]:
        assert f"({path.relative_to(ROOT)})" in README or path.name.startswith("00-"), path.name


def test_the_house_is_the_package():
    """Every file and folder of the library's top level is in the tree."""
    [tree] = re.findall(r"^tinygan/\n(.*?)^```$", README, re.M | re.S)
    parts = [path for path in (ROOT / "tinygan").iterdir() if path.name[0] not in "_." and path.name != "py.typed"]
    assert {f"{p.name}/" if p.is_dir() else p.name for p in parts} <= set(tree.split())
