"""Chromium, driven over the pipe of its DevTools protocol: messages of JSON, each ended by a zero octet."""

import json
import os

from browser import ANSWER_SECONDS, PAGE_SECONDS, START_SECONDS, Browser, within

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
        # The first command is answered once it has started.
        target = self.call("Target.createTarget", START_SECONDS, url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def __exit__(self, *error):
        super().__exit__(*error)
        os.close(self.commands)
        os.close(self.answers)

    def open(self, url):
        """Gives the text of the page, or why it does not open."""
        self.messages.clear()
        # It is answered once the page begins to come, or cannot.
        begun = self.call("Page.navigate", PAGE_SECONDS + ANSWER_SECONDS, url=url)
        if "errorText" in begun:
            return begun["errorText"]
        is_loaded = lambda message: message.get("method") == "Page.loadEventFired"
        self.wait_for(is_loaded, PAGE_SECONDS, f"the end of loading {url}")
        return self.call("Runtime.evaluate", expression="document.body.innerText")["result"]["value"]

    def call(self, method, seconds=ANSWER_SECONDS, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        is_answer = lambda message: message.get("id") == self.count
        answer = self.wait_for(is_answer, seconds, f"{method} {parameters}")
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, is_wanted, seconds, awaited):
        """Gives the first message that is wanted, of those that came and were not wanted before, or that come."""
        end = within(seconds)
        while True:
            for index, message in enumerate(self.messages):
                if is_wanted(message):
                    return self.messages.pop(index)
            self.rest += self.read_until(self.answers, end, f"{awaited}, {seconds} s")
            *messages, self.rest = self.rest.split(b"\0")
            self.messages += map(json.loads, messages)
