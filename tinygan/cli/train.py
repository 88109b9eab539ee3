"""`tinygan train`: trains a recipe in a run folder, from the start or from its last checkpoint."""
from __future__ import annotations

import signal
import sys
import threading

import numpy as np

import tinygan
from tinygan import game
from tinygan.cli import arguments
from tinygan.cli.configure import configured, settings_of
from tinygan.distributed import mpi
from tinygan.distributed.group import SINGLE_PROCESS, RanksError
from tinygan.doctor import Doctor
from tinygan.game.cuda_graph import Replay
from tinygan.game.debug import Debug
from tinygan.runs import Run, RunError, fresh_folder, latest_folder
from tinygan.runs.checkpoint import fingerprint
from tinygan.runs.files import reason
from tinygan.zoo import RECIPES, settings

ABOUT = "train a recipe in a run folder"


def add(parser) -> None:
    parser.add_argument("recipe", nargs="?", type=arguments.recipe,
                        help="name of a recipe, see `tinygan recipes` (default: digits)")
    parser.add_argument("--steps", type=arguments.count, help="training steps in all (default: the recipe's)")
    parser.add_argument("--seed", type=arguments.natural, help="seed of everything random (default: 0)")
    parser.add_argument("--batch", type=arguments.count, help="examples in a batch (default: the recipe's)")
    parser.add_argument("--rate", type=arguments.positive, help="learning rate of both players, as --set rate=RATE")
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                       help="change settings of the recipe, such as objective=hinge r1=0 (see `tinygan recipes`)")
    parser.add_argument("--dtype", choices=("float32", "float64"), help="dtype of all arrays (default: float32)")
    parser.add_argument("--device", choices=("cpu", "gpu"), help="cpu with NumPy or gpu with CuPy (default: cpu)")
    parser.add_argument("--debug", action="store_true", help="find the first operation whose result is not finite")
    parser.add_argument("--no-graph", action="store_true", help="on a GPU: do not replay steps as CUDA graphs")
    parser.add_argument("--data", type=arguments.filled, help="another data set: a name (see `tinygan data`), a folder "
                        "of images (photos@64 resizes them to 64 x 64 pixels; ./digits is not the set digits), or a "
                        ".npy file of sequences")
    parser.add_argument("--out", type=arguments.path, help="the run folder (default: runs/RECIPE)")
    parser.add_argument("--mpi", action="store_true", help="train one game on all processes that mpiexec starts; each "
                        "computes a part of every batch")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out (default: the latest run)")


def run(options):
    if not options.mpi and mpi.launched() > 1:
        raise RanksError(f"mpiexec started {mpi.launched()} processes: add --mpi to train one game on all of them")
    ranks = mpi.world() if options.mpi else SINGLE_PROCESS
    with ranks.ending("tinygan train") as leave:
        run = _together(options, ranks) if options.mpi else _begun(options, ranks)
        leave(f"{run.folder} keeps its last checkpoint; continue with --resume, on any number of ranks")
        _train(run, options, ranks)


def _train(run, options, ranks):
    steps, folder, first = run.config.steps, run.folder, ranks.rank == 0
    if run.game.step >= steps:
        if first:
            run.finish()  # the process may have been killed before the end of it
            print(f"{folder}: all {steps} steps are done; to continue, give a larger --steps")
        run.unlock()
        return
    run.load_data()  # if they are missing, nothing has begun
    if first:
        print(f"{run.config.recipe}: steps {run.game.step} to {steps}, batch {run.game.batch}, seed {run.config.seed}, "
              f"{run.config.device}, in {folder}" + (f", on {ranks.size} ranks" if options.mpi else ""))
    loops = run.tune()
    if first and loops:
        print(loops)
    on_gpu = run.config.device == "gpu"
    graph = on_gpu and not options.no_graph and ranks.size == 1
    stepper = Debug() if options.debug else Replay() if graph else game.step
    try:
        with _Progress(run.game, steps) as progress:
            doctor = Doctor(steps, run.config.seed, folder, lambda finding: progress.bar.write(str(finding)))
            callbacks = [run.save_frame, doctor, run.maybe_checkpoint, progress] if first else [progress]
            game.train(run.game, steps, callbacks,
                       20 if on_gpu and not options.debug else 1, stepper)
        if first:
            run.finish()
    except KeyboardInterrupt:
        if first:
            run.save()
            print(f"stopped after step {run.game.step}; continue with: tinygan train {run.config.recipe} --resume "
                  f"--out {folder}", file=sys.stderr)
        raise
    except BrokenPipeError:  # whoever read the progress has gone
        if first:
            run.save()
        raise
    except game.Diverged as error:
        where = f"; {stepper.found}" if isinstance(stepper, Debug) and stepper.found else ""
        raise game.Diverged(f"{error}{where}; {folder} keeps the checkpoint of step {run.saved_step}") from error
    except OSError as error:
        raise RunError(f"{folder} cannot be written after step {run.game.step}: {reason(error)}; the last "
                       f"checkpoint is that of step {run.saved_step}") from error
    finally:
        run.unlock()
    if first:
        print(f"{folder}: samples.png, curves.png, training.gif, history.csv; next: tinygan evaluate {folder}")


def _together(options, ranks) -> Run:
    """Creates or opens the run on the first rank, then opens it on the others; RanksError if the ranks differ."""
    if ranks.size == 1:
        print("--mpi without mpiexec is one rank; for more: mpiexec -n 4 tinygan train ... --mpi", file=sys.stderr)
    ranks.agree({"version of tinygan": tinygan.__version__, "version of NumPy": np.__version__} | {
        f"--{name}": value for name, value in vars(options).items() if name != "command"})
    runs: list[Run] = []

    def begin():
        runs.append(_begun(options, ranks))
        return runs[0].folder
    folder = ranks.broadcast(begin)
    ranks.all_gather(lambda: None if runs else runs.append(Run.open(folder, options.device, group=ranks)))
    ranks.agree(fingerprint(runs[0].game))
    return runs[0]


class _Progress:
    """A callback of `train`: a progress bar with the players' values; Ctrl-C stops between two steps."""

    def __init__(self, state, steps):
        from tqdm.auto import tqdm
        self.bar = tqdm(total=steps, initial=state.step, unit="step", dynamic_ncols=True, disable=state.group.rank > 0)
        self.interrupted = False

    def __enter__(self):
        self.listens = threading.current_thread() is threading.main_thread()  # Ctrl-C reaches no other
        if self.listens:
            self.before = signal.signal(signal.SIGINT, self.interrupt)
        return self

    def __exit__(self, *_):
        if self.listens:
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
        if state.group.sum(np.array(float(self.interrupted))) > 0:  # all ranks stop after the same step
            raise KeyboardInterrupt


def _begun(options, ranks) -> Run:
    return _resumed(options, ranks) if options.resume else _started(options, ranks)


def _started(options, ranks) -> Run:
    config = configured(options, options.seed or 0, settings_of(options, RECIPES[options.recipe or "digits"]))
    start = config.start(ranks)  # before the folder: what fails here leaves none
    return Run.create(options.out or fresh_folder("runs", config.recipe), config, start)


def _resumed(options, ranks) -> Run:
    folder = options.out or latest_folder("runs", options.recipe or "digits")
    run = Run.open(folder, options.device, lock=True, group=ranks, data=options.data)
    recipe = run.config.build_recipe()
    asked = {name: getattr(options, name) for name in ("recipe", "seed", "batch", "dtype")}
    kept = {**vars(run.config), **settings.switches(recipe)}
    for name, value in {**asked, **settings_of(options, recipe)}.items():
        if value is not None and value != kept[name]:
            raise RunError(f"--resume: {run.folder} was started with {name} {settings.format_setting(kept[name])}, "
                           f"not {settings.format_setting(value)}")
    if options.steps is not None and options.steps < run.game.step:
        raise RunError(f"--steps: {run.folder} is at step {run.game.step} already, past {options.steps}; to continue, "
                       "give a larger --steps")
    if options.steps not in (None, run.config.steps):
        run.config.steps, run.config_changed = options.steps, True  # a later --resume trains up to there
    if run.config_changed:
        run.load_data()  # if they are missing or do not fit, the config stays
        run.write_config()
    return run
