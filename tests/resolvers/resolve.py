"""Puts Unbound, BIND, PowerDNS Recursor, Knot Resolver and dnsmasq before the gateway, as people do, and asks them instead.

Each name of the zones resolves through each, with the records that `nomadns export` prints; each denial is asked
for once and given out of their caches the second time. The environment gives NOMADNS_BINARY.
"""

import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone

sys.path.insert(0, str(Path(__file__).parent.parent / "differential"))
from gateway import ZONES, Demo, Processes, answers_soa, free_port

# A resolver that minimises names (RFC 9156) without mercy: a wrong NXDOMAIN on the way ends there.
UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  qname-minimisation: yes
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
remote-control:
  control-enable: no
stub-zone:
  name: nomad
  stub-addr: 127.0.0.1@{upstream}
"""
BIND = """
options {{
  directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  dnssec-validation no;
  recursion yes;
  # By default it takes no set of more than 100 records; bounded.py is about that.
  max-records-per-type 0;
}};
controls {{ }};
zone "nomad" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {upstream}; }}; }};
"""
POWERDNS = """
local-address=127.0.0.1
local-port={port}
forward-zones=nomad=127.0.0.1:{upstream}
socket-dir={folder}
setuid=
setgid=
daemon=no
threads=1
dnssec=off
webserver=no
"""
KNOT_RESOLVER = """
net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
trust_anchors.remove('.')
cache.size = 10 * MB
policy.add(policy.suffix(policy.STUB({{ '127.0.0.1@{upstream}' }}), policy.todnames({{ 'nomad' }})))
"""
DNSMASQ = """
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
user=root
pid-file=
cache-size=5000
server=/nomad/127.0.0.1#{upstream}
"""
RESOLVERS = [
    ("unbound", UNBOUND, ["unbound", "-d", "-c", "{path}"]),
    ("bind", BIND, ["named", "-g", "-n", "1", "-c", "{path}"]),
    ("powerdns", POWERDNS, ["pdns_recursor", "--config-dir={folder}"]),
    ("knot-resolver", KNOT_RESOLVER, ["kresd", "--noninteractive", "--config", "{path}", "{folder}"]),
    ("dnsmasq", DNSMASQ, ["dnsmasq", "--keep-in-foreground", "--log-facility=-", "-C", "{path}"]),
]
INNER_ZONE = dns.name.from_text(ZONES[1])
# The name that PowerDNS Recursor's file has; the others take any.
CONFIG_FILE = "recursor.conf"
# Unbound and PowerDNS Recursor minimise names, so they ask for those above too; systemd-resolved asks again without EDNS when it sees NXDOMAIN.
ASKS_MORE = ["unbound", "powerdns", "systemd-resolved", "systemd-resolved over TLS"]
# On each level of the grammar, from above; for types that all three keep denials of. Unbound keeps what a minimised
# question was answered by, and minimises to type A: with another type, or below, it asks again.
DENIED = [
    ("default", "A", "NOERROR"),
    ("nope", "A", "NXDOMAIN"),
    ("nope.default", "A", "NXDOMAIN"),
    ("_tcp.default", "A", "NOERROR"),
    ("six.default", "A", "NOERROR"),
    ("redis.default", "AAAA", "NOERROR"),
    ("nope.redis.default", "A", "NXDOMAIN"),
    ("primary.redis.default", "AAAA", "NOERROR"),
    ("dc1.dc", "A", "NOERROR"),
    ("dc9.dc", "A", "NXDOMAIN"),
    ("nope.default.dc1.dc", "A", "NXDOMAIN"),
    ("ffffffff.addr", "A", "NXDOMAIN"),
]


def without_serials(records):
    """The records; an export has a serial of its own, and the gateway's rises with each change."""
    return {it.replace(serial=0) if it.rdtype == dns.rdatatype.SOA else it for it in records}


class Resolver:
    def __init__(self, name, port, demo, address="127.0.0.1"):
        self.name, self.port, self.demo, self.address = name, port, demo, address
        self.failures = []

    def ask(self, name, rdtype):
        query = dns.message.make_query(name, rdtype, use_edns=0, payload=1232)
        try:
            return dns.query.udp_with_fallback(query, self.address, port=self.port, timeout=5)[0]
        except dns.exception.Timeout:
            raise SystemExit(f"{self.name} gives no answer for {name} {dns.rdatatype.to_text(query.question[0].rdtype)}")

    def check_inner_zone(self):
        """Asks for the name server of the zone within the other; one who learns of it turns to port 53 from then on."""
        answer = self.ask(f"{ZONES[1]}.", "NS")
        if answer.answer or not self.ask(f"redis.default.{ZONES[1]}.", "A").answer:
            self.failures.append(f"{ZONES[1]} NS: {answer.answer}, and nothing is found there then")

    def check_records(self, zone):
        """Asks for every RRset of a zone; gives how many there are."""
        count = 0
        for name, ttl_and_data in zone.iterate_rdatasets():
            # A zone file needs them; a client that asks is not told of the inner zone's.
            if (ttl_and_data.rdtype, name) == (dns.rdatatype.NS, INNER_ZONE):
                continue
            wanted = without_serials(ttl_and_data)
            answer = self.ask(name, ttl_and_data.rdtype)
            # It asks for the address first, as it minimises names, and takes what the alias leads to for the name itself.
            if self.name == "unbound" and ttl_and_data.rdtype == dns.rdatatype.CNAME and answer.rcode() == dns.rcode.NXDOMAIN:
                continue
            found = answer.get_rrset(answer.answer, name, ttl_and_data.rdclass, ttl_and_data.rdtype)
            if without_serials(found or []) != wanted or found.ttl > ttl_and_data.ttl:
                rdtype = dns.rdatatype.to_text(ttl_and_data.rdtype)
                rcode = dns.rcode.to_text(answer.rcode())
                has = f"{rcode} with {len(found or [])} of {len(wanted)} records"
                self.failures.append(f"{name} {rdtype}: {has}, {str(found)[:200]}, not {str(ttl_and_data)[:200]}")
            count += 1
        return count

    def check_denial(self, name, rdtype, rcode):
        """Asks for what is not there twice; the second time the gateway is not asked."""
        counts = [self.demo.queries()]
        for _ in range(2):
            answer = self.ask(name, rdtype)
            if dns.rcode.to_text(answer.rcode()) != rcode or answer.answer:
                self.failures.append(f"{name} {rdtype}: {dns.rcode.to_text(answer.rcode())}, not {rcode}")
            counts.append(self.demo.queries())
        first, second = counts[1] - counts[0], counts[2] - counts[1]
        if second != 0 or not (first == 1 or self.name in ASKS_MORE and first > 0):
            self.failures.append(f"{name} {rdtype}: asked {first} times at first and {second} times again")


    def check(self, zones):
        """Asks for all that is there and for what is not; prints what fails and gives how much that is."""
        begin = time.monotonic()
        for zone in ZONES:
            for label, rdtype, rcode in DENIED:
                self.check_denial(f"{label}.{zone}.", rdtype, rcode)
        self.check_inner_zone()
        count = sum(self.check_records(zone) for zone in zones)
        seconds = time.monotonic() - begin
        print(f"{self.name}: {count} RRsets, {len(DENIED) * len(ZONES)} denials twice, in {seconds:.0f} s;",
              f"{len(self.failures)} failures")
        for failure in self.failures[:20]:
            print("   ", failure)
        return len(self.failures)


class CountedDemo(Demo):
    def queries(self):
        """How many queries it has answered."""
        with urllib.request.urlopen(self.metrics_url, timeout=5) as response:
            text = response.read().decode()
        return sum(int(float(n)) for n in re.findall(r"^nomadns_queries_total\{[^}]*\} (\S+)", text, re.M))


def exported(demo, folder):
    """The zones as `nomadns export` prints them."""
    zones = []
    for zone in ZONES:
        path = Path(folder) / f"{zone}.zone"
        demo.export(zone, path)
        zones.append(dns.zone.from_file(str(path), zone, relativize=False))
    return zones


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        demo = CountedDemo(processes)
        zones = exported(demo, folder)
        for name, config, command in RESOLVERS:
            port = free_port()
            own = Path(folder) / name
            own.mkdir()
            path = own / CONFIG_FILE
            path.write_text(config.format(folder=own, port=port, upstream=demo.port))
            processes.start(name, [part.format(path=path, folder=own) for part in command])
            processes.wait_for(name, lambda: answers_soa(port, ZONES[0]))
            failures += Resolver(name, port, demo).check(zones)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
