"""The names of release 0.1.0 that have changed: each still works, with a DeprecationWarning.

The next release removes this file, its two lines in `tinygan/__init__.py`, and its test.
"""
from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec

# Modules: old name -> new name.
MODULES = {
    **{f"tinygan.{name}": f"tinygan.backend.{name}" for name in (
        "kernels", "process", "cublas")},
    **{f"tinygan.{name}": f"tinygan.runs.{name}" for name in ("checkpoint", "sweep", "report", "interpolate")},
    **{f"tinygan.commands.{name}": f"tinygan.cli.{name}" for name in (
        "assignments", "configure", "data", "doctor", "evaluate", "export", "import_", "interpolate", "lab", "play",
        "recipes", "sample", "sweep", "train")},
    "tinygan.history": "tinygan.game.history", "tinygan.debug": "tinygan.game.debug",
    "tinygan.graph": "tinygan.game.cuda_graph", "tinygan.ranks": "tinygan.distributed.group",
    "tinygan.mpi": "tinygan.distributed.mpi", "tinygan.remedies": "tinygan.penalties",
    "tinygan.arguments": "tinygan.cli.arguments", "tinygan.commands": "tinygan.cli",
    "tinygan.nn.remedies": "tinygan.nn.regularisation", "tinygan.zoo.switches": "tinygan.zoo.settings",
    "tinygan.zoo.judge": "tinygan.zoo.sources", "tinygan.grading.judge": "tinygan.grading.grader",
}

# Names in a module, or in a class of it. The new name is in the same place, or is given with its module.
NAMES: dict[str, dict[str, str]] = {
    "tinygan": {"gate": "relu_backward"},
    "tinygan.tensor": {"array": "unwrap", "Tensor.paths": "edges"},
    "tinygan.backend": {
        "like": "to_device_of", "shared": "as_array", "written": "mark_changed", "refuse_written": "check_unchanged",
        "number": "tinygan.backend.arrays.device_index", "matmul": "tinygan.ops.linear.product",
        "spread": "tinygan.ops.shape.broadcast_to",
    },
    "tinygan.ops.registry": {"array": "unwrap", "signed": "tinygan.ops.inputs.signed"},
    "tinygan.ops.elementwise": {"gate": "relu_backward"},
    "tinygan.ops.reduce": {
        "everywhere": "tinygan.ops.normalise.all_reduce", "moments": "tinygan.ops.normalise.moments",
        "normaliser": "tinygan.ops.normalise.batch_norm_coefficients",
    },
    "tinygan.ops.linear": {
        "affine": "tinygan.ops.normalise.affine", "affine_adjoint": "tinygan.ops.normalise.affine_adjoint",
    },
    "tinygan.nn.module": {
        "Module.at": "with_parameters", "Module.extra": "extra_repr", "Module._each": "apply",
        "Module._switch": "set_mode",
    },
    "tinygan.distributed.group": {
        "Alone": "SingleProcess", "Ranks": "ProcessGroup", "ALONE": "SINGLE_PROCESS", "present": "current_group",
        "among": "using_group",
        **{f"SingleProcess.{old}": new for old, new in (
            ("mine", "shard"), ("whole", "global_count"), ("weighed", "weighted_share"), ("together", "all_gather"),
            ("first", "broadcast"))},
    },
    "tinygan.game": {"falling_numbers": "scheduled"},
    "tinygan.game.game": {"Game.ranks": "group"},
    "tinygan.doctor.evidence": {"LANDMARKS": "ANCHORS", "Visit.told": "auc", "Visit.spread": "std_ratio"},
    "tinygan.grading.grader": {"judge": "grade_task"},
    "tinygan.runs.checkpoint": {
        "json_object": "tinygan.runs.files.json_object", "LONGEST_JSON": "tinygan.runs.files.LONGEST_JSON",
    },
    "tinygan.runs": {"FRAMES": "tinygan.runs.run.FRAMES", "SAVE_EVERY": "tinygan.runs.run.SAVE_EVERY"},
    "tinygan.cli": {"COMMANDS": "tinygan.cli.main.COMMANDS"},
    "tinygan.runs.config": {"Config.changed": "build_recipe", "Config.plain": "as_json", "Config.judge": "evaluator"},
    "tinygan.runs.run": {
        "Run.film": "save_frame", "Run.keep": "maybe_checkpoint", "Run.hold": "lock", "Run.let_go": "unlock",
        "Run.examples": "generate", "Run.mixed": "style_mixing", "Run.scale": "baselines",
    },
    "tinygan.zoo.sources": {"Judge": "tinygan.metrics.evaluate.Evaluator", "judge_of": "evaluator_of"},
    "tinygan.metrics.evaluate": {"Evaluator.scale": "baselines"},
    "tinygan.toys.dynamics": {"play": "trajectory"},
    "tinygan.zoo.progressive": {"play": "make_game"},
    "tinygan.zoo.settings": {"read": "parse_settings", "write": "format_setting"},
    "tinygan.zoo.style": {"play": "make_game"},
}


def _warn(old: str, new: str, depth: int) -> None:
    warnings.warn(f"{old} is now {new}; the next release removes the old name", DeprecationWarning, depth + 1)


def find(module: str, name: str):
    """Looks up an old name of `module`, for its `__getattr__`; AttributeError where there was none."""
    old = f"{module}.{name}"
    if old in MODULES:
        _warn(old, MODULES[old], 3)
        return import_module(MODULES[old])
    new = NAMES.get(module, {}).get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    home, _, attribute = new.rpartition(".")
    _warn(old, f"{home or module}.{attribute}", 3)
    return getattr(import_module(home or module), attribute)


class _Renamed:
    """A descriptor: the old name of an attribute of a class."""

    def __init__(self, old: str, new: str):
        self.old, self.new = old, new

    def __get__(self, instance, owner):
        _warn(f"{owner.__name__}.{self.old}", f"{owner.__name__}.{self.new}", 2)
        return getattr(owner if instance is None else instance, self.new)


def _add(module) -> None:
    """Adds the old names to a module that has just been loaded."""
    name, had = module.__name__, getattr(module, "__getattr__", None)

    def attribute(key):
        if key in NAMES[name] or had is None:
            return find(name, key)
        return had(key)
    module.__getattr__ = attribute
    for old, new in NAMES[name].items():
        owner, _, key = old.rpartition(".")
        if owner:
            setattr(getattr(module, owner), key, _Renamed(key, new))


class _Moved:
    """Loads a module that has moved: both names give the new module."""

    def __init__(self, new: str):
        self.new = new

    def create_module(self, spec):
        module = import_module(self.new)
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec  # the import has replaced it by that of the old name


class _Finder:
    """An import finder for modules that have moved, and for modules in which names have changed."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MODULES:
            _warn(name, MODULES[name], 2)
            return ModuleSpec(name, _Moved(MODULES[name]))  # type: ignore[arg-type]
        if name not in NAMES:
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not cls)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _add(module)
            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if _Finder not in sys.meta_path:
    sys.meta_path.insert(0, _Finder)
