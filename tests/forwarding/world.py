"""What forwarding is tried in: a network of its own, where servers of the test have their usual port on addresses of the
Internet, Unbound and Knot Resolver with the root of the test, and a gateway before each.
"""

import re
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "differential"))
from gateway import answers_soa, free_port
from servers import KNOT, KNOT_ZONE
from zones import INTERNAL, ROOT_SERVER, TLD_SERVER, TLDS, ZONE_SERVER

NSD = """
server:
  ip-address: {address}@53
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: ""
  database: ""
  xfrdfile: "{folder}/{name}.xfrd"
  zonelistfile: "{folder}/{name}.zones"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
  refuse-any: no
remote-control:
  control-enable: no
"""
NSD_ZONE = """
zone:
  name: {zone}
  zonefile: {file}
"""
UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  interface: 127.0.0.1@{tls_port}
  interface: 127.0.0.1@{https_port}
  tls-port: {tls_port}
  https-port: {https_port}
  tls-service-key: "{certificates}/localhost-key.pem"
  tls-service-pem: "{certificates}/localhost.pem"
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  incoming-num-tcp: 1000
  num-threads: 1
  root-hints: "{hints}"
  trust-anchor: "{anchor}"
  trust-anchor-signaling: no
  module-config: "validator iterator"
  # What it says then depends on what it was asked before.
  aggressive-nsec: no
remote-control:
  control-enable: no
"""
KNOT_RESOLVER = """
net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
net.listen('127.0.0.1', {tls_port}, {{ kind = 'tls' }})
net.listen('127.0.0.1', {https_port}, {{ kind = 'doh2' }})
net.tls("{certificates}/localhost.pem", "{certificates}/localhost-key.pem")
net.ipv6 = false
modules.load('hints > iterate')
modules.unload('ta_signal_query')
modules.unload('detect_time_skew')
hints.root({{ ['ns.'] = '{root}' }})
trust_anchors.remove('.')
trust_anchors.add('{anchor}')
cache.size = 50 * MB
"""
GATEWAY = """
[nomad]
addresses = ["{nomad}"]
[listen]
dns = ["127.0.0.1:{dns}"]
tls = ["127.0.0.1:{tls}"]
https = ["127.0.0.1:{https}"]
http = []
admin = ["127.0.0.1:{admin}"]
[tls]
certificate = "{certificates}/localhost.pem"
key = "{certificates}/localhost-key.pem"
[forwarding]
ca_file = "{certificates}/ca.pem"
[[forward]]
zone = "."
upstreams = {upstreams}
[[forward]]
zone = "{internal}"
upstreams = {upstreams}
"""
WAYS = ["UDP", "TLS", "HTTPS"]


class Ports(dict):
    """The ports of the listeners of a program."""

    def __init__(self, *listeners):
        super().__init__({listener: free_port() for listener in listeners})


def run(*command, **options):
    subprocess.run(command, check=True, capture_output=True, timeout=60, **options)


def prepare_network():
    """A network of its own, in which this machine has the servers' addresses."""
    for command in ["ip link set lo up", "ip route add local 203.0.113.0/24 dev lo"]:
        run(*command.split())


def make_certificates(binary, folder):
    run(binary, "certs", cwd=folder)
    return folder / "certs-dev"


def start_internet(processes, internet):
    """Serves the zones, each level from another server, as resolvers follow referrals then."""
    folder = internet.folder
    (folder / "knot").mkdir()
    levels = {ROOT_SERVER: ["."], TLD_SERVER: TLDS}
    rest = [zone for zone in internet.files if zone != "." and zone not in TLDS]
    for address, zones in levels.items():
        name = f"nsd-{address}"
        parts = [NSD_ZONE.format(zone=zone, file=internet.files[zone]) for zone in zones]
        write_and_start(processes, name, NSD.format(address=address, folder=folder, name=name) + "".join(parts), ["nsd", "-d", "-c"])
    parts = [KNOT_ZONE.format(zone=zone, file=internet.files[zone]) for zone in rest]
    text = KNOT.format(address=ZONE_SERVER, port=53, folder=folder) + "".join(parts)
    write_and_start(processes, "knot", text, ["knotd", "-c"])
    for address, zones in levels.items():
        processes.wait_for(f"nsd-{address}", lambda: all(answers_soa(53, zone, address) for zone in zones))
    processes.wait_for("knot", lambda: all(answers_soa(53, zone, ZONE_SERVER) for zone in rest))


def write_and_start(processes, name, text, command):
    path = processes.folder / f"{name}.conf"
    path.write_text(text)
    processes.start(name, [*command, str(path)])


def start_resolvers(processes, internet, certificates):
    """Starts both; gives the ports of each."""
    folder, found = internet.folder, {}
    hints = folder / "root.hints"
    hints.write_text(f". 3600000 IN NS ns.\nns. 3600000 IN A {ROOT_SERVER}\n")
    anchor = re.sub(r"\s+", " ", internet.anchor)
    for name, text, command in [
        ("unbound", UNBOUND, ["unbound", "-d", "-c"]),
        ("knot-resolver", KNOT_RESOLVER, ["kresd", "--noninteractive", "--config"]),
    ]:
        found[name] = ports = Ports("dns", "tls", "https")
        own = folder / name
        own.mkdir()
        path = own / "conf"
        path.write_text(text.format(
            folder=own, port=ports["dns"], tls_port=ports["tls"], https_port=ports["https"], certificates=certificates,
            hints=hints, anchor=anchor, root=ROOT_SERVER,
        ))
        processes.start(name, [*command, str(path), *([str(own)] if name == "knot-resolver" else [])])
    for name, ports in found.items():
        processes.wait_for(name, lambda: answers_soa(ports["dns"], "shop.alpha"))
    return found


def url_to(ports, way):
    """How a gateway is told to ask a resolver."""
    return {
        "UDP": f"udp://127.0.0.1:{ports['dns']}",
        "TLS": f"tls://127.0.0.1:{ports['tls']}#localhost",
        "HTTPS": f"https://localhost:{ports['https']}/dns-query#127.0.0.1",
    }[way]


def start_gateway(processes, demo, name, upstream, certificates):
    """Starts a gateway that forwards to one upstream; gives its ports."""
    ports = Ports("dns", "tls", "https", "admin")
    text = GATEWAY.format(
        nomad=demo.nomad, certificates=certificates, upstreams=f'["{upstream}"]', internal=INTERNAL, **ports,
    )
    write_and_start(processes, name, text, [demo.binary, "serve", "--config"])
    processes.wait_for(name, lambda: answers_soa(ports["dns"], "nomad"))
    return ports
