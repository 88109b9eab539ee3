"""Writes a player of a run to .safetensors and .py, or to .onnx; reads the arrays of a .safetensors file."""
from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.exchange import ExchangeError, layouts, onnx_graph, torch_text
from tinygan.files import FileError, open_regular
from tinygan.game import parts
from tinygan.runs import Run
from tinygan.runs.files import json_object, write
from tinygan.zoo import style

_NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
          "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?"}  # dtypes of .safetensors
LARGEST = 2**33  # bytes
LONGEST_HEADER = 10**7  # bytes of the names and shapes
_KEY = "tinygan"  # metadata of our .safetensors files: the config of the run, and the step


def inputs(run: Run, z) -> dict[str, np.ndarray]:
    """The inputs of the sampling generator by name, channels first, from the latents z of `run.game.noise`."""
    first, *rest = parts(z)
    maps = rest[2:] if isinstance(run.game.generator, style.Generator) else rest  # one style for all layers
    labels = {"labels": np.arange(len(first)) % run.classes} if run.classes else {}
    return {"z": first, **{f"noise{i}": channels_first(a) for i, a in enumerate(maps)}, **labels}


def channels_first(x: np.ndarray) -> np.ndarray:
    """Images with the channels first, as in PyTorch and ONNX; points and sequences are unchanged."""
    return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x


def to_safetensors(run: Run, player: str, file: Path) -> Path:
    """Writes the sampling generator or the discriminator for PyTorch, and beside it a module that loads it.

    Returns the path of the module.
    """
    _need("safetensors")
    from safetensors.numpy import save
    network, drawn = run.generator(), _drawn(run)
    if player == "discriminator":
        labels = {"labels": drawn["labels"]} if run.classes else {}
        network, drawn = run.game.discriminator, {"x": _example(run), **labels}
    arguments = [f"torch.randint({run.classes}, (n,))" if name == "labels" else
                 f"torch.randn({', '.join(map(str, ['n', *a.shape[1:]]))})" for name, a in drawn.items()]
    text = torch_text.write(network, _about(run, player), arguments)
    facts = json.dumps({"config": run.config.as_json(), "step": run.game.step})
    write(file, save(layouts.to_torch(network), {"format": "pt", _KEY: facts}))
    module = file.with_suffix(".py")
    write(module, text.encode())
    return module


def to_onnx(run: Run, file: Path) -> None:
    """Writes the sampling generator as a checked ONNX graph."""
    _need("onnx")
    shapes = {name: a.shape[1:] for name, a in _drawn(run).items()}
    model = onnx_graph.model(run.generator(), shapes, _example(run).shape[1:], _about(run, "generator"))
    write(file, model.SerializeToString())


def read(file: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays in a .safetensors file, as float32, and the metadata if tinygan wrote the file."""
    _need("safetensors")
    from safetensors import SafetensorError, deserialize
    try:
        with open_regular(file, LARGEST) as opened:
            content = opened.read()
        header = 8 + int.from_bytes(content[:8], "little")
        if header > LONGEST_HEADER:
            raise ValueError(f"its header has {header:,} bytes, expected at most {LONGEST_HEADER:,}")
        arrays = dict(deserialize(content))  # checks the places of all arrays
        facts = json_object(json.loads(content[8:header]).get("__metadata__", {}).get(_KEY, "{}"))
        kinds = {name: a["dtype"] for name, a in arrays.items()}
        with np.errstate(over="ignore"):
            state = {name: _numbers(a) for name, a in arrays.items() if a["dtype"] in _NUMPY}
    except FileNotFoundError:
        raise ExchangeError(f"{file}: there is no such file") from None
    except FileError as error:
        raise ExchangeError(error) from error
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ExchangeError(f"{file} is no readable .safetensors: {str(error) or type(error).__name__:.200}; in "
                            "PyTorch: safetensors.torch.save_file(network.state_dict(), FILE)") from error
    for name, kind in kinds.items():
        if name not in state:
            raise ExchangeError(f"{file}: {name} has the dtype {kind}, expected F32, F16, BF16 or F64; in PyTorch: "
                                "save_file({name: a.float() for name, a in network.state_dict().items()}, FILE)")
    for name, a in state.items():
        if not np.isfinite(a).all():
            raise ExchangeError(f"{file}: {name} is not finite")
    return state, facts


def _numbers(a) -> np.ndarray:
    """An array of a .safetensors file as float32; a bfloat16 is the upper half of the bits of a float32."""
    x = np.frombuffer(a["data"], _NUMPY[a["dtype"]]).reshape(a["shape"])
    return (x.astype(np.uint32) << 16).view(np.float32) if a["dtype"] == "BF16" else x.astype(np.float32)


def _drawn(run):
    return inputs(run, run.game.noise(1, np.random.default_rng(0)))


def _example(run):
    return channels_first(run.samples(1, np.random.default_rng(0)))


def _about(run, player):
    return f"The {player} that tinygan's recipe {run.config.recipe} has after {run.game.step} steps."


def _need(package):
    try:
        import_module(package)
    except ImportError as error:
        raise ExchangeError(f"this needs the package {package}: pip install 'tinygan[export]'") from error
