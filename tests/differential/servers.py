"""NSD, Knot and BIND in the foreground, each with the exported zones on a loopback port of its own."""

from gateway import ZONES, answers_soa, free_port

NSD = """
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: ""
  database: ""
  xfrdfile: "{folder}/nsd.xfrd"
  zonelistfile: "{folder}/nsd.zones"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
  refuse-any: no
  tcp-count: 100
  tcp-query-count: 0
remote-control:
  control-enable: no
"""
NSD_ZONE = """
zone:
  name: {zone}
  zonefile: {zone}.zone
"""
KNOT = """
server:
  listen: {address}@{port}
  rundir: {folder}
  pidfile: knot.pid
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
control:
  listen: {folder}/knot.sock
database:
  storage: {folder}/knot
log:
  - target: stderr
    any: warning
zone:
"""
KNOT_ZONE = """
  - domain: {zone}
    file: {file}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
"""
BIND = """
options {{
  directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion no;
  minimal-responses yes;
  notify no;
  allow-transfer {{ none; }};
  dnssec-validation no;
  zero-no-soa-ttl no;
  empty-zones-enable no;
  check-names primary ignore;
  max-records-per-type 0;
}};
controls {{ }};
"""
BIND_ZONE = """
zone "{zone}" {{ type primary; file "{zone}.zone"; }};
"""


def start_servers(processes):
    """Starts all three and gives the port of each, once it answers."""
    folder = processes.folder
    ports = {}
    for name, head, zone_part, command in [
        ("nsd", NSD, NSD_ZONE, ["nsd", "-d", "-c"]),
        ("knot", KNOT, KNOT_ZONE, ["knotd", "-c"]),
        ("bind", BIND, BIND_ZONE, ["named", "-g", "-n", "1", "-c"]),
    ]:
        ports[name] = free_port()
        config = folder / f"{name}.conf"
        text = head.format(folder=folder, address="127.0.0.1", port=ports[name])
        text += "".join(zone_part.format(zone=zone, file=folder / f"{zone}.zone") for zone in ZONES)
        config.write_text(text)
        processes.start(name, [*command, str(config)])
    for name, port in ports.items():
        for zone in ZONES:
            processes.wait_for(name, lambda: answers_soa(port, zone))
    return ports
