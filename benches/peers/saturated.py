"""How many queries a second one core answers over UDP: one server, saturated from another network namespace.

Over loopback the client and the server share the kernel's work, and a client on one core cannot ask more than a
server on another answers. So the queries come over a pair of virtual interfaces, from kxdpgun, which makes its
packets without the kernel's network stack. Wants root, iproute2 and kxdpgun; all of it stays on this machine.

`run` makes the namespaces and starts this file in that of the servers, which then prints its figures as JSON.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

import servers
from bench import running

SERVERS, CLIENT = "nomadns-peers", "nomadns-peers-client"
ADDRESS, CLIENT_ADDRESS = "10.99.0.1", "10.99.0.2"
# Over what any of them answers on a core, in queries a second.
OFFERED = 400_000
SECONDS = 1
TRIES = 10
# The others forward, or want their names in another form than a zone.
NAMES = ("bare loop", "nomadns", "before", "NSD", "Knot", "Unbound", "PowerDNS", "CoreDNS", "CoreDNS nomad")


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


def run(options):
    """Queries a second of each server, a list of all rounds; none where it cannot be measured."""
    if os.geteuid() or not shutil.which("kxdpgun") or not shutil.which("ip"):
        print("UDP saturated: left out, it wants root, iproute2 and kxdpgun", flush=True)
        return None
    try:
        make_namespaces()
        command = [sys.executable, os.path.abspath(__file__), "--binary", options.binary, "--rounds", str(options.rounds),
                   "--server-core", str(options.server_core), "--client-core", str(options.client_core)]
        command += ["--before", options.before] if options.before else []
        done = subprocess.run(["ip", "netns", "exec", SERVERS, *command], stdout=subprocess.PIPE, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None
    except subprocess.CalledProcessError as error:
        print(f"UDP saturated: left out, no network namespaces: {error.stderr.strip()}", flush=True)
        return None
    finally:
        for name in (SERVERS, CLIENT):
            ip("netns", "delete", name, check=False)


def make_namespaces():
    for name in (SERVERS, CLIENT):
        ip("netns", "delete", name, check=False)
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    # Both ends are made where they belong, so that no name of the machine's own is in the way.
    ip("-n", SERVERS, "link", "add", "servers", "type", "veth", "peer", "name", "client", "netns", CLIENT)
    for name, link, address in ((SERVERS, "servers", ADDRESS), (CLIENT, "client", CLIENT_ADDRESS)):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
        ip("-n", name, "link", "set", link, "up")


def ask(bench, server):
    """Queries a second that come back answered."""
    command = ["ip", "netns", "exec", CLIENT, "taskset", "-c", str(bench.client_core), "kxdpgun", "-t", str(SECONDS),
               "-b", "20", "-Q", str(OFFERED), "-F", "1", "-i", bench.zone.plain, "-p", str(server.ports["dns"]), ADDRESS]
    for _ in range(TRIES):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS + 30)
        found = re.search(r"total replies:\s+\d+ \((\d+) pps\)", done.stdout)
        if found:
            return int(found.group(1))
        # The kernel takes a moment to give back what the one before had.
        time.sleep(0.5)
    raise SystemExit(f"kxdpgun said nothing that is understood:\n{done.stdout[-2000:]}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--binary", "--before", "--server-core", "--client-core"):
        parser.add_argument(name)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    servers.HOST = ADDRESS
    figures = {}
    # What else is printed is for people.
    out, sys.stdout = sys.stdout, sys.stderr
    with running(options, NAMES) as (bench, started):
        for at in range(options.rounds + 1):
            for name, server in started.items():
                answered = ask(bench, server)
                # The first round fills caches and is not counted.
                if at > 0:
                    figures.setdefault(name, []).append(answered)
                print(f"{at}/{options.rounds} saturated  {name:14} {answered:8} /s", flush=True)
    json.dump(figures, out)


if __name__ == "__main__":
    main()
