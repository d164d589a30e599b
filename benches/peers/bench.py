"""What all measurements share: the simulated cluster, its zone, the certificate, the cores, and the running servers."""

import os
import re
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager

import cost
import loads
import servers
from zone import Zone, question


class Bench:
    """What all servers share: the cluster, the zone, the certificate and the cores."""

    def __init__(self, options, folder):
        self.binary, self.before, self.folder = options.binary, options.before, folder
        self.server_core, self.client_core = options.server_core, options.client_core
        self.cluster = self.upstream = None

    def prepare(self):
        log = f"{self.folder}/cluster.log"
        with open(log, "w") as out:
            self.cluster = subprocess.Popen(
                [self.binary, "demo", "--services", "1000", "--instances", "3", "--change-rate", "0",
                 "--ports", "auto", "--log-level", "error"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )
        for _ in range(300):
            with open(log) as out:
                found = re.search(r"^Nomad .*(http://[^/']+)/", out.read(), re.MULTILINE)
            if found:
                break
            time.sleep(0.1)
        else:
            raise SystemExit("the simulated cluster does not start")
        self.nomad = found.group(1)
        path = f"{self.folder}/nomad.zone"
        with open(path, "w") as out:
            subprocess.run([self.binary, "export", "--zone", "nomad", "--nomad-address", self.nomad, "--log-level", "error"],
                           stdout=out, check=True)
        self.zone = Zone(path, self.folder)
        subprocess.run([self.binary, "certs", f"{self.folder}/certificates"], stdout=subprocess.DEVNULL, check=True)
        self.certificate = f"{self.folder}/certificates/localhost.pem"
        self.key = f"{self.folder}/certificates/localhost-key.pem"
        self.upstream = servers.upstream(self)
        if self.upstream:
            self.upstream.start()

    def same_answers(self, all_servers):
        """Gives nginx, as files, what nomadns answers; the path of the JSON form."""
        def fetch(path, accept):
            request = urllib.request.Request(
                f"https://127.0.0.1:{all_servers['nomadns'].ports['https']}{path}", headers={"Accept": accept})
            with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as response:
                return response.read()

        name = self.zone.names[0]
        path = f"/resolve?name={name}&type=A"
        files = {"answer": fetch(loads.path_of(loads.question(name)), "application/dns-message"),
                 "resolve.json": fetch(path, "application/dns-json")}
        files["dns-query"] = files["answer"]
        for file_name, octets in files.items():
            with open(f"{all_servers['nginx file'].folder}/www/{file_name}", "wb") as file:
                file.write(octets)
        return path

    def check_forwarded(self, all_servers):
        """Asks all that forward for one name, which is a miss and then a hit: both must be what the upstream answers."""
        def records(server):
            with socket.socket(type=socket.SOCK_DGRAM) as udp:
                udp.settimeout(5)
                udp.connect((servers.HOST, server.ports["dns"]))
                udp.send(question(self.zone.forwarded[0]))
                answer = udp.recv(4096)
            # The code, how many records, and the addresses behind their lengths, in any order; names may be compressed or not.
            return answer[3] & 15, answer[7], sorted(re.findall(rb"\0\x04(\xc0\0\x02.)", answer, re.DOTALL))

        wanted = records(self.upstream) if self.upstream else None
        for server in (server for server in all_servers.values() if server.forwards):
            for _ in range(2):
                found = records(server)
                if found != wanted or found[0] != 0 or len(found[2]) != 3:
                    raise SystemExit(f"{server.name} forwards, and answers {found} where the upstream answers {wanted}")

    def run(self, load, server):
        """CPU of one server under one load, in microseconds for each query; none when nothing was answered."""
        command = ["taskset", "-c", str(self.client_core), *load.client(server)]
        ticks, stolen = cost.stolen()
        before, began = cost.seconds(server.process.pid), time.monotonic()
        client = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        spent, took = cost.between(before, cost.seconds(server.process.pid)), time.monotonic() - began
        ticks_now, stolen_now = cost.stolen()
        count, missed = loads.answered(client.stdout)
        if not count:
            print(f"{server.name} answered nothing of {load.key}:\n{client.stdout[-2000:]}", flush=True)
            return None
        return {
            "us": round(spent / count * 1e6, 3), "per_second": round(count / took), "missed": missed,
            "stolen": round((stolen_now - stolen) / max(ticks_now - ticks, 1), 4),
        }


@contextmanager
def running(options, names=None):
    """What all share, and the servers of these names, or all: started, and stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        # Servers that are started by root give that up before they read.
        os.chmod(folder, 0o755)
        bench, started = Bench(options, folder), {}
        try:
            bench.prepare()
            started = {name: server for name, server in servers.all_of(bench).items() if names is None or name in names}
            for server in started.values():
                server.start()
            yield bench, started
        finally:
            for server in started.values():
                server.stop()
            if bench.upstream:
                bench.upstream.stop()
            if bench.cluster:
                bench.cluster.terminate()
                bench.cluster.wait()
