"""Prometheus finds its targets by A and SRV records, and reads metrics from them."""

import json
import urllib.request
from collections import Counter

from world import CROWD, THRONG, documented, expect, free_port, until


def prometheus(world):
    port = free_port()
    path = world.write("prometheus.yml", "global:\n  scrape_interval: 2s\n" + documented("Prometheus")[0])
    command = ["prometheus", f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}",
               f"--storage.tsdb.path={world.folder}/prometheus"]

    def targets():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets?state=active", timeout=5) as response:
                return json.load(response)["data"]["activeTargets"]
        except OSError:
            return []

    def up():
        return Counter(each["labels"]["job"] for each in targets() if each["health"] == "up")

    wanted = {"by-address": len(CROWD), "by-port": len(THRONG)}
    with world.processes() as processes:
        processes.start("prometheus", command)
        until(lambda: up() == wanted, 40)
        expect(up() == wanted, dict(up()), "targets are up, not", wanted, processes.log("prometheus")[-500:])
    return ", ".join(f"{count} targets {job}" for job, count in wanted.items())


CLIENTS = {"Prometheus": prometheus}
