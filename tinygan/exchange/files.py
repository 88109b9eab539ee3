"""The files of an exchange: a run's generator to .safetensors and .py, or to .onnx; a .safetensors to arrays."""
from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.checkpoint import write
from tinygan.exchange import ExchangeError, layouts, onnx_graph, torch_text
from tinygan.game import parts
from tinygan.runs import Run
from tinygan.zoo import style

_KEY = "tinygan"  # of what a .safetensors of ours says about itself: the config of the run, and the step


def inputs(run: Run, z) -> dict[str, np.ndarray]:
    """What the generator in use is given of what `run.game.noise` drew, by name, with channels first."""
    first, *rest = parts(z)
    maps = rest[2:] if isinstance(run.game.generator, style.Generator) else rest  # one style for all layers
    labels = {"labels": np.arange(len(first)) % run.classes} if run.classes else {}
    return {"z": first, **{f"noise{i}": a.transpose(0, 3, 1, 2) for i, a in enumerate(maps)}, **labels}


def to_safetensors(run: Run, file: Path) -> Path:
    """Writes the generator in use for PyTorch, and beside it the module that loads it; returns the module's path."""
    _need("safetensors")
    from safetensors.numpy import save
    generator, shapes = run.generator(), _shapes(run)
    drawn = [f"torch.randint({run.classes}, (n,))" if name == "labels" else
             f"torch.randn({', '.join(map(str, ['n', *shape]))})" for name, shape in shapes.items()]
    text = torch_text.write(generator, _about(run), drawn)
    facts = json.dumps({"config": run.config.plain(), "step": run.game.step})
    write(file, save(layouts.to_torch(generator), {"format": "pt", _KEY: facts}))
    module = file.with_suffix(".py")
    write(module, text.encode())
    return module


def to_onnx(run: Run, file: Path) -> None:
    """Writes the generator in use as a graph of ONNX, checked."""
    _need("onnx")
    example = run.samples(1, np.random.default_rng(0))[0]
    shape = example.transpose(2, 0, 1).shape if example.ndim == 3 else example.shape
    write(file, onnx_graph.model(run.generator(), _shapes(run), shape, _about(run)).SerializeToString())


def read(file: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in a .safetensors, in float32, and what a file of ours says about itself."""
    _need("safetensors")
    from safetensors import SafetensorError, safe_open
    try:
        with safe_open(file, "numpy") as content:
            state = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (it is no dict)
            facts = json.loads((content.metadata() or {}).get(_KEY, "{}"))
    except FileNotFoundError:
        raise ExchangeError(f"{file}: there is no such file") from None
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ExchangeError(f"{file} is no readable .safetensors: {str(error) or type(error).__name__}; from PyTorch: "
                            "safetensors.torch.save_file(network.state_dict(), FILE)") from error
    for name, a in state.items():
        if not np.isfinite(a).all():
            raise ExchangeError(f"{file}: {name} is not finite")
    return {name: a.astype(np.float32) for name, a in state.items()}, facts if isinstance(facts, dict) else {}


def _shapes(run):
    drawn = inputs(run, run.game.noise(1, np.random.default_rng(0)))
    return {name: a.shape[1:] for name, a in drawn.items()}


def _about(run):
    return f"The generator that tinygan's recipe {run.config.recipe} has after {run.game.step} steps."


def _need(package):
    try:
        import_module(package)
    except ImportError as error:
        raise ExchangeError(f"this needs the package {package}: pip install 'tinygan[export]'") from error
