"""Chromium, driven over the pipe of its DevTools protocol: messages of JSON, each ended by a zero octet."""

import json
import os
import select
import time

from browser import Browser

# About running without a screen, as root and without noise; nothing about DNS.
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]
# It reads commands from descriptor 3 and writes to 4.
WITH_PIPES = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'


class Chromium(Browser):
    def __init__(self, profile, home, flags=()):
        super().__init__(profile, home)
        self.flags, self.session, self.messages, self.rest = flags, None, [], b""

    def connect(self):
        reads, self.commands = os.pipe()
        self.answers, writes = os.pipe()
        browser = ["chromium", *FLAGS, f"--user-data-dir={self.profile}", *self.flags, "about:blank"]
        self.start(["bash", "-c", WITH_PIPES, "bash", str(reads), str(writes), *browser], [reads, writes])
        os.close(reads)
        os.close(writes)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def __exit__(self, *_):
        super().__exit__()
        os.close(self.commands)
        os.close(self.answers)

    def open(self, url):
        """Gives the text of the page, or why it does not open."""
        self.messages.clear()
        begun = self.call("Page.navigate", url=url)
        if "errorText" in begun:
            return begun["errorText"]
        self.wait_for(lambda message: message.get("method") == "Page.loadEventFired")
        return self.call("Runtime.evaluate", expression="document.body.innerText")["result"]["value"]

    def call(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        answer = self.wait_for(lambda message: message.get("id") == self.count)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, is_wanted, seconds=60):
        """Gives the first message that is wanted, of those that came and were not wanted before, or that come."""
        end = time.monotonic() + seconds
        while True:
            for index, message in enumerate(self.messages):
                if is_wanted(message):
                    return self.messages.pop(index)
            if not select.select([self.answers], [], [], max(0, end - time.monotonic()))[0]:
                self.fail("says nothing")
            octets = os.read(self.answers, 65536)
            if not octets:
                self.fail("has ended")
            *messages, self.rest = (self.rest + octets).split(b"\0")
            self.messages += map(json.loads, messages)
