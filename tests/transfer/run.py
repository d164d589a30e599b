"""Has NSD, Knot, BIND and PowerDNS copy the cluster's zone, as docs/transfer.md says, while everything happens that may.

After each step, once each secondary has the gateway's serial, its zone equals what `nomadns export` prints, record by record; no serial
at a secondary ever goes back. The environment gives NOMADNS_BINARY, and COREDNS_BIN if CoreDNS takes part. Arguments name the steps.
"""

import os
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import catalogs
import coredns
import load
from secondaries import ALL
from world import Cluster, Gateway, Processes, expect, free_port, serial_at, transferred, until

import dns.tsigkeyring

SEED = int(os.environ.get("SEED", time.time_ns() & 0xFFFF))
CHANGES = 1000
STORM_PER_SECOND = 100
# What all may take to be current, as a bound that a slow machine keeps.
CURRENT_SECONDS = 15
# What addresses that were used a while ago may take to be forgotten, and some more.
QUIET_SECONDS = 120
OLD_KEY = ("transfer.nomad", "NoTCJU+DMqFWywaPyxSijrDEA/eC3nK0xi3AMEZuPVk=")
NEW_KEY = ("transfer2.nomad", "bm9tYWRucyB0cmFuc2ZlciBrZXkgbnVtYmVyIHR3byE=")


def is_before(one, other):
    """Whether a serial is older than another (RFC 1982)."""
    return one != other and (other - one) % (1 << 32) < 1 << 31


def is_address(record):
    """Whether a record says which address the name HEX.addr of it has."""
    return re.match(r"[0-9a-f]+\.addr\.\S+ \d+ (a|aaaa) ", record) is not None


class Watch(threading.Thread):
    """Asks each server for its serial all the time; notes those that go back."""

    def __init__(self, servers):
        super().__init__(daemon=True)
        self.servers, self.wrong, self.seen, self.ended = servers, [], {}, threading.Event()

    def run(self):
        while not self.ended.wait(0.05):
            for name, port in self.servers:
                serial, last = serial_at(port, 0.2), self.seen.get(name)
                if serial is None:
                    continue
                if last is not None and is_before(serial, last):
                    self.wrong.append(f"{name}: {last}, then {serial}")
                self.seen[name] = serial


class Run:
    def __init__(self, folder, processes):
        self.folder, self.processes = folder, processes
        self.cluster = Cluster(processes, SEED)
        self.gateway = Gateway(processes, self.cluster, folder)
        self.secondaries = [kind(processes, folder, self.gateway.port) for kind in ALL]
        self.ports = [it.port for it in self.secondaries]
        servers = [(it.name, it.port) for it in self.secondaries]
        self.watch = Watch([("gateway", self.gateway.port), *servers])

    def use(self, keys, notify_key):
        self.gateway.configure(keys, self.ports, notify_key[0])

    def begin(self):
        """All start with nothing."""
        self.use([OLD_KEY], OLD_KEY)
        self.gateway.start()
        for it in self.secondaries:
            it.configure(*OLD_KEY)
            it.start()
        self.watch.start()

    def equal(self, what, servers=None):
        """Waits until the gateway is quiet and each secondary has its serial; then they have the same zone."""
        begin = time.monotonic()
        while True:
            wanted = until(self.quiet, QUIET_SECONDS)
            expect(wanted, what, "the export and the gateway's own AXFR do not become equal")
            quiet = time.monotonic() - begin
            late = self.same(what, *wanted, servers or self.secondaries)
            if late is not None:
                break
            # An address was forgotten meanwhile; see `is_address`.
            expect(time.monotonic() < begin + QUIET_SECONDS, what, "the gateway does not become quiet")
        expect(not self.watch.wrong, what, "a serial went back:", self.watch.wrong)
        late = ", ".join(f"{name} {at - begin:.1f} s" for name, at in late)
        print(f"{what}: {len(wanted[1])} records, serial {wanted[0]}, equal: gateway {quiet:.1f} s, {late}", flush=True)

    def same(self, what, serial, records, servers):
        """Compares each secondary with that serial and these records; says when they were equal, or nothing if the serial has moved."""
        late = []
        for it in servers:
            has_moved = lambda: serial_at(self.gateway.port) not in (serial, None)
            current = until(lambda: it.serial() == serial or has_moved(), CURRENT_SECONDS)
            expect(current, what, it.name, "has", it.serial(), "not", serial, self.processes.log(it.name)[-1200:])
            found, found_serial = it.records()
            if found_serial != serial:
                expect(has_moved(), what, it.name, "has", found_serial, "not", serial)
                return None
            expect(found == records, what, it.name, "lacks", sorted(records - found)[:5], "has", sorted(found - records)[:5])
            late.append((it.name, time.monotonic()))
        return late

    def quiet(self):
        """The serial and the records of the gateway, once these are what an export has and stay."""
        before = serial_at(self.gateway.port)
        found, serial = transferred(self.gateway.port, *self.key())
        exported = self.gateway.export()
        # The gateway still knows the names of addresses that were given out in SRV records a while ago.
        is_same = exported <= found and all(map(is_address, found - exported))
        return (serial, found) if is_same and before == serial == serial_at(self.gateway.port) else None

    def key(self):
        if not self.gateway.keys:
            return None, None
        name, secret = self.gateway.keys[-1]
        return dns.tsigkeyring.from_text({f"{name}.": secret}), f"{name}."

    def change(self, count):
        for _ in range(count):
            self.cluster.change()

    # The steps.

    def start(self):
        """Empty secondaries copy the zone."""
        self.equal("start")

    def storm(self):
        """1,000 random changes, 100 a second: how late each is meanwhile, and what they have then."""
        stop, late = threading.Event(), {it.name: [] for it in self.secondaries}
        shown = {}

        def look(it):
            while not stop.is_set():
                at = time.monotonic()
                mark = next((a for a in sorted(shown, key=shown.get, reverse=True) if it.has(a)), None) if shown else None
                newer = [t for a, t in shown.items() if mark and t > shown[mark]]
                if newer:
                    late[it.name].append(at - min(newer))
                time.sleep(0.02)

        lookers = [threading.Thread(target=look, args=(it,)) for it in self.secondaries]
        begin = time.monotonic()
        for looker in lookers:
            looker.start()
        for n in range(CHANGES):
            self.cluster.change()
            if n % 10 == 0:
                address = self.cluster.mark()
                shown[address] = time.monotonic()
            time.sleep(max(0, begin + n / STORM_PER_SECOND - time.monotonic()))
        took = time.monotonic() - begin
        stop.set()
        for looker in lookers:
            looker.join()
        figures = ", ".join(f"{name} {max(of, default=0):.1f} s" for name, of in late.items())
        print(f"storm: {CHANGES / took:.0f} changes a second; how late at most: {figures}", flush=True)
        self.equal("storm")

    def latency(self):
        """From a change in Nomad to the secondary's answer, each after a pause."""
        took = {it.name: [] for it in self.secondaries}

        def wait(it, address, begin):
            while not it.has(address):
                if time.monotonic() > begin + 5:
                    break
                time.sleep(0.002)
            took[it.name].append(time.monotonic() - begin)

        for _ in range(20):
            # Past the step of a second, so that it is the first change after a pause.
            time.sleep(1.1)
            begin = time.monotonic()
            address = self.cluster.mark()
            waiting = [threading.Thread(target=wait, args=(it, address, begin)) for it in self.secondaries]
            for one in waiting:
                one.start()
            for one in waiting:
                one.join()
        for name, of in took.items():
            median = statistics.median(of)
            print(f"latency: {name} {median * 1000:.0f} ms ({min(of) * 1000:.0f} to {max(of) * 1000:.0f}), 20 changes", flush=True)
            expect(median < 5, name, of)
        self.equal("latency")

    def secondaries_restart(self):
        """Each secondary is away while the cluster changes, and misses all NOTIFYs."""
        for it in self.secondaries:
            it.stop()
        self.change(30)
        time.sleep(1)
        self.change(30)
        for it in self.secondaries:
            it.start()
        self.equal("restart of the secondaries")

    def gateway_restart(self):
        """The same with a state_dir, in which its serial is kept."""
        self.gateway.stop()
        self.gateway.has_state = True
        self.change(30)
        self.gateway.start()
        self.equal("restart of the gateway")

    def gateway_restart_without_state(self):
        """The gateway is away while the cluster changes; without a state_dir its serial is the time."""
        self.gateway.stop()
        self.change(30)
        self.gateway.start()
        self.equal("restart of the gateway without state")
        self.change(10)
        self.equal("changes after a restart without state")

    def lost_notify(self):
        """The first two NOTIFYs of a change are lost on their way."""
        paths = [Lossy(it.port) for it in self.secondaries]
        self.ports = [path.port for path in paths]
        self.use(self.gateway.keys, self.gateway.keys[-1])
        self.gateway.reload()
        self.change(1)
        self.equal("through another path")
        for path in paths:
            path.drop = 2
        self.change(5)
        self.equal("two lost NOTIFYs")
        expect(all(path.drop == 0 for path in paths), "no NOTIFY was lost")
        self.ports = [it.port for it in self.secondaries]
        self.use(self.gateway.keys, self.gateway.keys[-1])
        self.gateway.reload()
        for path in paths:
            path.end()

    def key_rolls(self):
        """Both keys are known, the secondaries turn to the new one, the old one ends."""
        self.use([OLD_KEY, NEW_KEY], OLD_KEY)
        self.gateway.reload()
        self.change(5)
        self.equal("two keys")
        for it in self.secondaries:
            it.configure(*NEW_KEY)
            it.restart()
        self.use([OLD_KEY, NEW_KEY], NEW_KEY)
        self.gateway.reload()
        self.change(5)
        self.equal("the new key")
        self.use([NEW_KEY], NEW_KEY)
        self.gateway.reload()
        self.change(5)
        self.equal("without the old key")

    def nomad_restored(self):
        """Nomad goes back to what it was, with a lower index."""
        self.cluster.save()
        self.change(40)
        self.equal("before the restore")
        self.cluster.restore()
        self.equal("Nomad restored")
        self.change(20)
        self.equal("changes after it")

    def coredns(self):
        """CoreDNS as a secondary, without a key."""
        coredns.run(self)

    def catalog_zone(self):
        """Secondaries that take the list of the zones too."""
        catalogs.run(self, OLD_KEY)

    def load(self):
        """What several gateways ask of Nomad."""
        load.run(self)


class Lossy(threading.Thread):
    """A way to a server on this host that loses the next datagrams if it is told to."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.port, self.drop = ("127.0.0.1", server), free_port(), 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        self.socket.settimeout(0.2)
        self.ended = False
        self.start()

    def run(self):
        while not self.ended:
            try:
                octets, client = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            if self.drop and octets[2] & 0x78 == 0x20:
                self.drop -= 1
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
                way.settimeout(0.5)
                way.sendto(octets, self.server)
                try:
                    self.socket.sendto(way.recv(65535), client)
                except OSError:
                    pass

    def end(self):
        self.ended = True
        self.join()
        self.socket.close()


STEPS = [
    "start", "storm", "latency", "secondaries_restart", "lost_notify", "gateway_restart_without_state", "gateway_restart",
    "key_rolls", "nomad_restored", "catalog_zone", "coredns", "load",
]


def main():
    steps = sys.argv[1:] or STEPS
    begin = time.monotonic()
    print(f"SEED={SEED}")
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        run = Run(Path(folder), processes)
        run.begin()
        for step in steps:
            getattr(run, step)()
        run.watch.ended.set()
    print(f"transfer: {len(steps)} steps in {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
