"""Forges answers of an upstream while the gateway waits for it: a million, of which none is taken; and tells how much had to be
guessed, by the ports, ids and letters of thousands of queries.

`spoofed.py PACKETS`. The upstream is scripted and slow. Wants a network of its own, and root. NOMADNS_BINARY names the binary.
"""

import asyncio
import math
import multiprocessing
import random
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import chance
import world
from forger import Forger, answer
from gateway import Demo, Processes, expect, free_port
from messages import A, RD, read
from questions import Question
from transports import Stream

UPSTREAM_ADDRESS = "127.0.0.9"
RIGHT, FORGED = "198.18.9.9", "198.18.66.66"
# How many questions wait at once, and how long the upstream takes.
QUESTIONS, SLOW_SECONDS = 64, 0.7
# How many queries the entropy is measured by.
MEASURED = 4096
# src/forward/upstream/udp.rs: then the question is asked over TCP.
MOST_MISMATCHES = 3
LABEL_LETTERS = 20


class SlowUpstream(asyncio.DatagramProtocol):
    """Answers all questions rightly, in the letters of the query; keeps the port, the id and the question of each."""

    def __init__(self):
        self.seen, self.delay, self.over_tcp, self.on_query = [], 0, 0, None

    async def start(self, port):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(UPSTREAM_ADDRESS, port))
        await asyncio.start_server(self.serve, UPSTREAM_ADDRESS, port)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, octets, source):
        found = source[1], int.from_bytes(octets[:2], "big"), question_of(octets)
        self.seen.append(found)
        if self.on_query:
            self.on_query(*found)
        asyncio.get_running_loop().call_later(self.delay, self.transport.sendto, response(octets), source)

    def error_received(self, _):
        """The gateway has closed the socket already."""

    async def serve(self, reader, writer):
        try:
            while True:
                octets = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                self.over_tcp += 1
                answered = response(octets)
                writer.write(len(answered).to_bytes(2, "big") + answered)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


def question_of(message):
    end = 12
    while message[end]:
        end += 1 + message[end]
    return bytes(message[12 : end + 5])


def response(octets):
    return answer(question_of(octets), RIGHT, int.from_bytes(octets[:2], "big"))


def questions_of(number):
    """The questions of a round, which the attacker knows, as it has had them asked."""
    chosen = random.Random(number)
    letters = lambda: bytes(chosen.choices(b"abcdefghijklmnopqrstuvwxyz", k=LABEL_LETTERS))
    return [Question((letters(), b"victim", b"alpha"), A, RD, False, None) for _ in range(QUESTIONS)]


def wire_questions_of(number):
    return [question.asked() for question in questions_of(number)]


def flood(count, port, ports, round_now, sent):
    """What the attacker's process does."""
    Forger((UPSTREAM_ADDRESS, port), "127.0.0.1").flood(count, ports, wire_questions_of, round_now, FORGED, sent)


class Spoofed:
    def __init__(self, ports, port, upstream):
        self.ports, self.port, self.upstream = ports, port, upstream
        self.clients, self.rounds = Stream(ports["dns"]), 0
        self.local_ports = tuple(map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()))

    async def answers(self, questions):
        """The addresses that clients get for questions."""
        found = []
        for octets in await self.clients.ask(questions):
            expect(octets, "no answer")
            told = read("tcp", octets)
            expect(told.rcode == "NOERROR" and len(told.answer) == 1, told)
            found += [".".join(map(str, data)) for _, _, data in told.answer]
        return found

    def next_questions(self):
        self.rounds += 1
        return questions_of(self.rounds)

    def mismatches(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/metrics", timeout=5) as page:
            found = re.findall(r"^nomadns_upstream_mismatches_total\{.*\} (\d+)", page.read().decode(), re.M)
        return sum(map(int, found))

    async def whoever_knows_all_is_believed(self):
        """The forged packets arrive: with the port, the id and the letters of the query one is taken, else none could be."""
        forger = Forger((UPSTREAM_ADDRESS, self.port), "127.0.0.1")
        self.upstream.delay = SLOW_SECONDS
        send = lambda port, identifier, question: forger.send(port, answer(question, FORGED, identifier))
        for what, on_query, wanted in [
            ("all", send, FORGED),
            ("the letters not", lambda port, identifier, question: send(port, identifier, question.swapcase()), RIGHT),
            ("the id not", lambda port, identifier, question: send(port, identifier ^ 1, question), RIGHT),
        ]:
            self.upstream.on_query = on_query
            found = await self.answers(self.next_questions()[:1])
            expect(found == [wanted], f"who knows {what} is answered with", found)
        self.upstream.on_query = None
        return "one that has all right is taken, with other letters or another id it is not"

    async def none_of_many_is_believed(self, count):
        """However many an attacker sends, clients get what the upstream says, then and later."""
        self.upstream.delay = SLOW_SECONDS
        round_now, sent = multiprocessing.Value("L", self.rounds + 1), multiprocessing.Value("L", 0)
        attacker = multiprocessing.Process(target=flood, args=(count, self.port, self.local_ports, round_now, sent))
        before, first, asked, begin = self.mismatches(), self.rounds + 1, len(self.upstream.seen), time.monotonic()
        attacker.start()
        while attacker.is_alive():
            questions = self.next_questions()
            round_now.value = self.rounds
            found = await self.answers(questions)
            expect(set(found) == {RIGHT}, "a forged answer was taken:", found)
            expect(time.monotonic() - begin < 300, "the attacker takes too long:", sent.value)
        seconds = time.monotonic() - begin
        expect(attacker.exitcode == 0, "the attacker has ended early, after", sent.value)
        for number in range(first, self.rounds + 1):
            expect(set(await self.answers(questions_of(number))) == {RIGHT}, "a forged answer is in the cache")
        met, asked = await asyncio.to_thread(self.mismatches) - before, len(self.upstream.seen) - asked
        expect(0 < met <= MOST_MISMATCHES * asked, met, "met a query, of", asked, "queries")
        return (f"{count} forged packets in {seconds:.0f} s, none taken: {met} met one of {asked} queries, "
                f"and {self.upstream.over_tcp} went on over TCP")

    async def what_has_to_be_guessed(self):
        """Ports, ids and letters are as chance has them, one by one and from one query to the next."""
        chance.refuses_counters()
        self.upstream.delay, begin = 0, len(self.upstream.seen)
        while len(self.upstream.seen) - begin < MEASURED:
            expect(set(await self.answers(self.next_questions())) == {RIGHT}, "wrong answers")
        ports, ids, questions = zip(*self.upstream.seen[begin : begin + MEASURED])
        low, high = self.local_ports
        size = high - low + 1
        expect(all(low <= port <= high for port in ports), "ports", min(ports), "to", max(ports))
        # All names are of one form, so the letters are at the same places.
        places = [at for at, octet in enumerate(questions[0][:-4]) if chr(octet).isalpha()]
        capitals = [sum(question[at] < ord("a") for question in questions) for at in places]
        patterns = [sum((question[at] < ord("a")) << bit for bit, at in enumerate(places)) for question in questions]
        steps = lambda numbers, size: [(after - before) % size for before, after in zip(numbers, numbers[1:])]
        told = [
            chance.judge_even("ports", [port - low for port in ports], size),
            chance.judge_even("steps of ports", steps(ports, size), size),
            chance.judge_distinct("ports", ports, size),
            chance.judge_even("ids", ids, 1 << 16),
            chance.judge_even("low bits of ids", [it & 0x3F for it in ids], 1 << 6),
            chance.judge_even("steps of ids", steps(ids, 1 << 16), 1 << 16),
            chance.judge_distinct("ids", ids, 1 << 16),
            chance.judge_halves("capitals by place", capitals, MEASURED),
            chance.judge_distinct("patterns of letters", patterns, 1 << len(places)),
        ]
        bits = math.log2(size) + 16 + len(places)
        return f"{MEASURED} queries, {bits:.1f} bits to guess ({size} ports, 16 of the id, {len(places)} letters)\n    " + "\n    ".join(told)


async def main():
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        world.prepare_network()
        demo = await asyncio.to_thread(Demo, processes)
        certificates = world.make_certificates(demo.binary, Path(folder))
        upstream, port = SlowUpstream(), free_port()
        await upstream.start(port)
        start = lambda: world.start_gateway(processes, demo, "gateway", f"udp://{UPSTREAM_ADDRESS}:{port}", certificates)
        spoofed = Spoofed(await asyncio.to_thread(start), port, upstream)
        print("controls:", await spoofed.whoever_knows_all_is_believed(), flush=True)
        print("off path:", await spoofed.none_of_many_is_believed(count), flush=True)
        print("entropy:", await spoofed.what_has_to_be_guessed(), flush=True)
        spoofed.clients.close()


if __name__ == "__main__":
    asyncio.run(main())
