"""Asks Unbound and Knot Resolver directly and through gateways that forward to them, over every transport, and compares.

`compare.py QUESTIONS`, so many to each of the two: half of them over UDP from the gateway to it, the others over TLS and
HTTPS. What differs must be in expected.toml, with its reason; and if there are many, what is there must be seen. The
environment gives NOMADNS_BINARY, and may give SEED. Wants a network of its own.
"""

import asyncio
import collections
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import world
from answers import wrong_parts
from differences import Comparison
from gateway import Demo, Processes
from messages import read
from questions import Generator
from transports import Direct, to_gateway
from zones import Internet

# So few that all transports of all lanes together stay below limits.forwarded_waiting_per_client.
BATCH = 24
# How many batches are under way, so that a slow name holds up one alone.
LANES = 2
# How often a question is asked again that failed since the upstream was not reached, and when: the gateway keeps failures.
ATTEMPTS, PAUSE_SECONDS = 3, 6
# So many have to see each difference that is expected.
COMPLETE_QUESTIONS = 50_000


class Upstream:
    """Compares one upstream with the gateway that forwards to it."""

    def __init__(self, name, port, ports, ca):
        self.name, self.port, self.ports, self.ca = name, port, ports, ca
        self.comparison, self.lost = Comparison(Path(__file__).parent / "expected.toml"), collections.Counter()
        self.asked_again = 0

    async def compare(self, questions):
        batches = (questions[at : at + BATCH] for at in range(0, len(questions), BATCH))
        await asyncio.gather(*(self.compare_batches(batches) for _ in range(LANES)))

    async def compare_batches(self, batches):
        """Takes batches while there are any."""
        direct, ways = Direct(self.port), to_gateway(self.ports, self.ca)
        for batch in batches:
            for attempt in range(ATTEMPTS):
                is_last = attempt == ATTEMPTS - 1
                batch = await self.compare_batch(direct, ways, batch, is_last)
                if not batch:
                    break
                self.asked_again += len(batch)
                await asyncio.sleep(PAUSE_SECONDS)
        for each in [direct, *ways.values()]:
            each.close()

    async def compare_batch(self, direct, ways, batch, is_last):
        """Compares a batch; gives what has to be asked again."""
        # The upstream first: what it says later may only have counted down.
        told = await direct.ask(batch)
        answers = await asyncio.gather(*(way.ask(batch) for way in ways.values()))
        asked, doubtful = time.monotonic(), []
        for question, theirs, *ours in zip(batch, told, *answers):
            doubtful += self.judge(question, theirs, dict(zip(ways, ours)))
        # It may say one thing and then another: what it keeps is older than what has just come, or was not validated yet.
        once = list(dict.fromkeys(question for question, *_ in doubtful))
        again, seconds = dict(zip(once, await direct.ask(once) if once else [])), time.monotonic() - asked
        if not is_last and any(ours.rcode == "SERVFAIL" for _, ours, _ in doubtful) and self.is_unreached():
            failed = {question for question, ours, _ in doubtful if ours.rcode == "SERVFAIL"}
            doubtful = [row for row in doubtful if row[0] not in failed]
        else:
            failed = set()
        for question, *ours in doubtful:
            self.judge_again(question, again[question], *ours, seconds)
        return [question for question in batch if question in failed]

    def is_unreached(self):
        """Whether the gateway has waited for the upstream in vain, or was left by it; on a busy machine it may."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/metrics", timeout=5) as page:
            text = page.read().decode()
        return bool(re.search(r'^nomadns_upstream_queries_total\{.*result="(?:silent|unreachable)".*\} [1-9]', text, re.M))

    def judge(self, question, theirs, ours):
        """Compares the answers to a question; gives those that differ, each with the one over TCP."""
        doubtful, way = [], "directly"
        try:
            theirs = read(way, theirs)
            over_tcp = read("tcp", ours["tcp"])
            for way, answer in ours.items():
                answer = read(way, answer)
                if wrong_parts(question, theirs, answer, over_tcp, 0):
                    doubtful.append((question, answer, over_tcp))
                else:
                    self.comparison.compare(question, answer, self.name, theirs, [])
        except Exception as error:
            self.lose(question, way, error)
        return doubtful

    def judge_again(self, question, theirs, ours, over_tcp, seconds):
        """Compares an answer with what the upstream says so many seconds later."""
        try:
            theirs = read("directly", theirs)
            wrong = wrong_parts(question, theirs, ours, over_tcp, seconds)
            self.comparison.compare(question, ours, self.name, theirs, wrong)
        except Exception as error:
            self.lose(question, "directly", error)

    def lose(self, question, way, error):
        self.lost[f"{self.name}, {way}"] += 1
        print(f"{self.name}, {way}: {question}: {error!r}"[:600], flush=True)


def compare_one(name, seed, count, owners, *where):
    """Compares one upstream and one way to it, in a process of its own; gives what differs and what was lost."""
    generator, upstream = Generator(random.Random(seed), owners), Upstream(name, *where)
    asyncio.run(upstream.compare([generator.question() for _ in range(count)]))
    if upstream.asked_again:
        print(f"{name}: {upstream.asked_again} questions failed since it was not reached, and were asked again", flush=True)
    return upstream.comparison, upstream.lost


def main():
    count, seed = int(sys.argv[1]), int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        os.chmod(folder, 0o755)
        world.prepare_network()
        demo = Demo(processes)
        certificates = world.make_certificates(demo.binary, Path(folder))
        internet = Internet(Path(folder), random.Random(seed))
        world.start_internet(processes, internet)
        resolvers = world.start_resolvers(processes, internet, certificates)
        results, begin = [], time.monotonic()
        # One way after the other: with more at once, a busy machine lets somebody wait for seconds.
        for way, share in zip(world.WAYS, [count // 2, count // 4, count // 4]):
            jobs = []
            with Processes(folder) as gateways, multiprocessing.Pool(len(resolvers)) as pool:
                for name, upstream in resolvers.items():
                    url = world.url_to(upstream, way)
                    ports = world.start_gateway(gateways, demo, f"gateway-{name}-{way}", url, certificates)
                    where = upstream["dns"], ports, str(certificates / "ca.pem")
                    jobs.append((name, f"{seed} {name} {way}", share, internet.owners, *where))
                results += pool.starmap(compare_one, jobs)
        seconds = time.monotonic() - begin
    (whole, lost), *others = results
    for comparison, also_lost in others:
        whole.add(comparison)
        lost.update(also_lost)
    print(f"{count} questions about {len(internet.owners)} names to each upstream (SEED={seed}), in {seconds:.0f} s")
    good = whole.report(is_complete=count >= COMPLETE_QUESTIONS)
    if lost:
        print("without a usable answer:", dict(lost))
    sys.exit(0 if good and not lost else 1)


if __name__ == "__main__":
    main()
