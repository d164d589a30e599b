"""The C libraries, which know port 53 and /etc/resolv.conf only: glibc asks again over TCP, musl 1.2.3 does not."""

import subprocess

from world import CROWD, HERE, REDIS, expect, run


def looked_up(*command):
    """Gives a function that has a program look a name up: the addresses, none where it says that there are none."""
    def addresses(name):
        done = subprocess.run([*command, name], capture_output=True, text=True, timeout=30)
        expect(done.returncode in (0, 2), command, name, done.returncode, done.stderr)
        return {line.split()[0] for line in done.stdout.splitlines()}
    return addresses


def check(addresses, most):
    expect(addresses("alias-chain.default.nomad") == REDIS, "alias-chain:", addresses("alias-chain.default.nomad"))
    for name in ["alias-nowhere.default.nomad", "nobody.default.nomad", "alias-self.default.nomad"]:
        expect(not addresses(name), name, "has", addresses(name))
    found = addresses("crowd.default.nomad")
    expect(found <= CROWD and len(found) >= most, "crowd:", len(found), "of", len(CROWD))
    return f"{len(found)} of {len(CROWD)} addresses"


def glibc(world):
    return check(looked_up("getent", "ahostsv4"), len(CROWD))


def compiled(world):
    """The program that looks a name up with musl."""
    program = world.folder / "addresses"
    run("musl-gcc", "-static", "-o", str(program), str(HERE / "programs" / "addresses.c"))
    return str(program)


def musl(world):
    # As many as 512 octets hold.
    return check(looked_up(compiled(world)), 25)


CLIENTS = {"glibc": glibc, "musl": musl}
