"""What the programs of the languages print, as one JSON object, and what it must be.

    "crowd"          addresses of a service that no UDP message of 512 octets holds
    "crowd SRV"      "PORT TARGET" of each
    "alias-chain"    addresses behind two aliases
    "alias-nowhere"  "denied": the program's own word for a name that does not exist
    "redis TXT"      each text, the strings of one record joined as the language joins them
    "redis ANY"      the addresses in an answer to ANY
"""

import json
import re

from world import CROWD, REDIS, expect, run


def judge(printed, *wanted):
    """Looks at what a program printed, which must have these keys."""
    seen = json.loads(printed)
    for key in wanted:
        expect(key in seen, "no", key, "in", printed)
    for key, addresses in [("crowd", CROWD), ("alias-chain", REDIS), ("redis ANY", REDIS)]:
        if key in seen:
            expect(set(seen[key]) == addresses, f"{key}: {len(set(seen[key]))} of {len(addresses)}:", seen[key])
    if "crowd SRV" in seen:
        targets = {f"8080 {bytes(map(int, each.split('.'))).hex()}.addr.nomad" for each in CROWD}
        found = {each.rstrip(".") for each in seen["crowd SRV"]}
        expect(found == targets, f"crowd SRV: {len(found)} of {len(targets)}:", sorted(found)[:2])
    if "alias-nowhere" in seen:
        expect(seen["alias-nowhere"] == "denied", "alias-nowhere:", seen["alias-nowhere"])
    if "redis TXT" in seen:
        expect(len(seen["redis TXT"]) == len(REDIS), seen["redis TXT"])
        for text in seen["redis TXT"]:
            expect(re.search(r"(^| )job=redis .*(^| )port=6379( |$)", text), "not readable when joined:", text)
    return ", ".join(seen)


def judged(*command, keys, **options):
    """Runs a program and judges what it prints."""
    return judge(run(*command, **options), *keys)
