"""Puts systemd-resolved before the gateway, over plain DNS and over TLS, and asks it as resolve.py asks others; then with a
gateway that forwards as its only server, for names of the cluster and for others.

Its only argument is the program. Wants a network and mounts of its own, in which it may do as it likes. The
environment gives NOMADNS_BINARY.
"""

import contextlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import dns.rcode

from resolve import CountedDemo, Resolver, exported
from gateway import Processes, ZONES, answers_soa

sys.path.insert(0, str(Path(__file__).parent.parent / "browsers"))
from name_server import NameServer

STUB = "127.0.0.53"
# The port of DNS= is that of TLS too. "opportunistic" takes the certificate of a CA that it does not know.
CONFIG = """
[Resolve]
DNS=127.0.0.1:{port}
Domains=~{domains}
DNSSEC=no
DNSOverTLS={over_tls}
LLMNR=no
MulticastDNS=no
# It would keep nothing of a server on this host.
CacheFromLocalhost=yes
"""
OUTSIDE_NAME, OUTSIDE = "www.outside.example", ["198.51.100.7", "198.51.100.8"]
USER = "systemd-resolve"


def run(*command):
    subprocess.run(command, check=True)


def prepare(folder):
    """A network that it takes for one: it asks nobody while there is only loopback. And the user that it becomes."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    for end in ["here", "there"]:
        run("ip", "link", "set", end, "up")
    run("ip", "address", "add", "192.0.2.1/24", "dev", "here")
    run("ip", "route", "add", "default", "via", "192.0.2.2")
    run("mount", "-t", "tmpfs", "none", "/run")
    for file in ["passwd", "group"]:
        text = Path("/etc", file).read_text()
        if not re.search(f"^{USER}:", text, re.M):
            line = f"{USER}:x:995:995::/:/usr/sbin/nologin\n" if file == "passwd" else f"{USER}:x:995:\n"
            copy = Path(folder) / file
            copy.write_text(text.rstrip("\n") + "\n" + line)
            run("mount", "--bind", str(copy), f"/etc/{file}")


@contextlib.contextmanager
def resolved(folder, name, settings):
    """It runs with these settings, as long as the `with` block lasts."""
    config = Path("/run/systemd/resolved.conf.d/nomad.conf")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(settings)
    with Processes(folder) as alone:
        alone.start(name, sys.argv[1:])
        alone.wait_for(name, lambda: answers_soa(53, ZONES[0], STUB))
        yield


def check_only_server(folder, demo):
    """With the gateway as its only server; gives how much fails."""
    upstream = NameServer({(OUTSIDE_NAME, "A"): OUTSIDE})
    port = demo.start_forwarding_gateway(upstream.port)
    wanted = {
        "redis.default.nomad.": ("NOERROR", 3),
        f"{OUTSIDE_NAME}.": ("NOERROR", len(OUTSIDE)),
        "nobody.default.nomad.": ("NXDOMAIN", 0),
        "nobody.example.": ("NXDOMAIN", 0),
    }
    with resolved(folder, "systemd-resolved, one server", CONFIG.format(port=port, over_tls="no", domains=".")):
        it, failures = Resolver("systemd-resolved, one server", 53, demo, STUB), 0
        for name, told in wanted.items():
            answer = it.ask(name, "A")
            found = dns.rcode.to_text(answer.rcode()), sum(map(len, answer.answer))
            if found != told:
                failures += 1
                print(f"{it.name}: {name} is {found}, not {told}")
        print(f"{it.name}: {len(wanted)} names, {failures} failures")
    return failures


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        prepare(folder)
        demo = CountedDemo(processes)
        zones = exported(demo, folder)
        tls_port = int(re.search(r"^DoT .* -p (\d+)", processes.log("demo"), re.M)[1])
        for name, port, over_tls in [
            ("systemd-resolved", demo.port, "no"),
            ("systemd-resolved over TLS", tls_port, "opportunistic"),
        ]:
            with resolved(folder, name, CONFIG.format(port=port, over_tls=over_tls, domains="nomad")):
                failures += Resolver(name, 53, demo, STUB).check(zones)
        failures += check_only_server(folder, demo)
    sys.exit(1 if failures else 0)


main()
