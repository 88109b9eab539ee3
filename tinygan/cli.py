"""The command line: `tinygan train`, `sample`, `interpolate`, `evaluate`, `sweep`, `recipes`, `data`,
`play`, `lab`."""
from __future__ import annotations

import argparse
import itertools
import json
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

import tinygan
from tinygan import arguments, data, game, interpolate, latent, plots, report, sweep
from tinygan.backend import DeviceError
from tinygan.checkpoint import CheckpointError
from tinygan.data import DataError
from tinygan.debug import Debug
from tinygan.graph import Replay
from tinygan.lab.serve import LabError, serve
from tinygan.runs import Config, Run, RunError, fresh_folder, latest_folder
from tinygan.toys import tictactoe
from tinygan.zoo import RECIPES, switches

USER_ERRORS = (RunError, CheckpointError, DataError, DeviceError, game.SettingError, game.Diverged,
               LabError, MemoryError)


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
    train.add_argument("recipe", nargs="?", type=arguments.recipe, help="see `tinygan recipes` (default: digits)")
    train.add_argument("--steps", type=arguments.count, help="steps of the game")
    train.add_argument("--seed", type=arguments.natural, help="everything drawn comes from it (default: 0)")
    train.add_argument("--batch", type=arguments.count, help="examples in a batch")
    train.add_argument("--rate", type=arguments.positive, help="learning rate of both players: --set rate=RATE")
    train.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                       help="set switches otherwise, such as objective=hinge r1=0 (see `tinygan recipes`)")
    train.add_argument("--dtype", choices=("float32", "float64"), help="of all arrays (default: float32)")
    train.add_argument("--device", choices=("cpu", "gpu"), help="NumPy or CuPy (default: cpu)")
    train.add_argument("--debug", action="store_true", help="find the first operation whose result is not finite: slow")
    train.add_argument("--no-graph", action="store_true", help="on a GPU: do not replay steps as CUDA graphs")
    train.add_argument("--data", help="another data set, by name, a folder of images, or a .npy file of sequences")
    train.add_argument("--out", type=Path, help="the run folder (default: runs/RECIPE)")
    train.add_argument("--resume", action="store_true", help="go on with the run in --out (default: the latest)")

    sample = _command(commands, "sample", _sample, "draw samples from a run")
    sample.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    sample.add_argument("-n", type=arguments.count, default=64, help="how many (default: 64); of classes, whole rows")
    sample.add_argument("--label", type=arguments.natural, help="the class of all (default: a row a class)")
    sample.add_argument("--mix", action="store_true", help="mix styles: the coarse ones of a row, the fine of a column")
    sample.add_argument("--seed", type=arguments.natural, default=0, help="of the latents (default: 0)")
    sample.add_argument("-o", "--output", type=Path, metavar="FILE", help="a .png, or .npy for the raw samples "
                        "(default: sample.png)", default=Path("sample.png"))

    evaluate = _command(commands, "evaluate", _evaluate, "measure the samples of a run, or of several seeds")
    evaluate.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run folder; several: medians, quartiles")
    evaluate.add_argument("-n", type=arguments.count, help="samples to draw (default: 2500 points or 2000 images)")
    evaluate.add_argument("--seed", type=arguments.natural, default=0, help="of the latents (default: 0)")
    evaluate.add_argument("--json", action="store_true", help="print JSON")

    many = _command(commands, "sweep", _sweep, "train a recipe from many seeds, measure each run")
    many.add_argument("recipe", type=arguments.recipe, help="see `tinygan recipes`")
    many.add_argument("--seeds", type=arguments.seeds, default=range(10), help="such as 0-9 or 1,4,7-8 (default: 0-9)")
    many.add_argument("--jobs", type=arguments.count, default=1, help="runs at the same time (default: 1)")
    many.add_argument("--steps", type=arguments.count, help="steps of each game")
    many.add_argument("--out", type=Path, help="the folder of all runs (default: sweeps/RECIPE); what is there goes on")
    many.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE[,VALUE...]",
                      help="set switches otherwise; every combination of their values is run")
    many.set_defaults(batch=None, dtype=None, device=None, data=None)

    between = _command(commands, "interpolate", _interpolate, "walk from latent to latent of a run")
    between.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    between.add_argument("--path", choices=latent.PATHS, default="spherical", help="(default: spherical)")
    between.add_argument("--rows", type=arguments.count, default=8, help="how many paths (default: 8)")
    between.add_argument("--steps", type=arguments.count, help="examples on a path (default: 10; for a film 30)")
    between.add_argument("--label", type=arguments.natural, nargs="+", default=[], metavar="L",
                         help="a class for all paths; or two, to go from one to the other")
    between.add_argument("--seed", type=arguments.natural, default=0, help="of the latents (default: 0)")
    between.add_argument("-o", "--output", type=Path, metavar="FILE", default=Path("interpolation.png"),
                         help="a .png, or .gif for a film (default: interpolation.png)")

    _command(commands, "recipes", _recipes, "list what can be trained")
    _command(commands, "data", _data, "list the data sets, and which are on this machine")
    play = _command(commands, "play", _play, "play tic-tac-toe against minimax: you are x")
    play.add_argument("--first", choices=("x", "o"), default="x", help="who begins (default: x)")
    lab = _command(commands, "lab", _lab, "open the GAN laboratory in the browser")
    lab.add_argument("--port", type=arguments.count, default=8866, help="where to serve it (default: 8866)")
    lab.add_argument("--no-browser", action="store_true", help="serve it, but open no browser")
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
    run.tune()
    on_gpu = run.config.device == "gpu"
    play = Debug() if options.debug else Replay() if on_gpu and not options.no_graph else game.step
    try:
        with _Progress(run.game, steps) as progress:
            game.train(run.game, steps, [run.film, run.keep, progress], 20 if on_gpu and not options.debug else 1, play)
        run.finish()
    except KeyboardInterrupt:
        run.save()
        print(f"stopped after step {run.game.step}; go on with: tinygan train {run.config.recipe} --resume "
              f"--out {folder}", file=sys.stderr)
        raise
    except game.Diverged as error:
        where = f"; {play.found}" if isinstance(play, Debug) and play.found else ""
        raise game.Diverged(f"{error}{where}; {folder} keeps the checkpoint of step {run.saved_step}") from error
    except OSError as error:
        raise RunError(f"{folder} cannot be written after step {run.game.step}: {error.strerror or error}; the last "
                       f"checkpoint is that of step {run.saved_step}") from error
    finally:
        run.let_go()
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
    config = _config(options, options.seed or 0, _settings(options, RECIPES[options.recipe or "digits"]))
    return Run.create(options.out or fresh_folder("runs", config.recipe), config)


def _config(options, seed, settings) -> Config:
    recipe = RECIPES[options.recipe or "digits"]
    own = options.data and (options.data.endswith(".npy") or Path(options.data).is_dir())
    where = str(Path(options.data).resolve()) if own else options.data
    return Config(recipe.name, options.steps or recipe.steps, seed, options.batch or recipe.batch,
                  options.dtype or "float32", options.device or "cpu", where or recipe.data, settings)


def _resumed(options) -> Run:
    run = Run.open(options.out or latest_folder("runs", options.recipe or "digits"), options.device, hold=True)
    recipe = run.config.changed()
    asked = {name: getattr(options, name) for name in ("recipe", "seed", "batch", "dtype", "data")}
    kept = {**vars(run.config), **switches.switches(recipe)}
    for name, value in {**asked, **_settings(options, recipe)}.items():
        if value is not None and value != kept[name]:
            raise RunError(f"--resume: {run.folder} was started with {name} {switches.write(kept[name])}, "
                           f"not {switches.write(value)}")
    if options.steps not in (None, run.config.steps):
        run.config.steps = options.steps
        run.write_config()  # so that it goes on to there when it is stopped again
    return run


def _settings(options, recipe) -> dict:
    """What --set (and --rate) say."""
    return switches.read(recipe, options.set + ([f"rate={options.rate}"] if options.rate else []))


def _sample(options):
    run = Run.open(options.run, "cpu")
    rng = np.random.default_rng(options.seed)
    samples = run.mixed(rng) if options.mix else run.samples(options.n, rng, options.label)
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
    runs = [Run.open(folder, "cpu") for folder in options.runs]
    for run, name in itertools.product(runs[1:], ("recipe", "data", "settings")):
        first, other = (getattr(r.config, name) for r in (runs[0], run))
        if first != other:
            raise RunError(f"medians need runs of one kind: {run.folder} has {name} {other}, {runs[0].folder} {first}")
    n = options.n or runs[0].config.judge().count
    try:
        figures = [run.evaluate(n, np.random.default_rng(options.seed)) for run in runs]
        real, noise = runs[0].scale(n, np.random.default_rng(options.seed))
    except ValueError as error:
        raise RunError(error) from error
    rows = [{"run": str(run.folder), "step": run.game.step, **row} for run, row in zip(runs, figures)]
    if options.json:
        scale = {"real": real, "noise": noise}
        print(json.dumps({**rows[0], **scale} if len(rows) == 1 else
                         {"runs": rows, "quartiles": report.quartiles(figures), **scale}))
    else:
        print("\n".join(f"{row['run']} at step {row['step']}" for row in rows))
        print(report.table(figures, real, noise))


def _sweep(options):
    out, recipe = options.out or Path("sweeps") / options.recipe, RECIPES[options.recipe]
    kinds = [switches.read(recipe, texts) for texts in sweep.combinations(options.set)]
    configs = sweep.named(_config(options, seed, settings) for settings in kinds for seed in options.seeds)
    try:
        with sweep.processes(options.jobs) as pool:
            rows = sweep.sweep(configs, out, pool, _tell)
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on with {out}", file=sys.stderr)
        raise
    print(sweep.summary(rows, configs, out))
    return 1 if any(row["error"] for row in rows) else 0


def _tell(row):
    figures = "  ".join(f"{name} {value:.4g}" for name, value in row["figures"].items())
    print(f"{row['run']}: {row['error'] or figures}", flush=True)


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


def _play(options):
    try:
        tictactoe.play(options.first)
    except (EOFError, KeyboardInterrupt) as stop:
        print("\nThe game is left unfinished.")
        if isinstance(stop, KeyboardInterrupt):
            raise


def _lab(options):
    serve(options.port, not options.no_browser)


if __name__ == "__main__":
    sys.exit(main())
