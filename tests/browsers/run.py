"""Opens a page of the cluster and one outside of it in Chromium and Firefox, in each way that docs/browsers.md has, and
pages with HTTPS records (docs/names.md).

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
# A case takes some seconds, and on a busy machine minutes. Each wait in it has an end of its own; this is for what was not thought of.
CASE_SECONDS = 900


def main():
    folder, *wanted = sys.argv[1:]
    wanted = tuple(wanted) or ("",)
    # It is the first process of its own: without a handler the signal would be ignored.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, too_long)
    passed = failed = 0
    with Processes(folder) as processes:
        world = World(folder, processes)
        for name, check in CASES.items():
            if not name.startswith(wanted):
                continue
            begin = time.monotonic()
            world.begin()
            try:
                signal.alarm(CASE_SECONDS)
                seen = check(world)
                passed += 1
                print(f"{name}: {seen}, in {time.monotonic() - begin:.1f} s", flush=True)
            except Exception as error:
                failed += 1
                seconds = time.monotonic() - begin
                print(f"{name}: FAILED after {seconds:.1f} s, {type(error).__name__}: {error}", flush=True)
                print(*getattr(error, "__notes__", []), sep="\n", flush=True)
            finally:
                signal.alarm(0)
    print(f"browsers: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


def too_long(_, frame):
    raise TimeoutError(f"the case takes longer than {CASE_SECONDS} s, in {frame.f_code.co_filename}:{frame.f_lineno}")


main()
