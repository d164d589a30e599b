"""The CPU time of a server's processes, and of what the machine's owner took away meanwhile."""

import os

TICKS = os.sysconf("SC_CLK_TCK")

def tree(root):
    """The ids of a process and of all below it."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = stat(name)
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], [root]
    while left:
        process = left.pop()
        found.append(process)
        left += children.get(process, [])
    return found


def stat(process):
    """The fields of /proc/ID/stat behind the name; none when the process is gone."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return []


def seconds(root):
    """What a tree of processes has run, in seconds: of the threads that live, exactly; of all, by the clock's ticks."""
    exact = ticks = 0
    for process in tree(root):
        fields = stat(process)
        ticks += sum(int(fields[at]) for at in (11, 12)) if fields else 0
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/schedstat") as file:
                    exact += int(file.read().split()[0])
        except OSError:
            # It has ended meanwhile.
            pass
    return exact / 1e9, ticks / TICKS


def between(before, now):
    """The seconds between two of these; by the ticks where threads ended meanwhile and took theirs with them."""
    exact, ticked = now[0] - before[0], now[1] - before[1]
    return ticked if ticked > exact + 3 / TICKS else exact


def stolen():
    """The time of all processors, and the part of it that the hypervisor took, in ticks."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return sum(fields), fields[7]
