"""`tinygan data`: lists the data sets, or describes the images of a folder or a set and draws a contact sheet."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tinygan import data, plots
from tinygan.cli import arguments
from tinygan.data.contact import contact_sheet
from tinygan.runs.files import render
from tinygan.zoo import sources

ABOUT = "list the data sets, or describe a folder of images and draw a contact sheet of it"


def add(parser) -> None:
    parser.add_argument("folder", nargs="?", type=arguments.filled, metavar="FOLDER", help="a folder of images "
                        "(photos@64: in another size) or the name of a set, to show what training would use: the "
                        "number and the shape of the images, their classes, and a contact sheet (default: list the "
                        "sets, and whether they are on this machine)")
    parser.add_argument("-o", "--out", type=arguments.path, metavar="FILE", help="the .png of the contact sheet; it "
                        "must not exist (default: a new file FOLDER-sheet.png in the current folder)")


def run(options):
    if options.folder is not None:
        describe(options.folder, options.out)
        return
    if options.out is not None:
        raise data.DataError("--out: a contact sheet needs images; name a folder or a set")
    for row in [*data.describe(), *sources.describe()]:
        shape = "x".join(map(str, row.shape))
        print(f"{row.name:<10} {shape:<9} {row.size:<22}  {'here' if row.here else 'to be fetched':<14} {row.licence}")


def describe(folder: str, out: Path | None) -> None:
    """Prints a line for the images and a line for each class, and writes the contact sheet."""
    file = _new_file(folder) if out is None else _checked(out)
    (x, labels), names = data.sets.read(folder)
    shape = "x".join(map(str, x.shape[1:]))
    counts = np.bincount([] if labels is None else labels).tolist()
    arguments.show(f"{folder}: {len(x):,} image{'s' * (len(x) != 1)} of {shape}, {len(counts) or 'no'} "
                   f"class{'es' * (len(counts) != 1)}")
    for number, (name, count) in enumerate(zip(names or [""] * len(counts), counts)):
        print(f"{number:>4}  {arguments.printable(name):<24} {count:>7,} image{'s' * (count != 1)}")
    render(file, plots.save_png, contact_sheet(x, labels, names))
    arguments.show(f"contact sheet: {file}")


def _checked(out: Path) -> Path:
    if out.suffix.lower() != ".png":
        raise data.DataError(f"--out: {out} ends in {out.suffix!r}, expected .png")
    if out.exists():
        raise data.DataError(f"--out: {out} exists already; remove it, or choose another name")
    return out


def _new_file(folder: str) -> Path:
    """A file in the current folder that does not exist: photos-sheet.png, photos-sheet-2.png, ..."""
    name = re.sub(r"[^\w@. -]", "_", Path(folder).expanduser().resolve().name)
    number = 1
    while (file := Path(f"{name}-sheet{f'-{number}' * (number > 1)}.png")).exists() or file.is_symlink():
        number += 1
    return file
