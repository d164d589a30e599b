"""The servers that are measured: how each is told the zone, where it listens, and its version."""

import os
import re
import shutil
import socket
import struct
import subprocess
import time

from zone import question

HOST = "127.0.0.1"
TRANSPORTS = ("dns", "tls", "https")


# How each is told to ask the upstream for all names that it does not have itself, and to keep what it says.
FORWARDING = {
    "nomadns": '[[forward]]\nzone = "."\nupstreams = ["udp://ADDRESS:PORT"]',
    "Unbound": 'forward-zone:\n    name: "."\n    forward-addr: ADDRESS@PORT',
    "dnsdist": """newServer({address="ADDRESS:PORT", pool="forwarded"})
getPool("forwarded"):setCache(newPacketCache(100000, {minTTL=3600, maxTTL=86400, dontAge=true}))
nomad = newSuffixMatchNode()
nomad:add(newDNSName("nomad."))
addAction(NotRule(SuffixMatchNodeRule(nomad)), PoolAction("forwarded"))""",
    "Knot Resolver": """trust_anchors.remove('.')
policy.add(policy.suffix(policy.PASS, {todname('nomad.')}))
policy.add(policy.all(policy.FORWARD('ADDRESS@PORT')))""",
    "CoreDNS": "forward . ADDRESS:PORT\n  cache 3600",
}


def free_port():
    """A port that neither TCP nor UDP uses now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HOST, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port


class Server:
    """One server process on its core, with a folder and free ports of its own."""

    def __init__(self, name, bench, command, version, at=TRANSPORTS):
        self.name, self.bench, self.command = name, bench, command
        self.version, self.core = version, bench.server_core
        # Whether it asks the upstream for names outside of the cluster, and the port of its own pages.
        self.forwards, self.admin = False, None
        self.ports = {transport: free_port() for transport in at}
        self.folder = f"{bench.folder}/{name.replace(' ', '-')}"
        os.makedirs(self.folder, exist_ok=True)
        self.before_start = lambda: None

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(text)
        return path

    def start(self, environment=None):
        self.before_start()
        with open(f"{self.folder}/log", "w") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *self.command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={**os.environ, **(environment or {})}, start_new_session=True,
            )
        self.wait()

    def wait(self):
        """Waits for the first answer, or for the first connection where there is no plain DNS."""
        asked = question(self.bench.zone.names[0])
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                if "dns" not in self.ports:
                    socket.create_connection((HOST, self.ports["https"]), 1).close()
                    return
                with socket.socket(type=socket.SOCK_DGRAM) as udp:
                    udp.settimeout(0.2)
                    udp.connect((HOST, self.ports["dns"]))
                    udp.send(asked)
                    answer = udp.recv(4096)
                    # The echo has no records; the others have three.
                    if answer[3] & 15 == 0 and (answer[7] == 3 or self.name == "bare echo"):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        with open(f"{self.folder}/log") as log:
            raise SystemExit(f"{self.name} does not answer:\n{log.read()[-2000:]}")

    def stop(self):
        if getattr(self, "process", None) and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def version_of(*command):
    """The first number with dots that a command prints of itself."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found.group() if found else "unknown"


def all_of(bench):
    """Every server that is at hand, in the order of a round."""
    makers = [echo, nomadns, nomadns_before, loop, nsd, knot, unbound, powerdns, dnsdist, nginx, knot_resolver, coredns,
              coredns_nomad, coredns_no_cache]
    servers = {}
    for maker in makers:
        server = maker(bench, servers)
        if server:
            servers[server.name] = server
        elif maker is not nomadns_before:
            print(f"not at hand, left out: {maker.__name__}", flush=True)
    return servers


def built(bench, source):
    """A program of ours in C; none where there is no compiler."""
    compiler = shutil.which("cc")
    if not compiler:
        return None
    binary = f"{bench.folder}/{source}.bin"
    subprocess.run([compiler, "-O2", "-o", binary, f"{os.path.dirname(os.path.abspath(__file__))}/{source}"], check=True)
    return binary


def compiled(bench, name, source):
    """One of them as a server, over UDP on a port."""
    binary = built(bench, source)
    if not binary:
        return None
    server = Server(name, bench, [binary], "", ["dns"])
    server.command += [HOST, str(server.ports["dns"])]
    return server


def upstream(bench):
    """The server that forwarders ask, on the core of the clients: what it takes is not counted."""
    server = compiled(bench, "upstream", "upstream.c")
    if server:
        server.core = bench.client_core
    return server


def forwarding(bench, server, lines):
    """The lines of a configuration that have a server ask the upstream at `PORT`; none where there is no upstream."""
    if not bench.upstream:
        return ""
    server.forwards = True
    return lines.replace("ADDRESS", HOST).replace("PORT", str(bench.upstream.ports["dns"]))


def echo(bench, _):
    """What the kernel takes for any server."""
    return compiled(bench, "bare echo", "echo.c")


def loop(bench, servers):
    """What it takes to send answers that another has made: ours."""
    server = compiled(bench, "bare loop", "loop.c")
    if server:
        server.command.append("answers")
        server.before_start = lambda: prepare_answers(bench.zone, servers["nomadns"].ports["dns"], f"{server.folder}/answers")
    return server


def prepare_answers(zone, port, path):
    """Writes each question with its answer, without EDNS and with it, as loop.c reads them."""
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
    with socket.socket(type=socket.SOCK_DGRAM) as udp, open(path, "wb") as file:
        udp.settimeout(2)
        udp.connect((HOST, port))
        for asked in zone.questions():
            parts = [asked[12:]]
            for query in (asked, asked[:11] + b"\1" + asked[12:] + opt):
                udp.send(query)
                parts.append(udp.recv(4096))
            file.write(b"".join(struct.pack(">H", len(part)) + part for part in parts))


def nomadns(bench, _):
    return gateway("nomadns", bench, bench.binary)


def nomadns_before(bench, _):
    """Another build of it, to measure a change beside what was before it."""
    return gateway("before", bench, bench.before) if bench.before else None


def gateway(name, bench, binary):
    server = Server(name, bench, [binary, "serve", "--config", "nomadns.toml"], version_of(binary, "--version"))
    at = {transport: f'["{HOST}:{port}"]' for transport, port in server.ports.items()}
    server.admin = free_port()
    server.write("nomadns.toml", f"""
[nomad]
addresses = ["{bench.nomad}"]
[listen]
dns = {at["dns"]}
tls = {at["tls"]}
https = {at["https"]}
http = []
admin = ["{HOST}:{server.admin}"]
[tls]
certificate = "{bench.certificate}"
key = "{bench.key}"
[limits]
udp_workers = 1
connections_per_client = 4096
{forwarding(bench, server, FORWARDING["nomadns"])}
""")
    return server


def nsd(bench, _):
    server = Server("NSD", bench, ["nsd", "-d", "-c", "nsd.conf"], version_of("nsd", "-v"), ["dns", "tls"])
    dns, tls = server.ports["dns"], server.ports["tls"]
    server.write("nsd.conf", f"""
server:
    ip-address: {HOST}@{dns}
    ip-address: {HOST}@{tls}
    server-count: 1
    reuseport: yes
    username: ""
    zonesdir: "{server.folder}"
    database: ""
    pidfile: "{server.folder}/pid"
    xfrdfile: "{server.folder}/xfrd"
    zonelistfile: "{server.folder}/zones"
    xfrdir: "{server.folder}"
    tcp-count: 2000
    tcp-query-count: 0
    minimal-responses: yes
    rrl-ratelimit: 0
    tls-port: {tls}
    tls-service-key: "{bench.key}"
    tls-service-pem: "{bench.certificate}"
remote-control:
    control-enable: no
zone:
    name: nomad
    zonefile: "{bench.zone.path}"
""")
    return server


def knot(bench, _):
    server = Server("Knot", bench, ["knotd", "-c", "knot.conf"], version_of("knotd", "-V"), ["dns"])
    os.makedirs(f"{server.folder}/data", exist_ok=True)
    server.write("knot.conf", f"""
server:
    rundir: {server.folder}
    listen: {HOST}@{server.ports["dns"]}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-reuseport: on
    tcp-max-clients: 2000
log:
  - target: stderr
    any: warning
database:
    storage: {server.folder}/data
template:
  - id: default
    zonefile-load: whole
    journal-content: none
    zonefile-sync: -1
zone:
  - domain: nomad
    file: {bench.zone.path}
""")
    return server


def unbound(bench, _):
    server = Server("Unbound", bench, ["unbound", "-d", "-c", "unbound.conf"], version_of("unbound", "-V"))
    dns, tls, https = (server.ports[transport] for transport in TRANSPORTS)
    server.write("unbound.conf", f"""
server:
    interface: {HOST}@{dns}
    interface: {HOST}@{tls}
    interface: {HOST}@{https}
    access-control: {HOST}/24 allow
    num-threads: 1
    so-reuseport: yes
    username: ""
    chroot: ""
    directory: "{server.folder}"
    pidfile: "{server.folder}/pid"
    use-syslog: no
    verbosity: 0
    do-daemonize: no
    module-config: "iterator"
    incoming-num-tcp: 2000
    minimal-responses: yes
    do-not-query-localhost: no
    tls-port: {tls}
    https-port: {https}
    http-endpoint: "/dns-query"
    http-max-streams: 200
    tls-service-key: "{bench.key}"
    tls-service-pem: "{bench.certificate}"
    include: "{bench.zone.unbound()}"
remote-control:
    control-enable: no
{forwarding(bench, server, FORWARDING["Unbound"])}
""")
    return server


def powerdns(bench, _):
    command = ["pdns_server", "--config-dir=."]
    server = Server("PowerDNS", bench, command, version_of("pdns_server", "--version"), ["dns"])
    zones = server.write("zones.conf", f'zone "nomad" {{ type master; file "{bench.zone.path}"; }};\n')
    server.write("pdns.conf", f"""
launch=bind
bind-config={zones}
local-address={HOST}
local-port={server.ports["dns"]}
socket-dir={server.folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=3
receiver-threads=1
distributor-threads=1
reuseport=yes
cache-ttl=300
query-cache-ttl=300
negquery-cache-ttl=300
max-tcp-connections=2000
security-poll-suffix=
""")
    return server


def dnsdist(bench, servers):
    """Answers out of its cache; what is not in it yet, Knot does."""
    command = ["dnsdist", "--supervised", "--disable-syslog", "-C", "dnsdist.conf"]
    server = Server("dnsdist", bench, command, version_of("dnsdist", "--version"))
    dns, tls, https = (f'"{HOST}:{server.ports[transport]}"' for transport in TRANSPORTS)
    files = f'"{bench.certificate}", "{bench.key}"'
    server.write("dnsdist.conf", f"""
setSecurityPollSuffix("")
addLocal({dns}, {{reusePort=true}})
addTLSLocal({tls}, {files}, {{reusePort=true, maxConcurrentTCPConnections=2000}})
addDOHLocal({https}, {files}, "/dns-query", {{reusePort=true}})
setACL({{"127.0.0.0/8"}})
newServer({{address="{HOST}:{servers["Knot"].ports["dns"]}", checkName="ns.nomad.", checkType="A"}})
-- No entry may end during a run.
cache = newPacketCache(100000, {{minTTL=3600, maxTTL=86400, dontAge=true, maxNegativeTTL=3600}})
getPool(""):setCache(cache)
setMaxTCPClientThreads(1)
setMaxUDPOutstanding(65535)
{forwarding(bench, server, FORWARDING["dnsdist"])}
""")
    return server


def nginx(bench, _):
    """Gives the same file, of an answer's size, whatever is asked."""
    server = Server("nginx file", bench, ["nginx", "-p", ".", "-c", "nginx.conf"], version_of("nginx", "-v"), ["https"])
    server.command[2] = server.folder
    for folder in ("www", "temporary"):
        os.makedirs(f"{server.folder}/{folder}", exist_ok=True)
    temporary = " ".join(
        f"{kind}_temp_path temporary;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    server.write("nginx.conf", f"""
worker_processes 1; daemon off; pid pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; sendfile off; open_file_cache max=100; {temporary}
  keepalive_requests 1000000000; keepalive_timeout 3600s; http2_max_concurrent_streams 512;
  ssl_protocols TLSv1.2 TLSv1.3; default_type application/dns-message;
  server {{
    listen {HOST}:{server.ports["https"]} ssl http2 reuseport;
    ssl_certificate {bench.certificate}; ssl_certificate_key {bench.key};
    root www;
    location = /dns-query {{ error_page 405 =200 /answer; try_files /answer =404; }}
    location = /resolve {{ default_type application/dns-json; try_files /resolve.json =404; }}
  }}
}}
""")
    return server


def knot_resolver(bench, _):
    if not shutil.which("kresd"):
        return None
    command = ["kresd", "-n", "-c", "kresd.conf", "."]
    server = Server("Knot Resolver", bench, command, version_of("kresd", "-V"))
    dns, tls, https = (server.ports[transport] for transport in TRANSPORTS)
    server.write("kresd.conf", f"""
net.listen('{HOST}', {dns}, {{ kind = 'dns' }})
net.listen('{HOST}', {tls}, {{ kind = 'tls' }})
net.listen('{HOST}', {https}, {{ kind = 'doh2' }})
net.tls('{bench.certificate}', '{bench.key}')
modules = {{ 'hints > iterate' }}
modules.unload('ta_update'); modules.unload('ta_signal_query')
modules.unload('priming'); modules.unload('detect_time_skew')
hints.add_hosts('{bench.zone.hosts()}')
cache.size = 50 * MB
{forwarding(bench, server, FORWARDING["Knot Resolver"])}
""")
    return server


def coredns_with(bench, name, lines):
    """CoreDNS on all transports with these lines of its Corefile; none where it is not at hand."""
    binary = os.environ.get("COREDNS_BIN") or shutil.which("coredns")
    if not binary:
        return None
    binary = os.path.abspath(binary)
    # Of one program the version is told once.
    version = version_of(binary, "-version") if name == "CoreDNS" else ""
    server = Server(name, bench, [binary, "-conf", "Corefile"], version)
    zones = {"nomad": lines}
    # Once is enough: it does it the same way whatever else it does.
    if name == "CoreDNS":
        zones["."] = forwarding(bench, server, FORWARDING["CoreDNS"])
    blocks = []
    for scheme, transport in (("", "dns"), ("tls://", "tls"), ("https://", "https")):
        tls = f"tls {bench.certificate} {bench.key}" if scheme else ""
        for zone in filter(zones.get, zones):
            blocks.append(f"""{scheme}{zone}:{server.ports[transport]} {{
  bind {HOST}
  {tls}
  {zones[zone]}
}}
""")
    server.write("Corefile", "".join(blocks))
    return server


def coredns(bench, _):
    """Reads the zone as a file."""
    return coredns_with(bench, "CoreDNS", f"file {bench.zone.path} nomad\n  cache 3600")


def coredns_nomad(bench, _):
    """Asks the same Nomad as we do, with the longest time to live, so that its cache answers."""
    plugin = f"nomad nomad {{\n    address {bench.nomad}\n    ttl 3600\n  }}\n  cache 3600"
    return coredns_with(bench, "CoreDNS nomad", plugin)


def coredns_no_cache(bench, _):
    """Asks Nomad at each query, as it does for each that its cache has not."""
    plugin = f"nomad nomad {{\n    address {bench.nomad}\n  }}"
    return coredns_with(bench, "CoreDNS nomad miss", plugin)
