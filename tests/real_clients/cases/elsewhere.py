"""Programs that none of the package registries has: each is driven where it is installed, and named where it is not."""

import base64
import re
import shutil

from cases.forwarders import Answers, forwards_by
from world import CROWD, REDIS, Skipped, documented, expect, run

DNSCRYPT = """
listen_addresses = ['127.0.0.1:{port}']
netprobe_timeout = 0
"""
BLOCKY = """
ports:
  dns: 127.0.0.1:{port}
"""
# What it asks for all else.
BLOCKY_ELSE = """
upstreams:
  groups:
    default:
      - 127.0.0.1:53
"""
ROUTEDNS = """
[listeners.local]
address = "127.0.0.1:{port}"
protocol = "{protocol}"
resolver = "nomadns"
"""


def there(world, program):
    """Where a program is; it may lie in the folder of .ci/clients too."""
    found = shutil.which(program) or shutil.which(program, path=str(world.tools))
    if not found:
        raise Skipped(f"no package registry has {program}; it is driven where it is in PATH")
    return found


def some(port):
    """What comes through a proxy that drops large answers."""
    by = Answers(port)
    for name, wanted in [("redis", REDIS), ("crowd", CROWD), ("alias-chain", REDIS)]:
        found = by.addresses(f"{name}.default.nomad")
        expect(found == wanted, name, len(found), "addresses of", len(wanted))
    found = by.records("crowd.default.nomad", "SRV")
    expect(len(found) == len(CROWD), "crowd SRV:", len(found), "of", len(CROWD))
    expect(by.code("nobody.default.nomad", "A") == "NXDOMAIN", "nobody is not denied")
    return f"{len(CROWD)} A and SRV"


def dnscrypt_forwarding(world):
    """Only the zone goes to the gateway, over plain DNS."""
    program = there(world, "dnscrypt-proxy")
    settings, rules = documented("dnscrypt-proxy")[:2]
    world.write("forwarding-rules.txt", rules)

    def config(parts):
        # It wants some server of its own beside what it forwards: the last table.
        server = documented("dnscrypt-proxy")[2]
        return DNSCRYPT.format(**parts) + settings + server[server.index("[static"):]
    return dnscrypt(world, program, config)


def dnscrypt_over_https(world):
    """The gateway is its only server, and must not seem to lie."""
    program = there(world, "dnscrypt-proxy")
    return dnscrypt(world, program, lambda parts: DNSCRYPT.format(**parts) + documented("dnscrypt-proxy")[2])


def dnscrypt_by_profile(world):
    """The stamp that `nomadns profile` prints, with the hash of the CA: without it in the chain, the server is refused."""
    program = there(world, "dnscrypt-proxy")
    options = ["--address", "127.0.0.5", "--ca", str(world.folder / "certs-dev" / "ca.pem")]
    stamp = run(world.binary, "profile", "stamp", "https://localhost:8443/dns-query", *options).strip()
    settings = re.sub(r"sdns://[\w-]+", stamp, documented("dnscrypt-proxy")[2])
    return dnscrypt(world, program, lambda parts: DNSCRYPT.format(**parts) + settings)


def dnscrypt(world, program, config):
    """Has it ask a gateway that says NXDOMAIN outside of its zones."""
    settings = documented("dnscrypt-proxy")[3]
    with world.processes() as processes:
        world.serve(processes, "outside", "127.0.0.5:53", settings, https="127.0.0.5:8443")
        return forwards_by(world, "dnscrypt-proxy.toml", [program, "-config", "{path}"],
                           lambda parts: elsewhere(config(parts)), check=some)


def elsewhere(config):
    """The stamp of the documentation, with that gateway's address."""
    def other(stamp):
        octets = base64.urlsafe_b64decode(stamp[1] + "=" * (-len(stamp[1]) % 4))
        octets = octets.replace(b"127.0.0.1", b"127.0.0.5")
        return "sdns://" + base64.urlsafe_b64encode(octets).decode().rstrip("=")
    return re.sub(r"sdns://([\w-]+)", other, config)


def blocky_conditional(world):
    return blocky(world, BLOCKY_ELSE + documented("blocky")[0])


def blocky_upstream(world):
    return blocky(world, documented("blocky")[1])


def blocky(world, settings):
    program = there(world, "blocky")

    def denied_briefly(port):
        seen = some(port)
        before = world.queries()
        for _ in range(2):
            expect(Answers(port).code("later.default.nomad", "A") == "NXDOMAIN", "later is not denied")
        expect(world.queries() == before + 2, "a denial is kept, so that a new service is not found")
        return seen
    return forwards_by(world, "blocky.yml", [program, "--config", "{path}"],
                       lambda parts: BLOCKY.format(**parts) + settings, check=denied_briefly)


def routedns(world):
    program = there(world, "routedns")

    def config(parts):
        listeners = ROUTEDNS.format(protocol="udp", **parts)
        return listeners + listeners.replace("local", "local-tcp").replace('"udp"', '"tcp"') + documented("routedns")[0]
    return forwards_by(world, "routedns.toml", [program, "{path}"], config)


CLIENTS = {
    "dnscrypt-proxy, forwarding rules": dnscrypt_forwarding,
    "dnscrypt-proxy over HTTPS": dnscrypt_over_https,
    "dnscrypt-proxy over HTTPS, printed stamp": dnscrypt_by_profile,
    "blocky, conditional": blocky_conditional,
    "blocky, upstream": blocky_upstream,
    "routedns": routedns,
}
