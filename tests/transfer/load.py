"""What Nomad has to answer for 1, 2 and 10 gateways, and for one with secondaries: requests a second, by kind."""

import time
from collections import Counter

from world import Gateway

SECONDS = 4
CHANGES_PER_SECOND = 10


def run(of):
    """Counts requests at rest and while the cluster changes."""
    time.sleep(1)
    secondaries = len(of.secondaries)
    print(f"load: 1 gateway with {secondaries} secondaries; at rest {counted(of, 0)}; moving {counted(of, CHANGES_PER_SECOND)}", flush=True)
    of.gateway.stop()
    for count in (1, 2, 10):
        gateways = [Gateway(of.processes, of.cluster, of.folder, f"load{count}.{n}") for n in range(count)]
        for gateway in gateways:
            gateway.configure([], [], None)
            gateway.start()
        time.sleep(1)
        rest, moving = counted(of, 0), counted(of, CHANGES_PER_SECOND)
        for gateway in gateways:
            gateway.stop()
        print(f"load: {count} gateways; at rest {rest}; moving {moving}", flush=True)


def counted(of, changes_per_second):
    before, begin = of.cluster.requests(), time.monotonic()
    while time.monotonic() < begin + SECONDS:
        if changes_per_second:
            of.cluster.change()
        time.sleep(1 / max(changes_per_second, 1))
    counts = Counter(of.cluster.requests()) - Counter(before)
    kinds = ", ".join(f"{kind} {number / SECONDS:.1f}" for kind, number in counts.most_common(4))
    return f"{sum(counts.values()) / SECONDS:.1f} requests a second ({kinds})"
