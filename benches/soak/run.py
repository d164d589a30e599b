"""The soak: `run.py SECONDS`; benches/soak.sh says what it judges.

One process changes a scripted cluster of three servers and breaks them, one asks over each transport and compares with the
oracle, one attacks. Every ten seconds memory and descriptors are noted.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "attack"))
import wire
from oracle import ELSEWHERE_SECONDS, RECOVERY_SECONDS, Oracle
from victim import Asker
from world import MIB, World

SERVICES = 200
CHANGES_PER_SECOND = 5
PER_SECOND = {"udp": 80, "tcp": 30, "dot": 20, "https": 20}
NOTED_EVERY_SECONDS = 10
# Memory is judged once caches are full: after half an hour, or a quarter of a shorter run.
SETTLED_SECONDS = 1800
SLOPE_MIB_PER_HOUR = 1
# A shorter run says too little of a slope.
SLOPE_JUDGED_SECONDS = 3600


class Judge(Asker):
    """Asks for services at random and compares with the oracle."""

    def __init__(self, settings, transport, oracle, seed):
        super().__init__(settings, transport)
        self.oracle, self.seeded = oracle, random.Random(seed)
        self.asked = self.wrong = self.denied = self.unread = 0

    def question(self):
        return f"s{self.seeded.randrange(SERVICES + 5)}.default.nomad"

    def judge(self, name, begun, answer):
        self.asked += 1
        self.seconds.clear()
        code, addresses = wire.rcode(answer), wire.addresses(answer)
        self.denied += code == 3
        self.unread += code == 2
        service, now = name.split(".")[0], time.monotonic()
        if code == 2:
            is_right = self.oracle.may_be_unread(service, begun, now)
        else:
            is_right = code in (0, 3) and self.oracle.is_right(service, begun, now, addresses)
        if not is_right:
            self.wrong += 1
            print(f"WRONG: {self.transport} {name}: code {code}, {sorted(addresses)}", flush=True)


class Cluster(threading.Thread):
    """Changes the services, and breaks the servers every now and then."""

    def __init__(self, nomad, oracle, ended):
        super().__init__()
        self.nomad, self.oracle, self.ended = nomad, oracle, ended
        self.seeded, self.done, self.failed = random.Random(3), Counter(), None

    def run(self):
        try:
            while not self.ended.is_set():
                self.change_for(self.seeded.uniform(10, 30))
                if not self.ended.is_set():
                    getattr(self, self.seeded.choice(["cut_off", "lag", "restart", "all_down", "garbage"]))()
        except Exception as error:
            self.failed = error
            self.ended.set()

    def change_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended.is_set():
            self.change()
            self.ended.wait(1 / CHANGES_PER_SECOND)
        self.oracle.forget()

    def change(self):
        service = f"s{self.seeded.randrange(SERVICES)}"
        addresses = [f"10.{self.seeded.randrange(256)}.{self.seeded.randrange(256)}.{1 + n}" for n in range(self.seeded.choice([0, 1, 2, 3, 4, 6]))]
        self.oracle.changes(service, addresses, lambda: self.nomad.register(service, addresses=addresses))
        self.done["changes"] += 1

    def during(self, what, begin, end, seconds, recovery_seconds=ELSEWHERE_SECONDS):
        """An outage with changes in it."""
        self.done[what] += 1
        self.oracle.outage_begins(recovery_seconds)
        begin()
        self.change_for(seconds)
        end()
        self.oracle.outage_ends()
        # The next one comes when the oracle is strict again.
        self.change_for(recovery_seconds)

    def cut_off(self):
        server = self.seeded.randrange(3)
        self.during("cut off", lambda: self.nomad.freeze(server, 1), lambda: self.nomad.thaw(server), self.seeded.uniform(3, 20))

    def lag(self):
        server = self.seeded.randrange(3)
        self.during("lag", lambda: self.nomad.freeze(server), lambda: self.nomad.thaw(server), self.seeded.uniform(0.5, 3))

    def restart(self):
        server = self.seeded.randrange(3)
        self.during("restart", lambda: self.nomad.down(server), lambda: self.nomad.down(server, False), self.seeded.uniform(1, 10))

    def all_down(self):
        def each(is_down):
            for server in range(3):
                self.nomad.down(server, is_down)

        self.during("outage", lambda: each(True), lambda: each(False), self.seeded.uniform(2, 40), RECOVERY_SECONDS)

    def garbage(self):
        self.done["garbage"] += 1
        self.nomad.send_frame('{"Index":"x","Events":[[{]}\n')


def slope(points):
    """How much the second of each pair grows for one of the first, by least squares."""
    count = len(points)
    middle = [sum(part) / count for part in zip(*points)]
    spread = sum((x - middle[0]) ** 2 for x, _ in points)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in points) / spread if spread else 0.0


def main():
    seconds = float(sys.argv[1])
    oracle, ended = Oracle(), threading.Event()
    with tempfile.TemporaryDirectory() as folder, World(folder, servers=3) as world:
        for number in range(SERVICES):
            service, addresses = f"s{number}", [f"10.100.{number}.{n}" for n in (1, 2, 3)]
            oracle.changes(service, addresses, lambda: world.nomad.register(service, addresses=addresses))
        world.nomad.register("big", 500, "10.200")
        (world.folder / "state").mkdir()
        settings = {
            "nomad": {"addresses": world.nomad.addresses, "state_dir": str(world.folder / "state"), "state_seconds": 5},
            # Small, so that it is full long before memory is judged.
            "cache": {"octets": MIB},
        }
        with world.gateway(**settings) as gateway:
            asking = {"source": "127.9.9.9", "timeout_seconds": 5, "ca": world.ca, "per_second": PER_SECOND, "ports": gateway.ports}
            judges = [Judge(asking, transport, oracle, seed) for seed, transport in enumerate(PER_SECOND)]
            cluster = Cluster(world.nomad, oracle, ended)
            threads = [threading.Thread(target=judge.run, args=[ended]) for judge in judges] + [cluster]
            attacker = subprocess.Popen(
                [sys.executable, str(HERE / "attacks.py"), json.dumps(gateway.ports), world.ca],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for thread in threads:
                thread.start()
            begin, noted = time.monotonic(), []
            while time.monotonic() - begin < seconds and not ended.wait(NOTED_EVERY_SECONDS):
                if attacker.poll() is not None:
                    ended.set()
                    raise RuntimeError(f"the attacker ended by itself, with {attacker.returncode}")
                gateway.reload()
                seen = gateway.seen()
                noted.append((time.monotonic() - begin, seen.memory, seen.descriptors, seen.threads))
                if len(noted) % 30 == 0:
                    print(f"{noted[-1][0]:.0f} s: {seen}, {sum(judge.asked for judge in judges)} answers", flush=True)
            ended.set()
            for thread in threads:
                thread.join()
            attacks, _ = attacker.communicate()
            if cluster.failed:
                raise cluster.failed
            log_octets = gateway.log_octets()
            return report(seconds, judges, cluster, attacks.strip(), noted, log_octets)


def report(seconds, judges, cluster, attacks, noted, log_octets):
    settled = [it for it in noted if it[0] >= min(SETTLED_SECONDS, seconds / 4)]
    mib_per_hour = slope([(at / 3600, memory / MIB) for at, memory, *_ in settled])
    wrong, lost = sum(it.wrong for it in judges), sum(it.lost for it in judges)
    asked = ", ".join(f"{it.transport} {it.asked} ({it.denied} denials)" for it in judges)
    done = ", ".join(f"{count} {what}" for what, count in sorted(cluster.done.items()))
    print(f"answers: {asked}; new and not read yet: {sum(it.unread for it in judges)}; asked again over UDP: {sum(it.again for it in judges)}")
    print(f"cluster: {done}; attacks: {attacks}; reloads: {len(noted)}; log: {log_octets} octets")
    memory = [it[1] / MIB for it in settled]
    descriptors, threads = [it[2] for it in settled], [it[3] for it in settled]
    print(f"memory: {min(memory):.1f} to {max(memory):.1f} MiB, {mib_per_hour:+.2f} MiB/h once settled")
    # What is open in between attacks: the least of the first half and of the second.
    half = len(descriptors) // 2
    quiet = min(descriptors[:half] or descriptors), min(descriptors[half:])
    print(f"descriptors: {min(descriptors)} to {max(descriptors)}, at rest {quiet[0]} then {quiet[1]}; threads {min(threads)} to {max(threads)}")
    for why, count in {text: count for it in judges for text, count in it.why.items()}.items():
        print(f"lost: {count} times {why}")
    grows = seconds >= SLOPE_JUDGED_SECONDS and mib_per_hour > SLOPE_MIB_PER_HOUR
    leaks = quiet[1] > quiet[0] + 8
    print(f"soak: wrong {wrong}, lost {lost}{', memory grows' if grows else ''}{', descriptors grow' if leaks else ''}")
    return 1 if wrong or lost or grows or leaks else 0


sys.exit(main())
