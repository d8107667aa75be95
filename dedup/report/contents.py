"""What the report says, from the files of a run."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh64_hexdigest

from dedup.agreed import COPIES, Shared, agree_on, find_runs, read_words
from dedup.boilerplate import strip
from dedup.columns import take_rows
from dedup.headlines import HEAD, headlines
from dedup.lineage import find_parents
from dedup.model import Document, Kind, RelationKind
from dedup.ragged import owners, running
from dedup.report.files import RunTables, expect, read_diffs, read_records
from dedup.texts import times_of
from dedup.tokens import to_characters, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dedup.agreed import AgreedText
    from dedup.boilerplate import Recurring
    from dedup.lineage import Parents
    from dedup.tokens import Tokens

__all__ = ["BUDGET", "LARGEST", "Contents", "parents_of", "short_form"]

LARGEST = 20_000
"""Families shown."""

BUDGET = 40_000_000
"""Bytes of canonical texts and diffs put into the page."""

VERSIONS = 20
"""Variants of a family whose diffs are put into the page, in order of time."""

CHUNK = 50
"""Families of one chunk of data, which the page decodes when one of them is opened."""

STEP = 4 * CHUNK
"""Families whose texts are looked at together."""

JOINING = [kind.value for kind in RelationKind if kind.joins]
_BASE = re.compile(rb'"op": ?"base", ?"length": ?(\d+), ?"hash": ?"([0-9a-f]{16})"')


def parents_of(tables: RunTables) -> Parents:
    """The parent of every document that is in a family."""
    rows = tables.inside
    names = ("shared_words", "coverage_a", "coverage_b")
    columns = (tables.relations[name].to_numpy()[rows] for name in names)
    published = times_of(tables.documents["published"])
    credited = pc.list_value_length(tables.documents["agencies"]).fill_null(0).to_numpy() > 0
    return find_parents(tables.place, published, credited, tables.a[rows], tables.b[rows], *columns)


class Contents:
    """Everything the page shows. Families and documents are numbered as in the tables.

    Args:
        tables: Of the run.
        folder: Where its ``diffs`` and ``canonical.jsonl`` are. The diffs know length and hash of each
            canonical text, so that it is found in its record whatever the field's name is.
        largest: Families shown.
        budget: Bytes of texts and diffs; families get theirs largest first, while there is room.
    """

    def __init__(
        self, tables: RunTables, folder: Path, *, largest: int = LARGEST, budget: int = BUDGET
    ) -> None:
        self._tables = tables
        self._folder = folder
        self._shown = min(largest, len(tables.families))
        self._documents = tables.documents.slice(0, int(tables.first[self._shown]))
        self._ids = self._documents["id"].to_pylist()
        self._lineage = parents_of(tables)
        self._sources = _names(tables.documents["source"])
        self._agencies = _names(pc.list_flatten(tables.documents["agencies"]))
        self._read_operations(budget)
        self._read_texts()
        self._pairs = self._find_pairs()

    def _read_operations(self, budget: int) -> None:
        """Read the diffs shown, by their variants, and what is known of each family's canonical text.

        Twice: which families get room is known only at the end, and all may be more than memory holds.
        """
        self._bases: dict[int, tuple[int, str]] = {}
        cost: Counter[int] = Counter()
        for family, _, operations in self._diffs():
            found = _BASE.search(operations, 0, 200)
            if found and family not in self._bases:
                self._bases[family] = int(found[1]), found[2].decode()
                cost[family] += int(found[1])
            cost[family] += len(operations)
        self._with_text: set[int] = set()
        for family in sorted(self._bases):
            if cost[family] <= budget:
                budget -= cost[family]
                self._with_text.add(family)
        self._operations = {
            variant: operations for family, variant, operations in self._diffs() if family in self._with_text
        }

    def _diffs(self) -> Iterator[tuple[int, int, bytes]]:
        """Family, variant and operations of the diffs there may be room for."""
        number = {identity: n for n, identity in enumerate(self._ids)}
        family, early = self._tables.family.tolist(), self._early.tolist()
        found = 0
        for identity, operations in read_diffs(self._folder):
            found += 1
            variant = number.get(identity, -1)
            if variant >= 0 and early[variant]:
                yield family[variant], variant, operations
        expect(self._folder, "diffs", found, len(family) - len(self._tables.families))

    @cached_property
    def _early(self) -> NDArray[np.bool_]:
        """Documents whose text is shown, if their family has room for texts: bool[n]."""
        place = self._tables.place
        canonical = place[self._tables.canonical][self._tables.family]
        return np.asarray((place - (place > canonical) < VERSIONS) | (place == canonical))

    def _read_texts(self) -> None:
        """Read canonical texts, by family: those shown, and the beginning of those without a title."""
        untitled = [
            family for family, title in enumerate(self._canonical("title")) if not (title or "").strip()
        ]
        wanted = defaultdict(list)
        for family in self._with_text.union(untitled).intersection(self._bases):
            wanted[self._bases[family]].append(family)
        lengths = {length for length, _ in wanted}
        self._texts: dict[int, str] = {}
        found = 0
        for record in read_records(self._folder):
            found += 1
            for value in record.values():
                if isinstance(value, str) and len(value) in lengths:
                    digest = xxh64_hexdigest(value.encode("utf-8", "surrogatepass"))
                    for family in wanted.get((len(value), digest), ()):
                        self._texts[family] = value if family in self._with_text else value[:HEAD]
        copies = len(self._tables.documents) - len(self._tables.families)
        expect(self._folder, "canonical", found, self._tables.totals["documents"] - copies)
        self._with_text &= self._texts.keys()

    def _canonical(self, column: str) -> list[Any]:
        """A column's values of the canonical documents of the families shown."""
        rows = pa.array(self._tables.canonical[: self._shown])
        return list(self._documents[column].take(rows).to_pylist())

    # --- the whole

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts and dates for the first screen."""
        counts = self._tables.run.get("counts", {})
        families, documents = len(self._tables.families), self._tables.documents
        copied = pc.multiply(documents["words"].cast(pa.float64()), documents["coverage"])
        return {
            **self._tables.totals,
            "families": families,
            "variants": len(documents) - families,
            "copied_words": round(pc.sum(copied).as_py() or 0),
            "duplicates": counts.get("duplicates", 0),
            "rejects": sum(counts.get("rejects", {}).values()),
            "hidden_families": families - self._shown,
            "hidden_documents": len(documents) - len(self._documents),
            "without_text": self._shown - len(self._with_text),
            "shown": self._shown,
            "version": self._tables.run.get("version"),
            "policy": self._tables.run.get("settings", {}).get("policy"),
        }

    def flows(self) -> Counter[tuple[str, str]]:
        """Articles of the second source that most likely came from an article of the first."""
        source = _numbers(self._tables.documents["source"], self._sources)
        child = np.flatnonzero(self._lineage.parent >= 0)
        pairs = np.stack([source[self._lineage.parent[child]], source[child]], axis=1)
        flows, counts = np.unique(pairs[(pairs >= 0).all(axis=1)], axis=0, return_counts=True)
        names = self._sources
        return Counter(
            {(names[a], names[b]): n for (a, b), n in zip(flows.tolist(), counts.tolist(), strict=True)}
        )

    def times(self) -> tuple[list[int], list[int]]:
        """Seconds since the epoch of the first version of each family, and of every later one."""
        times = _seconds(self._tables.documents["published"])
        dated = times.is_valid().to_numpy()
        seconds = times.fill_null(0).to_numpy()[dated]
        earliest = self._tables.place[dated] == 0
        return seconds[earliest].tolist(), seconds[~earliest].tolist()

    # --- families

    def index(self) -> dict[str, Any]:
        """What search and filters need of every family shown, in columns."""
        families, first = self._tables.families.slice(0, self._shown), self._tables.first[: self._shown]
        kinds = _numbers(self._documents["relation"], JOINING)
        bits = np.where(kinds < 0, 0, 1 << np.maximum(kinds, 0))
        columns = {
            "id": families["id"].to_pylist(),
            "title": self._titles(),
            "size": families["size"].to_pylist(),
            "words": [words or 0 for words in self._canonical("words")],
            "first": _seconds(families["first_published"]).to_pylist(),
            "last": _seconds(families["last_published"]).to_pylist(),
            "sources": _numbered(families["sources"], self._sources),
            "agencies": _numbered(families["agencies"], self._agencies),
            "relations": np.bitwise_or.reduceat(bits, first).tolist() if len(first) else [],
        }
        return {
            "sources": self._sources,
            "agencies": self._agencies,
            "relations": JOINING,
            "kinds": [kind.value for kind in Kind],
            "chunk": CHUNK,
            "families": columns,
        }

    def _titles(self) -> list[str]:
        columns = zip(*(self._canonical(name) for name in ("id", "title")), strict=True)
        return headlines(
            [Document(name, self._texts.get(n, ""), title) for n, (name, title) in enumerate(columns)]
        )

    def chunks(self) -> Iterator[list[dict[str, Any]]]:
        """Families in full, some at a time, in the order of the index."""
        for start in range(0, self._shown, STEP):
            families = self._without_texts(start, min(start + STEP, self._shown))
            shown = [n for n in range(start, start + len(families)) if n in self._with_text]
            if shown:
                self._add_texts(shown, [families[n - start] for n in shown])
            for first in range(0, len(families), CHUNK):
                yield families[first : first + CHUNK]

    def _without_texts(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Some families in a row, with all their members."""
        tables = self._tables
        low, high = int(tables.first[start]), int(tables.first[stop])
        documents, lineage = tables.documents.slice(low, high - low), self._lineage
        parent = lineage.parent[low:high]
        numbers = (lineage.shared, lineage.added, lineage.dropped)
        rows = zip(
            self._ids[low:high],
            documents["title"].to_pylist(),
            _numbers(documents["source"], self._sources).tolist(),
            _seconds(documents["published"]).to_pylist(),
            documents["url"].to_pylist(),
            documents["relation"].to_pylist(),
            map(_percent, documents["coverage"].to_pylist()),
            map(_percent, documents["canonical_coverage"].to_pylist()),
            documents["words"].to_pylist(),
            np.where(parent < 0, -1, tables.place[parent]).tolist(),
            *(column[low:high].tolist() for column in numbers),
            documents["language"].to_pylist(),
            strict=True,
        )
        members = list(rows)
        families = tables.families.slice(start, stop - start).select(["reason", "related"]).to_pylist()
        bounds = (tables.first[start : stop + 1] - low).tolist()
        canonical = tables.place[tables.canonical[start:stop]].tolist()
        return [
            {
                "canonical": canonical[n],
                "reason": family["reason"],
                "related": [[r["family"], r["relation"], r["shared_words"]] for r in family["related"] or ()],
                "members": members[bounds[n] : bounds[n + 1]],
            }
            for n, family in enumerate(families)
        ]

    # --- texts

    def _add_texts(self, numbers: Sequence[int], families: Sequence[dict[str, Any]]) -> None:
        """Add texts, diffs, boilerplate and agreed text to families, all of them at once."""
        tables = self._tables
        rows: list[int] = []  # of the documents with texts
        documents: list[Document] = []
        edits: list[list[Any]] = []
        bounds = [0]
        for number, family in zip(numbers, families, strict=True):
            edits.append([None] * len(family["members"]))
            for place, (identity, title, source, *_) in enumerate(family["members"]):
                row = int(tables.first[number]) + place
                operations = orjson.loads(self._operations.pop(row, b"[]"))[1:]
                if operations or row == tables.canonical[number]:
                    edits[-1][place] = short_form(operations) or None
                    text = _applied(operations, self._texts[number]) if operations else self._texts[number]
                    name = self._sources[source] if source >= 0 else None
                    documents.append(Document(identity, text, title, name))
                    rows.append(row)
            bounds.append(len(rows))
        texts = pa.array([document.text for document in documents], pa.large_string())
        tokens = tokenize(texts)
        removed = _removed(tokens, texts, documents, tables.recurring)
        words = read_words(tokens, texts)
        pairs = np.searchsorted(tables.family[self._pairs.a], [*numbers, numbers[-1] + 1])
        shared = find_runs(words, self._pairs.of(pairs[0], pairs[-1], rows))
        pairs -= pairs[0]
        for n, (number, family) in enumerate(zip(numbers, families, strict=True)):
            low, high = bounds[n : n + 2]
            members = documents[low:high]
            own = words.of(low, high), shared.of(pairs[n], pairs[n + 1], range(low, high))
            places = [row - int(tables.first[number]) for row in rows[low:high]]
            spans = dict(zip(places, removed[low:high], strict=True))
            family["text"] = self._texts[number]
            if not all((member.title or "").strip() for member in members):
                names = dict(zip(places, headlines(members), strict=True))
                family["names"] = [names.get(place) for place in range(len(edits[n]))]
            family["removed"] = [spans.get(place) for place in range(len(edits[n]))]
            family["edits"] = edits[n]
            family["agreed"] = _passages(agree_on(members, *own), members, places)

    def _find_pairs(self) -> Shared:
        """Passages of documents with texts, by family; documents are rows of their table."""
        tables = self._tables
        shown = np.zeros(len(tables.documents), bool)
        shown[[*self._operations, *tables.canonical[list(self._with_text)]]] = True
        rows = tables.inside[shown[tables.a[tables.inside]] & shown[tables.b[tables.inside]]]
        rows = rows[np.argsort(tables.family[tables.a[rows]], kind="stable")]
        passages = take_rows(tables.relations["passages"], rows)
        copies = pc.is_in(take_rows(tables.relations["relation"], rows), pa.array(COPIES))
        return Shared(
            a=tables.a[rows],
            b=tables.b[rows],
            copies=np.asarray(copies),
            offsets=running(passages.value_lengths()),
            runs=np.column_stack(passages.flatten().flatten()),
        )


def _applied(operations: list[dict[str, Any]], base: str) -> str:
    """The variant. The base is known by its hash, so that ``Diff.from_json`` need not check all again."""
    steps = (step for operation in operations for step in operation.get("edits", (operation,)))
    return "".join(
        base[slice(*step["a"])] if step["op"] in ("equal", "move") else step.get("text", "") for step in steps
    )


def short_form(operations: list[dict[str, Any]], at: int = 0) -> list[Any]:
    """Operations as the page holds them, in a third of the room.

    A number of characters that are equal, or dropped where it is below zero; a string, added; a list, a move:
    first and last character of what moved, and operations within it, if any; null where something moved away.
    """
    moved = {step["a"][0]: step["a"][1] for step in operations if step["op"] == "move"}
    short: list[Any] = []
    for step in operations:
        start, end = step["a"]
        if step["op"] == "move":
            short.append([start, end, *([short_form(step["edits"], start)] if "edits" in step else ())])
            continue
        while at < start:
            short.append(None)
            at = moved[at]
        if start < end:
            short.append(end - start if step["op"] == "equal" else start - end)
        if "text" in step:
            short.append(step["text"])
        at = end
    return short


def _passages(agreed: AgreedText, members: Sequence[Document], places: Sequence[int]) -> list[list[Any]]:
    """An agreed text: document and characters of each passage, whether it opens a paragraph, witnesses."""
    place = {document.id: number for document, number in zip(members, places, strict=True)}
    return [
        [
            place[passage.document],
            passage.document_start,
            passage.document_end,
            int(agreed.text[max(0, passage.start - 1) : passage.start] in ("", "\n")),
            passage.sources,
            [place[witness] for witness in passage.witnesses],
        ]
        for passage in agreed.passages
    ]


def _names(column: pa.ChunkedArray) -> list[str]:
    """Names that occur, sorted."""
    return sorted(filter(None, pc.unique(column).to_pylist()))


def _numbers(column: pa.ChunkedArray, names: list[str]) -> NDArray[np.int64]:
    """Place of each value among names, -1 where it is none: int64[n]."""
    found = pc.index_in(column, pa.array(names, pa.string()))
    return np.asarray(found.fill_null(-1), np.int64)


def _numbered(lists: pa.ChunkedArray, names: list[str]) -> list[list[int]]:
    """The same of lists of names; what is none is left out."""
    number = {name: place for place, name in enumerate(names)}
    return [[number[name] for name in own or () if name in number] for own in lists.to_pylist()]


def _seconds(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Seconds since the epoch: int64."""
    return pc.divide(times.cast(pa.int64()), 1_000_000)


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 1)


def _removed(
    tokens: Tokens, texts: pa.Array, documents: Sequence[Document], recurring: Recurring | None
) -> list[list[int]]:
    """Boilerplate of each document: start, end and number of the kind, flat."""
    if recurring is None:
        return [[] for _ in documents]
    known = {
        name: pa.array([getattr(document, name) for document in documents], pa.string())
        for name in ("title", "source")
    }
    stripped = strip(tokens, pa.record_batch({"text": texts, **known}), recurring)
    bounds = stripped.removed_offsets
    document = owners(bounds)
    places = np.stack([stripped.removed_start, stripped.removed_end], axis=1)
    rows = np.column_stack([to_characters(texts, document, places), stripped.removed_kind]).ravel().tolist()
    return [rows[3 * low : 3 * high] for low, high in pairwise(bounds.tolist())]
