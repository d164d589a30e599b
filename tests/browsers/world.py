"""What the browsers stand in: a network of its own in which every address of the cluster is this machine, a simulated
Nomad, a gateway that forwards and one that does not, an upstream, and the resolver of the system.

The resolver of the system knows the outside name too, at another address, so a page says who resolved its name.
"""

import os
import re
import subprocess
import urllib.request
from pathlib import Path

from gateway import Demo, answers_soa, documented, expect, free_port
from name_server import NameServer
from pages import Site

# A service of the demo, and where it is.
CLUSTER = "web.default.nomad"
CLUSTER_ADDRESSES = ["10.0.1.11", "10.0.1.12"]
# One of its ports, which has tags: by the first it has a name of its own, with the second it gets an HTTPS record.
TAGGED, TAG, TAGGED_PORT = "http.web.default.nomad", "blue", 8080
HTTPS_PORT = 443
OUTSIDE = "www.outside.example"
# As the gateway's upstream has it, and as the resolver of the system has it.
OUTSIDE_ADDRESS, OTHER_ADDRESS = "198.51.100.7", "198.51.100.99"
UPSTREAM = {
    (OUTSIDE, "A"): [OUTSIDE_ADDRESS],
    # What Firefox and Chromium ask before they turn to a server.
    ("example.com", "NS"): ["a.iana-servers.net.", "b.iana-servers.net."],
    ("www.gstatic.com", "A"): ["198.51.100.1"],
}
SYSTEM = {(OUTSIDE, "A"): [OTHER_ADDRESS]}
# The gateway of docs/browsers.md.
DOCUMENTED = "https://127.0.0.1:8443/dns-query"
SETTINGS_OF_THE_SYSTEM = {"/etc/resolv.conf": "nameserver 127.0.0.1\n", "/etc/nsswitch.conf": "hosts: files dns\n"}


class World:
    def __init__(self, folder, processes):
        """Starts all but the browsers."""
        self.folder, self.processes, self.cases = Path(folder), processes, 0
        self.prepare_network()
        names = [flag for name in [CLUSTER, TAGGED, OUTSIDE] for flag in ("--name", name)]
        run(os.environ["NOMADNS_BINARY"], "certs", *names, cwd=self.folder)
        certs = self.folder / "certs-dev"
        self.ca = certs / "ca.pem"
        site = lambda port: Site(certs / "localhost.pem", certs / "localhost-key.pem", port)
        self.port = [site(port).server_port for port in [0, TAGGED_PORT, HTTPS_PORT]][0]
        self.upstream = NameServer(UPSTREAM)
        self.system = NameServer(SYSTEM, port=53)
        self.demo = Demo(processes)
        settings = documented("browsers.md", "The gateway")[0]
        expect(settings.count('"system"') == 1, settings)
        forwarding = settings.replace('"system"', f'"udp://127.0.0.1:{self.upstream.port}"')
        self.forwarding = self.start_gateway("forwarding", forwarding)
        self.cluster_only = self.start_gateway("cluster-only", settings.partition("[[forward]]")[0])
        # Where the records are that browsers look for.
        self.https_records = self.start_gateway("https-records", f'https_tag = "{TAG}"\n{forwarding}')

    def prepare_network(self):
        """A network that browsers take for one, in which the addresses of the pages are at home."""
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
        # A copy of /etc in its place, for this check alone: policies are files there.
        copy = self.folder / "etc"
        copy.mkdir()
        run("mount", "-t", "tmpfs", "none", str(copy))
        run("cp", "-a", "/etc/.", str(copy))
        run("mount", "--bind", str(copy), "/etc")
        for path, text in SETTINGS_OF_THE_SYSTEM.items():
            Path(path).unlink(missing_ok=True)
            Path(path).write_text(text)

    def start_gateway(self, name, settings):
        """Starts a gateway with the settings of the page, but on free ports."""
        config = self.folder / f"{name}.toml"
        config.write_text(settings)
        ports = {listener: free_port() for listener in ["dns", "https", "http", "admin"]}
        flags = [flag for listener, port in ports.items() for flag in (f"--{listener}", f"127.0.0.1:{port}")]
        command = [self.demo.binary, "serve", "--config", str(config), "--nomad-address", self.demo.nomad, *flags]
        self.processes.start(name, command)
        self.processes.wait_for(name, lambda: answers_soa(ports["dns"], "nomad"), 60)
        return Gateway(ports["https"], f"http://127.0.0.1:{ports['admin']}/metrics")

    def profile(self, kind, gateway):
        """What is installed to use a gateway."""
        return run(self.demo.binary, "profile", kind, gateway.template, "--ca", str(self.ca))

    def url(self, host):
        """The page of a host, at the port that is no other's."""
        return f"https://{host}:{self.port}/"

    def new_folders(self, *names):
        """Folders of the next case."""
        self.cases += 1
        folders = [self.folder / f"{self.cases}-{name}" for name in names]
        for folder in folders:
            folder.mkdir()
        return folders

    def begin(self):
        """Counts from here on."""
        self.system.forget()
        for gateway in [self.forwarding, self.cluster_only, self.https_records]:
            gateway.begin()


class Gateway:
    def __init__(self, https_port, metrics_url):
        self.template = f"https://127.0.0.1:{https_port}/dns-query"
        self.metrics_url = metrics_url
        self.begin()

    def configured(self, text):
        """A text of docs/browsers.md, with the address of this gateway."""
        expect(text.count(DOCUMENTED) == 1, text)
        return text.replace(DOCUMENTED, self.template)

    def begin(self):
        """Counts from here on."""
        self.before = self.samples()

    def queries(self, transport, rdtype="A"):
        return self.since("nomadns_queries_total", transport=transport, type=rdtype)

    def answers(self, rcode):
        """Answers over HTTPS."""
        return self.since("nomadns_answers_total", transport="doh", rcode=rcode)

    def samples(self):
        with urllib.request.urlopen(self.metrics_url, timeout=60) as response:
            found = re.findall(r"^(\w+\{.*?\}) (\d+)$", response.read().decode(), re.M)
        return {sample: int(value) for sample, value in found}

    def since(self, metric, **labels):
        """How much a metric has grown, in all samples that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        grown = {sample: value - self.before.get(sample, 0) for sample, value in self.samples().items()}
        matches = lambda sample: sample.startswith(metric + "{") and all(each in sample for each in wanted)
        return sum(value for sample, value in grown.items() if matches(sample))


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    expect(done.returncode == 0, command[0], "ended with", done.returncode, done.stdout, done.stderr)
    return done.stdout


def trust(database, ca):
    """Makes a database of NSS, in which browsers look for CAs, that has this one."""
    database.mkdir(parents=True, exist_ok=True)
    run("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
    run("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "nomadns-dev", "-i", str(ca))
