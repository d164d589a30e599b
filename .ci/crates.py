"""The list of crates with unsafe code or a build script, docs/crates.md: what runs in the program or while it is built
without the compiler's guard, and why it is there.

Without arguments it writes the list, with --check it fails where the list is not what it is. Of which dependency of ours a
crate is part comes from `cargo metadata`; what that one is for stands in .ci/crates.known.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "crates.md"
PLATFORM = "x86_64-unknown-linux-gnu"

HEAD = """# Crates with unsafe code or build scripts

The crates in the program on Linux, or used to build it, that contain unsafe code or a build script; those that only tests use are left out.
`.ci/crates.py` writes this list and `.ci/supply` checks it. cargo-deny checks advisories, licences and sources
(`deny.toml`). Our own unsafe code is only in `src/listeners/udp/batch.rs`, for the batched system calls; `.ci/asan` runs its
tests under AddressSanitizer. The numbers count lines with the word `unsafe` outside of comments, including the crate's tests.

"""


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", PLATFORM]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def brought_by(found):
    """For each package that is in the program or its build, the dependency of ours by which it comes first."""
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    root = found["resolve"]["root"]

    def below(identifier):
        for dependency in nodes[identifier]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                yield dependency["pkg"]

    ours = sorted(below(root))
    by = {identifier: identifier for identifier in ours}
    layer = list(ours)
    while layer:
        following = []
        for identifier in layer:
            for dependency in sorted(below(identifier)):
                if dependency not in by:
                    by[dependency] = by[identifier]
                    following.append(dependency)
        layer = following
    return by


def unsafe_lines(folder):
    count = 0
    for path in sorted((folder / "src").rglob("*.rs")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(errors="replace"), flags=re.S)
        count += sum(bool(re.search(r"\bunsafe\b", line.split("//")[0])) for line in text.splitlines())
    return count


def page():
    found = metadata()
    packages = {package["id"]: package for package in found["packages"]}
    lines = (line.split(" | ", 1) for line in (ROOT / ".ci" / "crates.known").read_text().splitlines() if line[:1] not in ("", "#"))
    purposes = {name: purpose for name, purpose in lines}
    by = brought_by(found)
    ours = {packages[identifier]["name"] for identifier in by.values()}
    if wrong := ours ^ set(purposes):
        raise SystemExit(f".ci/crates.known says nothing of, or too much: {', '.join(sorted(wrong))}")
    rows, safe = [], 0
    for identifier in sorted(by, key=lambda it: (packages[it]["name"], packages[it]["version"])):
        package, bringer = packages[identifier], packages[by[identifier]]["name"]
        unsafe = unsafe_lines(Path(package["manifest_path"]).parent)
        builds = any("custom-build" in target["kind"] for target in package["targets"])
        if not unsafe and not builds:
            safe += 1
            continue
        why = purposes[bringer] if bringer == package["name"] else f"part of {bringer}"
        rows.append(f"| {package['name']} {package['version']} | {unsafe or ''} | {'yes' if builds else ''} | {why} |")
    table = "\n".join(["| crate | lines with `unsafe` | build script | what for |", "|---|---|---|---|", *rows])
    return f"{HEAD}{table}\n\n{safe} more crates have neither.\n"


def main():
    written = page()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != written:
            raise SystemExit("docs/crates.md is not what the crates are: run `python3 .ci/crates.py` and look at what changed")
        print(f"crates: {written.count(chr(10) + '| ') - 1} with unsafe code or a build script, as docs/crates.md says")
    else:
        PAGE.write_text(written)


main()
