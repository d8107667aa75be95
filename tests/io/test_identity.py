from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dedup.io import SCHEMA, hash_records, resolve_ids
from dedup.io.identity import Occurrences, Resolution
from dedup.io.schema import TIME

DAYS = st.none() | st.integers(1, 3).map(lambda day: datetime(2024, 1, day, tzinfo=UTC))
ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), DAYS, DAYS), max_size=12)


def resolve(rows: list[tuple]) -> Resolution:
    ids, contents, updated, published = zip(*rows, strict=True) if rows else ((), (), (), ())
    # the record is everything the row says
    records = hash_records(pa.array([repr(row).encode() for row in rows], pa.large_binary()))
    return resolve_ids(
        pa.array(ids, pa.string()),
        records,
        pa.array(updated, TIME),
        pa.array(published, TIME),
        np.array(contents, np.uint64),
    )


def slowly(rows: list[tuple]) -> dict[str, tuple]:
    oldest = datetime(1, 1, 1, tzinfo=UTC)
    best: dict[str, tuple] = {}
    for row in rows:
        record = int(hash_records(pa.array([repr(row).encode()], pa.large_binary()))[0])
        key = (row[2] or row[3] or oldest, row[1], record)
        if row[0] not in best or key > best[row[0]][0]:
            best[row[0]] = (key, row)
    return {name: row for name, (_, row) in best.items()}


@given(ROWS, st.randoms())
def test_the_newest_stays_whatever_the_order(rows: list[tuple], random) -> None:
    found = resolve(rows)
    kept = {rows[i][0]: rows[i] for i in np.flatnonzero(found.keep)}
    assert kept == slowly(rows)
    assert found.keep.sum() == len(kept)
    assert found.keep.sum() + found.duplicates + len(found.superseded) == len(rows)
    assert not found.keep[found.superseded].any()
    assert found.keep[found.kept].all()
    assert all(rows[a][0] == rows[b][0] for a, b in zip(found.superseded, found.kept, strict=True))
    shuffled = rows.copy()
    random.shuffle(shuffled)
    again = resolve(shuffled)
    assert again.duplicates == found.duplicates
    assert sorted(map(repr, (shuffled[i] for i in again.superseded))) == sorted(
        map(repr, (rows[i] for i in found.superseded))
    )


def test_updated_goes_before_published() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    found = resolve([("a", 1, None, late), ("a", 2, early, late)])
    assert found.keep.tolist() == [True, False]


def test_chunked_columns() -> None:
    ids = pa.chunked_array([["a", "b"], [], ["a"]], pa.string())
    none = pa.chunked_array([pa.nulls(3, TIME)])
    found = resolve_ids(ids, np.array([1, 2, 3], np.uint64), none, none, np.array([5, 5, 9], np.uint64))
    assert found.keep.tolist() == [False, True, True]
    assert found.superseded.tolist() == [0]
    assert found.kept.tolist() == [2]


def test_no_records() -> None:
    none = pa.array([], TIME)
    found = resolve_ids(pa.array([], pa.string()), np.zeros(0, np.uint64), none, none, np.zeros(0, np.uint64))
    assert len(found.keep) == 0


@given(st.lists(st.lists(st.integers(0, 5), max_size=8), max_size=8), st.randoms())
def test_made_ids_are_unique_and_independent_of_order(batches: list[list[int]], random) -> None:
    def made(parts: list[list[int]]) -> list[str]:
        occurrences = Occurrences()
        return [name for part in parts for name in occurrences.ids(np.array(part, np.uint64))]

    ids = made(batches)
    flat = [key for part in batches for key in part]
    assert len(set(ids)) == len(ids)
    assert [int(name[1:17], 16) for name in ids] == flat
    random.shuffle(flat)
    assert sorted(made([flat])) == sorted(ids)


def test_slices_hash_like_wholes() -> None:
    records = pa.array([b"one", b"", b"two", b"three"], pa.large_binary())
    assert hash_records(records.slice(1, 2)).tolist() == hash_records(records)[1:3].tolist()
    assert hash_records(records[:0]).tolist() == []


def test_the_schema_is_the_contract() -> None:
    assert SCHEMA.names == [
        "id", "text", "title", "source", "url", "published", "updated", "language", "file", "line", "record"
    ]  # fmt: skip
