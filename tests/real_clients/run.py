"""Drives each client as its user would, in a network of its own; see world.py.

Its first argument is the folder with what .ci/clients has installed; the others name the cases to run, else all.
"""

import importlib
import sys
import tempfile
import time
import traceback
from pathlib import Path

from world import Skipped, World

CASES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))


def main():
    tools, *names = sys.argv[1:]
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, tools)
        world.prepare_network()
        with world.processes() as processes:
            world.start(processes)
            for name in names or CASES:
                for client, check in importlib.import_module(f"cases.{name}").CLIENTS.items():
                    begin = time.monotonic()
                    try:
                        seen = check(world)
                        passed += 1
                        print(f"{client}: {seen}, in {time.monotonic() - begin:.1f} s", flush=True)
                    except Skipped as why:
                        skipped += 1
                        print(f"{client}: SKIPPED, {why}", flush=True)
                    except (Exception, SystemExit) as error:
                        failed += 1
                        where = traceback.extract_tb(error.__traceback__)[-1]
                        frames = [f for f in traceback.extract_tb(error.__traceback__) if "/cases/" in f.filename]
                        where = frames[-1] if frames else where
                        print(f"{client}: FAILED at {Path(where.filename).name}:{where.lineno}: {error}", flush=True)
    print(f"clients: {passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()
