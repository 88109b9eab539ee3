"""`tinygan import`: makes a run from a generator of PyTorch. (The file is import_ because import is a keyword.)"""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tinygan.cli import arguments
from tinygan.cli.configure import configured, settings_of
from tinygan.data import DataError, names
from tinygan.exchange import ExchangeError
from tinygan.game import SettingError
from tinygan.runs import Config, Run, fresh_folder
from tinygan.runs.checkpoint import LAST
from tinygan.zoo import RECIPES

FOLD, NEW_WEIGHTS = 16, 2**20  # of a discriminator with new weights: 16 times those of the generator, and a million
ABOUT = "make a run from a generator saved by PyTorch"


def add(parser) -> None:
    parser.add_argument("file", type=arguments.path, metavar="FILE", help="a .safetensors file: of tinygan export, of "
                        "a classic DCGAN, or of a network with the layers of a recipe")
    parser.add_argument("--discriminator", type=arguments.path, metavar="FILE",
                        help="a .safetensors file of the discriminator (default: new weights)")
    parser.add_argument("--recipe", type=arguments.recipe, help="the recipe of the run, if the file does not name it")
    parser.add_argument("--data", type=arguments.filled, help="a name or a path, as of `tinygan train` (default: "
                        "that of the file or of the recipe)")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                        help="change settings of the recipe, such as width=64")
    parser.add_argument("--out", type=arguments.path, help="the run folder to create (default: runs/RECIPE)")
    parser.set_defaults(steps=None, batch=None, dtype=None, device=None, rate=None)


def run(options):
    from tinygan.exchange import files, layouts, sequential
    state, facts = files.read(options.file)
    config, step, shape = _own(options, facts) if facts and not options.recipe else _foreign(options, state)
    came = {"generator": (options.file, state)}
    if options.discriminator is not None:
        came["discriminator"] = options.discriminator, files.read(options.discriminator)[0]
    numbers = sum(a.size for _, state in came.values() for a in state.values())
    game, got = _started(config, options.file, shape, NEW_WEIGHTS + FOLD * numbers)
    for player, (file, state) in came.items():
        network = getattr(game, player)
        try:
            layouts.from_torch(network, sequential.renamed(network, state))
        except ExchangeError as error:
            raise ExchangeError(f"{file} does not fit the {player} of {config.recipe}: {error}; the data "
                                f"{config.data} have the shape {got}") from error
    if game.average is not None:
        game.average(game.generator.theta, game.generator)
    game.step = step
    if game.schedule is not None:  # growing players: back to their present size
        game.schedule(game, config.steps)
    run = Run.create(options.out or fresh_folder("runs", config.recipe), config, game)
    run.finish()
    opponent = "has new weights" if options.discriminator is None else f"is that of {options.discriminator}"
    print(f"{run.folder}: a run of {config.recipe} at step {step}, with the generator of {options.file}; its "
          f"discriminator {opponent}; next: tinygan sample {run.folder}")


def _started(config, file, shape, most):
    """The game at step 0 and the shape of its examples; ExchangeError if that is not `shape`, where it is known."""
    makes = f"the generator in {file} makes images of shape {shape}"
    cure = f"; photos@{shape[0]} gives a folder this size" if shape else ""
    try:
        game = config.start(most=most)
    except SettingError as error:
        raise ExchangeError(f"{file}: a run of {config.recipe}: {error}") from error
    except DataError as error:
        if not shape:
            raise
        raise ExchangeError(f"--data: {error}; {makes}{cure}") from error
    got = tuple(config.examples["shape"])
    if shape not in (None, got):
        raise ExchangeError(f"--data: {config.data} has examples of shape {got}, and {makes}"
                            + (cure if got[0] != shape[0] else ""))
    return game, got


def _own(options, facts) -> tuple[Config, int, None]:
    """The config and the step in a file that `tinygan export` wrote."""
    where, step = f"{options.file}: its config", facts.get("step")
    config = Config.read(json.dumps(facts.get("config")), where)
    if type(step) is not int or not 0 <= step < LAST:
        raise ExchangeError(f"{options.file} is of step {step!r:.99}")
    config.settings |= settings_of(options, config.build_recipe())
    where = config.data if options.data is None else names.locate(options.data)
    examples = config.examples if options.data is None else {}
    return replace(config, data=where, examples=examples, dtype="float32", device="cpu"), step, None


def _foreign(options, state) -> tuple[Config, int, tuple[int, ...] | None]:
    """The config of a run whose generator has a state from another program; step 0; the shape of a classic's images.

    A folder without a size gets that of these images.
    """
    from tinygan.exchange import sequential
    found = sequential.classic(state)
    if not options.recipe and not found:
        raise ExchangeError(f"{options.file} does not name a recipe, and is no classic DCGAN: name one with --recipe")
    shape = found.pop("shape", None)
    config = configured(options, 0, found | settings_of(options, RECIPES[options.recipe or "digits"]))
    place, size = names.parse(config.data)
    if shape and size is None and isinstance(place, Path) and place.is_dir():
        config.data += f"@{shape[0]}"
    return config, 0, shape
