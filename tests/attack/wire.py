"""What attackers and the victim send: queries, frames of HTTP/2, TLS as a client that trusts the CA of the world."""

import select
import socket
import ssl
import struct
import time

A, TXT, SRV = 1, 16, 33


def name(text):
    """A name in wire form."""
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".") if label) + b"\0"


def query(text, kind=A, identifier=7, edns=None):
    """A query; with `edns` octets as the size that the client takes, it has an OPT record."""
    owner = text if isinstance(text, bytes) else name(text)
    octets = struct.pack("!HHHHHH", identifier, 0x100, 1, 0, 0, 1 if edns else 0) + owner + struct.pack("!HH", kind, 1)
    if edns:
        octets += b"\0" + struct.pack("!HHIH", 41, edns, 0, 0)
    return octets


def framed(message):
    """A message with its length before it, as on TCP and TLS."""
    return struct.pack("!H", len(message)) + message


def rcode(message):
    return message[3] & 15


def is_truncated(message):
    return bool(message[2] & 2)


def addresses(message):
    """The addresses of the A records in the answer section; the answer has one question."""
    def skip(at):
        while True:
            length = message[at]
            if length >= 0xC0:
                return at + 2
            at += 1 + length
            if length == 0:
                return at

    at = skip(12) + 4
    found = set()
    for _ in range(int.from_bytes(message[6:8], "big")):
        at = skip(at)
        kind, _, _, length = struct.unpack("!HHIH", message[at : at + 10])
        if kind == A:
            found.add(socket.inet_ntoa(message[at + 10 : at + 14]))
        at += 10 + length
    return found


def connect(port, source="127.0.0.1", seconds=5, receive_buffer=None):
    """A TCP connection to the gateway from an address of loopback."""
    stream = socket.socket()
    if receive_buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    stream.settimeout(seconds)
    stream.bind((source, 0))
    try:
        stream.connect(("127.0.0.1", port))
    except OSError:
        stream.close()
        raise
    return stream


def over_tls(stream, ca, alpn=None):
    context = ssl.create_default_context(cafile=ca)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context.wrap_socket(stream, server_hostname="localhost")


def read_exactly(stream, count):
    octets = b""
    while len(octets) < count:
        more = stream.recv(count - len(octets))
        if not more:
            raise ConnectionError("closed")
        octets += more
    return octets


def read_framed(stream):
    return read_exactly(stream, int.from_bytes(read_exactly(stream, 2), "big"))


# HTTP/2 (RFC 9113 §6): the types of frames, and two flags.
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def frames(octets):
    """The whole frames in octets, (kind, flags, stream, payload), and what is left after them."""
    found, at = [], 0
    while at + 9 <= len(octets):
        length = int.from_bytes(octets[at : at + 3], "big")
        if at + 9 + length > len(octets):
            break
        stream = int.from_bytes(octets[at + 5 : at + 9], "big") & 0x7FFFFFFF
        found.append((octets[at + 3], octets[at + 4], stream, octets[at + 9 : at + 9 + length]))
        at += 9 + length
    return found, octets[at:]


def get(path, *more, method="GET"):
    """The header fields of a request."""
    return [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path), *more]


def http2(port, ca, source="127.0.0.1", window=65535):
    """A connection of HTTP/2 over TLS whose client gives each stream such a window."""
    stream = over_tls(connect(port, source), ca, "h2")
    stream.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, window)) + frame(SETTINGS, 1, 0))
    return stream


def send_all(stream, octets):
    """Sends what the other side takes; false once it has closed."""
    try:
        stream.sendall(octets)
        return True
    except (OSError, ssl.SSLError):
        return False


def send_reading(stream, octets, seconds=10):
    """Sends all, and reads meanwhile what comes; false where the other side has closed or does not take it in time.

    One thread does both: two that use one TLS connection at once crash OpenSSL.
    """
    stream.setblocking(False)
    unsent, end = memoryview(octets), time.monotonic() + seconds
    while unsent and time.monotonic() < end:
        try:
            while stream.recv(65536):
                pass
            return False
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            return False
        try:
            unsent = unsent[stream.send(unsent):]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            select.select([stream], [stream], [], 0.1)
        except OSError:
            return False
    return not unsent


def drained(stream, seconds):
    """What comes within the time, and whether the other side has closed."""
    octets = b""
    stream.settimeout(seconds)
    try:
        while more := stream.recv(65536):
            octets += more
    except (TimeoutError, socket.timeout):
        return octets, False
    except (OSError, ssl.SSLError):
        pass
    return octets, True
