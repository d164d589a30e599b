"""Search lists and `ndots` in /etc/resolv.conf, as containers have them and docs/containers.md says: each C library reads
them in its own way. Every gateway stands on port 53 of an address of its own.
"""

import sys
import time
from pathlib import Path

from cases.libc import looked_up
from world import HERE, WEB, expect, run

sys.path.insert(0, str(HERE.parent / "browsers"))
from name_server import NameServer

# What does not answer is asked again after five seconds; a refusal must not be taken for that.
AT_ONCE_SECONDS = 3

UPSTREAM = {
    ("outside.example", "A"): ["198.51.100.6"],
    ("www.outside.example", "A"): ["198.51.100.7"],
    ("intranet.corp.example", "A"): ["198.51.100.8"],
}
OUTSIDE, WWW, INTRANET = ({address} for (address,) in UPSTREAM.values())
REFUSES, DENIES, FORWARDS, OTHER = "127.0.53.1", "127.0.53.2", "127.0.53.3", "127.0.53.4"

# For each form of the file: what a program finds by which name.
CLUSTER_NAMES = [
    ("search default.nomad", {"web": WEB, "web.default.nomad": WEB, "nobody": set()}),
    ("search nomad\noptions ndots:2", {"web.default": WEB}),
    ("search default.nomad nomad\noptions ndots:5", {"web": WEB, "web.default": WEB, "web.default.nomad": WEB}),
]
ALL_NAMES = [
    ("search default.nomad", {"web": WEB, "outside.example": OUTSIDE, "www.outside.example": WWW}),
    ("search default.nomad corp.example", {"web": WEB, "intranet": INTRANET, "nobody": set()}),
    ("search corp.example default.nomad", {"web": WEB, "intranet": INTRANET}),
    ("search nomad\noptions ndots:2", {"web.default": WEB, "outside.example": OUTSIDE, "www.outside.example": WWW}),
    ("search default.nomad nomad\noptions ndots:5", {"web": WEB, "web.default": WEB, "www.outside.example": WWW}),
]


class Lookups:
    """What a C library finds with one form of /etc/resolv.conf after the other."""

    def __init__(self, *command):
        self.addresses, self.count = looked_up(*command), 0

    def expect_all(self, servers, forms):
        """Each name has its addresses, and no lookup waits for an answer that does not come."""
        for form, names in forms:
            for name, wanted in names.items():
                found, seconds = self.find(servers, form, name)
                expect(found == wanted, form, name, found, "with", servers)
                expect(seconds < AT_ONCE_SECONDS, form, name, "takes", seconds, "s with", servers)

    def find(self, servers, form, name):
        self.count += 1
        lines = [f"nameserver {server}" for server in servers]
        Path("/etc/resolv.conf").write_text("\n".join([*lines, form, ""]))
        begin = time.monotonic()
        return self.addresses(name), time.monotonic() - begin


def searched(world, lookups, beside_another):
    """What is the same for all: the file is written anew for each lookup, and put back at the end."""
    before = Path("/etc/resolv.conf").read_text()
    upstream = NameServer(UPSTREAM, address=OTHER, port=53)
    forward = f'forward = [{{ zone = ".", upstreams = ["udp://{OTHER}"] }}]'
    settings = {REFUSES: "", DENIES: 'outside_zones = "nxdomain"', FORWARDS: forward}
    try:
        with world.processes() as processes:
            for address, text in settings.items():
                world.serve(processes, f"containers-{address}", f"{address}:53", text)
            lookups.expect_all([FORWARDS], [*CLUSTER_NAMES, *ALL_NAMES])
            # The only server, which does not forward: what it denies, the next suffix may have.
            denied = {"web": WEB, "intranet": set(), "www.outside.example": set()}
            lookups.expect_all([DENIES], [*CLUSTER_NAMES, ("search corp.example default.nomad", denied)])
            lookups.expect_all([REFUSES], [("search default.nomad", {"web": WEB})])
            # What is refused, the next server has.
            lookups.expect_all([REFUSES, OTHER], beside_another)
            refused = lookups.find([REFUSES], "search corp.example default.nomad", "web")
    finally:
        Path("/etc/resolv.conf").write_text(before)
        upstream.close()
    # What the page warns of: the only server, which refuses.
    expect(refused[0] == set(), "web is found behind a suffix that is refused:", refused)
    return f"{lookups.count} lookups, a refused suffix ends the search after {refused[1]:.1f} s"


def glibc(world):
    return searched(world, Lookups("getent", "ahostsv4"), [*CLUSTER_NAMES, *ALL_NAMES])


def musl(world):
    program = world.folder / "addresses-of-search"
    run("musl-gcc", "-static", "-o", str(program), str(HERE / "programs" / "addresses.c"))
    # It asks all servers at once and takes the first denial for true: cluster names are a matter of luck then.
    return searched(world, Lookups(str(program)), [("", {"outside.example": OUTSIDE, "www.outside.example": WWW})])


CLIENTS = {"glibc, search lists": glibc, "musl, search lists": musl}
