"""Attacks on UDP sockets, on the log and by the addresses of others."""

import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
from contextlib import contextmanager

import wire
from world import expect, until

ATTACKER = "127.1.1.1"
SERVER, CLIENT = "nomadns-s", "nomadns-c"
# The octets of a packet on the way that the forged ICMP tells of.
SMALL_WAY = 100


def log_of_hostile_packets(world):
    """A packet that the decoder has something to say about, writes nothing into the log."""
    with world.gateway() as gateway:
        before = gateway.seen()
        for size in (0, 400, 1400, 3500):
            expect(_answered(gateway, _malformed_option(size), 100) == 100, "not all are answered")
        octets = gateway.log_octets() - before.log_octets
        expect(octets < 1000, "octets of log", octets)
        return f"{octets} octets of log for 400 packets"


def unread_log(world):
    """A log that nobody reads, of all that there is to say, stops neither answers nor health nor the end."""
    reader, writer = os.pipe()
    log = {"level": "debug", "repeats_per_minute": 0}
    with world.gateway(stderr=writer, log=log) as gateway:
        os.close(writer)
        with gateway.victim() as victim:
            expect(_answered(gateway, _malformed_option(3500), 600) == 600, "not all are answered")
        dropped = gateway.metric("nomadns_log_dropped_total")
        expect(dropped > 0, "the log was not full")
        expect(gateway.page("/healthz") == "OK\n", "not healthy")
        figures = victim.figures()
    os.close(reader)
    return f"{dropped:.0f} lines dropped, {figures}"


def amplification(world):
    """Without a cookie a network is sent no more octets than are allowed it, and the rest is no longer than the query."""
    world.nomad.register("large", 40, "10.8")
    bounds = {"unproven_exempt": [], "unproven_octets_per_second": 20_000}
    with world.gateway(clients=bounds) as gateway:
        query = wire.query("large.default.nomad", edns=1232)
        until(lambda: len(_ask(gateway, query)) > 500)
        asked = octets = truncated = 0
        begin = time.monotonic()
        for _ in range(500):
            answer = _ask(gateway, query)
            asked, octets = asked + len(query), octets + len(answer)
            if len(answer) <= len(query):
                truncated += wire.is_truncated(answer)
        most = 20_000 * (time.monotonic() - begin + 1) + asked
        expect(truncated > 0 and octets <= most, octets, "octets for", asked, "and at most", most)
        return f"{octets / asked:.1f} times the octets asked, {truncated} of 500 with TC"


def burst(world):
    """A thousand queries at once find room, or the kernel's drops are counted."""
    with world.gateway(limits={"udp_workers": 1}) as gateway:
        clients = [_client(gateway) for _ in range(20)]
        for number in range(1000):
            clients[number % 20].send(wire.query("redis.default.nomad", identifier=number))
        answered = sum(_received(client) for client in clients)
        dropped = gateway.metric("nomadns_udp_receive_dropped_total")
        expect(answered + dropped == 1000, answered, "answered and", dropped, "dropped")
        # Where the kernel gives less, the log says so.
        expect(dropped == 0 or "gives less room" in gateway.log(), dropped, "dropped")
        return f"{answered} answered, {dropped:.0f} dropped"


def two_ways(world):
    """A host with two ways to a client answers by the route, from the address that was asked; wants root."""
    if os.geteuid():
        return "skipped: not root"
    with _two_ways(), _served(world, ["0.0.0.0:53", "[::]:53"]):
        for source, asked in (("10.9.9.9", "10.1.0.1"), ("10.9.9.9", "10.2.0.1"), ("fd09::9", "fd02::1")):
            answer = _within(CLIENT, lambda: _asked_from(source, asked, wire.query("nomad", 6)))
            expect(answer, asked, "does not answer", source)
    return "3 addresses answer"


def forged_icmp(world):
    """ICMP that anybody can write, of a way that takes small packets only, has no answer cut into fragments."""
    if os.geteuid():
        return "skipped: not root"
    with _two_ways(), _served(world, ["0.0.0.0:53"], nsid="n" * 128):
        query = wire.query("nomad", 6)
        # An OPT that asks for the name of the server makes the answer long.
        query = query[:11] + b"\1" + query[12:] + b"\0" + struct.pack("!HHIHHH", 41, 1232, 0, 4, 3, 0)
        before, after = _within(CLIENT, lambda: _fragments_around_icmp(query))
        expect(before and before == after, "before", before, "after", after)
    return f"packets {after} as before"


def _malformed_option(octets):
    """A query with an option that runs past the end of its record, and one more record."""
    data = struct.pack("!HH", 12, octets + 4) + b"\xff" * octets
    more = b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(data)) + data + b"\0" + struct.pack("!HHIHI", 1, 1, 0, 4, 1)
    query = wire.query("redis.default.nomad")
    return query[:10] + struct.pack("!H", 2) + query[12:] + more


def _client(gateway, source=ATTACKER):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((source, 0))
    udp.connect(("127.0.0.1", gateway.ports["udp"]))
    udp.settimeout(1)
    return udp


def _ask(gateway, message):
    with _client(gateway) as udp:
        udp.send(message)
        return udp.recv(65535)


def _answered(gateway, message, times):
    with _client(gateway) as udp:
        udp.settimeout(5)
        return sum(bool(udp.send(message) and udp.recv(65535)) for _ in range(times))


def _received(udp):
    count = 0
    try:
        while udp.recv(65535):
            count += 1
    except TimeoutError:
        return count


def _run(command):
    subprocess.run(command.split(), check=True, capture_output=True)


@contextmanager
def _two_ways():
    """Two network namespaces with two links between them; the server's routes lead by the first one."""
    server, client = f"ip -n {SERVER}", f"ip -n {CLIENT}"
    try:
        for name in (SERVER, CLIENT):
            _run(f"ip netns add {name}")
            _run(f"ip -n {name} link set lo up")
        for number in (1, 2):
            _run(f"ip link add s{number} netns {SERVER} type veth peer name c{number} netns {CLIENT}")
            for ip, side, host in ((server, "s", 1), (client, "c", 2)):
                _run(f"{ip} addr add 10.{number}.0.{host}/24 dev {side}{number}")
                _run(f"{ip} addr add fd0{number}::{host}/64 dev {side}{number} nodad")
                _run(f"{ip} link set {side}{number} up")
        for name, side in ((SERVER, "s"), (CLIENT, "c")):
            for key in ("all", f"{side}1", f"{side}2"):
                _run(f"ip netns exec {name} sysctl -qw net.ipv4.conf.{key}.rp_filter=0")
        # Usually the kernel believes in no way below 552 octets, and no answer here is as long.
        _run(f"ip netns exec {SERVER} sysctl -qw net.ipv4.route.min_pmtu={SMALL_WAY}")
        # No neighbour answers for an address that is on another interface.
        _run(f"ip netns exec {CLIENT} sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2")
        _run(f"{client} addr add 10.9.9.9/32 dev lo")
        _run(f"{client} addr add fd09::9/128 dev lo")
        _run(f"{server} route add default via 10.1.0.2 dev s1")
        _run(f"{server} -6 route add default via fd01::2 dev s1")
        yield
    finally:
        for name in (SERVER, CLIENT):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@contextmanager
def _served(world, dns, **top):
    """A gateway in the server's namespace; it has no Nomad, and answers for its zone that it does not know."""
    lines = [f'{key} = "{value}"' for key, value in top.items()]
    lines += ["[listen]", f"dns = {dns}".replace("'", '"'), "http = []", "admin = []"]
    config = world.folder / "two_ways.toml"
    config.write_text("\n".join(lines) + "\n")
    command = ["ip", "netns", "exec", SERVER, world.binary, "serve", "--config", str(config)]
    with open(world.folder / "two_ways.log", "wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        # The line that says that all is bound.
        read = (world.folder / "two_ways.log").read_text
        expect(until(lambda: " listening udp=" in read()), read())
        yield
    finally:
        process.kill()
        process.wait()


def _within(namespace, work):
    """Does work in a network namespace, by a thread of its own."""
    results = []

    def inside():
        with open(f"/run/netns/{namespace}", "rb") as there:
            expect(ctypes.CDLL(None).setns(there.fileno(), 0) == 0, "setns")
        results.append(work())

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    expect(results, "nothing came of it")
    return results[0]


def _asked_from(source, asked, message):
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind((source, 0))
        udp.settimeout(2)
        # The first packet may be lost while neighbours are found.
        for _ in range(3):
            udp.sendto(message, (asked, 53))
            try:
                answer, by = udp.recvfrom(65535)
            except TimeoutError:
                continue
            return answer if by[0] == asked else None
    return None


def _fragments_around_icmp(query):
    """The lengths of the packets of an answer, before a forged "fragmentation needed" and after it."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as wiretap:
        wiretap.bind(("c2", 0))
        wiretap.settimeout(0.5)
        before = _packets(wiretap, query)
        header = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 700, 0, 0x4000, 64, 17, 0, socket.inet_aton("10.2.0.1"), socket.inet_aton("10.2.0.2")
        )
        quoted = header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + struct.pack("!HHHH", 53, 4000, 680, 0)
        icmp = struct.pack("!BBHHH", 3, 4, 0, 0, SMALL_WAY) + quoted
        icmp = icmp[:2] + struct.pack("!H", _checksum(icmp)) + icmp[4:]
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.bind(("10.2.0.2", 0))
            raw.sendto(icmp, ("10.2.0.1", 0))
        time.sleep(0.3)
        return before, _packets(wiretap, query)


def _packets(wiretap, query):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("10.2.0.2", 0))
        udp.sendto(query, ("10.2.0.1", 53))
        lengths, end = [], time.monotonic() + 1
        while time.monotonic() < end:
            try:
                packet = wiretap.recv(65535)[14:]
            except TimeoutError:
                break
            if packet[9] == 17 and packet[12:16] == socket.inet_aton("10.2.0.1"):
                lengths.append(struct.unpack("!H", packet[2:4])[0])
        return lengths


def _checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
