"""Tries the keys that `nomadns keys tsig` prints: NSD, Knot DNS, BIND and PowerDNS take what is printed for them, with the commented zone
and without, and nomadns answers signed queries of dig, kdig and dnspython over UDP, TCP, TLS and HTTPS, with signatures that those check. A
wrong secret, an unknown key and a wrong clock get what RFC 8945 has for them.

.ci/tsig runs it, with everything installed that it needs; NOMADNS_BINARY names the binary.
"""

import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.xfr
import dns.zone

BINARY = os.environ["NOMADNS_BINARY"]
NAME = "transfer.example"
ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"]
# The parts of what is printed, in their order.
PARTS = ["nomadns", "NSD", "Knot DNS", "BIND", "PowerDNS"]


def run(*arguments, **more):
    done = subprocess.run([str(it) for it in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return done.returncode, done.stdout


def must(*arguments, **more):
    code, said = run(*arguments, **more)
    assert code == 0, f"{arguments}: {code}\n{said}"
    return said


def printed(algorithm):
    """What `nomadns keys tsig` prints for each server."""
    text = must(BINARY, "keys", "tsig", NAME, "--algorithm", algorithm)
    starts = [re.search(rf"^# {part}: ", text, re.MULTILINE).start() for part in PARTS]
    assert starts == sorted(starts)
    return {part: text[start:end] for part, start, end in zip(PARTS, starts, starts[1:] + [None])}


def uncommented(text):
    """With the lines that are comments without a space behind the mark."""
    return re.sub(r"^#(?! )", "", re.sub(r"^#(?= {2,}\S)", "", text, flags=re.MULTILINE), flags=re.MULTILINE)


def checked_by_servers(parts, folder):
    for with_zone in (False, True):
        shown = {part: uncommented(text) if with_zone else text for part, text in parts.items()}
        path = folder / "server.conf"
        zones = "named zone" if with_zone else "key alone"
        path.write_text('server:\n    zonesdir: "/tmp"\n' + shown["NSD"])
        must("nsd-checkconf", path)
        path.write_text(shown["Knot DNS"])
        said = must("knotc", "-c", path, "conf-check")
        assert "error" not in said.lower(), said
        path.write_text(shown["BIND"])
        must("named-checkconf", path)
        print(f"  NSD, Knot DNS and BIND take the {zones}")
    powerdns(uncommented(parts["PowerDNS"]), folder)


def powerdns(commands, folder):
    """Runs the commands for PowerDNS as a shell does, and reads back what it has."""
    database = folder / "pdns.sqlite3"
    database.unlink(missing_ok=True)
    schema = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql").read_text()
    with sqlite3.connect(database) as connection:
        connection.executescript(schema)
    (folder / "pdns.conf").write_text(f"launch=gsqlite3\ngsqlite3-database={database}\n")
    shell = f"pdnsutil() {{ command pdnsutil --config-dir={folder} \"$@\"; }}\nset -e\n"
    must("sh", "-c", shell + commands)
    keys = must("pdnsutil", f"--config-dir={folder}", "list-tsig-keys")
    assert NAME in keys, keys
    meta = must("pdnsutil", f"--config-dir={folder}", "get-meta", "nomad")
    assert re.search(rf"AXFR-MASTER-TSIG = {NAME}", meta), meta
    print("  PowerDNS takes its commands")


def wait_for(path, pattern):
    for _ in range(300):
        found = re.search(pattern, path.read_text(), re.MULTILINE)
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise SystemExit(f"no {pattern} in:\n{path.read_text()}")


class Gateway:
    def __init__(self, folder, nomad, keys):
        config, self.log = folder / "nomadns.toml", folder / "gateway.log"
        config.write_text(f"""
[nomad]
addresses = ["{nomad}"]
[listen]
dns = ["127.0.0.1:0"]
tls = ["127.0.0.1:0"]
https = ["127.0.0.1:0"]
http = []
admin = ["127.0.0.1:0"]
[transfer]
allow = ["127.0.0.1"]
[tls]
certificate = "{folder}/localhost.pem"
key = "{folder}/localhost-key.pem"
{keys}""")
        said = must(BINARY, "check", "--config", config)
        assert "the configuration is good" in said and "secret_file" in said, said
        self.ca = next(folder.glob("ca*.pem"))
        with open(self.log, "w") as out:
            self.process = subprocess.Popen([BINARY, "serve", "--config", config], env={}, stderr=out)
        ports = (wait_for(self.log, rf' {it}="[^",]+:(\d+)[",]') for it in ("udp", "dot", "https", "admin"))
        self.dns, self.tls, self.https, admin = (int(it) for it in ports)
        self.metrics = f"http://127.0.0.1:{admin}/metrics"
        while "nomadns_ready 1" not in self.read():
            time.sleep(0.05)

    def read(self):
        with urllib.request.urlopen(self.metrics) as page:
            return page.read().decode()

    def errors(self, error):
        return int(re.search(rf'^nomadns_tsig_errors_total{{error="{error}"}} (\d+)', self.read(), re.MULTILINE).group(1))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(timeout=20) == 0, self.log.read_text()


def dig_and_kdig(gateway, key):
    algorithm, name, secret = key
    other = "A" * (len(secret) - 4) + secret[-4:]
    for way, port in [("+notcp", gateway.dns), ("+tcp", gateway.dns)]:
        ask = ["dig", "@127.0.0.1", "-p", port, way, "+tries=1", "nomad", "SOA"]
        said = must(*ask, "-y", f"{algorithm}:{name}:{secret}")
        assert "TSIG PSEUDOSECTION" in said and "NOERROR" in said and "verify" not in said, said
        said = run(*ask, "-y", f"{algorithm}:{name}:{other}")[1]
        assert "BADSIG" in said and "NOTAUTH" in said, said
        said = run(*ask, "-y", f"{algorithm}:unknown.example:{secret}")[1]
        assert "BADKEY" in said and "NOTAUTH" in said, said
    for way, port in [("+notcp", gateway.dns), ("+tcp", gateway.dns), ("+tls", gateway.tls), ("+https", gateway.https)]:
        ask = ["kdig", "@127.0.0.1", "-p", port, way, "+retry=0", "nomad", "SOA"]
        said = must(*ask, "-y", f"{algorithm}:{name}:{secret}")
        assert re.search(r"status: NOERROR", said) and "TSIG" in said and "WARNING" not in said, said
        said = run(*ask, "-y", f"{algorithm}:{name}:{other}")[1]
        assert "status: BADSIG" in said, said
    print("  dig over UDP and TCP, kdig over UDP, TCP, TLS and HTTPS: signed answers; BADSIG, BADKEY")


def dnspython(gateway, key):
    algorithm, name, secret = key
    trust = ssl.create_default_context(cafile=gateway.ca)
    ways = {
        "UDP": lambda query: dns.query.udp(query, "127.0.0.1", port=gateway.dns, timeout=10),
        "TCP": lambda query: dns.query.tcp(query, "127.0.0.1", port=gateway.dns, timeout=10),
        "TLS": lambda query: dns.query.tls(query, "127.0.0.1", port=gateway.tls, timeout=10, ssl_context=trust, server_hostname="localhost"),
        "HTTPS": lambda query: over_https(gateway, trust, query),
    }
    for way, ask in ways.items():
        for record_type in ("SOA", "A"):
            query = dns.message.make_query("redis.default.nomad", record_type)
            query.use_tsig(dns.tsig.Key(name, secret, algorithm))
            answer = ask(query)
            assert answer.had_tsig and answer.rcode() == dns.rcode.NOERROR, f"{way}: {answer}"
        for wrong, expected in [
            (dns.tsig.Key(name, b"x" * 64, algorithm), dns.tsig.PeerBadSignature),
            (dns.tsig.Key("unknown.example", secret, algorithm), dns.tsig.PeerBadKey),
        ]:
            query.use_tsig(wrong)
            refused(way, ask, query, expected)
        clock(way, ask, query, key)
    print(f"  dnspython over {', '.join(ways)}: signed answers; BADSIG, BADKEY, BADTIME with our time")


def transfers(gateway, key):
    algorithm, name, secret = key
    signature = f"{algorithm}:{name}:{secret}"
    for _ in range(100):
        said = run("dig", "@127.0.0.1", "-p", gateway.dns, "-y", signature, "nomad", "AXFR")[1]
        # The first version of a zone comes a moment after the gateway is ready.
        if "Transfer failed" not in said:
            break
        time.sleep(0.1)
    assert said.count("IN\tSOA") == 2 and "verify" not in said and "failed" not in said, said[-2000:]
    for way, port in [("+tcp", gateway.dns), ("+tls", gateway.tls)]:
        said = must("kdig", "@127.0.0.1", "-p", port, way, "-y", signature, "nomad", "AXFR")
        assert len(re.findall(r"IN\s+SOA", said)) == 2 and ";; WARNING" not in said and ";; ERROR" not in said, said[-2000:]
    zone = dns.zone.Zone("nomad")
    keyring = {dns.name.from_text(name): dns.tsig.Key(name, secret, algorithm)}
    query, serial = dns.xfr.make_query(zone, keyring=keyring, keyname=name, keyalgorithm=algorithm)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=gateway.dns, timeout=10)
    assert len(zone.nodes) > 10, zone.to_text()[-2000:]
    refused_one = run("dig", "@127.0.0.1", "-p", gateway.dns, "nomad", "AXFR")[1]
    assert "Transfer failed" in refused_one, refused_one[-2000:]
    print(f"  transfers, signed: dig, kdig over TCP and TLS, dnspython ({len(zone.nodes)} names); none without a signature")


def over_https(gateway, trust, query):
    """dnspython's own needs httpx; the message and the check of the answer are dnspython's."""
    request = urllib.request.Request(
        f"https://localhost:{gateway.https}/dns-query", data=query.to_wire(), headers={"content-type": "application/dns-message"})
    with urllib.request.urlopen(request, context=trust) as response:
        assert response.headers["cache-control"] == "no-store", response.headers
        return dns.message.from_wire(response.read(), keyring=query.keyring, request_mac=query.mac)


def refused(way, ask, query, expected):
    try:
        ask(query)
    except expected:
        return
    raise AssertionError(f"{way}: no {expected.__name__}")


def clock(way, ask, query, key):
    """A client whose clock is an hour behind hears so, with our time, signed."""
    algorithm, name, secret = key
    real = time.time
    time.time = lambda: real() - 3600
    try:
        query.use_tsig(dns.tsig.Key(name, secret, algorithm))
        refused(way, ask, query, dns.tsig.PeerBadTime)
    finally:
        time.time = real


def main():
    folder = Path(tempfile.mkdtemp())
    must(BINARY, "certs", folder)
    demo_log = folder / "demo.log"
    with open(demo_log, "w") as out:
        demo = subprocess.Popen(
            [BINARY, "demo", "--change-rate", "0", "--ports", "auto", "--log-level", "error"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        nomad = wait_for(demo_log, r"^Nomad .*(http://[^/']+)/")
        for algorithm in ALGORITHMS:
            print(algorithm)
            parts = printed(algorithm)
            checked_by_servers(parts, folder)
            secret = re.search(r'^secret = "(.*)"$', parts["nomadns"], re.MULTILINE).group(1)
            gateway, key = Gateway(folder, nomad, parts["nomadns"]), (algorithm, NAME, secret)
            try:
                dig_and_kdig(gateway, key)
                dnspython(gateway, key)
                transfers(gateway, key)
                counts = {error: gateway.errors(error) for error in ("badkey", "badsig", "badtime", "badtrunc", "formerr")}
                # dig 2 of each, kdig 4 BADSIG, dnspython 4 of each.
                assert counts == {"badkey": 6, "badsig": 10, "badtime": 4, "badtrunc": 0, "formerr": 0}, counts
                gateway.end()
                assert secret not in gateway.log.read_text()
            finally:
                if gateway.process.poll() is None:
                    gateway.process.kill()
    finally:
        demo.kill()


if __name__ == "__main__":
    sys.exit(main())
