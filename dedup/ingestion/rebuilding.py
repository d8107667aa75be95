"""Rebuilding: everything judged anew, as a run would. It is read into memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.boilerplate import Recurring
from dedup.canonical import measure
from dedup.ingestion.judging import Grouped, Settlement, compare_families
from dedup.ingestion.keys import HASH_SHIFT, Ragged, prefixes_of
from dedup.ingestion.prepared import prepare_documents
from dedup.ingestion.recalling import recall, table_of
from dedup.ingestion.seeking import Queries
from dedup.pipeline import Judged, judge, learn
from dedup.stock import LONG_RUN, windows
from dedup.storage.codec import LATE, unstocked
from dedup.storage.rows import Body, Entry
from dedup.texts import STOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.ingestion.recalling import Recalled
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings

__all__ = ["rebuild", "recall_recurring", "strip_again"]

_TOGETHER = 4096
"""Documents stripped at once."""

_MOVED = 256
"""Documents whose postings are written in one row."""


def recall_recurring(ledger: Ledger) -> Recurring | None:
    """The blocks learned at the last rebuilding, inside a transaction."""
    learned = ledger.bodies.learned()
    if learned is None:
        return None
    keys, witnesses = learned
    return Recurring(np.frombuffer(keys, np.uint64), np.frombuffer(witnesses, np.uint8))


def strip_again(ledger: Ledger, settings: Settings) -> None:
    """Make every body anew of its text, without the blocks found to recur, inside a write transaction."""
    ledger.bodies.unlearn()
    entries = ledger.all_entries()
    if not entries:
        return
    parts = []
    for start in range(0, len(entries), _TOGETHER):
        some = entries[start : start + _TOGETHER]
        texts = ledger.bodies.raw_texts([e.num for e in some])
        table = table_of(some)
        texts_ = pa.array([texts[e.num] for e in some], pa.large_string())
        table = table.set_column(table.schema.get_field_index("text"), "text", texts_).combine_chunks()
        parts += table.to_batches()
    recurring = None
    if settings.strip:
        recurring = learn(parts)
        ledger.bodies.learn(recurring.keys.tobytes(), recurring.witnesses.tobytes())
    remaining = iter(entries)
    for part in parts:
        stripped = list(prepare_documents(part, settings, recurring))
        nums = [entry.num for entry in islice(remaining, len(stripped))]
        ledger.rewrite([d.entry._replace(num=num) for num, d in zip(nums, stripped, strict=True)])
        ledger.bodies.rewrite(
            [(num, Body(d.hash, d.flags), d.spans) for num, d in zip(nums, stripped, strict=True)]
        )


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
    ledger.bodies.drop_strays()
    recalled = recall(ledger, settings)
    entries, prepared = recalled.entries, recalled.prepared
    if not entries:
        postings.clear()
        return
    judged = judge(prepared, table_of(entries), settings)
    assert (judged.order == np.arange(len(entries))).all()  # the order of keys is the order of keys
    nums = np.array([e.num for e in entries], np.int64)
    ledger.forget()  # from here on rows are written that it knows nothing of
    for table, edges in (("edge", judged.edges), ("copy", judged.collapsed)):
        ledger.clear_edges(table)
        ledger.pairs.add(replace(edges, a=nums[edges.a], b=nums[edges.b]), table)
    after, occurrence = [], _write_postings(entries, recalled, judged, postings, settings)
    own_family = {e.num: e.family for e in entries}
    for i, (e, leader) in enumerate(zip(entries, judged.leader.tolist(), strict=True)):
        after.append(
            e._replace(
                leader=int(nums[leader]),
                family=own_family.get(e.leader, -1),  # what leads it may be gone
                roundup=int(judged.roundup[i] and leader == i),
                agreed=int(judged.versions.agreed[i]),
                judgement=judgement,
                occurrence=occurrence[e.num][0],
                in_window=occurrence[e.num][1],
            )
        )
    found = Settlement(entries={e.num: e for e in after if e.leader != e.num})
    compare_families(_families(after, judged, settings), ledger, found, {}, ledger.canonicals())
    apply(found)
    ledger.log(found.changes)
    _write_bodies(ledger, recalled, judged)


def _families(after: list[Entry], judged: Judged, settings: Settings) -> list[Grouped]:
    """Families as they are to be."""
    grouped: dict[int, list[Entry]] = {}
    for entry, first in zip(after, judged.family.tolist(), strict=True):
        grouped.setdefault(first, []).append(entry)
    most = np.zeros(len(after), np.int64)
    np.maximum.at(most, judged.family, measure(judged.versions, settings))
    families = []
    for first, members in grouped.items():
        leaders, copies = ([e for e in members if (e.leader == e.num) == leads] for leads in (True, False))
        family = Grouped(leaders, len(members), copies)
        family.earliest = members[0]
        family.canonical = after[int(judged.canonical[first])]
        family.most = int(most[first]) if len(members) > 1 else 0
        families.append(family)
    return families


def _attested(judged: Judged) -> NDArray[np.bool_]:
    """Which token of which text another member of its family carries: bool[T]."""
    edges, family = judged.relations, judged.family
    inside = np.flatnonzero(family[edges.a] == family[edges.b])
    own = edges.take(inside)
    shared, added = np.zeros(len(judged.texts.hash), bool), np.zeros(len(family), bool)
    offsets = np.append(judged.texts.start, len(shared))
    kernels.get().mark_shared(own.a, own.b, own.run_start, own.run_stop, own.runs, offsets, shared, added)
    return shared


def _write_bodies(ledger: Ledger, recalled: Recalled, judged: Judged) -> None:
    """Store which tokens are stock, where that has changed, and which are attested."""
    attested, masks, changed = _attested(judged), {}, {}
    for i, entry in enumerate(recalled.entries):
        body, part = recalled.bodies[entry.num], slice(judged.texts.start[i], judged.texts.stop[i])
        masks[entry.num] = attested[part]
        stock = judged.texts.flags[part] & np.uint8(STOCK)
        if (body.flags & np.uint8(STOCK | LATE) != stock).any():
            changed[entry.num] = Body(body.hash, unstocked(body.flags) | stock)
    ledger.bodies.repack_many(changed)
    ledger.bodies.attest(masks)


def _write_postings(
    entries: list[Entry], recalled: Recalled, judged: Judged, postings: Postings, settings: Settings
) -> dict[int, tuple[int, int]]:
    """All postings anew, in the order of keys; the occurrence of each document and its window."""
    postings.clear()
    prepared = recalled.prepared
    prefixes = prefixes_of(
        Ragged(prepared.fingerprint_offsets, prepared.fingerprints),
        prepared.signatures,
        Ragged(prepared.long_offsets, prepared.long_hash),
        recalled.shingles,
    )
    first_of: dict[int, int] = {}  # the first document with a fingerprint of a long run
    found: dict[int, tuple[int, int]] = {}
    own_windows = windows(np.array([e.time for e in entries], np.int64), settings).tolist()
    undated = any(e.published is None for e in entries)
    posted: list[Entry] = []
    theirs: list[NDArray[np.uint64]] = []
    for i, entry in enumerate(entries):
        entry = entry._replace(leader=entries[int(judged.leader[i])].num)
        runs = (
            prepared.long_hash[prepared.long_offsets[i] : prepared.long_offsets[i + 1]] >> HASH_SHIFT
        ).tolist()
        copy_of = entry.leader if entry.leader != entry.num and entry.tokens >= LONG_RUN else None
        known = [found[first_of[run]] for run in runs if run in first_of]
        if copy_of in found:
            known.append(found[copy_of])
        found[entry.num] = min(
            known, default=(entry.num, own_windows[i]), key=lambda pair: (pair[0] != entry.num, pair)
        )
        for run in runs:
            first_of.setdefault(run, entry.num)
        entry = entry._replace(occurrence=found[entry.num][0], in_window=found[entry.num][1])
        same = (prepared.content[i] == prepared.content[judged.leader[i]]).all()
        if not entry.bodiless and (entry.leader == entry.num or not same):
            posted.append(entry)
            theirs.append(prefixes[i])
        if posted and (len(posted) == _MOVED or i == len(entries) - 1):
            postings.append(Queries(theirs, undated).postings(posted))
            postings.maintain(0)
            posted, theirs = [], []
    postings.settle(0)
    return found
