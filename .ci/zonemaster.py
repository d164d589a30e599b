"""Judges a report of Zonemaster against the list of what may be said; both are the arguments."""

import json
import sys

with open(sys.argv[2], encoding="utf-8") as file:
    lines = [line.strip() for line in file]
known = dict(line.split(" | ", 1) for line in lines if line and not line.startswith("#"))
with open(sys.argv[1], encoding="utf-8") as file:
    entries = json.load(file)

excused, wrong = [], []
for entry in entries:
    if entry["level"] in ("WARNING", "ERROR", "CRITICAL"):
        (excused if entry["tag"] in known else wrong).append(entry)
for tag in sorted({entry["tag"] for entry in excused}):
    print(f"known: {tag}\n    {known[tag]}")
for entry in wrong:
    print(f"FAILED: {entry['level']} {entry['testcase']} {entry['tag']} {json.dumps(entry['args'])}")
# Of a zone that was never found there would be little to say, and all of it bad.
tested = {entry["testcase"] for entry in entries}
print(f"zonemaster: {len(wrong)} errors and warnings, {len(excused)} known, {len(entries) - len(excused) - len(wrong)} notices")
sys.exit(bool(wrong) or "ADDRESS02" not in tested)
