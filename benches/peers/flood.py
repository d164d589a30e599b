"""How long the cluster's names take while names that nobody knows are forwarded, against while none are.

The client that is timed asks for one name after the other at a steady rate, and dnsperf asks for another random name
each time. Both are on the client's core; the time of an answer ends when the kernel has it there.
"""

import re
import statistics
import struct
import subprocess
import urllib.request

import servers

# Of random names, and of the cluster's names, in queries a second.
FLOOD, ASKED = 8_000, 4_000
SECONDS = 2
# The bound of nomadns's cache of what is forwarded, by default, in octets.
CACHE_OCTETS = 32 << 20


def run(bench, options, started):
    """Of each server, the times of all rounds in nanoseconds without and with the flood; none where they cannot be measured."""
    client = servers.built(bench, "latency.c")
    if not client or not bench.upstream:
        print("flood: left out, it wants a C compiler", flush=True)
        return None
    questions = f"{bench.folder}/questions"
    with open(questions, "wb") as file:
        for asked in map(servers.question, bench.zone.names):
            file.write(struct.pack(">H", len(asked)) + asked)
    times = {}
    for at in range(options.rounds + 1):
        for server in (it for it in started.values() if it.forwards):
            if options.peers and server.name not in options.peers:
                continue
            for kind in ("quiet", "flood"):
                found = ask(bench, server, client, questions, kind == "flood")
                # The first round fills caches and is not counted.
                if at > 0:
                    times.setdefault(server.name, {"quiet": [], "flood": []})[kind] += found
                print(f"{at}/{options.rounds} {kind:14} {server.name:14} p50 {percentile(found, 50) / 1000:8.1f} us "
                      f"p99 {percentile(found, 99) / 1000:8.1f} us", flush=True)
    figures = {name: {kind: summary(all_times) for kind, all_times in kinds.items()} for name, kinds in times.items()}
    for name in figures:
        octets = cache_octets(started[name])
        if octets is not None:
            figures[name]["cache_octets"], figures[name]["most_cache_octets"] = octets, CACHE_OCTETS
    return figures


def ask(bench, server, client, questions, is_flooded):
    """The times of the answers, in nanoseconds."""
    pinned = ["taskset", "-c", str(bench.client_core)]
    flood = None
    if is_flooded:
        flood = subprocess.Popen(
            [*pinned, "dnsperf", "-s", servers.HOST, "-p", str(server.ports["dns"]), "-d", bench.zone.unknown(SECONDS + 2, FLOOD),
             "-Q", str(FLOOD), "-l", str(SECONDS + 1), "-c", "8", "-q", "400", "-t", "2", "-S", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        done = subprocess.run(
            [*pinned, client, servers.HOST, str(server.ports["dns"]), str(SECONDS), str(ASKED), questions],
            stdout=subprocess.PIPE, text=True, check=True)
    finally:
        text = flood.communicate()[0] if flood else ""
    rate = re.search(r"Queries per second:\s+(\d+)", text)
    if flood and (not rate or int(rate.group(1)) < FLOOD * 0.9):
        print(f"{server.name}: the flood is not answered:\n{text[-600:]}", flush=True)
    found = [int(line) for line in done.stdout.splitlines()[1:]]
    if len(found) < ASKED * SECONDS * 0.99:
        print(f"{server.name}: {done.stdout.splitlines()[0]}", flush=True)
    return found


def cache_octets(server):
    """How many octets nomadns keeps of what it forwarded; none for the others."""
    if not server.admin:
        return None
    with urllib.request.urlopen(f"http://{servers.HOST}:{server.admin}/metrics") as response:
        found = re.search(r"^nomadns_forward_cache_octets (\S+)", response.read().decode(), re.MULTILINE)
    return int(float(found.group(1)))


def percentile(times, percent):
    ordered = sorted(times) or [0]
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def summary(times):
    """The median and the percentiles, in microseconds."""
    return {"count": len(times), "median": round(statistics.median(times) / 1000, 1),
            "p99": round(percentile(times, 99) / 1000, 1)}
