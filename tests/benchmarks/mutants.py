"""Measures how much the tests notice: changes the library in one place at a time, and runs the tests that see it.

    pip install -e '.[test,export,oracle,mutation]'
    python tests/benchmarks/mutants.py --out DIR                     # 300 mutants
    python tests/benchmarks/mutants.py --out DIR --rooms ops nn --count 50 --seed 1
    python tests/benchmarks/mutants.py --out DIR --again             # the survivors, by the files of now
    python tests/benchmarks/mutants.py --out DIR --count 0           # only the table and the score

A mutant is the library with one operator, comparison, number, condition, loop or decorator changed by cosmic-ray. If no
test fails, it survives: a test is missing, or the change means nothing. `equal_mutants.txt` lists the latter with the
reason; they don't count. Changes of annotations, of errors' messages and of the cases of `op` are not tried.

Everything happens in a copy of the tracked files in `--out`. First the tests run once under coverage: it
finds the tests that see each line. A mutant then meets the tests of its module's own file, then the others that see the
line, the cheap ones first, as many as `--budget` seconds allow. The own tests run with TINYGAN_PLAIN=1 too, if the
module has plain bodies of fast forms. Each result is written at once; the same command continues where it stopped.
"""
import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mutants_run import Chosen, Seen, run, warm

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EQUAL = HERE / "equal_mutants.txt"
ROOMS = ("tensor.py", "ops", "nn", "objectives.py", "penalties.py", "updates.py", "game", "runs", "plots.py", "backend",
         "metrics")
TESTS = ("engine", "nn", "game", "runs", "metrics", "backend", "zoo", "toys", "data", "distributed", "cli",
         "test_plots.py", "test_plots_style.py")  # the others start processes, which coverage does not follow
RULES = ("tests/engine/test_registry.py", "tests/backend/test_accelerated.py")  # of every entry in the tables
KEY = ("file", "operator", "occurrence")


def copied(out, again):
    """A fresh copy of the tracked files, as they were when `out` was new, or as they are now (`again`)."""
    original, copy = out / "original", out / "copy"
    if again or not original.exists():
        shutil.rmtree(original, ignore_errors=True)
        (out / "times.json").unlink(missing_ok=True)  # a new run under coverage finds the new tests
        for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")[:-1]:
            (original / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, original / name)
    shutil.rmtree(copy, ignore_errors=True)
    return shutil.copytree(original, copy)


def seen(out, copy):
    """The seconds of each test, and for each file the tests that saw each line; by one run under coverage."""
    import coverage
    if not (out / "times.json").exists():
        places = [*(f"tests/{room}" for room in TESTS), "tinygan"]
        if run(copy, out / "coverage.log", Seen(out), places, 4 * 3600) not in (0, 1):
            sys.exit(f"the tests did not run under coverage, see {out / 'coverage.log'}")
    data = coverage.CoverageData(str(out / "coverage"))
    data.read()
    lines = {str(Path(file).relative_to(copy)): data.contexts_by_lineno(file) for file in data.measured_files()}
    return json.loads((out / "times.json").read_text()), lines


class Meaning(ast.NodeTransformer):
    """Takes away what has no meaning here: annotations, messages of errors, cases of `op`."""

    def visit(self, node):
        node = self.generic_visit(node)
        for field in {"annotation", "returns"} & set(node._fields):
            setattr(node, field, None)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node.func if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "case" else node


def changed(source, operator, occurrence):
    """The source with a change by cosmic-ray. None, if the change has no meaning or the result is no Python."""
    from cosmic_ray.mutating import MutationVisitor
    from cosmic_ray.plugins import get_operator
    mutant = None
    with suppress(AttributeError):  # of `except a.B`: cosmic-ray expects one name
        mutant = MutationVisitor.mutate_code(source, get_operator(operator)(), occurrence)
    with suppress(SyntaxError):
        before, after = (ast.dump(Meaning().visit(ast.parse(text))) for text in (source, mutant or source))
        return mutant if before != after else None


def sampled(copy, rooms, count, seed):
    """`count` mutants at random places, one a place."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names
    operators = {name: get_operator(name)() for name in operator_names() if not get_operator(name).arguments()}
    files = [file for room in rooms for file in sorted((copy / "tinygan" / room).rglob("*.py"))
             or [copy / "tinygan" / room]]
    sources, places = {str(file.relative_to(copy)): file.read_text() for file in files}, {}
    for file, source in sources.items():
        nodes = list(ast_nodes(get_ast(source)))
        for name, operator in operators.items():
            starts = (start for node in nodes for start, _ in operator.mutation_positions(node))
            for occurrence, start in enumerate(starts):
                places.setdefault((file, start), []).append((file, name, occurrence))
    draw, chosen = random.Random(seed), []
    for place in draw.sample(sorted(places), len(places)):
        mutant = draw.choice(places[place])
        if len(chosen) < count and changed(sources[place[0]], *mutant[1:]):
            chosen.append(dict(zip(KEY, mutant)))
    return chosen


def stages(mutant, source, times, lines, budget):
    """The tests of the module's own file, those that saw the line first; the others that saw it, or all of the room, if
    it runs only at the import; the own ones in plain form, if the module has fast forms."""
    by_line, path = lines.get(mutant["file"], {}), Path(*Path(mutant["file"]).parts[1:])
    room = {"plots.py": "", "ops": "engine"}.get(path.parts[0], path.parent.name or "engine")
    passed = {test: time for test, time in times.items() if time is not None}
    own = {test for test in passed if test.startswith(f"{Path('tests', room, f'test_{path.name}')}::")}
    nodes = [node for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.stmt) and node.lineno <= mutant["line"] <= node.end_lineno]
    saw = set()
    for part in (range(mutant["line"], mutant["line"] + 1), *(range(n.lineno, n.end_lineno + 1) for n in nodes[::-1])):
        saw = saw or {test for line in part for test in by_line.get(line, ())} & passed.keys()
    saw = saw or {test for test in passed if test.startswith((f"tests/{room}/", *RULES))}
    plain = own if "accelerated" in source else ()
    for tests, variables in (own, {}), (saw - own, {}), (plain, {"TINYGAN_PLAIN": "1"}):
        chosen, seconds = [], 0
        for test in sorted(tests, key=lambda test: (test not in saw, passed[test])):
            if seconds + passed[test] < budget:
                chosen.append(test)
                seconds += passed[test]
        if chosen:
            yield chosen, 30 + int(2 * seconds), variables


def tried(mutant, copy, out, times, lines, budget):
    """The mutant with its result: killed, survived, late (the tests took too long) or gone (the line has changed)."""
    file = copy / mutant["file"]
    source = file.read_text()
    mutated = changed(source, mutant["operator"], mutant["occurrence"]) or source
    first, end = ([i for i, (a, b) in enumerate(zip(source.splitlines()[::way], mutated.splitlines()[::way])) if a != b]
                  or [0] for way in (1, -1))
    found = [" ".join(" ".join(text.splitlines()[first[0]:len(text.splitlines()) - end[0]]).split())
             for text in (source, mutated)]
    if found != [mutant.get("old", found[0]), mutant.get("new", found[1])] or mutated == source:
        return {**mutant, "result": "gone"}
    mutant.update(line=first[0] + 1, old=found[0], new=found[1], tests=0, result="survived")
    file.write_text(mutated)
    try:
        for tests, limit, variables in stages(mutant, source, times, lines, budget):
            compiled(file)
            files = sorted({test.partition("::")[0] for test in tests})
            status = run(copy, out / "last.log", Chosen(times, tests), ["-x", *files], limit, **variables)
            mutant["tests"] += len(tests)
            if status not in (0, 5):  # 5: no test is left
                mutant["result"] = "late" if status is None else "killed"
                break
    finally:
        file.write_text(source)
        compiled(file)
    return mutant


def compiled(file):
    """Forgets the compiled form of a file: Python goes by the size and the second of the source."""
    for old in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        old.unlink()


def equal():
    """The reason of each mutant that is an equal program, by (file, line before, line after)."""
    blocks = [block.split("\n", 3) for block in EQUAL.read_text().strip().split("\n\n") if block]
    return {(file, old[2:], new[1:].strip()): reason for file, old, new, reason in blocks}


def table(mutants):
    """Prints the survivors and the score."""
    known, count = equal(), dict.fromkeys(("killed", "late", "survived", "equal", "gone"), 0)
    for mutant in sorted(mutants, key=lambda mutant: (mutant["file"], mutant.get("line", 0))):
        if mutant["result"] == "survived":
            reason = known.get((mutant["file"], mutant["old"], mutant["new"]))
            mutant["result"] = "equal" if reason else "survived"
            print(f"{mutant['file']}:{mutant['line']}, {mutant['tests']} tests{': equal, ' + reason if reason else ''}")
            print(f"  - {mutant['old']}\n  + {mutant['new']}")
        count[mutant["result"]] += 1
    noticed = count["killed"] + count["late"]
    print(", ".join(f"{value} {name}" for name, value in count.items()))
    print(f"score: {noticed / max(noticed + count['survived'], 1):.1%} of those that are no equal programs")


def main():
    summary, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the copy and of the results")
    parser.add_argument("--rooms", nargs="+", default=ROOMS, help="files and folders of tinygan/")
    parser.add_argument("--count", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests: of the own file, of the others")
    parser.add_argument("--again", action="store_true", help="try the survivors again, by the files of now")
    options = parser.parse_args()
    os.nice(15)
    warm()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with (out / "results.jsonl").open("a+") as results:
        results.seek(0)
        done = {tuple(m[name] for name in KEY): m for m in map(json.loads, results)}
        copy = copied(out, options.again)
        if options.again:
            todo = [m for m in done.values() if m["result"] in ("survived", "late")
                    and (m["file"], m["old"], m["new"]) not in equal()]
        else:
            todo = [m for m in sampled(copy, options.rooms, options.count, options.seed) if (*m.values(),) not in done]
        times, lines = seen(out, copy) if todo else ({}, {})
        for i, mutant in enumerate(todo, 1):
            mutant = done[tuple(mutant[name] for name in KEY)] = tried(mutant, copy, out, times, lines, options.budget)
            print(json.dumps(mutant), file=results, flush=True)
            print(f"{i}/{len(todo)} {mutant['result']} {mutant['file']}:{mutant.get('line')}", flush=True)
    table(done.values())


if __name__ == "__main__":
    main()
