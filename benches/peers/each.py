"""A client that opens a connection for each query and ends it: over TCP, or over TLS 1.3 without resumption.

It prints how many were answered and how many were not.
usage: each.py tcp|tls PORT SECONDS NAME
"""

import socket
import ssl
import struct
import sys
import time

from zone import path_of, question

TOGETHER = 8
HOST = "127.0.0.1"


def connect(port, wave):
    """A connection from one of many addresses, so that ports that still wait to be free are none to wait for."""
    client = socket.socket()
    client.settimeout(5)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.bind((f"127.0.0.{2 + wave % 200}", 0))
    client.connect((HOST, port))
    return client


def tcp(port, name):
    asked = question(name)
    asked = struct.pack(">H", len(asked)) + asked
    wave = 0
    while True:
        wave += 1
        clients = [connect(port, wave) for _ in range(TOGETHER)]
        for client in clients:
            client.sendall(asked)
        for client in clients:
            answer = client.recv(4096)
            client.close()
            # Three records, no error.
            yield len(answer) > 14 and answer[5] & 15 == 0 and answer[9] == 3


def tls(port, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    asked = f"GET {path_of(question(name))} HTTP/1.1\r\nHost: localhost\r\nAccept: application/dns-message\r\n\r\n".encode()
    wave = 0
    while True:
        wave += 1
        with context.wrap_socket(connect(port, wave), server_hostname="localhost") as client:
            client.sendall(asked)
            yield client.recv(4096).startswith(b"HTTP/1.1 200")


def main():
    kind, port, seconds, name = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    end, good, bad = time.monotonic() + seconds, 0, 0
    for answered in {"tcp": tcp, "tls": tls}[kind](port, name):
        good, bad = good + answered, bad + (not answered)
        if time.monotonic() > end:
            break
    print(f"answered {good}, not {bad}")


main()
