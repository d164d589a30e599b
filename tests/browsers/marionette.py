"""Firefox, driven by Marionette: messages of JSON over TCP, each behind its length."""

import json
import socket

from browser import ANSWER_SECONDS, PAGE_SECONDS, START_SECONDS, Browser, within
from gateway import until

# About running without a screen, being driven, and not looking for news; nothing about DNS. Marionette's own preferences for
# tests are off.
PREFERENCES = {
    "marionette.port": 0,
    "remote.prefs.recommended": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.ml.enable": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.blocklist.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "gfx.webrender.software": True,
    "services.settings.server": "data:,none",
    "startup.homepage_welcome_url": "",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "toolkit.telemetry.unified": False,
}


class Firefox(Browser):
    def __init__(self, profile, home, preferences):
        super().__init__(profile, home)
        self.preferences, self.socket, self.octets = PREFERENCES | preferences, None, b""

    def connect(self):
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in self.preferences.items()]
        (self.profile / "user.js").write_text("".join(lines))
        self.start(["firefox-esr", "--headless", "--no-remote", "--marionette", "--profile", str(self.profile)])
        end = within(START_SECONDS)
        active = self.profile / "MarionetteActivePort"
        has_started = lambda: self.process.poll() is not None or active.exists() and active.read_text().strip()
        port = until(has_started, START_SECONDS)
        if self.process.poll() is not None or not port:
            self.fail(f"does not start: {active.name} is awaited")
        self.socket = socket.create_connection(("127.0.0.1", int(port)), 20)
        self.read(end, "Marionette's greeting")
        # It would wait for five minutes for a page, with no error. It answers this once its first window is there.
        capabilities = {"alwaysMatch": {"timeouts": {"pageLoad": PAGE_SECONDS * 1000}}}
        self.call("WebDriver:NewSession", START_SECONDS, capabilities=capabilities)

    def __exit__(self, *error):
        super().__exit__(*error)
        if self.socket:
            self.socket.close()

    def open(self, url):
        """Gives the text of the page, or why it does not open."""
        try:
            # Marionette ends a page that takes too long, and is given some time to say so.
            self.call("WebDriver:Navigate", PAGE_SECONDS + ANSWER_SECONDS, url=url)
        except Refused as error:
            return str(error)
        return self.call("WebDriver:ExecuteScript", script="return document.body.innerText", args=[])["value"]

    def call(self, command, seconds=ANSWER_SECONDS, **parameters):
        self.count += 1
        message = json.dumps([0, self.count, command, parameters]).encode()
        self.socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self.read(within(seconds), f"{command} {parameters}, {seconds} s")
        if error:
            raise Refused(error["message"])
        return result

    def read(self, end, awaited):
        while True:
            length, colon, rest = self.octets.partition(b":")
            if colon and len(rest) >= int(length):
                self.octets = rest[int(length) :]
                return json.loads(rest[: int(length)])
            self.octets += self.read_until(self.socket.fileno(), end, awaited)


class Refused(Exception):
    """What Marionette says of a command that it could not follow."""
