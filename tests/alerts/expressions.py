"""Every expression of the alerts and of the dashboard, by a Prometheus that scrapes a demo.

Each must be understood, and those of the dashboard must have data, except where the demo has nothing to show (`EMPTY`).
NOMADNS_BINARY names the binary.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# Panels without data before the demo: it forwards nothing, and nothing goes wrong.
EMPTY = {"SERVFAIL by reason", "Errors of Nomad", "Upstreams", "Queries to upstreams", "Round trip, 99 of 100"}


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
    port = free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}\n"
        f"rule_files: ['{ROOT}/deploy/prometheus/alerts.yaml']\n"
        f"scrape_configs: [{{job_name: nomadns, static_configs: [{{targets: ['{admin}']}}]}}]\n"
    )
    log = (folder / "log").open("w")
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    started.append(subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log))
    api = f"http://127.0.0.1:{port}/api/v1"

    def ask(expression):
        return get(f"{api}/query?{urllib.parse.urlencode({'query': expression})}")

    wait_for("a scrape", lambda: ask("nomadns_build_info")["data"]["result"])
    # Something to count, twice, so that there are rates.
    for _ in range(3):
        for name in ("redis.default.nomad", "none.default.nomad"):
            subprocess.run(["dig", "@127.0.0.1", "-p", dns, name], check=True, stdout=subprocess.DEVNULL)
        time.sleep(1.5)

    wrong = []
    groups = wait_for("the rules", lambda: get(f"{api}/rules")["data"]["groups"])
    rules = [rule for group in groups for rule in group["rules"]]
    wait_for("the rules to be evaluated", lambda: all(
        rule["health"] != "unknown" for group in get(f"{api}/rules")["data"]["groups"] for rule in group["rules"]))
    for rule in rules:
        answer = ask(rule["query"])
        if answer["status"] != "success":
            wrong.append(f"{rule['name']}: {answer.get('error')}")
        # The metric is there, whatever its value: the expression without its comparison has data.
        for metric in set(re.findall(r"\b(?:nomadns|coredns)_\w+|\bup\b", rule["query"])):
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
    print(f"alerts: {len(rules)} alerts and {count} expressions of the dashboard evaluated by Prometheus")
    if wrong:
        sys.exit("alerts: FAILED\n" + "\n".join(wrong))


main()
