"""The device that `gpu.py` works on: a GPU with CuPy, or the foreign array of the tests, which plays one."""
import atexit
import gc
import importlib
import importlib.util
import json
import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path

NO_DEVICE, LOST = 3, 99  # exit statuses: there is no device; it no longer works in this process
TESTS = Path(__file__).resolve().parents[1]


def prepare(device):
    """Makes `import cupy` give the device, "gpu" or "foreign", in this process; returns the module.

    Packages named in the variable GPU_MISSING are hidden, to see what happens without them.
    """
    _end_with_the_script()
    for folder in (TESTS.parent, TESTS / "support", TESTS / "benchmarks"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    sys.modules.update(dict.fromkeys(_hidden()))
    if device == "foreign":
        import foreign
        import nvmath_standin
        import standins
        atexit.register(_keep_calls, foreign)
        foreign.register()
        standins.register()
        sys.modules["cupy"] = foreign
        for name, module in nvmath_standin.modules().items():
            sys.modules.setdefault(name, module)
    if missing("cupy"):
        print("CuPy is not installed", file=sys.stderr)
        raise SystemExit(NO_DEVICE)
    if not importlib.import_module("cupy").is_available():
        print("CuPy finds no GPU", file=sys.stderr)
        raise SystemExit(NO_DEVICE)
    return sys.modules["cupy"]


def _end_with_the_script():
    """Ends this process and those that it starts when `gpu.py` ends, which holds the other end of a pipe."""
    def wait(end):
        os.read(end, 1)
        os.killpg(os.getpgrp(), signal.SIGKILL)
    if number := os.environ.pop("GPU_ALIVE", None):
        threading.Thread(target=wait, args=(int(number),), daemon=True).start()


def _keep_calls(foreign):
    """Writes the calls that the played device has bound, with their signatures, to a file of this process."""
    if "GPU_DONE" in os.environ:
        found = {path: (foreign.signature(path), sorted(forms)) for path, forms in foreign.calls.items()}
        Path(os.environ["GPU_DONE"]).with_name(f"{os.getpid()}.calls").write_text(json.dumps(found))


def lost():
    """Whether the device no longer works in this process: after a fault of a kernel, every call fails."""
    try:
        sys.modules["cupy"].cuda.Device().synchronize()
    except Exception:
        return True
    return False


def _hidden():
    return os.environ.get("GPU_MISSING", "").split()


def missing(*packages):
    """The names of those packages that cannot be imported: "a, b", or ""."""
    def there(name):
        return name not in _hidden() and (name in sys.modules or importlib.util.find_spec(name))
    return ", ".join(name for name in packages if not there(name))


def milliseconds(cupy, run, n):
    """The time of run(n) by events of the device, divided by n."""
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    run(n)
    end.record()
    end.synchronize()
    return cupy.cuda.get_elapsed_time(start, end) / n


def megabytes(cupy):
    """The memory of the device that is taken."""
    free, total = cupy.cuda.runtime.memGetInfo()
    return (total - free) / 1e6


def release(cupy):
    """Gives memory back to the device that neither CuPy nor PyTorch uses at the moment."""
    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        torch.cuda.empty_cache()


def host(array):
    """The array as NumPy's."""
    return array.get() if hasattr(array, "get") else array


class Records:
    """Sends records to `gpu.py`, through the pipe that it has opened for this process; without one, prints them."""

    def __init__(self, section):
        self.section, self.pipe = section, int(os.environ.get("GPU_RECORDS", 1))
        self.done = Path(os.environ.get("GPU_DONE", os.devnull))
        self.done.touch()
        self.before = self.done.read_text().splitlines()

    def __call__(self, what, ok=None, **columns):
        """One row of the section's table. ok: True or False for a check, None for a measurement."""
        row = json.dumps({"section": self.section, "what": what, **columns, "ok": ok}, default=float)
        os.write(self.pipe, f"{row}\n".encode())

    def note(self, line):
        """Adds a line to the file of begun parts, which a later process of this section reads."""
        with self.done.open("a") as file:
            print(line, file=file)

    def left(self, parts):
        """Of the parts of the section, a dict, those that no process has begun before."""
        return {what: part for what, part in parts.items() if what not in self.before}

    @contextmanager
    def guard(self, what):
        """A part of the section: its failure is a row, and ends the process only if the device is lost."""
        self.note(what)
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            self(what, False, note=f"{type(error).__name__}: {error}"[:400])
            if lost():
                raise SystemExit(LOST) from None


def run(*sections):
    """Runs the section whose name is the first argument of the process, on the device that is the second."""
    name, device = sys.argv[1:3]
    {section.__name__: section for section in sections}[name](prepare(device), device, Records(name))


if __name__ == "__main__":  # the command line of tinygan with the device: DEVICE ARGUMENTS
    prepare(sys.argv[1])
    from tinygan.cli import main
    sys.exit(main(sys.argv[2:]))
