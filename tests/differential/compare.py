"""Compares the gateway with NSD, Knot and BIND, which have its zones as `nomadns export` prints them.

What differs must be in expected.toml, with its reason; and what is there must be seen. The environment gives
NOMADNS_BINARY, and may give SEED and QUERIES.
"""

import collections
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.zone

from differences import Comparison
from gateway import ZONES, Demo, Processes
from queries import Generator
from servers import start_servers
from transport import Server

BATCH = 100


class DecodedAnswer:
    """What an answer says, in a form that can be compared."""

    __slots__ = ("rcode", "aa", "tc", "rd", "question", "answer", "denial", "edns")

    def __init__(self, wire, question):
        message = dns.message.from_wire(wire)
        self.rcode = dns.rcode.to_text(message.rcode())
        flags = message.flags
        self.aa, self.tc = bool(flags & dns.flags.AA), bool(flags & dns.flags.TC)
        self.rd = bool(flags & dns.flags.RD)
        end = len(question.wire) if question.edns == "none" else question.wire.index(b"\0\0\x29", 12)
        self.question = "same" if message.question and wire[12:end] == question.wire[12:end] else "other"
        self.answer = records(message.answer)
        # Servers may tell of name servers with any answer; the SOA denies (RFC 2308).
        soa = [rrset for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA]
        self.denial = records(soa)
        self.edns = (message.edns, bool(message.ednsflags & dns.flags.DO)) if message.edns >= 0 else None

    def kind(self):
        """In a word or two, as expected.toml has it."""
        if self.rcode != "NOERROR":
            return self.rcode
        return "answer" if self.answer else "NODATA"

    def differs(self, other):
        """Which parts are not the same."""
        parts = ["rcode", "aa", "rd", "question", "edns", "tc"]
        # What is cut short is asked again over TCP, and those who cut need not cut alike.
        if not (self.tc or other.tc):
            parts += ["answer", "denial"]
        return [part for part in parts if getattr(self, part) != getattr(other, part)]

    def __str__(self):
        lines = [f"{self.rcode} aa={self.aa} tc={self.tc} rd={self.rd} question={self.question} edns={self.edns}"]
        for owner, ttl, rdtype, data in sorted(self.answer) + sorted(self.denial):
            lines.append(f"      {owner} {ttl} {dns.rdatatype.to_text(rdtype)} {data[:60]!r}")
        return "\n".join(lines)


def without_serial(rdata):
    """Each server has a serial of its own: ours goes by the time of the last change."""
    return rdata.replace(serial=0) if rdata.rdtype == dns.rdatatype.SOA else rdata


def records(rrsets):
    return frozenset(
        (rrset.name.to_text().lower(), rrset.ttl, rrset.rdtype, without_serial(rdata).to_digestable())
        for rrset in rrsets
        for rdata in rrset
    )


def ask_all(servers, questions, comparison):
    """Asks everything of everyone; gives how many questions somebody left without an answer."""
    lost = collections.Counter()
    for begin in range(0, len(questions), BATCH):
        numbered = list(enumerate(questions[begin : begin + BATCH]))
        for server in servers:
            server.send(numbered)
        answers = [server.collect(numbered) for server in servers]
        for number, question in numbered:
            decoded = []
            for server, by_number in zip(servers, answers):
                try:
                    decoded.append(DecodedAnswer(by_number[number], question))
                except (KeyError, dns.exception.DNSException) as error:
                    print(f"{server.name}: {question.name()} {question.rdtype} {question.edns}: {error!r}")
                    lost[server.name] += 1
                    decoded.append(None)
            for server, theirs in zip(servers[1:], decoded[1:]):
                if decoded[0] and theirs:
                    comparison.compare(question, decoded[0], server.name, theirs, decoded[0].differs(theirs))
    return lost


def owners(path, zone):
    """The names of a zone file, as labels."""
    loaded = dns.zone.from_file(str(path), zone, relativize=False)
    return {name.labels[:-1] for name in loaded.nodes}


def main():
    seed = int(os.environ.get("SEED", "4"))
    count = int(os.environ.get("QUERIES", "50000"))
    comparison = Comparison(Path(__file__).parent / "expected.toml")
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        os.chmod(folder, 0o755)
        (Path(folder) / "knot").mkdir()
        demo = Demo(processes)
        names = set()
        for zone in ZONES:
            path = Path(folder) / f"{zone}.zone"
            demo.export(zone, path)
            names |= owners(path, zone)
        ports = {"nomadns": demo.port} | start_servers(processes)
        servers = [Server(name, port) for name, port in ports.items()]
        generator = Generator(random.Random(seed), names)
        questions = [generator.question() for _ in range(count)]
        begin = time.monotonic()
        lost = ask_all(servers, questions, comparison)
        seconds = time.monotonic() - begin
    print(f"{count} questions about {len(names)} names (SEED={seed}) to {', '.join(ports)} in {seconds:.0f} s")
    good = comparison.report()
    if lost:
        print("without a usable answer:", dict(lost))
    sys.exit(0 if good and not lost else 1)


main()
