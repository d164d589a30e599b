"""Attacks at a bounded rate, one after the other, for as long as the soak lasts: `attacks.py PORTS CA`, a JSON object and a
path. It ends with its standard input.
"""

import json
import random
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tests" / "attack"))
import hostile
import wire

# Long enough that most of the time nothing is attacked, so that memory and descriptors come back in between.
PAUSE_SECONDS = 10


def denied_names(ports, ca, seeded):
    packets(ports, (wire.query(f"{seeded.getrandbits(48):012x}.default.nomad") for _ in range(5_000)))


def malformed_packets(ports, ca, seeded):
    packets(ports, hostile.malformed(seeded, 5_000))


def packets(ports, octets):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.1.1.1", 0))
        udp.connect(("127.0.0.1", ports["udp"]))
        for number, some in enumerate(octets):
            try:
                udp.send(some)
            except OSError:
                pass
            if number % 20 == 0:
                time.sleep(0.002)


def half_handshakes(ports, ca, seeded):
    hello = hostile.client_hello()
    for number in range(300):
        stream = wire.connect(ports["dot" if number % 2 else "https"], f"127.1.{3 + number % 20}.1")
        stream.sendall(hello)
        if number % 3 == 0:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
        time.sleep(0.005)


def slow_messages(ports, ca, seeded):
    streams = []
    for number in range(60):
        for transport, first in [("tcp", b"\0"), ("dot", b"\x16"), ("https", b"\x16\3"), ("http", b"GET /")]:
            stream = wire.connect(ports[transport], f"127.1.2.{1 + number % 50}")
            stream.sendall(first)
            streams.append(stream)
    time.sleep(3)
    for stream in streams:
        stream.close()


def untaken_answers(ports, ca, seeded):
    streams = []
    message = wire.framed(wire.query("big.default.nomad", wire.SRV))
    for number in range(20):
        stream = wire.connect(ports["tcp"], f"127.1.4.{1 + number}", receive_buffer=2048)
        stream.setblocking(False)
        try:
            stream.send(message * 100)
        except OSError:
            pass
        streams.append(stream)
    time.sleep(7)
    for stream in streams:
        stream.close()


def http2_abuse(ports, ca, seeded):
    for octets in (hostile.rapid_reset, hostile.continuation, hostile.header_bomb, hostile.control_frames):
        stream = wire.http2(ports["https"], ca, "127.1.5.1")
        for some, _ in octets(2_000):
            if not wire.send_reading(stream, some):
                break
        wire.drained(stream, 1)
        stream.close()


ATTACKS = [denied_names, malformed_packets, half_handshakes, slow_messages, untaken_answers, http2_abuse]


def main():
    ports, ca = json.loads(sys.argv[1]), sys.argv[2]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    seeded, carried_out = random.Random(7), 0
    while not ended.is_set():
        attack = ATTACKS[carried_out % len(ATTACKS)]
        try:
            attack(ports, ca, seeded)
        except OSError as error:
            # An attacker may be turned away.
            print(f"{attack.__name__}: {error}", file=sys.stderr)
        carried_out += 1
        ended.wait(PAUSE_SECONDS)
    print(carried_out)


main()
