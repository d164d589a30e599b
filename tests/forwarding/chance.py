"""Whether numbers are as chance would have them: by chi-square, and by how many are different.

Each bound is one that chance alone is beyond once in a million times.
"""

import math
from collections import Counter

# Of the normal distribution: beyond it, on one side, is one in a million.
DEVIATIONS = 4.753


def bounds(degrees):
    """Between which a chi-square of so many degrees is (Wilson and Hilferty)."""
    part = 2 / (9 * degrees)
    return [degrees * (1 - part + sign * DEVIATIONS * math.sqrt(part)) ** 3 for sign in (-1, 1)]


def judge_even(what, numbers, size, buckets=64):
    """Numbers of 0 to `size` - 1 fall evenly into buckets, and no more evenly than chance has it; gives the words for it."""
    counts = Counter(number * buckets // size for number in numbers)
    wanted = [len(range(-(-size * at // buckets), -(-size * (at + 1) // buckets))) * len(numbers) / size for at in range(buckets)]
    found = sum((counts[at] - it) ** 2 / it for at, it in enumerate(wanted))
    return within(f"chi-square of {what}", found, *bounds(buckets - 1))


def judge_distinct(what, numbers, size):
    """As many are different as chance has it."""
    count = len(numbers)
    wanted = -size * math.expm1(count * math.log1p(-1 / size))
    # The variance is below the number of pairs that are expected to be the same; where there are next to none, two may be.
    spread = DEVIATIONS * math.sqrt(count * count / (2 * size)) + 2
    return within(f"different {what} of {count}", len(set(numbers)), wanted - spread, wanted + spread)


def judge_halves(what, counts, total):
    """Of `total` trials each of the counts is as of a coin."""
    found = sum((2 * count - total) ** 2 / total for count in counts)
    return within(f"chi-square of {what}", found, *bounds(len(counts)))


def refuses_counters():
    """What counts up, or stays the same, is told from chance."""
    count, size = 4096, 1 << 16
    for judge, numbers in [
        (judge_even, range(count)),
        (judge_even, [number * (size // count) for number in range(count)]),
        (judge_even, [(after - before) % size for before, after in zip(range(count), range(1, count))]),
        (judge_distinct, range(count)),
        (judge_distinct, [7] * count),
    ]:
        try:
            judge("counters", numbers, size)
        except AssertionError:
            continue
        raise AssertionError("a counter passes for chance")


def within(what, found, least, most):
    words = f"{what}: {found:.0f}, bounds {least:.0f} to {most:.0f}"
    if not least <= found <= most:
        raise AssertionError(words)
    return words
