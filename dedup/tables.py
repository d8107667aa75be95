"""The tables of a result, as columns; nothing here makes a Python object a document."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.attestation import agreed_share, lacking_words
from dedup.canonical import reason
from dedup.columns import take_long, take_rows, whole_strings
from dedup.edges import EXACT, KINDS, NONE
from dedup.edits.batch import diffs_as_json
from dedup.families import id_of
from dedup.model import Role
from dedup.passages import Originals, Places, locate
from dedup.ragged import by_owner, first_of_each, gather, inverse, owners, run_starts, running
from dedup.schemas import DIFFS, FAMILIES, PASSAGE, RELATED, RELATIONS
from dedup.texts import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.edges import Edges
    from dedup.pipeline import Judged, Prepared

__all__ = ["ROLES", "Room", "Tables", "relation_rows"]

Room: TypeAlias = Callable[[int], "NDArray[np.uint32]"]
"""Makes uint32[p, 4], in memory or elsewhere."""

ROLES = (Role.CANONICAL, Role.VARIANT, Role.ROUNDUP, Role.SINGLE)
"""Roles by code."""

_CANONICAL, _VARIANT, _ROUNDUP, _SINGLE = range(4)
_ROLE_NAMES = pa.array([role.value for role in ROLES])
_KIND_NAMES = pa.array([kind.value for kind in KINDS])

_ROWS = 16384  # of a table made at once


class Tables:
    """What was decided of a corpus, as tables. Documents are numbers in the order of their keys.

    Args:
        documents: The input, one row a document, in the columns of the readers.
        prepared: The same in columns.
        judged: What was decided.
        settings: What the run was asked to do.
        room: Makes the array of all passages.
    """

    def __init__(
        self,
        documents: pa.Table,
        prepared: Prepared,
        judged: Judged,
        settings: Settings,
        room: Room | None = None,
    ) -> None:
        self.documents = documents
        self.settings = settings
        self._prepared = prepared
        self._judged = judged
        self._room = room

    def __len__(self) -> int:
        """Documents."""
        return len(self.documents)

    @cached_property
    def _id_column(self) -> pa.Array:
        """Id of each document number: large_string."""
        return whole_strings(self.documents.column("id")).take(pa.array(self._judged.order))

    def _ids(self, numbers: pa.Array) -> pa.Array:
        return self._id_column.take(numbers).cast(pa.string())

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """Place of each document number in the order of the ids."""
        return inverse(np.asarray(pc.sort_indices(self._id_column)).astype(np.int64))

    @cached_property
    def _number_of_row(self) -> NDArray[np.int64]:
        return inverse(self._judged.order)

    # --- families

    @cached_property
    def _by_family(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Members of each family in order: int64[n + 1] by its first member, and their numbers."""
        return by_owner(self._judged.family, len(self))

    @cached_property
    def _size(self) -> NDArray[np.int64]:
        """Members of the family of each first member, 0 for other numbers."""
        return np.diff(self._by_family[0])

    def _members(self, first: int) -> NDArray[np.int64]:
        """Members of a family, by its first member."""
        offsets, members = self._by_family
        return members[offsets[first] : offsets[first + 1]]

    @cached_property
    def _family_column(self) -> pa.Array:
        """Id of each family of two or more, by its first member; null for other numbers."""
        firsts = np.flatnonzero(self._size > 1)
        times = self._judged.versions.published[firsts].tolist()
        content = self._prepared.content[self._judged.order[firsts]].tolist()
        names = [id_of(time, *halves) for time, halves in zip(times, content, strict=True)]
        place = np.full(len(self), -1)
        place[firsts] = np.arange(len(firsts))
        return pa.array(names, pa.string()).take(pa.array(place, mask=place < 0))

    @cached_property
    def _firsts(self) -> NDArray[np.int64]:
        """First member of each family of two or more, by the family's id."""
        order = np.asarray(pc.sort_indices(self._family_column)).astype(np.int64)  # nulls come last
        return order[: len(order) - self._family_column.null_count]

    @cached_property
    def _agreement(self) -> NDArray[np.float64]:
        """Share of what two or more versions carry that each document's canonical version has."""
        judged = self._judged
        sets = judged.edges, judged.collapsed, judged.to_canonical
        weighed = lacking_words(judged.texts, *sets, judged.family, threads=self.settings.workers)
        copy = np.zeros(len(self), bool)
        copy[judged.collapsed.b] = True
        return agreed_share(*weighed, judged.family, judged.canonical, copy)

    def _reason(self, canonical: int, members: NDArray[np.int64]) -> str:
        share = float(self._agreement[canonical])
        return reason(canonical, members, self._judged.versions, share, self.settings)

    @cached_property
    def _role(self) -> NDArray[np.uint8]:
        """Role of each document, index into :data:`ROLES`."""
        judged = self._judged
        several = self._size[judged.family] > 1
        own = judged.canonical == np.arange(len(self))
        choices = [_CANONICAL, _VARIANT, _ROUNDUP]
        return np.select([several & own, several, judged.roundup], choices, _SINGLE).astype(np.uint8)

    # --- counts

    def role_counts(self) -> dict[Role, int]:
        """Documents of each role."""
        counts = np.bincount(self._role, minlength=len(ROLES)).tolist()
        return dict(zip(ROLES, counts, strict=True))

    def relation_counts(self) -> dict[str, int]:
        """Related pairs of each kind."""
        counts = np.bincount(self._judged.relations.kind, minlength=len(KINDS)).tolist()
        return {kind.value: count for kind, count in zip(KINDS[:NONE], counts, strict=False)}

    # --- tables

    def documents_table(self) -> pa.Table:
        """One row a document, by id: where it is from, its family and role, its relation to the canonical."""
        return pa.Table.from_batches(self.document_batches())

    def document_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of :meth:`documents_table`, some at a time."""
        judged, n = self._judged, len(self)
        edges = judged.to_canonical
        kind = np.full(n, NONE, np.uint8)
        coverage, back = np.full(n, np.nan), np.full(n, np.nan)
        for member, of, by in (
            (edges.b, edges.coverage_b, edges.coverage_a),
            (edges.a, edges.coverage_a, edges.coverage_b),
        ):
            mine = judged.canonical[member] != member
            kind[member[mine]] = edges.kind[mine]
            coverage[member[mine]], back[member[mine]] = of[mine], by[mine]
        by_id = inverse(self._rank)
        for low in range(0, max(n, 1), _ROWS):
            numbers = by_id[low : low + _ROWS]
            rows, role = judged.order[numbers], self._role[numbers]
            alone = role >= _ROUNDUP
            copied = ("title", "source", "published", "url", "file", "line")
            columns: dict[str, Any] = {
                "id": self._ids(pa.array(numbers)),
                **{name: take_rows(self.documents.column(name), rows) for name in copied},
                "family": self._family_column.take(pa.array(judged.family[numbers], mask=alone)),
                "role": _ROLE_NAMES.take(pa.array(role)),
                "canonical": self._ids(pa.array(judged.canonical[numbers], mask=alone)),
                "relation": _KIND_NAMES.take(pa.array(kind[numbers], mask=role != _VARIANT)),
                "coverage": pa.array(coverage[numbers], from_pandas=True),
                "canonical_coverage": pa.array(back[numbers], from_pandas=True),
                "language": self._prepared.language.take(pa.array(rows)),
                "agencies": self._prepared.agencies.take(pa.array(rows)),
                "words": judged.versions.words[numbers],
                "removed_chars": self._prepared.removed_chars[rows],
            }
            yield pa.record_batch(columns)

    def relations_table(self) -> pa.Table:
        """One row a related pair, a < b by id, sorted by a and b."""
        return pa.Table.from_batches(self.relation_batches(), RELATIONS)

    def relation_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of :meth:`relations_table`, some at a time."""
        edges = self._judged.relations
        one, two = self._rank[edges.a], self._rank[edges.b]
        order = np.argsort(np.minimum(one, two) << 32 | np.maximum(one, two))
        del one, two
        places = self._places(edges)
        for low in range(0, len(order), _ROWS):
            rows = order[low : low + _ROWS]
            yield self._relation_rows(edges.take(rows), places.take(rows))

    def _places(self, edges: Edges) -> Places:
        """Where passages stand; the index, which may have no texts, knows it without them."""
        judged, prepared = self._judged, self._prepared
        texts = self.documents.column("text")
        originals = Originals(texts, judged.order, prepared.raw_offsets, prepared.body)
        return locate(originals, edges, judged.texts, self.settings, self._room)

    def _relation_rows(self, edges: Edges, places: Places) -> pa.RecordBatch:
        judged, texts = self._judged, self._judged.texts
        signatures = self._prepared.signatures
        alike = signatures[judged.order[edges.a]] == signatures[judged.order[edges.b]]
        jaccard = np.count_nonzero(alike, axis=1) / signatures.shape[1]
        # no two texts without a shingle have another signature
        jaccard[(texts.start[edges.a] == texts.stop[edges.a]) & (edges.kind != EXACT)] = 0
        roundup = judged.roundup[edges.a] | judged.roundup[edges.b]
        return relation_rows(self._id_column, self._rank, edges, places, jaccard, roundup)

    def families_table(self) -> pa.Table:
        """One row a family of two or more, by id."""
        return pa.Table.from_batches(self.family_batches(), FAMILIES)

    def family_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of :meth:`families_table`, some at a time."""
        for low in range(0, len(self._firsts), _ROWS):
            yield self._family_rows(self._firsts[low : low + _ROWS])

    def _family_rows(self, firsts: NDArray[np.int64]) -> pa.RecordBatch:
        """Rows of some families, by their first members."""
        judged, versions = self._judged, self._judged.versions
        size = self._size[firsts]
        offsets = running(size)
        start = self._by_family[0][firsts]
        places, family = gather(start, start + size)
        members = self._by_family[1][places]
        numbers = pa.array(members)
        canonical = judged.canonical[firsts]
        agencies = versions.agencies.take(numbers)
        named = np.repeat(family, np.asarray(pc.list_value_length(agencies)))
        times = versions.published[members]
        last = np.maximum.reduceat(np.where(times == NEVER, -NEVER, times), offsets[:-1])
        return pa.record_batch(
            [
                self._family_column.take(pa.array(firsts)),
                self._ids(pa.array(canonical)),
                pa.array(
                    [
                        self._reason(number, members[low:high])
                        for number, low, high in zip(
                            canonical.tolist(), offsets[:-1].tolist(), offsets[1:].tolist(), strict=True
                        )
                    ],
                    pa.string(),
                ),
                self._ids(pa.array(firsts, mask=versions.published[firsts] == NEVER)),
                pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), self._ids(numbers)),
                pa.array(size),
                _distinct(versions.source.take(numbers), family, len(firsts)),
                _distinct(agencies.flatten(), named, len(firsts)),
                _moments(np.minimum.reduceat(times, offsets[:-1]), NEVER),
                _moments(last, -NEVER),
                self._related_to(firsts),
            ],
            schema=FAMILIES,
        )

    @cached_property
    def _related(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Pairs of families that share text, both ways, by first members: the strongest relation, most words.

        Sorted by the first family and the id of the second.
        """
        family, edges = self._judged.family, self._judged.edges
        one, two = family[edges.a], family[edges.b]
        between = np.flatnonzero((one != two) & (self._size[one] > 1) & (self._size[two] > 1))
        one, two = one[between], two[between]
        place = np.empty(len(self), np.int64)
        place[self._firsts] = np.arange(len(self._firsts))
        keys = np.concatenate([one << 32 | place[two], two << 32 | place[one]])
        order = np.argsort(keys)
        keys, row = keys[order], np.concatenate([between, between])[order]
        starts = np.flatnonzero(run_starts(keys))
        own, other = keys[starts] >> 32, self._firsts[keys[starts] & 0xFFFFFFFF]
        if not len(starts):
            return own, other, edges.kind[:0], edges.shared_words[:0]
        kinds = np.minimum.reduceat(edges.kind[row], starts)
        return own, other, kinds, np.maximum.reduceat(edges.shared_words[row], starts)

    def _related_to(self, firsts: NDArray[np.int64]) -> pa.Array:
        own, other, kind, words = self._related
        low, high = np.searchsorted(own, firsts), np.searchsorted(own, firsts, "right")
        at, _ = gather(low, high)
        rows = [
            self._family_column.take(pa.array(other[at])),
            _KIND_NAMES.take(pa.array(kind[at])),
            pa.array(words[at]),
        ]
        offsets = pa.array(running(high - low), pa.int32())
        return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(rows, fields=list(RELATED)))

    # --- what is written of the texts

    def changed(self) -> NDArray[np.int64]:
        """Rows of the input that are variants, int64[v]: each has a diff."""
        judged = self._judged
        return np.sort(judged.order[judged.canonical != np.arange(len(self))])

    def diffs_table(self, rows: NDArray[np.int64]) -> pa.RecordBatch:
        """The change from canonical to variant: family, canonical and variant by id, operations as JSON.

        Args:
            rows: Some of :meth:`changed`.
        """
        judged = self._judged
        variant = self._number_of_row[rows]
        canonical = judged.canonical[variant]
        texts = self.documents.column("text")
        operations = diffs_as_json(take_long(texts, judged.order[canonical]), take_long(texts, rows))
        return pa.record_batch(
            [
                self._family_column.take(pa.array(judged.family[variant])),
                self._ids(pa.array(canonical)),
                self._ids(pa.array(variant)),
                operations,
            ],
            names=DIFFS.names,
        )

    def kept(self) -> NDArray[np.bool_]:
        """Which input rows are canonical or alone: the deduplicated corpus, bool[n]."""
        keep = np.zeros(len(self), bool)
        keep[self._judged.order[self._judged.canonical == np.arange(len(self))]] = True
        return keep


def relation_rows(
    ids: pa.Array,
    rank: NDArray[np.int64],
    edges: Edges,
    places: Places,
    jaccard: NDArray[np.float64],
    roundup: NDArray[np.bool_],
) -> pa.RecordBatch:
    """Rows of the relations table, each with the smaller id first.

    Args:
        ids: string or large_string[n], of each document number.
        rank: int64[n], its place in the order of the ids.
        edges: Related pairs.
        places: Their passages.
        jaccard: float64[e], share of equal values of both signatures.
        roundup: bool[e], one of the two is a roundup.
    """
    turned = rank[edges.a] > rank[edges.b]
    spans = places.spans.astype(np.int64)
    edge = owners(places.offsets)
    flip = turned[edge]
    spans[flip] = spans[flip][:, [2, 3, 0, 1]]
    spans = spans[np.argsort(edge << 32 | spans[:, 0], kind="stable")]
    passages = pa.ListArray.from_arrays(
        pa.array(places.offsets, pa.int32()),
        pa.StructArray.from_arrays([pa.array(spans[:, column]) for column in range(4)], fields=list(PASSAGE)),
    )
    return pa.record_batch(
        [
            ids.take(pa.array(np.where(turned, edges.b, edges.a))),
            ids.take(pa.array(np.where(turned, edges.a, edges.b))),
            _KIND_NAMES.take(pa.array(edges.kind)),
            pa.array(jaccard),
            pa.array(np.where(turned, edges.coverage_b, edges.coverage_a)),
            pa.array(np.where(turned, edges.coverage_a, edges.coverage_b)),
            pa.array(edges.shared_words),
            pa.array(edges.narrative_words),
            pa.array(roundup),
            passages,
        ],
        schema=RELATIONS,
    )


def _distinct(values: pa.Array, owner: NDArray[np.int64], count: int) -> pa.Array:
    """Values of each of so many owners that are not null, each once, in order: list<string>[count]."""
    encoded = values.dictionary_encode()
    code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    known = np.flatnonzero(code >= 0)
    known = known[first_of_each(owner[known] << 32 | code[known])]
    offsets = np.searchsorted(owner[known], np.arange(count + 1))
    names = encoded.dictionary.cast(pa.string()).take(pa.array(code[known]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names)


def _moments(times: NDArray[np.int64], unknown: int) -> pa.Array:
    return pa.array(times, mask=times == unknown).cast(pa.timestamp("us", "UTC"))
