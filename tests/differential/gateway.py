"""Starts what is compared: the demo, whose cluster stands still, and other programs on loopback ports."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

ZONES = ["nomad", "service.nomad"]


class Processes:
    """Programs in the foreground; all of them end with the `with` block."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name, process in self.running:
            if process.poll() is not None:
                print(f"{name} has ended with {process.returncode}:\n{self.log(name)[-4000:]}")
            process.terminate()
        for _, process in self.running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name, command):
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.running.append((name, process))
        return process

    def stop(self, name):
        """Ends the program of that name, which may be started again."""
        process = dict(self.running)[name]
        self.running.remove((name, process))
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_for(self, name, is_ready, seconds=15):
        """Waits until something is there; a program that ended, or takes too long, is an error with its log."""
        process = dict(self.running)[name]
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            found = is_ready()
            if found:
                return found
            time.sleep(0.05)
        raise SystemExit(f"{name} does not start:\n{self.log(name)[-4000:]}")


def expect(condition, *seen):
    """Fails the check with what was seen."""
    if not condition:
        raise AssertionError(" ".join(str(each) for each in seen)[:2000])


def documented(page, heading):
    """The blocks of code below a heading of a page of docs/, which users paste."""
    text = (Path(__file__).parent.parent.parent / "docs" / page).read_text()
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    expect(section, f"docs/{page} has no heading", heading)
    blocks = re.findall(r"^```\w*\n(.*?)^```", section[1], re.M | re.S)
    expect(blocks, f"docs/{page} has no block of code below", heading)
    return blocks


def until(what, seconds=20):
    """Asks until it is true, or gives what it was at last."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.1)


class Demo:
    """The gateway under test, before a simulated Nomad."""

    def __init__(self, processes):
        self.processes = processes
        self.binary = os.environ["NOMADNS_BINARY"]
        processes.start("demo", [self.binary, "demo", "--ports", "auto", "--change-rate", "0"])
        processes.wait_for("demo", lambda: "Ctrl-C ends it" in processes.log("demo"), 60)
        advice = processes.log("demo")
        self.port = int(re.search(r"^DNS .* -p (\d+)", advice, re.M)[1])
        self.nomad = re.search(r"(http://\S+)/v1/services", advice)[1]
        self.metrics_url = re.search(r"^Metrics .*(http://\S+)", advice, re.M)[1]

    def start_gateway(self, settings):
        """Starts another gateway before the same Nomad, with these settings; gives its port of plain DNS."""
        port, config = free_port(), self.processes.folder / "gateway.toml"
        config.write_text(
            f'[nomad]\naddresses = ["{self.nomad}"]\n[listen]\ndns = ["127.0.0.1:{port}"]\nhttp = []\nadmin = []\n{settings}\n'
        )
        self.processes.start("gateway", [self.binary, "serve", "--config", str(config)])
        self.processes.wait_for("gateway", lambda: answers_soa(port, ZONES[0]))
        return port

    def start_forwarding_gateway(self, upstream):
        """The same, which forwards all other names to a port of this host."""
        return self.start_gateway(f'[[forward]]\nzone = "."\nupstreams = ["udp://127.0.0.1:{upstream}"]')

    def export(self, zone, path):
        """Writes the zone as `nomadns export` prints it."""
        command = [self.binary, "export", "--nomad-address", self.nomad, "--zone", zone]
        with open(path, "wb") as file:
            subprocess.run(command, stdout=file, check=True, timeout=30)


def free_port():
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    tcp.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue


def answers_soa(port, zone, address="127.0.0.1"):
    """Whether a server there has the zone."""
    import dns.exception
    import dns.message
    import dns.query

    try:
        query = dns.message.make_query(zone, "SOA")
        return bool(dns.query.udp(query, address, port=port, timeout=0.5).answer)
    except (dns.exception.DNSException, OSError):
        return False
