"""Pictures: sheets, points, sequences, curves of a run, films, toys. Only drawing imports matplotlib and PIL."""
from tinygan.plots.curves import bands, curves, strips
from tinygan.plots.files import save_gif, save_png, titled
from tinygan.plots.samples import cloud, lines, sheet
from tinygan.plots.style import D_BLUE, DATA, FAKE, OCHRE, default_style
from tinygan.plots.toys import dynamics, game_tree

__all__ = [
    "DATA", "D_BLUE", "FAKE", "OCHRE", "bands", "cloud", "curves", "default_style", "dynamics", "game_tree", "lines",
    "save_gif", "save_png", "sheet", "strips", "titled",
]
