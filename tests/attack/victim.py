"""The victim: a client in a process of its own that asks all the while, from an address of its own, over every transport.

`python3 victim.py SETTINGS`, a JSON object; it ends when its standard input does, and prints what it counted. An answer
counts as lost when it does not come or is not the right one. Over UDP it asks up to three times, as resolvers do; over
TCP, DoT and HTTPS once. A connection that the gateway has closed between two queries is opened again, as clients do.
"""

import json
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import wire

UDP_TRIES = 3
# How many queries go over one connection before a new one is opened, so that connecting is tried as well.
QUERIES_PER_CONNECTION = 10
# How many queries each transport has at least, however short the attack is.
QUERIES_AT_LEAST = 20


class Asker:
    """Asks over one transport."""

    def __init__(self, settings, transport):
        self.settings, self.transport = settings, transport
        self.port = settings["ports"][transport]
        self.expected = set(settings.get("addresses", []))
        self.stream, self.used = None, 0
        self.seconds, self.lost, self.again, self.why = [], 0, 0, {}

    def run(self, ended):
        pause = 1 / self.settings["per_second"][self.transport]
        due = time.monotonic()
        asked = 0
        while not ended.is_set() or asked < QUERIES_AT_LEAST:
            asked += 1
            begin = time.perf_counter()
            try:
                name, begun = self.question(), time.monotonic()
                answer = self.ask_udp(name) if self.transport == "udp" else self.ask_stream(name)
                self.judge(name, begun, answer)
                self.seconds.append(time.perf_counter() - begin)
            except (OSError, ValueError, IndexError) as error:
                self.lost += 1
                self.close()
                text = f"{self.transport}: {type(error).__name__} {error}"
                self.why[text] = self.why.get(text, 0) + 1
            due = max(due + pause, time.monotonic())
            time.sleep(max(0, due - time.monotonic()))
        self.close()

    def question(self):
        """The name to ask for now."""
        return self.settings["name"]

    def judge(self, name, begun, answer):
        """Raises a ValueError for an answer that is not right; `begun` is when it was asked for."""
        if wire.rcode(answer) != 0 or wire.addresses(answer) != self.expected:
            raise ValueError(f"answer with code {wire.rcode(answer)} and {len(wire.addresses(answer))} addresses")

    def ask_udp(self, name):
        identifier = random.randrange(65536)
        message = wire.query(name, identifier=identifier)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((self.settings["source"], 0))
            udp.connect(("127.0.0.1", self.port))
            udp.settimeout(self.settings["timeout_seconds"])
            for attempt in range(UDP_TRIES):
                udp.send(message)
                try:
                    while True:
                        answer = udp.recv(65535)
                        if answer[:2] == message[:2]:
                            self.again += attempt
                            return answer
                except (TimeoutError, socket.timeout):
                    pass
        raise ValueError("no answer")

    def ask_stream(self, name):
        message = wire.query(name, identifier=random.randrange(65536))
        is_new = self.stream is None
        try:
            return self.exchange(message)
        except OSError:
            self.close()
            if is_new:
                raise
            return self.exchange(message)

    def exchange(self, message):
        if self.stream is None:
            self.stream, self.used = wire.connect(self.port, self.settings["source"], self.settings["timeout_seconds"]), 0
            if self.transport != "tcp":
                self.stream = wire.over_tls(self.stream, self.settings["ca"])
        self.used += 1
        if self.transport == "https":
            answer = self.exchange_http(message)
        else:
            self.stream.sendall(wire.framed(message))
            answer = wire.read_framed(self.stream)
        if self.used >= QUERIES_PER_CONNECTION:
            self.close()
        return answer

    def exchange_http(self, message):
        self.stream.sendall(
            b"POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dns-message\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(message), message)
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += wire.read_exactly(self.stream, 1)
        status, *lines = head.decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if line)
        body = wire.read_exactly(self.stream, int(fields["content-length"]))
        if " 200 " not in status:
            raise ValueError(status)
        if fields.get("connection") == "close":
            self.used = QUERIES_PER_CONNECTION
        return body

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def main():
    settings = json.loads(sys.argv[1])
    ended = threading.Event()
    askers = [Asker(settings, transport) for transport in settings["ports"]]
    threads = [threading.Thread(target=asker.run, args=[ended]) for asker in askers]
    for thread in threads:
        thread.start()
    print("asking", flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    counted = {it.transport: {key: getattr(it, key) for key in ("seconds", "lost", "again", "why")} for it in askers}
    print(json.dumps(counted))


class Victim:
    """The handle: a victim that asks as long as the `with` block lasts; then every answer must have come."""

    def __init__(self, settings):
        self.settings = settings

    def __enter__(self):
        command = [sys.executable, str(Path(__file__)), json.dumps(self.settings)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        return self

    def __exit__(self, kind, *_):
        out, _ = self.process.communicate(timeout=60)
        self.counted = json.loads(out)
        lost = {transport: it["lost"] for transport, it in self.counted.items() if it["lost"]}
        if kind is None and lost:
            why = {text: count for it in self.counted.values() for text, count in it["why"].items()}
            raise AssertionError(f"the victim lost {lost} of {self.asked()} answers: {why}")
        for transport, it in self.counted.items():
            if kind is None and not it["seconds"]:
                raise AssertionError(f"the victim has asked nothing over {transport}")

    def asked(self):
        return sum(len(it["seconds"]) + it["lost"] for it in self.counted.values())

    def figures(self):
        """The counts, and the middle and the 99th percentile of each transport; they are printed, not judged."""
        parts = []
        for transport, it in self.counted.items():
            times = sorted(it["seconds"])
            middle, high = (times[min(len(times) - 1, int(len(times) * part))] * 1000 for part in (0.5, 0.99))
            again = f", {it['again']} asked again" if it["again"] else ""
            parts.append(f"{transport} {len(times)} in {middle:.1f}/{high:.1f} ms{again}")
        return "victim lost 0: " + ", ".join(parts)


if __name__ == "__main__":
    main()
