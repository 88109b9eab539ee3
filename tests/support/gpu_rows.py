"""For the tests of `gpu.py`: the rows of a report, a section of a few lines, and waiting."""
import json
import textwrap
import time


def rows(runner, *names):
    """The rows of the report so far, as it stands in the file."""
    found = json.loads((runner.out / "report.json").read_text())["records"]
    return [tuple(row.get(name) for name in names) for row in found]


def script(tmp_path, text):
    path = tmp_path / "section.py"
    path.write_text("import os\nfrom gpu_device import Records\nsend = Records('speed')\n" + textwrap.dedent(text))
    return [str(path)]


def wait_for(condition, seconds):
    """Whether the condition holds within so many seconds."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return held
