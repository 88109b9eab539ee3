"""The laboratory as a web page on this machine, served by Voila: `tinygan lab`. Needs the extra `lab`."""
from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from pathlib import Path

from tinygan.errors import TinyganError

NEEDS = ("voila", "ipywidgets", "ipyevents", "ipykernel")
PAGE = {"cells": [{"cell_type": "code", "execution_count": None, "id": "panel", "metadata": {}, "outputs": [],
                   "source": "from tinygan.lab.panel import Panel\nPanel()"}],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                     "title": "The GAN laboratory"},
        "nbformat": 4, "nbformat_minor": 5}


class LabError(TinyganError, RuntimeError):
    """The laboratory cannot be opened."""


def serve(port: int, browser: bool, idle: float = 300) -> None:
    """Serves the page on localhost until Ctrl-C, at an address with a secret token, which it prints.

    browser: whether to open it in a browser. idle: seconds after which the kernel of a closed page ends.
    """
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise LabError(f"{', '.join(missing)} not installed: pip install 'tinygan[lab]'")
    from tinygan.lab.server import Server, settings
    ours = str(Path(__file__).parent)  # holds voila/templates/tinygan
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [ours, os.environ.get("JUPYTER_PATH")]))
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "laboratory.ipynb"
        notebook.write_text(json.dumps(PAGE))
        Server.launch_instance([str(notebook)], config=settings(port, browser, idle))
