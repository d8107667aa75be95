"""Take out of each article what is not the article: a mask, spans with their kinds, and its agencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from dedup.boilerplate.agencies import AgencyRole, agency_names, find_agencies
from dedup.boilerplate.features import model_of, observe, suspects, table
from dedup.boilerplate.forms import posts
from dedup.boilerplate.lexicon import CUES
from dedup.boilerplate.model import BODY, LABELS, MODELS, TITLE, label_units
from dedup.boilerplate.recurring import unit_hashes, unit_keys
from dedup.boilerplate.relabelling import CAPTION, CREDIT, none_of, only_signed, relabel
from dedup.boilerplate.spans import KINDS, Spans, inner_spans, sentence_cuts
from dedup.boilerplate.units import (
    Measures,
    Seen,
    Tallies,
    Units,
    dated_openings,
    find_phrases,
    measure,
    tally,
    unbroken,
    units_of,
)
from dedup.boilerplate.view import View
from dedup.errors import InputError
from dedup.kernels import signs
from dedup.kernels.traits import KINDS_OF_FURNITURE, RECURS, SAME_ABOVE, SAME_BELOW
from dedup.kernels.traits import TITLE as IS_TITLE
from dedup.model import Agency, CleanText, Document, Kind, Removed
from dedup.ragged import first_of_run, holders, run_starts, running, steps, sums
from dedup.tokens import Tokens, byte_to_char, to_raw_places, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedup.boilerplate.recurring import Recurring

__all__ = ["Stripped", "clean_texts", "lookup_keys", "share_of_cues", "strip", "strip_boilerplate"]

_KIND_OF_LABEL = np.array(
    [0, KINDS.index(Kind.TITLE), *(KINDS.index(Kind(name)) for name in LABELS[2:])], np.uint8
)
OWN_CUES = 2.0
"""Weights of cues a sentence needs to be taken out of a block of body."""

GLUED_TOKENS = 12
"""Words of body that a block of furniture must hold for them to stay."""
REPEATED_TOKENS = 12
"""Words of a paragraph, at least, that is a copy of one above; shorter ones are said twice for effect."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """What was taken out of n documents with T tokens. Places are bytes of a document's raw UTF-8.

    Attributes:
        body: bool[T], the token belongs to the article.
        removed_offsets: int64[n+1], removed spans of each document, in order, without overlap.
        removed_start: uint32[R].
        removed_end: uint32[R].
        removed_kind: uint8[R], index into :data:`dedup.boilerplate.spans.KINDS`.
        agency_offsets: int64[n+1], agencies of each document, in order.
        agency_name: int32[A], index into :func:`dedup.boilerplate.agency_names`.
        agency_role: uint8[A], of :class:`dedup.boilerplate.AgencyRole`.
        agency_start: uint32[A].
        agency_end: uint32[A].
    """

    body: NDArray[np.bool_]
    removed_offsets: NDArray[np.int64]
    removed_start: NDArray[np.uint32]
    removed_end: NDArray[np.uint32]
    removed_kind: NDArray[np.uint8]
    agency_offsets: NDArray[np.int64]
    agency_name: NDArray[np.int32]
    agency_role: NDArray[np.uint8]
    agency_start: NDArray[np.uint32]
    agency_end: NDArray[np.uint32]

    @classmethod
    def nothing(cls, tokens: Tokens) -> Self:
        """Nothing is taken out of these documents, and no agency looked for."""
        offsets, place, code = (
            np.zeros(len(tokens) + 1, np.int64),
            np.empty(0, np.uint32),
            np.empty(0, np.uint8),
        )
        whole = np.ones(len(tokens.hash), np.bool_)
        return cls(whole, offsets, place, place, code, offsets, np.empty(0, np.int32), code, place, place)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided of U units.

    Attributes:
        units: Where they are.
        labels: uint8[U], indices into ``LABELS``.
        kind: uint8[U], index into :data:`dedup.boilerplate.spans.KINDS`, of those that go.
        removed: bool[U], the unit goes.
    """

    units: Units
    labels: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    removed: NDArray[np.bool_]


def lookup_keys(tokens: Tokens, batch: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Document and key of all that :func:`strip` looks up in a ``Recurring``, which need hold no more."""
    seen = Seen.of(tokens, batch.column("text"))
    units, _ = _units(seen)
    unit, keys = unit_keys(batch, units, unit_hashes(seen.tokens, units.first, units.last))
    return units.documents(unit), keys


def strip(
    tokens: Tokens, batch: pa.RecordBatch, recurring: Recurring | None = None, seen: Seen | None = None
) -> Stripped:
    """Find the boilerplate of a batch of documents.

    Args:
        tokens: The batch's token stream.
        batch: Its records; of the columns ``text`` is needed, ``title`` and ``source`` are used where they
            are there.
        recurring: Blocks known to recur in a source, of :func:`dedup.boilerplate.find_recurring`.
        seen: The batch decoded and looked at, where that was done already.

    Returns:
        Masks, spans and agencies; nothing of the input is changed.
    """
    raw_tokens, seen = tokens, seen or Seen.of(tokens, batch.column("text"))
    view, labels = _labelled(seen, batch, recurring)
    decided = _decide(view, labels)
    units, removed = decided.units, decided.removed
    agencies = find_agencies(view.surface, units, view.measures, decided.labels)
    body = (~removed).repeat(units.last - units.first)
    inner = inner_spans(seen, units, removed, agencies)
    for first, last in zip(inner.first_token.tolist(), inner.last_token.tolist(), strict=True):
        body[first:last] = False
    spans = Spans.joined([_unit_spans(seen, decided), inner, _blank_blocks(seen.tokens)])
    documents = len(raw_tokens)
    agency_document = units.documents(agencies.unit)
    removed_offsets = np.searchsorted(spans.document, np.arange(documents + 1)).astype(np.int64)
    return Stripped(
        body=body,
        removed_offsets=removed_offsets,
        removed_start=to_raw_places(raw_tokens, removed_offsets, spans.start),
        removed_end=to_raw_places(raw_tokens, removed_offsets, spans.end),
        removed_kind=spans.kind,
        agency_offsets=np.searchsorted(agency_document, np.arange(documents + 1)).astype(np.int64),
        agency_name=agencies.name,
        agency_role=agencies.role,
        agency_start=raw_tokens.start[agencies.first],
        agency_end=raw_tokens.end[agencies.first + agencies.size - 1],
    )


def _units(seen: Seen) -> tuple[Units, NDArray[np.int64]]:
    """Blocks, or sentences where those are no paragraphs, and the tokens of :func:`dated_openings`."""
    dated = dated_openings(seen)
    return units_of(seen, unbroken(seen.tokens), dated), dated


def _labelled(
    seen: Seen, batch: pa.RecordBatch, recurring: Recurring | None
) -> tuple[View, NDArray[np.uint8]]:
    """The units of a batch, and the label of each by the model and the rules, uint8[U]."""
    units, dated = _units(seen)
    phrases = find_phrases(seen)
    measures = measure(seen, units, phrases)
    is_title = _equal_titles(batch, units, measures.whole)
    recurs = np.zeros(len(units), np.uint8)
    if recurring is not None:
        recurs = recurring.witnesses_of(batch, units, measures.whole)
    traits = observe(seen, units, measures, is_title, recurs)
    model = model_of(units, measures)
    labels = label_units(table(), traits, units.offsets, model)
    posted = posts(units, measures) & (traits[RECURS] == 0)
    view = View(
        *(seen.tokens, seen.texts, seen.surface, units, phrases, measures, traits, model, dated, posted)
    )
    relabel(view, labels)
    return view, labels


def _decide(view: View, labels: NDArray[np.uint8]) -> _Decided:
    """What goes, unit by unit; where a block has furniture beside body, sentence by sentence."""
    units, measures = view.units, view.measures
    decided = _with_repeats(view, labels)
    mixed = suspects(view.tokens, units, measures)
    mixed[units.block[decided.removed | view.posted]] = False
    mixed[units.block[_glued(units, measures, labels)]] = True
    return _by_sentences(view, decided, mixed) if mixed.any() else decided


def _with_repeats(view: View, labels: NDArray[np.uint8]) -> _Decided:
    """Furniture goes, and what comes a second time."""
    units, measures = view.units, view.measures
    is_title, earlier, later = view.traits[[IS_TITLE, SAME_ABOVE, SAME_BELOW]] > 0
    # a headline goes where it repeats what is known; the first of its kind is part of the article
    repeats_title = is_title | ((labels == TITLE) & earlier)
    # one that is all there is stays, the last of its kind
    repeats_title &= later | ~none_of(units, (labels <= TITLE) & ~repeats_title)
    stays = (labels == BODY) & ~repeats_title
    repeat = _second_copies(units, stays, earlier | later, measures)
    repeat |= _standfirsts(units, stays & none_of(units, repeat), later, measures.counts)
    kind = _KIND_OF_LABEL[labels]
    kind[repeats_title] = KINDS.index(Kind.TITLE)
    kind[repeat] = KINDS.index(Kind.REPEAT)
    return _Decided(units, labels, kind, (labels > TITLE) | repeats_title | repeat)


def _by_sentences(view: View, decided: _Decided, mixed: NDArray[np.bool_]) -> _Decided:
    """Decide again on mixed blocks: on their sentences, which are the units then.

    Of a block of body one that has cues of its own may go; of furniture, what stands before the first such
    sentence, or behind the last one, may stay.

    Args:
        view: What was looked at.
        decided: So far.
        mixed: bool[B], the blocks.
    """
    units, measures = view.units, view.measures
    finer = units_of(view, mixed | unbroken(view.tokens), view.dated)
    origin = holders(units.first, finer.first)
    labels, kind, removed = decided.labels[origin], decided.kind[origin], decided.removed[origin]
    new = mixed[finer.block]
    chosen = sums(new, finer.offsets) > 0  # only their documents are looked at again
    rows = np.flatnonzero(chosen.repeat(steps(finer.offsets)))
    part, new = finer.of(chosen), new[rows]
    fresh = tally(view, part.first[new], part.last[new])
    tallies = Tallies(measures.counts, measures.whole, measures.head).of(origin[rows], new, fresh)
    measured = measure(view, part, view.phrases, tallies)
    nothing = np.zeros(len(part), np.bool_)
    found = label_units(
        table(),
        observe(view, part, measured, nothing, nothing.view(np.uint8)),
        part.offsets,
        np.full(len(part.offsets) - 1, MODELS.index("sentence"), np.uint8),
    )
    gone = removed[rows]
    cued = new & (found > TITLE) & (measured.strongest >= OWN_CUES)
    # one word of many says little: "… fell behind its polls", where "back" is a link
    said = measured.covered[:, :KINDS_OF_FURNITURE].max(axis=1, initial=0)
    goes = cued & ~gone & ((said > 1) | (4 * said >= part.last - part.first))
    for label in (CREDIT, CAPTION):
        goes &= ~only_signed(part, measured, found, label)
    stays = np.zeros(len(part), np.bool_)
    some = np.flatnonzero(new & gone)
    prose = (found[some] == BODY) & (measured.strongest[some] == 0)
    prose &= measured.cues[some, CUES.index("address")] == 0  # appeals speak of themselves and to the reader
    stays[some] = _beside_cues(part.block[some], cued[some], prose, measured.counts[some, signs.N_TOKENS])
    labels[rows[goes]], removed[rows[goes]] = found[goes], True
    labels[rows[stays]], removed[rows[stays]] = BODY, False
    again = rows[goes | stays]
    kind[again] = _KIND_OF_LABEL[labels[again]]
    return _Decided(finer, labels, kind, removed)


def _glued(units: Units, measures: Measures, labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Furniture of several sentences next to body, of which some may be that, too.

    But no captions: they are a sentence and a credit, and so is the last paragraph with one behind it.
    """
    several = (measures.counts[:, signs.N_STOP] >= 2) & (measures.counts[:, signs.N_TOKENS] > GLUED_TOKENS)
    several &= (labels > TITLE) & (labels != LABELS.index("caption"))
    some = np.flatnonzero(several & ~units.sentences)
    document = units.documents(some)
    above, below = some > units.offsets[document], some + 1 < units.offsets[document + 1]
    above &= labels[some - 1] == BODY
    below &= labels[np.minimum(some + 1, len(labels) - 1)] == BODY
    return some[above | below]


def _beside_cues(
    block: NDArray[np.int64],
    cued: NDArray[np.bool_],
    prose: NDArray[np.bool_],
    words: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Sentences before the first one with cues of their block, or behind the last, if all are body: bool[s].

    Args:
        block: int64[s], ascending.
        cued: bool[s].
        prose: bool[s], they may be body.
        words: int32[s], how many they have.
    """
    opens = run_starts(block)
    before = running(cued)[:-1]
    behind = before - first_of_run(before, opens)
    total = np.bincount(block, cued)[block]
    outside = ~cued & ((behind == 0) | (behind == total)) & (total > 0)
    part = np.cumsum(opens | np.append(False, outside[1:] != outside[:-1]))
    whole = np.bincount(part, ~(outside & prose))[part] == 0
    return np.asarray(whole & (np.bincount(part, words)[part] >= GLUED_TOKENS))


def _equal_titles(batch: pa.RecordBatch, units: Units, whole: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """bool[U]: the unit says what the document's given title says."""
    if "title" not in batch.schema.names or batch.column("title").null_count == batch.num_rows:
        return np.zeros(len(units), np.bool_)
    given = batch.column("title")
    titles = tokenize(given.fill_null("") if given.null_count else given)
    hashes = unit_hashes(titles, titles.offsets[:-1], titles.offsets[1:])
    known = steps(titles.offsets) > 0
    count = steps(units.offsets)
    equal: NDArray[np.bool_] = known.repeat(count) & (hashes.repeat(count) == whole)
    return equal


def _standfirsts(
    units: Units, stays: NDArray[np.bool_], later: NDArray[np.bool_], counts: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """bool[U]: the first unit of body, if the article says it again below."""
    found = np.zeros(len(units), np.bool_)
    if not (stays & later).any():
        return found
    kept = np.flatnonzero(stays)
    document = units.documents(kept)
    first = kept[run_starts(document)]
    found[first[later[first] & (counts[first, signs.N_TOKENS] >= 5)]] = True
    return found


def _second_copies(
    units: Units, stays: NDArray[np.bool_], twins: NDArray[np.bool_], measures: Measures
) -> NDArray[np.bool_]:
    """bool[U]: paragraphs of body that stand above already, in documents that hold their article twice.

    There they are two fifths of the body and more; else a paragraph said again is the author's.
    """
    found = np.zeros(len(units), np.bool_)
    tokens = measures.counts[:, signs.N_TOKENS]
    some = np.flatnonzero(stays & twins & (tokens >= REPEATED_TOKENS))
    if not len(some):
        return found
    document = units.documents(some)
    order = np.lexsort((measures.whole[some], document))
    found[some[order][~run_starts(document[order], measures.whole[some[order]])]] = True
    again, whole = (sums(tokens * chosen, units.offsets) for chosen in (found, stays))
    twice = (5 * again >= 2 * whole) & (sums(found, units.offsets) > 1)
    return found & twice.repeat(steps(units.offsets))


def _unit_spans(seen: Seen, decided: _Decided) -> Spans:
    """The spans of removed units: whole blocks with all signs in them, sentences up to the next one."""
    tokens, units, gone = seen.tokens, decided.units, np.flatnonzero(decided.removed)
    block = units.block[gone]
    document = holders(tokens.block_offsets, block)
    start, end = tokens.block_start[block].copy(), tokens.block_end[block].copy()
    for cut, token, inside in (
        (start, units.first[gone], units.first[gone] > tokens.block_first[block]),
        (end, units.last[gone], units.last[gone] < tokens.block_first[block + 1]),
    ):
        cut[inside] = sentence_cuts(seen, document[inside], token[inside])
    return Spans(document, start, end, decided.kind[gone], units.first[gone], units.last[gone])


def _blank_blocks(tokens: Tokens) -> Spans:
    """Blocks without any token, such as a row of asterisks."""
    block = np.flatnonzero(steps(tokens.block_first) == 0)
    document = holders(tokens.block_offsets, block)
    nothing = tokens.block_first[block]
    kind = np.full(len(block), KINDS.index(Kind.WIDGET), np.uint8)
    return Spans(document, tokens.block_start[block], tokens.block_end[block], kind, nothing, nothing)


def share_of_cues(line: str) -> float:
    """The share of a line's words that cues of one kind of furniture cover.

    Args:
        line: The first of a text. One takes a fifth of a millisecond, stripping it fifteen times that.
    """
    texts = pa.array([line], pa.large_string())
    seen = Seen.of(tokenize(texts), texts)
    units, _ = _units(seen)
    covered = measure(seen, units, find_phrases(seen)).covered[:, :KINDS_OF_FURNITURE]
    return float(covered.sum(axis=0).max(initial=0)) / max(len(seen.tokens.hash), 1)


def strip_boilerplate(text: str, *, title: str | None = None) -> CleanText:
    """Take out of one article what is not the article.

    Args:
        text: The raw text.
        title: Its headline, if it is known apart from the text.

    Returns:
        What stays, with blocks separated as they were, what was removed, and the agencies named.

    Raises:
        InputError: An argument is no text, or has half of a surrogate pair.
    """
    given = Document.from_record({"text": text, "title": title})
    try:
        texts, titles = pa.array([given.text], pa.large_string()), pa.array([given.title], pa.string())
    except UnicodeEncodeError as error:
        raise InputError("a text or title has a lone surrogate") from error
    batch = pa.record_batch({"text": texts, "title": titles})
    return clean_texts(batch)[0]


def clean_texts(batch: pa.RecordBatch, recurring: Recurring | None = None) -> list[CleanText]:
    """What is left of each document of a batch; see :func:`strip` for the arguments."""
    tokens = tokenize(batch.column("text"))
    stripped = strip(tokens, batch, recurring)
    documents = enumerate(batch.column("text").to_pylist())
    return [_cleaned(text, number, tokens, stripped) for number, text in documents]


def _cleaned(text: str, number: int, tokens: Tokens, stripped: Stripped) -> CleanText:
    """What is left of one document of a batch, its places in characters."""
    gone = slice(*stripped.removed_offsets[number : number + 2])
    named = slice(*stripped.agency_offsets[number : number + 2])
    own = slice(*tokens.block_offsets[number : number + 2])
    raw = text.encode()

    def spans(start: NDArray[np.uint32], end: NDArray[np.uint32]) -> tuple[list[int], list[int]]:
        return byte_to_char(raw, start).tolist(), byte_to_char(raw, end).tolist()

    kinds = [KINDS[kind] for kind in stripped.removed_kind[gone]]
    removed = tuple(map(Removed, *spans(stripped.removed_start[gone], stripped.removed_end[gone]), kinds))
    names = [agency_names()[name] for name in stripped.agency_name[named]]
    roles = [AgencyRole(role).name.lower() for role in stripped.agency_role[named]]
    places = spans(stripped.agency_start[named], stripped.agency_end[named])
    blocks = zip(*spans(tokens.block_start[own], tokens.block_end[own]), strict=True)
    return CleanText(_without(text, blocks, removed), removed, tuple(map(Agency, names, roles, *places)))


def _without(text: str, blocks: Iterable[tuple[int, int]], removed: tuple[Removed, ...]) -> str:
    """The text without the spans; a block that is gone takes the separator before it along."""
    if not removed:
        return text
    kept: list[str] = []
    before = 0  # end of the block before, kept or not
    following = iter(removed)
    span = next(following, None)
    for start, end in blocks:
        parts = []
        at = start
        while span is not None and span.start < end:
            parts.append(text[at : span.start])
            at = max(at, span.end)
            span = next(following, None)
        parts.append(text[at:end])
        left = "".join(parts).strip()
        if left:
            if kept:
                kept.append(text[before:start])
            kept.append(left)
        before = end
    return "".join(kept)
