"""The secondaries, each with the lines of docs/transfer.md behind what places it on a loopback port in a folder."""

import re
import shlex
import socket
import subprocess

import dns.message

from world import PRIMARY, ZONE, documented, expect, free_port, serial_at, transferred

NSD = """
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: ""
  database: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: {folder}
  pidfile: knot.pid
control:
  listen: {folder}/knot.sock
database:
  storage: {folder}
log:
  - target: stderr
    any: info
acl:
  - id: proof
    address: 127.0.0.1
    action: transfer
"""
BIND = """
options {{
  directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
  allow-transfer {{ 127.0.0.1; }};
}};
controls {{ }};
"""
POWERDNS = """
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
setuid=
setgid=
daemon=no
guardian=no
webserver=no
allow-axfr-ips=127.0.0.1
"""
MARK = dns.message.make_query(f"mark.default.{ZONE}", "A", flags=0).to_wire()


class Secondary:
    """A secondary; it keeps its port, its folder and its files when it is stopped and started."""

    def __init__(self, processes, folder, primary):
        self.processes, self.primary, self.port = processes, primary, free_port()
        self.folder = folder / self.name
        self.folder.mkdir()
        self.config = self.folder / self.file
        self.process = None

    def configure(self, key, secret):
        """Writes its configuration: the page's, with this key."""
        head = self.head.format(folder=self.folder, port=self.port)
        own = self.with_key(documented("transfer.md", self.heading)[0], key, secret)
        self.config.write_text(head + self.placed(own))

    def with_key(self, text, key, secret):
        found = re.search(r"NoTC\S{39}=", text)
        if found:
            text = text.replace(found[0], secret)
        return text.replace("transfer.nomad", key)

    def start(self):
        command = [part.format(path=self.config, folder=self.folder) for part in self.command]
        self.process = self.processes.start(self.name, command)

    def stop(self):
        self.processes.stop(self.name)

    def restart(self):
        self.stop()
        self.start()

    def serial(self):
        return serial_at(self.port)

    def has(self, address):
        """Whether it answers with that address for the service that is marked."""
        # The four octets are enough, and cost what asks little.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            asking.connect(("127.0.0.1", self.port))
            try:
                asking.send(MARK)
                return socket.inet_aton(address) in asking.recv(4096)
            except OSError:
                return False

    def records(self):
        return transferred(self.port)


class Nsd(Secondary):
    name, heading, file, head = "nsd", "NSD", "nsd.conf", NSD
    command = ["nsd", "-d", "-c", "{path}"]

    def placed(self, text):
        text = text.replace(f"request-xfr: {PRIMARY}", f"request-xfr: 127.0.0.1@{self.primary}").replace(PRIMARY, "127.0.0.1")
        return text.replace("/var/lib/nsd", str(self.folder)).rstrip() + "\n    provide-xfr: 127.0.0.1 NOKEY\n"


class Knot(Secondary):
    name, heading, file, head = "knot", "Knot DNS", "knot.conf", KNOT
    command = ["knotd", "-c", "{path}"]

    def placed(self, text):
        expect("acl: notify-from-nomadns" in text, "docs/transfer.md:", text)
        text = text.replace("acl: notify-from-nomadns", "acl: [notify-from-nomadns, proof]")
        return text.replace(PRIMARY, f"127.0.0.1@{self.primary}")


class Bind(Secondary):
    name, heading, file, head = "bind", "BIND", "named.conf", BIND
    command = ["named", "-g", "-c", "{path}"]

    def placed(self, text):
        return text.replace(PRIMARY, f"127.0.0.1 port {self.primary}").replace("/var/cache/bind", str(self.folder))


class PowerDns(Secondary):
    name, heading, file, head = "powerdns", "PowerDNS", "pdns.conf", POWERDNS
    command = ["pdns_server", "--config-dir={folder}"]
    key = None

    def placed(self, text):
        return text.replace("/var/lib/powerdns", str(self.folder))

    def configure(self, key, secret):
        super().configure(key, secret)
        if self.key not in (None, key):
            # The first of several is used.
            self.run(shlex.split(f"pdnsutil deactivate-tsig-key nomad {self.key} secondary"))
        self.key = key
        commands = self.with_key(documented("transfer.md", self.heading)[1], key, secret)
        commands = commands.replace(PRIMARY, f"127.0.0.1:{self.primary}")
        is_new = not (self.folder / "pdns.lmdb").exists()
        for line in commands.splitlines():
            if is_new or "tsig" in line:
                self.run(shlex.split(line))

    def run(self, command):
        done = self.ran(command)
        expect(done.returncode == 0, command, done.stdout, done.stderr)

    def runs(self, command):
        return self.ran(command).returncode == 0

    def ran(self, command):
        expect(command[0] in ("pdnsutil", "pdns_control"), "docs/transfer.md:", command)
        command[1:1] = [f"--config-dir={self.folder}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)


ALL = [Nsd, Knot, Bind, PowerDns]
