"""The loops of families.py in plain Python: oracle of the tests, path before compiling."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["connect", "mark_shared", "merge_groups", "weigh_pieces"]


def connect(one: Any, two: Any, first: Any) -> None:
    """See :func:`dedup.kernels.families.connect`."""
    members = {x: [x] for x in range(len(first))}
    first[:] = np.arange(len(first))
    for a, b in zip(one.tolist(), two.tolist(), strict=True):
        low, high = sorted((int(first[a]), int(first[b])))
        if low != high:
            first[members[high]] = low
            members[low] += members.pop(high)


def mark_shared(
    one: Any, two: Any, run_start: Any, run_stop: Any, runs: Any, offsets: Any, shared: Any, added: Any
) -> None:
    """See :func:`dedup.kernels.families.mark_shared`."""
    for edge, ends in enumerate(zip(one.tolist(), two.tolist(), strict=True)):
        for run in runs[run_start[edge] : run_stop[edge]].tolist():
            for side, holder in enumerate(ends):
                own = shared[offsets[holder] : offsets[holder + 1]]
                part = own[run[side] : run[side] + run[2]]
                if len(own) >= run[side] + run[2] and not part.all():
                    part[:] = added[holder] = True


def merge_groups(one: Any, two: Any, support: float, crowd: int, root: Any) -> None:
    """See :func:`dedup.kernels.families.merge_groups`."""
    parent, size = list(range(len(root))), [1] * len(root)
    ends = list(zip(one.tolist(), two.tolist(), strict=True))
    between: dict[int, dict[int, int]] = {}
    for a, b in ends:
        between.setdefault(a, {})[b] = 1
        between.setdefault(b, {})[a] = 1

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for x, y in ends:
        a, b = find(x), find(y)
        if a == b or between[a].get(b, 0) < support * min(size[a], crowd) * min(size[b], crowd):
            continue
        if len(between[a]) < len(between[b]):
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
        del between[a][b]
        for c, links in between.pop(b).items():
            if c != a:
                between[a][c] = between[c][a] = between[a].get(c, 0) + links
                del between[c][b]
    root[:] = [find(x) for x in range(len(root))]


def weigh_pieces(
    first: Any,
    row: Any,
    side: Any,
    disjoint: float,
    runs: Any,
    run_start: Any,
    run_stop: Any,
    seen: Any,
    taken: Any,
    counts: Any,
    covered: Any,
) -> None:
    """See :func:`dedup.kernels.families.weigh_pieces`."""
    for host, (begin, end) in enumerate(pairwise(first.tolist())):
        taken[:] = 0
        for piece in range(begin, end):
            seen[:] = 0
            edge, own = row[piece], side[piece]
            for run in runs[run_start[edge] : run_stop[edge]].tolist():
                seen[run[own] : run[own] + run[2]] = 1
            counts[piece] = np.count_nonzero(seen & taken) <= disjoint * np.count_nonzero(seen)
            taken |= seen
        covered[host] = np.count_nonzero(taken)
