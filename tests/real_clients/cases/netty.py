"""Netty's resolver, which takes what a truncated answer has."""

from pathlib import Path

from world import CROWD, HERE, REDIS, THRONG, expect, run

PARTS = ["common", "buffer", "transport", "codec", "codec-dns", "handler", "resolver", "resolver-dns"]


def netty(world):
    jars = [f"/usr/share/java/netty-{part}.jar" for part in PARTS]
    expect(all(Path(jar).exists() for jar in jars), "Debian's libnetty-java has other files:", jars)
    names = [f"{service}.default.nomad" for service in ["crowd", "alias-chain", "throng"]]
    printed = run("java", "-cp", ":".join(jars), str(HERE / "programs" / "Netty.java"), *names)
    crowd, chain, throng = (set(line.split()) for line in printed.splitlines()[-3:])
    expect(crowd == CROWD, "crowd:", len(crowd), "of", len(CROWD))
    expect(chain == REDIS, "alias-chain:", chain)
    # As many as 1,232 octets hold.
    expect(throng <= THRONG and len(throng) > 60, "throng:", len(throng), "of", len(THRONG))
    return f"{len(crowd)} of {len(CROWD)} addresses, {len(throng)} of {len(THRONG)}"


CLIENTS = {"Netty": netty}
