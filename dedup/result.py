"""What a run found: tables inside, dataclasses on access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pyarrow as pa
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

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.io import Reject
    from dedup.pipeline import Judged, Prepared

__all__ = ["Family", "Result"]

KIND_NAMES = np.array([kind.value for kind in KINDS], object)


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
    ) -> None:
        self.documents = documents
        self.settings = settings
        self.duplicates = duplicates
        self.rejects = tuple(rejects)
        self.timings = dict(timings or {})
        self._prepared = prepared
        self._judged = judged

    def __len__(self) -> int:
        """Documents."""
        return len(self.documents)

    @cached_property
    def _ids(self) -> NDArray[np.object_]:
        """Id of each document number."""
        ids = self.documents.column("id").take(pa.array(self._judged.order))
        return np.asarray(ids.to_numpy(zero_copy_only=False))

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
        return {first: f"f{xxhash.xxh3_64_hexdigest(key[first].tobytes())}" for first in self._members}

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
        table = self._relation_rows(edges)
        found = _relation(table.to_pylist()[0])
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
            sources=_distinct(judged.candidates.source[m].as_py() for m in members),
            agencies=_distinct(name for m in members for name in judged.candidates.agencies[m].as_py()),
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
        rows = self._relation_rows(self._edges.take(self._edges_within[first]))
        return [_relation(row) for row in rows.to_pylist()]

    @cached_property
    def _agreement(self) -> NDArray[np.float64]:
        """Share of what two or more versions carry that each document's canonical version has."""
        judged = self._judged
        return agreement(
            judged.texts, judged.edges, judged.collapsed, judged.to_canonical, judged.family, judged.canonical
        )

    def _reason(self, canonical: int, members: list[int]) -> str:
        share = float(self._agreement[canonical])
        return reason(canonical, members, self._judged.candidates, share, self.settings)

    def write(
        self,
        out: str | os.PathLike[str],
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
    ) -> None:
        """Write the files of the run to a folder; see :func:`dedup.output.write`."""
        from dedup.output import write  # the files know the result, not the other way round

        write(self, out, format=format, force=force)

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
        judged, n = self._judged, len(self)
        rows = pa.array(judged.order)
        size = np.bincount(judged.family, minlength=n)[judged.family]
        own = judged.canonical == np.arange(n)
        role = np.select(
            [(size > 1) & own, size > 1, judged.roundup],
            [Role.CANONICAL.value, Role.VARIANT.value, Role.ROUNDUP.value],
            Role.SINGLE.value,
        )
        relation = np.full(n, None, object)
        coverage, back = np.full(n, np.nan), np.full(n, np.nan)
        edges = judged.to_canonical
        for member, of, by in (
            (edges.b, edges.coverage_b, edges.coverage_a),
            (edges.a, edges.coverage_a, edges.coverage_b),
        ):
            mine = judged.canonical[member] != member
            relation[member[mine]] = KIND_NAMES[edges.kind[mine]]
            coverage[member[mine]], back[member[mine]] = of[mine], by[mine]
        table = pa.table(
            {
                "id": self._ids,
                **{
                    name: self.documents.column(name).take(rows)
                    for name in ("title", "source", "published", "url", "file")
                },
                "line": self.documents.column("line").take(rows),
                "family": pa.array([self._family_ids.get(f) for f in judged.family.tolist()], pa.string()),
                "role": pa.array(role, pa.string()),
                "canonical": pa.array(self._ids[judged.canonical], pa.string(), mask=size == 1),
                "relation": pa.array(relation, pa.string()),
                "coverage": pa.array(coverage, from_pandas=True),
                "canonical_coverage": pa.array(back, from_pandas=True),
                "language": self._prepared.language.take(rows),
                "agencies": self._prepared.agencies.take(rows),
                "words": judged.candidates.words,
                "removed_chars": self._prepared.removed_chars[judged.order],
            }
        )
        return table.sort_by("id")

    def relations_table(self) -> pa.Table:
        """One row a related pair, a < b by id, sorted by a and b."""
        return self._relation_rows(self._edges).sort_by([("a", "ascending"), ("b", "ascending")])

    def _places(self, edges: Edges) -> Places:
        """Where passages stand; the index, which may have no texts, knows it without them."""
        prepared, judged = self._prepared, self._judged
        raw = np.flatnonzero(prepared.body) - np.repeat(prepared.raw_offsets[:-1], np.diff(prepared.offsets))
        return locate(self.documents.column("text"), judged.order, edges, judged.texts.start, raw)

    def _relation_rows(self, edges: Edges) -> pa.Table:
        judged, prepared = self._judged, self._prepared
        places = self._places(edges)
        turned = self._ids[edges.a] > self._ids[edges.b]
        spans = places.spans.copy()
        flip = np.repeat(turned, np.diff(places.offsets))
        spans[flip] = spans[flip][:, [2, 3, 0, 1]]
        by = np.lexsort((spans[:, 0], np.repeat(np.arange(len(edges)), np.diff(places.offsets))))
        names = ["a_start", "a_end", "b_start", "b_end"]
        passages = pa.ListArray.from_arrays(
            pa.array(places.offsets, pa.int32()),
            pa.StructArray.from_arrays([pa.array(spans[by, column]) for column in range(4)], names),
        )
        signatures = prepared.signatures
        alike = signatures[judged.order[edges.a]] == signatures[judged.order[edges.b]]
        return pa.table(
            {
                "a": pa.array(self._ids[np.where(turned, edges.b, edges.a)], pa.string()),
                "b": pa.array(self._ids[np.where(turned, edges.a, edges.b)], pa.string()),
                "relation": pa.array(KIND_NAMES[edges.kind], pa.string()),
                "jaccard": alike.mean(axis=1) if len(edges) else np.zeros(0),
                "coverage_a": np.where(turned, edges.coverage_b, edges.coverage_a),
                "coverage_b": np.where(turned, edges.coverage_a, edges.coverage_b),
                "shared_words": edges.shared_words,
                "narrative_words": edges.narrative_words,
                "roundup": judged.roundup[edges.a] | judged.roundup[edges.b],
                "passages": passages,
            }
        )

    def families_table(self) -> pa.Table:
        """One row a family of two or more, by id."""
        related = self._related()
        judged = self._judged
        agencies = judged.candidates.agencies
        rows = []
        for first, members in self._members.items():
            canonical = int(judged.canonical[first])
            times = [t for t in judged.candidates.published[members].tolist() if t != NEVER]
            rows.append(
                {
                    "id": self._family_ids[first],
                    "canonical": self._ids[canonical],
                    "reason": self._reason(canonical, members),
                    "earliest": self._ids[first],
                    "members": list(self._ids[members]),
                    "size": len(members),
                    "sources": _distinct(judged.candidates.source[m].as_py() for m in members),
                    "agencies": _distinct(name for m in members for name in agencies[m].as_py()),
                    "first_published": moment(min(times)) if times else None,
                    "last_published": moment(max(times)) if times else None,
                    "related": related.get(first, []),
                }
            )
        return pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["id"])), schema=FAMILIES)

    def _related(self) -> dict[int, list[dict[str, Any]]]:
        """Other families each family shares text with: the strongest relation and the most words."""
        judged, edges = self._judged, self._judged.edges
        found: dict[int, dict[int, tuple[int, int]]] = {}
        one, two = judged.family[edges.a].tolist(), judged.family[edges.b].tolist()
        for a, b, kind, words in zip(one, two, edges.kind.tolist(), edges.shared_words.tolist(), strict=True):
            if a == b or a not in self._members or b not in self._members:
                continue
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

    def diffs(self) -> Iterator[dict[str, Any]]:
        """The change from canonical to variant, for every variant; in the order of the input."""
        judged = self._judged
        number = np.empty(len(self), np.int64)
        number[judged.order] = np.arange(len(self))
        texts = self.documents.column("text")
        for row, variant in enumerate(number.tolist()):
            canonical = int(judged.canonical[variant])
            if canonical == variant:
                continue
            before, after = texts[int(judged.order[canonical])].as_py(), texts[row].as_py()
            yield {
                "family": self._family_ids[int(judged.family[variant])],
                "canonical": self._ids[canonical],
                "variant": self._ids[variant],
                "operations": diff(before, after).as_json(),
            }

    def kept(self) -> NDArray[np.bool_]:
        """Which input rows are canonical or alone: the deduplicated corpus, bool[n]."""
        keep = np.zeros(len(self), bool)
        keep[self._judged.order[self._judged.canonical == np.arange(len(self))]] = True
        return keep


RELATED = pa.struct([("family", pa.string()), ("relation", pa.string()), ("shared_words", pa.int64())])

FAMILIES = pa.schema(
    [
        ("id", pa.string()),
        ("canonical", pa.string()),
        ("reason", pa.string()),
        ("earliest", pa.string()),
        ("members", pa.list_(pa.string())),
        ("size", pa.int64()),
        ("sources", pa.list_(pa.string())),
        ("agencies", pa.list_(pa.string())),
        ("first_published", pa.timestamp("us", "UTC")),
        ("last_published", pa.timestamp("us", "UTC")),
        ("related", pa.list_(RELATED)),
    ]
)


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
