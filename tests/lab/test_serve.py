"""The laboratory as a web page: its files and its requirements."""
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinygan.lab import serve


@pytest.mark.parametrize("browser", [True, False])
def test_the_page_is_given_to_voila(browser, monkeypatch):
    given = []

    def launch(arguments, config):
        [notebook] = arguments
        given.append((json.loads(Path(notebook).read_text()), config, os.environ["JUPYTER_PATH"]))

    server = SimpleNamespace(Server=SimpleNamespace(launch_instance=launch), settings=lambda *settings: settings)
    monkeypatch.setitem(sys.modules, "tinygan.lab.server", server)
    monkeypatch.setattr(serve, "NEEDS", ("json",))
    monkeypatch.setenv("JUPYTER_PATH", "before")
    serve.serve(1234, browser, 60)
    [(notebook, config, path)] = given
    assert [cell["source"].splitlines()[-1] for cell in notebook["cells"]] == ["Panel()"]
    assert config == (1234, browser, 60)
    ours, before = path.split(os.pathsep)
    assert before == "before"
    assert (Path(ours) / "voila" / "templates" / "tinygan" / "index.html.j2").exists()


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(serve, "NEEDS", ("nothing_of_this_name", "json", "nor_of_this"))
    with pytest.raises(serve.LabError, match=r"^nothing_of_this_name, nor_of_this not installed: pip install"):
        serve.serve(1234, False)
