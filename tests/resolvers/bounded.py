"""Puts BIND and PowerDNS Recursor, as they come, before a gateway that bounds its sets, and asks them for a large one.

BIND takes no set of more than 100 records unless it is told to, and neither takes an answer with TC over TCP. The
environment gives NOMADNS_BINARY.
"""

import sys
import tempfile
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

sys.path.insert(0, str(Path(__file__).parent.parent / "differential"))
import resolve
from gateway import Demo, Processes, answers_soa, free_port

SET_RECORDS = 100
# It has 150 instances.
LARGE = "throng.default.nomad"
BIND = resolve.BIND.replace("max-records-per-type 0;", "")
RECURSOR = """
local-address=127.0.0.1
local-port={port}
forward-zones=nomad=127.0.0.1:{upstream}
dnssec=off
socket-dir={folder}
daemon=no
setuid=
setgid=
"""


def start_forwarder(processes, folder, name, upstream):
    """Starts a forwarder; gives its port."""
    port, place = free_port(), Path(folder) / f"{name}-{upstream}"
    place.mkdir()
    text, file = (BIND, "named.conf") if name == "bind" else (RECURSOR, "recursor.conf")
    (place / file).write_text(text.format(folder=place, port=port, upstream=upstream))
    bind = ["named", "-g", "-n", "1", "-c", str(place / file)]
    command = bind if name == "bind" else ["pdns_recursor", f"--config-dir={place}"]
    processes.start(place.name, command)
    processes.wait_for(place.name, lambda: answers_soa(port, "nomad"))
    return port


def ask(port, rdtype):
    query = dns.message.make_query(LARGE, rdtype, use_edns=0, payload=1232)
    answer = dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=10)[0]
    records = sum(len(rrset) for rrset in answer.answer)
    return dns.rcode.to_text(answer.rcode()), records


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as folder, Processes(folder) as processes:
        demo = Demo(processes)
        port = demo.start_gateway(f"[limits]\nset_records = {SET_RECORDS}")
        expected = {
            ("bind", demo.port): ("SERVFAIL", 0),
            ("bind", port): ("NOERROR", SET_RECORDS),
            ("recursor", port): ("NOERROR", SET_RECORDS),
        }
        for (name, upstream), wanted in expected.items():
            forwarder = start_forwarder(processes, folder, name, upstream)
            for rdtype in ["A", "SRV"]:
                found = ask(forwarder, rdtype)
                bounded = "bounded" if upstream == port else "unbounded"
                print(f"{name} before a gateway with {bounded} sets: {LARGE} {rdtype}: {found[0]}, {found[1]} records")
                failures += found != wanted
    sys.exit(1 if failures else 0)


main()
