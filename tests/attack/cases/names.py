"""Attacks by what is asked: dear names, hosts of other sites."""

import itertools
import random
import socket
import threading
from collections import Counter
from contextlib import contextmanager

import wire
from world import VICTIM_ADDRESS, expect, until

ATTACKER = "127.1.1.1"
SRV = 33


def tagged_names(world):
    """Names with tags cost little, however many instances and tags there are, and in whatever order they are written."""
    tags = [f"tag{number}" for number in range(20)]
    world.nomad.register("dear", 3000, "10.20", tags=tags)
    seeded, sent = random.Random(1), 3000
    with world.gateway() as gateway:
        def ask(udp, name, kind=1):
            udp.send(wire.query(f"{name}.dear.default.nomad", kind))
            return wire.rcode(udp.recv(4096))

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((ATTACKER, 0))
            udp.connect(("127.0.0.1", gateway.ports["udp"]))
            udp.settimeout(10)
            # What is made of all instances is made once, whoever asks first.
            expect(until(lambda: ask(udp, "tag0") == 0), "the service is not there")
            ask(udp, "tag0", SRV)
            before = gateway.seen()
            with gateway.victim() as victim:
                codes = [
                    ask(udp, ".".join(seeded.sample(tags, seeded.randrange(1, 21))), kind)
                    for kind in itertools.islice(itertools.cycle([1, SRV]), sent)
                ]
                twice = {ask(udp, ".".join(["tag1"] * count)) for count in range(2, 30)}
            per_query = (gateway.cpu_seconds() - before.cpu_seconds) / sent
        expect(set(codes) == {0}, "codes", set(codes))
        expect(twice == {3}, "a tag twice has the codes", twice)
        # Together with what the victim's queries cost, and TLS.
        expect(per_query < 0.001, "a name costs", per_query, "s of processor")
        gateway.expect_back(before, memory_octets=64 << 20)
        return f"{sent} names, {per_query * 1e6:.0f} us of processor each, {before.until(gateway.seen())}, {victim.figures()}"


def other_hosts(world):
    """A page whose name was made to lead here (DNS rebinding) reads nothing, on any path of either listener."""
    with world.gateway() as gateway:
        def status(port, path, host):
            with wire.connect(gateway.ports[port]) as stream:
                stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return int(wire.read_exactly(stream, 12).split()[1])

        paths = [("http", "/resolve?name=redis.default.nomad"), ("admin", "/metrics"), ("admin", "/"), ("admin", "/readyz")]
        for port, path in paths:
            for host in ("evil.example", "evil.example:8053", "localhost.evil.example", "nomad.evil.example"):
                expect(status(port, path, host) == 421, host, "reads", path)
            for host in ("localhost", "127.0.0.1:80", "[::1]", "dns.nomad"):
                expect(status(port, path, host) == 200, host, "does not read", path)
            for host in ("a b", "evil@localhost", "localhost:99999"):
                expect(status(port, path, host) == 400, host, "is taken for a host")
        return f"{len(paths)} pages"


def made_up_names(world):
    """Where each name is read as it is asked for, a flood from made-up addresses takes no read from others' cold names."""
    asked = 30
    world.nomad.register_many("cold", 2 * asked, instances=1)
    for path in ("/v1/services", "/v1/event/stream"):
        world.nomad.answer(path, 403, "Permission denied")
    numbers = itertools.count()
    with world.gateway() as gateway:
        def ask(over):
            return wire.rcode(over(gateway, wire.query(f"cold{next(numbers)}.default.nomad")))

        with _flood(gateway, [f"127.66.2.{host}" for host in range(1, 251)], per_second=500) as sent:
            until(lambda: gateway.metric("nomadns_failures_total.*overloaded") > 0)
            proven = Counter(ask(_over_tcp) for _ in range(asked))
            elsewhere = Counter(ask(_over_udp) for _ in range(asked))
        expect(set(proven) == {0}, "over TCP the codes are", proven)
        expect(set(elsewhere) == {0}, "over UDP from another network the codes are", elsewhere)
        reads = world.nomad.requests()["/v1/service/*"]
        refused = gateway.metric("nomadns_failures_total.*overloaded")
        expect(refused > 0, "the flood was not too much")
        return f"{sent[0]} made-up names, {reads} reads, {refused:.0f} refused, {2 * asked} cold names answered"


@contextmanager
def _flood(gateway, sources, per_second):
    """Asks over UDP for names that are not there, from all the addresses in turn."""
    clients = []
    for source in sources:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((source, 0))
        udp.connect(("127.0.0.1", gateway.ports["udp"]))
        udp.setblocking(False)
        clients.append(udp)
    ended, sent = threading.Event(), [0]

    def send():
        while not ended.wait(1 / per_second):
            clients[sent[0] % len(clients)].send(wire.query(f"madeup{sent[0]}.default.nomad"))
            sent[0] += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        ended.set()
        thread.join()
        for udp in clients:
            udp.close()


def _over_tcp(gateway, message):
    with wire.connect(gateway.ports["tcp"], VICTIM_ADDRESS) as stream:
        stream.sendall(wire.framed(message))
        return wire.read_framed(stream)


def _over_udp(gateway, message):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((VICTIM_ADDRESS, 0))
        udp.connect(("127.0.0.1", gateway.ports["udp"]))
        udp.settimeout(5)
        udp.send(message)
        return udp.recv(4096)
