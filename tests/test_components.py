"""Connected components, against the obvious walk."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup import kernels
from dedup.components import by_first, first_connected
from dedup.kernels import reference_families as reference


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=14))
def test_first_connected(edges):
    first = list(range(12))
    for _ in first:
        for a, b in edges:
            first[a] = first[b] = min(first[a], first[b])
    one, two = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    assert first_connected(one, two, 12).tolist() == first
    for loops in (kernels.warm(), reference):
        found = np.zeros(12, np.int64)
        loops.connect(one, two, found)
        assert found.tolist() == first


@given(st.lists(st.integers(0, 9), min_size=10, max_size=20))
def test_groups_are_named_by_their_first(label):
    assert by_first(np.array(label)).tolist() == [label.index(name) for name in label]
