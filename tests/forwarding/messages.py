"""Reads DNS messages and Google's JSON into answers that can be compared; quicker than libraries do, as there are many."""

import functools
import json
import struct

import dns.name
import dns.rdata
import dns.rdataclass

AA, TC, RD, RA, AD, CD = 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
A, SOA, AAAA, OPT, RRSIG, NSEC, NSEC3 = 1, 6, 28, 41, 46, 47, 50
# The types of which a message has what proves it to those who check signatures.
PROOFS = {RRSIG, NSEC, NSEC3}
# Where the data of a type has names, which may be compressed: behind how many octets, and how many.
NAMES = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 17: (0, 2), 18: (2, 1), 33: (6, 1), 39: (0, 1)}
EXTENDED_ERROR = 15
DNS_MESSAGE = "application/dns-message"


class Answer:
    """An answer; the records of a section are TTLs by owner, type and data, names in small letters."""

    def __init__(self, rcode, flags, has_opt=None):
        self.rcode, self.flags, self.has_opt = rcode, flags, has_opt
        self.way, self.octets, self.question, self.max_age = "directly", 0, None, None
        self.answer, self.denial, self.proofs, self.others = {}, {}, {}, {}
        self.extended_error = ""

    def add_authority(self, key, ttl):
        # The SOA denies (RFC 2308); a resolver may tell of name servers with any answer.
        section = self.denial if key[1] == SOA else self.proofs if key[1] in PROOFS else self.others
        section[key] = ttl

    def has(self, flag):
        return bool(self.flags & flag)

    def kind(self):
        """In a word or two, as expected.toml has it."""
        if self.rcode != "NOERROR":
            return self.rcode
        return "answer" if self.answer else "NODATA"

    def __str__(self):
        flags = [text for text, flag in zip("AA TC RD RA AD CD".split(), (AA, TC, RD, RA, AD, CD)) if self.has(flag)]
        lines = [f"{self.way}: {self.rcode} {' '.join(flags)}, {self.octets} octets {self.extended_error}"]
        for section in (self.answer, self.denial, self.proofs, self.others):
            lines += [f"      {owner} {ttl} TYPE{rdtype} {data[:50]!r}" for (owner, rdtype, data), ttl in sorted(section.items())[:8]]
        return "\n".join(lines)


def read(way, answer):
    """Reads what came over a transport, of which each but JSON has messages."""
    if way == "json":
        found = of_json(answer)
    elif way in ("get", "post"):
        fields, body = answer
        if fields.get(":status") != "200" or fields.get("content-type") != DNS_MESSAGE:
            raise ValueError(f"{fields} {body[:200]}")
        found = copied(of_message(body[2:]))
        found.max_age = max_age(fields)
    else:
        found = copied(of_message(answer[2:]))
    found.way = way
    return found


def copied(answer):
    copy = Answer(answer.rcode, answer.flags)
    copy.__dict__ |= answer.__dict__
    return copy


@functools.lru_cache(1024)
def of_message(tail):
    """Reads a message without its id; over most transports it is the same."""
    octets = b"\0\0" + tail
    _, flags, questions, *counts = struct.unpack_from("!6H", octets)
    if questions != 1:
        raise ValueError(f"{questions} questions")
    read = Answer(RCODES.get(flags & 15, flags & 15), flags, False)
    at = name_at(octets, 12)[1] + 4
    read.octets, read.question = len(octets), octets[12:at]
    for section, count in enumerate(counts):
        for _ in range(count):
            owner, at = name_at(octets, at)
            rdtype, _, ttl, length = struct.unpack_from("!HHIH", octets, at)
            at += 10
            key = owner, rdtype, rdata(octets, at, rdtype, at + length)
            at += length
            if section == 0:
                read.answer[key] = ttl
            elif section == 1:
                read.add_authority(key, ttl)
            elif rdtype == OPT:
                read.has_opt, read.extended_error = True, extended_error_in(key[2])
            else:
                read.others[key] = ttl
    if at != len(octets):
        raise ValueError(f"{len(octets) - at} octets behind the last record")
    return read


def name_at(octets, at):
    """A name in small letters, whole, and where it ends."""
    labels, end = [], None
    while (length := octets[at]):
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | octets[at + 1]
        else:
            labels.append(octets[at : at + 1 + length].lower())
            at += 1 + length
    return b"".join(labels) + b"\0", end or at + 1


def rdata(octets, at, rdtype, end):
    if rdtype not in NAMES:
        return octets[at:end]
    before, names = NAMES[rdtype]
    parts, at = [octets[at : at + before]], at + before
    for _ in range(names):
        name, at = name_at(octets, at)
        parts.append(name)
    return b"".join(parts) + octets[at:end]


def extended_error_in(options):
    """The number and the text of the first extended error (RFC 8914)."""
    while len(options) >= 4:
        code, length = struct.unpack_from("!HH", options)
        if code == EXTENDED_ERROR:
            return f"EDE {int.from_bytes(options[4:6], 'big')} {options[6 : 4 + length].decode()}"
        options = options[4 + length :]
    return ""


def of_json(answer):
    fields, body = answer
    if fields.get(":status") != "200":
        raise ValueError(f"{fields} {body[:200]}")
    told = json.loads(body)
    flags = sum(bit for key, bit in [("TC", TC), ("RD", RD), ("RA", RA), ("AD", AD), ("CD", CD)] if told[key])
    read = Answer(RCODES.get(told["Status"], told["Status"]), flags)
    read.extended_error = told.get("Comment", "")
    for record in told.get("Answer", []):
        read.answer[of_text(record["name"], record["type"], record["data"])] = record["TTL"]
    for record in told.get("Authority", []):
        read.add_authority(of_text(record["name"], record["type"], record["data"]), record["TTL"])
    for record in told.get("Additional", []):
        read.others[of_text(record["name"], record["type"], record["data"])] = record["TTL"]
    read.max_age = max_age(fields)
    return read


@functools.lru_cache(65536)
def of_text(owner, rdtype, text):
    data = dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, origin=dns.name.root, relativize=False).to_wire()
    return dns.name.from_text(owner).to_wire().lower(), rdtype, rdata(data, 0, rdtype, len(data))


def max_age(fields):
    directive = fields.get("cache-control", "")
    return int(directive.removeprefix("max-age=")) if directive.startswith("max-age=") else 0
