"""`tinygan data`: lists the data sets, or describes a folder of images."""
from __future__ import annotations

import numpy as np

from tinygan import data
from tinygan.cli import arguments
from tinygan.zoo import sources

ABOUT = "list the data sets and show which of them are on this machine, or describe a folder of images"


def add(parser) -> None:
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="a folder of images (photos@64: in another size), "
                        "to show its shape, and the number, name and size of each class")


def run(options):
    if options.folder is not None:
        describe(options.folder)
        return
    for row in [*data.describe(), *sources.describe()]:
        shape = "x".join(map(str, row.shape))
        print(f"{row.name:<10} {shape:<9} {row.size:<22} {'here' if row.here else 'to be fetched':<14} {row.licence}")


def describe(folder: str) -> None:
    """Prints a line for the images and a line for each class."""
    x, labels = data.load(folder)
    shape = "x".join(map(str, x.shape[1:]))
    counts = np.bincount([] if labels is None else labels)
    print(f"{folder}: {len(x):,} images of {shape}, {len(counts) or 'no'} class{'es' * (len(counts) != 1)}")
    names = data.class_names(folder) or [""] * len(counts)
    for number, (name, count) in enumerate(zip(names, counts)):
        print(f"{number:>4}  {arguments.printable(name):<24} {count:>7,} images")
