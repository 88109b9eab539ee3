"""The report of `gpu.py`: records that become report.json and report.md, written anew with each record."""
import json
import math
import re
import sys
import threading
import time
from datetime import datetime, timezone

SECTIONS = {  # title, and what its table holds
    "versions": "Versions, and one operation of each kind",
    "tests": "The tests marked gpu, in one process",
    "agreement": "The same steps on the CPU and on the GPU: the largest difference of the weights, relative",
    "recipes": "Three steps of every recipe on both",
    "graph": "A step as a CUDA graph",
    "speed": "A step against PyTorch eager on this GPU, in turns: float32, TF32 off in both; "
             "the floor counts bytes and multiply-adds, no launches",
    "run": "The default run: tinygan train digits; on the CPU while the checks ran",
    "profile": "Launches of a step without a graph, and its longest kernels",
    "signatures": "The forms of all calls of CuPy and nvmath-python, bound to their signatures",
}


class Report:
    """The records so far."""

    def __init__(self, folder, device):
        self.folder, self.device, self.lock = folder, device, threading.Lock()
        self.start, self.date, self.records = time.monotonic(), datetime.now(timezone.utc), []
        self.pending = [name for name in SECTIONS if device == "foreign" or name != "signatures"]  # have not ended

    def add(self, section, what, ok=None, *, update=False, **columns):
        """Adds a row to the table of a section. ok: True or False for a check, None for a measurement.

        update: the row takes the place of the one of that name, if there is one.
        """
        record = {"section": section, "what": what, **{name: _finite(x) for name, x in columns.items()}, "ok": ok}
        with self.lock:
            same = [i for i, old in enumerate(self.records) if (old["section"], old["what"]) == (section, what)]
            if update and same:
                self.records[same[-1]] = record
            else:
                self.records.append(record)
            self._write()

    def end(self, section="", stopped=""):
        """Notes that a section has ended, or what has stopped the script."""
        with self.lock:
            self.pending = [name for name in self.pending if name != section]
            self._write(stopped)

    @property
    def passed(self):
        """Whether no check has failed."""
        return all(r["ok"] is not False for r in self.records)

    def _write(self, stopped=""):
        head = {"device": self.device, "date": self.date.isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - self.start), "stopped": stopped, "not ended": self.pending}
        self.page = self._page(head)
        try:
            records = json.dumps({**head, "records": self.records}, indent=1, allow_nan=False)
            for name, text in (("report.json", records), ("report.md", self.page)):
                (self.folder / f"{name}.new").write_text(text + "\n")
                (self.folder / f"{name}.new").replace(self.folder / name)
        except OSError as error:  # the page is printed at the end
            print(f"gpu.py: the report cannot be written: {error}", file=sys.stderr)

    def _page(self, head):
        """The report as one page: what failed, what is left out, then a table for each section."""
        checks = [r for r in self.records if r["ok"] is not None]
        failed = [r for r in checks if not r["ok"]]
        first = f"{head['date']}, {head['seconds']} s. {len(checks) - len(failed)} of {len(checks)} checks passed."
        if self.device == "foreign":
            first += " It was played on the array that stands for CuPy in the tests: no number was measured on a GPU."
        if head["stopped"]:
            first += f" It was stopped by {head['stopped']}."
        if head["not ended"]:
            first += f" These sections have not ended: {', '.join(head['not ended'])}."
        lines = ["# tinygan on a GPU", "", first, ""]
        lines += [f"- failed: {name}: {_cell(r['what'])}" for name in SECTIONS for r in failed if r["section"] == name]
        lines += dict.fromkeys(f"- left out: {r['section']}: {_cell(r['what'])}: {value}" for r in self.records
                               for value in r.values() if str(value).startswith("needs "))
        for section, title in SECTIONS.items():
            rows = [r for r in self.records if r["section"] == section]
            if rows:
                columns = list(dict.fromkeys(name for r in rows for name in r if name not in ("section", "ok")))
                columns += ["ok"] * any(r["ok"] is not None for r in rows)
                lines += ["", f"## {title}", "", _line(columns), "|" + "---|" * len(columns)]
                lines += [_line([_cell(r.get(name)) for name in columns]) for r in rows]
        return "\n".join(lines)


def _finite(x):
    """JSON has no number for infinity and NaN: these become text."""
    return str(x) if isinstance(x, float) and not math.isfinite(x) else x


def _line(cells):
    return f"| {' | '.join(cells)} |"


def _cell(value):
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    text = "" if value is None else f"{value}"
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
