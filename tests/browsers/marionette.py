"""Firefox, driven by Marionette: messages of JSON over TCP, each behind its length."""

import json
import socket

from browser import Browser
from gateway import until

# About running without a screen and being driven; nothing about DNS. Marionette's own preferences for tests are off.
PREFERENCES = {
    "marionette.port": 0,
    "remote.prefs.recommended": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Firefox(Browser):
    def __init__(self, profile, home, preferences):
        super().__init__(profile, home)
        self.preferences, self.socket = PREFERENCES | preferences, None

    def connect(self):
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in self.preferences.items()]
        (self.profile / "user.js").write_text("".join(lines))
        self.start(["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", str(self.profile)])
        active = self.profile / "MarionetteActivePort"
        port = until(lambda: self.process.poll() is not None or active.exists() and active.read_text().strip(), 120)
        if self.process.poll() is not None or not port:
            self.fail("does not start")
        self.socket = socket.create_connection(("127.0.0.1", int(port)), 180)
        self.stream = self.socket.makefile("rb")
        self.read()
        # It would wait for five minutes for a page, with no error.
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": {"pageLoad": 30_000}}})

    def __exit__(self, *_):
        super().__exit__()
        if self.socket:
            self.stream.close()
            self.socket.close()

    def open(self, url):
        """Gives the text of the page, or why it does not open."""
        try:
            self.call("WebDriver:Navigate", url=url)
        except AssertionError as error:
            return str(error)
        return self.call("WebDriver:ExecuteScript", script="return document.body.innerText", args=[])["value"]

    def call(self, command, **parameters):
        self.count += 1
        message = json.dumps([0, self.count, command, parameters]).encode()
        self.socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self.read()
        if error:
            raise AssertionError(error["message"])
        return result

    def read(self):
        length = b""
        while (octet := self.stream.read(1)) != b":":
            if not octet:
                self.fail("has ended")
            length += octet
        return json.loads(self.stream.read(int(length)))
