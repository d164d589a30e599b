"""Prints the list of crates that `cargo auditable` has put into a binary (the section .dep-v0), as JSON."""

import json
import struct
import sys
import zlib


def section(octets, wanted):
    """The contents of a section of an ELF file of 64 bits, little-endian."""
    if octets[:6] != b"\x7fELF\x02\x01":
        raise SystemExit("this is no ELF file of 64 bits")
    (table,) = struct.unpack_from("<Q", octets, 0x28)
    size, count, names_at = struct.unpack_from("<HHH", octets, 0x3A)

    def header(number):
        name, _, _, _, offset, length = struct.unpack_from("<IIQQQQ", octets, table + number * size)
        return name, octets[offset : offset + length]

    names = header(names_at)[1]
    for number in range(count):
        name, contents = header(number)
        if names[name : names.index(b"\0", name)] == wanted:
            return contents
    raise SystemExit(f"there is no section {wanted.decode()}: build it by .ci/release")


with open(sys.argv[1], "rb") as file:
    packages = json.loads(zlib.decompress(section(file.read(), b".dep-v0")))
print(json.dumps(packages, indent=1, sort_keys=True))
