from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.kernels import reference_corpus as reference
from dedup.ragged import by_owner

documents = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def both(name: str, arguments: tuple[Any, ...], output: np.ndarray) -> np.ndarray:
    """What both sides write into a copy of ``output``, the same."""
    written, results = [], []
    for loops in (kernels.warm(), reference):
        mine = output.copy()
        results.append(getattr(loops, name)(*arguments, mine))
        written.append(mine)
    assert results[0] == results[1]
    assert np.array_equal(written[0], written[1])
    return written[0]


@given(documents, st.integers(1, 5), st.integers(0, 40), st.integers(0, 2**32))
@settings(deadline=None)
def test_compiled_equal_reference(sizes: list[int], size: int, room: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = len(sizes)
    stop = np.cumsum(sizes)
    start = stop - sizes
    # documents in another order than their tokens, one of them left out
    order = rng.permutation(n)[: max(1, n - 1)]
    start, stop, width = start[order], stop[order], np.full(len(order), size)
    total = int(sum(sizes))
    words = rng.choice(rng.integers(0, 1 << 64, 5, np.uint64), total)
    flags = rng.integers(0, 8, total).astype(np.uint8)
    both("half_words", (flags, start, stop, 5), np.zeros(len(order), np.int64))

    low = rng.integers(0, 5, len(order)).astype(np.uint64)
    top = np.uint64(1) << np.uint64(63)
    for mask, prefix in ((np.uint64(0), np.uint64(0)), (top, np.uint64(0)), (top, top)):
        arguments = words, start, stop, width, low, mask, prefix
        found = []
        for loops in (kernels.warm(), reference):
            shingles = np.zeros(room + 1, np.uint64)
            count = loops.shingle_keys(*arguments, shingles)
            found.append((count, shingles[: min(count, room)].tolist()))
        assert found[0] == found[1]

    shingles = np.zeros(total + 1, np.uint64)
    nothing = np.uint64(0)
    count = kernels.warm().shingle_keys(words, start, stop, width, low, nothing, nothing, shingles)
    keys = np.sort(shingles[:count])
    both("frequent", (keys, 1), np.zeros(count, np.uint64))
    limit, bits = int(rng.integers(0, 3)), int(rng.integers(0, 4))
    kept = []
    for loops in (kernels.warm(), reference):
        mine = shingles[:count].copy()
        left = loops.sift(mine, limit, slots := np.zeros(1 << bits, np.uint32))
        kept.append((mine[:left].tolist(), slots.tolist()))
    assert kept[0] == kept[1]
    frequent = np.zeros((2, count), np.uint64)
    for which, mine in zip((keys, np.sort(np.array(kept[0][0], np.uint64))), frequent, strict=True):
        reference.frequent(which, limit, mine)
    assert np.array_equal(*frequent)
    stock = np.unique(keys >> np.uint64(16))[::2].copy()
    table = np.zeros(1 << int(2 * len(stock)).bit_length(), np.uint64)
    both("flag_members", (words, start, stop, width, both("fill_table", (stock,), table), np.uint8(4)), flags)

    marks = rng.integers(0, 4, len(order))
    mark_stop = np.cumsum(marks)
    at = (rng.random(int(marks.sum())) * np.repeat(stop - start, marks)).astype(np.uint32)
    told = both(
        "telling",
        (flags, start, stop, width, mark_stop - marks, mark_stop, at, np.uint8(4)),
        np.zeros(len(at), np.uint8),
    )
    hashes = rng.integers(0, 1 << 48, len(at), np.uint64)
    for bits, part in ((0, 0), (1, 0), (1, 1), (2, 1)):
        arguments = (hashes, told, mark_stop - marks, mark_stop, order, 17, bits, part)
        both("mark_keys", arguments, np.zeros(room, np.uint64))

    # pairs of documents with runs that lie in both
    pairs = rng.integers(0, len(order), (int(rng.integers(0, 5)), 2))
    count = rng.integers(0, 3, len(pairs))
    least = np.minimum(*(stop - start)[pairs].T)
    length = np.repeat(least, count)
    runs = np.stack([rng.integers(0, length + 1), rng.integers(0, length + 1), np.zeros_like(length)], axis=1)
    runs[:, 2] = rng.integers(0, length + 1 - runs[:, :2].max(axis=1, initial=0))
    offsets, end = by_owner(pairs.T.ravel(), len(order))
    second = end >= len(pairs)
    ends = (end - second * len(pairs)) << 1 | second
    run_stop = np.cumsum(count)
    arguments = (start, offsets[:-1], offsets[1:], ends, run_stop - count, run_stop, runs.astype(np.int32))
    change = both("open_runs", arguments, np.zeros(total + 1, np.int32))
    assert change.sum() == 0

    start, stop = np.sort(start), np.sort(stop)
    changes = np.diff(rng.integers(0, 3, (3, total)), axis=1, prepend=0).astype(np.int32)
    weighed = np.zeros((2, 2, len(order)))
    for loops, sums in zip((kernels.warm(), reference), weighed, strict=True):
        loops.weigh_shared(flags, start, stop, *changes, *sums)
    assert np.array_equal(*weighed)

    owner = rng.integers(0, n, total)
    grouped = np.zeros((2, n + 1 + total), np.int64)
    for loops, out in zip((kernels.warm(), reference), grouped, strict=True):
        loops.group_things(owner, out[: n + 1], out[n + 1 :])
    assert np.array_equal(*grouped)
