"""`tinygan import`: makes a run from a generator of PyTorch. (The file is import_ because import is a keyword.)"""
from __future__ import annotations

import json
from pathlib import Path

from tinygan.cli import arguments
from tinygan.cli.configure import configured, settings_of
from tinygan.exchange import ExchangeError
from tinygan.runs import Config, Run, fresh_folder
from tinygan.zoo import RECIPES

ABOUT = "make a run from a generator saved by PyTorch"


def add(parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .safetensors file: of tinygan export, of a classic "
                        "DCGAN, or of a network with the layers of a recipe")
    parser.add_argument("--discriminator", type=Path, metavar="FILE",
                        help="a .safetensors file of the discriminator (default: new weights)")
    parser.add_argument("--recipe", type=arguments.recipe, help="the recipe of the run, if the file does not name it")
    parser.add_argument("--data", help="the name of a data set, or a folder of images")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                        help="change settings of the recipe, such as width=64")
    parser.add_argument("--out", type=Path, help="the run folder to create (default: runs/RECIPE)")
    parser.set_defaults(steps=None, batch=None, dtype=None, device=None, rate=None)


def run(options):
    from tinygan.exchange import files, layouts, sequential
    state, facts = files.read(options.file)
    config, step = _own(options, facts) if facts and not options.recipe else (_foreign(options, state), 0)
    came = {"generator": (options.file, state)}
    if options.discriminator is not None:
        came["discriminator"] = options.discriminator, files.read(options.discriminator)[0]
    game = config.start()
    for player, (file, state) in came.items():
        network = getattr(game, player)
        try:
            layouts.from_torch(network, sequential.renamed(network, state))
        except ExchangeError as error:
            raise ExchangeError(f"{file} does not fit the {player} of {config.recipe}: {error}") from error
    if game.average is not None:
        game.average.theta = game.generator.theta.copy()
    game.step = step
    if game.schedule is not None:  # growing players: back to their present size
        game.schedule(game, config.steps)
    run = Run.create(options.out or fresh_folder("runs", config.recipe), config, game)
    run.finish()
    opponent = "has new weights" if options.discriminator is None else f"is that of {options.discriminator}"
    print(f"{run.folder}: a run of {config.recipe} at step {step}, with the generator of {options.file}; its "
          f"discriminator {opponent}; next: tinygan sample {run.folder}")


def _own(options, facts) -> tuple[Config, int]:
    """The config and the step in a file that `tinygan export` wrote."""
    where, step = f"{options.file}: its config", facts.get("step")
    config = Config.read(json.dumps(facts.get("config")), where)
    if type(step) is not int or step < 0:
        raise ExchangeError(f"{options.file} is of step {step!r}")
    config.settings |= settings_of(options, config.build_recipe())
    config.data, config.dtype, config.device = options.data or config.data, "float32", "cpu"
    config.examples = {} if options.data else config.examples
    return config, step


def _foreign(options, state) -> Config:
    """The config of a run whose generator has a state from another program."""
    from tinygan.exchange import sequential
    found = sequential.classic(state)
    if not options.recipe and not found:
        raise ExchangeError(f"{options.file} does not name a recipe, and is no classic DCGAN: name one with --recipe")
    side = found.pop("side", None)
    if side and options.data and Path(options.data).is_dir():
        options.data += f"@{side}"
    return configured(options, 0, found | settings_of(options, RECIPES[options.recipe or "digits"]))
