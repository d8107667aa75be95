"""The loops of corpus.py in plain NumPy and Python: oracle of the tests, path before compiling."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from dedup.kernels.constants import CHARACTER_FLAG
from dedup.kernels.reference import roll

__all__ = [
    "fill_table",
    "fingerprint_keys",
    "flag_members",
    "frequent",
    "group_things",
    "half_words",
    "open_runs",
    "outside_stock",
    "shingle_keys",
    "sift",
    "split_runs",
    "weigh_shared",
]

USED = np.uint64(1 << 63)
S16 = np.uint64(16)


def half_words(flags: Any, start: Any, stop: Any, without: Any, total: Any) -> None:
    """See :func:`dedup.kernels.corpus.half_words`."""
    for d, (first, last) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        for k, left_out in enumerate(without):
            counted = flags[first:last][flags[first:last] & left_out == 0]
            total[k, d] = 2 * len(counted) - np.count_nonzero(counted & CHARACTER_FLAG)


def _shingles(words: Any, first: int, last: int, size: int) -> tuple[int, Any]:
    """Width and hashes of the shingles of one document."""
    width = min(size, last - first)
    hashes = np.empty(last - first - width + 1 if width else 0, np.uint64)
    bounds = np.array([0, last - first]), np.array([width]), np.array([0, len(hashes)])
    roll(words[first:last], *bounds, hashes)
    return width, hashes


def shingle_keys(
    words: Any,
    start: Any,
    stop: Any,
    size: Any,
    low: Any,
    mask: Any,
    prefix: Any,
    last: Any,
    at: Any,
    keys: Any,
) -> None:
    """See :func:`dedup.kernels.corpus.shingle_keys`."""
    for d in range(len(start)):
        _, hashes = _shingles(words, int(start[d]), int(stop[d]), int(size[d]))
        for h in hashes[hashes & np.uint64(mask) == np.uint64(prefix)].tolist():
            box = h >> 40 & (len(at) - 1)
            if at[box] < last[box]:
                keys[at[box]] = h >> 16 << 16 | int(low[d])
            at[box] += np.uint64(1)


def sift(keys: Any, begin: Any, end: Any, parts: int, limit: int, seen: Any) -> int:
    """See :func:`dedup.kernels.corpus.sift`."""
    kept = [keys[:0]]
    bounds = list(zip(begin.tolist(), end.tolist(), strict=True))
    for box in range(0, len(bounds), parts):
        own = np.concatenate([keys[first:last] for first, last in bounds[box : box + parts]])
        slots = own >> S16 & np.uint64(len(seen) - 1)
        seen[:] = 0
        for slot in np.unique(slots).tolist():
            low = own[slots == slot] & np.uint64(0xFFFF)
            changes = int(np.count_nonzero(np.diff(low)))
            seen[slot] = int(low[-1]) << 16 | min(1 + changes, 0xFFFF)
        kept.append(own[seen[slots] & 0xFFFF > min(limit, 0xFFFE)])
    every = np.concatenate(kept)
    keys[: len(every)] = every
    return len(every)


def frequent(keys: Any, limit: int, found: Any) -> int:
    """See :func:`dedup.kernels.corpus.frequent`."""
    upper, count = np.unique(np.unique(keys) >> S16, return_counts=True)
    stock = upper[count > limit]
    found[: len(stock)] = stock
    return len(stock)


def fill_table(values: Any, table: Any, bits: Any) -> None:
    """See :func:`dedup.kernels.corpus.fill_table`."""
    for value in values.tolist():
        place = value >> 20 & (8 * len(bits) - 1)
        bits[place >> 3] |= 1 << (place & 7)
        slot = value & (len(table) - 1)
        while table[slot]:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = value | 1 << 63


def flag_members(
    words: Any, start: Any, stop: Any, size: Any, table: Any, bits: Any, flag: int, flags: Any
) -> None:
    """See :func:`dedup.kernels.corpus.flag_members`."""
    members = table[table != 0] ^ USED
    for d in range(len(start)):
        width, hashes = _shingles(words, int(start[d]), int(stop[d]), int(size[d]))
        for at in np.flatnonzero(np.isin(hashes >> S16, members)) + start[d]:
            flags[at : at + width] |= np.uint8(flag)


def outside_stock(
    flags: Any,
    start: Any,
    stop: Any,
    size: Any,
    fingerprint_start: Any,
    fingerprint_stop: Any,
    fingerprint_at: Any,
    stock: int,
    used: Any,
) -> None:
    """See :func:`dedup.kernels.corpus.outside_stock`."""
    for d in range(len(start)):
        for f in range(int(fingerprint_start[d]), int(fingerprint_stop[d])):
            at = int(start[d]) + int(fingerprint_at[f])
            used[f] = (flags[at : min(at + int(size[d]), int(stop[d]))] & stock == 0).any()


def fingerprint_keys(
    hashes: Any,
    used: Any,
    fingerprint_start: Any,
    fingerprint_stop: Any,
    number: Any,
    low: int,
    bits: int,
    part: int,
    keys: Any,
) -> int:
    """See :func:`dedup.kernels.corpus.fingerprint_keys`."""
    n = 0
    for d in range(len(number)):
        mine = slice(int(fingerprint_start[d]), int(fingerprint_stop[d]))
        found = hashes[mine][used[mine] != 0]
        found = found[found % np.uint64(1 << bits) == part] >> np.uint64(bits)
        room = keys[n : max(n, len(keys) - 1)][: len(found)]
        room[:] = (found << np.uint64(low) | np.uint64(number[d]))[: len(room)]
        n += len(found)
    return n


def split_runs(
    flags: Any,
    start: Any,
    edge_a: Any,
    edge_b: Any,
    run_start: Any,
    run_stop: Any,
    runs: Any,
    cut: int,
    offsets: Any,
    pieces: Any,
) -> int:
    """See :func:`dedup.kernels.corpus.split_runs`."""
    found: list[tuple[int, int, int]] = []
    offsets[0] = 0
    for e in range(len(edge_a)):
        for a, b, size in runs[run_start[e] : run_stop[e]].tolist():
            one = flags[start[edge_a[e]] + a :][:size]
            two = flags[start[edge_b[e]] + b :][:size]
            cuts = np.flatnonzero((one | two) & cut).tolist()
            bounds = [0, *(at for at in cuts if at), size]
            found += [(a + x, b + x, y - x) for x, y in pairwise(bounds) if x < y]
        offsets[e + 1] = len(found)
    pieces[:] = np.array(found, np.int32).reshape(-1, 3)[: len(pieces)]
    return len(found)


def open_runs(
    begin: Any, start: Any, stop: Any, ends: Any, run_start: Any, run_stop: Any, runs: Any, change: Any
) -> None:
    """See :func:`dedup.kernels.corpus.open_runs`."""
    for first, low, high in zip(begin.tolist(), start.tolist(), stop.tolist(), strict=True):
        for end in ends[low:high].tolist():
            mine = runs[run_start[end >> 1] : run_stop[end >> 1]]
            np.add.at(change, first + mine[:, end & 1], 1)
            np.subtract.at(change, first + mine[:, end & 1] + mine[:, 2], 1)


def weigh_shared(
    flags: Any, start: Any, stop: Any, leaders: Any, copies: Any, taken: Any, has: Any, lacks: Any
) -> None:
    """See :func:`dedup.kernels.corpus.weigh_shared`."""
    among, other, takers = (np.cumsum(change) for change in (leaders, copies, taken))
    weight = np.where(flags & CHARACTER_FLAG, 1, 2) * ((among > 0) | (other > 0))
    lacking = weight / (among + 1.0) * (takers == 0)
    for d, (first, last) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        has[d] = weight[first:last].sum()
        lacks[d] = sum(lacking[first:last].tolist())


def group_things(owner: Any, offsets: Any, things: Any) -> None:
    """See :func:`dedup.kernels.corpus.group_things`."""
    things[:] = np.argsort(owner, kind="stable")
    offsets[:] = np.searchsorted(owner[things], np.arange(len(offsets)))
