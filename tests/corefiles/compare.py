"""Asks nomadns and CoreDNS the same before the same Nomad, for each Corefile and over each of its transports. See .ci/corefiles.

A difference that expected.toml does not have fails, and so does one of it that was not seen."""

import http.client
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import tomllib

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

import world
from world import COREDNS, COREFILES, NOMADNS, World, until

# Corefile: its zones of Nomad, other names that it is asked for, and its transports.
CASES = {
    "plain": (["service.nomad"], [], ["udp", "tcp"]),
    "cache_and_forward": (["service.nomad"], ["www.example.org", "no.example.org"], ["udp", "tcp"]),
    "several_zones": (["service.nomad", "nomad.example"],
                      ["server.corp.example", "no.corp.example", "4.3.0.10.in-addr.arpa", "www.example.org"], ["udp", "tcp"]),
    "tls": (["service.nomad"], [], ["udp", "tcp", "tls", "https"]),
    "acl": (["service.nomad"], [], ["udp", "udp from 10.1.1.1", "udp from 10.99.0.1", "udp from 192.0.2.99", "tcp"]),
    "snippets": (["nomad.internal"], ["www.example.org", "no.example.org"], ["udp", "tcp"]),
    "hosts": (["service.nomad"], ["db.corp.example", "db", "seven.corp.example", "www.example.org", "no.example.org",
                                  "5.0.0.10.in-addr.arpa"], ["udp", "tcp"]),
    "template": ([], ["use-application-dns.net", "gateway.corp.example", "web.default.service.nomad", "www.example.org"], ["udp", "tcp"]),
    "watched": (["service.nomad"], [], ["udp", "tcp"]),
    "environment": (["nomad.example"], [], ["udp", "tcp"]),
}
# Below each zone of Nomad.
NAMES = ["web.default", "WEB.Default", "redis.default", "six.default", "web.prod", "web", "http.web.default", "blue.web.default",
         "absent.default", "absent.absent", "a.b.c.web.default", ""]
TYPES = ["A", "AAAA", "SRV", "TXT", "HTTPS", "SOA", "NS"]
PARTS = ["rcode", "aa", "answer", "ttl", "soa", "additional"]
WITHIN = 5


def ask(transport, name, record_type, folder):
    query = dns.message.make_query(name, record_type, use_edns=True, payload=1232)
    way, _, source = transport.partition(" from ")
    options = {"timeout": WITHIN, "source": source or None}
    trust = ssl.create_default_context(cafile=folder / "ca.pem")
    if way == "udp":
        response, _ = dns.query.udp_with_fallback(query, "127.0.0.1", port=1053, **options)
        return response
    if way == "tcp":
        return dns.query.tcp(query, "127.0.0.1", port=1053, **options)
    if way == "tls":
        return dns.query.tls(query, "127.0.0.1", port=1853, ssl_context=trust, server_hostname="localhost", **options)
    connection = http.client.HTTPSConnection("localhost", 1443, timeout=WITHIN, context=trust)
    headers = {"content-type": "application/dns-message", "accept": "application/dns-message"}
    connection.request("POST", "/dns-query", query.to_wire(), headers)
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{name} over https: status {response.status}")
    return dns.message.from_wire(response.read())


def said(response):
    """What of a response has to be the same."""
    records = [(str(rrset.name).lower(), dns.rdatatype.to_text(rrset.rdtype), str(rdata).lower(), rrset.ttl)
               for rrset in response.answer for rdata in rrset]
    types = lambda section: sorted({dns.rdatatype.to_text(rrset.rdtype) for rrset in section})
    return {
        "rcode": dns.rcode.to_text(response.rcode()),
        "aa": bool(response.flags & dns.flags.AA),
        "answer": sorted({record[:3] for record in records}),
        "ttl": sorted({record[3] for record in records}),
        "soa": "SOA" in types(response.authority),
        "additional": types(response.additional),
    }


def questions(case):
    zones, others, transports = CASES[case]
    names = [f"{name}.{zone}.".lstrip(".") for zone in zones for name in NAMES] + [f"{name}." for name in others]
    for transport in transports:
        for name in names:
            for record_type in TYPES + (["PTR"] if name.endswith(".arpa.") else []):
                yield transport, name, record_type


def answers(case, folder, process, log):
    """Waits until it answers, and asks everything."""
    zones, others, _ = CASES[case]
    name, way = (f"web.default.{zones[0]}." if zones else f"{others[-1]}."), CASES[case][2][0]

    def is_there():
        if process.poll() is not None:
            raise SystemExit(f"{case}: it ended: {log()}")
        try:
            return bool(ask(way, name, "A", folder).answer)
        except (OSError, EOFError, dns.exception.DNSException):
            return False

    until(f"{case}: {name} is answered", is_there, log)
    return {question: said(ask(*question, folder)) for question in questions(case)}


def serve_each(it, case):
    folder = it.folder / case
    shutil.copytree(COREFILES, folder)
    shutil.copy(it.folder / "localhost.pem", folder / "server.pem")
    shutil.copy(it.folder / "localhost-key.pem", folder / "server-key.pem")
    process = it.start(f"{case}-coredns", COREDNS, "-conf", case, cwd=folder)
    theirs = answers(case, it.folder, process, lambda: it.log(f"{case}-coredns"))
    it.stop(process)
    imported = it.start(f"{case}-import", NOMADNS, "import", case, "--output", "nomadns.toml", cwd=folder)
    if imported.wait() not in (0, 1):
        raise SystemExit(f"{case}: {it.log(f'{case}-import')}")
    process = it.start(f"{case}-nomadns", NOMADNS, "serve", "--config", "nomadns.toml", cwd=folder)
    ours = answers(case, it.folder, process, lambda: it.log(f"{case}-nomadns"))
    it.stop(process)
    return ours, theirs


def is_of(difference, case, question, ours, theirs, part):
    transport, name, record_type = question
    return (part in difference["parts"]
            and case in difference.get("corefiles", [case])
            and re.search(difference.get("names", ""), name) is not None
            and record_type in difference.get("types", [record_type])
            and re.search(difference.get("transports", ""), transport) is not None
            and types_of(theirs) == difference.get("theirs_has", types_of(theirs))
            and ours["rcode"] in difference.get("ours", [ours["rcode"]])
            and theirs["rcode"] in difference.get("theirs", [theirs["rcode"]]))


def types_of(answer):
    return sorted({record[1] for record in answer["answer"]})


def main():
    expected = tomllib.loads(pathlib.Path(__file__).with_name("expected.toml").read_text())["difference"]
    seen, unexpected, asked = set(), [], 0
    cases = sys.argv[1:] or list(CASES)
    with tempfile.TemporaryDirectory() as folder:
        it = World(pathlib.Path(folder))
        try:
            it.begin()
            for case in cases:
                ours, theirs = serve_each(it, case)
                asked += len(ours)
                for question, own in ours.items():
                    for part in PARTS:
                        their = theirs[question]
                        if own[part] == their[part]:
                            continue
                        of = [each["id"] for each in expected if is_of(each, case, question, own, their, part)]
                        seen.update(of)
                        if not of:
                            unexpected.append(f"{case}: {' '.join(question)}: {part}: {own[part]} here, {their[part]} in CoreDNS")
        finally:
            it.end()
    for line in unexpected:
        print(line)
    unseen = [each["id"] for each in expected if each["id"] not in seen] if cases == list(CASES) else []
    for line in unseen:
        print(f"expected.toml: not seen: {line}")
    if unexpected or unseen:
        raise SystemExit(f"{len(unexpected)} differences that are not expected, {len(unseen)} that were not seen")
    print(f"{len(cases)} Corefiles, {asked} questions: nomadns answers as CoreDNS does, but for {len(expected)} documented differences")


main()
