"""What the Corefiles expect around them, in a network of one's own: a real Nomad with some services, and the upstreams, which
another CoreDNS plays."""

import os
import pathlib
import subprocess
import time
import urllib.request

NOMAD = os.environ["NOMAD_BINARY"]
COREDNS = os.environ["COREDNS_BIN"]
NOMADNS = os.environ["NOMADNS_BINARY"]
COREFILES = pathlib.Path("tests/integration/import/corefiles").resolve()
# The hosts of the Corefiles: Nomad's servers, upstreams, and clients that may ask and may not.
ADDRESSES = ["10.0.0.11", "10.0.0.12", "192.0.2.53", "192.0.2.54", "192.0.2.10", "9.9.9.9", "149.112.112.112",
             "10.1.1.1", "10.99.0.1", "192.0.2.99"]
READY_SECONDS = 90

AGENT = """
bind_addr = "0.0.0.0"
data_dir = "{folder}"
advertise {{
  http = "127.0.0.1"
  rpc = "127.0.0.1"
  serf = "127.0.0.1"
}}
server {{
  enabled = true
  bootstrap_expect = 1
}}
client {{
  enabled = true
  network_interface = "lo"
  options = {{ "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean,cni,consul,vault" }}
}}
plugin "raw_exec" {{
  config {{ enabled = true }}
}}
"""

# An address of its own for each service, so that nothing depends on the machine.
SERVICE = """
      service {{
        name = "{name}"
        provider = "nomad"
        port = "{port}"
        address = "{address}"
        tags = {tags}
      }}
"""
JOB = """
job "{job}" {{
  namespace = "{namespace}"
  group "group" {{
    network {{
      {ports}
    }}
    task "task" {{
      driver = "raw_exec"
      config {{
        command = "/bin/sleep"
        args = ["3600"]
      }}
{services}
    }}
  }}
}}
"""

# A template for each name that exists, one for what it has besides, and one for all that does not exist.
UPSTREAM = """
(zones) {
    template IN A . {
        match "^(www\\.example\\.org|server\\.corp\\.example)\\.$"
        answer "{{ .Name }} 300 IN A 198.51.100.1"
        fallthrough
    }
    template IN PTR . {
        match "^4\\.3\\.0\\.10\\.in-addr\\.arpa\\.$"
        answer "{{ .Name }} 300 IN PTR back.corp.example."
        fallthrough
    }
    template IN ANY . {
        match "^(www\\.example\\.org|server\\.corp\\.example|4\\.3\\.0\\.10\\.in-addr\\.arpa)\\.$"
        rcode NOERROR
        authority ". 300 IN SOA ns.upstream.example. admin.upstream.example. 1 7200 3600 1209600 60"
        fallthrough
    }
    template IN ANY . {
        rcode NXDOMAIN
        authority ". 300 IN SOA ns.upstream.example. admin.upstream.example. 1 7200 3600 1209600 60"
    }
}
.:53 {
    bind 192.0.2.53 192.0.2.10
    import zones
}
.:5353 {
    bind 192.0.2.54
    import zones
}
tls://.:853 {
    bind 9.9.9.9 149.112.112.112
    tls {folder}/localhost.pem {folder}/localhost-key.pem
    import zones
}
"""

# job: namespace, services as (name, address, port, tags).
JOBS = {
    "web": ("default", [("web", "10.2.0.1", 8080, ["http", "blue"])]),
    "web-2": ("default", [("web", "10.2.0.2", 8081, ["http", "green"])]),
    "redis": ("default", [("redis", "10.2.0.3", 6379, ["primary"])]),
    "canary": ("default", [("redis", "10.2.0.4", 6380, ["candidate"])]),
    "six": ("default", [("six", "2001:db8::6", 8080, [])]),
    "shop": ("prod", [("web", "10.2.1.1", 9090, ["http"])]),
}


class World:
    """Everything that runs, from `begin` to `end`."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def begin(self):
        folder = self.folder
        run("ip", "link", "set", "lo", "up")
        for address in ADDRESSES:
            run("ip", "address", "add", f"{address}/32", "dev", "lo")
        run(NOMADNS, "certs", str(folder), "--name", "dns.quad9.net")
        (folder / "upstream").write_text(UPSTREAM.replace("{folder}", str(folder)))
        self.start("upstream", COREDNS, "-conf", folder / "upstream")
        (folder / "agent.hcl").write_text(AGENT.format(folder=folder / "nomad"))
        self.start("nomad", NOMAD, "agent", "-config", folder / "agent.hcl")
        until("Nomad has a node", lambda: b"\"ready\"" in get("/v1/nodes"), lambda: self.log("nomad")[-1500:])
        run(NOMAD, "namespace", "apply", "prod")
        for job, (namespace, services) in JOBS.items():
            ports = "\n".join(f'port "p{port}" {{\n static = {port}\n }}' for _, _, port, _ in services)
            texts = [SERVICE.format(name=name, port=f"p{port}", address=address, tags=str(tags).replace("'", '"'))
                     for name, address, port, tags in services]
            text = JOB.format(job=job, namespace=namespace, ports=ports, services="".join(texts))
            (folder / f"{job}.hcl").write_text(text)
            run(NOMAD, "job", "run", "-detach", str(folder / f"{job}.hcl"))
        count = sum(len(services) for _, services in JOBS.values())
        until("all services are registered", lambda: registered() == count)

    def start(self, name, *command, cwd=None):
        log = open(self.folder / f"{name}.log", "w")
        environment = os.environ | {
            "SSL_CERT_FILE": str(self.folder / "ca.pem"),
            "IMPORT_ZONE": "nomad.example", "IMPORT_NOMAD": "http://127.0.0.1:4646", "IMPORT_TOKEN": "",
        }
        process = subprocess.Popen([str(it) for it in command], stdout=log, stderr=log, cwd=cwd, env=environment)
        self.processes.append(process)
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def stop(self, process):
        process.terminate()
        process.wait()
        self.processes.remove(process)

    def end(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        # What Nomad has mounted for its tasks, which it leaves to the next agent.
        mounts = pathlib.Path("/proc/mounts").read_text().splitlines()
        for mount in sorted((line.split()[1] for line in mounts), reverse=True):
            if mount.startswith(str(self.folder)):
                subprocess.run(["umount", "--lazy", mount], check=False)


def registered():
    import json
    count = 0
    for listed in json.loads(get("/v1/services?namespace=*")):
        for service in listed["Services"]:
            path = f"/v1/service/{service['ServiceName']}?namespace={listed['Namespace']}"
            count += len(json.loads(get(path)))
    return count


def get(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:4646{path}", timeout=5) as response:
            return response.read()
    except OSError:
        return b"[]"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def until(what, holds, log=lambda: ""):
    end = time.monotonic() + READY_SECONDS
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"not within {READY_SECONDS} s: {what}: {log()}")
        time.sleep(0.1)
