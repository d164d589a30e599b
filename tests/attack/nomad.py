"""A scripted Nomad: its services are changed by calls, and it may lag, fail or send what no Nomad would.

It runs in a process of its own (`python3 nomad.py PORT...`, a server for each port, all of one state), so that it takes
no time from the attacker; `Nomad` is the handle for a case. It answers what the gateway asks, in the form of a real one,
and knows nothing of the gateway.
"""

import asyncio
import http.client
import json
import re
import subprocess
import sys
import time
import urllib.parse
from collections import Counter
from pathlib import Path


def instance(namespace, service, number, address, tags=()):
    """One registration as Nomad prints it."""
    allocation = f"{sum(service.encode()) & 0xFFFF:08x}-0000-4000-8000-{number:012x}"
    return {
        "Address": address,
        "AllocID": allocation,
        "CreateIndex": 1,
        "Datacenter": "dc1",
        "ID": f"_nomad-task-{allocation}-group-api-{service}-{number}",
        "JobID": service,
        "ModifyIndex": 1,
        "Namespace": namespace,
        "NodeID": f"{number % 50:08x}-1111-4222-8333-444444444444",
        "Port": 20000 + number % 40000,
        "ServiceName": service,
        "Tags": list(tags),
    }


class Nomad:
    """The handle: starts the process and calls into it."""

    def __init__(self, processes, ports):
        self.ports = ports
        self.addresses = [f"http://127.0.0.1:{port}" for port in ports]
        processes.start("nomad", [sys.executable, str(Path(__file__)), *map(str, ports)])
        processes.wait_for("nomad", self.is_up)

    def is_up(self):
        try:
            self.requests()
            return True
        except OSError:
            return False

    def call(self, what, **arguments):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=30)
        try:
            connection.request("POST", f"/_/{what}", json.dumps(arguments))
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise AssertionError(f"the scripted Nomad: {body.decode()}")
            return json.loads(body)
        finally:
            connection.close()

    def register(self, service, instances=3, network="10.7", tags=(), namespace="default", addresses=None):
        """Sets the instances of a service: a number of them, or their addresses. Returns the addresses."""
        if addresses is None:
            addresses = [f"{network}.{n >> 8}.{n & 255}" for n in range(1, instances + 1)]
        self.call("register", namespace=namespace, service=service, addresses=addresses, tags=list(tags))
        return set(addresses)

    def register_many(self, prefix, services, instances=3):
        """Sets services `prefix0` and on, with so many instances each, in one change."""
        self.call("register_many", prefix=prefix, services=services, instances=instances)

    def deregister(self, service, namespace="default"):
        self.call("register", namespace=namespace, service=service, addresses=[], tags=[])

    def set_rows(self, service, rows, namespace="default"):
        """Sets the instances of a service, each as Nomad prints it; see `instance`."""
        self.call("set_rows", namespace=namespace, service=service, rows=rows)

    def save(self):
        """Keeps the state of now, as `nomad operator snapshot save` does."""
        self.call("save")

    def restore(self):
        """Goes back to the state that was saved, with its index, as `nomad operator snapshot restore` does; cuts all connections."""
        self.call("restore")

    def send_frame(self, text):
        """Sends text as it is on each event stream."""
        self.call("send_frame", text=text)

    def answer(self, prefix, status=None, body="", times=None):
        """Answers paths that begin so with a status and a body of choice; without a status as usual again."""
        self.call("answer", prefix=prefix, status=status, body=body, times=times)

    def freeze(self, server, last_contact_ms=0):
        """Has one server stay at the state of now: a follower that lags. With a last contact it is cut off and says so."""
        self.call("freeze", server=server, last_contact_ms=last_contact_ms)

    def thaw(self, server):
        self.call("thaw", server=server)

    def down(self, server, is_down=True):
        """Has one server cut each connection, those that are there too."""
        self.call("down", server=server, is_down=is_down)

    def requests(self):
        """How often each kind of path was asked for since the start."""
        return Counter(self.call("requests"))


class State:
    """What all servers hold, and the last changes as the event stream tells them."""

    def __init__(self):
        self.index = 100
        self.services = {}
        self.events = []
        self.requests = Counter()
        self.answers = []
        self.servers = []
        self.saved = None

    def set(self, rows):
        """Replaces services, {(namespace, name): instances}, as one change."""
        self.index += 1
        events = []
        for (namespace, name), instances in rows.items():
            old = {it["ID"]: it for it in self.services.get((namespace, name), [])}
            new = {it["ID"]: it for it in instances}
            for kind, ids, of in [
                ("ServiceRegistration", [i for i in new if old.get(i) != new[i]], new),
                ("ServiceDeregistration", [i for i in old if i not in new], old),
            ]:
                events += [event(self.index, kind, namespace, name, of[i]) for i in ids]
            if instances:
                self.services[namespace, name] = instances
            else:
                self.services.pop((namespace, name), None)
        self.events = [*self.events, (self.index, events)][-200:]
        for server in self.servers:
            server.wake()


def event(index, kind, namespace, name, row):
    return {
        "Topic": "Service",
        "Type": kind,
        "Key": row["ID"],
        "Namespace": namespace,
        "FilterKeys": [row["JobID"], name],
        "Index": index,
        "Payload": {"Service": row},
    }


class Server:
    """One server of the cluster."""

    def __init__(self, state):
        self.state = state
        self.frozen = None
        self.last_contact = (0, 0.0)
        self.is_down = False
        self.changed = asyncio.Event()
        self.connections = set()
        self.streams = set()

    def wake(self):
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def now(self):
        """The index and the services that this server knows."""
        return self.frozen or (self.state.index, self.state.services)

    def headers(self, index):
        at_least, since = self.last_contact
        contact = at_least + (int((time.monotonic() - since) * 1000) if self.frozen and at_least else 0)
        return {"X-Nomad-Index": index, "X-Nomad-Knownleader": "true", "X-Nomad-Lastcontact": contact}

    async def serve(self, reader, writer):
        self.connections.add(writer)
        try:
            while True:
                line = await reader.readline()
                if not line:
                    return
                method, target, _ = line.decode().split(" ", 2)
                headers = {}
                while (line := await reader.readline()) not in (b"\r\n", b""):
                    key, value = line.decode().split(":", 1)
                    headers[key.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                url = urllib.parse.urlparse(target)
                query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                if url.path.startswith("/_/"):
                    # Whoever has a server cut its connections is still told that it was done.
                    self.connections.discard(writer)
                    reply = control(self.state, url.path[3:], json.loads(body))
                elif self.is_down:
                    return
                else:
                    kind = re.sub(r"^/v1/(service|allocation)/[^/]*", r"/v1/\1/*", url.path)
                    self.state.requests[kind] += 1
                    reply = scripted_answer(self.state, url.path)
                    if reply is None and url.path == "/v1/event/stream":
                        return await self.stream(query, writer)
                    reply = reply or await self.answer(url.path, query)
                write(writer, *reply)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            self.connections.discard(writer)
            writer.close()

    async def answer(self, path, query):
        if self.frozen and self.last_contact[0] and "stale" not in query and path.startswith("/v1/service"):
            # Cut off from its leader, whose word is asked for.
            return 500, b"No cluster leader", {}
        namespace = query.get("namespace", "default")
        if path == "/v1/services":
            index, services = await self.blocking(query)
            names = {}
            for of, name in services:
                if namespace in ("*", of):
                    tags = sorted({tag for it in services[of, name][:1] for tag in it["Tags"]})
                    names.setdefault(of, []).append({"ServiceName": name, "Tags": tags})
            rows = [{"Namespace": of, "Services": those} for of, those in names.items()]
            return 200, json.dumps(rows).encode(), self.headers(index)
        index, services = self.now()
        if path.startswith("/v1/service/"):
            rows = services.get((namespace, urllib.parse.unquote(path[len("/v1/service/") :])), [])
        elif path == "/v1/namespaces":
            rows = [{"Name": "default"}]
        elif path == "/v1/status/leader":
            rows = "127.0.0.1:4647"
        elif path == "/v1/agent/health":
            rows = {"server": {"ok": True, "message": "ok"}}
        elif path == "/v1/allocations":
            rows = []
        elif re.fullmatch(r"/v1/allocation/[^/]*/checks", path):
            rows = {}
        else:
            return 404, b"Invalid URL", {}
        return 200, json.dumps(rows).encode(), self.headers(index)

    async def blocking(self, query):
        """Waits as a blocking query does, until the index is past the one of the query."""
        wanted = int(query.get("index", 0) or 0)
        wait = re.fullmatch(r"([\d.]+)(ms|s|m)", query.get("wait", "300s"))
        end = time.monotonic() + float(wait[1]) * {"ms": 0.001, "s": 1, "m": 60}[wait[2]]
        while wanted and self.now()[0] <= wanted and time.monotonic() < end:
            try:
                await asyncio.wait_for(self.changed.wait(), end - time.monotonic())
            except asyncio.TimeoutError:
                break
        return self.now()

    async def stream(self, query, writer):
        write(writer, 200, None, {"Transfer-Encoding": "chunked"})
        chunk(writer, b"{}\n")
        after = int(query.get("index", 0) or 0) - 1
        if after < 0:
            after = self.now()[0]
        self.streams.add(writer)
        try:
            while not self.is_down:
                changed = self.changed
                for index, events in self.state.events:
                    if after < index <= self.now()[0]:
                        after = index
                        chunk(writer, json.dumps({"Index": index, "Events": events}).encode() + b"\n")
                await writer.drain()
                try:
                    await asyncio.wait_for(changed.wait(), 10)
                except asyncio.TimeoutError:
                    chunk(writer, b"{}\n")
        finally:
            self.streams.discard(writer)


def write(writer, status, body, headers):
    """A response; without a body its end is to come in chunks."""
    if body is not None:
        headers = {**headers, "Content-Length": len(body)}
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{lines}\r\n".encode() + (body or b""))


def chunk(writer, octets):
    writer.write(b"%x\r\n%s\r\n" % (len(octets), octets))


def scripted_answer(state, path):
    """The answer that was set for a path."""
    for at, (prefix, status, body, times) in enumerate(state.answers):
        if path.startswith(prefix):
            if times is not None:
                state.answers[at][3] = times - 1
                if times <= 1:
                    del state.answers[at]
            return status, body.encode("utf-8", "surrogateescape"), state.servers[0].headers(state.index)
    return None


def control(state, what, given):
    """Carries out a call of the handle."""
    out = None
    if what == "register":
        of, name = given["namespace"], given["service"]
        rows = [instance(of, name, n, a, given["tags"]) for n, a in enumerate(given["addresses"], 1)]
        state.set({(of, name): rows})
    elif what == "set_rows":
        state.set({(given["namespace"], given["service"]): given["rows"]})
    elif what == "save":
        state.saved = (state.index, dict(state.services))
    elif what == "restore":
        state.index, state.services = state.saved[0], dict(state.saved[1])
        state.events = []
        for server in state.servers:
            cut(server)
    elif what == "register_many":
        state.set({
            ("default", name): [instance("default", name, k, f"10.8.{n & 255}.{k & 255}") for k in range(1, given["instances"] + 1)]
            for n in range(given["services"])
            for name in [f"{given['prefix']}{n}"]
        })
    elif what == "send_frame":
        for server in state.servers:
            for stream in server.streams:
                chunk(stream, given["text"].encode("utf-8", "surrogateescape"))
    elif what == "answer":
        state.answers = [it for it in state.answers if it[0] != given["prefix"]]
        if given["status"] is not None:
            state.answers.append([given[key] for key in ("prefix", "status", "body", "times")])
    elif what == "freeze":
        server = state.servers[given["server"]]
        server.frozen = (state.index, dict(state.services))
        server.last_contact = (given["last_contact_ms"], time.monotonic())
    elif what == "thaw":
        server = state.servers[given["server"]]
        server.frozen, server.last_contact = None, (0, 0.0)
        server.wake()
    elif what == "down":
        server = state.servers[given["server"]]
        server.is_down = given["is_down"]
        if server.is_down:
            cut(server)
    elif what == "requests":
        out = state.requests
    else:
        return 404, f"no such call: {what}".encode(), {}
    return 200, json.dumps(out).encode(), {}


def cut(server):
    server.wake()
    for writer in list(server.connections):
        writer.transport.abort()


async def main(ports):
    state = State()
    for port in ports:
        server = Server(state)
        state.servers.append(server)
        await asyncio.start_server(server.serve, "127.0.0.1", port, limit=1 << 20, backlog=512)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main(map(int, sys.argv[1:])))
    except KeyboardInterrupt:
        pass
