"""Waves: which documents of a batch can be settled together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.ingestion.placing import edges_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Ledger

__all__ = ["waves"]


def waves(
    placements: Sequence[Placement], touched: Mapping[int, Collection[int]], ledger: Ledger
) -> list[list[int]]:
    """Documents of a batch in waves, those of one in their order.

    No document of a wave touches a component that another one touches, and what earlier ones of the batch
    decide for it, they decide in waves before its own.

    Args:
        placements: The documents, in the order in which they come.
        touched: What else is touched by some of them, by place: numbers of documents.
        ledger: What is stored, nothing of these.
    """
    if len(placements) == 1:
        return [[0]]
    nums, edges, of, ends = edges_of(placements)
    # others need only be there, where they are of the batch
    copies = np.array([placement.entry.leader != placement.entry.num for placement in placements], bool)
    tells = edges.for_roundups | copies[of]
    rows = np.flatnonzero(tells | (ends >= nums[0]))
    stored = {num for some in touched.values() for num in some}.union(ends[tells].tolist())
    stored -= set(nums.tolist())
    ledger.load_components(stored)
    node = {num: ledger.component([num]).first for num in stored}
    parent, free = dict[int, int](), dict[int, int]()  # of what is connected: the first wave it is not in

    def root(num: int) -> int:
        num = node.get(num, num)
        while parent.setdefault(num, num) != num:
            parent[num] = num = parent[parent[num]]
        return num

    bounds = np.searchsorted(of[rows], np.arange(len(nums) + 1)).tolist()
    sides, connects = ends[rows].tolist(), tells[rows].tolist()
    found: list[list[int]] = []
    for i, num in enumerate(nums.tolist()):
        here = range(bounds[i], bounds[i + 1])
        roots = {root(end) for end in [*touched.get(i, ()), *(sides[row] for row in here if connects[row])]}
        wave = max((free.get(r, 0) for r in [*roots, *(root(sides[row]) for row in here)]), default=0)
        for r in roots:
            parent[r] = num
        free[root(num)] = wave + 1
        if wave == len(found):
            found.append([])
        found[wave].append(i)
    return found
