"""Knot, BIND and PowerDNS take the list of the zones from a gateway too (RFC 9432), as docs/transfer.md has it."""

import re
import shlex

import dns.exception
import dns.tsigkeyring

from secondaries import Bind, Knot, PowerDns
from world import PRIMARY, SECONDARY, Gateway, documented, expect, serial_at, transferred, until

HEADING = "Catalog zones"
GATEWAY, KNOT, BIND, POWERDNS, POWERDNS_ZONE = range(5)
# What a server may take to take up a zone, and to drop one; PowerDNS looks for new ones once in a while.
WITHIN_SECONDS = 90


def block(number):
    blocks = documented("transfer.md", HEADING)
    expect(len(blocks) == 5, "docs/transfer.md:", len(blocks), "blocks under", HEADING)
    return blocks[number]


class ListingGateway(Gateway):
    """A gateway that lists its zones."""

    zones = ["nomad", "service.nomad"]

    def records(self, zone):
        name, secret = self.keys[0]
        return transferred(self.port, dns.tsigkeyring.from_text({name: secret}), name, zone=zone)

    def transfer(self):
        head, key, notify = re.split(r"(?=^\[\[)", block(GATEWAY), maxsplit=2, flags=re.M)
        notify = "".join(notify.replace(SECONDARY, f"127.0.0.1:{port}") for port in self.secondaries)
        return head.replace(f'"{SECONDARY}"', '"127.0.0.1"') + key + notify

    def write(self):
        super().write()
        self.config.write_text(f"zones = {self.zones!r}\n{self.config.read_text()}")


class KnotConsumer(Knot):
    name = "knot-consumer"

    def with_key(self, text, key, secret):
        above, _ = text.split("zone:\n")
        return above + block(KNOT)


class BindConsumer(Bind):
    name = "bind-consumer"

    def with_key(self, text, key, secret):
        return text.split("zone ")[0] + block(BIND)

    def placed(self, text):
        # There is one section of options, which is in the head.
        keys, options, rest = re.split(r"^options \{\n(.*?)^\};\n", super().placed(text), flags=re.S | re.M)
        self.options = options
        return keys + rest

    def configure(self, key, secret):
        super().configure(key, secret)
        self.config.write_text(self.config.read_text().replace("options {\n", "options {\n" + self.options, 1))


class PowerDnsConsumer(PowerDns):
    name = "powerdns-consumer"

    def configure(self, key, secret):
        file, commands = documented("transfer.md", self.heading)
        head = self.head.format(folder=self.folder, port=self.port)
        self.config.write_text(head + self.placed(file))
        [make_key] = [line for line in commands.splitlines() if "import-tsig-key" in line]
        for line in [make_key, *block(POWERDNS).splitlines()]:
            self.run(shlex.split(line.replace(PRIMARY, f"127.0.0.1:{self.primary}")))

    def take_up(self, zone):
        """Gives a zone its key, once it is there."""
        lines = block(POWERDNS_ZONE).replace("service.nomad", zone).splitlines()
        return all(self.runs(shlex.split(line)) for line in lines)


def run(of, key):
    """All begin; a zone is added, another is dropped, and one is added while the consumers are away."""
    gateway = ListingGateway(of.processes, of.cluster, of.folder, "gateway with a list")
    consumers = [kind(of.processes, of.folder, gateway.port) for kind in (KnotConsumer, BindConsumer, PowerDnsConsumer)]
    gateway.configure([key], [it.port for it in consumers], key[0])
    gateway.start()
    for it in consumers:
        it.configure(*key)
        it.start()
    try:
        agree(of, "the list is new", gateway, consumers)
        for what, zones, gone in [
            ("a zone is added", ["nomad", "service.nomad", "extra.example"], []),
            ("a zone is dropped", ["nomad", "extra.example"], ["service.nomad"]),
        ]:
            gateway.zones = zones
            gateway.reload()
            of.change(10)
            agree(of, what, gateway, consumers, gone)
        for it in consumers:
            it.stop()
        gateway.zones = ["nomad", "later.example"]
        gateway.reload()
        of.change(10)
        for it in consumers:
            it.start()
        agree(of, "the list changed while nobody was there", gateway, consumers, ["extra.example"])
    finally:
        for it in consumers:
            it.stop()
        gateway.stop()


def agree(of, what, gateway, consumers, gone=()):
    """Waits until each consumer has all zones of the gateway, record by record, and none that is gone."""

    def has(it):
        try:
            return all(transferred(it.port, zone=zone) == gateway.records(zone) for zone in gateway.zones)
        except (dns.exception.DNSException, OSError):
            return False

    for it in consumers:
        if isinstance(it, PowerDnsConsumer):
            for zone in gateway.zones:
                expect(until(lambda: it.take_up(zone), WITHIN_SECONDS), what, it.name, "does not take up", zone, log(of, it))
        expect(until(lambda: has(it), WITHIN_SECONDS), what, it.name, "lacks", gateway.zones, log(of, it))
        left = until(lambda: all(serial_at(it.port, zone=zone) is None for zone in gone), WITHIN_SECONDS)
        expect(left, what, it.name, "still has", gone, log(of, it))
    # It says so itself, of the list too.
    lag = 'nomadns_transfer_secondary_lag_seconds{'
    late = lambda: [line for line in gateway.metrics().splitlines() if line.startswith(lag) and float(line.split()[-1]) > 0]
    expect(until(lambda: not late(), WITHIN_SECONDS), what, "late:", late())
    print(f"catalog zone: {what}: {', '.join(it.name for it in consumers)} have {', '.join(gateway.zones)}", flush=True)


def log(of, it):
    """The end of a consumer's log, without the transfers that were asked of it here."""
    lines = of.processes.log(it.name).splitlines()
    is_ours = re.compile("bad zone transfer request|not authoritative|AXFR-out").search
    return "\n".join(line for line in lines if not is_ours(line))[-1600:]
