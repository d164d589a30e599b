"""What of the gateway's answer does not follow from its upstream's, as docs/forwarding.md has it."""

from messages import A, AA, AAAA, AD, CD, RA, RD, TC
from zones import INTERNAL

# The default of `limits.udp_answer_octets`, and what goes to those without EDNS.
UDP_OCTETS, PLAIN_UDP_OCTETS = 1232, 512
# How addresses of 10.0.0.0/8 and fd00::/8 begin; the zones have no other private ones.
PRIVATE_ADDRESSES = (b"\x0a", b"\xfd")
# A second may have ended for the upstream that has not for the gateway, whose seconds begin with the answer; and a worker of
# the gateway counts down once in a second.
SECONDS_BETWEEN = 2


def wrong_parts(question, upstream, ours, over_tcp, seconds):
    """Which parts of our answer are wrong; `over_tcp` is ours over TCP, which is never cut short.

    The upstream told its answer so many seconds after ours.
    """
    is_json = ours.way == "json"
    wrong = []

    def expect(part, holds):
        if not holds:
            wrong.append(part)

    is_kept_away = has_private_address(upstream) and not question.name().endswith(f".{INTERNAL}.")
    expect("rcode", ours.rcode == ("SERVFAIL" if is_kept_away else upstream.rcode))
    expect("flags", ours.has(RA) and not ours.has(AA))
    expect("rd", ours.has(RD) == (is_json or bool(question.flags & RD)))
    expect("cd", ours.has(CD) == bool(question.flags & CD))
    is_told = is_json or question.flags & AD or question.dnssec_ok
    expect("ad", ours.has(AD) == bool(is_told and upstream.has(AD) and not is_kept_away))
    if not is_json:
        expect("edns", ours.has_opt == (question.size is not None))
        expect("question", ours.question == question.asked())
    fits = over_tcp.octets <= most_octets(question)
    expect("tc", ours.has(TC) == (ours.way == "udp" and not fits))
    if ours.has(TC):
        expect("answer", ours.answer.keys() <= upstream.answer.keys())
        return wrong
    if ours.rcode in ("NOERROR", "NXDOMAIN"):
        expect("answer", ours.answer.keys() == upstream.answer.keys())
        expect("denial", ours.denial.keys() == upstream.denial.keys())
        expect("proofs", ours.proofs.keys() == (upstream.proofs.keys() if question.dnssec_ok else set()))
        expect("ttl", lives_no_longer(ours, upstream, seconds))
    expect("others", not ours.others)
    ttls = [*ours.answer.values(), *ours.denial.values()]
    expect("max-age", ours.max_age is None or ours.max_age <= min(ttls, default=ours.max_age))
    return wrong


def lives_no_longer(ours, upstream, seconds):
    """Whether no TTL is above the upstream's, which was told so many seconds later."""
    for section in ("answer", "denial", "proofs"):
        theirs = getattr(upstream, section)
        if any(ttl > theirs.get(key, ttl) + seconds + SECONDS_BETWEEN for key, ttl in getattr(ours, section).items()):
            return False
    return True


def has_private_address(answer):
    """Whether it has an address that names of the zone `.` may not have."""
    return any(data.startswith(PRIVATE_ADDRESSES) for _, rdtype, data in answer.answer if rdtype in (A, AAAA))


def most_octets(question):
    return PLAIN_UDP_OCTETS if question.size is None else max(PLAIN_UDP_OCTETS, min(question.size, UDP_OCTETS))
