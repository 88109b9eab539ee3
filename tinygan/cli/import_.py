"""`tinygan import`: a generator that comes from PyTorch becomes a run. (The file is import_: import is a keyword.)"""
from __future__ import annotations

import json
from pathlib import Path

from tinygan.cli import arguments
from tinygan.cli.configure import configured, settings_of
from tinygan.exchange import ExchangeError
from tinygan.runs import Config, Run, fresh_folder
from tinygan.zoo import RECIPES

ABOUT = "make a run of a generator that PyTorch has saved"


def add(parser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .safetensors: of tinygan export, of a classic "
                        "DCGAN, or of layers as a recipe has them")
    parser.add_argument("--discriminator", type=Path, metavar="FILE", help="its opponent (default: a new one)")
    parser.add_argument("--recipe", type=arguments.recipe, help="whose run it becomes, where the file does not say")
    parser.add_argument("--data", help="a data set, by name, or a folder of images")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                        help="set switches otherwise, such as width=64")
    parser.add_argument("--out", type=Path, help="the run folder (default: runs/RECIPE)")
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
    if game.schedule is not None:  # players that grow: as far as they had
        game.schedule(game, config.steps)
    run = Run.create(options.out or fresh_folder("runs", config.recipe), config, game)
    run.finish()
    opponent = "that of a new run" if options.discriminator is None else f"that of {options.discriminator}"
    print(f"{run.folder}: a run of {config.recipe} at step {step}, with the generator of {options.file}; its "
          f"discriminator is {opponent}; next: tinygan sample {run.folder}")


def _own(options, facts) -> tuple[Config, int]:
    """The config and the step in a file that `tinygan export` wrote."""
    where, step = f"{options.file}: its config", facts.get("step")
    config = Config.read(json.dumps(facts.get("config")), where)
    if type(step) is not int or step < 0:
        raise ExchangeError(f"{options.file} is of step {step!r}")
    config.settings |= settings_of(options, config.build_recipe())
    config.data, config.dtype, config.device = options.data or config.data, "float32", "cpu"
    return config, step


def _foreign(options, state) -> Config:
    """The config of a run with a generator of this state, which came from elsewhere."""
    from tinygan.exchange import sequential
    found = sequential.classic(state)
    if not options.recipe and not found:
        raise ExchangeError(f"{options.file} does not say of which recipe it is, and is no classic DCGAN: name it with "
                            "--recipe")
    side = found.pop("side", None)
    if side and options.data and Path(options.data).is_dir():
        options.data += f"@{side}"
    return configured(options, 0, found | settings_of(options, RECIPES[options.recipe or "digits"]))
