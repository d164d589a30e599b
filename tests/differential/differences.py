"""The differences between the gateway's answers and those of other servers: which are expected, and which are not."""

import collections
import re
import tomllib

# How many answers of one kind are shown.
SHOWN = 3


class Expected:
    """One entry of the file."""

    def __init__(self, entry):
        self.id, self.seen = entry["id"], 0
        self.servers = entry.get("servers")
        self.names = re.compile(entry.get("names", ""))
        self.types = {rdtype for part in entry.get("types", []) for rdtype in span(part)}
        self.parts = set(entry["parts"])
        self.ours, self.theirs = entry.get("ours"), entry.get("theirs")
        self.edns = re.compile(entry.get("edns", ""))
        # Whether a complete run may not see it.
        self.is_rare = entry.get("rare", False)

    def covers(self, server, question, ours, theirs, parts):
        return (
            set(parts) <= self.parts
            and (self.servers is None or server in self.servers)
            and (self.ours is None or ours.kind() in self.ours)
            and (self.theirs is None or theirs.kind() in self.theirs)
            and (not self.types or question.rdtype in self.types)
            and self.edns.search(question.edns) is not None
            and self.names.search(question.name()) is not None
        )


def span(text):
    """The types that "33" or "128-255" stands for."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Comparison:
    """What differs, against a file of the differences that are expected."""

    def __init__(self, path):
        entries = tomllib.loads(path.read_text())
        self.expected = [Expected(entry) for entry in entries.get("difference", [])]
        self.same = 0
        self.unexpected = collections.defaultdict(list)

    def compare(self, question, ours, server, theirs, parts):
        """Counts an answer of ours and one of a server, which differ in these parts."""
        if not parts:
            self.same += 1
            return
        for entry in self.expected:
            if entry.covers(server, question, ours, theirs, parts):
                entry.seen += 1
                return
        key = (server, ours.kind(), theirs.kind(), ",".join(parts))
        self.unexpected[key].append((question, ours, theirs))

    def add(self, other):
        """Counts what another one has counted by the same file."""
        self.same += other.same
        for entry, of_other in zip(self.expected, other.expected):
            entry.seen += of_other.seen
        for key, cases in other.unexpected.items():
            self.unexpected[key] += cases

    def report(self, is_complete=True):
        """Prints all, and gives whether it is good; a complete run has to see each difference that is expected and not rare."""
        print(f"{self.same} answers are the same; expected differences:")
        for entry in self.expected:
            print(f"  {entry.seen:6} {entry.id}")
        for (server, ours, theirs, parts), cases in self.unexpected.items():
            print(f"UNEXPECTED, {len(cases)} times: we say {ours}, {server} {theirs}; differing: {parts}")
            for question, our_answer, their_answer in cases[:SHOWN]:
                print(f"    {question}")
                print(f"    ours    {our_answer}\n    theirs  {their_answer}")
        stale = [entry.id for entry in self.expected if not entry.seen and not entry.is_rare]
        if stale:
            print("what was expected was not seen:", *stale, sep="\n  ")
        return not self.unexpected and not (stale and is_complete)
