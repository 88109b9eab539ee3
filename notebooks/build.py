"""Turns the sources in `notebooks/src` into notebooks with outputs: `python notebooks/build.py [NAME ...]`, where NAME
is `05-objective` or `labs/oscillation`; without a name, all of them.

A source is Python in jupytext's percent format. The notebook beside it is generated, executed from top to bottom, and
committed; `tests/course/test_notebooks.py` compares their cells and runs them. The picture of a cell that begins with
`# picture: NAME` is saved for the lecture as `lectures/figures/NAME`.
"""
import base64
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 60  # limit for a notebook, from top to bottom


def names():
    """Every source: a notebook for each lecture, then the labs."""
    src = HERE / "src"
    return [path.relative_to(src).with_suffix("").as_posix()
            for path in [*sorted(src.glob("[0-9]*.py")), *sorted(src.glob("labs/*.py"))]]


def cells(notebook):
    """Kind and text of each cell, for comparisons."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def source(name):
    """The notebook without outputs that a source describes."""
    import jupytext
    notebook = jupytext.read(HERE / "src" / f"{name}.py")
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                         "language_info": {"name": "python"}}
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
        cell.metadata = {}
    return notebook


def execute(notebook):
    """Runs the notebook in a new kernel and returns the seconds; raises the error of a cell."""
    from nbclient import NotebookClient
    start = time.perf_counter()
    NotebookClient(notebook, timeout=5 * SECONDS, kernel_name="python3", resources={"metadata": {"path": str(HERE)}},
                   record_timing=False).execute()
    return time.perf_counter() - start


def pictures(notebook):
    """The pictures for the lectures: pairs (name, bytes)."""
    for cell in notebook.cells:
        if cell.source.startswith("# picture: "):
            name = cell.source.splitlines()[0].removeprefix("# picture: ")
            kind = f"image/{name.rpartition('.')[2]}"
            [encoded] = [o.data[kind] for o in cell.outputs if kind in o.get("data", {})]
            yield name, base64.b64decode(encoded)


def main(chosen):
    import nbformat
    (HERE / "labs").mkdir(exist_ok=True)
    for name in chosen or names():
        notebook = source(name)
        print(f"{name}: {execute(notebook):.1f} s")
        for key in ("language_info", "widgets"):
            notebook.metadata.pop(key, None)
        notebook.metadata["language_info"] = {"name": "python"}
        for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)  # nothing without a kernel
        nbformat.write(notebook, HERE / f"{name}.ipynb")
        for file, picture in pictures(notebook):
            (HERE.parent / "lectures" / "figures" / file).write_bytes(picture)


if __name__ == "__main__":
    main(sys.argv[1:])
