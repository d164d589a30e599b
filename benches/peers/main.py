"""Measures nomadns beside its peers: `benches/peers.sh` runs it; docs/benchmarks.md says what it does.

Each server has one core and each client another. A round asks every server in turn, so that what the
machine does meanwhile is done to all; a ratio is of two figures of the same round, a median of rounds.
"""

import argparse
import os
import signal
import sys
import time

import flood
import loads
import report
import saturated
from bench import running

# Of a run; with more taken away by the hypervisor it is not counted.
MOST_STOLEN = 0.02


def main():
    options = arguments()
    with running(options) as (bench, started):
        json_path = bench.same_answers(started)
        bench.check_forwarded(started)
        figures = measure(bench, options, loads.all_of(bench.zone, options.seconds, json_path), started)
        if not options.only or "flood" in options.only:
            figures["flood"] = flood.run(bench, options, started)
    if not options.only or "saturated" in options.only:
        figures["saturated"] = saturated.run(options)
    report.write(figures, os.path.abspath(options.repository), keep=not options.print_only, update=options.update)


def measure(bench, options, all_loads, started):
    rows = [load for load in all_loads if not options.only or load.key in options.only]
    # What a row is compared with is measured beside it.
    wanted = [load for load in all_loads if load in rows or load.key in {row.like for row in rows}]
    runs = {}
    for at in range(options.rounds + 1):
        for load in wanted:
            asked = [server for server in started.values() if load.asks(server)]
            # Only with its forwarded names is a load of others asked beside them.
            asked = [server for server in asked if load in rows or server.forwards]
            asked = [server for server in asked if not options.peers or server.name in options.peers]
            # Another is first each time: what went before is not the same for all.
            first = at % max(len(asked), 1)
            for server in asked[first:] + asked[:first]:
                run = bench.run(load, server)
                # The first round fills caches and is not counted.
                if at > 0:
                    runs.setdefault(load.key, {}).setdefault(server.name, []).append(run)
                if not run:
                    continue
                print(f"{at}/{options.rounds} {load.key:14} {server.name:14} {run['us']:8.2f} us "
                      f"{run['per_second']:8} /s  missed {run['missed']}  stolen {run['stolen']:.1%}", flush=True)
    return {
        "date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "rounds": options.rounds,
        "seconds": options.seconds, "most_stolen": MOST_STOLEN,
        "versions": {server.name: server.version for server in started.values() if server.version},
        "loads": [
            {"key": load.key, "title": load.title, "runs": runs[load.key], **({"like": runs[load.like]} if load.like else {})}
            for load in rows
        ],
    }


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers.sh", description="nomadns beside its peers")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=4, help="how often each is asked (default 4)")
    parser.add_argument("--seconds", type=float, default=1, help="how long each time (default 1)")
    parser.add_argument("--server-core", default="0", help="which core, or cores (0-1), the servers have")
    parser.add_argument("--client-core", default="1", help="which the client has")
    parser.add_argument("--only", nargs="*", metavar="LOAD", help="only these: udp, udp-mix, tcp, tcp-each, dot, ..., forwarded-miss, ..., flood, saturated")
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="only these servers")
    parser.add_argument("--before", metavar="BINARY", help="another build of nomadns, measured beside this one")
    parser.add_argument("--update", action="store_true", help="with --only, write these rows to docs/ and leave the others")
    parser.add_argument("--print-only", action="store_true", help="write nothing to docs/")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    options.before = options.before and os.path.abspath(options.before)
    if options.only and not options.update or options.peers or options.before:
        # A part of the table must not stand for all of it.
        options.print_only = True
    return options


if __name__ == "__main__":
    # SIGTERM must end the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
