"""The CPU time of a server's processes, and of what the machine's owner took away meanwhile."""

import os


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
    """What all threads of a tree of processes have run, in seconds, as the scheduler counts it."""
    total = 0
    for process in tree(root):
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
        except OSError:
            # It has ended meanwhile.
            pass
    return total / 1e9


def stolen():
    """The time of all processors, and the part of it that the hypervisor took, in ticks."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return sum(fields), fields[7]
