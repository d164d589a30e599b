"""Attacks by those who may transfer the zones."""

import wire
from world import MIB, expect, until

AXFR = 252
AT_ONCE = 8
CLIENTS = 1000


def thousand_unread(world):
    """A thousand clients that ask for the zone and read nothing take the places that there are, little memory, and are let go."""
    world.nomad.register("big", 3000, "10.7")
    transfer = {"allow": ["127.1.0.0/16"], "at_once": AT_ONCE}
    with world.gateway(transfer=transfer) as gateway:
        expect(until(lambda: _rcode(gateway) == 0, 20), "there is no transfer")
        before = gateway.seen()
        asked = wire.framed(wire.query("nomad", AXFR))
        with gateway.victim() as victim:
            streams, held = [], 0
            for number in range(CLIENTS):
                stream = wire.connect(gateway.ports["tcp"], f"127.1.{1 + number // 50}.1", receive_buffer=2048)
                stream.sendall(asked)
                streams.append(stream)
                if number % 100 == 99:
                    expect(gateway.metric("^nomadns_running_transfers") <= AT_ONCE, "more transfers than places")
                    held = max(held, gateway.memory() - before.memory)
            refused = until(lambda: gateway.metric("^nomadns_transfers_refused_total"), 10)
            expect(refused >= CLIENTS / 2, "refused:", refused)
            expect(held < 32 * MIB, CLIENTS, "transfers hold", held / MIB, "MiB")
            free = until(lambda: gateway.metric("^nomadns_running_transfers") == 0, 60)
            expect(free, "they are not let go")
            expect(_rcode(gateway) == 0, "nobody is served behind them")
        for stream in streams:
            stream.close()
        gateway.expect_back(before, memory_octets=32 * MIB)
        return f"{CLIENTS} transfers, {refused:.0f} refused, hold {held / MIB:.1f} MiB, all let go, {victim.figures()}"


def again_and_again(world):
    """Clients that begin a transfer and leave it at once cost what was made for them, and no place."""
    world.nomad.register("big", 3000, "10.7")
    with world.gateway(transfer={"allow": ["127.1.0.0/16"], "at_once": AT_ONCE}) as gateway:
        expect(until(lambda: _rcode(gateway) == 0, 20), "there is no transfer")
        before = gateway.seen()
        asked = wire.framed(wire.query("nomad", AXFR))
        with gateway.victim() as victim:
            for number in range(2000):
                with wire.connect(gateway.ports["tcp"], f"127.1.{1 + number // 50}.1", receive_buffer=2048) as stream:
                    stream.sendall(asked)
            expect(until(lambda: gateway.metric("^nomadns_running_transfers") == 0, 20), "they are not over")
        after = gateway.seen()
        each = (after.cpu_seconds - before.cpu_seconds) / 2000
        expect(each < 0.02, "each costs", each, "s")
        gateway.expect_back(before, memory_octets=32 * MIB)
        return f"2000 transfers that were left, {each * 1e6:.0f} us of processor each, {before.until(gateway.seen())}, {victim.figures()}"


def _rcode(gateway):
    """The code of the first message that one gets who is allowed to."""
    with wire.connect(gateway.ports["tcp"], "127.1.99.1") as stream:
        stream.sendall(wire.framed(wire.query("nomad", AXFR)))
        return wire.rcode(wire.read_framed(stream))
