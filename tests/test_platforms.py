"""A platform without the modules and functions of POSIX, such as Windows: only grading needs them."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Every process that finds this module imports it at its start, the workers of a sweep too.
WITHOUT_POSIX = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "pty", "termios", "tty"):
    sys.modules[name] = None
gone = {os: "fork forkpty killpg getpgid setsid register_at_fork sched_getaffinity getuid geteuid mkfifo",
        signal: "SIGKILL SIGALRM SIGHUP SIGXCPU SIGUSR1 alarm setitimer pthread_kill pthread_sigmask"}
for module, names in gone.items():
    for name in names.split():
        vars(module).pop(name, None)
"""
COMMANDS = ["train ring --steps 2 --batch 8 --out run", "train --resume --out run --steps 3", "sample run",
            "evaluate run -n 100", "sweep gaussian --seeds 0,1 --steps 2 --jobs 2 --out sweep",
            "assignments grade submitted"]
PLAY = f"""
from runpy import run_path
from tinygan.cli import main
if __name__ == "__main__":
    print(*[main(command.split()) for command in {COMMANDS}])
    run_path({str(ROOT / "notebooks/src/04-layers.py")!r})
"""


@pytest.mark.slow
def test_a_platform_without_posix(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_POSIX)
    (tmp_path / "play.py").write_text(PLAY)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-W", "ignore", "play.py"], capture_output=True, text=True, cwd=tmp_path,
                          env=environment)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.replace("\r", "\n").splitlines() if "step" not in line and line] == [
        "tinygan assignments: assignments run in processes with limits of time and memory, which need a POSIX system: "
        "Linux, macOS, or WSL on Windows"]
    assert "\n0 0 0 0 0 2\n" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} >= {"run", "sample.png", "sweep"}
