"""The layer cake of the README: each floor imports only floors below it, `import tinygan` is light, files are short,
each module has its tests."""
import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinygan

PACKAGE, TESTS = Path(tinygan.__file__).parent, Path(__file__).parent
FLOORS = [
    {"errors"},
    {"files"},
    {"backend", "data", "deprecated", "plots", "latent", "diagnosis"},
    {"distributed"},
    {"tensor"},
    {"ops", "check"},
    {"nn"},
    {"fusion", "objectives", "updates", "divergences"},  # fusion: backend/fusion.py
    {"penalties", "toys"},
    {"game", "metrics"},
    {"zoo"},
    {"runs"},
    {"doctor"},
    {"exchange"},
    {"lab", "grading"},
    {"cli"},
]
FLOOR = {part: i for i, floor in enumerate(FLOORS) for part in floor}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
LIBRARY = [path for path in FILES if path != Path("__init__.py")]


def part_of(path):
    """The file or folder of the package that a file belongs to; the fused forms have a floor of their own."""
    return "fusion" if path == Path("backend/fusion.py") else path.parts[0].removesuffix(".py")


def imports(path):
    """The modules of tinygan that a file imports, by absolute name."""
    package = ["tinygan", *path.parts[:-1]]
    for node in ast.walk(ast.parse((PACKAGE / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"tinygan.{alias.name}" for alias in node.names) if base == "tinygan" else [base]


@pytest.mark.parametrize("path", LIBRARY, ids=str)
def test_only_floors_below_are_imported(path):
    part = part_of(path)
    assert part in FLOOR, f"{part} has no floor: give it one here and in the README"
    for name in imports(path):
        root, _, rest = name.partition(".")
        if root == "tinygan" and rest:
            other = rest.partition(".")[0]
            assert other == part or FLOOR[other] < FLOOR[part], f"{path} imports {name}"


@pytest.mark.parametrize("part", sorted(FLOOR))
def test_every_part_is_seen(part):
    assert any(part_of(path) == part for path in LIBRARY)


@pytest.mark.parametrize("path", ["tensor.py", "ops/conv.py", "game/step.py"])
def test_imports_are_found(path):
    assert any(name.startswith("tinygan") for name in imports(Path(path)))


def test_import_is_light():
    heavy = ["matplotlib", "cupy", "nvmath", "pooch", "tqdm", "PIL", "torch", "scipy", "argparse", "ipywidgets",
             "voila", "tinygan.lab", "onnx", "safetensors", "mpi4py", "filelock", "numba", "llvmlite"]
    code = f"import sys, tinygan; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_only_numpy_and_the_standard_library():
    code = ("import sys, numpy; before = set(sys.modules); import tinygan; "
            "print(*{m.partition('.')[0] for m in set(sys.modules) - before})")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"tinygan", "numpy", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_are_short(path):
    lines = len((PACKAGE / path).read_text().splitlines())
    assert lines <= 320


def place_of(path):
    """The test file of a module: the room and the name are the module's; the course's files at the top and its
    operations are one room, the engine."""
    rooms = {Path("."): "engine", Path("ops"): "engine"}
    room = "" if path == Path("plots.py") else rooms.get(path.parent, path.parent)
    return Path(room, f"test_{path.name}")


@pytest.mark.parametrize("path", [path for path in LIBRARY if path.stem not in ("__init__", "__main__")], ids=str)
def test_every_module_has_a_test_file_of_its_name(path):
    file = TESTS / place_of(path)
    assert file.exists(), f"{path} has no tests/{place_of(path)}"
    assert any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
               for node in ast.walk(ast.parse(file.read_text())))


# Not among them: the plumbing of operations and layers (ops/registry.py, ops/inputs.py, ops/methods.py, nn/inputs.py,
# nn/members.py), which no lecture goes through.
TAUGHT = [
    "tensor.py", "check.py", "objectives.py", "penalties.py", "updates.py", "divergences.py", "latent.py",
    "ops/elementwise.py", "ops/shape.py", "ops/reduce.py", "ops/linear.py", "ops/conv.py",
    "ops/normalise.py", "ops/image.py",
    "nn/module.py", "nn/layers.py", "nn/activations.py", "nn/norm.py", "nn/initial.py",
    "nn/recurrent.py", "nn/regularisation.py", "nn/style.py",
    "game/game.py", "game/step.py", "game/train.py",
]


def test_what_is_taught_is_short():
    assert sum(len((PACKAGE / path).read_text().splitlines()) for path in TAUGHT) <= 3200


@pytest.mark.parametrize("path", LIBRARY, ids=str)
def test_every_file_says_what_it_is(path):
    assert ast.get_docstring(ast.parse((PACKAGE / path).read_text()))
