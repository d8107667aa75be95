"""Compiled loops over verified pairs: merging groups by their links, pieces of roundups."""

from __future__ import annotations

import numpy as np
from numba import types

from dedup.kernels._jit import const, helper, inlined, kernel, out
from dedup.kernels.constants import MIX

__all__ = ["connect", "mark_shared", "merge_groups", "weigh_pieces"]

M, S32 = np.uint64(MIX), np.uint64(32)

_i4, _i8, _f8, _bool = types.int32, types.int64, types.float64, types.boolean


@inlined
def _find(parent, x):
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@kernel(types.void(const(_i8), const(_i8), out(_i8)))
def connect(one, two, first):
    """Write the first node of each one's component, given an end of each edge and the other."""
    for x in range(len(first)):
        first[x] = x
    for edge in range(len(one)):
        x, y = _find(first, one[edge]), _find(first, two[edge])
        first[max(x, y)] = min(x, y)
    for x in range(len(first)):
        first[x] = first[first[x]]


@kernel(
    types.void(
        const(_i8), const(_i8), const(_i8), const(_i8), types.Array(_i4, 2, "C", readonly=True),
        const(_i8), out(_bool), out(_bool),
    )
)  # fmt: skip
def mark_shared(one, two, run_start, run_stop, runs, offsets, shared, added):
    """Mark the tokens in runs of pairs, and the documents where one was not marked before.

    Args:
        one: int64[e], a document of each pair.
        two: int64[e], the other.
        run_start: int64[e], the first row of its runs.
        run_stop: int64[e], one past the last.
        runs: int32[r, 3], token of the one, token of the other, tokens.
        offsets: int64[n + 1], tokens of each document; runs in one that has none are passed over.
        shared: bool[t], marked.
        added: bool[n], marked.
    """
    for edge in range(len(one)):
        for row in range(run_start[edge], run_stop[edge]):
            for side in range(2):
                holder = two[edge] if side else one[edge]
                first = offsets[holder] + runs[row, side]
                last = first + runs[row, 2]
                if last > offsets[holder + 1]:
                    continue
                for t in range(first, last):
                    if not shared[t]:
                        shared[t] = added[holder] = True


@inlined
def _slot(keys, one, two):
    """Where the links between two groups are kept, or would be; and their key."""
    key = min(one, two) << 32 | max(one, two)
    mask = len(keys) - 1
    slot = np.int64(np.uint64(key) * M >> S32) & mask
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot, key


@helper
def _without_empty(keys, links, new_keys, new_links):
    """Copy the pairs of groups that have links left; gives how many there are."""
    new_keys[:] = -1
    count = 0
    for old in range(len(keys)):
        if keys[old] >= 0 and links[old] > 0:
            slot, key = _slot(new_keys, keys[old] >> 32, keys[old] & 0xFFFFFFFF)
            new_keys[slot], new_links[slot] = key, links[old]
            count += 1
    return count


@kernel(types.void(const(_i8), const(_i8), _f8, _i8, out(_i8)), allocates=True)
def merge_groups(one, two, support, crowd, root):
    """Merge the groups that an edge joins, edge by edge, where enough of the pairs between them are edges.

    Links between groups are kept in a hash table, the neighbours of a group in a list. A merge goes through
    the shorter list: n log n in the edges.

    Args:
        one: int64[e], an end of each edge, fewer than 2**31; no edge comes twice.
        two: int64[e], the other.
        support: Share of the pairs that must be edges.
        crowd: The most members of a group that count.
        root: int64[n], filled with a member of the group of each, the same for all of it.
    """
    edges, documents = len(one), len(root)
    slots = 16
    while slots < 2 * edges:
        slots *= 2
    keys, links = np.full(slots, -1, np.int64), np.empty(slots, np.int64)
    size, length = np.ones(documents, np.int64), np.zeros(documents, np.int64)
    head, tail = np.full(documents, -1, np.int64), np.empty(documents, np.int64)
    following, neighbour = np.empty(2 * edges, np.int64), np.empty(2 * edges, np.int64)
    for x in range(documents):
        root[x] = x
    used = edges
    for edge in range(edges):
        slot, key = _slot(keys, one[edge], two[edge])
        keys[slot], links[slot] = key, 1
        for side in range(2):
            x = two[edge] if side else one[edge]
            entry = 2 * edge + side
            neighbour[entry], following[entry] = one[edge] if side else two[edge], head[x]
            if head[x] < 0:
                tail[x] = entry
            head[x] = entry
            length[x] += 1

    for edge in range(edges):
        a, b = _find(root, one[edge]), _find(root, two[edge])
        if a == b:
            continue
        slot, key = _slot(keys, a, b)
        if links[slot] < support * min(size[a], crowd) * min(size[b], crowd):
            continue
        links[slot] = 0
        if length[a] < length[b]:
            a, b = b, a
        root[b] = a
        size[a] += size[b]
        entry = head[b]
        while entry >= 0:
            c = _find(root, neighbour[entry])
            entry = following[entry]
            if c == a:
                continue
            slot, key = _slot(keys, b, c)
            if keys[slot] < 0 or links[slot] == 0:  # moved already
                continue
            moved = links[slot]
            links[slot] = 0
            slot, key = _slot(keys, a, c)
            if keys[slot] < 0:
                keys[slot], links[slot] = key, 0
                used += 1
            links[slot] += moved
            if 4 * used > 3 * slots:
                new_keys, new_links = np.empty(slots, np.int64), np.empty(slots, np.int64)
                used = _without_empty(keys, links, new_keys, new_links)
                keys, links = new_keys, new_links
        following[tail[a]] = head[b]
        tail[a] = tail[b]
        length[a] += length[b]
    for x in range(documents):
        root[x] = _find(root, x)


@kernel(
    types.void(
        *(const(_i8), const(_i8), const(_i8), _f8),
        *(types.Array(_i4, 2, "C", readonly=True), const(_i8), const(_i8)),
        *(out(_i8), out(_i8), out(_bool), out(_i8)),
    )
)
def weigh_pieces(first, row, side, disjoint, runs, run_start, run_stop, seen, taken, counts, covered):
    """Which pieces of a document lie apart from those before them, and how much of it all of them are.

    Args:
        first: int64[h + 1], pieces of each document that has some.
        row: int64[p], edge of each piece, the larger first.
        side: int64[p], column of the runs that is the host's.
        disjoint: Share of a piece that may lie in those before it.
        runs: int32[r, 3], of the edges.
        run_start: int64[e].
        run_stop: int64[e].
        seen: int64[words of the longest host], zeros, room to work in.
        taken: int64[words of the longest host], zeros, likewise.
        counts: bool[p], filled.
        covered: int64[h], filled, words of the host in any of its pieces.
    """
    for host in range(len(first) - 1):
        covered[host] = 0
        for piece in range(first[host], first[host + 1]):
            edge = row[piece]
            words = before = 0
            for run in range(run_start[edge], run_stop[edge]):
                start = np.int64(runs[run, side[piece]])
                for place in range(start, start + runs[run, 2]):
                    if seen[place] != piece + 1:
                        seen[place] = piece + 1
                        words += 1
                        if taken[place] == host + 1:
                            before += 1
                        else:
                            taken[place] = host + 1
                            covered[host] += 1
            counts[piece] = before <= disjoint * words
