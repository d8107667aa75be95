"""Placing one document among those that are stored: the stages of the pipeline for a batch of one.

Every decision is made by the function that makes it in a run (``verify``, ``find_roundups``, ``group``,
``choose``, …), on the few documents that it concerns: candidates, one connected component, one family. What
this module adds is which ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from dedup import kernels
from dedup.attestation import attested_words
from dedup.candidates import CROWD, LEADERS, Pairs, band_keys
from dedup.canonical import Candidates, choose
from dedup.families import PIECE, SUPPORT, find_roundups, group
from dedup.overlap import NEAR, NONE, PARTIAL, STOCK, VERSION, Edges, Texts, equal, verify
from dedup.ragged import gather
from dedup.shingles import roll
from dedup.signatures import permutations
from dedup.stock import LONG_RUN, UNDATED, long_runs
from dedup.storage.codec import JOINED
from dedup.storage.ledger import Change, Edge, Entry, Family, Ledger, microseconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.drafts import Draft
    from dedup.storage.segments import Postings

__all__ = [
    "LOW_BITS",
    "Grouped",
    "Placement",
    "Settlement",
    "candidates_of",
    "compare_entries",
    "family_id",
    "place",
    "posting_keys",
    "posting_limits",
    "settle",
    "settle_in_crowd",
    "texts_of",
    "to_edges",
    "to_rows",
]

MARKS, BANDS, LONG, COUNTS = range(4)
"""The lists of postings: fingerprints, bands, fingerprints of long runs, windows in which a shingle was
seen."""

LOW_BITS = (28, 28, 28, 16)
"""Bits of a document's number, or of a window, below the hash."""

MANY = 24
"""Members of a family from which on a further one joins it without all of it being judged again."""

_UNDATED_SALT = np.uint64(0x2545F4914F6C)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
DAY = 86_400 * 1_000_000


def posting_limits(settings: Settings) -> tuple[int, int, int, int]:
    """Numbers kept of one hash, by list; enough for every decision."""
    counts = max(CROWD, settings.stock_windows + LEADERS, min(settings.stock_documents, 4096) + LEADERS)
    return CROWD, CROWD, CROWD, counts


@dataclass(slots=True)
class Placement:
    """Where a document belongs: before families are looked at.

    Attributes:
        entry: With its leader and occurrence.
        flags: With stock marked.
        edges: Its verified pairs; of a copy, the one with its leader.
        keys: Its postings.
    """

    entry: Entry
    flags: NDArray[np.uint8]
    edges: list[Edge]
    keys: NDArray[np.uint64]


def family_id(entry: Entry) -> str:
    """Id of the family whose earliest member this is; the one a run gives."""
    first, second = int.from_bytes(entry.content[:8], "big"), int.from_bytes(entry.content[8:], "big")
    key = np.array([entry.time, first, second], np.uint64)
    return f"f{xxhash.xxh3_64_hexdigest(key.tobytes())}"


# --- one document among its candidates


def place(draft: Draft, ledger: Ledger, postings: Postings, settings: Settings) -> Placement:
    """Find what a document is a copy of, or which passages it shares with which documents."""
    entry = draft.entry
    # an exact copy of what isn't stock needs no look-up at all: one press release fifty thousand times
    same = [
        e
        for e in ledger.with_content(entry.content)
        if e.num != entry.num and e.leader >= 0 and e.bodiless == entry.bodiless
    ]
    if same and not entry.bodiless and not _stocky(entry, ledger.words([same[0].num])[same[0].num][1]):
        return _copy(draft, draft.flags, min(same, key=lambda e: e.key), ledger, settings, _NO_KEYS)
    if entry.bodiless:
        if same:
            return _copy(draft, draft.flags, min(same, key=lambda e: e.key), ledger, settings, _NO_KEYS)
        return Placement(entry, draft.flags, [], _NO_KEYS)

    look = _LookUp(draft, postings, settings)
    entry = look.occur(ledger)
    flags, stock = look.stock()
    if same and _stocky(entry, flags):
        same = [e for e in same if e.published is not None and e.published // DAY == entry.time // DAY]
    if same:
        return _copy(
            replace(draft, entry=entry), flags, min(same, key=lambda e: e.key), ledger, settings, _NO_KEYS
        )

    near = look.near(ledger)
    shared = look.sharing(flags, stock)
    entries = near | {num: e for num, e in ledger.entries(shared - near.keys()).items() if e.num == e.leader}
    entries.pop(entry.num, None)
    if not entries:
        return Placement(entry, flags, [], look.lists.keys(entry))
    words = ledger.words(entries)
    pairs = _Among(replace(draft, entry=entry), flags, entries, words, stock, settings)

    leader = pairs.leader(near, ledger)
    if leader is not None:
        edge = pairs.edge(leader)
        entry = entry._replace(leader=leader)
        keys = posting_keys(entry, draft.hash, draft.marks, draft.signature, settings)
        return Placement(entry, flags, [edge], keys)
    edges = [edge for edge in pairs.edges(shared & entries.keys()) if edge.kind != NONE]
    return Placement(entry, flags, edges, look.lists.keys(entry))


def _stocky(entry: Entry, flags: NDArray[np.uint8]) -> bool:
    """Dated, and mostly stock: a notice in the words of every week."""
    return entry.published is not None and bool(2 * np.count_nonzero(flags & STOCK == 0) < len(flags))


def _copy(
    draft: Draft,
    flags: NDArray[np.uint8],
    same: Entry,
    ledger: Ledger,
    settings: Settings,
    keys: NDArray[np.uint64],
) -> Placement:
    """An exact copy, collapsed to the leader of the document it equals."""
    entry = draft.entry._replace(leader=same.leader, occurrence=same.occurrence, in_window=same.in_window)
    leader = ledger.entries([same.leader])[same.leader]
    pairs = _Among(
        replace(draft, entry=entry), flags, {leader.num: leader}, ledger.words([leader.num]), None, settings
    )
    return Placement(entry, flags, [pairs.edge(leader.num)], keys)


_NO_KEYS = np.empty(0, np.uint64)


def posting_keys(
    entry: Entry,
    hashes: NDArray[np.uint64],
    marks: NDArray[np.uint64],
    signature: NDArray[np.uint32],
    settings: Settings,
) -> NDArray[np.uint64]:
    """The postings of a placed document: of a copy, those by which it can be found and counted.

    Args:
        entry: With its leader, occurrence and window.
        hashes: uint64[t], body tokens.
        marks: uint64[f], fingerprints.
        signature: uint32[permutations].
        settings: What to do.
    """
    lists = _Lists(entry, hashes, marks, signature, settings)
    if entry.leader == entry.num:
        return lists.keys(entry)
    return lists.keys(entry, BANDS, LONG, COUNTS) if entry.tokens < LONG_RUN else lists.keys(entry, BANDS)


class _Lists:
    """What a document is looked up by: hashes for each list of postings."""

    def __init__(
        self,
        entry: Entry,
        hashes: NDArray[np.uint64],
        marks: NDArray[np.uint64],
        signature: NDArray[np.uint32],
        settings: Settings,
    ) -> None:
        offsets = np.array([0, len(hashes)])
        self.size = settings.shingle_words * (1 + entry.spaceless)
        self.shingles = roll(hashes, offsets, np.array([self.size]))[1] >> np.uint64(16)
        # one shingle in four, chosen by its value, wherever it stands
        self.sampled = (self.shingles >> np.uint64(46)) == 0
        bands = band_keys(signature[None])[:, 0]
        bands += np.arange(len(bands), dtype=np.uint64) * _SPREAD
        self.hashes = [
            np.unique(marks >> np.uint64(14)),
            np.unique(bands >> np.uint64(30)),
            np.unique(long_runs(hashes, offsets)[1] >> np.uint64(14)),
            np.unique(self.shingles[self.sampled]),
        ]

    def own_count(self, entry: Entry) -> NDArray[np.uint64]:
        """What the document adds to the counts: hash above, window or occurrence below."""
        hashes = self.hashes[COUNTS]
        if entry.in_window == UNDATED:
            number = (entry.occurrence * int(_SPREAD) & 0xFFFFFFFFFFFFFFFF) >> 48
            return (hashes ^ _UNDATED_SALT) << np.uint64(16) | np.uint64(number)
        return hashes << np.uint64(16) | np.uint64(entry.in_window & 0xFFFF)

    def keys(self, entry: Entry, *lists: int) -> NDArray[np.uint64]:
        """What to add to the postings: of all lists, or some."""
        parts = []
        for list_ in lists or (MARKS, BANDS, LONG, COUNTS):
            head = np.uint64(list_) << np.uint64(62)
            if list_ == COUNTS:
                parts.append(head | self.own_count(entry))
            else:
                parts.append(head | self.hashes[list_] << np.uint64(LOW_BITS[list_]) | np.uint64(entry.num))
        return np.unique(np.concatenate(parts))


class _LookUp:
    """One look at the postings for all four lists."""

    def __init__(self, draft: Draft, postings: Postings, settings: Settings) -> None:
        self._draft, self._settings = draft, settings
        self.lists = _Lists(draft.entry, draft.hash, draft.marks, draft.signature, settings)
        self._find(postings)

    def _find(self, postings: Postings) -> None:
        undated = np.sort(self.lists.hashes[COUNTS] ^ _UNDATED_SALT)
        lows, highs = [], []
        for list_, hashes in enumerate([*self.lists.hashes, undated]):
            bits = np.uint64(LOW_BITS[min(list_, COUNTS)])
            low = np.uint64(min(list_, COUNTS)) << np.uint64(62) | hashes << bits
            lows.append(low)
            highs.append(low | ((np.uint64(1) << bits) - np.uint64(1)))
        order = np.argsort(np.concatenate(lows), kind="stable")
        found = postings.find(np.concatenate(lows)[order], np.concatenate(highs)[order])
        bounds = np.searchsorted(found, np.arange(5, dtype=np.uint64) << np.uint64(62))
        bounds[4] = len(found)
        self._found = [found[bounds[i] : bounds[i + 1]] & np.uint64((1 << 62) - 1) for i in range(4)]

    def _numbers(self, list_: int) -> NDArray[np.int64]:
        return (self._found[list_] & np.uint64((1 << LOW_BITS[list_]) - 1)).astype(np.int64)

    def occur(self, ledger: Ledger) -> Entry:
        """The document, counted with the earliest one it shares a long run with."""
        entry = self._draft.entry
        others = ledger.entries(set(self._numbers(LONG).tolist()) - {entry.num})
        if others:
            first = min(others.values(), key=lambda e: e.key)
            entry = entry._replace(occurrence=first.occurrence, in_window=first.in_window)
        self._entry = entry
        return entry

    def stock(self) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
        """The flags with stock marked, and the shingles that are stock, sorted."""
        draft, settings, lists = self._draft, self._settings, self.lists
        seen = np.unique(np.concatenate([self._found[COUNTS], lists.own_count(self._entry)])) >> np.uint64(16)
        hashes, counts = np.unique(seen, return_counts=True)
        dated = hashes[counts > settings.stock_windows]
        undated = hashes[counts > settings.stock_documents] ^ _UNDATED_SALT
        stock = np.isin(lists.shingles, np.concatenate([dated, undated])) & lists.sampled
        if not stock.any():
            return draft.flags & np.uint8(~STOCK & 0xFF), _NO_KEYS
        # a shingle that isn't counted is stock between two that are
        told = np.flatnonzero(lists.sampled)
        place = np.searchsorted(told, np.arange(len(stock)), "right")
        inside = (place > 0) & (place < len(told))
        stock[inside] |= stock[told[place[inside] - 1]] & stock[told[place[inside]]]
        at = np.arange(len(stock))
        width = np.full(len(stock), min(lists.size, len(draft.hash)))
        marked = _covered(stock, at, width, len(draft.hash))
        flags = draft.flags & np.uint8(~STOCK & 0xFF) | marked * np.uint8(STOCK)
        return flags, np.unique(lists.shingles[stock])

    def near(self, ledger: Ledger) -> dict[int, Entry]:
        """The first document of each bucket this one falls into."""
        numbers = self._numbers(BANDS)
        others = ledger.entries(set(numbers.tolist()) - {self._entry.num})
        first: dict[int, Entry] = {}
        for bucket, number in zip(
            (self._found[BANDS] >> np.uint64(LOW_BITS[BANDS])).tolist(), numbers.tolist(), strict=True
        ):
            other = others.get(number)
            if other and other.leader >= 0 and (bucket not in first or other.key < first[bucket].key):
                first[bucket] = other
        return {entry.num: entry for entry in first.values()}

    def sharing(self, flags: NDArray[np.uint8], stock: NDArray[np.uint64]) -> set[int]:
        """Documents that share enough fingerprints outside stock text; of a crowd the first and the last."""
        draft = self._draft
        hashes, numbers = self._found[MARKS] >> np.uint64(LOW_BITS[MARKS]), self._numbers(MARKS)
        if len(stock):
            fresh = np.concatenate([[0], np.cumsum(flags & STOCK == 0)])
            stop = np.minimum(draft.mark_at.astype(np.int64) + self.lists.size, len(draft.hash))
            told = draft.marks[fresh[stop] > fresh[draft.mark_at]] >> np.uint64(14)
            kept = np.isin(hashes, told)
            hashes, numbers = hashes[kept], numbers[kept]
        kept = numbers != self._entry.num
        hashes, numbers = hashes[kept], numbers[kept]
        _, first, count = np.unique(hashes, return_index=True, return_counts=True)
        rank = np.arange(len(hashes)) - np.repeat(first, count)
        left = np.repeat(count, count) - rank
        chosen = (np.repeat(count, count) < CROWD) | (rank < LEADERS) | (left <= LEADERS)
        nums, shared = np.unique(numbers[chosen], return_counts=True)
        return set(nums[shared >= self._settings.min_shared_fingerprints].tolist())


class _Among:
    """A document and others, numbered in the order of their keys, ready to be verified."""

    def __init__(
        self,
        draft: Draft,
        flags: NDArray[np.uint8],
        entries: dict[int, Entry],
        words: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]],
        stock: NDArray[np.uint64] | None,
        settings: Settings,
    ) -> None:
        self._settings, self._draft, self._flags = settings, draft, flags
        self._entries, self._words, self._stock = entries, dict(words), stock
        self._num = draft.entry.num
        self._words[self._num] = draft.hash, flags
        self._arrange()

    def _arrange(self) -> None:
        everyone = sorted([*self._entries.values(), self._draft.entry], key=lambda e: e.key)
        self._order = [e.num for e in everyone]
        self._texts = texts_of(everyone, self._words)
        if self._stock is not None and len(self._stock):
            self._texts = _mark_known(self._texts, self._stock, self._settings)
        self._place = {num: i for i, num in enumerate(self._order)}
        self._verified: dict[int, Edge] = {}

    def _add(self, entry: Entry, ledger: Ledger) -> None:
        if entry.num not in self._entries:
            self._entries = {**self._entries, entry.num: entry}
            self._words.update(ledger.words([entry.num]))
            self._arrange()

    def edges(self, nums: Iterable[int]) -> list[Edge]:
        """Verified pairs with some of the others."""
        wanted = [num for num in sorted(nums) if num not in self._verified]
        if wanted:
            here = self._place[self._num]
            there = np.array([self._place[num] for num in wanted])
            pairs = Pairs(np.minimum(there, here), np.maximum(there, here))
            content = self._draft.entry.content
            same = np.array([self._entries[num].content == content for num in wanted])
            found = Edges.concat(
                [
                    equal(self._texts, pairs.a[same], pairs.b[same]),
                    verify(self._texts, Pairs(pairs.a[~same], pairs.b[~same]), self._settings),
                ]
            )
            self._keep(found)
        return [self._verified[num] for num in sorted(nums)]

    def edge(self, num: int) -> Edge:
        """The verified pair with one of the others."""
        return self.edges([num])[0]

    def _keep(self, found: Edges) -> None:
        telling = np.flatnonzero(found.kind != NONE)
        alike = _similarity(
            self._texts, found.take(telling), self._place[self._num], self._draft.signature, self._settings
        )
        jaccard = np.zeros(len(found))
        jaccard[telling] = alike
        for edge in to_rows(found, self._order, jaccard):
            self._verified[edge.other(self._num)] = edge

    def leader(self, near: dict[int, Entry], ledger: Ledger) -> int | None:
        """The leader of the earliest document this one nearly equals, if it nearly equals the leader, too."""
        close = [edge.other(self._num) for edge in self.edges(near) if edge.kind <= NEAR]
        if not close:
            return None
        first = min((self._entries[num] for num in close), key=lambda e: e.key)
        if first.leader != first.num:
            self._add(ledger.entries([first.leader])[first.leader], ledger)
        return first.leader if self.edge(first.leader).kind <= NEAR else None


def texts_of(
    entries: Sequence[Entry], words: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]]
) -> Texts:
    """Body tokens of documents, numbered in their order."""
    parts = [words[e.num] for e in entries]
    bounds = np.cumsum([0] + [len(part[0]) for part in parts])
    return Texts(
        np.concatenate([np.empty(0, np.uint64), *(part[0] for part in parts)]),
        np.concatenate([np.empty(0, np.uint8), *(part[1] for part in parts)]) & np.uint8(~JOINED & 0xFF),
        bounds[:-1],
        bounds[1:],
        np.array([e.spaceless for e in entries], np.uint8),
        np.array([e.time for e in entries], np.int64),
    )


def _mark_known(texts: Texts, stock: NDArray[np.uint64], settings: Settings) -> Texts:
    """Flag in all texts what is stock in one of them; it may have become stock after they came."""
    offsets = np.append(texts.start, texts.stop[-1])
    size = settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
    places, hashes = roll(texts.hash, offsets, size)
    known = np.isin(hashes >> np.uint64(16), stock)
    count = np.diff(places)
    at = np.arange(len(hashes)) + np.repeat(offsets[:-1] - places[:-1], count)
    width = np.repeat(np.minimum(size, np.diff(offsets)), count)
    return replace(texts, flags=texts.flags | _covered(known, at, width, len(texts.hash)) * np.uint8(STOCK))


def _covered(
    stock: NDArray[np.bool_], at: NDArray[np.int64], width: NDArray[np.int64], tokens: int
) -> NDArray[np.bool_]:
    """Tokens that lie in one of the shingles that are stock: bool[tokens]."""
    start = at[stock]
    edge = np.bincount(start, minlength=tokens + 1) - np.bincount(start + width[stock], minlength=tokens + 1)
    return np.cumsum(edge)[:tokens] > 0


def _similarity(
    texts: Texts, edges: Edges, here: int, own: NDArray[np.uint32], settings: Settings
) -> NDArray[np.float64]:
    """Share of equal minima of signatures: float64[e]."""
    if not len(edges):
        return np.zeros(0)
    other = np.where(edges.a == here, edges.b, edges.a)
    tokens, _ = gather(texts.start[other], texts.stop[other])
    offsets = np.concatenate([[0], np.cumsum(texts.stop[other] - texts.start[other])])
    size = settings.shingle_words * (1 + texts.spaceless[other].astype(np.int64))
    places, hashes = roll(texts.hash[tokens], offsets, size)
    signatures = np.empty((len(other), settings.permutations), np.uint32)
    a, b = permutations(settings.permutations, settings.seed)
    kernels.get().minhash((hashes >> np.uint64(32)).astype(np.uint32), places, a, b, signatures)
    return np.asarray((signatures == own).mean(axis=1))


def to_rows(edges: Edges, order: Sequence[int], jaccard: NDArray[np.float64]) -> list[Edge]:
    """Edges as rows, document numbers for places."""
    columns: list[NDArray[Any]] = [
        edges.a, edges.b, edges.kind, edges.coverage_a, edges.coverage_b, edges.shared_words,
        edges.narrative_words, edges.longest, jaccard, edges.run_start, edges.run_stop,
    ]  # fmt: skip
    return [
        Edge._make((order[a], order[b], *rest, edges.runs[start:stop].tobytes()))
        for a, b, *rest, start, stop in zip(*(column.tolist() for column in columns), strict=True)
    ]


def to_edges(rows: Sequence[Edge], place: dict[int, int]) -> Edges:
    """Rows as edges, places for document numbers."""
    runs = [np.frombuffer(row.runs, np.int32).reshape(-1, 3) for row in rows]
    stop = np.cumsum([len(run) for run in runs], dtype=np.int64)

    def column(name: str, dtype: type) -> NDArray[Any]:
        return np.array([getattr(row, name) for row in rows], dtype)

    return Edges(
        np.array([place[row.a] for row in rows], np.int64),
        np.array([place[row.b] for row in rows], np.int64),
        column("kind", np.uint8),
        column("coverage_a", np.float64),
        column("coverage_b", np.float64),
        column("shared", np.int64),
        column("narrative", np.int64),
        column("longest", np.int64),
        stop - np.array([len(run) for run in runs], np.int64),
        stop,
        np.concatenate([np.empty((0, 3), np.int32), *runs]),
    )


# --- families


@dataclass(slots=True)
class Settlement:
    """What becomes of families.

    Attributes:
        entries: Documents whose row changes, by number.
        families: Families that change, by row; negative rows are new ones.
        dropped: Rows of families that are no more.
        renamed: Old id and new id.
        changes: What to tell.
    """

    entries: dict[int, Entry] = field(default_factory=dict)
    families: dict[int, Family] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def settle_in_crowd(
    entry: Entry, edges: Sequence[Edge], ledger: Ledger, settings: Settings
) -> Settlement | None:
    """A further member of a large family, without judging all of the family again.

    Its leaders have stood in one family through ``group`` many times; what a new version is asked is only
    whether it joins: by enough edges, of which none leads elsewhere. :meth:`Index.rebuild` asks all again.

    Returns:
        None where everything must be judged anew: the family is small, or two meet, or roundups may change.
    """
    copy = entry.leader != entry.num
    joining = [e for e in edges if copy or e.kind <= VERSION]
    others = ledger.entries({e.other(entry.num) for e in edges if copy or e.kind <= PARTIAL})
    rows = {others[e.other(entry.num)].family for e in joining}
    if len(rows) != 1:
        return None
    family = ledger.families(rows)[min(rows)]
    if family.size < MANY:
        return None
    if not copy:
        leaders = ledger.store.rows(
            "SELECT count(*) FROM document WHERE family = ? AND num = leader", family.num
        )
        shares = [e.coverage_a if e.a == entry.num else e.coverage_b for e in edges if e.kind <= PARTIAL]
        settled = not any(e.roundup for e in others.values()) and all(share > PIECE for share in shares)
        if not settled or len(joining) < SUPPORT * leaders[0][0] or _may_turn(entry, list(edges), ledger):
            return None
    known = {**others, **ledger.entries({family.canonical, family.earliest} - others.keys())}
    agreed = {num: e.agreed for num, e in known.items()}
    agreed[entry.num] = 0
    for edge in joining:
        for num, share in ((edge.a, edge.coverage_a), (edge.b, edge.coverage_b)):
            words = entry.words if num == entry.num else known[num].words
            agreed[num] = max(agreed[num], min(words, round(words * share)))
    known[entry.num] = entry._replace(family=-1 if copy else family.num)
    known = {num: e._replace(agreed=agreed[num]) for num, e in known.items()}
    rivals = sorted(known.values(), key=lambda e: e.key)
    rivals = [e for e in rivals if e.num in (entry.num, family.canonical) or e.family == family.num]
    canonical = _chosen(rivals, np.array([e.agreed for e in rivals]), settings)
    earliest = min(known[family.earliest], known[entry.num], key=lambda e: e.key)
    after = Family(
        family.num, family_id(earliest), canonical.num, earliest.num, family.size + 1, microseconds()
    )
    changed = {num: e for num, e in known.items() if num == entry.num or e != others.get(num, e)}
    found = Settlement(entries=changed, families={family.num: after})
    if after.id != family.id:
        found.renamed.append((family.id, after.id))
        found.changes.append(Change("merged", None, after.id, family.id))
    found.changes.append(Change("joined", entry.id, after.id))
    if after.canonical != family.canonical:
        found.changes.append(Change("canonical", canonical.id, after.id))
    return found


def _chosen(members: Sequence[Entry], agreed: NDArray[np.int64], settings: Settings) -> Entry:
    """The canonical one of documents in the order of their keys."""
    return members[int(choose(candidates_of(members, agreed), np.zeros(len(members), np.int64), settings)[0])]


def candidates_of(members: Sequence[Entry], agreed: NDArray[np.int64]) -> Candidates:
    """What the choice looks at."""
    return Candidates(
        words=np.array([e.words for e in members], np.int64),
        agreed=agreed,
        credited=np.array([e.credited for e in members], bool),
        agencies=pa.array([orjson.loads(e.agencies) for e in members], pa.list_(pa.string())),
        published=np.array([e.time for e in members], np.int64),
        removed=np.array([1 - e.tokens / max(e.raw_tokens, 1) for e in members]),
        source=pa.array([e.source for e in members], pa.string()),
    )


def settle(
    touched: Collection[int],
    ledger: Ledger,
    settings: Settings,
    *,
    new: Entry | None = None,
    body: tuple[NDArray[np.uint64], NDArray[np.uint8]] | None = None,
    edges: Sequence[Edge] = (),
    lost: Collection[int] = (),
) -> Settlement:
    """Judge the families around some documents anew.

    Args:
        touched: Leaders whose edges or copies have changed, and which are stored.
        ledger: What is stored.
        settings: What to do.
        new: A document that isn't stored yet,
        body: its tokens and flags,
        edges: and its verified pairs.
        lost: Rows of families that have lost members.
    """
    if new is not None and new.leader == new.num and not any(edge.kind <= PARTIAL for edge in edges):
        return _alone(new)
    own = {} if new is None else {new.num: new}
    leading = new is not None and new.leader == new.num
    pairs = list(edges) if leading else []
    touched = set(touched)
    if new is not None:
        touched.add(new.leader)
        touched.update(_may_turn(new, pairs, ledger))

    changed = _roundups(touched, own, pairs, ledger)
    seeds = {num for num in touched if num in changed} | ({new.leader} if new is not None else touched)
    component = ledger.component(seeds, pairs)
    leaders = ledger.entries(component - own.keys())
    if leading and new is not None:
        leaders[new.num] = new
    found = Settlement(entries={num: e for num, e in changed.items() if num not in leaders})

    stored = {num: e for num, e in leaders.items() if num not in own}
    leaders = {num: changed.get(num, e) for num, e in leaders.items()}
    everyone = sorted(leaders.values(), key=lambda e: e.key)
    place = {e.num: i for i, e in enumerate(everyone)}
    inner = ledger.edges_within(leaders) + [e for e in pairs if e.a in leaders and e.b in leaders]
    label = group(
        to_edges(inner, place), len(everyone), np.array([bool(e.roundup) for e in everyone], bool)
    ).family.tolist()
    groups: dict[int, list[Entry]] = {}
    for entry, first in zip(everyone, label, strict=True):
        groups.setdefault(first, []).append(entry)

    copies: dict[int, list[Entry]] = {}
    counts = ledger.copy_count(leaders) if leaders else {}
    for copy in ledger.copies(counts, 16 * MANY) if counts else []:
        copies.setdefault(copy.leader, []).append(copy)
        stored[copy.num] = copy
    if new is not None and not leading:
        copies.setdefault(new.leader, []).append(new)
        counts[new.leader] = counts.get(new.leader, 0) + 1
    collapsed = ledger.edges_within({*leaders, *(c.num for some in copies.values() for c in some)}, "copy")
    if new is not None and not leading:
        collapsed += edges

    families = [
        Grouped(
            sorted([*members, *(c for m in members for c in copies.get(m.num, ()))], key=lambda e: e.key),
            sum(1 + counts.get(m.num, 0) for m in members),
            members,
        )
        for members in groups.values()
    ]
    bodies = {} if body is None or new is None else {new.num: body}
    for family in families:
        family.choose(inner + collapsed, ledger, bodies, settings)
    compare_entries(families, ledger, found, own, lost)
    found.entries = {num: e for num, e in found.entries.items() if stored.get(num) != e}
    return found


def _may_turn(new: Entry, pairs: list[Edge], ledger: Ledger) -> set[int]:
    """Documents that may become a roundup by new edges, or cease to be one.

    Only a piece can make a roundup of the document that holds it; what is no piece can only end one.
    """
    own = {
        edge.other(new.num): edge.coverage_b if edge.a == new.num else edge.coverage_a
        for edge in pairs
        if edge.kind <= PARTIAL
    }
    others = {num for num, share in own.items() if share > PIECE}
    return (own.keys() - others) | {num for num, e in ledger.entries(others).items() if e.roundup}


def _alone(entry: Entry) -> Settlement:
    """A document that joins nothing: most of them."""
    identity = family_id(entry)
    family = Family(-1, identity, entry.num, entry.num, 1, microseconds())
    return Settlement(
        entries={entry.num: entry._replace(family=-1, roundup=0, agreed=0)},
        families={-1: family},
        changes=[Change("new", entry.id, identity)],
    )


def _roundups(
    touched: set[int], own: dict[int, Entry], pairs: list[Edge], ledger: Ledger
) -> dict[int, Entry]:
    """Documents whose being a roundup has changed."""
    rows = ledger.edges_of(touched - own.keys(), PARTIAL) + [e for e in pairs if e.kind <= PARTIAL]
    entries = {**ledger.entries(touched - own.keys()), **own}
    if not rows:
        return {num: e._replace(roundup=0) for num, e in entries.items() if e.roundup}
    ends = sorted({end for row in rows for end in row[:2]})
    missing = ledger.entries(set(ends) - entries.keys())
    place = {num: i for i, num in enumerate(ends)}
    # of documents that aren't touched only some edges are here, so nothing is said of them
    length = np.array([(entries.get(num) or missing[num]).tokens for num in ends], np.int64)
    flags = find_roundups(to_edges(rows, place), length)
    changed = {}
    for num, entry in entries.items():
        is_roundup = int(num in place and bool(flags[place[num]]))
        if entry.leader == num and is_roundup != entry.roundup:
            changed[num] = entry._replace(roundup=is_roundup)
    return changed


def _lengths(
    members: list[Entry], ledger: Ledger, bodies: Collection[int]
) -> dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]]:
    """Bodies where only the weight of each token matters: most have words only, and need not be read."""
    spaced = [e for e in members if e.words == e.tokens]
    others = {e.num for e in members if e.words != e.tokens and e.num not in bodies}
    plain = {e.num: (np.zeros(e.tokens, np.uint64), np.zeros(e.tokens, np.uint8)) for e in spaced}
    return {**plain, **ledger.words(others)}


class Grouped:
    """A family as it is to be."""

    def __init__(self, members: list[Entry], size: int, leaders: list[Entry]) -> None:
        self.members, self.size, self.leaders = members, size, leaders
        self.canonical = members[0]
        self.id = family_id(members[0])

    def choose(
        self,
        edges: list[Edge],
        ledger: Ledger,
        bodies: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint8]]],
        settings: Settings,
    ) -> None:
        """Choose the canonical version."""
        if len(self.members) == 1:
            self.members = [self.members[0]._replace(agreed=0)]
            self.canonical, self.leaders = self.members[0], self.members
            return
        place = {e.num: i for i, e in enumerate(self.members)}
        inside = [e for e in edges if e.a in place and e.b in place]
        texts = texts_of(self.members, {**_lengths(self.members, ledger, bodies), **bodies})
        agreed = attested_words(texts, [to_edges(inside, place)], np.zeros(len(place), np.int64))
        self.members = [e._replace(agreed=int(n)) for e, n in zip(self.members, agreed, strict=True)]
        self.canonical = _chosen(self.members, agreed, settings)
        nums = {e.num for e in self.leaders}
        self.leaders = [e for e in self.members if e.num in nums]


def compare_entries(
    families: list[Grouped], ledger: Ledger, found: Settlement, own: dict[int, Entry], lost: Collection[int]
) -> None:
    """Match families as they are to be with those that are, and tell the difference."""
    before = ledger.families({e.family for f in families for e in f.leaders if e.family >= 0} | set(lost))
    rows: dict[int, int] = {}  # of the family as it is to be
    votes = sorted(
        (
            (before[row].id != family.id, -sum(e.family == row for e in family.leaders), row, number)
            for number, family in enumerate(families)
            for row in {e.family for e in family.leaders if e.family in before}
        ),
    )
    for *_, row, number in votes:
        if number not in rows and row not in rows.values():
            rows[number] = row
    fresh = -1
    now = microseconds()
    gone = set(before) - set(rows.values())
    heir: dict[int, str] = {}
    for number, family in enumerate(families):
        row = rows.get(number, fresh)
        fresh -= row == fresh
        old = before.get(row)
        if old is not None and old.id != family.id:
            heir[old.num] = family.id
        joining = [e for e in family.members if e.num in own and family.size != 1]
        moved = [e for e in family.leaders if e.family != row and e.num not in own]
        sources = {e.family for e in moved}
        for source in sources & gone:
            heir.setdefault(source, family.id)
        after = Family(row, family.id, family.canonical.num, family.members[0].num, family.size, now)
        found.entries.update({e.num: e._replace(family=row) for e in family.leaders})
        found.entries.update({e.num: e for e in family.members if e.num not in found.entries})
        if old is None or after[:5] != old[:5]:
            found.families[row] = after
        if old is None and not moved:
            found.changes.append(Change("new", family.members[0].id, family.id))
            joining = [e for e in joining if e.num != family.members[0].num]
        elif old is None:
            found.changes += [
                Change("split", None, family.id, before[s].id) for s in sorted(sources & before.keys())
            ]
        copies = ledger.copies([e.num for e in moved if e.family in before], 2**62) if moved else []
        origin = {e.num: e.family for e in moved}
        for e in [*moved, *(e for e in copies if e.num not in own and e.num not in origin)]:
            source = origin[e.leader]
            if source in before:
                if source not in gone:
                    found.changes.append(Change("left", e.id, before[source].id, family.id))
                if source not in gone or old is None:
                    found.changes.append(Change("joined", e.id, family.id))
        found.changes += [Change("joined", e.id, family.id) for e in joining]
        if (old is not None and old.canonical != after.canonical) or (old is None and family.size > 1):
            found.changes.append(Change("canonical", family.canonical.id, family.id))
    current = {family.id for family in families}
    for source, identity in sorted(heir.items()):
        if before[source].id not in current:
            found.renamed.append((before[source].id, identity))
            found.changes.append(Change("merged", None, identity, before[source].id))
    found.dropped |= gone
