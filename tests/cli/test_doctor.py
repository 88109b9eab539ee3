"""`tinygan doctor`: its findings about a run."""
import re
from pathlib import Path

from helpers import fails

from tinygan.cli import main
from tinygan.doctor import FILE, read
from tinygan.doctor.ailments import AILMENTS
from tinygan.runs import Config, Run, run

NAMES = [ailment.name for ailment in AILMENTS]


def test_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "FRAMES", 1)
    assert main(["train", "ring", "--steps", "30", "--batch", "8", "--set", "rate=1e-5:1e-3", "--out", "run"]) == 0
    assert capsys.readouterr().out.count("the rates are far apart: D's learning rate is 1e-05 and G's 0.001\n") == 1
    assert [v.step for v in read(Path("run", FILE))] == [1, 20]
    assert main(["doctor", "run"]) == 0
    out = capsys.readouterr().out
    assert re.match(r"run at step 30 of 30: D's logit of a real example is above that of a fake in \d+% of all pairs; ",
                    out)
    assert "see: lectures/06-playing.md, What goes wrong in practice" in out
    Run.create("other", Config("gaussian", 5, 0, 8, "float32", "cpu", "gaussian"))  # without visits, as those of sweeps
    assert main(["doctor", "other"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == f"no findings; checked: {', '.join(NAMES)}"
    assert "no run here" in fails(capsys, "doctor", "nowhere")
