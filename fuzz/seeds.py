"""Makes the first inputs of the corpora: `python3 fuzz/seeds.py [SNAPSHOT]`, from the captured answers of a real Nomad in
tests/fixtures, the example configuration, the Corefiles of the tests, and queries as clients send them. SNAPSHOT is a file that a gateway with
nomad.state_dir has written. Each input is a file named by its digest, as libFuzzer names them.
"""

import base64
import hashlib
import re
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "tests" / "fixtures"


def put(target, octets):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(octets).hexdigest()).write_bytes(octets)


def wire(text):
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".") if label) + b"\0"


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def opt(size=1232, flags=0, version=0, options=b""):
    return b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(options)) + options


def query(name, kind=1, of_class=1, bits=0x100, counts=None, more=b"", additional=0):
    counts = counts or (1, 0, 0, additional)
    return struct.pack("!HH4H", 0x1234, bits, *counts) + name + struct.pack("!HH", kind, of_class) + more


def messages():
    redis = wire("svc000001.default.nomad")
    for kind in (1, 2, 5, 6, 12, 15, 16, 28, 33, 64, 65, 255, 251, 252, 0, 41, 65535):
        yield query(redis, kind)
    for text in [
        "nomad", "", "svc000001.DEFAULT.nomad", "generated.svc000002.default.nomad", "_http._tcp.svc000003.default.nomad",
        "_svc000003._generated.default.nomad", "0a400001.addr.nomad", "dc1.dc.nomad", "nothing.default.nomad", "default.nomad",
        "example.com", "version.bind", "1.0.64.10.in-addr.arpa", "_dns.resolver.arpa", "ns.nomad", "blue.generated.svc000004.default.nomad",
    ]:
        yield query(wire(text), additional=1, more=opt())
        yield query(wire(text), 33)
    for options in [
        option(10, b"12345678"), option(10, b"12345678" + b"\1\0\0\0" + b"0" * 12), option(3, b""), option(12, bytes(16)),
        option(8, b"\0\1\x18\0\x0a\0\0"), option(11, b""), option(15, b"\0\3stale"), option(65001, b"abc") * 3,
    ]:
        yield query(redis, additional=1, more=opt(options=options))
    yield query(redis, additional=1, more=opt(version=1))
    yield query(redis, additional=1, more=opt(size=512, flags=0x8000))
    yield query(redis, of_class=3) + b""
    yield query(redis, of_class=255)
    yield query(redis, additional=2, more=opt() + opt())
    yield query(redis, bits=0x110)
    yield query(redis, bits=0x8180)
    yield query(redis, bits=0x2800, counts=(1, 1, 1, 1))
    yield query(redis, bits=0x2000)
    yield query(redis, counts=(0, 0, 0, 0))
    yield query(redis, counts=(2, 0, 0, 0), more=redis + b"\0\1\0\1")
    yield struct.pack("!HH4H", 7, 0, 0, 0, 0, 1) + opt(options=option(10, b"abcdefgh"))
    yield query(b"\xc0\x0c")
    yield query(b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63 + b"\x3d" + b"d" * 61 + b"\0")
    yield query(redis, additional=1, more=b"\xc0\x0c" + struct.pack("!HHIH", 250, 255, 0, 0))
    yield query(redis, counts=(1, 1, 0, 1), more=b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 30, 4) + b"\x0a\0\0\1" + opt())


def bodies():
    kinds = [
        (0, "services"), (1, "service-"), (2, "namespaces"), (3, "allocations"), (4, "checks"), (5, "nodes"), (6, ""),
    ]
    for path in sorted(FIXTURES.glob("nomad/*/*.http")):
        head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        status = int(head.split()[1])
        row = {200: 0, 403: 5, 500: 6, 429: 7}.get(status, 6)
        if b"chunked" in head or b"gzip" in head:
            continue
        for choice, part in kinds:
            if part and part in path.name and len(body) < 8000:
                yield bytes([row << 4 | choice]) + body
    for text in [b"[]", b"null", b"{}", b'[{"Namespace":"default","Services":[{"ServiceName":"a","Tags":null},{"ServiceName":7}]}]']:
        for choice, _ in kinds:
            yield bytes([choice]) + text


def streams():
    for path in sorted(FIXTURES.glob("nomad/*/*stream*.http")):
        _, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        yield b"\x07" + body[:6000]
    for path in sorted(FIXTURES.glob("nomad/stream/*.ndjson")):
        for line in path.read_bytes().splitlines()[:12]:
            yield b"\xff" + line[:6000] + b"\n"
    yield b"\0{}\n{}\n\n"
    yield b'\1{"Index":7,"Events":[{"Topic":"Service","Namespace":"default","FilterKeys":["j","redis"]}]}\n{}\n'


def names():
    for text in [
        ".", "redis.default.nomad", "redis.default.nomad.", "a\\.b.\\000\\255.x", "b\u00fccher.example", "xn--bcher-kva.example",
        "_http._tcp.web", "*.a", "a b.c", "\\", "a..b", "x" * 64, ("x" * 63 + ".") * 4, "\u3002", "\u200d.a", '"q".\\;x',
    ]:
        yield text.encode()
    for text in ["redis.default.nomad", "a.b.c"]:
        yield wire(text)
    yield wire("a.b") + b"\1c\xc0\0"
    for line in (FIXTURES / "dns" / "rdata.tsv").read_text().splitlines():
        if line and line[0] != "#":
            kind, data, _ = line.split("\t", 2)
            if int(kind) < 512:
                yield struct.pack("!H", int(kind)) + bytes.fromhex(data)[:2000]


def query_strings():
    message = query(wire("svc000001.default.nomad"), additional=1, more=opt())
    encoded = base64.urlsafe_b64encode(message).decode()
    for text in [
        f"dns={encoded}", f"dns={encoded.rstrip('=')}", "dns=", "dns=AAE&dns=AAE", f"x=1&%64ns={encoded}",
        "name=svc000001.default.nomad", "name=svc000001.default.nomad&type=SRV", "name=svc000002.default.nomad&type=33&do=1&cd=true",
        "name=a&type=TYPE65535&ct=application/dns-message", "name=a&edns_client_subnet=10.0.0.0/8", "name=b%C3%BCcher.nomad&type=ANY",
        "type=A", "name=", "name=a&name=b", "name=%5C000.nomad&ct=application/dns-json&random_padding=xxx", "name=_http._tcp.svc000003.default.nomad&type=srv",
    ]:
        for choice in range(4):
            yield bytes([choice]) + text.encode()


def headers():
    begin = b"\r\n\r\n\0\r\nQUIT\n"
    four = bytes([192, 0, 2, 7, 127, 0, 0, 1, 0, 9, 0, 53])
    yield b"PROXY TCP4 192.0.2.7 127.0.0.1 9 53\r\nrest"
    yield b"PROXY TCP6 2001:db8::7 ::1 9 53\r\n"
    yield b"PROXY UNKNOWN\r\n"
    yield b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"
    yield begin + b"\x21\x11\0\x0c" + four + b"rest"
    yield begin + b"\x21\x21\0\x24" + bytes(32) + b"\0\x09\0\x35"
    yield begin + b"\x20\0\0\0"
    yield begin + b"\x21\x31\0\xd8" + bytes(216)
    yield begin + b"\x21\x11\0\x17" + four + b"\4\0\1x" + b"\x03\0\4abcd"


def configurations():
    text = (HERE.parent / "nomadns.example.toml").read_text()
    plain = "\n".join(re.sub(r"^#(?! )", "", line) for line in text.splitlines() if not line.startswith("# ") and line not in ("", "#"))
    sections = re.split(r"^(?=\[[a-z]+\]$)", plain, flags=re.M)
    yield plain.encode()
    for section in sections:
        yield section.encode()
    for section in sections[1:]:
        head, *keys = section.strip().splitlines()
        yield from (f"{head}\n{key}\n".encode() for key in keys[::3])
    yield b'[nomad]\ntoken = "hunter2hunter2"\nhttp_auth = "user:hunter2hunter2"\n'
    yield b'cookie_secrets = "hunter2hunter2"\n[nomad]\ntoken = ["hunter2hunter2"]\n'
    yield b'[tls]\ncertificate = "a"\n[listen]\ntls = ["0.0.0.0:853"]\n[clients]\nallow = ["10.0.0.0/8", "2001:db8::/32"]\n'
    yield b'[limits]\nudp_batch = 99999999999999999999\n[nomda]\nx = 1\n'


def corefiles():
    for file in sorted((HERE.parent / "tests" / "integration" / "import" / "corefiles").iterdir()):
        yield file.read_bytes()
    yield b"import ring\n(one) {\n import more\n}\n.:53 {\n import one {$ODD}\n forward . {$WORD}\n}\n"


def main():
    for target, inputs in {
        "message": messages(), "nomad_body": bodies(), "event_frames": streams(), "name": names(),
        "http_query": query_strings(), "proxy_header": headers(), "settings": configurations(),
        "corefile": corefiles(),
    }.items():
        for octets in inputs:
            put(target, octets)
    # Magic and version before it and the checksum behind it are the target's; two octets say what is damaged.
    for file in sys.argv[1:]:
        put("snapshot", b"\5\0" + Path(file).read_bytes()[12:-16])
    put("snapshot", b"\0\0")


main()
