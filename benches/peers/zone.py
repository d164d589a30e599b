"""The names that are asked for, from the zone that nomadns exports; the zone in the peers' own forms."""

import base64
import random
import re
import struct

NAMES = 1000
# More than any server finds out on a core in a second.
MISSES_PER_SECOND = 60_000
OURS = re.compile(r"^[a-z0-9-]+\.[a-z0-9]+\.nomad\.$")


class Zone:
    """The exported zone of a file, and the queries that are made of it."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.records = []
        with open(path) as file:
            for line in file:
                fields = line.rstrip("\n").split("\t")
                if len(fields) == 5 and not line.startswith(";"):
                    self.records.append(fields)
        of_name = {}
        for name, _, _, kind, data in self.records:
            of_name.setdefault(name, {}).setdefault(kind, []).append(data)
        self.addresses = {name: kinds["A"] for name, kinds in of_name.items() if "A" in kinds}
        self.names = sorted(
            name
            for name, kinds in of_name.items()
            if OURS.match(name) and len(kinds.get("A", [])) == 3 and "AAAA" not in kinds
        )[:NAMES]
        if len(self.names) < NAMES:
            raise SystemExit(f"the zone has {len(self.names)} names with three addresses, not {NAMES}")
        # Neighbours in the zone are not asked for one after the other: 383 has no factor in common with 1,000.
        self.names = [self.names[i * 383 % NAMES] for i in range(NAMES)]
        # Nearly as long as those of the cluster.
        self.forwarded = [re.sub(r"nomad[.]$", "example.", name) for name in self.names]
        self.write_queries()

    def write_queries(self):
        """Writes what dnsperf and h2load read."""
        plain = [f"{name} A\n" for name in self.names]
        mixed = []
        for at, line in enumerate(plain):
            # Of each hundred five are of no name, ten of no type.
            if at % 20 == 0:
                line = f"missing-{at}.default.nomad. A\n"
            elif at % 10 == 5:
                line = line.replace(" A", " AAAA")
            mixed.append(line)
        self.lines = [line.split() for line in dict.fromkeys(plain + mixed)]
        self.plain = self.write("plain.txt", "".join(plain))
        self.mixed = self.write("mixed.txt", "".join(mixed))
        self.outside = self.write("outside.txt", "".join(f"{name} A\n" for name in self.forwarded))
        self.body = f"{self.folder}/body"
        with open(self.body, "wb") as file:
            file.write(question(self.names[0]))

    def questions(self):
        """Every query of the two files, as octets."""
        return [question(name, {"A": 1, "AAAA": 28}[kind]) for name, kind in self.lines]

    def unknown(self, seconds, rate=MISSES_PER_SECOND):
        """A file with names outside of the cluster that nobody has asked for before, enough for so long."""
        run = f"{random.getrandbits(48):012x}"
        lines = (f"{at:06x}{run}.example. A\n" for at in range(int(seconds * rate) + rate))
        return self.write("unknown.txt", "".join(lines))

    def paths(self, of, names, file_name):
        """A file with the path of a request for each name."""
        return self.write(file_name, "".join(f"{of(name)}\n" for name in names))

    def unbound(self):
        """Addresses as Unbound's local-data, which it serves faster than a zone."""
        lines = [
            f'local-data: "{name} {ttl} IN {kind} {data}"'
            for name, ttl, _, kind, data in self.records
            if kind in ("A", "AAAA", "NS", "SOA")
        ]
        return self.write("unbound.data", 'local-zone: "nomad." static\n' + "\n".join(lines) + "\n")

    def hosts(self):
        """Addresses as a file of hosts, for Knot Resolver."""
        lines = [
            f"{data} {name.rstrip('.')}\n"
            for name, _, _, kind, data in self.records
            if kind in ("A", "AAAA")
        ]
        return self.write("hosts", "".join(lines))

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(text)
        return path


def question(name, kind=1):
    """A query for a name, as octets."""
    labels = b"".join(
        bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")
    )
    return struct.pack(">HHHHHH", 0, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def path_of(octets):
    """A query as the path of a GET (RFC 8484, 4.1)."""
    return "/dns-query?dns=" + base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
