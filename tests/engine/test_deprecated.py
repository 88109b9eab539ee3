"""The names of release 0.1.0: each works, warns and has the meaning of the new name."""
import importlib
import re
import subprocess
import sys
import warnings

import pytest

import tinygan as tg
from tinygan import deprecated

NAMES = [(module, old, new) for module, table in deprecated.NAMES.items() for old, new in table.items()]


def run(code, *options):
    """The output of a fresh process."""
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("old", deprecated.MODULES)
def test_a_module_that_has_moved(old):
    new = importlib.import_module(deprecated.MODULES[old])
    spec = new.__spec__
    if old.startswith("tinygan.commands."):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("tinygan.commands")
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=rf"^{old} is now {deprecated.MODULES[old]}; ") as caught:
        assert importlib.import_module(old) is new
    assert len([w for w in caught if old in str(w.message)]) == 1
    assert new.__spec__ is spec
    assert new.__name__ == deprecated.MODULES[old]


@pytest.mark.parametrize(("module", "old", "new"), NAMES, ids=[f"{m}.{o}" for m, o, _ in NAMES])
def test_a_name_that_has_changed(module, old, new):
    home, _, attribute = new.rpartition(".")
    owner, _, key = old.rpartition(".")
    place = importlib.import_module(module)
    holder = getattr(place, owner) if owner else place
    if owner and not hasattr(holder, attribute):  # it stands in instances alone
        holder = object.__new__(holder)
        setattr(holder, attribute, "its value")
    with pytest.warns(DeprecationWarning, match=f"{key} is now .*{attribute}; the next release removes"):
        got = getattr(holder, key)
    assert got == getattr(importlib.import_module(home) if home else holder, attribute)


def test_an_old_method_works_on_an_instance():
    layer = tg.nn.Dense(2, 1, rng=0)
    with pytest.warns(DeprecationWarning, match=r"^Dense.at is now Dense.with_parameters; "), \
            layer.at([tg.Tensor(p.data * 0) for p in layer.parameters()]):
        assert layer(tg.Tensor([[1, 2]]).astype("float32")).item() == 0
    with pytest.warns(DeprecationWarning, match="edges"):
        assert layer.weight.paths == ()


def test_the_warning_names_the_line_of_the_user():
    lines = ["import tinygan.kernels", "from tinygan import history", "from tinygan.tensor import array",
             "import tinygan as tg; tg.gate", "import tinygan as tg; tg.nn.Module.at",
             "from tinygan.ops.reduce import everywhere", "from tinygan.commands import train",
             "from tinygan.backend import like, written"]
    warned = set(re.findall("^<string>:([0-9]+): DeprecationWarning: ", run(
        "\n".join(lines), "-W", "always::DeprecationWarning"), re.MULTILINE))
    assert warned == {str(i + 1) for i in range(len(lines))}


def test_other_names_do_not_exist():
    for module in ("tinygan", "tinygan.tensor", "tinygan.backend", "tinygan.nn.module"):
        with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nonsense'"):
            _ = importlib.import_module(module).nonsense
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tinygan.nonsense")


def test_import_is_silent_and_nothing_inside_uses_an_old_name():
    assert run("import tinygan as tg\nfor name in tg.__all__: getattr(tg, name)", "-W", "error") == ""
    code = "import tinygan.cli.train, tinygan.exchange, tinygan.doctor, tinygan.grading.grader, tinygan.runs.sweep"
    assert run(code, "-W", "error::DeprecationWarning") == ""
