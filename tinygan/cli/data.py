"""`tinygan data`: lists the data sets."""
from __future__ import annotations

from tinygan import data
from tinygan.zoo import sources

ABOUT = "list the data sets and show which of them are on this machine"


def add(parser) -> None:
    """No options."""


def run(options):
    for row in [*data.describe(), *sources.describe()]:
        shape = "x".join(map(str, row.shape))
        print(f"{row.name:<10} {shape:<9} {row.size:<22} {'here' if row.here else 'to be fetched':<14} {row.licence}")
