"""Checking: what contradicts itself in the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.errors import StorageError
from dedup.ingestion.judging import family_id
from dedup.storage.rows import NUMBER_BITS, places_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedup.storage.ledger import Ledger

__all__ = ["check"]

FEW = 1 << NUMBER_BITS - 7
"""Numbers for documents that had better be told of: some two million."""

_TOGETHER = 512
"""Documents read at once."""


def check(ledger: Ledger) -> list[str]:
    """What contradicts itself, one line each; empty is good."""
    one = ledger.store.rows
    found = list(ledger.store.integrity())
    for sql, what in (
        ("SELECT id FROM document WHERE num NOT IN (SELECT num FROM body)", "document {} has no body"),
        ("SELECT num FROM body WHERE num NOT IN (SELECT num FROM document)", "body {} has no document"),
        (
            "SELECT id FROM document d WHERE NOT EXISTS "
            "(SELECT 1 FROM document l WHERE l.num = d.leader AND l.leader = l.num)",
            "document {} is a copy of nothing",
        ),
        (
            "SELECT id FROM document WHERE leader <> num AND NOT EXISTS (SELECT 1 FROM copy WHERE "
            "(a = leader AND b = num) OR (a = num AND b = leader))",
            "document {} was never verified against what it is a copy of",
        ),
        (
            "SELECT id FROM document WHERE leader = num AND family NOT IN (SELECT num FROM family)",
            "document {} has no family",
        ),
        (
            "SELECT f.id FROM family f LEFT JOIN (SELECT l.family AS num, count(*) AS n FROM document d "
            "JOIN document l ON l.num = d.leader GROUP BY l.family) c ON c.num = f.num "
            "WHERE f.size <> coalesce(c.n, 0)",
            "family {} counts its members wrong",
        ),
        (
            "SELECT f.id FROM family f WHERE NOT EXISTS (SELECT 1 FROM document d JOIN document l "
            "ON l.num = d.leader WHERE d.num = f.canonical AND l.family = f.num)",
            "the canonical version of family {} is no member",
        ),
        (
            "SELECT old FROM alias WHERE new NOT IN (SELECT id FROM family) "
            "AND new IN (SELECT old FROM alias)",
            "former family id {} leads in a circle",
        ),
        (
            "SELECT a FROM edge WHERE a NOT IN (SELECT num FROM document WHERE num = leader)",
            "edge of {}: no such leader",
        ),
        (
            "SELECT b FROM edge WHERE b NOT IN (SELECT num FROM document WHERE num = leader)",
            "edge of {}: no such leader",
        ),
        ("SELECT a FROM edge WHERE a = b", "edge of {} with itself"),
    ):
        found += [what.format(name) for (name,) in one(f"{sql} LIMIT 10")]
    for table, column in (("document", "num"), ("change", "seq")):
        last = one(f"SELECT max({column}) FROM {table}")[0][0]  # noqa: S608
        if last is not None and last >= ledger.number(f"next_{table}"):
            found.append(f"the next {table}'s number is taken")
    left = (1 << NUMBER_BITS) - ledger.number("next_document")
    if left < FEW:
        found.append(f"only {left:,} numbers are left for documents; merge the index into a new one")
    found += _unreadable(ledger)
    found += _misnamed(ledger)
    return found


def _parts(ledger: Ledger, table: str) -> Iterator[list[int]]:
    """The numbers in a table, some at a time: an index may be larger than memory."""
    nums = [num for (num,) in ledger.store.rows(f"SELECT num FROM {table} ORDER BY num")]  # noqa: S608
    for first in range(0, len(nums), _TOGETHER):
        yield nums[first : first + _TOGETHER]
        ledger.forget()


def _misnamed(ledger: Ledger) -> Iterator[str]:
    """Families that have not the id of their earliest member."""
    for some in _parts(ledger, "family"):
        families = ledger.families_there(some)
        entries = ledger.entries_there([family.earliest for family in families.values()])
        for family in families.values():
            earliest = entries.get(family.earliest)
            if earliest is None or family_id(earliest) != family.id:
                yield f"family {family.id} has not the id of its earliest member"


def _unreadable(ledger: Ledger) -> Iterator[str]:
    """What is stored of documents and cannot be read."""
    for some in _parts(ledger, "body"):
        try:
            _read(ledger, some)
        except StorageError:
            for num in some:
                try:
                    _read(ledger, [num])
                except StorageError as error:
                    yield str(error)


def _read(ledger: Ledger, nums: Sequence[int]) -> None:
    """Read all that is packed of documents, and of their pairs."""
    ledger.bodies.spans(nums)
    ledger.bodies.raw_texts(nums)
    bodies, known = ledger.bodies.of(nums), ledger.entries_there(nums)
    for num, entry in known.items():
        if len(bodies[num].hash) != entry.tokens:
            raise ledger.damaged(num)
    for table in ("edge", "copy"):
        edges = ledger.pairs.to(nums, table)
        ends = ledger.entries_there({*edges.a.tolist(), *edges.b.tolist()})
        order, there = list(ends.values()), list(ends)
        edges = edges.take(np.isin(edges.a, there) & np.isin(edges.b, there))
        places = edges.between(*places_in(order, edges.a, edges.b))
        ledger.check_runs(places, there, np.array([e.tokens for e in order], np.int64))
