"""Puts Unbound behind the gateway and asks both: what is forwarded is what Unbound says itself, over UDP and TCP.

Unbound has a zone of the test alone, so nothing leaves this machine; a name that it cannot find out costs no other. The
environment gives NOMADNS_BINARY.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).parent.parent / "differential"))
from gateway import Demo, Processes, answers_soa, free_port

SEED = 20
QUESTIONS = 2000
UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  port: {port}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "iterator"
  local-zone: "example.net." static
  local-data: "example.net. 300 IN SOA ns.example.net. host.example.net. 1 3600 600 86400 60"
{data}
remote-control:
  control-enable: no
"""
TYPES = ["A", "AAAA", "MX", "TXT", "SRV", "CNAME", "NS", "CAA", "NAPTR", "HTTPS"]


def records():
    """The records of the zone, each with its name."""
    for number in range(40):
        yield f"host-{number}", f"A 192.0.2.{number}"
        yield f"host-{number}", f"A 198.51.100.{number}"
        yield f"host-{number}", f"AAAA 2001:db8::{number:x}"
        yield f"alias-{number}", f"CNAME host-{number}.example.net."
        yield f"mail-{number}", f"MX 10 host-{number}.example.net."
        yield f"mail-{number}", f'TXT "v=spf1 a:host-{number} -all" "second"'
        yield f"_sip._tcp.d{number}", f"SRV 1 2 5060 host-{number}.example.net."
        yield f"d{number}", 'CAA 0 issue "ca.example"'
        yield f"d{number}", f'NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:info@d{number}.example!" .'
    for number in range(30):
        yield "large", f'TXT "{number:0200}"'


def data():
    return "\n".join(f"  local-data: '{name}.example.net. 300 IN {text}'" for name, text in records())


def said(answer):
    """What an answer says, without what may differ: the order, and TTLs that have counted down."""
    sections = [answer.answer, answer.authority]
    rows = [[(rrset.name, rrset.rdtype, sorted(map(str, rrset))) for rrset in section] for section in sections]
    # Unbound's SOA in answers beside data is left out here.
    authority = [row for row in rows[1] if row[1] == dns.rdatatype.SOA and not rows[0]]
    return answer.rcode(), sorted(rows[0], key=str), authority


def differs(port, upstream, name, rdtype):
    query = lambda: dns.message.make_query(f"{name}.example.net.", rdtype, use_edns=0, payload=1232)
    wanted, _ = dns.query.udp_with_fallback(query(), "127.0.0.1", port=upstream, timeout=10)
    ways = {
        "udp": lambda: dns.query.udp_with_fallback(query(), "127.0.0.1", port=port, timeout=10)[0],
        "tcp": lambda: dns.query.tcp(query(), "127.0.0.1", port=port, timeout=10),
    }
    for way, ask in ways.items():
        found = ask()
        flags = dns.flags.to_text(found.flags)
        if said(found) != said(wanted) or "RA" not in flags or "AA" in flags:
            print(f"{name} {rdtype} over {way}: {flags}\n{found}\n--- Unbound:\n{wanted}")
            return True
    return False


def main():
    choice = random.Random(SEED)
    names = sorted({name for name, _ in records()})
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        demo, upstream = Demo(processes), free_port()
        place = Path(folder) / "unbound.conf"
        place.write_text(UNBOUND.format(port=upstream, folder=folder, data=data()))
        processes.start("unbound", ["unbound", "-c", str(place)])
        processes.wait_for("unbound", lambda: answers_soa(upstream, "example.net"))
        port = demo.start_forwarding_gateway(upstream)
        failures, begun = 0, time.monotonic()
        for _ in range(QUESTIONS):
            name = choice.choice([*names, f"nope-{choice.randrange(100)}"])
            name = "".join(choice.choice([letter.upper(), letter]) for letter in name)
            failures += differs(port, upstream, name, choice.choice(TYPES))
        print(f"{QUESTIONS} questions, {failures} differ, {time.monotonic() - begun:.1f} s")
    sys.exit(1 if failures else 0)


main()
