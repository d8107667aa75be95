"""Checking: what contradicts itself in the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.ingestion.judging import family_id

if TYPE_CHECKING:
    from dedup.storage.ledger import Ledger

__all__ = ["check"]


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
    for (num,) in one("SELECT num FROM family"):
        family = ledger.families([num])[num]
        earliest = ledger.entries([family.earliest]).get(family.earliest)
        if earliest is None or family_id(earliest) != family.id:
            found.append(f"family {family.id} has not the id of its earliest member")
    return found
