"""The book: `python -m sphinx lectures build/book -W`, with the extra `book`. It opens without a network.

Lectures and notebooks read well on a code-hosting page as they are. Here their citations become numbered links, and
links to source files become links to the pages of the book, which notebooks and the library's pages join.
"""
import pkgutil
import re
import shutil
import sys
from pathlib import Path

LECTURES = Path(__file__).parent
sys.path[:0] = [str(LECTURES), str(LECTURES.parent)]

import equations
import operations

import tinygan

project, author, copyright = "tinygan", "the tinygan authors", "the tinygan authors, MIT licence"
version = release = tinygan.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
exclude_patterns = ["README.md", "figures"]
html_theme = "sphinx_book_theme"
html_title = "tinygan: the course"
html_theme_options = {"use_download_button": False, "use_fullscreen_button": False, "show_toc_level": 2,
                      **{f"navbar_{place}": [] for place in ("start", "center", "end", "persistent")}}
html_context = {"default_mode": "auto"}
html_static_path = ["book.css"]
html_css_files = ["book.css"]
html_show_sphinx = False
nb_execution_mode = "off"  # the outputs are committed
myst_enable_extensions = ["dollarmath"]
numfig = math_numfig = True
math_eqref_format = "{number}"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["numba"]  # an extra; the pages of compiled loops need no compiler
add_module_names = False
python_maximum_signature_line_length = 100
suppress_warnings = ["config.cache"]

SLUGS = equations.catalogue()
TABLE = re.compile("<!-- the table of (equations|operations): .* -->")
TABLES = {"equations": equations.table, "operations": operations.table}
GENERATED = ["api", "notebooks", "notebooks/labs"]  # folders written here, ignored by git


def write_pages(app, config):
    """A page for each module of the library, and the notebooks beside the lectures."""
    for folder in GENERATED:
        shutil.rmtree(LECTURES / folder, ignore_errors=True)
        (LECTURES / folder).mkdir()
    for folder in ("notebooks", "notebooks/labs"):
        for notebook in (LECTURES.parent / folder).glob("*.ipynb"):
            shutil.copy(notebook, LECTURES / folder)
    modules = sorted(m.name for m in pkgutil.walk_packages(tinygan.__path__, "tinygan.") if not m.ispkg
                     and "__main__" not in m.name and "build_" not in m.name)
    for module in modules:
        title = module.removeprefix("tinygan.")
        (LECTURES / "api" / f"{module}.rst").write_text(
            f"{title}\n{'=' * len(title)}\n\n.. automodule:: {module}\n   :members:\n")
    index = "\n   ".join(modules)
    (LECTURES / "api" / "index.rst").write_text(f"The library\n===========\n\nIts pages are the docstrings of the code."
                                                f"\n\n.. toctree::\n   :maxdepth: 1\n\n   {index}\n")


def cite(text, form):
    """Citations (`slug`) of equations in written lectures, in another form."""
    def one(match):
        return "(" + re.sub("`([a-z0-9-]+)`", lambda m: form(m[1]) if written(m[1]) else m[0], match[1])
    return equations.CITATION.sub(one, text)


def written(slug):
    return slug in SLUGS and SLUGS[slug].lecture in equations.lectures()


def read_source(app, page, content):
    """Rewrites the text of a code-hosting page for the book."""
    text = TABLE.sub(lambda m: TABLES[m[1]](), content[0])
    if text != content[0]:
        app.env.note_reread()  # the next build makes it again: the code may have changed
    if not page.startswith("api/"):
        up = "../" * page.count("/")  # a lecture has none, a notebook one, a lab two
        text = cite(text, "{eq}`%s`".__mod__)
        text = re.sub(r"\]\((?:\.\./)+(tinygan/[\w/]+)\.py\)",
                      lambda m: f"]({up}api/{m[1].replace('/', '.')}.rst)", text)
        text = re.sub(r"\]\((?:\.\./)+(?:lectures/|(?=notebooks/))", f"]({up}", text)
    content[0] = text


def read_docstring(app, what, name, item, options, lines):
    """Docstrings are plain text with `names`, lists, examples and indented formulas: that as reStructuredText."""
    done = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines)):
        if paragraph.lstrip().startswith(">>>"):
            done.append(paragraph)
        elif paragraph.startswith(" "):
            done.append("::\n\n" + paragraph)
        else:
            text = re.sub(r":eq:`[^`]+`|`([^`]+)`|[\\*|_]", lambda m: f"``{m[1]}``" if m[1] else m[0] if m[0][0] == ":"
                          else "\\" + m[0], cite(paragraph, ":eq:`%s`".__mod__))
            done.append(re.sub(r"\n(?=- )", "\n\n", text, count=1))
    lines[:] = [*"\n\n".join(done).split("\n"), ""]


def number_by_lecture(app, env):
    """Equation 6 of lecture 5 is (5.6)."""
    for page, kinds in env.toc_fignumbers.items():
        if page[:2].isdigit():
            kinds["displaymath"] = {name: (int(page[:2]), i) for i, name in enumerate(kinds.get("displaymath", {}), 1)}
    return []


def setup(app):
    app.connect("env-get-updated", number_by_lecture, priority=900)  # after Sphinx has numbered them through the book
    app.connect("config-inited", write_pages)
    app.connect("source-read", read_source)
    app.connect("autodoc-process-docstring", read_docstring)
