"""MongoDB's drivers find the members of a replica set by SRV, refuse names outside of the one that they were given, and
refuse TXT records that they do not know."""

import json

import pymongo

import mongod
from world import HERE, MONGO, documented, expect, run

NAMES = {mongod.target(address) for address in MONGO}


def uri():
    return documented("MongoDB")[0].strip()


def with_members(check):
    def checked(world):
        servers = mongod.started()
        try:
            return check(world)
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()
    return checked


@with_members
def python(world):
    with pymongo.MongoClient(uri(), serverSelectionTimeoutMS=10_000) as client:
        expect(client.admin.command("ping")["ok"] == 1, "no ping")
        found = {f"{host}:{port}" for host, port in client.nodes}
    expect(found <= NAMES and found, "nodes:", found)
    return f"a primary among {len(NAMES)} members"


@with_members
def node(world):
    printed = run("node", str(HERE / "programs" / "mongo.mjs"), str(world.tools / "node_modules"), uri())
    found = set(json.loads(printed))
    expect(found == NAMES, "hosts:", found)
    return f"a primary among {len(found)} members"


CLIENTS = {"MongoDB's driver for Python": python, "MongoDB's driver for Node": node}
