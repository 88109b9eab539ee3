"""The notebooks: committed as their sources describe, with outputs, and each runs from top to bottom in time."""
import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "notebooks"))
import build

ROOT = build.HERE.parent
NAMES = build.names()


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_notebook_is_fresh(name):
    """Its cells are those of its source, in order, and every cell of code was executed in order, without an error."""
    pytest.importorskip("jupytext")
    import nbformat
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    assert build.cells(notebook) == build.cells(build.source(name)), f"run: python notebooks/build.py {name}"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert not [output for output in outputs if "<matplotlib" in str(output.get("data", {}).get("text/plain")) and
                output.output_type == "execute_result"], "a cell shows the name of an object: end it with a semicolon"
    assert sum("image/png" in output.get("data", {}) or "image/gif" in output.get("data", {}) for output in outputs) > 3


def test_every_notebook_has_a_source():
    made = [path for folder in (build.HERE, build.HERE / "labs") for path in sorted(folder.glob("*.ipynb"))]
    assert [path.relative_to(build.HERE).with_suffix("").as_posix() for path in made] == NAMES


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/src/**/*.py")), ids=lambda path: path.stem)
def test_what_a_notebook_imports_is_there(path):
    lines = re.findall(r"^(?:from|import) tinygan.*", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert lines
    if "tinygan.lab.panel" in str(lines):
        pytest.importorskip("ipywidgets")
    exec("\n".join(lines), {})


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # warnings of the kernel's own libraries
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    if name == "labs/gan-laboratory":
        pytest.importorskip("ipyevents")
    assert build.execute(build.source(name)) < build.SECONDS
