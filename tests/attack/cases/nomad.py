"""What Nomad, or a proxy before it, sends: too often, or too much at once."""

import json
import time

from world import MIB, expect, until

# The longest line of the event stream that is taken is 10 MiB.
FRAME_OCTETS = 9 * MIB


def list_that_comes_back_at_once(world):
    """A proxy that knows no blocking queries answers lists at once: it is asked once a second, and changes are seen."""
    seconds = 10
    world.nomad.answer("/v1/event/stream", 403, "Permission denied")
    _answer_lists_at_once(world, ["redis"])
    with world.gateway() as gateway:
        # The burst of the begin is over.
        expect(until(lambda: _lists(world) > 5, 20), "the list is not asked")
        time.sleep(3)
        before, begin = gateway.seen(), _lists(world)
        with gateway.victim() as victim:
            time.sleep(seconds)
        per_second = (_lists(world) - begin) / seconds
        expect(per_second < 2.5, "lists are asked", per_second, "times a second")
        addresses = world.nomad.register("late", 2, "10.5")
        services = gateway.metrics()["nomadns_services"]
        _answer_lists_at_once(world, ["redis", "late"])
        is_listed = lambda: gateway.metrics()["nomadns_services"] > services
        expect(until(is_listed, 5), "what is new is not seen within five pauses")
        with gateway.victim("late.default.nomad", addresses, tcp=0, dot=0, https=0, timeout_seconds=5):
            pass
        return f"{per_second:.1f} lists a second, {before.until(gateway.seen())}, {victim.figures()}"


def large_frames(world):
    """Frames of the event stream of many MiB hold up no connection, and leave no memory behind."""
    frames = 20
    events = [_event("redis", number) for number in range(20_000)]
    # Services of which only the stream tells are looked for, and are not there.
    events += [_event(f"s{number}", number) for number in range(2_000)]
    filler = {"Topic": "Node", "Payload": {"Node": {"Attributes": {"x": "y" * 1000}}}}
    size = len(json.dumps(events))
    events += [filler] * ((FRAME_OCTETS - size) // (len(json.dumps(filler)) + 2))
    with world.gateway() as gateway:
        before = gateway.seen()
        with gateway.victim() as victim:
            for number in range(frames):
                text = json.dumps({"Index": 1000 + number, "Events": events})
                expect(len(text) < 10 * MIB, "the frame has", len(text), "octets")
                world.nomad.send_frame(text + "\n")
                time.sleep(0.1)
        # One beyond the limit ends the stream, which is opened again.
        world.nomad.send_frame("x" * (11 * MIB))
        errors = 'nomadns_nomad_errors_total{kind="too_large"}'
        expect(until(lambda: gateway.metrics().get(errors, 0) > 0, 20), "a line beyond the limit was taken")
        gateway.expect_back(before, memory_octets=64 * MIB)
        return f"{frames} frames of {FRAME_OCTETS / MIB:.0f} MiB, {before.until(gateway.seen())}, {victim.figures()}"


def _answer_lists_at_once(world, services):
    rows = [{"Namespace": "default", "Services": [{"ServiceName": name, "Tags": []} for name in services]}]
    world.nomad.answer("/v1/services", 200, json.dumps(rows))


def _lists(world):
    return world.nomad.requests()["/v1/services"]


def _event(service, number):
    return {
        "Topic": "Service",
        "Type": "ServiceRegistration",
        "Key": f"_nomad-task-{number}",
        "Namespace": "default",
        "FilterKeys": ["job", service],
        "Payload": {"Service": {"ServiceName": service, "Namespace": "default", "Tags": ["a"] * 10}},
    }
