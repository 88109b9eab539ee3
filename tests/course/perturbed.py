"""Runs notebooks under other rounding: `python tests/course/perturbed.py [NAME ...] [--only VARIANT ...]`.

A claim of a notebook has to hold on every processor, so every variant has to pass: initial weights one unit in the last
place off (several draws), one and two threads, the plain forms, the compiled loops. Prints a table, and exits with
status 1 if a notebook stops.
"""
import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "notebooks"))
import build

NOISE = """
import zlib
import numpy as np
from tinygan import nn

def _moved(self, data, requires_grad=True, *, original=nn.Parameter.__init__):
    data = np.asarray(data)
    if data.dtype.kind == "f":
        rng = np.random.default_rng([{seed}, zlib.crc32(data.tobytes())])  # equal weights move equally
        data = data + np.spacing(data) * rng.integers(-1, 2, data.shape).astype(data.dtype)
    original(self, data, requires_grad)

nn.Parameter.__init__ = _moved
"""
LOOPS = "import tinygan as tg\nprint(tg.tune())"
VARIANTS = {  # name: (code before the first cell, environment)
    **{f"one ulp, draw {seed}": (NOISE.format(seed=seed), {}) for seed in range(1, 6)},
    "one thread": ("", {"OPENBLAS_NUM_THREADS": "1"}),
    "two threads": ("", {"OPENBLAS_NUM_THREADS": "2"}),
    "plain forms": ("", {"TINYGAN_PLAIN": "1"}),
    "compiled loops": (LOOPS, {}),
}


def run(name, variant):
    """Runs a notebook under a variant; returns the seconds, or the last line of the error."""
    from nbclient.exceptions import CellExecutionError
    from nbformat.v4 import new_code_cell
    code, environment = VARIANTS[variant]
    notebook = build.source(name)
    notebook.cells.insert(0, new_code_cell(code))
    try:
        return build.execute(notebook, TINYGAN_STATIC="1", **environment)
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=build.names())
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), choices=list(VARIANTS), metavar="VARIANT")
    chosen = parser.parse_args(arguments)
    print("|".join(["| notebook ", *(f" {variant} " for variant in chosen.only), ""]))
    print("|---" * (len(chosen.only) + 1) + "|")
    stopped = []
    for name in chosen.names:
        print(f"| {name} ", end="", flush=True)
        for variant in chosen.only:
            result = run(name, variant)
            if isinstance(result, str):
                stopped.append(f"{name}, {variant}: {result}")
            print(f"| {'stops' if isinstance(result, str) else f'{result:.0f} s'} ", end="", flush=True)
        print("|", flush=True)
    print(*stopped, sep="\n")
    return bool(stopped)


if __name__ == "__main__":
    sys.exit(main())
