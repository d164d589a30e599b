"""What was true when: each state of each service in the scripted Nomad, and how late the gateway may know of it.

An answer is right if it equals some state of its service between the moment from which the gateway may be late and the moment
of the answer.
"""

import threading
import time

# From a change to the answer, in quiet times: 50 ms are promised for the 99th percentile; a busy machine has its own.
LATE_SECONDS = 2
# Once one server is cut off or ends: what it takes to notice (nomad.last_contact_ms, 5 s) and to read elsewhere.
ELSEWHERE_SECONDS = 15
# Once none could be asked: the longest pause between two tries is 30 s.
RECOVERY_SECONDS = 45


class Oracle:
    def __init__(self):
        self.lock = threading.Lock()
        # For each service: when each state may have begun, when it was surely there, and its addresses.
        self.states = {}
        # Spans in which the gateway may hear nothing new: [begin, end, what it takes after that]; the end is unknown while
        # one lasts.
        self.outages = []

    def changes(self, service, addresses, carry_out):
        """Carries out a change and notes it."""
        begin = time.monotonic()
        with self.lock:
            states = self.states.setdefault(service, [])
            states.append([begin, float("inf"), frozenset(addresses)])
        carry_out()
        with self.lock:
            states[-1][1] = time.monotonic()

    def outage_begins(self, recovery_seconds):
        with self.lock:
            self.outages.append([time.monotonic(), float("inf"), recovery_seconds])

    def outage_ends(self):
        with self.lock:
            self.outages[-1][1] = time.monotonic()

    def known_from(self, asked):
        """The moment from which on the gateway must know all that has happened, for a query of this moment."""
        known = asked - LATE_SECONDS
        for begin, end, recovery_seconds in reversed(self.outages):
            # One that began before another was over is part of it.
            if begin <= asked and known - LATE_SECONDS <= end + recovery_seconds:
                known = min(known, begin - LATE_SECONDS)
        return known

    def is_right(self, service, asked, answered, addresses):
        """Whether a set of addresses, none for a denial, was true within the span of a query."""
        with self.lock:
            states = list(self.states.get(service, []))
            known = self.known_from(asked)
        addresses = frozenset(addresses)
        if not states or states[0][1] > known:
            # It may not have been there yet.
            if not addresses:
                return True
        for number, (begin, _, state_addresses) in enumerate(states):
            end = states[number + 1][1] if number + 1 < len(states) else float("inf")
            if state_addresses == addresses and begin <= answered and end >= known:
                return True
        return False

    def may_be_unread(self, service, asked, answered):
        """Whether a service came within the span of a query: then it may be listed and not read yet, which is no denial and
        no answer (SERVFAIL)."""
        return self.is_right(service, asked, answered, frozenset()) and any(
            state_addresses and begin <= answered for begin, _, state_addresses in list(self.states.get(service, []))
        )

    def forget(self):
        """Drops what no query can ask for any more."""
        with self.lock:
            known = self.known_from(time.monotonic() - 60)
            for states in self.states.values():
                while len(states) > 1 and states[1][1] < known:
                    states.pop(0)
            self.outages = [it for it in self.outages if it[1] + it[2] > known]
