"""Attacks by connections: answers that nobody takes, crowds of idle ones, handshakes."""

import socket
import ssl
import time

from hpack import Encoder

import wire
from world import MIB, expect, until

LONG = "/resolve?name=big.default.nomad&type=A"
# The most that clients may leave untaken, and what the gateway needs beside it for connections, threads and copies.
UNTAKEN = 64 * MIB


def window_zero(world):
    """HTTP/2 with a window of nothing holds one long response a connection, no more than the bound, and is let go."""
    world.nomad.register("big", 3000, "10.7")
    with world.gateway() as gateway:
        before = gateway.seen()
        with gateway.victim() as victim:
            streams = [_asks_and_takes_nothing(world, gateway, number, 100) for number in range(32)]
            held = 0
            end = time.monotonic() + 4
            while time.monotonic() < end:
                held = max(held, gateway.memory() - before.memory)
                expect(gateway.metric("nomadns_untaken_octets") <= UNTAKEN, "more is untaken than the bound")
                time.sleep(0.2)
            expect(held < UNTAKEN, "32 connections hold", held / MIB, "MiB")
            gone = until(lambda: gateway.metric('outcome="untaken"') >= len(streams), 25)
            expect(gone, "let go:", gateway.metric('outcome="untaken"'), "of", len(streams))
        for stream in streams:
            stream.close()
        # The allocator keeps some of what was held.
        gateway.expect_back(before, memory_octets=UNTAKEN // 2)
        return f"32 connections x 100 streams hold {held / MIB:.1f} MiB, all let go, {victim.figures()}"


def never_read(world):
    """Clients of TCP that never read hold under 80 KiB each beyond what the kernel has, and are let go."""
    world.nomad.register("big", 3000, "10.7")
    asked = wire.framed(wire.query("big.default.nomad")) * 200
    with world.gateway() as gateway:
        with wire.connect(gateway.ports["tcp"]) as first:
            first.sendall(asked[:100])
        before = gateway.seen()
        with gateway.victim() as victim:
            streams, held = [], []
            for number in range(600):
                stream = wire.connect(gateway.ports["tcp"], f"127.1.{1 + number // 100}.1", receive_buffer=2048)
                wire.send_all(stream, asked)
                streams.append(stream)
                if number in (99, 599):
                    time.sleep(2)
                    held.append(gateway.memory())
            # What the first of them cost for all is not each one's.
            each = (held[1] - held[0]) / 500
            expect(each < 80 * 1024, "a connection holds", each, "octets")
            gone = until(lambda: gateway.descriptors() <= before.descriptors + 20, 25)
            expect(gone, "descriptors:", gateway.descriptors(), "before", before.descriptors)
        for stream in streams:
            stream.close()
        return f"600 connections hold {each / 1024:.0f} KiB each, all let go, {victim.figures()}"


def crowd(world):
    """More idle connections than there are places keep nobody out: not who asks, nor the operator."""
    limits = {"connections": 400, "connections_per_client": 100}
    with world.gateway(limits=limits) as gateway:
        before = gateway.seen()
        with gateway.victim() as victim:
            streams = []
            for number in range(1200):
                for transport in ("tcp", "admin") if number % 10 == 0 else ("tcp",):
                    streams.append(wire.connect(gateway.ports[transport], f"127.1.{1 + number % 40}.1"))
            expect(gateway.is_ready(), "the operator's pages are not reached")
            made_room = gateway.metric('listener="tcp",outcome="made_room"')
            expect(gateway.metric("^nomadns_open_connections") <= 400, "more are open than there are places")
        for stream in streams:
            stream.close()
        gateway.expect_back(before)
        return f"1200 idle connections for 400 places, {made_room:.0f} made room, {victim.figures()}"


def few_descriptors(world):
    """With few descriptors the gateway keeps a reserve: a change at Nomad is seen while connections take the rest."""
    prefix = ["prlimit", "--nofile=256:256"]
    with world.gateway(prefix=prefix, descriptors=256) as gateway:
        with gateway.victim() as victim:
            streams = [wire.connect(gateway.ports["tcp"], f"127.1.{1 + number // 100}.1") for number in range(400)]
            # Of the reserve of 64 it uses some itself: files, its connections to Nomad, and one per listener that waits
            # for its place.
            open_descriptors = gateway.descriptors()
            expect(open_descriptors <= 256 - 64 // 2, "descriptors:", open_descriptors)
            world.nomad.register("fresh", 2, "10.8")
            expect(until(lambda: _is_answered(gateway, "fresh.default.nomad"), 10), "the change is not seen")
            expect(gateway.metric("nomadns_accept_failures") == 0, "accepting failed")
        for stream in streams:
            stream.close()
        return f"400 connections with 256 descriptors, {gateway.descriptors()} open, {victim.figures()}"


def handshakes(world):
    """A client may begin so many TLS handshakes a second and no more; another one's are none of its business."""
    with world.gateway(limits={"handshakes_per_client": 5}, clients={"exempt": ["127.9.9.9"]}) as gateway:
        with gateway.victim() as victim:
            done = sum(_shakes_hands(world, gateway) for _ in range(40))
            refused = gateway.metric('reason="over_rate"')
            expect(done < 30 and refused >= 10, done, "handshakes,", refused, "refused")
        return f"{done} of 40 handshakes, {refused:.0f} refused, {victim.figures()}"


def _asks_and_takes_nothing(world, gateway, number, streams):
    stream = wire.http2(gateway.ports["https"], world.ca, f"127.1.{1 + number // 8}.1", window=0)
    encoder = Encoder()
    fields = wire.get(LONG, ("accept", "application/dns+json"))
    both = wire.END_STREAM | wire.END_HEADERS
    wire.send_all(stream, b"".join(
        wire.frame(wire.HEADERS, both, 2 * at + 1, encoder.encode(fields)) for at in range(streams)
    ))
    return stream


def _is_answered(gateway, name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(1)
        udp.sendto(wire.query(name), ("127.0.0.1", gateway.ports["udp"]))
        try:
            return wire.rcode(udp.recv(4096)) == 0
        except TimeoutError:
            return False


def _shakes_hands(world, gateway):
    try:
        wire.over_tls(wire.connect(gateway.ports["dot"], "127.1.1.1"), world.ca).close()
        return True
    except (OSError, ssl.SSLError):
        return False
