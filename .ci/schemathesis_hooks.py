"""What schemathesis has to know of DNS: how a message is made, sent and read."""

import json

import schemathesis
from hypothesis import strategies

LABELS = strategies.sampled_from([b"redis", b"web", b"default", b"prod", b"nomad", b"service", b"_tcp", b"x"])
WORDS = strategies.integers(0, 65535)


@strategies.composite
def message(draw):
    """A query that is whole, but for one of its octets now and then; or any octets."""
    name = b"".join(bytes([len(label)]) + label for label in draw(strategies.lists(LABELS, max_size=6)))
    header = draw(strategies.integers(0, 255)), draw(strategies.sampled_from([0, 1, 1, 1, 0x80, 0x28]))
    words = draw(WORDS), header[1] << 8 | header[0], 1, 0, 0, draw(strategies.sampled_from([0, 1]))
    octets = bytearray(b"".join(word.to_bytes(2, "big") for word in words))
    octets += name + b"\0" + draw(WORDS | strategies.sampled_from([1, 28, 33, 16])).to_bytes(2, "big") + b"\0\1"
    if words[-1]:
        payload = draw(WORDS).to_bytes(2, "big")
        options = draw(strategies.binary(max_size=40))
        octets += b"\0\0\x29" + payload + bytes(4) + len(options).to_bytes(2, "big") + options
    if draw(strategies.booleans()):
        octets[draw(strategies.integers(0, len(octets) - 1))] = draw(strategies.integers(0, 255))
    return bytes(octets)


schemathesis.openapi.media_type("application/dns-message", message() | strategies.binary(max_size=5000))


@schemathesis.serializer("application/dns-message")
def serialize(context, value):
    """Sends octets as they are, and what a wrong case puts in their place as text."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.deserializer("application/dns-json", "application/dns+json")
def read_json(context, response):
    """Reads both JSON forms by the names that only DNS knows."""
    return json.loads(response.content)


@schemathesis.deserializer("application/dns-message")
def read_message(context, response):
    """Checks that it is an answer; the schema only says that it is octets."""
    assert len(response.content) >= 12 and response.content[2] & 0x80, "it is no answer of DNS"
    return ""
