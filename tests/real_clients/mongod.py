"""As much of a replica set as a driver of MongoDB needs to choose a server and to ping it."""

import socketserver
import struct
import threading

import bson

from world import MONGO

PORT = 27017
MESSAGE, QUERY, REPLY = 2013, 2004, 1


def target(address):
    """The member's name: the target of its SRV record."""
    return f"{bytes(map(int, address.split('.'))).hex()}.addr.default.nomad:{PORT}"


class Member(socketserver.StreamRequestHandler):
    def handle(self):
        while len(header := self.rfile.read(16)) == 16:
            length, request, _, code = struct.unpack("<iiii", header)
            body = self.rfile.read(length - 16)
            document = bson.encode(self.answer())
            if code == QUERY:
                answer, code = struct.pack("<iqii", 0, 0, 0, 1) + document, REPLY
            else:
                answer = struct.pack("<iB", 0, 0) + document
                if struct.unpack_from("<I", body)[0] & 2:
                    continue
            self.wfile.write(struct.pack("<iiii", 16 + len(answer), 1, request, code) + answer)

    def answer(self):
        members = sorted(MONGO)
        address = self.connection.getsockname()[0]
        return {
            "ok": 1.0,
            "helloOk": True,
            "setName": "rs",
            "hosts": [target(each) for each in members],
            "me": target(address),
            "primary": target(members[0]),
            "isWritablePrimary": address == members[0],
            "ismaster": address == members[0],
            "secondary": address != members[0],
            "setVersion": 1,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "maxBsonObjectSize": 16 << 20,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "readOnly": False,
        }


class Servers(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


def started():
    """Serves at each member's address; ends with what it gives."""
    servers = [Servers((address, PORT), Member) for address in sorted(MONGO)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return servers
