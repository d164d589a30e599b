"""Opens a page of the cluster and one outside of it in Chromium and Firefox, in each way that docs/browsers.md has.

Wants a network and mounts of its own, see world.py, and an empty folder for all that it writes; the environment gives
NOMADNS_BINARY. The other arguments name the cases to run, by how they begin, else all.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "differential"))
import chromium
import firefox
from gateway import Processes
from world import World

CASES = chromium.CASES | firefox.CASES


def main():
    folder, *wanted = sys.argv[1:]
    wanted = tuple(wanted) or ("",)
    # It is the first process of its own: without a handler the signal would be ignored.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    passed = failed = 0
    with Processes(folder) as processes:
        world = World(folder, processes)
        for name, check in CASES.items():
            if not name.startswith(wanted):
                continue
            begin = time.monotonic()
            world.begin()
            try:
                seen = check(world)
                passed += 1
                print(f"{name}: {seen}, in {time.monotonic() - begin:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                print(f"{name}: FAILED, {type(error).__name__}: {error}", flush=True)
    print(f"browsers: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
