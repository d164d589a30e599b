"""Random questions: names in and near the zones, every type, all ways to say EDNS, UDP and TCP."""

import struct
from dataclasses import dataclass

COMMON_TYPES = [1, 28, 33, 16, 5, 6, 2, 12, 15, 13, 43, 64, 65, 255, 257]
# What other servers may look for beside a CNAME, too.
SIGNED_TYPES = [24, 25, 30, 46, 47, 48, 50, 51]
UNKNOWN_TYPES = [0, 1234, 32768, 65280, 65399, 65535]
LABELS = [
    b"x", b"_x", b"_tcp", b"_udp", b"dc", b"addr", b"ns", b"dc1", b"dc2", b"dc3", b"default", b"prod",
    b"service", b"web", b"redis", b"primary", b"v7", b"blue", b"*", b"_web", b"_redis", b"0a00000b",
    b"hostmaster", b"nomad", b"-lead-", b"\x00", b"a b", b"\xff\xfe", b"a.b", b"y" * 63,
    b"_db", b"_http", b"_primary", b"_nosuch", b"with space", b"new\nline", b"_a.b", b"_",
]
OPTIONS = [
    b"",
    b"",
    struct.pack("!HH", 3, 0),  # NSID
    struct.pack("!HH8s", 10, 8, b"8 octets"),  # a client's cookie
    struct.pack("!HH", 65001, 4) + b"what",  # one that nobody knows
    struct.pack("!HHHBB3s", 8, 7, 1, 24, 0, bytes([192, 0, 2])),  # client subnet
    struct.pack("!HH", 12, 16) + bytes(16),  # padding
]


@dataclass(frozen=True)
class Question:
    """One question and its message, id 0."""

    labels: tuple
    rdtype: int
    tcp: bool
    edns: str
    wire: bytes

    def name(self):
        return to_text(self.labels)

    def __str__(self):
        return f"{self.name()} TYPE{self.rdtype} tcp={self.tcp} edns={self.edns}"


def to_text(labels):
    """The name in lower case, odd octets escaped, with its dot."""
    def octet(o):
        return chr(o) if 33 <= o <= 126 and chr(o) not in '.\\"();@$' else f"\\{o:03}"
    return "".join("".join(map(octet, label.lower())) + "." for label in labels) or "."


class Generator:
    def __init__(self, random, owners):
        self.random = random
        ancestors = {owner[at:] for owner in owners for at in range(len(owner))}
        # The names of addresses are most of all.
        self.addresses = sorted(owner for owner in owners if b"addr" in owner)
        self.existing = sorted(owner for owner in owners if b"addr" not in owner)
        self.beside = {}
        for owner in self.existing:
            self.beside.setdefault(owner[1:], []).append(owner[0])
        self.empty = sorted(ancestors - set(owners))
        self.pool = LABELS + sorted({label for owner in owners for label in owner})

    def question(self):
        labels = self.case(self.name())
        rdtype = self.rdtype()
        edns, opt = self.edns()
        tcp = self.random.random() < 0.2
        flags = self.random.choice([0, 0x0100, 0x0110, 0x0010])
        name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
        wire = struct.pack("!6H", 0, flags, 1, 0, 0, 1 if opt else 0)
        wire += name + struct.pack("!HH", rdtype, 1) + opt
        return Question(labels, rdtype, tcp, edns, wire)

    def name(self):
        r = self.random
        chosen = r.random()
        name = r.choice(self.existing if chosen < 0.6 else self.addresses if chosen < 0.8 else self.empty)
        kind = r.random()
        if kind < 0.45:
            return name
        for _ in range(r.choice([1, 1, 1, 2, 3])):
            name = self.changed(name)
        return name

    def changed(self, name):
        r, name = self.random, list(name)
        place, label = r.randrange(len(name)), r.choice(self.pool)
        kind = r.randrange(9)
        if kind == 0:
            name[place:place] = [label]
        elif kind == 1:
            del name[place]
        elif kind == 2:
            name[place] = label
        elif kind == 3:
            name[:0] = [label]
        elif kind == 4:
            other = r.randrange(len(name))
            name[place], name[other] = name[other], name[place]
        elif kind == 5:
            name[place] = (name[place] + label)[:63]
        elif kind == 6:
            # As drivers and proxies ask for a port of a service.
            name[:0] = [(b"_" + label)[:63], r.choice([b"_tcp", b"_udp"])]
        elif kind == 7 and tuple(name[1:]) in self.beside:
            # Two tags of a service.
            name[:0] = [r.choice(self.beside[tuple(name[1:])])]
        else:
            name = name[r.randrange(len(name)):]
        while sum(len(label) + 1 for label in name) > 254:
            name.pop(0)
        return tuple(name) or (b"nomad",)

    def case(self, labels):
        if self.random.random() < 0.6:
            return tuple(labels)
        flip = lambda o: o ^ 0x20 if chr(o).isascii() and chr(o).isalpha() and self.random.random() < 0.5 else o
        return tuple(bytes(map(flip, label)) for label in labels)

    def rdtype(self):
        r = self.random.random()
        if r < 0.65:
            return self.random.choice(COMMON_TYPES)
        if r < 0.7:
            return self.random.choice(SIGNED_TYPES)
        return self.random.randint(1, 300) if r < 0.97 else self.random.choice(UNKNOWN_TYPES)

    def edns(self):
        r = self.random
        if r.random() < 0.4:
            return "none", b""
        size = r.choice([0, 511, 512, 1232, 4096, 65535])
        version = 1 if r.random() < 0.03 else 0
        flags = r.choice([0, 0, 0x8000, 0x4001])
        options = r.choice(OPTIONS)
        opt = b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(options)) + options
        return f"version {version}, {size} octets, flags {flags:#06x}, options {options.hex() or 'none'}", opt
