"""The Internet of the test: a root, three TLDs and zones below them, as files; each name is made up from the seed.

`alpha` and what is below it is signed with NSEC, `beta` with NSEC3, `gamma` is not signed. What resolvers have to cope with
is there: wildcards, CNAMEs from zone to zone, empty names between others, sets that no UDP message holds, signatures that
are wrong, a server that has no such zone, private addresses.
"""

import re
import subprocess

# Who serves the root, the TLDs, and all else.
ROOT_SERVER, TLD_SERVER, ZONE_SERVER = "203.0.113.1", "203.0.113.2", "203.0.113.3"
TLDS = ["alpha", "beta", "gamma"]
# Signed, but its parent has the digest of another key.
BOGUS = "bogus.alpha"
# Delegated to a server that does not have it.
LAME = "lame.gamma"
# Has private addresses; so has a zone that the gateway forwards by its own name.
PRIVATE, INTERNAL = "private.gamma", "internal.gamma"
ZONES = ["shop.alpha", "large.alpha", BOGUS, "bank.beta", "wild.beta", "plain.gamma", PRIVATE, INTERNAL]
HOSTS = 40
APEX = """$ORIGIN {origin}
$TTL {ttl}
@ {ttl} IN SOA ns.{name} host.{name} 1 3600 600 86400 {negative}
@ IN NS ns.{name}
ns.{name} IN A {server}
"""
# What a host may have beside its addresses.
OTHER_DATA = [
    'TXT "v=spf1 -all" "a second string" "with \\"quotes\\" and \\\\ and \\200"',
    "MX 10 h0.{zone}\n{name} {ttl} IN MX 20 h1.{zone}",
    "SRV 1 2 5060 h2.{zone}",
    'CAA 0 issue "ca.example"',
    'NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    "HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=198.18.1.1 ipv6hint=2400:db9::1",
    "SVCB 2 h3.{zone} port=853",
    "SSHFP 1 1 dd465c09cfa51fb45020cc83316fff21b9ec74ac",
    "TLSA 3 1 1 0b85e5e93de6ba0ea4fd0dd34fc2dc5ebb5b4a14d8e1d2c3b4a5968778695a4b",
    "PTR h4.{zone}",
    'HINFO "a" "b"',
    "LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
    "TYPE65280 \\# 5 0102030405",
    "RP host.{zone} h5.{zone}",
    "AFSDB 1 h6.{zone}",
]


class Internet:
    """Writes the files of all zones to a folder, and knows their names."""

    def __init__(self, folder, choice):
        self.folder, self.choice = folder, choice
        self.files, self.owners = {}, set()
        self.keys = folder / "keys"
        self.keys.mkdir()
        for zone in ZONES:
            self.write(zone, ZONE_SERVER, self.hosts(zone))
        for tld in TLDS:
            self.write(tld, TLD_SERVER, self.delegations(tld, [*ZONES, LAME], ZONE_SERVER))
        self.write(".", ROOT_SERVER, self.delegations("", TLDS, TLD_SERVER))
        self.anchor = (folder / "dsset-.").read_text().strip().splitlines()[0]

    def write(self, zone, server, lines):
        lines, ttl = list(lines), self.choice.choice([300, 3600])
        origin = zone.rstrip(".") + "."
        name = "" if zone == "." else origin
        head = APEX.format(origin=origin, name=name, ttl=ttl, server=server, negative=self.choice.choice([1, 60, 900]))
        path = self.folder / f"{zone.strip('.') or 'root'}.zone"
        path.write_text(head + "\n".join(lines) + "\n")
        self.owners.add(tuple(label.encode() for label in zone.split(".") if label))
        for line in lines:
            self.note(line.split()[0])
        if not zone.endswith("gamma"):
            self.sign(zone, path)
            path = path.with_suffix(".zone.signed")
        self.files[zone] = path

    def note(self, name):
        """Keeps a name of a line, which is absolute, as labels."""
        self.owners.add(tuple(label.encode() for label in name.split(".") if label))

    def sign(self, zone, path):
        algorithm = ["-a", "ECDSAP256SHA256", "-K", str(self.keys)]
        self.run("dnssec-keygen", *algorithm, "-f", "KSK", zone)
        denial = ["-3", "-"] if zone.endswith("beta") else []
        self.run("dnssec-signzone", "-S", "-z", *denial, "-K", str(self.keys), "-o", zone, str(path))
        if zone == BOGUS:
            place = self.folder / f"dsset-{zone}."
            place.write_text(re.sub(r"(\S+)$", lambda digest: digest[1][::-1], place.read_text().strip()) + "\n")

    def run(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def delegations(self, parent, children, server):
        for child in children:
            if parent and not child.endswith("." + parent):
                continue
            yield f"{child}. IN NS ns.{child}."
            yield f"ns.{child}. IN A {server}"
            digests = self.folder / f"dsset-{child}."
            if digests.exists():
                yield digests.read_text().strip()

    def hosts(self, zone):
        zone, r = zone + ".", self.choice
        for number in range(HOSTS):
            name, ttl = f"h{number}.{zone}", r.choice([0, 1, 2, 30, 300, 3600, 86400, 604800])
            for address in r.sample(range(1, 200), r.choice([1, 1, 2, 5])):
                inside = zone.startswith((PRIVATE, INTERNAL)) and number % 2
                yield f"{name} {ttl} IN A {'10.1.2' if inside else '198.18.1'}.{address}"
            if r.random() < 0.6:
                yield f"{name} {ttl} IN AAAA {'fd00' if zone.startswith(PRIVATE) else '2400:db9'}::{number + 1:x}"
            for data in r.sample(OTHER_DATA, r.choice([0, 1, 3])):
                yield f"{name} {ttl} IN {data.format(zone=zone, name=name, ttl=ttl)}"
        for number in range(15):
            ttl = r.choice([0, 2, 300, 3600])
            other = r.choice(ZONES)
            yield f"alias{number}.{zone} {ttl} IN CNAME h{r.randrange(HOSTS)}.{other}."
            yield f"chain{number}.{zone} {ttl} IN CNAME alias{r.randrange(15)}.{other}."
        yield f"nowhere.{zone} IN CNAME nope.{zone}"
        yield f"outside.{zone} IN CNAME nope.nosuch."
        yield f"loop0.{zone} IN CNAME loop1.{zone}"
        yield f"loop1.{zone} IN CNAME loop0.{zone}"
        yield f"*.any.{zone} 60 IN A 198.18.2.1"
        yield f'*.any.{zone} 60 IN TXT "of the wildcard"'
        yield f"*.to.{zone} 60 IN CNAME h0.{zone}"
        yield f"deep.below.empty.{zone} IN A 198.18.2.2"
        yield f"tree.{zone} 300 IN DNAME plain.gamma."
        for number in range(60 if zone.startswith("large") else 12):
            yield f'texts.{zone} 300 IN TXT "{number:0100}"'
            yield f"many.{zone} 30 IN A 198.18.3.{number + 1}"
