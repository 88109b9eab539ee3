"""The book: `python -m sphinx lectures build/book -W`, with the extra `book`. It opens without a network.

Lectures and notebooks read well on a code-hosting page as they are. Here their citations become numbered links, and
links to source files become links to the pages of the book, which notebooks and the library's pages join.
"""
import html
import itertools
import json
import re
import shutil
import sys
from pathlib import Path

LECTURES = Path(__file__).parent
sys.path[:0] = [str(LECTURES), str(LECTURES.parent)]

import equations
import library
import operations
from docutils import nodes

import tinygan

project, author, copyright = "tinygan", "the tinygan authors", "the tinygan authors, MIT licence"
version = release = tinygan.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
exclude_patterns = ["README.md", "figures"]
html_theme = "sphinx_book_theme"
html_title = "tinygan: the course"
html_theme_options = {"use_download_button": False, "use_fullscreen_button": False, "show_toc_level": 2,
                      "pygments_dark_style": "github-dark",
                      **{f"navbar_{place}": [] for place in ("start", "center", "end", "persistent")}}
html_context = {"default_mode": "auto"}
html_static_path = ["book.css", "book.js", "search.js"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_show_sphinx = False
nb_execution_mode = "off"  # the outputs are committed
nb_code_prompt_show, nb_code_prompt_hide = "Show the {type}", "Hide the {type}"  # cells tagged hide-input, hide-output
myst_enable_extensions = ["dollarmath"]
numfig = math_numfig = True
math_eqref_format = "{number}"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["numba"]  # an extra; the pages of compiled loops need no compiler
add_module_names = False
python_maximum_signature_line_length = 100
suppress_warnings = ["config.cache"]

TABLE = re.compile("<!-- the table of (equations|operations): .* -->")
TABLES = {"equations": equations.table, "operations": operations.table}
GENERATED = ["api", "notebooks"]  # folders written here, ignored by git
NOTEBOOKS = ["notebooks/*.ipynb", "notebooks/labs/*.ipynb", "notebooks/assignments/release/*/*.ipynb"]


def write_pages(app, config):
    """The pages of the library, and the notebooks and assignments at the places that links between them expect."""
    for folder in GENERATED:
        shutil.rmtree(LECTURES / folder, ignore_errors=True)
    for notebook in itertools.chain.from_iterable(LECTURES.parent.glob(pattern) for pattern in NOTEBOOKS):
        copy = LECTURES / notebook.relative_to(LECTURES.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notebook, copy)
    (LECTURES / "api").mkdir()
    for name, text in library.pages().items():
        (LECTURES / "api" / f"{name}.rst").write_text(text, encoding="utf-8")


def read_source(app, page, content):
    """Rewrites the text of a code-hosting page for the book."""
    text = TABLE.sub(lambda m: TABLES[m[1]](), content[0])
    if text != content[0]:
        app.env.note_reread()  # the next build makes it again: the code may have changed
    if not page.startswith("api/"):
        text = re.sub(r"# (\d\d) (.+): a notebook to step through", r"# Notebook \1: \2", text)  # short in the sidebar
        up = "../" * page.count("/")  # a lecture has none, a notebook one, a lab two
        text = equations.cite(text, "{eq}`%s`".__mod__)
        text = re.sub(r"\]\((?:\.\./)+(tinygan/[\w/]+)\.py\)",
                      lambda m: f"]({up}api/{m[1].replace('/', '.')}.rst)", text)
        text = re.sub(r"\]\((?:\.\./)+(?:lectures/|(?=notebooks/))", f"]({up}", text)
    content[0] = text


def read_docstring(app, what, name, item, options, lines):
    lines[:] = [*library.docstring("\n".join(lines)).split("\n"), ""]


def link_pictures(app, document, page):
    """A picture is a link to its file; `book.js` opens it in the page."""
    for picture in list(document.findall(nodes.image)):
        if not isinstance(picture.parent, nodes.reference) and (file := app.env.images.get(picture["uri"])):
            link = nodes.reference(refuri="../" * page.count("/") + f"_images/{file[1]}", classes=["picture"])
            picture.replace_self(link)
            link += picture


def add_search(app, page, template, context, document):
    """The page of results gets the texts of all pages, to quote from: a page on a disk can read no other file."""
    if page == "search":
        for name in ("search-texts.js", "search.js"):
            app.add_js_file(name)


def write_texts(app, failed):
    """The texts of all pages, with the anchors of their sections, for `search.js`."""
    if not failed and app.builder.name == "html":
        texts = {f"./{page}.html": sections(app.env.get_doctree(page)) for page in app.env.found_docs}
        (Path(app.outdir) / "_static" / "search-texts.js").write_text(f"const TEXTS = {json.dumps(texts)};\n")


def sections(part):
    """The text of a part of a page, in tags for its sections alone."""
    if not isinstance(part, (nodes.document, nodes.section)):
        return html.escape(part.astext()) + "\n"
    text = "".join(map(sections, part.children))
    return text if isinstance(part, nodes.document) else f'<section id="{part["ids"][0]}">{text}</section>'


def number_by_lecture(app, env):
    """Equation 6 of lecture 5 is (5.6)."""
    for page, kinds in env.toc_fignumbers.items():
        if page[:2].isdigit():
            kinds["displaymath"] = {name: (int(page[:2]), i) for i, name in enumerate(kinds.get("displaymath", {}), 1)}
    return []


def setup(app):
    app.connect("env-get-updated", number_by_lecture, priority=900)  # after Sphinx has numbered them through the book
    app.connect("config-inited", write_pages)
    app.connect("doctree-resolved", link_pictures)
    app.connect("html-page-context", add_search)
    app.connect("build-finished", write_texts)
    app.connect("source-read", read_source)
    app.connect("autodoc-process-docstring", read_docstring)
