"""Measures nomadns beside its peers: `benches/peers.sh` runs it; docs/benchmarks.md says what it does.

Each server has one core and each client another. A round asks every server in turn, so that what the
machine does meanwhile is done to all; a ratio is of two figures of the same round, a median of rounds.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import ssl
from contextlib import contextmanager

import cost
import loads
import report
import saturated
import servers
from zone import Zone

# Of a run; with more taken away by the hypervisor it is not counted.
MOST_STOLEN = 0.02


class Bench:
    """What all servers share: the cluster, the zone, the certificate and the cores."""

    def __init__(self, options, folder):
        self.binary, self.before, self.folder = options.binary, options.before, folder
        self.server_core, self.client_core = options.server_core, options.client_core
        self.cluster = None

    def prepare(self):
        log = f"{self.folder}/cluster.log"
        with open(log, "w") as out:
            self.cluster = subprocess.Popen(
                [self.binary, "demo", "--services", "1000", "--instances", "3", "--change-rate", "0",
                 "--ports", "auto", "--log-level", "error"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )
        for _ in range(300):
            with open(log) as out:
                found = re.search(r"^Nomad .*(http://[^/']+)/", out.read(), re.MULTILINE)
            if found:
                break
            time.sleep(0.1)
        else:
            raise SystemExit("the simulated cluster does not start")
        self.nomad = found.group(1)
        path = f"{self.folder}/nomad.zone"
        with open(path, "w") as out:
            subprocess.run([self.binary, "export", "--zone", "nomad", "--nomad-address", self.nomad, "--log-level", "error"],
                           stdout=out, check=True)
        self.zone = Zone(path, self.folder)
        subprocess.run([self.binary, "certs", f"{self.folder}/certificates"], stdout=subprocess.DEVNULL, check=True)
        self.certificate = f"{self.folder}/certificates/localhost.pem"
        self.key = f"{self.folder}/certificates/localhost-key.pem"

    def same_answers(self, all_servers):
        """Gives nginx, as files, what nomadns answers; the path of the JSON form."""
        def fetch(path, accept):
            request = urllib.request.Request(
                f"https://127.0.0.1:{all_servers['nomadns'].ports['https']}{path}", headers={"Accept": accept})
            with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as response:
                return response.read()

        name = self.zone.names[0]
        path = f"/resolve?name={name}&type=A"
        files = {"answer": fetch(loads.path_of(loads.question(name)), "application/dns-message"),
                 "resolve.json": fetch(path, "application/dns-json")}
        files["dns-query"] = files["answer"]
        for file_name, octets in files.items():
            with open(f"{all_servers['nginx file'].folder}/www/{file_name}", "wb") as file:
                file.write(octets)
        return path

    def run(self, load, server):
        """CPU of one server under one load, in microseconds for each query; none when nothing was answered."""
        command = ["taskset", "-c", str(self.client_core), *load.client(server)]
        ticks, stolen = cost.stolen()
        before, began = cost.seconds(server.process.pid), time.monotonic()
        client = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        spent, took = cost.between(before, cost.seconds(server.process.pid)), time.monotonic() - began
        ticks_now, stolen_now = cost.stolen()
        count, missed = loads.answered(client.stdout)
        if not count:
            print(f"{server.name} answered nothing of {load.key}:\n{client.stdout[-2000:]}", flush=True)
            return None
        return {
            "us": round(spent / count * 1e6, 3), "per_second": round(count / took), "missed": missed,
            "stolen": round((stolen_now - stolen) / max(ticks_now - ticks, 1), 4),
        }


@contextmanager
def running(options, names=None):
    """What all share, and the servers of these names, or all: started, and stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        # Servers that are started by root give that up before they read.
        os.chmod(folder, 0o755)
        bench, started = Bench(options, folder), {}
        try:
            bench.prepare()
            started = {name: server for name, server in servers.all_of(bench).items() if names is None or name in names}
            for server in started.values():
                server.start()
            yield bench, started
        finally:
            for server in started.values():
                server.stop()
            if bench.cluster:
                bench.cluster.terminate()
                bench.cluster.wait()


def main():
    options = arguments()
    with running(options) as (bench, started):
        json_path = bench.same_answers(started)
        figures = measure(bench, options, loads.all_of(bench.zone, options.seconds, json_path), started)
    if not options.only or "saturated" in options.only:
        figures["saturated"] = saturated.run(options)
    report.write(figures, os.path.abspath(options.repository), keep=not options.print_only)


def measure(bench, options, all_loads, started):
    wanted = [load for load in all_loads if not options.only or load.key in options.only]
    runs = {}
    for at in range(options.rounds + 1):
        for load in wanted:
            for server in filter(load.asks, started.values()):
                if options.peers and server.name not in options.peers:
                    continue
                run = bench.run(load, server)
                # The first round fills caches and is not counted.
                if at > 0:
                    runs.setdefault(load.key, {}).setdefault(server.name, []).append(run)
                if not run:
                    continue
                print(f"{at}/{options.rounds} {load.key:10} {server.name:14} {run['us']:8.2f} us "
                      f"{run['per_second']:8} /s  missed {run['missed']}  stolen {run['stolen']:.1%}", flush=True)
    return {
        "date": time.strftime("%Y-%m-%d"), "machine": report.machine(), "rounds": options.rounds,
        "seconds": options.seconds, "most_stolen": MOST_STOLEN,
        "versions": {server.name: server.version for server in started.values() if server.version},
        "loads": [{"key": load.key, "title": load.title, "runs": runs[load.key]} for load in wanted],
    }


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers.sh", description="nomadns beside its peers")
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=4, help="how often each is asked (default 4)")
    parser.add_argument("--seconds", type=float, default=1, help="how long each time (default 1)")
    parser.add_argument("--server-core", default="0", help="which core, or cores (0-1), the servers have")
    parser.add_argument("--client-core", default="1", help="which the client has")
    parser.add_argument("--only", nargs="*", metavar="LOAD", help="only these: udp, udp-mix, tcp, tcp-each, dot, ..., saturated")
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="only these servers")
    parser.add_argument("--before", metavar="BINARY", help="another build of nomadns, measured beside this one")
    parser.add_argument("--print-only", action="store_true", help="write nothing to docs/")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    options.before = options.before and os.path.abspath(options.before)
    if options.only or options.peers or options.before:
        # A part of the table must not stand for all of it.
        options.print_only = True
    return options


if __name__ == "__main__":
    # SIGTERM must end the servers too.
    import signal
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
