"""Which documents of a batch are settled together."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup.edges import PARTIAL, QUOTE, ROUNDUP_WORDS, VERSION, Edges
from dedup.ingestion.waves import waves
from dedup.storage.ledger import Component
from dedup.storage.rows import NO_EDGES, NO_LINKS

STORED, NEW = 9, 8
"""Documents that are there, in components of three, and those that come."""


class Ledger:
    """Knows components of three."""

    def load_components(self, nums: set[int]) -> None:
        assert all(num < STORED for num in nums)

    def component(self, nums: list[int]) -> Component:
        first = nums[0] // 3 * 3
        return Component(np.arange(first, first + 3), NO_LINKS)


def edges(num: int, others: dict[int, int]) -> Edges:
    count = len(others)
    if not count:
        return NO_EDGES
    zeros, none = np.zeros(count), np.zeros(count, np.int64)
    ends = np.array(list(others), np.int64), np.full(count, num)
    kinds = np.array(list(others.values()), np.uint8)
    narrative = np.where(kinds == PARTIAL, ROUNDUP_WORDS, 0)  # fewer words say nothing of a roundup
    return Edges(*ends, kinds, zeros, zeros, none, narrative, none, none, none, np.empty((0, 3), np.int32))


@given(
    st.lists(
        st.dictionaries(
            st.integers(0, STORED + NEW - 1), st.sampled_from([VERSION, PARTIAL, QUOTE]), max_size=3
        ),
        min_size=1,
        max_size=NEW,
    ),
    st.dictionaries(st.integers(0, NEW - 1), st.sets(st.integers(0, STORED - 1), max_size=2), max_size=2),
)
def test_what_is_connected_goes_one_after_the_other(pairs, touched):
    found = [
        {other: kind for other, kind in others.items() if other < STORED + i}
        for i, others in enumerate(pairs)
    ]
    placements = [
        SimpleNamespace(
            edges=edges(STORED + i, others), entry=SimpleNamespace(num=STORED + i, leader=STORED + i)
        )
        for i, others in enumerate(found)
    ]
    order = waves(placements, touched, Ledger())
    assert sorted(i for wave in order for i in wave) == list(range(len(pairs)))
    assert all(wave == sorted(wave) and wave for wave in order)
    wave_of = {i: number for number, wave in enumerate(order) for i in wave}
    held: dict[int, set[int]] = {}  # what each document is connected with: components, documents
    for i, others in enumerate(found):
        mine = {STORED + i}
        for other in [*touched.get(i, ()), *(o for o, kind in others.items() if kind != QUOTE)]:
            mine.add(other if other >= STORED else other // 3)
        for before in range(i):
            if held[before] & mine:
                assert wave_of[before] < wave_of[i]
                mine |= held[before]
        held[i] = mine
        assert all(wave_of[other - STORED] < wave_of[i] for other in others if other >= STORED)
