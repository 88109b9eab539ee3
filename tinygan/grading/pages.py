"""The feedback page of a student: what the template `templates/feedback/` needs. It loads nothing from the network."""
from __future__ import annotations

import html
import re
from pathlib import Path

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from tinygan.grading.grader import shown

LONGEST = 10_000  # characters of an answer on a page: the time to colour them grows with their square
STEPS = ["tinygan.grading.pages.for_student", "nbgrader.preprocessors.GetGrades",
         "nbgrader.preprocessors.ClearHiddenTests", "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor"]
UNBRACED = re.compile(r"(\\math\w+) (\w)")  # `\mathbb E`: the converter chooses the letter only for `\mathbb{E}`


def configure(config) -> None:
    """Settings of nbgrader for these pages; other steps of a course's own stay."""
    others = config.GenerateFeedback.get("preprocessors", [])
    config.GenerateFeedback.preprocessors = [*STEPS, *(step for step in others if step not in STEPS)]
    config.HTMLExporter.extra_template_basedirs = [str(Path(__file__).with_name("templates"))]
    config.HTMLExporter.filters = {"formulas": markdown}
    config.CSSHTMLHeaderPreprocessor.enabled = True
    config.CSSHTMLHeaderPreprocessor.style = "default"  # colours of its own, not those of JupyterLab's page
    config.HighlightMagicsPreprocessor.enabled = False  # `%%perl` would choose the program that colours an answer


def for_student(notebook, resources):
    """A preprocessor of nbgrader: no marks or values of hidden checks, and answers of a bounded size.

    A reason stands in the output of its check cell; the template takes it from `notebook.metadata.tinygan`.
    """
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            text = cell.source.replace("HIDDEN TESTS", "hidden tests")  # nbgrader refuses the marks
            cell.source = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n# the page ends here, not the answer"
        for output in cell.get("outputs", []) if about.get("grade") else []:
            if "text" in output:
                output.text = shown(output.text)
    about = notebook.metadata.get("tinygan", {})
    about["reasons"] = {name: shown(reason) for name, reason in about.get("reasons", {}).items()}
    return notebook, resources


def markdown(text: str) -> str:
    """Markdown as HTML, with formulas in MathML, which browsers show by themselves."""
    return MarkdownWithMath(_Renderer(escape=False, exclude_anchor_links=True)).render(text)


class _Renderer(IPythonRenderer):
    def link(self, text, url, title=None):
        return super().link(text, url, title) if "://" in url else text  # the page is alone: no lecture lies beside it

    def inline_math(self, body):
        return formula(body, "inline")

    def block_math(self, body):
        return formula(body, "block")

    def latex_environment(self, name, body):
        return formula(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def formula(latex: str, display: str) -> str:
    """A formula as MathML; as it is written if it cannot be converted."""
    try:
        from latex2mathml.converter import convert
        return convert(UNBRACED.sub(r"\1{\2}", latex), display=display)
    except Exception:  # of many classes, for a formula that it does not know; or it is not installed
        return f"<code>{html.escape(latex.strip())}</code>"
