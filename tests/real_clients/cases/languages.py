"""Programs of several languages, each with the resolver that its users have."""

import shutil

import pycares

from languages import judge, judged
from world import HERE, expect

ALL = ["crowd", "crowd SRV", "alias-chain", "alias-nowhere", "redis TXT", "redis ANY"]


def node(world):
    return judged("node", str(HERE / "programs" / "ask.mjs"), keys=ALL)


def go(world):
    return judged(str(world.tools / "ask-go"), keys=ALL[:-1])


def php(world):
    return judged("php", str(HERE / "programs" / "ask.php"), keys=ALL)


def java(world):
    expect(shutil.which("java"), "there is no java")
    return judged("java", str(HERE / "programs" / "Ask.java"), keys=ALL)


def c_ares(world):
    import json

    types = {"A": pycares.QUERY_TYPE_A, "SRV": pycares.QUERY_TYPE_SRV, "TXT": pycares.QUERY_TYPE_TXT,
             "ANY": pycares.QUERY_TYPE_ANY}

    def ask(name, rdtype):
        answers = []
        channel = pycares.Channel(servers=["127.0.0.1"], udp_port=1053, tcp_port=1053)
        channel.query(name, types[rdtype], callback=lambda result, error: answers.append((result, error)))
        channel.wait()
        (result, error), = answers
        if error is not None:
            return pycares.errno.errorcode[error]
        return [record.data for record in result.answer]

    def addresses(name, rdtype="A"):
        return [data.addr for data in ask(name, rdtype) if hasattr(data, "addr")]

    denied = ask("alias-nowhere.default.nomad", "A")
    return judge(json.dumps({
        "crowd": addresses("crowd.default.nomad"),
        "crowd SRV": [f"{data.port} {data.target}" for data in ask("_crowd._tcp.default.nomad", "SRV")],
        "alias-chain": addresses("alias-chain.default.nomad"),
        "alias-nowhere": "denied" if denied == "ARES_ENOTFOUND" else denied,
        "redis TXT": [data.data.decode() for data in ask("redis.default.nomad", "TXT")],
        "redis ANY": addresses("redis.default.nomad", "ANY"),
    }), *ALL)


CLIENTS = {"Node": node, "Go": go, "PHP": php, "Java": java, "c-ares": c_ares}
