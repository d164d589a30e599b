"""CoreDNS as a secondary of a gateway without keys, since its plugin cannot sign; where COREDNS_BIN names it."""

import os

from secondaries import Secondary
from world import PRIMARY, Gateway


class CoreDns(Secondary):
    name, heading, file, head = "coredns", "CoreDNS", "Corefile", ""

    def placed(self, text):
        own = f"bind 127.0.0.1\n    transfer {{\n        to *\n    }}\n    secondary {{"
        text = text.replace("nomad {", f"nomad:{self.port} {{").replace("secondary {", own)
        return text.replace(PRIMARY, f"127.0.0.1:{self.primary}")


def run(of):
    """Starts both, changes the cluster and compares."""
    binary = os.environ.get("COREDNS_BIN")
    if not binary:
        print("coredns: left out, COREDNS_BIN names none")
        return
    gateway = Gateway(of.processes, of.cluster, of.folder, "gateway without keys")
    other = CoreDns(of.processes, of.folder, gateway.port)
    other.command = [binary, "-conf", "{path}"]
    gateway.configure([], [other.port], None)
    gateway.start()
    other.configure("", "")
    other.start()
    keyed, of.gateway = of.gateway, gateway
    try:
        of.equal("CoreDNS starts", [other])
        of.change(20)
        of.equal("CoreDNS after changes", [other])
        other.stop()
        of.change(10)
        other.start()
        of.equal("CoreDNS is back", [other])
    finally:
        of.gateway = keyed
        gateway.stop()
        other.stop()
