"""The command line: `tinygan train`, `sample`, `interpolate`, `evaluate`, `recipes`, `data`."""
from __future__ import annotations

import argparse
import difflib
import json
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

import tinygan
from tinygan import data, game, interpolate, latent, plots
from tinygan.backend import DeviceError
from tinygan.checkpoint import CheckpointError
from tinygan.data import DataError
from tinygan.nn import Conv2d, ConvTranspose2d
from tinygan.process import tune
from tinygan.runs import Config, Run, RunError, fresh_folder, latest_folder
from tinygan.zoo import RECIPES, switches

USER_ERRORS = (RunError, CheckpointError, DataError, DeviceError, game.SettingError, game.Diverged)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line, without the usage."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments=None) -> int:
    """Runs a command; returns its exit status: 2 for a mistake of the user, said in one line."""
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_: print(f"tinygan {options.name}: warning: {message}", file=sys.stderr)
    try:
        return options.command(options) or 0
    except USER_ERRORS as error:
        print(f"tinygan {options.name}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"tinygan {options.name}: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser():
    parser = _Parser(prog="tinygan", description="Generative adversarial networks on NumPy and CuPy.")
    parser.add_argument("--version", action="version", version=f"tinygan {tinygan.__version__}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND", parser_class=_Parser)

    train = _command(commands, "train", _train, "train a recipe in a run folder")
    train.add_argument("recipe", nargs="?", type=_recipe, help="see `tinygan recipes` (default: digits)")
    train.add_argument("--steps", type=_count, help="steps of the game")
    train.add_argument("--seed", type=_natural, help="everything drawn comes from it (default: 0)")
    train.add_argument("--batch", type=_count, help="examples in a batch")
    train.add_argument("--rate", type=_positive, help="learning rate of both players: --set rate=RATE")
    train.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                       help="set switches otherwise, such as objective=hinge r1=0 (see `tinygan recipes`)")
    train.add_argument("--dtype", choices=("float32", "float64"), help="of all arrays (default: float32)")
    train.add_argument("--device", choices=("cpu", "gpu"), help="NumPy or CuPy (default: cpu)")
    train.add_argument("--data", help="another data set, by name, a folder of images, or a .npy file of sequences")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/RECIPE)")
    train.add_argument("--resume", action="store_true", help="go on with the run in --out (default: the latest)")

    sample = _command(commands, "sample", _sample, "draw samples from a run")
    sample.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    sample.add_argument("-n", type=_count, default=64, help="how many (default: 64); of classes, whole rows")
    sample.add_argument("--label", type=_natural, help="the class of all (default: a row a class, if there are any)")
    sample.add_argument("--seed", type=_natural, default=0, help="of the latents (default: 0)")
    sample.add_argument("-o", "--output", type=Path, metavar="FILE", help="a .png, or .npy for the raw samples "
                        "(default: sample.png)", default=Path("sample.png"))

    evaluate = _command(commands, "evaluate", _evaluate, "measure the samples of a run")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    evaluate.add_argument("-n", type=_count, help="samples to draw (default: 2500 points or 2000 images)")
    evaluate.add_argument("--seed", type=_natural, default=0, help="of the latents (default: 0)")
    evaluate.add_argument("--json", action="store_true", help="print JSON")

    between = _command(commands, "interpolate", _interpolate, "walk from latent to latent of a run")
    between.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    between.add_argument("--path", choices=latent.PATHS, default="spherical", help="(default: spherical)")
    between.add_argument("--rows", type=_count, default=8, help="how many paths (default: 8)")
    between.add_argument("--steps", type=_count, help="examples on a path (default: 10; for a film 30)")
    between.add_argument("--label", type=_natural, nargs="+", default=[], metavar="L",
                         help="a class for all paths; or two, to go from one to the other")
    between.add_argument("--seed", type=_natural, default=0, help="of the latents (default: 0)")
    between.add_argument("-o", "--output", type=Path, metavar="FILE", default=Path("interpolation.png"),
                         help="a .png, or .gif for a film (default: interpolation.png)")

    _command(commands, "recipes", _recipes, "list what can be trained")
    _command(commands, "data", _data, "list the data sets, and which are on this machine")
    return parser


def _command(commands, name, function, about):
    parser = commands.add_parser(name, help=about, description=about.capitalize() + ".")
    parser.set_defaults(command=function)
    return parser


def _train(options):
    run = _resumed(options) if options.resume else _started(options)
    steps, folder = run.config.steps, run.folder
    if run.game.step >= steps:
        print(f"{folder}: all {steps} steps are done; a larger --steps goes on")
        return
    print(f"{run.config.recipe}: steps {run.game.step} to {steps}, batch {run.game.batch}, seed {run.config.seed}, "
          f"{run.config.device}, in {folder}")
    tune(divide_batches=any(isinstance(m, (Conv2d, ConvTranspose2d)) for _, m in run.game.generator.modules()))
    try:
        with _Progress(run.game, steps) as progress:
            game.train(run.game, steps, [run.after_step, progress], 1 if run.config.device == "cpu" else 20)
    except KeyboardInterrupt:
        run.save()
        print(f"stopped after step {run.game.step}; go on with: tinygan train {run.config.recipe} --resume "
              f"--out {folder}", file=sys.stderr)
        raise
    except game.Diverged as error:
        raise game.Diverged(f"{error}; {folder} keeps the checkpoint of step {run.saved_step}") from error
    run.finish()
    print(f"{folder}: samples.png, curves.png, training.gif, history.csv; next: tinygan evaluate {folder}")


class _Progress:
    """A callback of `train`: a bar with the players' figures; Ctrl-C stops between two steps, not within one."""

    def __init__(self, state, steps):
        from tqdm.auto import tqdm
        self.bar = tqdm(total=steps, initial=state.step, unit="step", dynamic_ncols=True)
        self.interrupted = False

    def __enter__(self):
        self.before = signal.signal(signal.SIGINT, self.interrupt)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.before)
        self.bar.close()

    def interrupt(self, *_):
        self.interrupted = True

    def __call__(self, state):
        if state.step % 20 == 0:
            last = {name: column[-1] for name, column in state.history.items()}
            self.bar.set_postfix_str(f"D {last['d_value']:.3f} G {last['g_value']:.3f} D(x) {last['d_real']:.2f} "
                                     f"D(G(z)) {last['d_fake']:.2f}", refresh=False)
        self.bar.update()
        if self.interrupted:
            raise KeyboardInterrupt


def _started(options) -> Run:
    recipe = RECIPES[options.recipe or "digits"]
    own = options.data and (options.data.endswith(".npy") or Path(options.data).is_dir())
    where = str(Path(options.data).resolve()) if own else options.data
    config = Config(recipe.name, options.steps or recipe.steps, options.seed or 0, options.batch or recipe.batch,
                    options.dtype or "float32", options.device or "cpu", where or recipe.data,
                    _settings(options, recipe))
    return Run.create(options.out or fresh_folder("runs", recipe.name), config)


def _resumed(options) -> Run:
    run = Run.open(options.out or latest_folder("runs", options.recipe or "digits"), options.device)
    recipe = run.config.changed()
    asked = {name: getattr(options, name) for name in ("recipe", "seed", "batch", "dtype", "data")}
    kept = {**vars(run.config), **switches.switches(recipe)}
    for name, value in {**asked, **_settings(options, recipe)}.items():
        if value is not None and value != kept[name]:
            raise RunError(f"--resume: {run.folder} was started with {name} {switches.write(kept[name])}, "
                           f"not {switches.write(value)}")
    run.config.steps = options.steps or run.config.steps
    return run


def _settings(options, recipe) -> dict:
    """What --set (and --rate) say."""
    return switches.read(recipe, options.set + ([f"rate={options.rate}"] if options.rate else []))


def _sample(options):
    run = Run.open(options.run, "cpu")
    samples = run.samples(options.n, np.random.default_rng(options.seed), options.label)
    if options.output.suffix == ".npy":
        np.save(options.output, samples)
    elif options.output.suffix == ".png":
        labels = run.labels(options.n, options.label)
        plots.save_png(options.output, run.draw(samples, np.random.default_rng(options.seed), labels))
    else:
        raise RunError(f"-o: {options.output} ends in {options.output.suffix!r}, expected .png or .npy")
    print(f"{options.output}: {len(samples)} samples of {run.folder} at step {run.game.step}")


def _interpolate(options):
    run, rng = Run.open(options.run, "cpu"), np.random.default_rng(options.seed)
    steps = options.steps or (30 if options.output.suffix == ".gif" else 10)
    examples = interpolate.interpolate(run, options.rows, steps, options.path, rng, options.label)
    interpolate.save(options.output, run, examples, rng)
    print(f"{options.output}: {options.rows} paths of {steps} steps through {run.folder} at step {run.game.step}")


def _evaluate(options):
    run = Run.open(options.run, "cpu")
    try:
        figures = run.evaluate(options.n, np.random.default_rng(options.seed))
    except ValueError as error:
        raise RunError(error) from error
    if options.json:
        print(json.dumps({"run": str(run.folder), "step": run.game.step, **figures}))
    else:
        print(f"{run.folder} at step {run.game.step}")
        for name, figure in figures.items():
            print(f"  {name:<12} {figure:.4g}")


def _recipes(options):
    for recipe in RECIPES.values():
        print(f"{recipe.name:<10} {recipe.about} ({recipe.steps} steps of {recipe.batch})")
        print(f"{'':<10} {recipe.references}")
        print(f"{'':<10} {switches.describe(recipe)}")
    print(f"every recipe: --set NAME=VALUE for {', '.join(sorted({*switches.OWN, *switches.PLAY}))}")


def _data(options):
    for row in data.describe():
        shape = "x".join(map(str, row.shape))
        print(f"{row.name:<10} {shape:<9} {row.size:<22} {'here' if row.here else 'to be fetched':<14} {row.licence}")


def _recipe(text):
    if text not in RECIPES:
        close = difflib.get_close_matches(text, RECIPES, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(RECIPES)}"
        raise argparse.ArgumentTypeError(f"there is no recipe {text!r}; {hint}")
    return text


def _number(text, convert, least, kind):
    try:
        number = convert(text)
    except ValueError:
        number = None
    if number is None or not np.isfinite(number) or number < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not {kind}")
    return number


def _count(text):
    return _number(text, int, 1, "a whole number of at least 1")


def _natural(text):
    return _number(text, int, 0, "a whole number of at least 0")


def _positive(text):
    return _number(text, float, 1e-30, "a positive number")


if __name__ == "__main__":
    sys.exit(main())
