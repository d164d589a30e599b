"""What a browser must do that has the gateway as its resolver, and where to see it: in the page, which says where it was
reached, in the counters of the gateway, and in what the resolver of the system was asked.

A page opens at the first attempt, unless there is a reason: these are here, each with its longest time. All attempts are
printed.
"""

import re
import time

from gateway import expect, until
from world import CLUSTER, CLUSTER_ADDRESSES, OTHER_ADDRESS, OUTSIDE, OUTSIDE_ADDRESS

AT_ONCE = 0
# The policy has the CA, and is read when the browser has begun to ask the gateway, which it does not trust until then.
CA_IS_READ_LATE = 60
# What the browser found before it turned to the gateway is kept for a minute by Firefox, and by Chromium for less.
FOUND_BEFORE_IS_KEPT = 100


def place(browser, host, url):
    """Opens a page of a host; gives the address and the port that it was reached at, if it opens, and what is seen."""
    begin = time.monotonic()
    text = browser.open(url).strip()
    found = re.fullmatch(rf"{re.escape(host)} is at (\S+):(\d+)", text)
    seconds = f"after {time.monotonic() - begin:.1f} s"
    return (found[1], int(found[2]), f"{text}, {seconds}") if found else (None, None, f"{text[:300]}, {seconds}")


def expect_place(world, browser, host, addresses, in_time=AT_ONCE):
    """The page opens at one of these addresses, at once, or within the seconds that there is a reason for."""
    seen = []

    def is_reached():
        address, _, text = place(browser, host, world.url(host))
        seen.append(text)
        return address in addresses

    reached = until(is_reached, in_time)
    if len(seen) > 1:
        print(f"  {host}, {len(seen)} attempts within {in_time} s: {' | '.join(seen)}", flush=True)
    expect(reached, host, "is not at", addresses, "but:", *seen)


def expect_not_found(world, browser, host, error):
    address, _, text = place(browser, host, world.url(host))
    expect(not address and error in text, host, "is at", address, text)


def secure(world, browser, method, in_time=AT_ONCE):
    """Both pages open by the gateway alone, which is asked with this method and no other."""
    expect_place(world, browser, CLUSTER, CLUSTER_ADDRESSES, in_time)
    expect_place(world, browser, OUTSIDE, [OUTSIDE_ADDRESS], in_time)
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
    expect_place(world, browser, CLUSTER, CLUSTER_ADDRESSES, FOUND_BEFORE_IS_KEPT)
    expect_place(world, browser, OUTSIDE, [OUTSIDE_ADDRESS], FOUND_BEFORE_IS_KEPT)
    addresses = gateway.queries("doh")
    expect(addresses >= 2, addresses)
    return f"both pages, {addresses} queries for addresses"


def never(world, browser, probe, not_found):
    """It asks a gateway that does not forward, which refuses each time, and stays with the system."""
    gateway = world.cluster_only
    expect(until(lambda: gateway.answers("REFUSED") >= 2, 60), "it does not ask the gateway again")
    expect(gateway.queries("doh", probe), "it asks for something else")
    expect_place(world, browser, OUTSIDE, [OTHER_ADDRESS])
    expect_not_found(world, browser, CLUSTER, not_found)
    expect(world.system.was_asked(CLUSTER), "the system was not asked")
    for rcode in ["NOERROR", "NXDOMAIN", "SERVFAIL"]:
        expect(not gateway.answers(rcode), gateway.answers(rcode), "answers are", rcode)
    return f"only the page outside, by the system; {gateway.answers('REFUSED')} queries refused"


def https_record(world, browser, host, scheme, port):
    """A page without a port in its URL opens with TLS, at this port, where its name has HTTPS records."""
    url = f"{scheme}://{host}/"
    address, found, text = place(browser, host, url)
    expect(address in CLUSTER_ADDRESSES and found == port, url, "is at", address, found, text)
    expect(world.https_records.queries("doh", "HTTPS"), "it does not ask for the record")
    return f"{url} opens with TLS at port {port}"
