"""Upstreams over QUIC: the server is aioquic's, and dnspython reads and writes its messages."""

import asyncio
import struct
import threading

import dns.flags
import dns.message
import dns.rrset
from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, StreamDataReceived
from world import expect, free_port, run

# What is asked: that many names, and one whose answer takes many packets.
NAMES = 40
BIG, BIG_RECORDS = "big.outside.example.", 300


class Upstream:
    """A server of DNS over QUIC on a port of its own, which counts what it sees."""

    def __init__(self, folder):
        self.port, self.connections, self.wrong = free_port(), 0, []
        self.configuration = QuicConfiguration(is_client=False, alpn_protocols=["doq"])
        self.configuration.load_cert_chain(folder / "certs-dev" / "localhost.pem", folder / "certs-dev" / "localhost-key.pem")
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True).start()
        expect(ready.wait(30), "the server of QUIC does not start")

    async def serve(self, ready):
        await serve("127.0.0.1", self.port, configuration=self.configuration, create_protocol=lambda *a, **k: Connection(self, *a, **k))
        ready.set()
        await asyncio.Event().wait()

    def response(self, octets):
        """What it says to the content of one stream, behind its length."""
        (length,) = struct.unpack(">H", octets[:2])
        query = dns.message.from_wire(octets[2:])
        if length != len(octets) - 2 or query.id != 0:
            self.wrong.append(octets.hex())
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        name = query.question[0].name
        records = BIG_RECORDS if name.to_text().lower() == BIG else 1
        if query.question[0].rdtype == 1:
            addresses = [f"198.51.{100 + n // 250}.{1 + n % 250}" for n in range(records)]
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", *addresses))
        wire = response.to_wire(max_size=65_535)
        return struct.pack(">H", len(wire)) + wire


class Connection(QuicConnectionProtocol):
    def __init__(self, upstream, *arguments, **options):
        super().__init__(*arguments, **options)
        self.upstream, self.streams = upstream, {}

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.upstream.connections += 1
        if isinstance(event, StreamDataReceived):
            octets = self.streams[event.stream_id] = self.streams.get(event.stream_id, b"") + event.data
            if event.end_stream:
                self._quic.send_stream_data(event.stream_id, self.upstream.response(octets), end_stream=True)
                self.transmit()


def aioquic(world):
    upstream = Upstream(world.folder)
    with world.processes() as processes:
        world.serve(processes, "quic", "127.0.0.1:54", upstream=f"quic://127.0.0.1:{upstream.port}#localhost")
        ask = lambda *more: run("dig", "@127.0.0.1", "-p", "54", "+short", "+tries=1", "+timeout=5", *more).split()
        names = [f"n{n}.outside.example" for n in range(NAMES)]
        found = ask(*(word for name in names for word in (name, "A")))
        expect(found == ["198.51.100.1"] * NAMES, found)
        big = ask("+tcp", BIG, "A")
        expect(len(set(big)) == BIG_RECORDS, len(big))
    expect(not upstream.wrong, upstream.wrong)
    expect(upstream.connections == 1, upstream.connections, "connections")
    return f"{NAMES} names and {BIG_RECORDS} addresses by one connection"


CLIENTS = {"DNS over QUIC to an upstream, aioquic": aioquic}
