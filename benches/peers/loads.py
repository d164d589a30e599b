"""The loads: what the client does, whom it does it to, and how many queries were answered."""

import os
import re
import sys
from dataclasses import dataclass

from servers import HOST
from zone import path_of, question

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Load:
    """One row of the table: `client(server)` is the command that asks it."""

    key: str
    title: str
    transport: str
    client: object
    # Those that cannot be asked so, or whom it would be unfair to.
    without: tuple = ()
    only: tuple = ()
    # Whether it is asked for names that it forwards, and the load of the cluster's names that is the same but for that.
    forwarded: bool = False
    like: str = None

    def asks(self, server):
        if self.forwarded and not server.forwards:
            return False
        if self.only and server.name not in self.only:
            return False
        return self.transport in server.ports and server.name not in self.without


def all_of(zone, seconds, json_path):
    def dnsperf(mode, port, queries, *more):
        def client(server):
            # The name of the certificate is of no matter, its handshake only.
            return ["dnsperf", "-s", HOST, "-p", str(server.ports[port]), "-m", mode,
                    "-d", queries() if callable(queries) else queries,
                    "-l", str(seconds), "-t", "2", "-S", "0", *more]
        return client

    def h2load(*more):
        def client(server):
            base = f"https://{HOST}:{server.ports['https']}"
            return ["h2load", "-c", "20", "-m", "10", "-t", "1", "-D", f"{seconds * 1000:.0f}ms", "-B", base, *more]
        return client

    def each(kind, port):
        def client(server):
            return [sys.executable, f"{HERE}/each.py", kind, str(server.ports[port]), str(seconds), zone.names[0]]
        return client

    def path(name):
        return path_of(question(name))

    paths = zone.paths(path, zone.names, "paths.txt")
    forwarded_paths = zone.paths(path, zone.forwarded, "forwarded-paths.txt")
    plain, many, accept = ("-c", "8", "-q", "100"), ("-c", "20", "-q", "200"), ("-H", "accept: application/dns-message")
    post = ("-d", zone.body, "-H", "content-type: application/dns-message", *accept)
    # Knot Resolver would ask the Internet for what is not among its hosts.
    resolver, no_dns = ("Knot Resolver",), ("bare echo", "bare loop")
    # It is of interest once what a miss costs.
    no_cache = ("CoreDNS nomad miss",)
    # A file takes no POST.
    file = ("nginx file",)
    return [
        Load("udp", "UDP, 1,000 names", "dns", dnsperf("udp", "dns", zone.plain, *plain)),
        Load("forwarded-udp", "UDP, 1,000 forwarded names, cached", "dns", dnsperf("udp", "dns", zone.outside, *plain),
             forwarded=True, like="udp"),
        Load("forwarded-miss", "UDP, forwarded names that are not cached", "dns",
             dnsperf("udp", "dns", lambda: zone.unknown(seconds), *plain), forwarded=True),
        Load("udp-mix", "UDP, EDNS, 5 % NXDOMAIN, 10 % NODATA", "dns",
             dnsperf("udp", "dns", zone.mixed, *plain, "-e"), without=resolver + no_cache),
        Load("tcp", "TCP, pipelined", "dns", dnsperf("tcp", "dns", zone.plain, *many), without=no_dns + no_cache),
        Load("tcp-each", "TCP, a connection a query", "dns", each("tcp", "dns"), without=no_dns + no_cache),
        Load("dot", "DNS over TLS, pipelined", "tls", dnsperf("dot", "tls", zone.plain, *many), without=no_cache),
        Load("doh-get", "DNS over HTTPS, GET, h2", "https", h2load("-i", paths, *accept), without=no_cache),
        Load("forwarded-doh", "DNS over HTTPS, GET, h2, 1,000 forwarded names, cached", "https",
             h2load("-i", forwarded_paths, *accept), forwarded=True, like="doh-get"),
        Load("doh-post", "DNS over HTTPS, POST, h2", "https", h2load(*post, f"https://{HOST}/dns-query"),
             without=file + no_cache),
        Load("json", "JSON, h2", "https", h2load(f"https://{HOST}{json_path}"), only=("nomadns", "before", "nginx file")),
        Load("handshake", "TLS 1.3 handshake and a query", "https", each("tls", "https"),
             only=("nomadns", "before", "nginx file")),
    ]


def answered(text):
    """How many queries were answered and how many were not, by what the client printed."""
    patterns = [
        (r"Queries completed:\s+(\d+)", r"Queries lost:\s+(\d+)"),
        (r"requests: .* (\d+) succeeded", r"succeeded, (\d+) failed"),
        (r"answered (\d+)", r"not (\d+)"),
    ]
    for good, bad in patterns:
        found = re.search(good, text)
        if found:
            missed = re.search(bad, text)
            other = re.search(r"status codes: (\d+) 2xx", text)
            count = int(found.group(1))
            # A response of h2load that is not of the 200s is no answer.
            right = min(count, int(other.group(1))) if other else count
            return right, int(missed.group(1)) + count - right if missed else 0
    raise SystemExit(f"the client said nothing that is understood:\n{text[-2000:]}")
