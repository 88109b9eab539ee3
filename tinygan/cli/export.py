"""`tinygan export`: writes a player of a run for PyTorch, or its generator as an ONNX graph."""
from __future__ import annotations

from tinygan.cli import arguments
from tinygan.exchange import ExchangeError
from tinygan.runs import Run

ABOUT = "write a run's generator for PyTorch or ONNX, or its discriminator for PyTorch"


def add(parser) -> None:
    parser.add_argument("run", type=arguments.path, metavar="RUN", help="a run folder")
    parser.add_argument("--to", choices=("safetensors", "onnx"), required=True,
                        help="safetensors: weights and a PyTorch module that loads them; onnx: an ONNX graph")
    parser.add_argument("--player", choices=("generator", "discriminator"), default="generator",
                        help="the network to export (default: generator)")
    parser.add_argument("-o", "--output", type=arguments.path, metavar="FILE",
                        help="the file to write (default: generator.safetensors or generator.onnx in the run folder)")


def run(options):
    from tinygan.exchange import files  # slow to import, so not at the top
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
