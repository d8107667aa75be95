"""Who is who: hashes of records, ids for those that have none, one record for each id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from dedup.columns import string_buffers, whole_strings
from dedup.ragged import run_starts

__all__ = ["Occurrences", "Resolution", "hash_records", "resolve_ids"]

UInt64s = npt.NDArray[np.uint64]

_OLDEST = np.iinfo(np.int64).min


def hash_records(records: pa.Array) -> UInt64s:
    """xxh3_64 of each record's bytes.

    Args:
        records: large_binary[n] without nulls.

    Returns:
        uint64[n].
    """
    data, offsets = string_buffers(records)
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter(
        (
            digest(data[start:end])
            for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ),
        np.uint64,
        len(records),
    )


class Occurrences:
    """Makes ids of record hashes: ``x`` and 16 hexadecimal digits, ``-2``, ``-3``… for the same record again.

    The set of ids depends on the set of records only, not on their order. Hashes seen are kept as sorted
    arrays, 8 bytes each, merged as they grow (a dict takes about 100).
    """

    def __init__(self) -> None:
        self._runs: list[UInt64s] = []

    def ids(self, hashes: UInt64s) -> list[str]:
        """Ids of further records without one, in their order."""
        order = np.argsort(hashes, kind="stable")
        ranked = hashes[order]
        count = np.arange(len(hashes)) - np.searchsorted(ranked, ranked, "left")
        for run in self._runs:
            count += np.searchsorted(run, ranked, "right") - np.searchsorted(run, ranked, "left")
        self._runs.append(ranked)
        while len(self._runs) > 1 and len(self._runs[-2]) <= len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]))]
        numbers = np.empty_like(count)
        numbers[order] = count
        return [
            f"x{key:016x}-{number + 1}" if number else f"x{key:016x}"
            for key, number in zip(hashes.tolist(), numbers.tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which records stand for their ids.

    Attributes:
        keep: bool[n].
        duplicates: Records left out because the same id and record was there already.
        superseded: int64[m], the records left out because another record of their id is newer.
        kept: int64[m], the record that stays in place of each.
    """

    keep: npt.NDArray[np.bool_]
    duplicates: int
    superseded: npt.NDArray[np.int64]
    kept: npt.NDArray[np.int64]


def resolve_ids(
    ids: pa.Array | pa.ChunkedArray,
    records: UInt64s,
    updated: pa.Array | pa.ChunkedArray,
    published: pa.Array | pa.ChunkedArray,
    content: UInt64s,
) -> Resolution:
    """Keep one record for each id: the newest by ``updated``, else ``published``; then by content hash.

    The same id and record again is a duplicate. What stays doesn't depend on the order of the input; among
    identical records the first in it stays, and they differ in file and line only. The order is total: time
    (unknown is oldest), then the higher content hash, then the higher record hash.

    Args:
        ids: string[n] of the whole corpus, no nulls.
        records: Hashes of the records, as :func:`hash_records` gives them.
        updated: timestamp[us, UTC][n].
        published: timestamp[us, UTC][n].
        content: Hashes of the contents, any 64 bits of them.
    """
    n = len(ids)
    keep = np.ones(n, bool)
    # Arrow's dictionary compares the strings themselves, so no collision of hashes can join two ids
    codes = whole_strings(ids).dictionary_encode().indices.to_numpy()
    shared = np.flatnonzero(np.bincount(codes, minlength=1)[codes] > 1) if n else np.zeros(0, np.int64)
    if not len(shared):
        return Resolution(keep, 0, np.zeros(0, np.int64), np.zeros(0, np.int64))

    moments = [_micros(column, shared) for column in (updated, published)]
    newest = np.where(moments[0] == _OLDEST, moments[1], moments[0])
    # best first within an id: descending keys are complemented, which reverses the order of integers
    order = np.lexsort((shared, ~records[shared], ~content[shared], ~newest, codes[shared]))
    rows = shared[order]
    first = run_starts(codes[rows])
    # identical records have equal keys and so are neighbours
    again = np.r_[False, ~first[1:] & (records[rows[1:]] == records[rows[:-1]])]
    winner = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))]
    lost = ~first & ~again
    keep[rows[~first]] = False
    by_row = np.argsort(rows[lost])
    return Resolution(keep, int(again.sum()), rows[lost][by_row], winner[lost][by_row])


def _micros(column: pa.Array | pa.ChunkedArray, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    values = column.take(pa.array(rows)).cast(pa.int64()).fill_null(_OLDEST)
    return values.to_numpy()  # type: ignore[no-any-return]
