"""Attacks the real binary, case by case; see world.py. Arguments name the cases to run (FILE or FILE.FUNCTION), else all.

A case is a public function of a file in cases/: its docstring says the rule, its argument is the world, and it returns
the figures of its line. It fails by an exception. What it judges are counts, octets and processor time, never a latency.
"""

import importlib
import inspect
import sys
import tempfile
import time
import traceback
from pathlib import Path

from world import World

FILES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))


def cases(of):
    """The cases of a file, in its order."""
    module = importlib.import_module(f"cases.{of}")
    found = [
        (name, it)
        for name, it in vars(module).items()
        if inspect.isfunction(it) and it.__module__ == module.__name__ and not name.startswith("_")
    ]
    for name, it in found:
        if not it.__doc__:
            raise SystemExit(f"cases/{of}.py: {name} has no docstring")
    return found


def main():
    wanted = sys.argv[1:]
    chosen = [
        (of, name, case)
        for of in FILES
        for name, case in cases(of)
        if not wanted or of in wanted or f"{of}.{name}" in wanted
    ]
    if not chosen:
        raise SystemExit(f"no such case: {' '.join(wanted)}; there are {', '.join(FILES)}")
    passed = failed = 0
    for of, name, case in chosen:
        begin = time.monotonic()
        # Each has a Nomad of its own, so that none sees what another left.
        with tempfile.TemporaryDirectory() as folder, World(folder) as world:
            try:
                seen = case(world)
                passed += 1
                print(f"{of}.{name}: {seen}, in {time.monotonic() - begin:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                frames = [f for f in traceback.extract_tb(error.__traceback__) if "/cases/" in f.filename]
                where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""
                print(f"{of}.{name}: FAILED at {where}{type(error).__name__}: {error}", flush=True)
    print(f"attacks: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
