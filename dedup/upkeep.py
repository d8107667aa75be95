"""What concerns the whole index at once: export, rebuilding, checking.

The first two read all of it into memory.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from dedup.boilerplate import Recurring
from dedup.drafts import drafts_of, pack
from dedup.io.schema import SCHEMA
from dedup.overlap import NEVER, STOCK, Edges
from dedup.passages import Places, split_runs
from dedup.pipeline import Judged, Prepared, judge, learn, to_leader
from dedup.placing import (
    Grouped,
    Settlement,
    candidates_of,
    compare_entries,
    family_id,
    posting_keys,
    texts_of,
    to_edges,
    to_rows,
)
from dedup.result import Result
from dedup.shingles import Shingles, roll
from dedup.signatures import sketch
from dedup.stock import LONG_RUN, long_runs
from dedup.storage.codec import JOINED, pack_words, unpack_places, unpack_words
from dedup.storage.ledger import Edge, Entry, Ledger
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.storage.segments import Postings

__all__ = ["check", "exported", "rebuild", "recall_recurring", "strip_again"]

_TOGETHER = 4096
"""Documents stripped at once."""

_BY_STRIPPING = (
    "content", "tokens", "words", "raw_tokens", "removed_chars", "credited", "bodiless", "spaceless",
    "agencies",
)  # fmt: skip


@dataclass(slots=True)
class _Recalled:
    """All that is stored, documents in the order of their keys."""

    entries: list[Entry]
    words: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]]
    prepared: Prepared
    places: list[bytes]


def _recall(ledger: Ledger, settings: Settings) -> _Recalled:
    rows = ledger.store.rows(f"SELECT {', '.join(Entry._fields)} FROM document")  # noqa: S608
    entries = sorted((Entry(*row) for row in rows), key=lambda e: e.key)
    bodies = {
        num: (words, places)
        for num, words, places in ledger.store.rows("SELECT num, words, places FROM body")
    }
    words = {e.num: unpack_words(bodies[e.num][0]) for e in entries}
    hashes = np.concatenate([np.empty(0, np.uint64), *(words[e.num][0] for e in entries)])
    flags = np.concatenate([np.empty(0, np.uint8), *(words[e.num][1] for e in entries)])
    offsets = np.cumsum([0] + [e.tokens for e in entries])
    size = settings.shingle_words * (1 + np.array([e.spaceless for e in entries], np.int64))
    shingle_offsets, shingle_hashes = roll(hashes, offsets, size)
    sketches = sketch(Shingles(shingle_offsets, shingle_hashes, size, offsets, hashes), settings)
    long_offsets, long_hash = long_runs(hashes, offsets)
    prepared = Prepared(
        offsets=offsets,
        hash=hashes,
        flags=flags & np.uint8(~(STOCK | JOINED) & 0xFF),
        content=np.array([np.frombuffer(e.content, ">u8") for e in entries], np.uint64).reshape(-1, 2),
        bodiless=np.array([e.bodiless for e in entries], bool),
        signatures=sketches.signatures,
        mark_offsets=sketches.offsets,
        mark_hash=sketches.fingerprints,
        mark_at=sketches.positions,
        long_offsets=long_offsets,
        long_hash=long_hash,
        raw_offsets=np.cumsum([0] + [e.raw_tokens for e in entries]),
        body=np.empty(0, bool),  # places are stored
        removed_chars=np.array([e.removed_chars for e in entries], np.int64),
        credited=np.array([e.credited for e in entries], bool),
        agencies=pa.array([orjson.loads(e.agencies) for e in entries], pa.list_(pa.string())),
        language=pa.array([e.language for e in entries], pa.string()),
    )
    return _Recalled(entries, words, prepared, [bodies[e.num][1] for e in entries])


# --- export


class _StoredResult(Result):
    """A result whose passages stand where the index says, as it may have no texts."""

    all_places: list[bytes]
    joined: NDArray[np.uint8]

    def _places(self, edges: Edges) -> Places:
        start = self._judged.texts.start
        raw = np.cumsum(np.where(self.joined & JOINED, 1, 2))
        edge, token_a, token_b, tokens = split_runs(edges, start, raw)
        at_a, at_b = np.searchsorted(raw, token_a), np.searchsorted(raw, token_b)
        spans = np.concatenate([np.empty((0, 2), np.int64), *map(unpack_places, self.all_places)])
        found = np.stack(
            [spans[at_a, 0], spans[at_a + tokens - 1, 1], spans[at_b, 0], spans[at_b + tokens - 1, 1]], axis=1
        )
        return Places(np.concatenate([[0], np.cumsum(np.bincount(edge, minlength=len(edges)))]), found)


def exported(ledger: Ledger, settings: Settings) -> Result:
    """What is stored, as the result of a run."""
    recalled = _recall(ledger, settings)
    entries, prepared = recalled.entries, recalled.prepared
    n = len(entries)
    place = {e.num: i for i, e in enumerate(entries)}
    leader = np.array([place[e.leader] for e in entries], np.int64)
    families = {f[0]: f for f in ledger.store.rows("SELECT num, canonical FROM family")}
    row = [entries[i].family for i in leader.tolist()]
    first: dict[int, int] = {}
    for i, number in enumerate(row):
        first.setdefault(number, i)
    columns = ", ".join(Edge._fields)
    edges, collapsed = (
        to_edges([Edge(*r) for r in ledger.store.rows(f"SELECT {columns} FROM {name}")], place)  # noqa: S608
        for name in ("edge", "copy")
    )
    canonical = np.array([place[families[number][1]] for number in row], np.int64)
    family = np.array([first[number] for number in row], np.int64)
    texts = texts_of(entries, recalled.words)
    judged = Judged(
        order=np.arange(n),
        texts=texts,
        leader=leader,
        relations=Edges.concat([edges, collapsed]),
        leading=len(edges),
        roundup=np.array([bool(entries[i].roundup) for i in leader.tolist()], bool),
        family=family,
        canonical=canonical,
        to_canonical=to_leader(texts, prepared.content, canonical, settings),
        candidates=candidates_of(entries, np.array([e.agreed for e in entries], np.int64)),
        cut=np.empty((0, 2), np.int64),
        crowded=0,
        stock=0,
    )
    result = _StoredResult(_documents(entries), prepared, judged, settings)
    result.all_places = recalled.places
    result.joined = np.concatenate([np.empty(0, np.uint8), *(recalled.words[e.num][1] for e in entries)])
    return result


def _documents(entries: list[Entry]) -> pa.Table:
    """In the columns of the readers; of what isn't known, nothing."""
    columns: dict[str, list[Any]] = {name: [getattr(e, name, None) for e in entries] for name in SCHEMA.names}
    columns["text"] = [""] * len(entries)
    schema = pa.schema([field.with_nullable(True) for field in SCHEMA])
    return pa.table(columns, schema=schema)


# --- rebuilding


def recall_recurring(ledger: Ledger) -> Recurring | None:
    """The blocks learned at the last rebuilding."""
    with ledger.store.reading():
        rows = ledger.store.rows("SELECT keys, witnesses FROM learned WHERE number = 1")
    return (
        Recurring(np.frombuffer(rows[0][0], np.uint64), np.frombuffer(rows[0][1], np.uint8)) if rows else None
    )


def strip_again(ledger: Ledger, settings: Settings) -> None:
    """Learn which blocks recur, and make every body anew of its text, inside a write transaction."""
    rows = ledger.store.rows(f"SELECT {', '.join(Entry._fields)} FROM document ORDER BY num")  # noqa: S608
    entries = [Entry(*row) for row in rows]
    if not entries or not settings.strip:
        return
    parts = []
    for start in range(0, len(entries), _TOGETHER):
        some = entries[start : start + _TOGETHER]
        texts: dict[int, bytes] = dict(
            ledger.store.rows_in("SELECT num, text FROM body WHERE num IN {keys}", [e.num for e in some])
        )
        table = _documents(some)
        texts_ = pa.array([zlib.decompress(texts[e.num]).decode() for e in some], pa.large_string())
        table = table.set_column(table.schema.get_field_index("text"), "text", texts_).combine_chunks()
        parts += table.to_batches()
    recurring = learn([tokenize(part.column("text")) for part in parts], parts)
    ledger.store.run("DELETE FROM learned")
    ledger.store.run(
        "INSERT INTO learned VALUES (1, ?, ?)", recurring.keys.tobytes(), recurring.witnesses.tobytes()
    )
    drafts = (draft for part in parts for draft in drafts_of(part, settings, recurring))
    bodies, columns = [], []
    for entry, draft in zip(entries, drafts, strict=True):
        bodies.append((*pack(draft, draft.flags), entry.num))
        columns.append((*(getattr(draft.entry, name) for name in _BY_STRIPPING), entry.num))
    ledger.store.run_many("UPDATE body SET words = ?, places = ? WHERE num = ?", bodies)
    changes = ", ".join(f"{name} = ?" for name in _BY_STRIPPING)
    ledger.store.run_many(f"UPDATE document SET {changes} WHERE num = ?", columns)  # noqa: S608


def rebuild(
    ledger: Ledger,
    postings: Postings,
    settings: Settings,
    judgement: int,
    apply: Callable[[Settlement], object],
) -> None:
    """Judge everything anew, as a run would, inside a write transaction.

    Args:
        ledger: What is stored.
        postings: Written anew.
        settings: What to judge with.
        judgement: Their row.
        apply: Writes a settlement.
    """
    recalled = _recall(ledger, settings)
    entries, prepared = recalled.entries, recalled.prepared
    if not entries:
        postings.clear()
        return
    ids = pa.array([e.id for e in entries], pa.string())
    published = pa.array([e.published for e in entries], pa.timestamp("us", "UTC"))
    judged = judge(prepared, ids, published, pa.array([e.source for e in entries], pa.string()), settings)
    assert (judged.order == np.arange(len(entries))).all()  # the order of keys is the order of keys
    nums = [e.num for e in entries]

    _write_edges(ledger, judged, prepared, nums)
    own_family = {e.num: e.family for e in entries}
    after = [
        e._replace(
            leader=nums[leader],
            family=own_family[e.leader],
            roundup=int(judged.roundup[i] and leader == i),
            agreed=int(judged.candidates.agreed[i]),
            judgement=judgement,
        )
        for i, (e, leader) in enumerate(zip(entries, judged.leader.tolist(), strict=True))
    ]
    grouped: dict[int, list[Entry]] = {}
    for entry, first in zip(after, judged.family.tolist(), strict=True):
        grouped.setdefault(first, []).append(entry)
    families = []
    for first, members in grouped.items():
        family = Grouped(members, len(members), [e for e in members if e.leader == e.num])
        family.canonical = after[int(judged.canonical[first])]
        families.append(family)
    found = Settlement(entries={e.num: e for e in after if e.leader != e.num})
    rows = {number for (number,) in ledger.store.rows("SELECT num FROM family")}
    compare_entries(families, ledger, found, {}, rows)

    occurrence = _write_postings(after, recalled, judged, postings, settings)
    found.entries = {
        num: e._replace(occurrence=occurrence[num][0], in_window=occurrence[num][1])
        for num, e in found.entries.items()
    }
    apply(found)
    _write_flags(ledger, recalled, judged)


def _write_edges(ledger: Ledger, judged: Judged, prepared: Prepared, nums: list[int]) -> None:
    for table, edges in (("edge", judged.edges), ("copy", judged.collapsed)):
        ledger.store.run(f"DELETE FROM {table}")  # noqa: S608
        alike = prepared.signatures[edges.a] == prepared.signatures[edges.b]
        jaccard = alike.mean(axis=1) if len(edges) else np.zeros(0)
        ledger.add_edges(to_rows(edges, nums, jaccard), table)


def _write_flags(ledger: Ledger, recalled: _Recalled, judged: Judged) -> None:
    """Store which tokens are stock, where that has changed."""
    changed = []
    for i, entry in enumerate(recalled.entries):
        hashes, flags = recalled.words[entry.num]
        stock = judged.texts.flags[judged.texts.start[i] : judged.texts.stop[i]] & np.uint8(STOCK)
        if (flags & np.uint8(STOCK) != stock).any():
            changed.append((pack_words(hashes, flags & np.uint8(~STOCK & 0xFF) | stock), entry.num))
    ledger.store.run_many("UPDATE body SET words = ? WHERE num = ?", changed)


def _write_postings(
    after: list[Entry], recalled: _Recalled, judged: Judged, postings: Postings, settings: Settings
) -> dict[int, tuple[int, int]]:
    """All postings anew, in the order of keys; the occurrence of each document and its window."""
    postings.clear()
    prepared = recalled.prepared
    first_of: dict[int, int] = {}  # the first document with a fingerprint of a long run
    found: dict[int, tuple[int, int]] = {}
    length = settings.stock_window_days * 86_400 * 1_000_000
    for i, entry in enumerate(after):
        runs = (
            prepared.long_hash[prepared.long_offsets[i] : prepared.long_offsets[i + 1]] >> np.uint64(14)
        ).tolist()
        copy_of = entry.leader if entry.leader != entry.num and entry.tokens >= LONG_RUN else None
        known = [found[first_of[run]] for run in runs if run in first_of]
        if copy_of in found:
            known.append(found[copy_of])
        window = entry.time // length if entry.time != NEVER else -(2**62)
        found[entry.num] = min(
            known, default=(entry.num, window), key=lambda pair: (pair[0] != entry.num, pair)
        )
        for run in runs:
            first_of.setdefault(run, entry.num)
        marks = prepared.mark_hash[prepared.mark_offsets[i] : prepared.mark_offsets[i + 1]]
        entry = entry._replace(occurrence=found[entry.num][0], in_window=found[entry.num][1])
        exact = entry.leader != entry.num and judged.leader[i] in _same_content(
            prepared, i, int(judged.leader[i])
        )
        if not exact and not entry.bodiless:
            postings.append(
                posting_keys(entry, recalled.words[entry.num][0], marks, prepared.signatures[i], settings)
            )
    postings.settle(0)
    return found


def _same_content(prepared: Prepared, one: int, other: int) -> tuple[int, ...]:
    return (other,) if (prepared.content[one] == prepared.content[other]).all() else ()


# --- checking


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
            "SELECT f.id FROM family f WHERE f.size <> (SELECT count(*) FROM document l JOIN document d "
            "ON d.leader = l.num WHERE l.family = f.num AND l.leader = l.num)",
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
    last = one("SELECT max(num) FROM document")[0][0]
    if last is not None and last >= ledger.number("next_document"):
        found.append("the next document's number is taken")
    for (num,) in one("SELECT num FROM family"):
        family = ledger.families([num])[num]
        earliest = ledger.entries([family.earliest]).get(family.earliest)
        if earliest is None or family_id(earliest) != family.id:
            found.append(f"family {family.id} has not the id of its earliest member")
    return found
