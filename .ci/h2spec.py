"""Judges a report of h2spec against the list of known failures; both are the arguments."""

import sys
import xml.etree.ElementTree as xml

with open(sys.argv[2], encoding="utf-8") as file:
    lines = [line.strip() for line in file]
known = dict(line.split(" | ", 1) for line in lines if line and not line.startswith("#"))

passed, failed = 0, []
for suite in xml.parse(sys.argv[1]).getroot():
    for case in suite.iter("testcase"):
        if case.find("failure") is None and case.find("error") is None:
            passed += 1
        else:
            failed.append(f"{case.get('package')}: {case.get('classname')}")

for case in failed:
    print(f"{'known' if case in known else 'FAILED'}: {case}")
    if case in known:
        print(f"    {known[case]}")
unknown = [case for case in failed if case not in known]
print(f"h2spec: {passed} of {passed + len(failed)} cases pass, {len(failed) - len(unknown)} known to fail, {len(unknown)} fail")
sys.exit(bool(unknown) or passed < 140)
