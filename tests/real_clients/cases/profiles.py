"""What `nomadns profile` prints, read by other programs: property lists by Python's plistlib, stamps by dnsstamps."""

import hashlib
import plistlib
import ssl
import subprocess
import uuid

import dnsstamps
from world import expect, run

URL = "https://dns.example.com/dns-query"


def printed(world, *arguments):
    return run(world.binary, "profile", *arguments)


def ca(world):
    """The file of the CA of `nomadns certs`, and the certificate in it."""
    path = world.folder / "certs-dev" / "ca.pem"
    return str(path), ssl.PEM_cert_to_DER_cert(path.read_text())


def apple(world):
    path, certificate = ca(world)
    text = printed(world, "apple", URL, "--ca", path, "--address", "192.0.2.1", "--domain", "nomad")
    profile = plistlib.loads(text.encode(), fmt=plistlib.FMT_XML)
    settings, root = profile["PayloadContent"]
    wanted = {
        "DNSProtocol": "HTTPS",
        "ServerURL": URL,
        "ServerAddresses": ["192.0.2.1"],
        "SupplementalMatchDomains": ["nomad"],
    }
    expect(settings["DNSSettings"] == wanted, settings)
    expect(root["PayloadContent"] == certificate, root)
    payloads = {"Configuration": profile, "com.apple.dnsSettings.managed": settings, "com.apple.security.root.1": root}
    for name, payload in payloads.items():
        kind = name.removesuffix(".1")
        expect(payload["PayloadType"] == kind and payload["PayloadVersion"] == 1, payload)
        own = uuid.uuid5(uuid.NAMESPACE_URL, f"{URL}#{name}")
        expect(payload["PayloadUUID"] == str(own).upper(), name, "is not", own, payload)
        expect(payload["PayloadIdentifier"] == f"nomadns.{own}", payload)
    return "settings and CA, with UUIDs of version 5"


def stamp(world):
    path, certificate = ca(world)
    doh = dnsstamps.parse(printed(world, "stamp", "https://localhost:8443/q", "--address", "::1", "--ca", path).strip())
    expect(doh.protocol == dnsstamps.Protocol.DOH and not doh.options, vars(doh))
    expect((doh.address, doh.hostname, doh.path) == ("[::1]", "localhost:8443", "/q"), vars(doh))
    der = subprocess.run(
        ["openssl", "asn1parse", "-in", path, "-noout", "-strparse", "4", "-out", "/dev/stdout"], capture_output=True, check=True
    ).stdout
    signed = hashlib.sha256(der).hexdigest()
    found = [digits.decode() for digits in doh.hashes]
    expect(found == [signed], found, "is not", signed)
    dot = dnsstamps.parse(printed(world, "stamp", "tls://dns.example.com").strip())
    expect(dot.protocol == dnsstamps.Protocol.DOT and not dot.options, vars(dot))
    expect((dot.address, dot.hostname, list(dot.hashes)) == ("", "dns.example.com", []), vars(dot))
    return "DoH with the hash of the CA, DoT by name"


CLIENTS = {
    "profile for Apple devices, plistlib": apple,
    "stamps, dnsstamps": stamp,
}
