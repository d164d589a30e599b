"""What a browser must do that has the gateway as its resolver, and where to see it: in the page, which says at which address
it was reached, in the counters of the gateway, and in what the resolver of the system was asked.
"""

import re

from gateway import expect, until
from world import CLUSTER, CLUSTER_ADDRESSES, OTHER_ADDRESS, OUTSIDE, OUTSIDE_ADDRESS

# How long a browser keeps what it found before it turned to the gateway, and some more.
KEPT_SECONDS = 100


def place(world, browser, host):
    """Opens the page of a host; gives the address that it was reached at, if it opens, and what is seen."""
    text = browser.open(world.url(host))
    found = re.fullmatch(rf"{re.escape(host)} is at (\S+)", text.strip())
    return found and found[1], text


def expect_place(world, browser, host, addresses):
    seen = []
    reached = lambda: seen.append(place(world, browser, host)) or seen[-1][0] in addresses
    expect(until(reached, KEPT_SECONDS), host, "is not at", addresses, "but:", seen[-1])


def secure(world, browser, method):
    """Both pages open by the gateway alone, which is asked with this method and no other.

    Not always at once: a policy is read after the browser has begun to ask, and a busy machine makes it wait.
    """
    expect_place(world, browser, CLUSTER, CLUSTER_ADDRESSES)
    expect_place(world, browser, OUTSIDE, [OUTSIDE_ADDRESS])
    for host in [CLUSTER, OUTSIDE]:
        expect(not world.system.was_asked(host), "the system was asked for", host)
    gateway = world.forwarding
    asked = {each: gateway.since("nomadns_http_responses_total", method=each) for each in ["GET", "POST"]}
    expect([each for each, count in asked.items() if count] == [method], asked)
    addresses, plain = gateway.queries("doh"), gateway.queries("udp")
    expect(addresses >= 2 and not plain, addresses, plain)
    return f"both pages, {asked[method]} queries with {method}"


def automatic(world, browser, probe):
    """It turns to the gateway by itself, and then both pages open, as the gateway has them; `probe` is the type it asks for."""
    gateway = world.forwarding
    expect(until(lambda: gateway.queries("doh", probe), 60), "it does not ask the gateway")
    expect_place(world, browser, CLUSTER, CLUSTER_ADDRESSES)
    expect_place(world, browser, OUTSIDE, [OUTSIDE_ADDRESS])
    addresses = gateway.queries("doh")
    expect(addresses >= 2, addresses)
    return f"both pages, {addresses} queries for addresses"


def never(world, browser, probe, not_found):
    """It asks a gateway that does not forward, which refuses each time, and stays with the system."""
    gateway = world.cluster_only
    expect(until(lambda: gateway.answers("REFUSED") >= 2, 60), "it does not ask the gateway again")
    expect(gateway.queries("doh", probe), "it asks for something else")
    expect_place(world, browser, OUTSIDE, [OTHER_ADDRESS])
    found, text = place(world, browser, CLUSTER)
    expect(not found and not_found in text, text)
    expect(world.system.was_asked(CLUSTER), "the system was not asked")
    for rcode in ["NOERROR", "NXDOMAIN", "SERVFAIL"]:
        expect(not gateway.answers(rcode), gateway.answers(rcode), "answers are", rcode)
    return f"only the page outside, by the system; {gateway.answers('REFUSED')} queries refused"
