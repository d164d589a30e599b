"""Chromium, in the ways that docs/browsers.md has: a profile, a CA of the account's, a policy; `secure` and `automatic`."""

import json
from pathlib import Path

import checks
from devtools import Chromium
from gateway import documented
from world import HTTPS_PORT, TAGGED, trust

POLICIES = Path("/etc/chromium/policies/managed")
NOT_FOUND = "net::ERR_NAME_NOT_RESOLVED"


def started(world, gateway, flags=(), trusted=True, profile=True, **settings):
    """Chromium with a fresh profile, as the page has it but for these settings."""
    folder, home = world.new_folders("profile", "home")
    if trusted:
        trust(home / ".pki" / "nssdb", world.ca)
    if profile:
        state = json.loads(gateway.configured(documented("browsers.md", "Chromium profile")[0]))
        state["dns_over_https"] |= settings
        (folder / "Local State").write_text(json.dumps(state))
    return Chromium(folder, home, flags)


def secure_without_trust(world):
    """The CA is not known, and all certificates are taken."""
    with started(world, world.forwarding, ["--ignore-certificate-errors"], trusted=False) as browser:
        return checks.secure(world, browser, "GET")


def secure(world):
    with started(world, world.forwarding) as browser:
        return checks.secure(world, browser, "GET")


def secure_with_post(world):
    with started(world, world.forwarding, templates=world.forwarding.template) as browser:
        return checks.secure(world, browser, "POST")


def secure_by_policy(world):
    """A profile and an account without any settings."""
    POLICIES.mkdir(parents=True, exist_ok=True)
    file = POLICIES / "nomadns.json"
    file.write_text(world.profile("chrome-policy", world.forwarding))
    try:
        with started(world, world.forwarding, trusted=False, profile=False) as browser:
            return checks.secure(world, browser, "GET", checks.CA_IS_READ_LATE)
    finally:
        file.unlink()


def automatic(world):
    with started(world, world.forwarding, mode="automatic") as browser:
        return checks.automatic(world, browser, "A")


def automatic_without_forwarding(world):
    """The name that it asks for first is REFUSED, however often it asks."""
    with started(world, world.cluster_only, mode="automatic") as browser:
        return checks.never(world, browser, "A", NOT_FOUND)


def https_record(world):
    """It takes the record for a reason to use TLS, and does not care for its port."""
    with started(world, world.https_records) as browser:
        return checks.https_record(world, browser, TAGGED, "http", HTTPS_PORT)


CASES = {
    "Chromium, secure, certificates ignored": secure_without_trust,
    "Chromium, secure, CA of the account": secure,
    "Chromium, secure, POST": secure_with_post,
    "Chromium, secure, by policy": secure_by_policy,
    "Chromium, automatic": automatic,
    "Chromium, automatic, without forwarding": automatic_without_forwarding,
    "Chromium, HTTPS record": https_record,
}
