"""`tinygan export`: a player of a run for PyTorch, or its generator for whatever runs ONNX."""
from __future__ import annotations

from pathlib import Path

from tinygan.exchange import ExchangeError
from tinygan.runs import Run

ABOUT = "write a run's generator for PyTorch or ONNX, or its discriminator for PyTorch"


def add(parser) -> None:
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--to", choices=("safetensors", "onnx"), required=True,
                        help="weights and a PyTorch module that loads them, or a graph of ONNX")
    parser.add_argument("--player", choices=("generator", "discriminator"), default="generator",
                        help="(default: generator)")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="(default: generator.safetensors, "
                        "generator.onnx in the run folder)")


def run(options):
    from tinygan.exchange import files  # here: it is other libraries' work
    run, player = Run.open(options.run, "cpu"), options.player
    file = options.output or run.folder / f"{player}.{options.to}"
    if file.suffix != f".{options.to}":
        raise ExchangeError(f"-o: {file} ends in {file.suffix!r}, expected .{options.to}")
    about = f"the {player} of {run.folder} at step {run.game.step}"
    if options.to == "safetensors":
        module = files.to_safetensors(run, player, file)
        print(f"{file}, {module.name}: {about}, and the PyTorch module that loads it")
    elif player == "generator":
        files.to_onnx(run, file)
        print(f"{file}: {about}")
    else:
        raise ExchangeError("--player: a discriminator goes to safetensors only")
