"""What a run found: tables inside, dataclasses on access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from dedup.attestation import agreement
from dedup.canonical import moment, reason
from dedup.edits import Diff, diff
from dedup.errors import UsageError
from dedup.lineage import AgreedText, Step, agree, trace
from dedup.model import Document, Passage, Relation, RelationKind, Role
from dedup.overlap import KINDS, NEVER, NONE, Edges
from dedup.passages import Places, locate
from dedup.pipeline import compare_rows
from dedup.ragged import take_rows, whole
from dedup.schemas import FAMILIES, PASSAGE, RELATIONS

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.io import Reject
    from dedup.pipeline import Judged, Prepared

__all__ = ["Family", "Result", "family_id", "relation_rows"]

KIND_NAMES = pa.array([kind.value for kind in KINDS])
ROLES = pa.array([role.value for role in (Role.CANONICAL, Role.VARIANT, Role.ROUNDUP, Role.SINGLE)])

_ROWS = 16384  # of a table made at once
_DIFFS = 64  # made at once


@dataclass(frozen=True, slots=True)
class Family:
    """Versions of one article.

    Attributes:
        id: Hash of the earliest member's key; it does not change when later versions join.
        canonical: The version that stands for the family.
        variants: The others, earliest first.
        reason: Why the canonical was chosen, in words.
        earliest: Id of the earliest member.
        members: Ids of all members, earliest first.
        sources: Their sources, each once, in that order.
        agencies: Agencies that any of them names, each once.
    """

    id: str
    canonical: Document
    variants: tuple[Document, ...]
    reason: str
    earliest: str
    members: tuple[str, ...]
    sources: tuple[str, ...]
    agencies: tuple[str, ...]
    _relations: Callable[[], list[Relation]] = field(repr=False, compare=False)

    def __len__(self) -> int:
        """Members."""
        return len(self.members)

    @property
    def agreed_text(self) -> AgreedText:
        """What two or more independent sources carry, in the order of the fullest version, with witnesses."""
        return agree(self._in_order(), self._relations())

    @property
    def timeline(self) -> tuple[Step, ...]:
        """The versions in order of time, each with its most likely parent and what it added and dropped."""
        return trace(self._in_order(), self._relations())

    def _in_order(self) -> list[Document]:
        """All members, earliest first."""
        known = {document.id: document for document in (self.canonical, *self.variants)}
        return [known[identity] for identity in self.members]

    def diff(self, variant: str) -> Diff:
        """The change from the canonical version to another.

        Raises:
            UsageError: ``variant`` is not the id of one.
        """
        for document in self.variants:
            if document.id == variant:
                return diff(self.canonical.text, document.text)
        raise UsageError(f"{variant!r} is no variant of family {self.id}")


class Result:
    """Documents, relations and families of a corpus.

    Attributes:
        documents: The input, one row a document, in the columns of the readers.
        settings: What the run was asked to do.
        duplicates: Records left out because the same id and record was there already.
        rejects: Records that could not be used.
        timings: Seconds each step took.
    """

    def __init__(
        self,
        documents: pa.Table,
        prepared: Prepared,
        judged: Judged,
        settings: Settings,
        *,
        duplicates: int = 0,
        rejects: Sequence[Reject] = (),
        timings: Mapping[str, float] | None = None,
        workspace: object = None,
    ) -> None:
        self.documents = documents
        self.settings = settings
        self.duplicates = duplicates
        self.rejects = tuple(rejects)
        self.timings = dict(timings or {})
        self._prepared = prepared
        self._judged = judged
        self._workspace = workspace  # looks after the memory of mapped columns for as long as there are any

    def __len__(self) -> int:
        """Documents."""
        return len(self.documents)

    @cached_property
    def _id_column(self) -> pa.Array:
        """Id of each document number."""
        return whole(self.documents.column("id")).take(pa.array(self._judged.order))

    @cached_property
    def _ids(self) -> NDArray[np.object_]:
        """The same as strings."""
        return np.asarray(self._id_column.to_numpy(zero_copy_only=False))

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """Place of each document number in the order of the ids."""
        rank = np.empty(len(self), np.int64)
        rank[np.asarray(pc.sort_indices(self._id_column)).astype(np.int64)] = np.arange(len(self))
        return rank

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {identity: number for number, identity in enumerate(self._ids)}

    @cached_property
    def _members(self) -> dict[int, list[int]]:
        """Members of each family of two or more, by its first member."""
        family = self._judged.family
        order = np.argsort(family, kind="stable")
        starts = np.flatnonzero(np.diff(family[order], prepend=-1))
        groups = np.split(order, starts[1:])
        return {int(group[0]): group.tolist() for group in groups if len(group) > 1}

    @cached_property
    def _edges(self) -> Edges:
        """Every row of the relations table: pairs of leaders, and each collapsed document with its leader."""
        return Edges.concat([self._judged.edges, self._judged.collapsed])

    @cached_property
    def _family_ids(self) -> dict[int, str]:
        """Id of each family, by its first member."""
        content = self._prepared.content[self._judged.order]
        times = self._judged.candidates.published
        key = np.column_stack([times.astype(np.uint64), content])
        return {first: family_id(key[first]) for first in self._members}

    @cached_property
    def _family_column(self) -> pa.Array:
        """Id of the family of each first member; null for other numbers."""
        place = np.full(len(self), -1)
        place[list(self._family_ids)] = np.arange(len(self._family_ids))
        names = pa.array(self._family_ids.values(), pa.string())
        return names.take(pa.array(place, mask=place < 0))

    @cached_property
    def _sources(self) -> NDArray[np.object_]:
        """Source of each document number, None where unknown."""
        return _objects(self._judged.candidates.source)

    def _agencies(self, members: list[int]) -> tuple[str, ...]:
        agencies = self._judged.candidates.agencies.take(pa.array(members)).flatten()
        return tuple(agencies.unique().to_pylist())

    # --- dataclasses

    @property
    def relations(self) -> Sequence[Relation]:
        """Related pairs: verified pairs of group representatives, and each copy with its representative."""
        return _Rows(self.relations_table(), _relation)

    @property
    def families(self) -> Sequence[Family]:
        """Families of two or more, by id."""
        return [self._family(first) for first in sorted(self._members, key=self._family_ids.__getitem__)]

    def largest_families(self, count: int) -> list[Family]:
        """The families with the most members; among equals, by id."""
        order = sorted(self._members, key=lambda first: (-len(self._members[first]), self._family_ids[first]))
        return [self._family(first) for first in order[:count]]

    def family(self, document: str) -> Family | None:
        """The family a document belongs to, None where it is alone.

        Raises:
            UsageError: There is no such document.
        """
        first = int(self._judged.family[self._number(document)])
        return self._family(first) if first in self._members else None

    def document(self, identity: str) -> Document:
        """A document by its id.

        Raises:
            UsageError: There is no such document.
        """
        return self._document(self._number(identity))

    def relation(self, a: str, b: str) -> Relation:
        """How two documents are related, whether or not they were ever candidates; ``none`` is an answer.

        Raises:
            UsageError: There is no such document.
        """
        one, two = self._number(a), self._number(b)
        low, high = min(one, two), max(one, two)
        edges = compare_rows(self._prepared, self._judged, low, high, self.settings)
        found = _relation(self._relation_rows(edges, self._places(edges)).to_pylist()[0])
        return found if found.a == a else _turned(found)

    def _number(self, identity: str) -> int:
        try:
            return self._numbers[identity]
        except KeyError:
            raise UsageError(f"no document with id {identity!r}") from None

    def _document(self, number: int) -> Document:
        row = self.documents.slice(int(self._judged.order[number]), 1).to_pylist()[0]
        return Document(**{name: row[name] for name in Document.__slots__})

    def _family(self, first: int) -> Family:
        judged = self._judged
        members = self._members[first]
        canonical = int(judged.canonical[first])
        return Family(
            id=self._family_ids[first],
            canonical=self._document(canonical),
            variants=tuple(self._document(m) for m in members if m != canonical),
            reason=self._reason(canonical, members),
            earliest=self._ids[first],
            members=tuple(self._ids[members]),
            sources=_distinct(self._sources[members]),
            agencies=self._agencies(members),
            _relations=partial(self._relations_within, first),
        )

    @cached_property
    def _edges_within(self) -> dict[int, NDArray[np.int64]]:
        """Rows of the edges inside each family, by its first member."""
        family = self._judged.family
        inside = np.flatnonzero(family[self._edges.a] == family[self._edges.b])
        of = family[self._edges.a[inside]]
        order = np.argsort(of, kind="stable")
        firsts, starts = np.unique(of[order], return_index=True)
        groups = np.split(inside[order], starts[1:])
        return dict(zip(firsts.tolist(), groups, strict=False))

    def _relations_within(self, first: int) -> list[Relation]:
        edges = self._edges.take(self._edges_within[first])
        return [_relation(row) for row in self._relation_rows(edges, self._places(edges)).to_pylist()]

    @cached_property
    def _agreement(self) -> NDArray[np.float64]:
        """Share of what two or more versions carry that each document's canonical version has."""
        judged = self._judged
        sets = judged.edges, judged.collapsed, judged.to_canonical
        return agreement(judged.texts, *sets, judged.family, judged.canonical, self.settings.workers)

    def _reason(self, canonical: int, members: list[int]) -> str:
        share = float(self._agreement[canonical])
        return reason(canonical, members, self._judged.candidates, share, self.settings)

    def write(
        self,
        out: str | os.PathLike[str],
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
        report: bool = True,
    ) -> None:
        """Write the files of the run to a folder; see :func:`dedup.output.write`."""
        from dedup.output import write  # the files know the result, not the other way round

        write(self, out, format=format, force=force, report=report)

    @property
    def cut(self) -> Sequence[tuple[str, str]]:
        """Pairs of versions that ended in different families, because a merge would not have held."""
        return [(str(a), str(b)) for a, b in self._ids[self._judged.cut]]

    @property
    def stock(self) -> int:
        """Fingerprints left out as stock text."""
        return self._judged.stock

    @property
    def crowded(self) -> int:
        """Fingerprints that so many documents share that not all their pairs were looked at."""
        return self._judged.crowded

    def relation_counts(self) -> dict[str, int]:
        """Related pairs of each kind."""
        counts = np.bincount(self._edges.kind, minlength=len(KINDS)).tolist()
        return {kind.value: count for kind, count in zip(KINDS[:NONE], counts, strict=False)}

    # --- tables

    def documents_table(self) -> pa.Table:
        """One row a document, by id: where it is from, its family and role, its relation to the canonical."""
        return pa.Table.from_batches(self.document_batches())

    def document_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of :meth:`documents_table`, some at a time."""
        judged, n = self._judged, len(self)
        size = np.bincount(judged.family, minlength=n)[judged.family]
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
        own = judged.canonical == np.arange(n)
        role = np.select([(size > 1) & own, size > 1, judged.roundup], [0, 1, 2], 3)
        by_id = np.empty(n, np.int64)
        by_id[self._rank] = np.arange(n)
        for low in range(0, max(n, 1), _ROWS):
            numbers = by_id[low : low + _ROWS]
            rows = pa.array(judged.order[numbers])
            alone = size[numbers] == 1
            copied = ("title", "source", "published", "url", "file", "line")
            columns: dict[str, Any] = {
                "id": self._id_column.take(pa.array(numbers)),
                **{name: take_rows(self.documents.column(name), judged.order[numbers]) for name in copied},
                "family": self._family_column.take(pa.array(judged.family[numbers], mask=alone)),
                "role": ROLES.take(pa.array(role[numbers])),
                "canonical": self._id_column.take(pa.array(judged.canonical[numbers], mask=alone)),
                "relation": KIND_NAMES.take(pa.array(kind[numbers], mask=alone | own[numbers])),
                "coverage": pa.array(coverage[numbers], from_pandas=True),
                "canonical_coverage": pa.array(back[numbers], from_pandas=True),
                "language": self._prepared.language.take(rows),
                "agencies": self._prepared.agencies.take(rows),
                "words": judged.candidates.words[numbers],
                "removed_chars": self._prepared.removed_chars[judged.order[numbers]],
            }
            yield pa.record_batch(columns)

    def relations_table(self) -> pa.Table:
        """One row a related pair, a < b by id, sorted by a and b."""
        return pa.Table.from_batches(self.relation_batches(), RELATIONS)

    def relation_batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of :meth:`relations_table`, some at a time."""
        edges = self._edges
        one, two = self._rank[edges.a], self._rank[edges.b]
        order = np.argsort(np.minimum(one, two) << 32 | np.maximum(one, two))
        places = self._places(edges)
        for low in range(0, len(order), _ROWS):
            rows = order[low : low + _ROWS]
            yield self._relation_rows(edges.take(rows), places.take(rows))

    def _places(self, edges: Edges) -> Places:
        """Where passages stand; the index, which may have no texts, knows it without them."""
        judged, prepared = self._judged, self._prepared
        texts = self.documents.column("text")
        raw = prepared.raw_offsets, prepared.body
        return locate(texts, judged.order, edges, judged.texts, *raw, self.settings)

    def _relation_rows(self, edges: Edges, places: Places) -> pa.RecordBatch:
        judged = self._judged
        signatures = self._prepared.signatures
        alike = signatures[judged.order[edges.a]] == signatures[judged.order[edges.b]]
        return relation_rows(
            self._id_column,
            self._rank,
            edges,
            places,
            alike.mean(axis=1),
            judged.roundup[edges.a] | judged.roundup[edges.b],
        )

    def families_table(self) -> pa.Table:
        """One row a family of two or more, by id."""
        related = self._related()
        judged = self._judged
        rows = []
        for first, members in self._members.items():
            canonical = int(judged.canonical[first])
            times = judged.candidates.published[members]
            times = times[times != NEVER]
            rows.append(
                {
                    "id": self._family_ids[first],
                    "canonical": self._ids[canonical],
                    "reason": self._reason(canonical, members),
                    "earliest": self._ids[first],
                    "members": list(self._ids[members]),
                    "size": len(members),
                    "sources": _distinct(self._sources[members]),
                    "agencies": self._agencies(members),
                    "first_published": moment(int(times.min())) if len(times) else None,
                    "last_published": moment(int(times.max())) if len(times) else None,
                    "related": related.get(first, []),
                }
            )
        return pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["id"])), schema=FAMILIES)

    def _related(self) -> dict[int, list[dict[str, Any]]]:
        """Other families each family shares text with: the strongest relation and the most words."""
        judged, edges = self._judged, self._judged.edges
        found: dict[int, dict[int, tuple[int, int]]] = {}
        one, two = judged.family[edges.a], judged.family[edges.b]
        several = np.bincount(judged.family, minlength=len(self)) > 1
        between = np.flatnonzero((one != two) & several[one] & several[two])
        columns = (column[between].tolist() for column in (one, two, edges.kind, edges.shared_words))
        for a, b, kind, words in zip(*columns, strict=True):
            for own, other in ((a, b), (b, a)):
                best = found.setdefault(own, {}).get(other, (NONE, 0))
                found[own][other] = min(best[0], kind), max(best[1], words)
        return {
            own: sorted(
                (
                    {"family": self._family_ids[other], "relation": KINDS[kind].value, "shared_words": words}
                    for other, (kind, words) in others.items()
                ),
                key=lambda row: str(row["family"]),
            )
            for own, others in found.items()
        }

    def changed(self) -> NDArray[np.int64]:
        """Rows of the input that are variants, int64[v]: each has a diff."""
        judged = self._judged
        return np.sort(judged.order[judged.canonical != np.arange(len(self))])

    def pairs(self, rows: NDArray[np.int64]) -> list[tuple[dict[str, Any], str, str]]:
        """What the diff of each variant is made of: family, canonical and variant by id, and both texts.

        Args:
            rows: Some of :meth:`changed`.
        """
        judged = self._judged
        variant = self._number_of_row[rows]
        canonical = judged.canonical[variant]
        texts = self.documents.column("text")
        columns = {
            "family": self._family_column.take(pa.array(judged.family[variant])).to_pylist(),
            "canonical": self._id_column.take(pa.array(canonical)).to_pylist(),
            "variant": self._id_column.take(pa.array(variant)).to_pylist(),
        }
        before = take_rows(texts, judged.order[canonical]).to_pylist()
        after = take_rows(texts, rows).to_pylist()
        heads = (dict(zip(columns, head, strict=True)) for head in zip(*columns.values(), strict=True))
        return list(zip(heads, before, after, strict=True))

    @cached_property
    def _number_of_row(self) -> NDArray[np.int64]:
        number = np.empty(len(self), np.int64)
        number[self._judged.order] = np.arange(len(self))
        return number

    def diffs(self) -> Iterator[dict[str, Any]]:
        """The change from canonical to variant, for every variant; in the order of the input."""
        changed = self.changed()
        for low in range(0, len(changed), _DIFFS):
            for head, before, after in self.pairs(changed[low : low + _DIFFS]):
                yield {**head, "operations": diff(before, after).as_json()}

    def kept(self) -> NDArray[np.bool_]:
        """Which input rows are canonical or alone: the deduplicated corpus, bool[n]."""
        keep = np.zeros(len(self), bool)
        keep[self._judged.order[self._judged.canonical == np.arange(len(self))]] = True
        return keep


class _Rows(Sequence[Relation]):
    """A table read as dataclasses, one row at a time."""

    def __init__(self, table: pa.Table, make: Any) -> None:
        self._table = table
        self._make = make

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, place: int) -> Relation: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Relation]: ...

    def __getitem__(self, place: int | slice) -> Relation | Sequence[Relation]:
        if isinstance(place, slice):
            return [self[x] for x in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        row: Relation = self._make(self._table.slice(place % len(self), 1).to_pylist()[0])
        return row

    def __iter__(self) -> Iterator[Relation]:
        for batch in self._table.to_batches(max_chunksize=4096):
            yield from map(self._make, batch.to_pylist())


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
        ids: string[n], of each document number.
        rank: int64[n], its place in the order of the ids.
        edges: Related pairs.
        places: Their passages.
        jaccard: float64[e], share of equal values of both signatures.
        roundup: bool[e], one of the two is a roundup.
    """
    turned = rank[edges.a] > rank[edges.b]
    spans = places.spans.astype(np.int64)
    edge = np.repeat(np.arange(len(edges)), np.diff(places.offsets))
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
            KIND_NAMES.take(pa.array(edges.kind)),
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


def family_id(key: NDArray[np.uint64]) -> str:
    """Id of a family of its first member's key: time in microseconds, both halves of its content."""
    return f"f{xxhash.xxh3_64_hexdigest(key.tobytes())}"


def _relation(row: dict[str, Any]) -> Relation:
    values = dict(row)
    values["relation"] = RelationKind(values["relation"])
    values["passages"] = tuple(Passage(**passage) for passage in values["passages"])
    return Relation(**values)


def _turned(relation: Relation) -> Relation:
    """The same relation, seen from the other document."""
    turned = (Passage(p.b_start, p.b_end, p.a_start, p.a_end) for p in relation.passages)
    return Relation(
        relation.b,
        relation.a,
        relation.relation,
        relation.coverage_b,
        relation.coverage_a,
        relation.shared_words,
        relation.narrative_words,
        relation.jaccard,
        relation.roundup,
        tuple(sorted(turned, key=lambda passage: passage.a_start)),
    )


def _distinct(values: Any) -> tuple[Any, ...]:
    """Values that are not None, each once, in order."""
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _objects(column: pa.Array) -> NDArray[np.object_]:
    """Values as Python strings, equal ones the same object; None where null."""
    encoded = column.dictionary_encode()
    known = np.array([*encoded.dictionary.to_pylist(), None], np.object_)
    return np.asarray(known[encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)])
