"""Judges what sslyze found; the scan is the argument."""

import json
import sys

OLD = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
NEW = ("tls_1_2", "tls_1_3")
# Where a scan says so, something is wrong.
WEAKNESSES = {
    "tls_compression": lambda found: found["supports_compression"],
    "heartbleed": lambda found: found["is_vulnerable_to_heartbleed"],
    "openssl_ccs_injection": lambda found: found["is_vulnerable_to_ccs_injection"],
    "robot": lambda found: not found["robot_result"].startswith("NOT_VULNERABLE"),
    "session_renegotiation": lambda found: found["is_vulnerable_to_client_renegotiation_dos"]
    or not found["supports_secure_renegotiation"],
    "tls_fallback_scsv": lambda found: not found["supports_fallback_scsv"],
    "tls_extended_master_secret": lambda found: not found["supports_ems_extension"],
}


def is_strong(suite):
    """Forward secrecy and authenticated encryption; in TLS 1.3 there is nothing else."""
    name = suite["name"]
    sealed = "GCM" in name or "CHACHA20_POLY1305" in name
    forward = "_WITH_" not in name or "ECDHE" in name
    return sealed and forward and not suite["is_anonymous"]


def judge(server):
    """Yields what is wrong with one server, and prints what is right."""
    port = server["server_location"]["port"]
    if server["scan_status"] != "COMPLETED":
        yield f"port {port}: the scan did not complete"
        return
    found = {name: check["result"] for name, check in server["scan_result"].items()}

    def suites(version):
        accepted = found[f"{version}_cipher_suites"]["accepted_cipher_suites"]
        return [accept["cipher_suite"] for accept in accepted]

    for version in OLD:
        if suites(version):
            yield f"port {port}: {version} is spoken"
    for version in NEW:
        names = sorted(suite["name"] for suite in suites(version))
        print(f"port {port}: {version}: {', '.join(names) or 'none'}")
        if not names:
            yield f"port {port}: {version} is not spoken"
        for suite in suites(version):
            if not is_strong(suite):
                yield f"port {port}: {version}: {suite['name']} is weak"
    for name, is_wrong in WEAKNESSES.items():
        if is_wrong(found[name]):
            yield f"port {port}: {name}: {found[name]}"


with open(sys.argv[1], encoding="utf-8") as file:
    servers = json.load(file)["server_scan_results"]
wrong = [problem for server in servers for problem in judge(server)]
if len(servers) != 2:
    wrong.append(f"{len(servers)} ports were scanned, not 2")
print("\n".join(wrong) or f"tls: {len(servers)} ports, TLS 1.2 and 1.3 only, no weak suite, no known weakness")
sys.exit(bool(wrong))
