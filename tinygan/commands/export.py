"""`tinygan export`: a run's generator for PyTorch, or for whatever runs ONNX."""
from __future__ import annotations

from pathlib import Path

from tinygan.exchange import ExchangeError
from tinygan.runs import Run

ABOUT = "write a run's generator for PyTorch or ONNX"


def add(parser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--to", choices=("safetensors", "onnx"), required=True,
                        help="weights and a PyTorch module that loads them, or a graph of ONNX")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="(default: generator.safetensors, "
                        "generator.onnx in the run folder)")


def run(options):
    from tinygan.exchange import files  # here: it is other libraries' work
    run = Run.open(options.run, "cpu")
    file = options.output or run.folder / f"generator.{options.to}"
    if file.suffix != f".{options.to}":
        raise ExchangeError(f"-o: {file} ends in {file.suffix!r}, expected .{options.to}")
    if options.to == "onnx":
        files.to_onnx(run, file)
        print(f"{file}: the generator of {run.folder} at step {run.game.step}")
    else:
        module = files.to_safetensors(run, file)
        print(f"{file}, {module.name}: the generator of {run.folder} at step {run.game.step}, and the PyTorch module "
              "that loads it")
