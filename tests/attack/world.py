"""What an attack stands in: a scripted Nomad, the real binary with the settings of the case, and a victim.

A case has `with world.gateway(limits={"connections": 20}) as gateway:`. The gateway tells what it takes: memory,
descriptors, threads, processor time, metrics, octets of log. Everything is on loopback, on free ports.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "differential"))
from gateway import Processes, expect, free_port, until
from nomad import Nomad
from victim import Victim

MIB = 1 << 20
# Where the victim asks from; attackers take others.
VICTIM_ADDRESS = "127.9.9.9"
VICTIM_PER_SECOND = {"udp": 100, "tcp": 30, "dot": 20, "https": 20}
# How long memory may take to be back after an attack.
BACK_SECONDS = 20


class World:
    """Makes the parts, all in one folder that ends with the run."""

    def __init__(self, folder, servers=1):
        self.folder = Path(folder)
        self.binary = os.environ["NOMADNS_BINARY"]
        subprocess.run([self.binary, "certs"], cwd=self.folder, check=True, capture_output=True)
        self.ca = str(self.folder / "certs-dev" / "ca.pem")
        self.processes = Processes(self.folder)
        self.nomad = Nomad(self.processes, [free_port() for _ in range(servers)])
        # What the victim asks for.
        self.victim_addresses = self.nomad.register("redis", 3, "10.9")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # An attacker has as many descriptors as it likes.
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.descriptors = soft

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.processes.__exit__()

    def gateway(self, **settings):
        """A gateway with these settings, {section: {key: value}}; a value that is no section is a key of the top."""
        return Gateway(self, settings)


class Gateway:
    """The binary under attack, for a `with` block; it must still run and answer at the end of it.

    `stderr` may be a descriptor that takes its log instead of the file, `descriptors` its soft limit of them,
    `prefix` a command before its own.
    """

    def __init__(self, world, settings):
        self.world = world
        self.stderr = settings.pop("stderr", None)
        self.descriptors_limit = settings.pop("descriptors", world.descriptors)
        self.prefix = settings.pop("prefix", [])
        self.ends_by_itself = settings.pop("ends_by_itself", False)
        names = {"udp": "dns", "dot": "tls", "https": "https", "http": "http", "admin": "admin"}
        self.ports = {transport: free_port() for transport in names}
        self.ports["tcp"] = self.ports["udp"]
        listen = {key: [f"127.0.0.1:{self.ports[transport]}"] for transport, key in names.items()}
        certificates = world.folder / "certs-dev"
        defaults = {
            "listen": listen,
            "nomad": {"addresses": world.nomad.addresses},
            "tls": {
                "certificate": str(certificates / "localhost.pem"),
                "key": str(certificates / "localhost-key.pem"),
            },
        }
        merged = {**defaults, **settings}
        for section, keys in defaults.items():
            merged[section] = {**keys, **settings.get(section, {})}
        self.config = world.folder / f"{self.ports['udp']}.toml"
        self.config.write_text(toml(merged))
        self.log_path = world.folder / f"{self.ports['udp']}.log"

    def __enter__(self):
        def limits():
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(self.descriptors_limit, hard), hard))

        with open(self.log_path, "wb") as log:
            taken = self.stderr if self.stderr is not None else log
            command = [*self.prefix, self.world.binary, "serve", "--config", str(self.config)]
            self.process = subprocess.Popen(command, stdout=taken, stderr=taken, preexec_fn=limits)
        self.pid = self.process.pid
        expect(until(self.is_ready, 30), "the gateway does not get ready:", self.log()[-1500:])
        # The last line of the start: what comes after it is the attack's.
        has_started = self.stderr is not None or until(lambda: "following Nomad" in self.log(), 30)
        expect(has_started, "the gateway does not say which Nomad it follows:", self.log()[-1500:])
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and not self.ends_by_itself:
                expect(self.process.poll() is None, "the gateway has ended:", self.log()[-1500:])
                expect(self.is_ready(), "the gateway is not ready any more")
                panics = [count for name, count in self.metrics().items() if "panic" in name and count]
                expect(not panics and "panicked" not in self.log(), "the gateway has panicked:", self.log()[-1500:])
                # Whatever was done to it, SIGTERM ends it.
                self.process.terminate()
                expect(until(lambda: self.process.poll() is not None, 30), "SIGTERM does not end the gateway")
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()

    def victim(self, name="redis.default.nomad", addresses=None, source=VICTIM_ADDRESS, timeout_seconds=5, **per_second):
        """A victim that asks this gateway over every transport; a rate of 0 leaves one out."""
        rates = {**VICTIM_PER_SECOND, **per_second}
        return Victim({
            "name": name,
            "addresses": sorted(addresses or self.world.victim_addresses),
            "source": source,
            "timeout_seconds": timeout_seconds,
            "ca": self.world.ca,
            "ports": {transport: self.ports[transport] for transport, rate in rates.items() if rate},
            "per_second": rates,
        })

    def page(self, path, seconds=5):
        """The text of a page of the operator's."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}{path}", timeout=seconds) as response:
            return response.read().decode()

    def is_ready(self):
        try:
            self.page("/readyz")
            return True
        except OSError:
            return False

    def metrics(self):
        """The metrics, {name with labels: value}."""
        lines = (line for line in self.page("/metrics").splitlines() if line and line[0] != "#")
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def metric(self, pattern):
        """The sum of the metrics whose name with labels has this pattern in it."""
        return sum(value for name, value in self.metrics().items() if re.search(pattern, name))

    def memory(self):
        """Resident memory, in octets."""
        return int(re.search(r"^VmRSS:\s+(\d+)", self.status(), re.M)[1]) * 1024

    def memory_high(self):
        """The most that resident memory was, in octets."""
        return int(re.search(r"^VmHWM:\s+(\d+)", self.status(), re.M)[1]) * 1024

    def threads(self):
        return int(re.search(r"^Threads:\s+(\d+)", self.status(), re.M)[1])

    def status(self):
        return Path(f"/proc/{self.pid}/status").read_text()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        """The processor time of the whole process, ended threads too."""
        # The clock of another process, as clock_getcpuclockid makes its number.
        return time.clock_gettime((~self.pid << 3) | 2)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_octets(self):
        return self.log_path.stat().st_size

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def seen(self):
        """What it takes now, to be compared with later."""
        return Seen(self)

    def expect_back(self, before, memory_octets=16 * MIB, descriptors=8):
        """Within 20 s memory, descriptors and threads are back where they were, up to so much more: the allocator keeps some."""
        def is_back():
            now = self.seen()
            return (
                now.memory <= before.memory + memory_octets
                and now.descriptors <= before.descriptors + descriptors
                and now.threads <= before.threads + 2
            )

        expect(until(is_back, BACK_SECONDS), "not back after the attack:", before, "->", self.seen())


class Seen:
    """What a gateway takes at one moment."""

    def __init__(self, gateway):
        self.memory, self.descriptors, self.threads = gateway.memory(), gateway.descriptors(), gateway.threads()
        self.cpu_seconds, self.log_octets = gateway.cpu_seconds(), gateway.log_octets()

    def __str__(self):
        return f"{self.memory / MIB:.1f} MiB, {self.descriptors} descriptors, {self.threads} threads"

    def until(self, later):
        """What was taken since, for the line of the case."""
        return (
            f"memory {self.memory / MIB:.1f} -> {later.memory / MIB:.1f} MiB, "
            f"processor {later.cpu_seconds - self.cpu_seconds:.2f} s, log {later.log_octets - self.log_octets} octets"
        )


def toml(settings):
    """Settings as TOML: keys of the top first, then the sections. A value looks like JSON's."""
    top = [f"{key} = {json.dumps(value)}" for key, value in settings.items() if not isinstance(value, dict)]
    for section, keys in settings.items():
        if isinstance(keys, dict):
            top += ["", f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    return "\n".join(top) + "\n"
