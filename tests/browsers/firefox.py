"""Firefox, in the ways that docs/browsers.md has: preferences and a policy; modes 2 and 3, and what each setting is for."""

import json
import re
from pathlib import Path

import checks
from gateway import documented, expect
from marionette import Firefox
from world import CLUSTER, HTTPS_PORT, OUTSIDE, OUTSIDE_ADDRESS, TAGGED, TAGGED_PORT, trust

POLICIES = Path("/etc/firefox/policies")
NOT_FOUND = "dnsNotFound"


def started(world, gateway, without=(), trusted=True, profile=True, **settings):
    """Firefox with a fresh profile, as the page has it but for these settings of `network.trr`."""
    folder, home = world.new_folders("profile", "home")
    if trusted:
        trust(folder, world.ca)
    preferences = {}
    if profile:
        text = gateway.configured(documented("browsers.md", "Firefox preferences")[0])
        found = re.findall(r'^user_pref\("(.*?)", (.*)\);$', text, re.M)
        preferences = {name: json.loads(value) for name, value in found if name not in without}
        expect(len(preferences) == 3 - len(without), text)
        preferences |= {f"network.trr.{name}": value for name, value in settings.items()}
    return Firefox(folder, home, preferences)


def mode_3(world):
    with started(world, world.forwarding) as browser:
        return checks.secure(world, browser, "GET")


def mode_2(world):
    with started(world, world.forwarding, mode=2) as browser:
        return checks.automatic(world, browser, "NS")


def mode_2_without_forwarding(world):
    """The name that it asks for first is REFUSED, however often it asks."""
    with started(world, world.cluster_only, mode=2) as browser:
        return checks.never(world, browser, "NS", NOT_FOUND)


def private_addresses(world):
    """Without the preference for them it does not take the answer of the cluster."""
    with started(world, world.forwarding, without=["network.trr.allow-rfc1918"]) as browser:
        checks.expect_place(world, browser, OUTSIDE, [OUTSIDE_ADDRESS])
        checks.expect_not_found(world, browser, CLUSTER, NOT_FOUND)
        return "the page outside opens, the cluster's does not"


def policy(world):
    """A profile without any settings."""
    POLICIES.mkdir(parents=True, exist_ok=True)
    file = POLICIES / "policies.json"
    file.write_text(world.profile("firefox-policy", world.forwarding))
    try:
        with started(world, world.forwarding, trusted=False, profile=False) as browser:
            return checks.secure(world, browser, "GET", checks.CA_IS_READ_LATE)
    finally:
        file.unlink()


def https_record(world):
    """It takes a record whose target is the name for a reason to use TLS, and its port; others it ignores."""
    with started(world, world.https_records) as browser:
        named = checks.https_record(world, browser, TAGGED, "http", TAGGED_PORT)
        other = checks.https_record(world, browser, CLUSTER, "https", HTTPS_PORT)
        return f"{named}, {other}"


CASES = {
    "Firefox, mode 3": mode_3,
    "Firefox, mode 2": mode_2,
    "Firefox, mode 2, without forwarding": mode_2_without_forwarding,
    "Firefox, mode 3, without allow-rfc1918": private_addresses,
    "Firefox, mode 3, by policy": policy,
    "Firefox, HTTPS record": https_record,
}
