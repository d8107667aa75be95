"""The order of the stages, and nothing else knows it.

    documents → tokenize → recurring blocks → strip → shingle → sketch            :func:`prepare`
              → exact and near groups → stock → candidates → verify → group → choose   :func:`judge`

Both work on columns. :func:`judge` numbers the documents in the order of their keys (published, nulls last;
content; id), so that nothing it decides depends on the order of the input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from dedup import kernels
from dedup.attestation import attested_words
from dedup.boilerplate import (
    BlockTable,
    Recurring,
    Seen,
    Stripped,
    agency_tokens,
    block_table,
    credited_agencies,
    find_recurring,
    removed_chars,
    sentence_starts,
    strip,
)
from dedup.candidates import Pairs, find_flashes, passage_pairs, unique_pairs
from dedup.canonical import Versions, choose
from dedup.columns import codes, whole, whole_strings
from dedup.copies import collapse, loosen
from dedup.edges import NONE, Edges
from dedup.families import Grouping, find_roundups, group
from dedup.fingerprints import Fingerprints
from dedup.language import detect
from dedup.overlap import decide, equal, verify
from dedup.quotations import mark_quotations
from dedup.ragged import gather, running, steps
from dedup.shingles import shingle, widths
from dedup.signatures import sketch
from dedup.stock import find_notices, flag_stock, long_runs, windows
from dedup.templates import FORM
from dedup.texts import CUT, SENTENCE, STOCK, Texts, half_words, is_spaceless, times_of
from dedup.tokens import Tokens, tokenize
from dedup.verdicts import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedup.config import Settings

__all__ = [
    "Judged",
    "Prepared",
    "Stage",
    "compare_pairs",
    "compare_rows",
    "judge",
    "learn",
    "prepare",
    "sign",
    "to_leader",
]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What judging needs of n documents; everything but the texts themselves.

    Attributes:
        offsets: int64[n + 1], body tokens of each document.
        hash: uint64[T] of the body tokens.
        flags: uint8[T].
        content: uint64[n, 2], 128-bit hash of the body; where no body is left, of the whole text, with its
            bits turned, so that it equals another such text and never a body.
        bodiless: bool[n], no body is left.
        signatures: uint32[n, permutations].
        fingerprint_offsets: int64[n + 1], fingerprints of each document.
        fingerprints: uint64[f], 48 bits.
        fingerprint_at: uint32[f], body token of the document at which the fingerprint's shingle starts.
        long_offsets: int64[n + 1], fingerprints of long runs.
        long_hash: uint64[g], 48 bits.
        raw_offsets: int64[n + 1], tokens of the raw text.
        body: bool[R], which of them are body.
        removed_chars: int64[n].
        credited: bool[n], a byline, dateline or credit names an agency.
        agencies: list<string>[n], names in order of appearance.
        language: string[n].
    """

    offsets: NDArray[np.int64]
    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    content: NDArray[np.uint64]
    bodiless: NDArray[np.bool_]
    signatures: NDArray[np.uint32]
    fingerprint_offsets: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    fingerprint_at: NDArray[np.uint32]
    long_offsets: NDArray[np.int64]
    long_hash: NDArray[np.uint64]
    raw_offsets: NDArray[np.int64]
    body: NDArray[np.bool_]
    removed_chars: NDArray[np.int64]
    credited: NDArray[np.bool_]
    agencies: pa.Array
    language: pa.Array


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided. Documents are numbers in key order; ``order`` leads back to the rows given.

    Attributes:
        order: int64[n], row of each number.
        texts: The body tokens, stock marked.
        leader: int64[n], the first document this one is exactly or nearly equal to; its own number otherwise.
        relations: Related pairs of leaders, and each document that is not its own leader (b) with its leader
            (a).
        leading: How many of them are pairs of leaders.
        roundup: bool[n].
        family: int64[n], number of the family's first member; its own where it is alone.
        canonical: int64[n], canonical document of the family.
        to_canonical: Each other member (b) with its canonical (a), or the other way round: a < b.
        versions: What the canonical was chosen by.
        cut: int64[c, 2], pairs with a joining edge that ended in different families.
        crowded: Fingerprints shared by so many documents that not all their pairs were looked at.
        stock: Shingles left out as stock.
    """

    order: NDArray[np.int64]
    texts: Texts
    leader: NDArray[np.int64]
    relations: Edges
    leading: int
    roundup: NDArray[np.bool_]
    family: NDArray[np.int64]
    canonical: NDArray[np.int64]
    to_canonical: Edges
    versions: Versions
    cut: NDArray[np.int64]
    crowded: int
    stock: int

    @property
    def edges(self) -> Edges:
        """Related pairs of leaders."""
        return self.relations.take(slice(None, self.leading))

    @property
    def collapsed(self) -> Edges:
        """Each document that is not its own leader (b) with its leader (a)."""
        return self.relations.take(slice(self.leading, None))


SHORT = 20
"""Body tokens below which a document that lost over a third of its text to stripping counts as bodiless."""


def prepare(
    batch: pa.RecordBatch,
    settings: Settings,
    *,
    tokens: Tokens | None = None,
    recurring: Recurring | None = None,
) -> Prepared:
    """Everything that can be said of each document alone.

    Args:
        batch: Documents, in the columns of the readers.
        settings: What to do.
        tokens: The batch's token stream, where it was made already.
        recurring: Blocks learned from the corpus.
    """
    texts = batch.column("text")
    tokens = tokenize(texts) if tokens is None else tokens
    seen = Seen.of(tokens, texts)
    stripped = strip(tokens, batch, recurring, seen) if settings.strip else Stripped.nothing(tokens)
    body = stripped.body.copy()
    kept = running(body)
    bodiless = _without_body(kept, tokens)
    if bodiless.any():
        body &= ~bodiless.repeat(steps(tokens.offsets))

    shingles = shingle(tokens, body, settings)
    sketches = sketch(shingles, settings)
    content = sketches.content
    if bodiless.any():
        content[bodiless] = ~sketch(shingle(tokens, None, settings), settings).content[bodiless]
    # no word at all: equal only to the same characters
    for row in np.flatnonzero(steps(tokens.offsets) == 0):
        digest = xxhash.xxh3_128_intdigest(texts[int(row)].as_py().encode())
        content[row] = digest >> 64, digest & 0xFFFFFFFFFFFFFFFF
    long_offsets, long_hash = long_runs(shingles.words, shingles.word_offsets)
    named = agency_tokens(stripped, tokens)
    flags = mark_quotations(seen.tokens, seen.texts, named, body)
    cut = body.copy()
    cut[1:] &= ~body[:-1]
    cut[tokens.offsets[:-1][steps(tokens.offsets) > 0]] = False  # the document before doesn't count
    flags[cut] |= CUT
    flags[sentence_starts(seen)] |= SENTENCE
    flags = flags[body]
    names, credited = credited_agencies(stripped, tokens, kept, named)
    return Prepared(
        offsets=shingles.word_offsets,
        hash=shingles.words,
        flags=flags,
        content=content,
        bodiless=bodiless,
        signatures=sketches.signatures,
        fingerprint_offsets=sketches.offsets,
        fingerprints=sketches.fingerprints,
        fingerprint_at=sketches.positions,
        long_offsets=long_offsets,
        long_hash=long_hash,
        raw_offsets=tokens.offsets,
        body=body,
        removed_chars=removed_chars(stripped, texts),
        credited=credited,
        agencies=names,
        language=detect(tokens, batch.column("language")),
    )


def sign(batch: pa.RecordBatch, settings: Settings) -> NDArray[np.uint32]:
    """Signatures of the stripped texts, also where next to nothing is left: uint32[n, permutations].

    Args:
        batch: Documents, in the columns of the readers.
        settings: What to do.
    """
    tokens = tokenize(batch.column("text"))
    body = strip(tokens, batch).body if settings.strip else None
    return sketch(shingle(tokens, body, settings), settings).signatures


def learn(batches: Iterable[pa.RecordBatch]) -> Recurring:
    """Blocks that recur in a source across documents that share nothing else.

    Args:
        batches: All documents of the corpus.
    """
    tables, rows = [], 0
    for batch in batches:
        tables.append(block_table(tokenize(batch.column("text")), batch, rows))
        rows += len(batch)
    if not tables:
        return Recurring.nothing()
    return find_recurring(BlockTable.joined(tables))


def _without_body(kept: NDArray[np.int64], tokens: Tokens) -> NDArray[np.bool_]:
    """Documents of which stripping leaves next to nothing (caption pages): they match only as a whole.

    ``kept`` is how many body tokens come before each.
    """
    left, all_ = steps(kept[tokens.offsets]), steps(tokens.offsets)
    return np.asarray((left < SHORT) & (3 * left < 2 * all_) | (all_ == 0))


Stage: TypeAlias = "Callable[[str, type[Any], Callable[[], Any]], Any]"
"""Called with a stage's name, the dataclass of arrays and numbers that it gives, and a function that makes
it; gives what the function makes, or what an earlier run kept under that name."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Documents by number, in the order of their keys: published, nulls last; content; id.

    Attributes:
        order: int64[n], row of each number.
        texts: The body tokens, with the times.
        content: uint64[n, 2].
        comparable: bool[n], may be compared other than as a whole.
        source: string[n], null where unknown.
        window: int64[n], of :func:`dedup.stock.windows`.
    """

    order: NDArray[np.int64]
    texts: Texts
    content: NDArray[np.uint64]
    comparable: NDArray[np.bool_]
    source: pa.Array
    window: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Copies:
    """Documents that need not be compared any more, and text that doesn't count.

    Attributes:
        leader: int64[n], the first document each one is exactly or nearly equal to, or itself.
        flags: uint8[T] of the body tokens, stock marked.
        stock: Shingles that are stock.
    """

    leader: NDArray[np.int64]
    flags: NDArray[np.uint8]
    stock: int


def judge(
    prepared: Prepared,
    records: pa.Table,
    settings: Settings,
    stage: Stage = lambda name, kind, make: make(),
) -> Judged:
    """Relations, families and canonical versions of a corpus.

    Args:
        prepared: n documents.
        records: Of each id, published, source and title, in the columns of the readers.
        settings: What to do.
        stage: May keep what the long stages make.
    """
    numbered = number(prepared, records, settings)
    copies: Copies = stage("copies", Copies, lambda: find_copies(prepared, numbered, settings))
    documents = replace(numbered, texts=replace(numbered.texts, flags=copies.flags))
    pairs: Pairs = stage("pairs", Pairs, lambda: find_pairs(prepared, documents, copies.leader, settings))
    edges: Edges = stage("edges", Edges, lambda: relate(documents, pairs, settings))
    return settle(prepared, documents, copies, edges, pairs.crowded, settings)


def number(prepared: Prepared, records: pa.Table, settings: Settings) -> Numbered:
    """Number the documents; arguments as for :func:`judge`."""
    ids, source, title = (whole_strings(records.column(name)) for name in ("id", "source", "title"))
    published = whole(records.column("published"))
    order = _key_order(prepared.content, ids, published)
    times = times_of(published)[order]
    source = source.take(pa.array(order))
    start, stop = prepared.offsets[:-1][order], prepared.offsets[1:][order]
    (length,) = half_words(prepared.flags, start, stop)
    spaceless = is_spaceless(length, stop - start)
    titles = title.take(pa.array(order, mask=length >= 2 * FORM))
    return Numbered(
        order=order,
        texts=Texts(
            *(prepared.hash, prepared.flags, start, stop, spaceless.astype(np.uint8)),
            *(times, codes(source), titles),
        ),
        content=prepared.content[order],
        comparable=~prepared.bodiless[order],
        source=source,
        window=windows(times, settings),
    )


def find_copies(prepared: Prepared, documents: Numbered, settings: Settings) -> Copies:
    """Groups of equal and nearly equal documents, and stock text, of which nothing is a copy."""
    texts, content, window = documents.texts, documents.content, documents.window
    leader = collapse(texts, content, prepared.signatures, documents.order, documents.comparable, settings)
    start, stop = (bounds[documents.order] for bounds in _bounds(prepared.long_offsets))
    used = np.ones(len(prepared.long_hash), np.uint8)
    long = Fingerprints(prepared.long_hash, used, start, stop, np.arange(len(leader)))
    flagged, stock = flag_stock(texts, long, leader, window, settings)
    notice = find_notices(texts, content, settings)
    if notice.any():
        flags = flagged.flags.copy()
        flags[gather(texts.start[notice], texts.stop[notice])[0]] |= STOCK
        flagged = replace(flagged, flags=flags)
    if flagged is not texts:
        leader = loosen(leader, flagged, content, notice, settings)
    return Copies(leader, flagged.flags, stock)


def find_pairs(
    prepared: Prepared, documents: Numbered, leader: NDArray[np.int64], settings: Settings
) -> Pairs:
    """Pairs of leaders that share fingerprints; those that lie in stock text make none."""
    texts = documents.texts
    leading = np.flatnonzero((leader == np.arange(len(leader))) & documents.comparable)
    start, stop = texts.start[leading], texts.stop[leading]
    begin, end = (bounds[documents.order[leading]] for bounds in _bounds(prepared.fingerprint_offsets))
    width = widths(texts.spaceless[leading], settings)
    used = np.zeros(len(prepared.fingerprints), np.uint8)
    kernels.get().outside_stock(
        texts.flags, start, stop, width, begin, end, prepared.fingerprint_at, STOCK, used
    )
    fingerprints = Fingerprints(prepared.fingerprints, used, begin, end, leading)
    return passage_pairs(fingerprints, find_flashes(texts, settings), settings)


def relate(documents: Numbered, pairs: Pairs, settings: Settings) -> Edges:
    """The pairs that are related, sorted: equal ones may lead each for itself, if they are mostly stock."""
    edges = compare_pairs(documents.texts, documents.content, pairs, settings)
    found = np.flatnonzero(edges.kind != NONE)
    return edges.take(found[np.lexsort((edges.b[found], edges.a[found]))])


def settle(
    prepared: Prepared,
    documents: Numbered,
    copies: Copies,
    edges: Edges,
    crowded: int,
    settings: Settings,
) -> Judged:
    """Families and canonical versions, from verified pairs alone.

    Args:
        prepared: n documents.
        documents: The same by number, stock marked.
        copies: Of :func:`find_copies`.
        edges: Related pairs of leaders.
        crowded: Of the pairs they come from.
        settings: What to do.
    """
    texts, content, leader = documents.texts, documents.content, copies.leader
    collapsed = to_leader(texts, content, leader, settings)
    roundup = find_roundups(edges, texts.stop - texts.start)
    grouping: Grouping = group(edges, len(leader), roundup)
    family = grouping.family[leader]
    relations = Edges.concat([edges, collapsed])
    agreed = attested_words(texts, relations, family, settings.workers)
    versions = _versions(prepared, documents, agreed)
    canonical = choose(versions, family, settings)
    return Judged(
        order=documents.order,
        texts=texts,
        leader=leader,
        relations=relations,
        leading=len(edges),
        roundup=roundup[leader],
        family=family,
        canonical=canonical,
        to_canonical=to_leader(texts, content, canonical, settings),
        versions=versions,
        cut=grouping.cut,
        crowded=crowded,
        stock=copies.stock,
    )


def _key_order(content: NDArray[np.uint64], ids: pa.Array, published: pa.Array) -> NDArray[np.int64]:
    """Rows in the order of their keys: published, nulls last; content; id."""
    keys = pa.table({"published": published, "first": content[:, 0], "second": content[:, 1], "id": ids})
    by = [(name, "ascending") for name in keys.column_names]
    return np.asarray(pc.sort_indices(keys, sort_keys=by)).astype(np.int64)  # nulls come last


def _bounds(offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and stops of ragged rows."""
    return offsets[:-1], offsets[1:]


def _versions(prepared: Prepared, documents: Numbered, agreed: NDArray[np.int64]) -> Versions:
    order, texts = documents.order, documents.texts
    raw = np.diff(prepared.raw_offsets)
    kept = np.diff(prepared.offsets)
    return Versions(
        words=texts.half_words() // 2,
        agreed=agreed,
        credited=prepared.credited[order],
        agencies=prepared.agencies.take(pa.array(order)),
        published=texts.published,
        removed=(1 - kept / np.maximum(raw, 1))[order],
        source=documents.source,
    )


def to_leader(
    texts: Texts, content: NDArray[np.uint64], leader: NDArray[np.int64], settings: Settings
) -> Edges:
    """Every document that is not its own leader, with it: the same body, or verified."""
    led = np.flatnonzero(leader != np.arange(len(leader)))
    return compare_pairs(texts, content, unique_pairs(leader[led], led), settings)


def compare_pairs(texts: Texts, content: NDArray[np.uint64], pairs: Pairs, settings: Settings) -> Edges:
    """Pairs as edges of every kind, each with the same body, or verified."""
    same = (content[pairs.a] == content[pairs.b]).all(axis=1)
    others = Pairs(pairs.a[~same], pairs.b[~same])
    return Edges.concat([equal(texts, pairs.a[same], pairs.b[same]), verify(texts, others, settings)])


def compare_rows(
    prepared: Prepared, judged: Judged, a: int, b: int, settings: Settings
) -> tuple[Edges, Rule]:
    """One verified pair of document numbers, a <= b, whatever its kind; and the rule that decided."""
    one, two = np.array([a]), np.array([b])
    if (prepared.content[judged.order[a]] == prepared.content[judged.order[b]]).all():
        same, edges = equal(judged.texts, one, two), judged.edges
        low, high = sorted(judged.leader[[a, b]])
        if low == high or ((edges.a == low) & (edges.b == high)).any():
            return same, Rule.EXACT
        return replace(same, kind=np.array([NONE], np.uint8)), Rule.NOTICES
    edges, rules = decide(judged.texts, Pairs(one, two), settings)
    return edges, Rule(rules[0])
