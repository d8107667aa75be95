"""What the report says, from the files of a run."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh64_hexdigest

from dedup.boilerplate import strip
from dedup.lineage import agree, read_words
from dedup.model import Document, Kind, Passage, Relation, RelationKind
from dedup.report.tables import Tables, read_diffs, read_records
from dedup.tokens import byte_to_char, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["BUDGET", "LARGEST", "Contents", "Lineage", "find_parents"]

LARGEST = 20_000
"""Families shown."""

BUDGET = 40_000_000
"""Bytes of canonical texts and diffs put into the page."""

VERSIONS = 20
"""Variants of a family whose diffs are put into the page, in order of time."""

CHUNK = 50
"""Families of one chunk of data, which the page decodes when one of them is opened."""

HEADLINE = 120
"""Characters of a text that stand for a missing title."""

HEAD = 1000
"""Characters of a text that are looked at for them."""

JOINING = [RelationKind.EXACT.value, RelationKind.NEAR.value, RelationKind.VERSION.value]
_BASE = re.compile(rb'"op": ?"base", ?"length": ?(\d+), ?"hash": ?"([0-9a-f]{16})"')
_KINDS = list(Kind)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The most likely parent of each document: the rule of :func:`dedup.lineage.trace`, for all at once.

    Attributes:
        parent: int64[n], row of the parent, -1 where there is none.
        shared: int64[n], words shared with it.
        added: int64[n], words it does not have.
        dropped: int64[n], words of its own that are gone.
    """

    parent: NDArray[np.int64]
    shared: NDArray[np.int64]
    added: NDArray[np.int64]
    dropped: NDArray[np.int64]


def find_parents(tables: Tables) -> Lineage:
    """The parent of every document that is in a family."""
    n, place = len(tables.documents), tables.place
    later = place[tables.a] > place[tables.b]
    child, parent = np.where(later, tables.a, tables.b), np.where(later, tables.b, tables.a)
    shared, of_a, of_b = (
        tables.relations[name].to_numpy() for name in ("shared_words", "coverage_a", "coverage_b")
    )
    added = _outside(shared, np.where(later, of_a, of_b))
    dropped = _outside(shared, np.where(later, of_b, of_a))
    order = np.lexsort((-place[parent], added + dropped, -shared, child))
    order = order[shared[order] > 0]
    best = order[np.unique(child[order], return_index=True)[1]]
    columns = [np.full(n, -1)] + [np.zeros(n, np.int64) for _ in range(3)]
    for column, values in zip(columns, (parent, shared, added, dropped), strict=True):
        column[child[best]] = values[best]
    return Lineage(*columns)


def _outside(shared: NDArray[np.int64], coverage: NDArray[np.float64]) -> NDArray[np.int64]:
    """Words of a document that it does not share, where it shares any."""
    words = np.round(shared / np.where(coverage > 0, coverage, 1)).astype(np.int64)
    return np.where(coverage > 0, words - shared, 0)


class Contents:
    """Everything the page shows.

    Args:
        tables: Of the run.
        folder: Where its ``diffs`` and ``canonical.jsonl`` are. The diffs know length and hash of each
            canonical text, so that it is found in its record whatever the field's name is.
        largest: Families shown.
        budget: Bytes of texts and diffs; families get theirs largest first, while there is room.
    """

    def __init__(self, tables: Tables, folder: Path, *, largest: int = LARGEST, budget: int = BUDGET) -> None:
        self._tables = tables
        self._folder = folder
        by = [("size", "descending"), ("id", "ascending")]
        order = pc.sort_indices(tables.families, sort_keys=by)
        self._shown = tables.families.take(order[:largest]).to_pylist()
        self._hidden = tables.families["size"].take(order[largest:]).to_pylist()
        # only what is shown becomes Python objects: of a million documents the rest would take a gigabyte
        chosen = np.flatnonzero(np.isin(tables.family, order[:largest].to_numpy()))
        shown = _rows(tables.documents.take(pa.array(chosen)))
        self._rows = dict(zip(chosen.tolist(), shown, strict=True))
        self._row_of = {row["id"]: number for number, row in self._rows.items()}
        self._lineage = find_parents(tables)
        self._sources = sorted(filter(None, pc.unique(tables.documents["source"]).to_pylist()))
        agencies = pc.list_flatten(tables.documents["agencies"])
        self._agencies = sorted(filter(None, pc.unique(agencies).to_pylist()))
        self._source_number = {name: number for number, name in enumerate(self._sources)}
        self._agency_number = {name: number for number, name in enumerate(self._agencies)}
        self._read_bases(budget)

    def _read_bases(self, budget: int) -> None:
        """Which canonical texts belong to which family, and which families have room for theirs."""
        wanted = {family["id"]: number for number, family in enumerate(self._shown)}
        cost: Counter[int] = Counter()
        bases: dict[int, tuple[int, str]] = {}
        for identity, variant, operations in read_diffs(self._folder):
            number = wanted.get(identity, -1)
            early = number >= 0 and self._early[self._row_of[variant]]
            found = _BASE.search(operations, 0, 200) if early else None
            if found:
                if number not in bases:
                    bases[number] = int(found[1]), found[2].decode()
                    cost[number] = int(found[1])
                cost[number] += len(operations)
        self._with_text = set()
        for number in sorted(bases):
            if cost[number] <= budget:
                budget -= cost[number]
                self._with_text.add(number)
        self._texts = self._find_texts(bases)
        self._with_text &= {number for number, text in self._texts.items() if text is not None}

    @cached_property
    def _early(self) -> NDArray[np.bool_]:
        """Documents whose text is shown, if their family has room for texts: bool[n]."""
        tables = self._tables
        ids = tables.documents["id"].combine_chunks()
        rows = np.asarray(pc.index_in(tables.families["canonical"].combine_chunks(), ids))
        canonical = tables.place[rows][tables.family]
        early = tables.place - (tables.place > canonical) < VERSIONS
        return np.asarray(early | (tables.place == canonical))

    def _find_texts(self, bases: dict[int, tuple[int, str]]) -> dict[int, str]:
        """Canonical texts, by family; of those without room only the beginning."""
        lengths = {length for length, _ in bases.values()}
        families = defaultdict(list)
        for number, (_, digest) in bases.items():
            families[digest].append(number)
        texts: dict[int, str] = {}
        for record in read_records(self._folder):
            for value in record.values():
                if isinstance(value, str) and len(value) in lengths:
                    for number in families.get(xxh64_hexdigest(value.encode("utf-8", "surrogatepass")), ()):
                        texts[number] = value if number in self._with_text else value[:HEAD]
        return texts

    # --- the whole

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts and dates for the first screen."""
        counts = self._tables.run.get("counts", {})
        families = len(self._shown) + len(self._hidden)
        documents = self._tables.documents
        copied = pc.multiply(documents["words"].cast(pa.float64()), documents["coverage"])
        return {
            **self._tables.totals,
            "families": families,
            "variants": len(documents) - families,
            "copied_words": round(pc.sum(copied).as_py() or 0),
            "duplicates": counts.get("duplicates", 0),
            "rejects": sum(counts.get("rejects", {}).values()),
            "hidden_families": len(self._hidden),
            "hidden_documents": sum(self._hidden),
            "without_text": len(self._shown) - len(self._with_text),
            "shown": len(self._shown),
            "version": self._tables.run.get("version"),
            "policy": self._tables.run.get("settings", {}).get("policy"),
        }

    def flows(self) -> Counter[tuple[str, str]]:
        """Articles of the second source that most likely came from an article of the first."""
        names = self._tables.documents["source"].combine_chunks().dictionary_encode()
        known = [*names.dictionary.to_pylist(), None]
        code = names.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        child = np.flatnonzero(self._lineage.parent >= 0)
        keys = code[self._lineage.parent[child]] << 32 | code[child]
        # in the order of the documents, by which a Counter settles ties
        flows, first, count = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        found: Counter[tuple[str, str]] = Counter()
        for flow, size in zip(flows[order].tolist(), count[order].tolist(), strict=True):
            source, target = known[flow >> 32], known[flow & 0xFFFFFFFF]
            if source and target:
                found[source, target] = size
        return found

    def times(self) -> tuple[list[int], list[int]]:
        """Seconds since the epoch of the first version of each family, and of every later one."""
        times = pc.divide(self._tables.documents["published"].cast(pa.int64()), 1_000_000)
        dated = times.is_valid().to_numpy() & (self._tables.family >= 0)
        seconds = times.fill_null(0).to_numpy()[dated]
        earliest = self._tables.place[dated] == 0
        return seconds[earliest].tolist(), seconds[~earliest].tolist()

    # --- families

    def index(self) -> dict[str, Any]:
        """What search and filters need of every family shown, in columns."""
        columns: dict[str, list[Any]] = defaultdict(list)
        titles = self._titles()
        for number, family in enumerate(self._shown):
            rows = [self._rows[self._row_of[member]] for member in family["members"]]
            own = self._rows[self._row_of[family["canonical"]]]
            times = [row["time"] for row in rows if row["time"] is not None]
            columns["id"].append(family["id"])
            columns["title"].append(titles[number])
            columns["size"].append(len(rows))
            columns["words"].append(own["words"] or 0)
            columns["first"].append(min(times, default=None))
            columns["last"].append(max(times, default=None))
            columns["sources"].append(self._numbers(self._source_number, (row["source"] for row in rows)))
            agencies = (name for row in rows for name in row["agencies"] or ())
            columns["agencies"].append(self._numbers(self._agency_number, agencies))
            kinds = {row["relation"] for row in rows}
            columns["relations"].append(sum(1 << bit for bit, kind in enumerate(JOINING) if kind in kinds))
        return {
            "sources": self._sources,
            "agencies": self._agencies,
            "relations": JOINING,
            "kinds": [kind.value for kind in _KINDS],
            "chunk": CHUNK,
            "families": dict(columns),
        }

    def _titles(self) -> list[str]:
        """Headlines; where there is none the beginning of the article, at worst the id."""
        rows = [self._rows[self._row_of[family["canonical"]]] for family in self._shown]
        titles = [row["title"] or "" for row in rows]
        untitled = [n for n, title in enumerate(titles) if not title.strip() and n in self._texts]
        heads = [Document(rows[n]["id"], self._texts[n][:HEAD]) for n in untitled]
        for number, head, removed in zip(untitled, heads, _removed(heads) if heads else (), strict=True):
            kept, at = [], 0
            for start, end in zip(removed[::3], removed[1::3], strict=True):
                kept.append(head.text[at:start])
                at = end
            body = " ".join("".join([*kept, head.text[at:]]).split()) or " ".join(head.text.split())
            titles[number] = body if len(body) <= HEADLINE else f"{body[:HEADLINE].rsplit(' ', 1)[0]} …"
        return [title or str(row["id"]) for title, row in zip(titles, rows, strict=True)]

    @staticmethod
    def _numbers(numbers: dict[str, int], names: Any) -> list[int]:
        return list(dict.fromkeys(numbers[name] for name in names if name))

    def chunks(self) -> Iterator[list[dict[str, Any]]]:
        """Families in full, some at a time, in the order of the index."""
        step = 20 * CHUNK
        for start in range(0, len(self._shown), step):
            numbers = range(start, min(start + step, len(self._shown)))
            families = [self._members(self._shown[number]) for number in numbers]
            self._add_texts([(n, families[n - start]) for n in numbers if n in self._with_text])
            for first in range(0, len(families), CHUNK):
                yield families[first : first + CHUNK]

    def _members(self, family: dict[str, Any]) -> dict[str, Any]:
        places = {self._row_of[member]: place for place, member in enumerate(family["members"])}
        lineage = self._lineage
        members = []
        for row in places:
            own = self._rows[row]
            parent = places.get(int(lineage.parent[row]), -1)
            members.append(
                [
                    own["id"],
                    own["title"],
                    self._source_number.get(own["source"], -1),
                    own["time"],
                    own["url"],
                    own["relation"],
                    _percent(own["coverage"]),
                    _percent(own["canonical_coverage"]),
                    own["words"],
                    parent,
                    *(int(column[row]) for column in (lineage.shared, lineage.added, lineage.dropped)),
                ]
            )
        return {
            "canonical": places[self._row_of[family["canonical"]]],
            "reason": family["reason"],
            "related": [[r["family"], r["relation"], r["shared_words"]] for r in family["related"] or ()],
            "members": members,
        }

    # --- texts

    def _add_texts(self, families: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Add texts, diffs, boilerplate and agreed text to families, all of them at once."""
        wanted = {self._shown[number]["id"]: number for number, _ in families}
        operations: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
        for identity, variant, raw in self._diffs_of(wanted):
            operations[wanted[identity]][variant] = orjson.loads(raw)
        documents: list[list[Document]] = []
        for number, _ in families:
            documents.append(list(self._documents(number, operations[number])))
        flat = [document for family in documents for document in family]
        if not flat:
            return
        removed = iter(_removed(flat))
        words = iter(read_words([document.text for document in flat]))
        relations = self._relations(wanted)
        for (number, family), members in zip(families, documents, strict=True):
            everyone = self._shown[number]["members"]
            places = {identity: place for place, identity in enumerate(everyone)}
            known = {document.id: next(removed) for document in members}
            family["text"] = self._texts[number]
            family["removed"] = [known.get(identity) for identity in everyone]
            family["edits"] = [operations[number].get(identity, [None])[1:] or None for identity in everyone]
            agreed = agree(members, relations[self._shown[number]["id"]], [next(words) for _ in members])
            family["agreed"] = [
                [
                    places[passage.document],
                    passage.document_start,
                    passage.document_end,
                    int(agreed.text[max(0, passage.start - 1) : passage.start] in ("", "\n")),
                    passage.sources,
                    [places[witness] for witness in passage.witnesses],
                ]
                for passage in agreed.passages
            ]

    @cached_property
    def _diff_lines(self) -> dict[str, list[tuple[str, bytes]]]:
        """Diffs of the families with texts; no more than the budget."""
        wanted = {self._shown[number]["id"] for number in self._with_text}
        found: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for identity, variant, raw in read_diffs(self._folder):
            if identity in wanted and self._early[self._row_of[variant]]:
                found[identity].append((variant, raw))
        return found

    def _diffs_of(self, wanted: dict[str, int]) -> Iterator[tuple[str, str, bytes]]:
        for identity in wanted:
            for variant, raw in self._diff_lines.pop(identity, ()):
                yield identity, variant, raw

    def _documents(self, number: int, operations: dict[str, list[dict[str, Any]]]) -> Iterator[Document]:
        """The members whose texts are shown, in order of time."""
        family, text = self._shown[number], self._texts[number]
        for member in family["members"]:
            row = self._rows[self._row_of[member]]
            if member == family["canonical"]:
                yield Document(member, text, title=row["title"], source=row["source"])
            elif member in operations:
                made = _applied(operations[member], text)
                yield Document(member, made, title=row["title"], source=row["source"])

    @cached_property
    def _relation_rows(self) -> NDArray[np.int64]:
        """Rows of the relations, ordered by family: int64."""
        return np.argsort(self._tables.family[self._tables.a], kind="stable")

    def _relations(self, wanted: dict[str, int]) -> dict[str, list[Relation]]:
        tables = self._tables
        ordered = tables.family[tables.a][self._relation_rows]
        canonical = [self._row_of[self._shown[number]["canonical"]] for number in wanted.values()]
        rows = [
            np.arange(*np.searchsorted(ordered, [family, family + 1])) for family in tables.family[canonical]
        ]
        chosen = self._relation_rows[np.concatenate(rows)] if rows else np.empty(0, np.int64)
        chosen = chosen[self._early[tables.a[chosen]] & self._early[tables.b[chosen]]]
        names = tables.documents["family"]
        found: dict[str, list[Relation]] = defaultdict(list)
        for a, row in zip(tables.a[chosen].tolist(), tables.relations.take(chosen).to_pylist(), strict=True):
            row["relation"] = RelationKind(row["relation"])
            row["passages"] = tuple(Passage(**passage) for passage in row["passages"])
            found[names[a].as_py()].append(Relation(**row))
        return found


def _applied(operations: list[dict[str, Any]], base: str) -> str:
    """The variant. The base is known by its hash, so that ``Diff.from_json`` need not check all again."""
    steps = (step for operation in operations for step in operation.get("edits", (operation,)))
    return "".join(
        base[slice(*step["a"])] if step["op"] in ("equal", "move") else step.get("text", "") for step in steps
    )


def _rows(documents: pa.Table) -> list[dict[str, Any]]:
    """Documents, with their time in seconds since the epoch."""
    micros = documents["published"].cast(pa.int64())
    table = documents.append_column("time", pc.divide(micros, 1_000_000))
    return list(table.drop_columns(["published"]).to_pylist())


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 1)


def _removed(documents: Sequence[Document]) -> list[list[int]]:
    """Boilerplate of each document: start, end and number of the kind, flat."""
    batch = pa.record_batch(
        {
            "text": pa.array([document.text for document in documents], pa.large_string()),
            "title": pa.array([document.title for document in documents], pa.string()),
            "source": pa.array([document.source for document in documents], pa.string()),
        }
    )
    stripped = strip(tokenize(batch.column("text")), batch)
    found = []
    for number, document in enumerate(documents):
        span = slice(int(stripped.removed_offsets[number]), int(stripped.removed_offsets[number + 1]))
        places = np.stack([stripped.removed_start[span], stripped.removed_end[span]], axis=1).astype(np.int64)
        if not document.text.isascii():
            places = byte_to_char(document.text.encode(), places)
        rows = np.column_stack([places, stripped.removed_kind[span]])
        found.append([int(value) for value in rows.ravel()])
    return found
