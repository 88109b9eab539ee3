"""The config of a run: recipe, settings, seed, data."""
from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import tinygan
from tinygan.data import names
from tinygan.distributed.group import SINGLE_PROCESS, SingleProcess
from tinygan.errors import TinyganError
from tinygan.game import Game, SettingError
from tinygan.metrics import Evaluator
from tinygan.runs.files import json_object
from tinygan.zoo import RECIPES, Recipe
from tinygan.zoo.settings import change
from tinygan.zoo.sources import LARGEST_EXAMPLE, Source, check_facts, source

LARGEST_BATCH = 2**28  # numbers: as float32, 1 GiB
RANGES = {"steps": (1, 2**53), "seed": (0, 2**63), "batch": (1, 2**20)}


class RunError(TinyganError, ValueError):
    """A run folder that cannot be made, read or resumed."""


@dataclass
class Config:
    """The config of a run. settings: those that differ from the recipe's values. examples: the facts of its data.

    `start` fills in the facts; with them only training and comparisons with real examples need the data.
    """

    recipe: str
    steps: int
    seed: int
    batch: int
    dtype: str
    device: str
    data: str
    settings: dict[str, Any] = field(default_factory=dict)
    version: str = tinygan.__version__
    examples: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        for f in fields(self):
            value, kind = getattr(self, f.name), str(f.type).partition("[")[0]
            least, below = RANGES.get(f.name, (0, 0))
            if type(value).__name__ != kind or (kind == "int" and not least <= value < below):
                limits = f" of at least {least} and below {below}" if kind == "int" else ""
                raise SettingError(f"{f.name}: got {value!r:.99}, expected {f.type}{limits}")
        for name, known in (("dtype", ("float32", "float64")), ("device", ("cpu", "gpu"))):
            if getattr(self, name) not in known:
                raise SettingError(f"{name}: got {getattr(self, name)!r:.99}, expected {' or '.join(known)}")

    def as_json(self) -> dict[str, Any]:
        """The config as a dict of JSON's types (no tuples)."""
        return json.loads(json.dumps(asdict(self)))

    @classmethod
    def read(cls, text: str, where: str) -> Config:
        """Reads a config from JSON; RunError, a line that begins with `where`, if it fits no recipe."""
        try:
            config = cls(**json_object(text))
            if config.examples:
                check_facts(config.examples)
        except (ValueError, TypeError) as error:
            raise RunError(f"{where} cannot be read: {error!s:.300}") from error
        if config.recipe not in RECIPES:
            raise RunError(f"{where} names the recipe {config.recipe!r:.99}, which this version does not have")
        try:
            config.build_recipe()
        except SettingError as error:
            raise RunError(f"{where}: {error}") from error
        return config

    def build_recipe(self) -> Recipe:
        """The recipe with the run's settings."""
        return change(RECIPES[self.recipe], self.settings)

    def source(self) -> Source:
        """The data source of the run."""
        return source(self.data, facts=self.examples)

    def start(self, group: SingleProcess = SINGLE_PROCESS, most: int | None = None) -> Game:
        """The game at step 0; players that grow have their first size. most: of their weights, as in `Recipe.start`."""
        found = self.source()
        size = math.prod(found.shape)
        if size > LARGEST_EXAMPLE or size * self.batch > LARGEST_BATCH:
            raise SettingError(f"batch: {self.batch} examples of shape {found.shape}: expected at most "
                               f"{LARGEST_EXAMPLE:,} numbers in an example, and {LARGEST_BATCH:,} in a batch")
        self.examples = found.facts
        game = self.build_recipe().start(self.seed, self.batch, self.dtype, self.device, found, most)
        if game.schedule is not None:
            game.schedule(game, self.steps)
        return replace(game, group=group)

    def has_data(self) -> bool:
        """Whether the data have a name, or are where they were when the run began."""
        found, _ = names.parse(self.data)
        return isinstance(found, str) or found.exists()

    def move_data(self, place: str) -> None:
        """Changes the place of the user's own data; RunError if the run's data are where they were, or have a name."""
        if (self.has_data() or names.is_named(place)) and not names.is_same(place, self.data):
            raise RunError(f"was started with data {self.data}, not {place}")
        self.data = names.locate(place)

    def evaluator(self) -> Evaluator:
        """The evaluator of its data source."""
        return self.source().evaluate
