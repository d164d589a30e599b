"""The primary side: a scripted Nomad whose services change at random, and the gateway before it, as docs/transfer.md configures it."""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.zone

sys.path.append(str(Path(__file__).parent.parent / "differential"))
sys.path.append(str(Path(__file__).parent.parent / "attack"))
from gateway import Processes, documented, expect, free_port, until
from nomad import Nomad, instance

ZONE = "nomad."
# The addresses of the examples.
PRIMARY, SECONDARY = "192.0.2.1", "192.0.2.53"
TAGS = ["v1", "v2", "primary", "canary", "blue"]


class Cluster(Nomad):
    """The scripted Nomad; what happens in it comes from one seed."""

    def __init__(self, processes, seed):
        super().__init__(processes, [free_port()])
        self.random = random.Random(seed)
        self.services = {f"svc{n}": {} for n in range(15)}
        self.saved_services = None
        self.marks = 0
        for name in self.services:
            for _ in range(self.random.randint(0, 4)):
                self.add(name)
            self.show(name)
        self.mark()

    def change(self):
        """One random change: an instance comes, goes or moves, or a service ends."""
        name = self.random.choice(list(self.services))
        instances = self.services[name]
        what = self.random.random()
        if not instances or what < 0.45:
            self.add(name)
        elif what < 0.55:
            instances.clear()
        else:
            del instances[self.random.choice(list(instances))]
            if what < 0.75:
                self.add(name)
        self.show(name)

    def add(self, name):
        pick, number = self.random, self.random.randint(1, 10_000)
        # Few addresses, since one that is no longer used changes the zone a while later.
        address = pick.choices(
            [f"10.0.0.{pick.randint(1, 40)}", f"2001:db8::{pick.randint(1, 15):x}", f"node{number % 9}.example.net"], [8, 3, 1]
        )[0]
        row = instance("default", name, number, address, pick.sample(TAGS, pick.randint(0, 2)))
        row["Datacenter"] = pick.choice(["dc1", "dc2"])
        self.services[name][number] = row

    def show(self, name):
        self.set_rows(name, list(self.services[name].values()))

    def mark(self):
        """Gives the service `mark` a new address, which is returned."""
        self.marks += 1
        address = f"10.99.{self.marks >> 8}.{self.marks & 255}"
        self.register("mark", addresses=[address])
        return address

    def save(self):
        super().save()
        self.saved_services = {name: dict(rows) for name, rows in self.services.items()}

    def restore(self):
        super().restore()
        self.services = self.saved_services


class Gateway:
    """The gateway; each start reads what it is configured with now."""

    def __init__(self, processes, cluster, folder, name="gateway"):
        self.processes, self.cluster, self.name = processes, cluster, name
        self.binary = os.environ["NOMADNS_BINARY"]
        self.port, self.admin_port = free_port(), free_port()
        self.config, self.state = folder / f"{name}.toml", folder / f"{name}.state"
        self.has_state = False
        self.keys, self.secondaries, self.notify_key = [], [], None
        self.process = None

    def configure(self, keys, secondaries, notify_key):
        """Keys as (name, secret), and the ports of those that are told; with the key of that name if any."""
        self.keys, self.secondaries, self.notify_key = keys, secondaries, notify_key

    def transfer(self):
        """What the page says, with these keys and ports."""
        if not self.keys and not self.secondaries:
            return ""
        [block] = documented("transfer.md", "nomadns")
        head, key, notify = re.split(r"(?=^\[\[)", block, maxsplit=2, flags=re.M)
        expect(key.startswith("[[transfer.keys]]") and notify.startswith("[[transfer.notify]]"), "docs/transfer.md:", block)
        parts = [head.replace(f'"{SECONDARY}"', '"127.0.0.1"')]
        parts += [re.sub(r'^secret = .*', f'secret = "{secret}"', key.replace("transfer.nomad", name), flags=re.M) for name, secret in self.keys]
        if self.notify_key:
            notify = notify.replace("transfer.nomad", self.notify_key)
        else:
            notify = re.sub(r"^key = .*\n", "", notify, flags=re.M)
        parts += [notify.replace(SECONDARY, f"127.0.0.1:{port}") for port in self.secondaries]
        return "\n".join(parts)

    def write(self):
        state = f'state_dir = "{self.state}"\n' if self.has_state else ""
        self.state.mkdir(exist_ok=True)
        self.config.write_text(
            f'[nomad]\naddresses = ["{self.cluster.addresses[0]}"]\n{state}'
            f'[listen]\ndns = ["127.0.0.1:{self.port}"]\nhttp = []\nadmin = ["127.0.0.1:{self.admin_port}"]\n{self.transfer()}'
        )

    def start(self):
        self.write()
        self.process = self.processes.start(self.name, [self.binary, "serve", "--config", str(self.config)])
        self.processes.wait_for(self.name, lambda: serial_at(self.port) is not None, 30)

    def stop(self):
        self.processes.stop(self.name)

    def reload(self):
        """Has it read its configuration again; returns when that is in use."""
        self.write()
        before = self.processes.log(self.name).count("reload: ")
        self.process.send_signal(signal.SIGHUP)
        expect(until(lambda: self.processes.log(self.name).count("reload: ") > before), "no reload:", self.processes.log(self.name)[-1000:])

    def export(self):
        """The records that `nomadns export` writes, but for the SOA and TXT."""
        command = [self.binary, "export", "--config", str(self.config), "--zone", ZONE.rstrip(".")]
        text = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout.decode()
        return records(dns.zone.from_text(text, ZONE, relativize=False))

    def metrics(self):
        import urllib.request

        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=5) as response:
            return response.read().decode()


def records(zone):
    """The records of a zone as a set of texts, but for the SOA and TXT."""
    left_out = (dns.rdatatype.SOA, dns.rdatatype.TXT)
    return {
        f"{name} {ttl} {dns.rdatatype.to_text(data.rdtype)} {data}".lower()
        for name, ttl, data in zone.iterate_rdatas()
        if data.rdtype not in left_out
    }


def transferred(port, keyring=None, keyname=None, zone=ZONE):
    """The zone that a server sends by AXFR, as a set of texts, and its serial."""
    zone = dns.zone.Zone(zone, relativize=False)
    query, _ = dns.xfr.make_query(zone, keyring=keyring, keyname=keyname)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=port, lifetime=20)
    return records(zone), zone.get_soa().serial


def serial_at(port, timeout=0.5, zone=ZONE):
    """The serial that a server has; none when it does not answer for the zone."""
    rrset = asked(port, zone, "SOA", timeout)
    return rrset and rrset[0].serial


def asked(port, name, rdtype, timeout=0.5):
    """The set of that name at a server, if there is one and the server answers."""
    query = dns.message.make_query(name, rdtype, flags=0)
    try:
        response = dns.query.udp(query, "127.0.0.1", port=port, timeout=timeout)
    except (dns.exception.DNSException, OSError):
        return None
    return response.get_rrset(response.answer, query.question[0].name, 1, query.question[0].rdtype)
