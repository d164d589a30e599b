"""Random questions: names of the Internet of the test and near them, all types, the bits that clients set."""

import base64
import struct
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "differential"))
import queries
from messages import AD, CD, RD

DO = 0x8000
# What clients say that they take over UDP; none without EDNS.
SIZES = [None, 512, 1232, 4096]
# Names that a resolver answers itself.
SPECIAL = ["localhost", "a.localhost", "invalid", "a.test", "a.onion", "a.alt", "a.local", "home.arpa", "a.home.arpa",
           "1.0.0.127.in-addr.arpa", "7.0.0.10.in-addr.arpa", "1.2.0.192.in-addr.arpa"]
# Those of the zones of the test.
TYPES = [1, 28, 5, 2, 6, 16, 15, 33, 257, 35, 65, 64, 44, 52, 12, 13, 29, 65280, 17, 18, 39, 43, 48]


@dataclass(frozen=True)
class Question:
    """One question, with the bits of its query; `size` is the UDP size of its OPT, if it has one."""

    labels: tuple
    rdtype: int
    flags: int
    dnssec_ok: bool
    size: int | None

    @property
    def edns(self):
        """Its OPT and the bits that an answer depends on, as expected.toml has them."""
        told = ["none" if self.size is None else f"{self.size} octets"]
        return " ".join(told + ["DO"] * self.dnssec_ok + ["CD"] * bool(self.flags & CD))

    def name(self):
        return queries.to_text(self.labels)

    def wire(self):
        """The client's query, id 0."""
        return message(self.labels, self.rdtype, self.flags, self.size, self.dnssec_ok)

    def asked(self):
        """What its answer has as its question, in the same letters."""
        return self.wire()[12 : 12 + sum(len(label) + 1 for label in self.labels) + 5]

    def upstream_wire(self):
        """The query that the gateway is to send for it, in the case of the client."""
        return message(self.labels, self.rdtype, self.flags | RD | AD, 1232, self.dnssec_ok)

    def get_path(self):
        return "/dns-query?dns=" + base64.urlsafe_b64encode(self.wire()).decode().rstrip("=")

    def json_path(self):
        name = "".join("".join(map(escaped, label)) + "." for label in self.labels) or "."
        bits = f"&cd={int(bool(self.flags & CD))}&do={int(self.dnssec_ok)}"
        return f"/resolve?name={urllib.parse.quote(name)}&type={self.rdtype}{bits}"

    def __str__(self):
        bits = [text for text, bit in [("RD", RD), ("AD", AD)] if self.flags & bit]
        return f"{self.name()} TYPE{self.rdtype} {' '.join(bits)} edns={self.edns}"


def escaped(octet):
    return chr(octet) if chr(octet).isascii() and chr(octet).isalnum() or octet in b"-_*" else f"\\{octet:03}"


def message(labels, rdtype, flags, size, dnssec_ok):
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    octets = struct.pack("!6H", 0, flags, 1, 0, 0, size is not None) + name + struct.pack("!HH", rdtype, 1)
    if size is not None:
        octets += struct.pack("!BHHIH", 0, 41, size, DO if dnssec_ok else 0, 0)
    return octets


class Generator(queries.Generator):
    """Changes names as the one of the zones of the cluster does."""

    def __init__(self, random, owners):
        super().__init__(random, owners - {()})
        self.special = [tuple(label.encode() for label in name.split(".")) for name in SPECIAL]

    def question(self):
        r = self.random
        size = r.choice(SIZES)
        flags = r.choice([0, RD, RD, RD, RD, RD]) | r.choice([0, AD]) | r.choice([0, 0, CD])
        return Question(self.case(self.name()), self.rdtype(), flags, size is not None and r.random() < 0.4, size)

    def name(self):
        r, kind = self.random, self.random.random()
        if kind < 0.02:
            return r.choice(self.special + [()])
        name = r.choice(self.existing) if kind < 0.95 else r.choice(self.empty or self.existing)
        if name[:1] == (b"*",):
            name = (r.choice(self.pool), *name[1:])
        if r.random() < 0.6:
            return name
        for _ in range(r.choice([1, 1, 2])):
            name = self.changed(name)
        return name

    def rdtype(self):
        # JSON has no words for type 0.
        return self.random.choice(TYPES) if self.random.random() < 0.7 else super().rdtype() or 1
