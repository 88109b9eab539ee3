"""The feedback page: reasons without hidden cases, formulas without the network."""
import importlib.util
import re

import pytest

if not importlib.util.find_spec("nbgrader"):
    pytest.skip("nbgrader is not installed", allow_module_level=True)
from kit import COURSE, NAMES

from tinygan.grading.pages import LONGEST, for_student, formula, markdown


def book(source, output, **about):
    import nbformat
    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": about}, outputs=[
        nbformat.v4.new_output("stream", name="stdout", text=output)])
    return nbformat.v4.new_notebook(cells=[cell], metadata={"tinygan": {"reasons": {"softsign": output}}})


def test_a_student_reads_no_values_of_a_hidden_case():
    shown, _ = for_student(book("x", "the value is float64 [hidden case: shape=(7, 2), dtype=float32]", grade=True), {})
    for text in (shown.cells[0].outputs[0].text, shown.metadata.tinygan["reasons"]["softsign"]):
        assert text == "the value is float64 [a hidden case]"
    shown, _ = for_student(book("x", "the value is float64 [case: shape=(7, 2)]", grade=True), {})
    assert shown.cells[0].outputs[0].text.endswith("[case: shape=(7, 2)]")


def test_an_answer_is_cut_for_the_page():
    shown, _ = for_student(book("x = 1\n" * LONGEST, "", solution=True), {})
    assert len(shown.cells[0].source) < LONGEST + 100


def test_formulas_are_mathml():
    """Inline and on their own line; not in code; with the letters of \\mathbb, with and without braces."""
    pytest.importorskip("latex2mathml")
    page = markdown("The mean $\\mathbb E[x_1 < 2]$ of `$a$`:\n\n$$\\frac1m \\sum_i x_i$$\n\n| a |\n|---|\n| $b$ |")
    assert page.count("<math") == 3
    assert page.count('display="block"') == 1
    assert "<code>$a$</code>" in page
    assert "&#x1D53C;" in page
    assert formula(r"\mathbb{E}", "inline") == formula(r"\mathbb E", "inline")


def test_a_formula_that_cannot_be_converted_stays_as_it_is_written():
    assert formula(" ", "inline") == "<code></code>"


@pytest.mark.parametrize("name", NAMES)
def test_the_formulas_of_the_assignments_are_all_converted(name):
    pytest.importorskip("latex2mathml")
    import nbformat
    cells = nbformat.read(COURSE / "release" / name / f"{name}.ipynb", 4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    page = markdown(text)
    shown = re.sub(r"<(math|code|pre)\b.*?</\1>", "", page, flags=re.DOTALL)
    assert page.count("<math") >= text.count("$") / 4
    assert not re.search(r"\$|\\[a-z]", shown)
    assert not re.search(r"<m[a-z]+[^>]*>\\[a-z]", page)  # a command that the converter does not know


def test_a_link_that_leads_nowhere_from_the_page_is_text():
    assert "<a" not in markdown("[lecture 03](../../lectures/03-autograd.md)")
    assert 'href="https://example.org"' in markdown("[a page](https://example.org)")
