"""Asks a server a batch of questions at once over one transport: UDP, or one connection of TCP, TLS or HTTP/2."""

import asyncio
import functools
import ssl
import struct
import sys
from pathlib import Path

from hpack import Decoder

sys.path.append(str(Path(__file__).parent.parent / "attack"))
import wire
from messages import DNS_MESSAGE

ATTEMPTS = 3
WAIT_SECONDS = 8
# What a client of HTTP/2 may be sent before it says that it has room for more.
WINDOW = (1 << 31) - 1
# The fields of a request by their places in the static table of HPACK (RFC 7541 A).
GET, POST, HTTPS = b"\x82", b"\x83", b"\x87"
AUTHORITY, PATH, ACCEPT, CONTENT_TYPE, CONTENT_LENGTH = b"\x01", b"\x04", b"\x0f\x04", b"\x0f\x10", b"\x0f\x0d"


class Transport(asyncio.Protocol):
    """Asks and collects; what has to be sent and how answers are told apart, its kinds know."""

    def __init__(self, port, context=None):
        self.port, self.context = port, context
        self.answers, self.wanted, self.done, self.transport = {}, 0, None, None

    async def ask(self, questions):
        """Gives the answer of each question, in their order; none where it did not come in time."""
        self.answers, self.wanted, self.done = {}, len(questions), asyncio.Event()
        for _ in range(ATTEMPTS):
            self.done.clear()
            if self.transport is None or self.transport.is_closing():
                await asyncio.wait_for(self.connect(), WAIT_SECONDS)
            if self.transport is None:
                continue
            self.send([(number, it) for number, it in enumerate(questions) if number not in self.answers])
            try:
                await asyncio.wait_for(self.done.wait(), WAIT_SECONDS)
            except TimeoutError:
                self.transport.close()
                self.transport = None
            if len(self.answers) == self.wanted:
                break
        return [self.answers.get(number) for number in range(len(questions))]

    async def connect(self):
        options = {"ssl": self.context, "server_hostname": "localhost"} if self.context else {}
        self.begin()
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port, **options)

    def begin(self):
        """Before each connection."""

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        self.transport = None
        if self.done:
            self.done.set()

    def take(self, number, answer):
        self.answers[number] = answer
        if len(self.answers) == self.wanted:
            self.done.set()

    def close(self):
        if self.transport:
            self.transport.close()


class Datagrams(Transport):
    async def connect(self):
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, remote_addr=("127.0.0.1", self.port))

    def send(self, numbered):
        for number, question in numbered:
            self.transport.sendto(struct.pack("!H", number) + question.wire()[2:])

    def datagram_received(self, octets, _):
        self.take(int.from_bytes(octets[:2], "big"), octets)

    def error_received(self, _):
        """It is asked again."""


class Stream(Transport):
    """TCP, and TLS if it has a context."""

    def begin(self):
        self.unread = b""

    def query(self, question):
        return question.wire()

    def send(self, numbered):
        messages = ((number, self.query(question)) for number, question in numbered)
        self.transport.write(b"".join(wire.framed(struct.pack("!H", number) + it[2:]) for number, it in messages))

    def data_received(self, octets):
        self.unread += octets
        while len(self.unread) >= 2 and len(self.unread) >= (end := 2 + int.from_bytes(self.unread[:2], "big")):
            message, self.unread = self.unread[2:end], self.unread[end:]
            self.take(int.from_bytes(message[:2], "big"), message)


class Direct(Stream):
    """Asks an upstream what the gateway is to ask it."""

    def query(self, question):
        return question.upstream_wire()


class Http(Transport):
    """HTTP/2 over TLS; an answer is its header fields and its body."""

    def begin(self):
        self.unread = b""
        self.next_stream, self.streams, self.taken = 1, {}, 0

    def connection_made(self, transport):
        super().connection_made(transport)
        # No table of fields: the same octets say the same then.
        settings = wire.frame(wire.SETTINGS, 0, 0, struct.pack("!HIHI", 1, 0, 4, WINDOW))
        more = wire.frame(wire.WINDOW_UPDATE, 0, 0, struct.pack("!I", WINDOW - 65535))
        transport.write(wire.PREFACE + settings + more)

    def request(self, question):
        """The header block and the body."""
        return header(GET, question.get_path()) + literal(ACCEPT, DNS_MESSAGE), b""

    def send(self, numbered):
        octets = []
        for number, question in numbered:
            block, body = self.request(question)
            stream, self.next_stream = self.next_stream, self.next_stream + 2
            self.streams[stream] = [number, {}, b""]
            flags = wire.END_HEADERS | (0 if body else wire.END_STREAM)
            octets.append(wire.frame(wire.HEADERS, flags, stream, block))
            if body:
                octets.append(wire.frame(wire.DATA, wire.END_STREAM, stream, body))
        self.transport.write(b"".join(octets))

    def data_received(self, octets):
        found, self.unread = wire.frames(self.unread + octets)
        for kind, flags, stream, payload in found:
            if kind == wire.SETTINGS and not flags & 1:
                self.transport.write(wire.frame(wire.SETTINGS, 1, 0))
            elif kind == wire.PING and not flags & 1:
                self.transport.write(wire.frame(wire.PING, 1, 0, payload))
            elif kind == wire.GOAWAY:
                self.transport.close()
            elif kind == wire.HEADERS:
                self.streams[stream][1] = decoded(payload)
            elif kind == wire.DATA:
                self.streams[stream][2] += payload
                self.taken += len(payload)
            if kind in (wire.HEADERS, wire.DATA) and flags & wire.END_STREAM:
                number, *answer = self.streams.pop(stream)
                self.take(number, tuple(answer))
        if self.taken > WINDOW // 2:
            self.transport.write(wire.frame(wire.WINDOW_UPDATE, 0, 0, struct.pack("!I", self.taken)))
            self.taken = 0


class HttpPost(Http):
    def request(self, question):
        body = question.wire()
        fields = literal(CONTENT_TYPE, DNS_MESSAGE) + literal(CONTENT_LENGTH, str(len(body)))
        return header(POST, "/dns-query") + fields, body


class HttpJson(Http):
    def request(self, question):
        return header(GET, question.json_path()), b""


def header(method, path):
    return method + HTTPS + literal(AUTHORITY, "localhost") + literal(PATH, path)


def literal(name, value):
    """A field that is not put into a table (RFC 7541 6.2.2)."""
    length, octets = len(value), b""
    if length >= 127:
        length, rest = 127, length - 127
        while rest >= 128:
            octets += bytes([rest & 127 | 128])
            rest >>= 7
        octets += bytes([rest])
    return name + bytes([length]) + octets + value.encode()


@functools.lru_cache(4096)
def decoded(block):
    return dict(Decoder().decode(block))


def to_gateway(ports, ca):
    """Every way to ask a gateway, by its name."""
    def context(protocol):
        found = ssl.create_default_context(cafile=ca)
        found.set_alpn_protocols([protocol])
        return found
    ways = {"udp": Datagrams(ports["dns"]), "tcp": Stream(ports["dns"]), "dot": Stream(ports["tls"], context("dot"))}
    https = {"get": Http, "post": HttpPost, "json": HttpJson}
    return ways | {way: kind(ports["https"], context("h2")) for way, kind in https.items()}
