"""The book is built without a warning, is complete, and opens without a network."""
import json
import re
import sys
from pathlib import Path

import pytest

import tinygan as tg

sys.path.append(str(Path(__file__).parents[2] / "lectures"))
import equations
import library

ROOT, LECTURES = equations.ROOT, equations.LECTURES
NOTEBOOKS = ["notebooks/*.ipynb", "notebooks/labs/*.ipynb", "notebooks/assignments/release/*/*.ipynb"]


def test_the_map_has_all_parts_of_the_course():
    index = (LECTURES / "index.md").read_text()
    parts = [*LECTURES.glob("[0-9]*.md"), *(path for pattern in NOTEBOOKS for path in ROOT.glob(pattern))]
    assert len(parts) > 30
    for part in parts:
        link = part.name if part.parent == LECTURES else f"../{part.relative_to(ROOT).as_posix()}"
        assert f"]({link})" in index, link


def test_references_have_links():
    """Each in a list of references, and a work has the same link in every lecture."""
    links: dict[str, str] = {}
    for path in equations.lectures().values():
        for reference in re.split("^- ", path.read_text().partition("## References\n")[2], flags=re.M)[1:]:
            found = re.findall(r"\[\*(.+?)\*\]\((https://\S+?)\)", " ".join(reference.split()))
            assert found, f"{path.name}: {reference}"
            assert len(found) == len(re.findall(r"(?<!\*)\*(?!\*)", reference)) / 2, f"{path.name}: {reference}"
            for title, link in found:
                assert links.setdefault(title, link) == link, title
    assert len(links) > 70


def test_every_module_is_in_a_room():
    assert sorted(module for room in library.rooms().values() for module in room) == library.modules()
    named = {part for parts in library.ROOMS.values() for part in parts}
    assert named <= {module.split(".")[1] for module in library.modules()}


@pytest.mark.slow
def test_every_module_has_a_page_and_a_line():
    assert set(library.pages()) == {"index", "tg", *library.modules()}
    assert all(library.first_paragraph(module) for module in library.modules())


def test_docstrings_become_restructuredtext():
    assert library.rst("`photos@64` of photos@64, a*b_c (`value`, `x`)") == (
        r"``photos@64`` of photos\@64, a\*b\_c (:eq:`value`, ``x``)")
    assert library.docstring("Words:\n- one\n- two\n\n    a = b\n\n>>> 1\n1") == (
        "Words:\n\n- one\n- two\n\n::\n\n    a = b\n\n>>> 1\n1")


def test_every_formula_is_found():
    for path in equations.lectures().values():
        text = path.read_text()
        assert [slug for _, slug in equations.FORMULA.findall(text)] == equations.LABEL.findall(text)


@pytest.mark.slow
def test_the_book(book):
    for page in book.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)", text)
        assert not loaded, f"{page.name} needs another host: {loaded}"
        assert "mailto:" not in text, page.name
    lecture = (book / "05-objective.html").read_text()
    assert 'id="equation-value"' in lecture
    assert ">5.6</a>" in lecture or "(5.6)" in lecture
    assert (book / "_static" / "mathjax" / "tex-chtml.js").exists()


@pytest.mark.slow
def test_equations_stand_in_the_order_of_numbers(book):
    cells = re.findall(r'equation-[a-z0-9-]+">(\d+)\.(\d+)</a>\)</p>', (book / "00-notation.html").read_text())
    numbers = [(int(lecture), int(i)) for lecture, i in cells]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(equations.catalogue())


@pytest.mark.slow
def test_the_names_of_tg_are_on_one_page(book):
    page = (book / "api" / "tg.html").read_text()
    for name in tg.__all__:
        assert re.search(rf'href="[^"]+"[^>]*>(<code[^>]*>)?<span class="[^"]*">tg\.{name}</span>', page), name
    assert ">Dense</span>" in page  # and the names of the rooms


@pytest.mark.slow
def test_pictures_are_links_and_every_page_can_be_found(book):
    texts = json.loads((book / "_static" / "search-texts.js").read_text().partition(" = ")[2].rstrip(";\n"))
    for page in ("index", "05-objective", "notebooks/06-playing", "notebooks/labs/oscillation"):
        text = (book / f"{page}.html").read_text()
        pictures = re.findall(r"<img [^>]*_images[^>]*>", text)
        links = re.findall(r'<a class="[^"]*picture[^"]*" href="([^"]+)"><img [^>]*_images[^>]*>', text)
        assert len(links) == len(pictures) > 0, page
        assert all((book / page).parent.joinpath(link).exists() for link in links)
        assert f"./{page}.html" in texts
    assert '<section id="references">' in texts["./05-objective.html"]
