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
    both("half_words", (flags, start, stop, np.array([0, 5], np.uint8)), np.zeros((2, len(order)), np.int64))

    low = rng.integers(0, 5, len(order)).astype(np.uint64)
    top = np.uint64(1) << np.uint64(63)
    for mask, prefix in ((np.uint64(0), np.uint64(0)), (top, np.uint64(0)), (top, top)):
        arguments = words, start, stop, width, low, mask, prefix
        begin = np.arange(4, dtype=np.uint64) * np.uint64(room + 1)
        found = []
        for loops in (kernels.warm(), reference):
            shingles, at = np.zeros(4 * (room + 1), np.uint64), begin.copy()
            loops.shingle_keys(*arguments, begin + np.uint64(room), at, shingles)
            held = np.minimum(at, begin + np.uint64(room))
            found.append((at.tolist(), [shingles[x:y].tolist() for x, y in zip(begin, held, strict=True)]))
        assert found[0] == found[1]

    shingles, at = np.zeros(total + 1, np.uint64), np.zeros(1, np.uint64)
    everything = np.uint64(0), np.uint64(0), np.array([total], np.uint64)
    kernels.warm().shingle_keys(words, start, stop, width, low, *everything, at, shingles)
    count = int(at[0])
    keys = np.sort(shingles[:count])
    both("frequent", (keys, 1), np.zeros(count, np.uint64))
    # one box of three parts, which loses nothing, and three boxes
    limit, bits = int(rng.integers(0, 3)), int(rng.integers(0, 4))
    cuts = np.sort(rng.integers(0, count + 1, 2)).astype(np.uint64)
    begin, end = np.append(np.uint64(0), cuts), np.append(cuts, np.uint64(count))
    kept = []
    for parts in (3, 1):
        left = []
        for loops in (kernels.warm(), reference):
            mine = shingles[:count].copy()
            stays = loops.sift(mine, begin, end, parts, limit, slots := np.zeros(1 << bits, np.uint32))
            left.append((mine[:stays].tolist(), slots.tolist()))
        assert left[0] == left[1]
        kept.append(np.sort(np.array(left[0][0], np.uint64)))
    frequent = np.zeros((2, count), np.uint64)
    for which, mine in zip((keys, kept[0]), frequent, strict=True):
        reference.frequent(which, limit, mine)
    assert np.array_equal(*frequent)
    stock = np.unique(keys >> np.uint64(16))[::2].copy()
    table = np.zeros(1 << int(2 * len(stock)).bit_length(), np.uint64)
    filled = []
    for loops in (kernels.warm(), reference):
        loops.fill_table(stock, mine := table.copy(), its := np.zeros(len(table), np.uint8))
        filled.append((mine, its))
    for one, two in zip(*filled, strict=True):
        assert np.array_equal(one, two)
    both("flag_members", (words, start, stop, width, *filled[0], np.uint8(4)), flags)

    several = rng.integers(0, 4, len(order))
    fingerprint_stop = np.cumsum(several)
    at = (rng.random(int(several.sum())) * np.repeat(stop - start, several)).astype(np.uint32)
    used = both(
        "outside_stock",
        (flags, start, stop, width, fingerprint_stop - several, fingerprint_stop, at, np.uint8(4)),
        np.zeros(len(at), np.uint8),
    )
    hashes = rng.integers(0, 1 << 48, len(at), np.uint64)
    for bits, part in ((0, 0), (1, 0), (1, 1), (2, 1)):
        arguments = (hashes, used, fingerprint_stop - several, fingerprint_stop, order, 17, bits, part)
        found = []
        for loops in (kernels.warm(), reference):
            count = loops.fingerprint_keys(*arguments, held := np.zeros(room + 1, np.uint64))
            found.append((count, held[: min(count, room)].tolist()))
        assert found[0] == found[1]

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
