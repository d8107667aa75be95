"""What a run found: tables inside, dataclasses on access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import orjson
import pyarrow as pa

from dedup.agreed import AgreedText, agree
from dedup.config import check_format
from dedup.edits import Diff, diff
from dedup.errors import UsageError
from dedup.lineage import Step, trace
from dedup.model import Document, Passage, Relation, RelationKind
from dedup.passages import spans_of_tokens
from dedup.pipeline import compare_rows
from dedup.ragged import by_owner
from dedup.reasons import explain
from dedup.tables import Room, Tables
from dedup.texts import STOCK
from dedup.values import id_argument, int_argument

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dedup.boilerplate import Recurring
    from dedup.config import Settings
    from dedup.io import Reject
    from dedup.pipeline import Judged, Prepared
    from dedup.verdicts import Rule

__all__ = ["Family", "Result"]

Item = TypeVar("Item")

_DIFFS = 64  # made at once
_ROWS = 1024  # of a table read at once
_OF_FAMILIES = ["id", "reason", "earliest", "members", "sources", "agencies"]


@dataclass(frozen=True, slots=True)
class Family:
    """Versions of one article.

    Attributes:
        id: Hash of the first member's key; it does not change when later versions join.
        canonical: The version that stands for the family.
        variants: The others, earliest first, undated last.
        reason: Why the canonical was chosen, in words.
        earliest: Id of the earliest member that has a date; None where none has.
        members: Ids of all members, earliest first; undated last, in an order that says nothing of time.
        sources: Their sources, each once, in that order.
        agencies: Agencies that any of them names, each once.
    """

    id: str
    canonical: Document
    variants: tuple[Document, ...]
    reason: str
    earliest: str | None
    members: tuple[str, ...]
    sources: tuple[str, ...]
    agencies: tuple[str, ...]
    _credited: frozenset[str] = field(repr=False, compare=False)
    _relations: Callable[[], list[Relation]] = field(repr=False, compare=False)

    def __len__(self) -> int:
        """Members."""
        return len(self.members)

    @property
    def agreed_text(self) -> AgreedText:
        """Text of two or more outlets, most likely of one original, in the order of the fullest version."""
        return agree(self._in_order(), self._relations())

    @property
    def timeline(self) -> tuple[Step, ...]:
        """The versions in order of time, undated last; the likely parent of each, words added and dropped."""
        return trace(self._in_order(), self._relations(), self._credited)

    def _in_order(self) -> list[Document]:
        """All members, earliest first, undated last."""
        known = {document.id: document for document in (self.canonical, *self.variants)}
        return [known[identity] for identity in self.members]

    def diff(self, variant: str | int) -> Diff:
        """The change from the canonical version to another.

        Raises:
            UsageError: ``variant`` is not the id of one.
        """
        for document in self.variants:
            if document.id == id_argument(variant):
                return diff(self.canonical.text, document.text)
        raise UsageError(f"{variant!r} is no variant of family {self.id}")


class Result(Tables):
    """Documents, relations and families of a corpus.

    Attributes:
        documents: The input, one row a document, in the columns of the readers.
        settings: What the run was asked to do.
        recurring: Blocks that were learned to recur in a source; None where nothing was stripped or learned.
        duplicates: Records left out because the same id and record was there already.
        rejects: Records that could not be used.
        warnings: Records that stay although a date of theirs could not be read; and, without a line, fields
            that were renamed and that no record has.
        timings: Seconds each step took.
    """

    def __init__(
        self,
        documents: pa.Table,
        prepared: Prepared,
        judged: Judged,
        settings: Settings,
        *,
        recurring: Recurring | None = None,
        duplicates: int = 0,
        rejects: Sequence[Reject] = (),
        warnings: Sequence[Reject] = (),
        timings: Mapping[str, float] | None = None,
        room: Room | None = None,
    ) -> None:
        super().__init__(documents, prepared, judged, settings, room)
        self.recurring = recurring
        self.duplicates = duplicates
        self.rejects = tuple(rejects)
        self.warnings = tuple(warnings)
        self.timings = dict(timings or {})

    def __repr__(self) -> str:
        families, relations = len(self._firsts), len(self._judged.relations)
        return f"<Result: {len(self.documents):,} documents, {families:,} families, {relations:,} relations>"

    def __getstate__(self) -> dict[str, Any]:
        """What another process can use: the workspace stays. Relations are put together anew."""
        return {name: value for name, value in self.__dict__.items() if name != "relations"} | {"_room": None}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {identity: number for number, identity in enumerate(self._id_column.to_pylist())}

    # --- dataclasses

    @cached_property
    def relations(self) -> Sequence[Relation]:
        """Related pairs; exact and near copies are grouped, each paired with the first of its group only.

        Their table is kept with the result, some hundred bytes a pair; :meth:`relations_table` keeps nothing.
        """
        table = self.relations_table()
        return _Lazy(len(table), lambda low, high: map(_relation, table.slice(low, high - low).to_pylist()))

    @property
    def families(self) -> Sequence[Family]:
        """Families of two or more, by id; each is made when it is looked at."""
        return _Lazy(len(self._firsts), lambda low, high: self._families(self._firsts[low:high]))

    def largest_families(self, count: int) -> list[Family]:
        """The families with the most members; among equals, by id.

        Args:
            count: The most to give.

        Raises:
            UsageError: ``count`` is no whole number.
        """
        most = max(int_argument(count, "count"), 0)
        order = np.argsort(-self._size[self._firsts], kind="stable")
        return list(self._families(self._firsts[order[:most]]))

    def family(self, document: str | int) -> Family | None:
        """The family a document belongs to, None where it is alone.

        Raises:
            UsageError: There is no such document.
        """
        first = self._judged.family[[self._number(document)]]
        return next(self._families(first[self._size[first] > 1]), None)

    def document(self, identity: str | int) -> Document:
        """A document by its id.

        Raises:
            UsageError: There is no such document.
        """
        return self._document(self._number(identity))

    def relation(self, a: str | int, b: str | int) -> Relation:
        """How two documents are related, whether or not they were ever candidates; ``none`` is an answer.

        Raises:
            UsageError: There is no such document.
        """
        return self._compared(a, b)[0]

    def explain(self, a: str | int, b: str | int) -> str:
        """Why two documents are related so, or not at all: the rule that decided, in words.

        Raises:
            UsageError: There is no such document.
        """
        return explain(*self._compared(a, b), self.settings)

    def _compared(self, a: str | int, b: str | int) -> tuple[Relation, Rule]:
        low, high = sorted((self._number(a), self._number(b)))
        edges, rule = compare_rows(self._prepared, self._judged, low, high, self.settings)
        found = _relation(self._relation_rows(edges, self._places(edges)).to_pylist()[0])
        return found if found.a == id_argument(a) else _turned(found), rule

    def stock_spans(self, identity: str | int) -> list[tuple[int, int]]:
        """Places of a document that recur across time and stories, in characters of its raw text.

        Raises:
            UsageError: There is no such document.
        """
        number = self._number(identity)
        row, texts = int(self._judged.order[number]), self._judged.texts
        raw = slice(*self._prepared.raw_offsets[row : row + 2])
        own = slice(texts.start[number], texts.stop[number])
        stock = np.flatnonzero(self._prepared.body[raw])[texts.flags[own] & STOCK != 0]
        return spans_of_tokens(self._document(number).text, stock)

    def _number(self, identity: str | int) -> int:
        number = self._numbers.get(id_argument(identity) or "")
        if number is None:
            raise UsageError(f"no document with id {identity!r}")
        return number

    def _document(self, number: int) -> Document:
        return Document(**self._fields.slice(int(self._judged.order[number]), 1).to_pylist()[0])

    @cached_property
    def _fields(self) -> pa.Table:
        """The documents without what only the files have of them."""
        return self.documents.select(Document.__slots__)

    def _families(self, firsts: NDArray[np.int64]) -> Iterator[Family]:
        """Families by their first members."""
        rows = self._family_rows(firsts).select(_OF_FAMILIES).to_pylist() if len(firsts) else []
        for first, row in zip(firsts.tolist(), rows, strict=True):
            canonical = int(self._judged.canonical[first])
            credited = self._judged.versions.credited[self._members(first)].tolist()
            yield Family(
                id=row["id"],
                canonical=self._document(canonical),
                variants=tuple(self._document(m) for m in self._members(first).tolist() if m != canonical),
                reason=row["reason"],
                earliest=row["earliest"],
                members=tuple(row["members"]),
                sources=tuple(row["sources"]),
                agencies=tuple(row["agencies"]),
                _credited=frozenset(compress(row["members"], credited)),
                _relations=_Later(partial(self._relations_within, first)),
            )

    @cached_property
    def _edges_within(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the relations inside each family: int64[n + 1] by its first member, and the rows."""
        family, edges = self._judged.family, self._judged.relations
        inside = np.flatnonzero(family[edges.a] == family[edges.b])
        offsets, place = by_owner(family[edges.a[inside]], len(self))
        return offsets, inside[place]

    def _relations_within(self, first: int) -> list[Relation]:
        offsets, rows = self._edges_within
        edges = self._judged.relations.take(rows[offsets[first] : offsets[first + 1]])
        return [_relation(row) for row in self._relation_rows(edges, self._places(edges)).to_pylist()]

    def write(
        self,
        out: str | os.PathLike[str],
        *,
        format: str = "jsonl",  # noqa: A002
        force: bool = False,
        report: bool = True,
    ) -> None:
        """Write all files of a run to a folder, whole or not at all.

        Args:
            out: The folder; it is made.
            format: ``jsonl`` or ``parquet``, for the tables. ``canonical.jsonl`` keeps the records' own bytes
                either way.
            force: Replace an earlier result.
            report: Write ``report.html`` too.

        Raises:
            UsageError: Another format.
            OutputError: The folder exists and is not empty, or cannot be written; or the report cannot be
                made, and all else is there.
        """
        from dedup.io import OutputFolder
        from dedup.output import write_files  # the files know the result, not the other way round

        check_format(format)
        with OutputFolder(out, force=force) as folder:
            failure = write_files(self, folder / "", format=format, report=report)
        if failure:
            raise failure

    @property
    def cut(self) -> Sequence[tuple[str, str]]:
        """Pairs of versions that ended in different families, because a merge would not have held."""
        one, two = (self._id_column.take(pa.array(side)).to_pylist() for side in self._judged.cut.T)
        return list(zip(one, two, strict=True))

    @property
    def stock(self) -> int:
        """Shingles that are stock text; ``stock_fingerprints`` in ``run.json``."""
        return self._judged.stock

    @property
    def crowded(self) -> int:
        """Fingerprints that so many documents share that not all their pairs were looked at."""
        return self._judged.crowded

    def diffs(self) -> Iterator[dict[str, Any]]:
        """The change from canonical to variant, for every variant; in the order of the input."""
        changed = self.changed()
        for low in range(0, len(changed), _DIFFS):
            for row in self.diffs_table(changed[low : low + _DIFFS]).to_pylist():
                yield {**row, "operations": orjson.loads(row["operations"])}


class _Later:
    """Finds relations when it is called. A pickled copy has them found: it carries a list, not the result."""

    def __init__(self, find: Callable[[], list[Relation]]) -> None:
        self._find = find

    def __call__(self) -> list[Relation]:
        return self._find()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial, (list, self())


class _Lazy(Sequence[Item]):
    """Items that are made when they are looked at. A pickled copy has them made: it is a list.

    Args:
        count: How many there are.
        make: Makes those from one place to another.
    """

    def __init__(self, count: int, make: Callable[[int, int], Iterator[Item]]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<{len(self):,} items, each made when it is looked at>"  # they have texts

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | Sequence[Item]:
        if isinstance(place, slice):
            first, stop, step = place.indices(len(self))
            if step != 1:
                return [self[x] for x in range(first, stop, step)]
            return list(self._from(first, stop))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return next(self._make(place % len(self), place % len(self) + 1))

    def __iter__(self) -> Iterator[Item]:
        return self._from(0, len(self))

    def _from(self, first: int, stop: int) -> Iterator[Item]:
        """Items one after the other, made some at a time."""
        for low in range(first, stop, _ROWS):
            yield from self._make(low, min(low + _ROWS, stop))

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def _relation(row: dict[str, Any]) -> Relation:
    values = dict(row)
    values["relation"] = RelationKind(values["relation"])
    values["passages"] = tuple(Passage(**passage) for passage in values["passages"])
    return Relation(**values)


def _turned(relation: Relation) -> Relation:
    """The same relation, seen from the other document."""
    turned = (Passage(p.b_start, p.b_end, p.a_start, p.a_end) for p in relation.passages)
    return replace(
        relation,
        a=relation.b,
        b=relation.a,
        coverage_a=relation.coverage_b,
        coverage_b=relation.coverage_a,
        passages=tuple(sorted(turned, key=lambda passage: passage.a_start)),
    )
