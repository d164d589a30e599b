"""Attacks that the gateway always held against; they must stay so."""

import random
import socket
import struct
import time

import hostile
import wire
from world import MIB, expect, until

ATTACKER = "127.1.1.1"


def nxdomain_flood(world):
    """Names that are not there, each another, fill the cache up to its size and no more, and cost little each."""
    sent = 60_000
    with world.gateway(cache={"octets": 4 * MIB}) as gateway:
        before = gateway.seen()
        with gateway.victim() as victim, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((ATTACKER, 0))
            udp.connect(("127.0.0.1", gateway.ports["udp"]))
            udp.settimeout(1)
            for number in range(sent):
                udp.send(wire.query(f"{number:012x}.default.nomad"))
                # Not more at once than the kernel keeps, so that each reaches the gateway.
                if number % 50 == 49:
                    _take(udp, 50)
        after = gateway.seen()
        per_query = (after.cpu_seconds - before.cpu_seconds) / sent
        expect(per_query < 0.000_2, "a denied name costs", per_query, "s")
        expect(after.log_octets - before.log_octets < 1000, "log", after.log_octets - before.log_octets)
        # Each UDP worker has a cache of its own, and the connections have one.
        gateway.expect_back(before, memory_octets=24 * MIB)
        return f"{sent} names, {per_query * 1e6:.0f} us of processor each, {before.until(gateway.seen())}, {victim.figures()}"


def rapid_reset(world):
    """HTTP/2 streams that are opened and reset at once (CVE-2023-44487) cost the connection, not the gateway."""
    return _over_http2(world, hostile.rapid_reset, 20_000)


def continuation_without_end(world):
    """CONTINUATION frames that never end a header block (CVE-2024-27316) end the connection within its limit."""
    return _over_http2(world, hostile.continuation, 5_000)


def header_bomb(world):
    """One large header field of the dynamic table, referred to thousands of times, does not grow memory."""
    return _over_http2(world, hostile.header_bomb, 200)


def settings_and_pings(world):
    """Control frames that want an answer each do not pile up answers."""
    return _over_http2(world, hostile.control_frames, 50_000)


def slow_messages(world):
    """Clients that send a message octet by octet are let go, others are served meanwhile, and more crowds take no more memory."""
    with world.gateway(limits={"message_ms": 1000, "http_headers_ms": 1000, "handshake_ms": 1000}) as gateway:
        start = gateway.seen()
        with gateway.victim() as victim:
            held = _slow_clients(gateway)
            _slow_clients(gateway)
            # What crowds took the allocator keeps; another one of the same size must find it there.
            before = gateway.seen()
            for _ in range(3):
                _slow_clients(gateway)
        gateway.expect_back(before, memory_octets=4 * MIB)
        expect(gateway.memory() - start.memory < 20 * MIB, "memory", start, "->", gateway.seen())
        return f"five times 400 slow clients ({held} descriptors) let go, {start.until(gateway.seen())}, {victim.figures()}"


def _slow_clients(gateway):
    """Has 400 clients begin a message and say no more until they are let go; how many descriptors that took."""
    before, streams = gateway.descriptors(), []
    for number in range(100):
        for transport, first in [("tcp", b"\0"), ("dot", b"\x16"), ("https", b"\x16\3"), ("http", b"GET /")]:
            stream = wire.connect(gateway.ports[transport], f"127.1.2.{1 + number % 50}")
            stream.sendall(first)
            streams.append(stream)
    held = gateway.descriptors() - before
    expect(until(lambda: _still_open(streams) == 0, 15), _still_open(streams), "of", len(streams), "slow clients are still there")
    for stream in streams:
        stream.close()
    return held


def half_handshakes(world):
    """A thousand TLS handshakes that are left after the first message leave nothing behind."""
    hello = hostile.client_hello()
    with world.gateway(limits={"handshake_ms": 1000}) as gateway:
        before = gateway.seen()
        with gateway.victim() as victim:
            for number in range(1000):
                stream = wire.connect(gateway.ports["dot" if number % 2 else "https"], f"127.1.{3 + number % 20}.1")
                stream.sendall(hello)
                if number % 3 == 0:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                stream.close()
        gateway.expect_back(before)
        expect(gateway.log_octets() - before.log_octets < 20_000, "log", gateway.log_octets() - before.log_octets)
        return f"1000 half handshakes, {before.until(gateway.seen())}, {victim.figures()}"


def reload_storm(world):
    """Hundreds of SIGHUPs lose no query and leave no thread, descriptor or flood of log behind."""
    with world.gateway() as gateway:
        before = gateway.seen()
        with gateway.victim() as victim:
            for _ in range(500):
                gateway.reload()
                time.sleep(0.004)
        gateway.expect_back(before)
        per_reload = (gateway.log_octets() - before.log_octets) / 500
        expect(per_reload < 2000, "a reload writes", per_reload, "octets of log")
        return f"500 SIGHUPs, {before.until(gateway.seen())}, {victim.figures()}"


def malformed_packets(world):
    """Random and cut packets cause no panic and no log, and nobody else loses an answer."""
    with world.gateway() as gateway:
        before = gateway.seen()
        with gateway.victim() as victim, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((ATTACKER, 0))
            udp.connect(("127.0.0.1", gateway.ports["udp"]))
            udp.setblocking(False)
            for number, octets in enumerate(hostile.malformed(random.Random(1), 30_000)):
                try:
                    udp.send(octets)
                except BlockingIOError:
                    pass
                _take_all(udp)
                if number % 50 == 0:
                    time.sleep(0.001)
        after = gateway.seen()
        expect(after.log_octets == before.log_octets, "log:", gateway.log()[-500:])
        gateway.expect_back(before)
        return f"30000 packets, {before.until(after)}, {victim.figures()}"


def _take(udp, count):
    """Takes up to so many answers; the kernel may have dropped some."""
    try:
        for _ in range(count):
            udp.recv(65535)
    except (TimeoutError, socket.timeout):
        pass


def _take_all(udp):
    try:
        while True:
            udp.recv(65535)
    except (BlockingIOError, ConnectionError):
        pass


def _still_open(streams):
    count = 0
    for stream in streams:
        stream.setblocking(False)
        try:
            count += bool(stream.recv(4096))
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def _over_http2(world, octets, count):
    """Sends what `octets` gives; a connection that the gateway closes is opened again, up to twenty times."""
    with world.gateway() as gateway:
        before = gateway.seen()
        sent = total = connections = 0
        with gateway.victim() as victim:
            while sent < count and connections < 20:
                connections += 1
                stream = wire.http2(gateway.ports["https"], world.ca, ATTACKER)
                for some, units in octets(count - sent):
                    if not wire.send_reading(stream, some):
                        break
                    sent += units
                    total += len(some)
                wire.drained(stream, 2)
                stream.close()
        after = gateway.seen()
        growth = gateway.memory_high() - before.memory
        expect(growth < 32 * MIB, "memory grew by", growth)
        processor = after.cpu_seconds - before.cpu_seconds
        # The victim's share, the handshakes, and what a hostile frame may cost.
        bound = 0.001 * victim.asked() + 0.02 * connections + 0.000_1 * sent
        expect(processor < bound, "processor", processor, "s, bound", bound)
        log = after.log_octets - before.log_octets
        expect(log <= 200 * connections, "log", log, "octets:", gateway.log()[-600:])
        gateway.expect_back(before)
        return (
            f"{sent} of {count} sent ({total} octets) over {connections} connections, "
            f"{before.until(gateway.seen())}, {victim.figures()}"
        )
