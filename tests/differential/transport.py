"""Asks one server many questions at a time, over UDP and over one TCP connection."""

import select
import socket
import struct
import time

ATTEMPTS = 4
WAIT_SECONDS = 2


class Server:
    def __init__(self, name, port):
        self.name, self.address = name, ("127.0.0.1", port)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.connect(self.address)
        self.udp.setblocking(False)
        self.tcp, self.unread = None, b""

    def send(self, numbered):
        """Sends questions, each under its number."""
        stream = b""
        for number, question in numbered:
            wire = struct.pack("!H", number) + question.wire[2:]
            if question.tcp:
                stream += struct.pack("!H", len(wire)) + wire
            else:
                try:
                    self.udp.send(wire)
                except ConnectionRefusedError:
                    raise SystemExit(f"nobody listens at the port of {self.name} any more, {self.address}") from None
        if stream:
            if self.tcp is None:
                self.tcp, self.unread = socket.create_connection(self.address), b""
            self.tcp.sendall(stream)

    def collect(self, numbered):
        """Gives the answers to questions that were sent, by their numbers; asks again what is lost."""
        answers = {}
        for _ in range(ATTEMPTS):
            self.receive(answers, len(numbered))
            missing = [pair for pair in numbered if pair[0] not in answers]
            if not missing:
                return answers
            if self.tcp is not None:
                self.tcp.close()
                self.tcp = None
            self.send(missing)
        return answers

    def receive(self, answers, wanted):
        end = time.monotonic() + WAIT_SECONDS
        while len(answers) < wanted:
            sockets = [self.udp] + ([self.tcp] if self.tcp else [])
            ready, _, _ = select.select(sockets, [], [], max(0, end - time.monotonic()))
            if not ready:
                return
            if self.udp in ready:
                self.receive_datagrams(answers)
            if self.tcp in ready and not self.receive_stream(answers):
                return

    def receive_datagrams(self, answers):
        try:
            while True:
                wire = self.udp.recv(65535)
                answers[int.from_bytes(wire[:2], "big")] = wire
        except BlockingIOError:
            pass

    def receive_stream(self, answers):
        try:
            octets = self.tcp.recv(1 << 20)
        except ConnectionError:
            octets = b""
        if not octets:
            self.tcp.close()
            self.tcp = None
            return False
        self.unread += octets
        while len(self.unread) >= 2:
            end = 2 + int.from_bytes(self.unread[:2], "big")
            if len(self.unread) < end:
                break
            wire, self.unread = self.unread[2:end], self.unread[end:]
            answers[int.from_bytes(wire[:2], "big")] = wire
        return True
