"""Every expression of the alerts and of the dashboard, by a Prometheus that scrapes a demo; and what dashboards for CoreDNS ask for.

Each must be understood, and those of the dashboard must have data, except where the demo has nothing to show (`EMPTY`). A second
gateway forwards, tells a secondary that is not there, and has `metrics.names = ["coredns"]`. promtool finds nothing wrong with the metrics of either.
NOMADNS_BINARY names the binary.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Panels without data before the demo: it forwards nothing, and nothing goes wrong.
EMPTY = {"SERVFAIL by reason", "Errors of Nomad", "Upstreams", "Queries to upstreams", "Round trip, 99 of 100"}

# What the panels of the public dashboard for CoreDNS ask for: a metric, by which labels it is summed up, and as what.
RATE, QUANTILE, NOW = "sum by ({}) (rate({}[10s]))", "histogram_quantile(0.99, sum by ({}, le) (rate({}_bucket[10s])))", "sum by ({}) ({})"
CORE_DNS = [
    ("coredns_build_info", "instance", NOW),
    ("up", "", NOW),
    ("coredns_panics_total", "", NOW),
    ("coredns_dns_responses_total", "rcode", RATE),
    ("coredns_forward_responses_total", "rcode", RATE),
    ("coredns_dns_request_duration_seconds", "server, zone", QUANTILE),
    ("coredns_forward_request_duration_seconds", "to", QUANTILE),
    ("coredns_dns_requests_total", "type", RATE),
    ("coredns_dns_requests_total", "zone", RATE),
    ("coredns_dns_requests_total", "proto", RATE),
    ("coredns_forward_requests_total", "to", RATE),
    ("coredns_plugin_enabled", "name", NOW),
    ("coredns_dns_request_size_bytes", "server, zone, proto", QUANTILE),
    ("coredns_dns_response_size_bytes", "server, zone, proto", QUANTILE),
    ("coredns_cache_hits_total", "type", RATE),
    ("coredns_cache_misses_total", "", RATE),
    ("coredns_cache_entries", "type", NOW),
    ("process_resident_memory_bytes", "", NOW),
    ("process_cpu_seconds_total", "", RATE),
    ("go_goroutines", "", NOW),
]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(what, attempt, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := attempt():
                return found
        except (OSError, ValueError):
            pass
        time.sleep(0.1)
    sys.exit(f"alerts: {what}: not within {seconds} s")


def soon(attempt, seconds=15):
    """What the attempt gives when it has data, or at last."""
    until = time.monotonic() + seconds
    while not (answer := attempt()).get("data", {}).get("result") and answer["status"] == "success" and time.monotonic() < until:
        time.sleep(0.5)
    return answer


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def upstream():
    """A server that answers every query over UDP with NOERROR and no records but a SOA; its address."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def answer():
        while True:
            asked, client = server.recvfrom(4096)
            question = asked[12:asked.index(b"\0", 12) + 5]
            soa = b"\0" + bytes([0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0]) + bytes(16) + bytes([0, 0, 0, 60])
            server.sendto(asked[:2] + bytes([0x81, 0x80, 0, 1, 0, 0, 0, 1, 0, 0]) + question + soa, client)

    threading.Thread(target=answer, daemon=True).start()
    return "{}:{}".format(*server.getsockname())


def start_core_dns(folder, started, nomad):
    """A gateway with CoreDNS's names, that forwards: where it answers, and its metrics."""
    dns, admin = free_port(), free_port()
    config = folder / "nomadns.toml"
    config.write_text(f'''
[nomad]
addresses = ["{nomad}"]
[listen]
dns = ["127.0.0.1:{dns}"]
http = []
admin = ["127.0.0.1:{admin}"]
[metrics]
names = ["coredns"]
[transfer]
allow = ["127.0.0.1"]
[[transfer.notify]]
address = "127.0.0.1:9"
[[forward]]
zone = "."
upstreams = ["udp://{upstream()}"]
''')
    log = (folder / "gateway").open("w")
    started.append(subprocess.Popen([os.environ["NOMADNS_BINARY"], "serve", "--config", config], stdout=log, stderr=log))
    return str(dns), f"127.0.0.1:{admin}"


def check_metrics(admin):
    """What promtool says of the metrics, as text."""
    text = urllib.request.urlopen(f"http://{admin}/metrics", timeout=10).read()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    said = (checked.stdout + checked.stderr).decode().strip()
    return [f"promtool: {admin}: {said}"] if checked.returncode or said else []


def lacking(ask):
    """The panels of CoreDNS's dashboard that have no data."""
    wrong = []
    for metric, labels, form in CORE_DNS:
        expression = form.format(labels, metric + '{job="coredns"}' if form != QUANTILE else metric)
        if form == QUANTILE:
            expression = expression.replace("_bucket[", '_bucket{job="coredns"}[')
        answer = soon(lambda: ask(expression))
        rows = answer.get("data", {}).get("result")
        wanted = [label for label in labels.split(", ") if label]
        if not rows:
            wrong.append(f"CoreDNS's dashboard: no data for {expression}: {answer.get('error', '')}")
        elif any(not row["metric"].get(label) for row in rows for label in wanted):
            wrong.append(f"CoreDNS's dashboard: an empty label in {expression}: {[row['metric'] for row in rows]}")
        elif form == QUANTILE and all(row["value"][1] == "NaN" for row in rows):
            wrong.append(f"CoreDNS's dashboard: no number in {expression}")
    return wrong


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        started = []
        try:
            run(folder, started)
        finally:
            for process in started:
                process.terminate()
                process.wait()


def run(folder, started):
    out = (folder / "demo").open("w")
    started.append(subprocess.Popen([os.environ["NOMADNS_BINARY"], "demo", "--ports", "auto"], stdout=out, stderr=out))
    text = wait_for("a demo", lambda: (found := (folder / "demo").read_text()).count("Metrics ") and found)
    admin = re.search(r"Metrics +curl http://(\S+)/metrics", text)[1]
    dns = re.search(r"-p (\d+) redis", text)[1]
    nomad = re.search(r"Nomad +curl '(http://[^/']+)", text)[1]
    second_dns, second_admin = start_core_dns(folder, started, nomad)
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}\n"
        f"rule_files: ['{ROOT}/deploy/prometheus/alerts.yaml']\n"
        "scrape_configs:\n"
        f"  - {{job_name: nomadns, static_configs: [{{targets: ['{admin}']}}]}}\n"
        f"  - {{job_name: coredns, static_configs: [{{targets: ['{second_admin}']}}]}}\n"
    )
    log = (folder / "log").open("w")
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    started.append(subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log))
    api = f"http://127.0.0.1:{port}/api/v1"

    def ask(expression):
        return get(f"{api}/query?{urllib.parse.urlencode({'query': expression})}")

    wait_for("a scrape", lambda: ask("coredns_build_info and on () nomadns_build_info")["data"]["result"])
    # Something to count, twice, so that there are rates.
    for _ in range(3):
        for name in ("redis.default.nomad", "none.default.nomad"):
            subprocess.run(["dig", "@127.0.0.1", "-p", dns, name], check=True, stdout=subprocess.DEVNULL)
        time.sleep(1.5)

    wrong = check_metrics(admin) + check_metrics(second_admin)
    asking = threading.Event()

    def keep_asking():
        number = 0
        while not asking.wait(0.2):
            number += 1
            for name in ("redis.default.nomad", "none.default.nomad", "www.example.com", f"x{number}.example.com"):
                for how in ("+notcp", "+tcp"):
                    subprocess.run(["dig", "@127.0.0.1", "-p", second_dns, how, name], stdout=subprocess.DEVNULL)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    wrong += lacking(ask)
    asking.set()
    thread.join()
    groups = wait_for("the rules", lambda: get(f"{api}/rules")["data"]["groups"])
    rules = [rule for group in groups for rule in group["rules"]]
    wait_for("the rules to be evaluated", lambda: all(
        rule["health"] != "unknown" for group in get(f"{api}/rules")["data"]["groups"] for rule in group["rules"]))
    for rule in rules:
        answer = ask(rule["query"])
        if answer["status"] != "success":
            wrong.append(f"{rule['name']}: {answer.get('error')}")
        # The metric is there, whatever its value: the expression without its comparison has data.
        for metric in set(re.findall(r"\b(?:nomadns|process)_\w+|\bup\b", rule["query"])):
            if metric.startswith(("nomadns_upstream", "nomadns_failures")):
                continue
            if not soon(lambda m=metric: ask(m))["data"]["result"]:
                wrong.append(f"{rule['name']}: there is no {metric}")
    runbook = (ROOT / "docs/runbook.md").read_text()
    wrong += [f"docs/runbook.md has no {rule['name']}" for rule in rules if f"\n## {rule['name']}\n" not in runbook]

    dashboard = json.loads((ROOT / "deploy/grafana/nomadns.json").read_text())
    count = 0
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            count += 1
            expression = target["expr"].replace("$__rate_interval", "1m")
            expression = expression.replace("$job", ".*").replace("$instance", ".*")
            answer = soon(lambda e=expression: ask(e)) if panel["title"] not in EMPTY else ask(expression)
            if answer["status"] != "success":
                wrong.append(f"{panel['title']}: {answer.get('error')}")
            elif not answer["data"]["result"] and panel["title"] not in EMPTY:
                wrong.append(f"{panel['title']}: no data for {expression}")
    print(f"alerts: {len(rules)} alerts, {count} expressions of the dashboard and {len(CORE_DNS)} of CoreDNS's evaluated by Prometheus")
    if wrong:
        sys.exit("alerts: FAILED\n" + "\n".join(wrong))


main()
