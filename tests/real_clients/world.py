"""What the clients stand in: a network of its own in which every 10.x address is this machine, the demo on its usual
ports, a gateway on port 53 that forwards to an upstream of the test, and a small service on the ports that the demo's
services have, and at the address of the outside name.

Its facts about the demo's cast are written down here, not taken from the gateway.
"""

import http.server
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

for folder in ["differential", "browsers"]:
    sys.path.insert(0, str(Path(__file__).parent.parent / folder))
import gateway
from gateway import Processes, answers_soa, expect, free_port, until
from name_server import NameServer

HERE = Path(__file__).parent

REDIS = {f"10.0.0.{n}" for n in (11, 12, 13)}
WEB = {f"10.0.1.{n}" for n in (11, 12)}
MONGO = {f"10.0.4.{n}" for n in range(1, 4)}
# More than fit into 512 or 1,232 octets; more than BIND takes; more than PowerDNS takes.
CROWD = {f"10.1.0.{n}" for n in range(1, 41)}
THRONG = {f"10.2.0.{n}" for n in range(1, 151)}
HOST = {"10.9.9.9"}
# What the upstream has.
OUTSIDE_NAME, OUTSIDE = "www.outside.example", {"198.51.100.7", "198.51.100.8"}
GENERATED, GENERATED_INSTANCES = "svc000000.default.nomad", 900


class Skipped(Exception):
    """A client that cannot be had here, and why."""


def run(*command, seconds=60, code=0, **options):
    """The standard output of a program; it must end in time and with this code (any, if None)."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **options)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def documented(heading):
    """The blocks of code below a heading of docs/clients.md, which users paste."""
    return gateway.documented("clients.md", heading)


class Service(http.server.BaseHTTPRequestHandler):
    """Says at which address it was reached; its metrics are empty."""

    def do_GET(self):
        body = b"" if self.path == "/metrics" else self.connection.getsockname()[0].encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Services(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_):
        """A client may leave when it likes."""


class World:
    def __init__(self, folder, tools):
        self.folder, self.tools = Path(folder), Path(tools)
        self.binary = os.environ["NOMADNS_BINARY"]
        self.metrics_url = "http://127.0.0.1:9153/metrics"

    def prepare_network(self):
        """A network that programs take for one, in which all of the cluster's addresses are at home."""
        for command in [
            "ip link set lo up",
            "ip link add here type veth peer name there",
            "ip link set here up",
            "ip link set there up",
            "ip address add 192.0.2.1/24 dev here",
            "ip route add default via 192.0.2.2",
            "ip route add local 10.0.0.0/8 dev lo",
            "ip route add local 198.51.100.0/24 dev lo",
        ]:
            run(*command.split())
        for path, text in {
            "/etc/resolv.conf": "nameserver 127.0.0.1\n",
            "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        }.items():
            copy = self.folder / Path(path).name
            copy.write_text(text)
            run("mount", "--bind", str(copy), path)

    def start(self, processes):
        """The demo on its usual ports, a gateway before its Nomad on port 53, and the service."""
        run(self.binary, "certs", cwd=self.folder)
        # Programs in Go trust the CA that this names.
        os.environ["SSL_CERT_FILE"] = str(self.folder / "certs-dev" / "ca.pem")
        demo = ["demo", "--change-rate", "0", "--services", "1", "--instances", str(GENERATED_INSTANCES)]
        processes.start("demo", [self.binary, *demo])
        processes.wait_for("demo", lambda: "Ctrl-C ends it" in processes.log("demo"), 60)
        expect("-p 1053" in processes.log("demo"), processes.log("demo"))
        upstream = NameServer({(OUTSIDE_NAME, "A"): sorted(OUTSIDE)})
        self.serve(processes, "port 53", "127.0.0.1:53", upstream=f"udp://127.0.0.1:{upstream.port}")
        server = Services(("", 8080), Service)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(self, processes, name, dns, settings="", https=None, upstream=None):
        """Starts another gateway before the demo's Nomad, on these addresses; a dotted key may be a setting."""
        forward = f'[[forward]]\nzone = "."\nupstreams = ["{upstream}"]\n' if upstream else ""
        config = self.folder / f"{dns}.toml"
        config.write_text(
            f'{settings}\n[nomad]\naddresses = ["http://127.0.0.1:4646"]\n'
            f'[listen]\ndns = ["{dns}"]\nhttps = {[https] if https else []}\nhttp = []\nadmin = []\n'
            f'[tls]\ncertificate = "{self.folder}/certs-dev/localhost.pem"\n'
            f'key = "{self.folder}/certs-dev/localhost-key.pem"\n{forward}'
        )
        processes.start(name, [self.binary, "serve", "--config", str(config)])
        address, port = dns.rsplit(":", 1)
        processes.wait_for(name, lambda: answers_soa(int(port), "nomad", address), 60)

    def queries(self):
        """How many queries the demo's gateway has answered."""
        with urllib.request.urlopen(self.metrics_url, timeout=5) as response:
            text = response.read().decode()
        return sum(int(float(n)) for n in re.findall(r"^nomadns_queries_total\{[^}]*\} (\S+)", text, re.M))

    def write(self, name, text):
        """A file in the folder of this run."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def processes(self):
        return Processes(self.folder)
