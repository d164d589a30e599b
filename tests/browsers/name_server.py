"""A name server of a test: it answers what its table has over UDP and TCP, denies all else, and keeps what it was asked."""

import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

# Nothing is cached that this says, so that a browser asks again when it resolves otherwise.
DENIAL = "a.invalid. host.invalid. 1 3600 600 86400 0"


class NameServer:
    def __init__(self, table, address="127.0.0.1", port=0):
        """`table` has texts of record data by name and type."""
        self.table, self.asked, self.lock = table, [], threading.Lock()
        owner = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                octets, socket = self.request
                socket.sendto(owner.answer(octets), self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self):
                while len(length := self.rfile.read(2)) == 2:
                    answer = owner.answer(self.rfile.read(struct.unpack("!H", length)[0]))
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

        while True:
            udp = Datagrams((address, port), Datagram)
            try:
                tcp = Streams(udp.server_address, Stream)
                break
            except OSError:
                udp.server_close()
                if port:
                    raise
        self.port = udp.server_address[1]
        self.servers = [udp, tcp]
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, octets):
        query = dns.message.from_wire(octets)
        name, rdtype = query.question[0].name, query.question[0].rdtype
        key = name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(rdtype)
        with self.lock:
            self.asked.append(key)
        answer = dns.message.make_response(query, recursion_available=True)
        if key in self.table:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", rdtype, *self.table[key]))
        else:
            known = any(known == key[0] for known, _ in self.table)
            answer.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
            answer.authority.append(dns.rrset.from_text(".", 0, "IN", "SOA", DENIAL))
        return answer.to_wire()

    def close(self):
        """Ends it and frees its port."""
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def forget(self):
        """Forgets what it was asked."""
        with self.lock:
            self.asked.clear()

    def was_asked(self, name):
        """Whether it was asked for a name, of whatever type."""
        with self.lock:
            return any(asked == name for asked, _ in self.asked)


class Datagrams(socketserver.ThreadingUDPServer):
    daemon_threads = True


class Streams(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
