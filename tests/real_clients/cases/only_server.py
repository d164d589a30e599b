"""Programs of a host whose only server is the gateway: names of the cluster and others resolve, and lead to what has them;
what neither has is denied. They know /etc/resolv.conf alone. systemd-resolved is in tests/resolvers/resolved.py.
"""

import subprocess

from cases.libc import compiled, looked_up
from world import HERE, OUTSIDE, OUTSIDE_NAME, REDIS, WEB, expect, run

CLUSTER_NAME = "web.default.nomad"
DENIED = ["nobody.default.nomad", "nobody.outside.example", "nobody.example"]
# curl's word for a name that it cannot resolve.
NOT_RESOLVED = 6


def resolves(addresses):
    for name, wanted in [(CLUSTER_NAME, WEB), ("alias-chain.default.nomad", REDIS), (OUTSIDE_NAME, OUTSIDE)]:
        # The second time it is in the cache.
        for _ in range(2):
            found = addresses(name)
            expect(found == wanted, name, "has", found)
    for name in DENIED:
        expect(not addresses(name), name, "has", addresses(name))
    return f"{len(WEB)} and {len(OUTSIDE)} addresses, {len(DENIED)} denials"


def glibc(world):
    return resolves(looked_up("getent", "ahostsv4"))


def musl(world):
    return resolves(looked_up(compiled(world)))


def dig(world):
    for options in [[], ["+tcp"], ["+dnssec"]]:
        lines = looked_up("dig", "+short", *options)
        # It prints aliases too.
        seen = resolves(lambda name: {line for line in lines(name) if not line.endswith(".")})
    return seen


def go(world):
    return resolves(looked_up(str(world.tools / "addresses-go")))


def java(world):
    run("javac", "-d", str(world.folder), str(HERE / "programs" / "Addresses.java"))
    return resolves(looked_up("java", "-cp", str(world.folder), "Addresses"))


def curl(world):
    """Each page says at which address it was reached."""
    page = lambda name: run("curl", "-fsS", "--max-time", "10", "--noproxy", "*", f"http://{name}:8080/")
    for name, wanted in [(CLUSTER_NAME, WEB), (OUTSIDE_NAME, OUTSIDE)]:
        expect(page(name) in wanted, name, "is reached at", page(name))
    for name in DENIED:
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", f"http://{name}:8080/"], capture_output=True, timeout=30)
        expect(done.returncode == NOT_RESOLVED, name, done.returncode, done.stderr)
    return f"both reached, {len(DENIED)} denials"


CLIENTS = {
    "curl, one server": curl,
    "dig, one server": dig,
    "glibc, one server": glibc,
    "musl, one server": musl,
    "Go, one server": go,
    "Java, one server": java,
}
