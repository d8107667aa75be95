"""Take out of each article what is not the article: a mask, spans with their kinds, and its agencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.boilerplate.agencies import AgencyRole, agency_names, datelines, find_agencies
from dedup.boilerplate.features import model_of, observe, suspects, table
from dedup.boilerplate.forms import (
    addresses,
    credited_captions,
    dates,
    led_by_cues,
    open_captions,
    placed,
    posts,
    sentences,
    signed_captions,
    threads,
)
from dedup.boilerplate.lexicon import CUES
from dedup.boilerplate.model import BODY, LABELS, MODELS, TITLE, label_units
from dedup.boilerplate.recurring import asked, unit_hashes
from dedup.boilerplate.spans import Spans, inner_spans, sentence_cuts
from dedup.boilerplate.units import (
    Measures,
    Phrases,
    Surface,
    Tallies,
    Units,
    dated_openings,
    find_phrases,
    measure,
    surface,
    tally,
    text_bytes,
    unbroken,
    units_of,
)
from dedup.errors import InputError
from dedup.kernels import signs
from dedup.kernels.traits import (
    AGENCY,
    ALL_AGENCY,
    ATS,
    ENDS_QUESTION,
    ENDS_STOP,
    OPENS_MARK,
    OPENS_QUOTE,
    PROSE,
    PROSE_ABOVE,
    PROSE_BELOW,
    PROSE_WORDS,
    RECURS,
    SAME_ABOVE,
    SAME_BELOW,
    WORD,
    WORDS,
)
from dedup.kernels.traits import CUES as CUES_OF
from dedup.kernels.traits import KINDS as CUED_KINDS
from dedup.model import Agency, CleanText, Kind, Removed
from dedup.ragged import first_of_run, owners, run_starts, running, steps, sums
from dedup.tokens import Tokens, as_read, as_written, byte_to_char, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedup.boilerplate.recurring import Recurring

    Place = tuple[int, int]

__all__ = ["Stripped", "clean_texts", "keys_asked", "strip", "strip_boilerplate"]

KINDS = list(Kind)
_KIND_OF_LABEL = np.array(
    [0, KINDS.index(Kind.TITLE), *(KINDS.index(Kind(name)) for name in LABELS[2:])], np.uint8
)
_ASTRAY = np.array([name in ("appeal", "nav", "widget") for name in LABELS])
"""What an agency's name by itself is never, by label."""
ADDRESSED = CUES_OF + CUES.index("address")
"""Trait: words that speak to the reader."""
OWN_CUES = 2.0
"""Weights of cues a sentence needs to be taken out of a block of body."""

GLUED_TOKENS = 12
"""Words of body that a block of furniture must hold for them to stay."""
PROSE_TOKENS = 80
PROSE_STOPS = 3
"""Words and sentence ends that make a unit prose."""
STRONG_CUES = 5.0
"""Weight of cues that even prose does not outweigh."""
MANY_CUES, TITLE_CUES = 7.0, 4.0
"""Weight of cues that, filling half of it, make a unit an appeal, or a headline none."""
LINE_WORDS = 8
"""Fewer words without a stop are a line, no sentence."""
ISLAND_WORDS, CLOSING_WORDS = 8, 3
"""Words of a sentence near the article that is its last, in a page and elsewhere."""
REPEATED_TOKENS = 12
"""Words of a paragraph that is not said twice for effect."""
SIGNED_TOKENS = 8
"""Words before a closing agency that are a sentence of the article, not the name of its author."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """What was taken out of n documents with T tokens. Places are bytes of a document's raw UTF-8.

    Attributes:
        body: bool[T], the token belongs to the article.
        removed_offsets: int64[n+1], removed spans of each document, in order, without overlap.
        removed_start: uint32[R].
        removed_end: uint32[R].
        removed_kind: uint8[R], index into ``list(Kind)``.
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


def keys_asked(tokens: Tokens, batch: pa.RecordBatch) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Document and key of all that :func:`strip` looks up in a ``Recurring``; the rest may be left out."""
    tokens, texts = as_read(tokens, batch.column("text"))
    look = surface(tokens, texts)
    units = units_of(tokens, look, unbroken(tokens), dated_openings(tokens, look))
    return asked(batch, owners(units.offsets), unit_hashes(tokens, units.first, units.last))


def strip(tokens: Tokens, batch: pa.RecordBatch, recurring: Recurring | None = None) -> Stripped:
    """Find the boilerplate of a batch of documents.

    Args:
        tokens: The batch's token stream.
        batch: Its records; of the columns ``text`` is needed, ``title`` and ``source`` are used where they
            are there.
        recurring: Blocks known to recur in a source, of :func:`dedup.boilerplate.find_recurring`.

    Returns:
        Masks, spans and agencies; nothing of the input is changed.
    """
    written = tokens
    tokens, texts = as_read(tokens, batch.column("text"))
    look = surface(tokens, texts)
    dated = dated_openings(tokens, look)
    units = units_of(tokens, look, unbroken(tokens), dated)
    phrases = find_phrases(tokens, look)
    measures = measure(tokens, look, units, phrases)
    is_title = _equal_titles(batch, units, measures.whole)
    recurs = (
        np.zeros(len(units), np.uint8) if recurring is None else recurring.marks(batch, units, measures.whole)
    )
    traits = observe(tokens, look, units, measures, is_title, recurs)
    model = model_of(units, measures)
    labels = label_units(table(), traits, units.offsets, model)
    # a headline is not made of cues, and what is made of an appeal's needs no neighbours to agree
    some = np.flatnonzero((measures.strongest >= min(MANY_CUES, TITLE_CUES)) & (labels <= TITLE))
    if len(some):
        labels[some] = _by_cues(units, measures, labels, traits, some)
    labels[sentences(measures) & (labels == LABELS.index("meta"))] = BODY
    labels[dates(tokens, units, measures, texts) & (labels <= TITLE)] = LABELS.index("meta")
    # an author may sign the last paragraph so
    signed = signed_captions(look, units, measures) & (traits[PROSE_BELOW] > 0)
    signed |= open_captions(look, units, measures, traits[PROSE] > 0, labels != BODY)
    labels[signed & (labels <= TITLE)] = LABELS.index("caption")
    cued = led_by_cues(look, units, phrases)
    labels = np.where((cued > 0) & (labels <= TITLE), cued + TITLE, labels)
    credited = credited_captions(look, units, phrases)
    labels[credited & (labels != LABELS.index("credit"))] = LABELS.index("caption")
    # what somebody posted is told in the article, whoever embedded it
    posted = posts(units, measures) & (traits[RECURS] == 0)
    labels[posted] = BODY
    labels[np.searchsorted(units.first, dated) - 1] = LABELS.index("meta")
    # what recurs among articles that share nothing else is furniture. Of prose that is only one sign more: a
    # paragraph that edited versions kept recurs, too, and large families fell apart (recall 0.82 for 0.98)
    known = (traits[RECURS] > 0) & (traits[PROSE] == 0)
    labels[known & (labels <= TITLE)] = LABELS.index("nav")
    # a credit names somebody: a closing paragraph of background looks like an author's life, but for the cues
    nobody = (traits[PROSE] > 0) & (traits[CUED_KINDS] == 0) & (traits[AGENCY] == 0)
    labels[nobody & (labels == LABELS.index("credit"))] = BODY
    labels[_islands(units, labels, traits, model)] = BODY
    labels[threads(tokens, look, units, measures, traits[PROSE] > 0)] = LABELS.index("widget")
    labels[addresses(measures) & (labels <= TITLE)] = LABELS.index("nav")
    labels[_only_signed(units, measures, labels, "credit")] = BODY
    # so does a caption, but not of two sentences where the article ends
    ends = (measures.counts[:, signs.N_STOP] > 1) & (traits[PROSE_ABOVE] > 1) & (traits[PROSE_BELOW] == 0)
    labels[ends & _only_signed(units, measures, labels, "caption")] = BODY
    # and what a dateline opens is the article, though it has a month and a year as captions have
    told = (labels == LABELS.index("caption")) & (traits[ENDS_STOP] > 0)
    rows = np.flatnonzero(told & (traits[WORDS] >= WORD * PROSE_WORDS))
    if len(rows):
        led = np.isin(rows, measures.agency_unit[datelines(look, units, measures)])
        led |= placed(tokens, look, units.first[rows]) & (traits[PROSE, rows] > 0)
        labels[rows[led]] = BODY
    named = np.flatnonzero(traits[ALL_AGENCY])
    labels[named[_ASTRAY[labels[named]]]] = LABELS.index("credit")
    earlier, later = traits[SAME_ABOVE] > 0, traits[SAME_BELOW] > 0

    # a headline goes where it repeats what is known; the first of its kind is part of the article
    # and where nothing would be left there is too little to be sure without cues
    labels[_where_none(units, labels <= TITLE) & (measures.strongest == 0)] = BODY
    labels[_lone_prose(units, labels, measures)] = BODY
    repeats_title = is_title | ((labels == TITLE) & earlier)
    # one that is all there is stays, the last of its kind
    repeats_title &= later | ~_where_none(units, (labels <= TITLE) & ~repeats_title)
    stays = (labels == BODY) & ~repeats_title
    repeat = _second_copies(units, stays, earlier | later, measures)
    repeat |= _standfirsts(units, stays & _where_none(units, repeat), later, measures.counts)
    kind = _KIND_OF_LABEL[labels]
    kind[repeats_title] = KINDS.index(Kind.TITLE)
    kind[repeat] = KINDS.index(Kind.REPEAT)
    removed = (labels > TITLE) | repeats_title | repeat

    mixed = suspects(tokens, units, measures)
    mixed[units.block[removed | posted]] = False
    mixed[units.block[_glued(units, measures, labels)]] = True
    if mixed.any():
        units, labels, kind, removed = _by_sentences(
            tokens, look, phrases, dated, mixed, units, measures, labels, kind, removed
        )
    agencies = find_agencies(look, units, measures, labels)

    body = (~removed).repeat(units.last - units.first)
    data, begins = text_bytes(texts)
    whole = _unit_spans(tokens, units, removed, kind, data, begins)
    inner = inner_spans(tokens, look, units, removed, agencies, data, begins)
    for first, last in zip(inner.first_token.tolist(), inner.last_token.tolist(), strict=True):
        body[first:last] = False
    blank = _blank_blocks(tokens)
    spans = Spans.joined([whole, inner, blank])
    documents = len(tokens.offsets) - 1
    agency_document = np.searchsorted(units.offsets, agencies.unit, side="right") - 1
    removed_offsets = np.searchsorted(spans.document, np.arange(documents + 1)).astype(np.int64)
    return Stripped(
        body=body,
        removed_offsets=removed_offsets,
        removed_start=as_written(written, removed_offsets, spans.start),
        removed_end=as_written(written, removed_offsets, spans.end),
        removed_kind=spans.kind,
        agency_offsets=np.searchsorted(agency_document, np.arange(documents + 1)).astype(np.int64),
        agency_name=agencies.name,
        agency_role=agencies.role,
        agency_start=written.start[agencies.first],
        agency_end=written.end[agencies.first + agencies.size - 1],
    )


def _islands(
    units: Units, labels: NDArray[np.uint8], traits: NDArray[np.int16], model: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """bool[U]: a sentence without a cue that one line alone parts from a sentence of the article.

    In text that is no page also one right below the article, and a short one that speaks to nobody.
    """
    found = np.zeros(len(units), np.bool_)
    told = (labels > TITLE) & (traits[ENDS_STOP] > 0) & (traits[CUED_KINDS] == 0)
    rows = np.flatnonzero(told & (traits[WORDS] >= WORD * CLOSING_WORDS))
    rows = rows[(traits[AGENCY, rows] == 0) & (traits[RECURS, rows] == 0)]
    if not len(rows):
        return found
    document = np.searchsorted(units.offsets, rows, side="right") - 1
    place = rows - units.offsets[document]

    def article(back: int) -> NDArray[np.bool_]:
        at = np.maximum(rows - back, 0)
        above: NDArray[np.bool_] = (place >= back) & (labels[at] == BODY) & (traits[ENDS_STOP, at] > 0)
        return above

    parted = article(2) & (labels[rows - 1] > TITLE)
    asks = (traits[[[OPENS_QUOTE], [OPENS_MARK], [ENDS_QUESTION], [ATS], [ADDRESSED]], rows] > 0).any(axis=0)
    closes = ~asks & (labels[rows] != LABELS.index("caption")) & (parted | article(1))
    closes &= model[document] != MODELS.index("page")
    teaser = (traits[WORDS, rows] >= WORD * ISLAND_WORDS) & (labels[rows] == LABELS.index("nav")) & parted
    found[rows[closes | teaser]] = True
    return found


def _only_signed(
    units: Units, measures: Measures, labels: NDArray[np.uint8], *names: str
) -> NDArray[np.bool_]:
    """bool[U]: has one of these labels only for an agency behind its full stop: "… are missing. (dpa)".

    The agency's name is cut out by itself.
    """
    unit, first, size = measures.agency_unit, measures.agency_first, measures.agency_size
    closes = (first + size == units.last[unit]) & (measures.agency_before & signs.STOP != 0)
    closes &= first - units.first[unit] >= SIGNED_TOKENS
    found = np.zeros(len(units), np.bool_)
    for name in names:
        in_cues = measures.covered[unit, CUES.index(name)]
        found[unit[closes & (labels[unit] == LABELS.index(name)) & (in_cues <= size)]] = True
    return found


def _by_cues(
    units: Units,
    measures: Measures,
    labels: NDArray[np.uint8],
    traits: NDArray[np.int16],
    some: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Labels of some units called body or headline; that of their cues where they are made of these."""
    # what covers most of it: one word of many languages, such as "Twitter", outweighs a whole appeal
    cued = measures.covered[some, :6].argmax(axis=1)
    weight = measures.cues[some, cued]
    covered, size = measures.covered[some, cued], units.last[some] - units.first[some]
    headline = (labels[some] == TITLE) & (2 * covered >= size)
    line = (traits[ENDS_STOP, some] == 0) & (traits[WORDS, some] < WORD * LINE_WORDS)
    # a stamp is often all that says when what follows was
    headline |= line & (4 * covered >= 3 * size) & (cued + 2 != LABELS.index("meta"))
    appeal = (weight >= MANY_CUES) & (2 * covered >= size) & (cued + 2 == LABELS.index("appeal"))
    made_of_cues = appeal | ((weight >= TITLE_CUES) & headline)
    return np.where(made_of_cues, cued + 2, labels[some]).astype(np.uint8)


def _by_sentences(
    tokens: Tokens,
    look: Surface,
    phrases: Phrases,
    dated: NDArray[np.int64],
    mixed: NDArray[np.bool_],
    units: Units,
    measures: Measures,
    labels: NDArray[np.uint8],
    kind: NDArray[np.uint8],
    removed: NDArray[np.bool_],
) -> tuple[Units, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """Decide again on mixed blocks, bool[B], by their sentences.

    Of a block of body one that has cues of its own may go; of furniture, what stands before the first such
    sentence, or behind the last one, may stay.

    Returns:
        Units with those blocks cut, and their labels, kinds and whether they go.
    """
    finer = units_of(tokens, look, mixed | cut_blocks(units, len(mixed)), dated)
    origin = np.searchsorted(units.first, finer.first, side="right") - 1
    labels, kind, removed = labels[origin], kind[origin], removed[origin]
    new = mixed[finer.block]
    chosen = sums(new, finer.offsets) > 0  # only their documents are looked at again
    rows = np.flatnonzero(chosen.repeat(steps(finer.offsets)))
    part, new = finer.of(chosen), new[rows]
    fresh = tally(tokens, look, part.first[new], part.last[new])
    tallies = Tallies(measures.counts, measures.whole, measures.head).of(origin[rows], new, fresh)
    told = measure(tokens, look, part, phrases, tallies)
    nothing = np.zeros(len(part), np.bool_)
    found = label_units(
        table(),
        observe(tokens, look, part, told, nothing, nothing.view(np.uint8)),
        part.offsets,
        np.full(len(part.offsets) - 1, MODELS.index("sentence"), np.uint8),
    )
    gone = removed[rows]
    cued = new & (found > TITLE) & (told.strongest >= OWN_CUES)
    goes = cued & ~gone & ~_only_signed(part, told, found, "credit", "caption")
    stays = np.zeros(len(part), np.bool_)
    some = np.flatnonzero(new & gone)
    prose = (found[some] == BODY) & (told.strongest[some] == 0)
    prose &= told.cues[some, CUES.index("address")] == 0  # appeals speak of themselves and to the reader
    stays[some] = _beside_cues(part.block[some], cued[some], prose, told.counts[some, signs.N_TOKENS])
    labels[rows[goes]], removed[rows[goes]] = found[goes], True
    labels[rows[stays]], removed[rows[stays]] = BODY, False
    again = rows[goes | stays]
    kind[again] = _KIND_OF_LABEL[labels[again]]
    return finer, labels, kind, removed


def _glued(units: Units, measures: Measures, labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Furniture of several sentences next to body, of which some may be that, too.

    But no captions: they are a sentence and a credit, and so is the last paragraph with one behind it.
    """
    several = (measures.counts[:, signs.N_STOP] >= 2) & (measures.counts[:, signs.N_TOKENS] > GLUED_TOKENS)
    several &= (labels > TITLE) & (labels != LABELS.index("caption"))
    some = np.flatnonzero(several & ~units.sentences)
    document = np.searchsorted(units.offsets, some, side="right") - 1
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


def cut_blocks(units: Units, blocks: int) -> NDArray[np.bool_]:
    """bool[B]: blocks the units are sentences of."""
    cut = np.zeros(blocks, np.bool_)
    cut[units.block[units.sentences]] = True
    return cut


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


def _where_none(units: Units, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[U]: the unit stands in a document of which no unit is chosen."""
    none: NDArray[np.bool_] = sums(chosen, units.offsets) == 0
    return none.repeat(steps(units.offsets))


def _lone_prose(units: Units, labels: NDArray[np.uint8], measures: Measures) -> NDArray[np.int64]:
    """The longest unit of each document, if it is prose and more than all that is called body.

    An article of one paragraph looks like a long caption. What has strong cues is one; appeals may be long.
    Speech that was written down, or text without its signs for a corpus, is one long unit whatever its cues;
    a menu that long is mostly capitalised.
    """
    tokens, stops, upper = (measures.counts[:, c] for c in (signs.N_TOKENS, signs.N_STOP, signs.N_UPPER))
    prose = (stops >= PROSE_STOPS) & (measures.strongest < STRONG_CUES) & (labels != LABELS.index("appeal"))
    prose |= (stops == 0) & (2 * upper < tokens)
    prose &= (labels > TITLE) & (tokens >= PROSE_TOKENS)
    if not prose.any():
        return np.empty(0, np.int64)
    documents = len(units.offsets) - 1
    document = owners(units.offsets)
    body = np.bincount(document, np.where(labels == BODY, tokens, 0), documents)
    found = np.flatnonzero(prose & (tokens > body[document]))
    found = found[np.lexsort((-tokens[found], document[found]))]
    first: NDArray[np.int64] = found[run_starts(document[found])].astype(np.int64)
    return first


def _standfirsts(
    units: Units, stays: NDArray[np.bool_], later: NDArray[np.bool_], counts: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """bool[U]: the first unit of body, if the article says it again below."""
    found = np.zeros(len(units), np.bool_)
    if not (stays & later).any():
        return found
    kept = np.flatnonzero(stays)
    document = np.searchsorted(units.offsets, kept, side="right") - 1
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
    document = np.searchsorted(units.offsets, some, side="right") - 1
    order = np.lexsort((measures.whole[some], document))
    found[some[order][~run_starts(document[order], measures.whole[some[order]])]] = True
    again, whole = (sums(tokens * chosen, units.offsets) for chosen in (found, stays))
    twice = (5 * again >= 2 * whole) & (sums(found, units.offsets) > 1)
    return found & twice.repeat(steps(units.offsets))


def _unit_spans(
    tokens: Tokens,
    units: Units,
    removed: NDArray[np.bool_],
    kind: NDArray[np.uint8],
    data: NDArray[np.uint8],
    begins: NDArray[np.int64],
) -> Spans:
    """The spans of removed units: whole blocks with all signs in them, sentences up to the next one."""
    gone = np.flatnonzero(removed)
    block = units.block[gone]
    document = np.searchsorted(tokens.block_offsets, block, side="right") - 1
    start, end = tokens.block_start[block].copy(), tokens.block_end[block].copy()
    for cut, token, inside in (
        (start, units.first[gone], units.first[gone] > tokens.block_first[block]),
        (end, units.last[gone], units.last[gone] < tokens.block_first[block + 1]),
    ):
        cut[inside] = sentence_cuts(tokens, data, begins[document[inside]], token[inside])
    return Spans(document, start, end, kind[gone], units.first[gone], units.last[gone])


def _blank_blocks(tokens: Tokens) -> Spans:
    """Blocks without any token, such as a row of asterisks."""
    block = np.flatnonzero(steps(tokens.block_first) == 0)
    document = np.searchsorted(tokens.block_offsets, block, side="right") - 1
    nothing = tokens.block_first[block]
    kind = np.full(len(block), KINDS.index(Kind.WIDGET), np.uint8)
    return Spans(document, tokens.block_start[block], tokens.block_end[block], kind, nothing, nothing)


def strip_boilerplate(text: str, *, title: str | None = None, source: str | None = None) -> CleanText:
    """Take out of one article what is not the article.

    Args:
        text: The raw text.
        title: Its headline, if it is known apart from the text.
        source: Who published it; for the record, one text alone teaches nothing about its source.

    Returns:
        What stays, with blocks separated as they were, what was removed, and the agencies named.

    Raises:
        InputError: An argument is no text, or has half of a surrogate pair.
    """
    try:
        batch = pa.record_batch(
            {
                "text": pa.array([text], pa.large_string()),
                "title": pa.array([title], pa.string()),
                "source": pa.array([source], pa.string()),
            }
        )
    except UnicodeEncodeError as error:
        raise InputError("a text, title or source has a lone surrogate") from error
    except pa.ArrowTypeError as error:
        raise InputError(f"a text, title or source is no string: {error}") from error
    return clean_texts(batch)[0]


def clean_texts(batch: pa.RecordBatch, recurring: Recurring | None = None) -> list[CleanText]:
    """What is left of each document of a batch; see :func:`strip` for the arguments."""
    tokens = tokenize(batch.column("text"))
    stripped = strip(tokens, batch, recurring)
    names = agency_names()
    cleaned = []
    for i, text in enumerate(batch.column("text").to_pylist()):
        raw = text.encode()
        gone = slice(*stripped.removed_offsets[i : i + 2])
        named = slice(*stripped.agency_offsets[i : i + 2])
        own = slice(*tokens.block_offsets[i : i + 2])

        def places(start: NDArray[np.uint32], end: NDArray[np.uint32], raw: bytes = raw) -> Iterator[Place]:
            return zip(byte_to_char(raw, start).tolist(), byte_to_char(raw, end).tolist(), strict=True)

        removed = tuple(
            Removed(start, end, KINDS[kind])
            for (start, end), kind in zip(
                places(stripped.removed_start[gone], stripped.removed_end[gone]),
                stripped.removed_kind[gone],
                strict=True,
            )
        )
        agencies = tuple(
            Agency(names[name], AgencyRole(role).name.lower(), start, end)
            for (start, end), name, role in zip(
                places(stripped.agency_start[named], stripped.agency_end[named]),
                stripped.agency_name[named],
                stripped.agency_role[named],
                strict=True,
            )
        )
        blocks = places(tokens.block_start[own], tokens.block_end[own])
        cleaned.append(CleanText(_without(text, blocks, removed), removed, agencies))
    return cleaned


def _without(text: str, blocks: Iterable[Place], removed: tuple[Removed, ...]) -> str:
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
