"""Exporting: what is stored, as the result of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.edges import Edges
from dedup.ingestion.judging import versions_of
from dedup.ingestion.recalling import recall, table_of
from dedup.ingestion.verifying import texts_of
from dedup.passages import place_runs
from dedup.pipeline import Judged, to_leader
from dedup.storage.codec import unpack_places
from dedup.storage.rows import places_in
from dedup.tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.passages import Places
    from dedup.pipeline import Prepared
    from dedup.storage.ledger import Ledger

__all__ = ["exported"]


class _Stored(Tables):
    """Tables whose passages stand where the index says, as it may have no texts."""

    def __init__(
        self,
        documents: pa.Table,
        prepared: Prepared,
        judged: Judged,
        settings: Settings,
        spans: NDArray[np.int64],
    ) -> None:
        super().__init__(documents, prepared, judged, settings)
        self._spans = spans

    def _places(self, edges: Edges) -> Places:
        texts = self._judged.texts
        return place_runs(edges, texts.start, texts.flags, self._spans)


def exported(ledger: Ledger, settings: Settings) -> Tables:
    """What is stored, as the tables of a run.

    Raises:
        StorageError: Something of a document is damaged, or a document gone.
    """
    recalled = recall(ledger, settings)
    entries, prepared = recalled.entries, recalled.prepared
    n = len(entries)
    place = {e.num: i for i, e in enumerate(entries)}
    canonicals = ledger.canonicals()
    stored = [ledger.pairs.all(table) for table in ("edge", "copy")]
    named = [np.array([*(e.leader for e in entries), *canonicals.values()], np.int64)]
    named += [end for found in stored for end in (found.a, found.b)]
    gone = np.setdiff1d(np.concatenate(named), [e.num for e in entries])
    if len(gone):
        raise ledger.gone(f"document number {gone[0]}")
    leader = np.array([place[e.leader] for e in entries], np.int64)
    row = [entries[i].family for i in leader.tolist()]
    if lost := set(row) - canonicals.keys():
        raise ledger.gone(f"family number {min(lost)}")
    first: dict[int, int] = {}
    for i, number in enumerate(row):
        first.setdefault(number, i)
    edges, collapsed = (found.between(*places_in(entries, found.a, found.b)) for found in stored)
    canonical = np.array([place[canonicals[number]] for number in row], np.int64)
    family = np.array([first[number] for number in row], np.int64)
    texts = texts_of(entries, [recalled.bodies[e.num] for e in entries])
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
        versions=versions_of(entries),
        cut=np.empty((0, 2), np.int64),
        crowded=0,
        stock=0,
    )
    size = texts.stop - texts.start
    ledger.check_runs(judged.relations, [e.num for e in entries], size)
    spans = [np.empty((0, 2), np.int64)]
    for e, places, count in zip(entries, recalled.places, size.tolist(), strict=True):
        with ledger.bodies.undamaged(e.num):
            spans.append(unpack_places(places, count))
    return _Stored(table_of(entries), prepared, judged, settings, np.concatenate(spans))
