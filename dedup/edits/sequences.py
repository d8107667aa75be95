"""Sequences of hashable items: what occurs where, and the heaviest increasing chain."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def by_occurrence(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """For each item of ``a`` and of ``b`` the index of its like, k-th occurrence with k-th, or -1."""
    places: dict[Hashable, list[int]] = {}
    for i, item in enumerate(a):
        places.setdefault(item, []).append(i)
    queues = {item: iter(found) for item, found in places.items()}
    mates_a, mates_b = [-1] * len(a), [-1] * len(b)
    for j, item in enumerate(b):
        queue = queues.get(item)
        if queue is not None and (i := next(queue, -1)) >= 0:
            mates_a[i], mates_b[j] = j, i
    return mates_a, mates_b


def heaviest_chain(values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Indices of the increasing subsequence of ``values`` with the greatest weight; weights are positive.

    A staircase of ends (value, best weight of a chain ending there), both increasing; each value enters and
    leaves it once.
    """
    ends: list[int] = []
    best: list[int] = []
    last: list[int] = []
    before = [-1] * len(values)
    for n, (value, weight) in enumerate(zip(values, weights, strict=True)):
        place = bisect_left(ends, value)
        total = weight
        if place:
            before[n] = last[place - 1]
            total += best[place - 1]
        stop = place
        while stop < len(best) and best[stop] <= total:
            stop += 1
        ends[place:stop] = [value]
        best[place:stop] = [total]
        last[place:stop] = [n]
    chain = []
    n = last[-1] if last else -1
    while n >= 0:
        chain.append(n)
        n = before[n]
    return chain[::-1]


def once(items: Sequence[Hashable]) -> dict[Hashable, int]:
    """Where the items stand that stand once."""
    last = {item: i for i, item in enumerate(items)}
    if len(last) == len(items):
        return last
    counts = Counter(items)
    return {item: i for item, i in last.items() if counts[item] == 1}
