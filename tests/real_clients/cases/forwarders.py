"""Resolvers that send the zone to the gateway and everything else elsewhere, each by the block that docs/clients.md has.

What must come through: names of both zones, aliases, denials, and sets that one message over UDP, or the resolver's
own limit, does not hold.
"""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from world import CROWD, GENERATED, GENERATED_INSTANCES, REDIS, THRONG, answers_soa, documented, expect, free_port

BIND = """
listen-on port {port} {{ 127.0.0.1; }};
listen-on-v6 {{ none; }};
directory "{folder}";
pid-file none;
session-keyfile none;
"""
RECURSOR = """
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
config-dir={folder}
daemon=no
disable-syslog=yes
security-poll-suffix=
"""
UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
remote-control:
  control-enable: no
"""
DNSMASQ = """
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
user=root
pid-file=
"""
STUBBY = """
listen_addresses:
  - 127.0.0.1@{port}
"""


class Answers:
    """What a resolver says, asked as a stub does: over UDP, then over TCP."""

    def __init__(self, port):
        self.port = port

    def ask(self, name, rdtype):
        query = dns.message.make_query(name, rdtype, use_edns=0, payload=1232)
        try:
            return dns.query.udp_with_fallback(query, "127.0.0.1", port=self.port, timeout=10)[0]
        except (dns.exception.DNSException, EOFError) as error:
            raise AssertionError(f"no answer to {name} {rdtype}: {error}") from None

    def records(self, name, rdtype):
        """The last set of the answer."""
        answer = self.ask(name, rdtype)
        code = dns.rcode.to_text(answer.rcode())
        expect(code == "NOERROR" and answer.answer, f"{name} {rdtype} is {code}, {len(answer.answer)} sets")
        return answer.answer[-1]

    def addresses(self, name):
        return {each.address for each in self.records(name, "A")}

    def code(self, name, rdtype):
        return dns.rcode.to_text(self.ask(name, rdtype).rcode())


def forwards(port):
    """Asks a resolver for what a user of it asks for; gives how much came."""
    by = Answers(port)
    for zone in ["nomad", "service.nomad"]:
        # Asking for the name servers of the inner zone once led a resolver away from the gateway.
        by.ask(zone, "NS")
        for service, wanted in [("redis", REDIS), ("crowd", CROWD), ("throng", THRONG), ("alias-chain", REDIS)]:
            found = by.addresses(f"{service}.default.{zone}")
            expect(found == wanted, f"{service}.default.{zone}:", len(found), "addresses of", len(wanted))
        for service, count in [("crowd", len(CROWD)), ("throng", len(THRONG))]:
            found = by.records(f"{service}.default.{zone}", "SRV")
            expect(len(found) == count, f"{service}.default.{zone} SRV:", len(found), "of", count)
            expect(by.addresses(str(found[0].target)), "no address of", found[0].target)
        expect(by.code(f"nobody.default.{zone}", "A") == "NXDOMAIN", "nobody is not denied")
        expect(by.code(f"alias-nowhere.default.{zone}", "A") == "NXDOMAIN", "an alias to nobody is not denied")
        expect(by.code(f"redis.default.{zone}", "AAAA") == "NOERROR", "a type that is not there denies the name")
    for rdtype in ["A", "SRV"]:
        count = len(by.records(GENERATED, rdtype))
        expect(count == GENERATED_INSTANCES, f"{GENERATED} {rdtype}:", count, "of", GENERATED_INSTANCES)
    return f"{GENERATED_INSTANCES} A and SRV"


def forwards_by(world, file, command, config, check=forwards):
    """Starts a resolver with this configuration and asks it."""
    port = free_port()
    parts = {"port": port, "folder": str(world.folder)}
    path = world.write(file, config(parts))
    with world.processes() as processes:
        processes.start(file, [part.format(path=path, **parts) for part in command])
        processes.wait_for(file, lambda: answers_soa(port, "nomad"), 30)
        return check(port)


def bind(world):
    def config(parts):
        return documented("BIND")[0].replace("options {", "options {" + BIND.format(**parts), 1) + "controls { };"
    return forwards_by(world, "named.conf", ["named", "-g", "-n", "1", "-c", "{path}"], config)


def recursor(world):
    def config(parts):
        return RECURSOR.format(**parts) + documented("PowerDNS Recursor")[0]
    return forwards_by(world, "recursor.conf", ["pdns_recursor", "--config-dir={folder}"], config)


def unbound(world):
    def config(parts):
        return UNBOUND.format(**parts) + documented("Unbound")[0]
    return forwards_by(world, "unbound.conf", ["unbound", "-d", "-c", "{path}"], config)


def dnsmasq(world):
    def config(parts):
        return DNSMASQ.format(**parts) + documented("dnsmasq")[0]
    return forwards_by(world, "dnsmasq.conf", ["dnsmasq", "--keep-in-foreground", "--log-facility=-", "-C", "{path}"], config)


def dnsdist(world):
    def config(parts):
        return "setLocal('127.0.0.1:{port}')\n".format(**parts) + documented("dnsdist")[0]
    return forwards_by(world, "dnsdist.conf", ["dnsdist", "--supervised", "--disable-syslog", "-C", "{path}"], config)


def knot_resolver(world):
    def config(parts):
        return "net.listen('127.0.0.1', {port})\n".format(**parts) + documented("Knot Resolver")[0]
    return forwards_by(world, "kresd.conf", ["kresd", "-n", "-c", "{path}", "{folder}"], config)


def stubby(world):
    def config(parts):
        return STUBBY.format(**parts).lstrip() + documented("stubby")[0].replace("CA_FILE", f"{parts['folder']}/certs-dev/ca.pem")
    return forwards_by(world, "stubby.yml", ["stubby", "-C", "{path}"], config)


def dnss(world):
    port = free_port()
    command = documented("dnss")[0].split("#")[0].replace("\\\n", " ").split()
    command = [part.replace("127.0.0.1:5353", f"127.0.0.1:{port}").replace("CA_FILE", f"{world.folder}/certs-dev/ca.pem")
               for part in command]
    with world.processes() as processes:
        processes.start("dnss", command)
        processes.wait_for("dnss", lambda: answers_soa(port, "nomad"), 30)
        return forwards(port)


CLIENTS = {
    "BIND": bind,
    "PowerDNS Recursor": recursor,
    "Unbound": unbound,
    "dnsmasq": dnsmasq,
    "dnsdist": dnsdist,
    "Knot Resolver": knot_resolver,
    "stubby": stubby,
    "dnss": dnss,
}
