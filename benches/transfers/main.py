"""Zone transfers of nomadns beside NSD and Knot, which have the same records; `benches/transfers.sh` runs it.

All are primaries of one client, which counts the records and keeps nothing. The servers have one core and the client another.
"""

import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent.parent / "peers"))
import cost
import servers
from flood import percentile

# Of ten instances each: a million records and more.
SERVICES, INSTANCES = 2000, 10
TRANSFERS, CHANGES = 7, 500
ASKED_PER_SECOND, SECONDS, ROUNDS = 2000, 4, 5
AXFR, IXFR, SOA = 252, 251, 6
SERVER_CORE, CLIENT_CORE = 0, 1
MIB = 1 << 20


def query(kind, authority=b"", identifier=7):
    head = struct.pack("!HHHHHH", identifier, 0, 1, 0, 1 if authority else 0, 0)
    message = head + b"\5nomad\0" + struct.pack("!HH", kind, 1) + authority
    return struct.pack("!H", len(message)) + message


def changes_since(serial):
    """A query for what has changed since a serial."""
    data = b"\0\0" + struct.pack("!IIIII", serial, 0, 0, 0, 0)
    return query(IXFR, b"\5nomad\0" + struct.pack("!HHIH", SOA, 1, 0, len(data)) + data)


def transfer(port, asked):
    """Reads a transfer to its end: its records, octets and messages. It is over when the SOA that begins it comes again."""
    with socket.create_connection((servers.HOST, port), 30) as stream, stream.makefile("rb", MIB) as reading:
        stream.sendall(asked)
        records = octets = messages = 0
        soa = None
        while True:
            (length,) = struct.unpack("!H", reading.read(2))
            message = reading.read(length)
            messages, octets, records = messages + 1, octets + 2 + length, records + int.from_bytes(message[6:8], "big")
            if message[3] & 15:
                raise SystemExit(f"refused: {message[3] & 15}")
            # The serial and four times are the same at both ends, and behind the last there is an OPT at most.
            numbers = first_soa(message) if soa is None else soa
            is_end = numbers in message[-20 - 11 :] if soa else message.count(numbers) > 1
            soa = numbers
            if is_end:
                return records, octets, messages


def first_soa(message):
    """The numbers of the SOA that a transfer begins with: behind the question, the names of owner, server and mailbox."""
    at = 12 + len(b"\5nomad\0") + 4
    at = behind_name(message, at) + 10
    at = behind_name(message, behind_name(message, at))
    return message[at : at + 20]


def behind_name(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def serial_at(port):
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(2)
        udp.connect((servers.HOST, port))
        udp.send(query(SOA)[2:])
        return int.from_bytes(first_soa(udp.recv(4096))[:4], "big")


def resident(process):
    text = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M)[1]) / 1024


def started(bench, name, command, port):
    with open(f"{bench.folder}/{name}.log", "w") as log:
        process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *command], stdout=log, stderr=log, start_new_session=True)
    bench.running.append(process)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            transfer(port, query(AXFR))
            return process
        except (OSError, SystemExit, struct.error, IndexError):
            time.sleep(0.2)
    raise SystemExit(f"{name} does not transfer:\n{Path(f'{bench.folder}/{name}.log').read_text()[-1500:]}")


def demo(bench, rate):
    """A simulated Nomad that changes so often a second; its address."""
    log = f"{bench.folder}/demo-{rate}.log"
    with open(log, "w") as out:
        bench.running.append(subprocess.Popen(
            [bench.binary, "demo", "--services", str(SERVICES), "--instances", str(INSTANCES), "--change-rate", str(rate),
             "--ports", "auto", "--log-level", "error"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True))
    for _ in range(600):
        found = re.search(r"^Nomad .*(http://[^/']+)/", Path(log).read_text(), re.MULTILINE)
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise SystemExit("the simulated Nomad does not start")


def gateway(bench, name, nomad):
    port = servers.free_port()
    path = f"{bench.folder}/{name}.toml"
    Path(path).write_text(f"""
zones = ["nomad"]
[nomad]
addresses = ["{nomad}"]
[listen]
dns = ["{servers.HOST}:{port}"]
http = []
admin = []
[transfer]
allow = ["127.0.0.0/8"]
[limits]
udp_workers = 1
""")
    return port, started(bench, name, [bench.binary, "serve", "--config", path, "--log-level", "error"], port)


def peers(bench, zone):
    """NSD and Knot with that zone, each with its port."""
    nsd, knot = servers.free_port(), servers.free_port()
    Path(f"{bench.folder}/nsd.conf").write_text(f"""
server:
    ip-address: {servers.HOST}@{nsd}
    server-count: 1
    username: ""
    zonesdir: "{bench.folder}"
    database: ""
    pidfile: ""
    xfrdfile: "{bench.folder}/xfrd"
    zonelistfile: "{bench.folder}/zones"
    xfrdir: "{bench.folder}"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: nomad
    zonefile: "{zone}"
    provide-xfr: 127.0.0.1 NOKEY
""")
    Path(f"{bench.folder}/knot").mkdir()
    Path(f"{bench.folder}/knot.conf").write_text(f"""
server:
    rundir: {bench.folder}
    listen: {servers.HOST}@{knot}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: {bench.folder}/knot
acl:
  - id: all
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    acl: all
    zonefile-load: whole
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: nomad
    file: {zone}
""")
    yield "NSD", nsd, started(bench, "nsd", ["nsd", "-d", "-c", f"{bench.folder}/nsd.conf"], nsd)
    yield "Knot", knot, started(bench, "knotd", ["knotd", "-c", f"{bench.folder}/knot.conf"], knot)


def whole_zones(all_servers):
    """Each server in turn sends its zone; medians."""
    seen = {name: [] for name, *_ in all_servers}
    for _ in range(TRANSFERS):
        for name, port, process in all_servers:
            memory, before, begun = resident(process.pid), cost.seconds(process.pid), time.monotonic()
            records, octets, messages = transfer(port, query(AXFR))
            took = time.monotonic() - begun
            cpu = cost.between(before, cost.seconds(process.pid))
            seen[name].append((took, cpu, records, octets, messages, resident(process.pid) - memory))
    for name, of in seen.items():
        took, cpu, records, octets, messages, memory = (statistics.median(it) for it in zip(*of))
        print(f"whole zone: {name}: {records:.0f} records, {octets / 1e6:.1f} MB, {messages:.0f} messages in {took * 1000:.0f} ms: "
              f"{records / took / 1e6:.1f} M records/s, {cpu / records * 1e6:.2f} us CPU a record, {memory:+.1f} MiB", flush=True)


def queries_meanwhile(bench, all_servers):
    """What answers take while a transfer follows the other, against none."""
    client = servers.built(bench, "latency.c")
    if not client:
        print("queries meanwhile: left out, it wants a C compiler")
        return
    questions = f"{bench.folder}/questions"
    asked = servers.question("redis.default.nomad")
    Path(questions).write_bytes(struct.pack(">H", len(asked)) + asked)
    seen = {name: {"alone": [], "during transfers": []} for name, *_ in all_servers}
    # A core without work sleeps, and takes longer to wake up than an answer takes: neither of both is to sleep.
    awake = [subprocess.Popen([sys.executable, __file__, "awake", str(core)]) for core in (SERVER_CORE, CLIENT_CORE)]
    bench.running += awake
    for _ in range(ROUNDS):
        for name, port, _ in all_servers:
            for kind, times in seen[name].items():
                busy = subprocess.Popen([sys.executable, __file__, "again", str(port)]) if kind != "alone" else None
                done = subprocess.run(["taskset", "-c", str(CLIENT_CORE), client, servers.HOST, str(port), str(SECONDS),
                                       str(ASKED_PER_SECOND), questions], stdout=subprocess.PIPE, text=True, check=True)
                if busy:
                    busy.kill()
                    busy.wait()
                times += [int(line) for line in done.stdout.splitlines()[1:]]
    for process in awake:
        process.kill()
    for name, of in seen.items():
        for kind, times in of.items():
            print(f"queries {kind}: {name}: {len(times)}, p50 {percentile(times, 50) / 1000:.0f} us, "
                  f"p99 {percentile(times, 99) / 1000:.0f} us", flush=True)


def one_change(port, process):
    """What a transfer of the last change takes, in processor time, of a zone that stands still by now."""
    newest = serial_at(port)
    whole, *_ = transfer(port, query(AXFR))
    # The serials before it are about a second apart, as changes were.
    older = next(it for it in range(newest - 1, newest - 10, -1) if transfer(port, changes_since(it))[0] < 1000)
    before = cost.seconds(process.pid)
    for _ in range(CHANGES):
        records, octets, _ = transfer(port, changes_since(older))
    cpu = cost.between(before, cost.seconds(process.pid)) / CHANGES
    print(f"one change: {records} records, {octets} octets of a zone of {whole} records: {cpu * 1e6:.0f} us CPU", flush=True)


def main(binary):
    with tempfile.TemporaryDirectory() as folder:
        bench = SimpleNamespace(binary=binary, folder=folder, running=[])
        try:
            measure(bench)
        finally:
            for process in bench.running:
                process.kill()


def measure(bench):
    os.sched_setaffinity(0, {CLIENT_CORE})
    nomad = demo(bench, 0)
    zone = f"{bench.folder}/nomad.zone"
    exporting = [bench.binary, "export", "--zone", "nomad", "--nomad-address", nomad, "--log-level", "error"]
    exported = subprocess.run(exporting, stdout=subprocess.PIPE, text=True, check=True).stdout
    # As in a transfer, there are no TXT records.
    Path(zone).write_text("".join(line for line in exported.splitlines(True) if "\tTXT\t" not in line))
    port, process = gateway(bench, "nomadns", nomad)
    all_servers = [("nomadns", port, process), *peers(bench, zone)]
    whole_zones(all_servers)
    queries_meanwhile(bench, all_servers)
    changing = len(bench.running)
    port, process = gateway(bench, "nomadns-changes", demo(bench, 1))
    time.sleep(5)
    # Its Nomad stands still from now on.
    bench.running[changing].kill()
    time.sleep(2)
    one_change(port, process)


if __name__ == "__main__":
    if sys.argv[1] == "again":
        # What reads the transfers shares the core of what asks, and must not be what the queries wait for.
        os.nice(19)
        while True:
            transfer(int(sys.argv[2]), query(AXFR))
    elif sys.argv[1] == "awake":
        os.sched_setaffinity(0, {int(sys.argv[2])})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            pass
    main(sys.argv[1])
