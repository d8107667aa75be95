from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.alignment import SEED
from dedup.candidates import Pairs
from dedup.config import Settings
from dedup.edges import KINDS, NONE, Edges
from dedup.kernels import reference_overlap as reference
from dedup.kernels.constants import EXCERPT
from dedup.overlap import decide, equal, verify
from dedup.texts import ANNOUNCED, CHARACTER, DAY, NEVER, NUMBER, QUOTED, SENTENCE, STOCK, Texts
from dedup.verdicts import Evidence, Rule, classify

Text = list[int]


@dataclass
class Aligned:
    """What the kernel says of one pair."""

    covered: int
    narrative: int
    longest: int
    figures: int
    conflicts: int
    sentences: int
    over_a: int
    over_b: int
    runs: list[tuple[int, int, int]]


def texts_of(
    documents: list[Text], flags: list[list[int]] | None = None, *, spaceless: bool = False
) -> Texts:
    flags = flags or [[CHARACTER * spaceless] * len(document) for document in documents]
    stop = np.cumsum([len(document) for document in documents], dtype=np.int64)
    return Texts(
        np.array([word for document in documents for word in document], np.uint64),
        np.array([flag for document in flags for flag in document], np.uint8),
        stop - [len(document) for document in documents],
        stop,
        np.full(len(documents), spaceless, np.uint8),
        np.full(len(documents), NEVER),
    )


def aligned(loops: Any, texts: Texts, gap: int = 12, min_run: int = 8, room: int = 1 << 14) -> list[Aligned]:
    """Every pair of a text with the next; as many calls as ``room`` makes necessary."""
    a = np.arange(len(texts.start) - 1)
    counts = np.full((len(a), 8), -1, np.int32)
    run_counts = np.full(len(a), -1, np.int64)
    found = []
    done = 0
    while done < len(a):
        runs = np.empty((room, 3), np.int32)
        upto = loops.align_pairs(
            *(texts.hash, texts.flags, texts.start, texts.stop, texts.spaceless, a, a + 1),
            *(done, SEED, gap, min_run, counts, runs, run_counts),
        )
        assert upto > done
        ends = np.cumsum(run_counts[done:upto])
        found += np.split(runs[: ends[-1]], ends[:-1])
        done = upto
    return [
        Aligned(*row, [(i, j, n) for i, j, n in runs.tolist()])
        for row, runs in zip(counts.tolist(), found, strict=True)
    ]


def edited(draw: st.DrawFn, text: Text, words: st.SearchStrategy[int]) -> Text:
    """Pieces of a text in any order, with other words between them."""
    result: Text = []
    for _ in range(draw(st.integers(1, 6))):
        if text and draw(st.booleans()):
            start = draw(st.integers(0, len(text) - 1))
            result += text[start : start + draw(st.integers(1, 40))]
        else:
            result += draw(st.lists(words, max_size=14))
    return result


@st.composite
def stories(draw: st.DrawFn) -> list[Text]:
    words = st.integers(0, draw(st.sampled_from([1, 3, 200])))
    story = draw(st.lists(words, max_size=70))
    return [story, *(edited(draw, story, words) for _ in range(draw(st.integers(1, 3))))]


@st.composite
def judged_texts(draw: st.DrawFn) -> Texts:
    documents = draw(stories())
    if draw(st.booleans()):
        return texts_of(documents, spaceless=draw(st.booleans()))
    kinds = [0, 0, 0, QUOTED, STOCK, NUMBER, CHARACTER, QUOTED | NUMBER, ANNOUNCED, SENTENCE, SENTENCE]
    flag = st.sampled_from(kinds)
    flags = [draw(st.lists(flag, min_size=len(d), max_size=len(d))) for d in documents]
    return texts_of(documents, flags)


@pytest.mark.parametrize("words", [2, 3, 5])
def test_a_pair_is_aligned_alike_alone_and_beside_longer_ones(words: int) -> None:
    """How far repetitive text is looked through depends on the pair, not on which pairs a thread has."""
    draw = random.Random(words)
    one, two = ([draw.randrange(words) for _ in range(300)] for _ in range(2))
    longer = list(range(100, 3000))
    for loops in (kernels.warm(), reference):
        alone = aligned(loops, texts_of([one, two]))
        assert aligned(loops, texts_of([one, two, longer, longer]))[:1] == alone


@given(judged_texts(), st.integers(0, 14), st.integers(1, 10), st.booleans())
@hypothesis_settings(max_examples=150)
def test_compiled_equals_reference(texts: Texts, gap: int, min_run: int, scarce: bool) -> None:
    size = texts.stop - texts.start
    room = int((size[1:] + size[:-1]).max()) if scarce else 1 << 14
    compiled = aligned(kernels.warm(), texts, gap, min_run, max(room, 1))
    assert compiled == aligned(reference, texts, gap, min_run, max(room, 1))
    assert compiled == aligned(kernels.warm(), texts, gap, min_run)


@given(judged_texts(), st.integers(0, 14), st.integers(1, 10))
@hypothesis_settings(max_examples=150)
def test_what_is_shared_is_shared_once(texts: Texts, gap: int, min_run: int) -> None:
    documents = [
        (texts.hash[low:high].tolist(), texts.flags[low:high].tolist())
        for low, high in zip(texts.start, texts.stop, strict=True)
    ]
    for number, found in enumerate(aligned(kernels.warm(), texts, gap, min_run)):
        (a, flags_a), (b, flags_b) = documents[number], documents[number + 1]
        for i, j, n in found.runs:
            assert n > 0
            assert a[i : i + n] == b[j : j + n]
        for side in (0, 1):
            places = [run[side] + t for run in found.runs for t in range(run[2])]
            assert len(places) == len(set(places))
        for flags in (flags_a, flags_b):
            assert found.covered <= sum(1 if flag & CHARACTER else 2 for flag in flags if not flag & STOCK)
        assert 0 <= found.narrative <= found.covered
        assert found.longest <= found.covered


@given(stories(), st.booleans())
@hypothesis_settings(max_examples=80)
def test_a_text_against_itself_is_covered_wholly(documents: list[Text], spaceless: bool) -> None:
    for text in documents:
        if len(text) >= 8 * (1 + spaceless):
            (found,) = aligned(kernels.warm(), texts_of([text, text], spaceless=spaceless))
            assert found.covered == len(text) * (1 if spaceless else 2)
            assert found.runs == [(0, 0, len(text))]


@given(st.lists(st.integers(0, 3), min_size=20, max_size=60), st.integers(0, 6), st.integers(0, 6))
@hypothesis_settings(max_examples=80)
def test_a_text_cut_at_both_ends_is_covered_wholly(text: Text, head: int, tail: int) -> None:
    part = text[head : len(text) - tail]
    for pair in ([text, part], [part, text]):
        (found,) = aligned(kernels.warm(), texts_of(pair))
        assert found.covered == 2 * len(part)


@given(st.data())
@hypothesis_settings(max_examples=80)
def test_coverage_does_not_depend_on_the_side(data: st.DataObject) -> None:
    # words that come once; texts of repeated words have several alignments of one score
    story = list(range(100))
    cuts = sorted(data.draw(st.sets(st.integers(10, 90), max_size=4)))
    pieces = [story[low:high] for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    other: Text = []
    for piece in data.draw(st.permutations(pieces)):
        other += piece + [1000 + len(other) + x for x in range(data.draw(st.integers(0, 15)))]
    one, two = (aligned(kernels.warm(), texts_of(pair))[0] for pair in ([story, other], [other, story]))
    assert one.covered == pytest.approx(two.covered, rel=0.05)


def changed(text: Text, at: int, drop: int, words: int) -> Text:
    return text[:at] + [900 + x for x in range(words)] + text[at + drop :]


STORY = list(range(100, 160))


@pytest.mark.parametrize(
    ("other", "half_words"),
    [
        (changed(STORY, 20, 1, 1), 120),  # a word changed: taken over
        (changed(STORY, 20, 3, 0), 114),  # words dropped
        (changed(STORY, 20, 0, 5), 120),  # words put in
        (changed(STORY, 20, 12, 12), 120),  # as many as a bridge bears
        (changed(STORY, 20, 13, 13), 94),  # two runs of their own
        (STORY[30:] + STORY[:30], 120),  # order changed
        ([word for start in range(0, 60, 7) for word in [*STORY[start : start + 7], 900 + start]], 120),
        ([word for start in range(0, 60, 2) for word in [*STORY[start : start + 2], 900 + start]], 0),
        (STORY[:7], 0),  # shorter than any run that counts
        (STORY[:8], 16),
        ([], 0),
    ],
)
def test_light_edits_are_bridged(other: Text, half_words: int) -> None:
    (found,) = aligned(kernels.warm(), texts_of([STORY, other]))
    assert found.covered == half_words


def test_a_character_taken_for_a_word_counts_as_a_character() -> None:
    other = changed(STORY, 20, 1, 1)
    flags = [[0] * 60, [0] * 20 + [CHARACTER] + [0] * 39]
    for loops in (kernels.warm(), reference):
        assert aligned(loops, texts_of([STORY, other], flags))[0].covered == 119


def test_figures_that_differ_are_counted() -> None:
    flags = [NUMBER if word % 10 == 0 else 0 for word in STORY]
    other = [word + 1000 if word % 20 == 0 else word for word in STORY]
    (found,) = aligned(kernels.warm(), texts_of([STORY, other], [flags, flags]))
    assert (found.figures, found.conflicts) == (6, 4)  # the first stands before the first run


class Counted(list[int]):
    """A list that counts how often it was looked at."""

    reads = 0

    def __getitem__(self, place: Any) -> Any:
        self.reads += len(range(*place.indices(len(self)))) if isinstance(place, slice) else 1
        return super().__getitem__(place)


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_repetitive_texts_stay_linear(period: int) -> None:
    def work(size: int) -> float:
        a = Counted(x % period for x in range(size))
        b = Counted((x + x // 50) % period for x in range(size))
        index: dict[tuple[int, ...], list[int]] = {}
        for i in range(size - SEED + 1):
            places = index.setdefault(tuple(list.__getitem__(a, slice(i, i + SEED))), [])
            if len(places) < reference.MAX_HITS:
                places.append(i)
        matches = reference._matches(a, b, index, SEED, reference.LONG)
        assert len(matches) <= 4 * size + 64
        return (a.reads + b.reads) / (2 * size)

    assert max(work(300), work(1200), work(4800)) <= 6 * reference.EFFORT


@example([0] * 400, [0] * 500)
@given(st.lists(st.just(0), max_size=200), st.lists(st.just(0), max_size=200))
def test_one_word_again_and_again(a: Text, b: Text) -> None:
    (found,) = aligned(kernels.warm(), texts_of([a, b]))
    assert found.covered == (2 * min(len(a), len(b)) if min(len(a), len(b)) >= 8 else 0)


# Relations


def related(a: Text, b: Text, settings: Settings | None = None) -> Edges:
    """One verified pair."""
    return verify(texts_of([a, b]), Pairs(np.array([0]), np.array([1])), settings or Settings())


def kind(edges: Edges) -> str:
    return KINDS[int(edges.kind[0])].value


def words(start: int, count: int) -> Text:
    return list(range(start, start + count))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (words(0, 100), words(0, 96) + words(900, 4), "near"),
        (words(0, 100), words(0, 60), "version"),
        (words(0, 100), words(0, 60) + words(900, 80), "version"),
        (words(0, 300), words(0, 45) + words(900, 200), "partial"),
        (words(0, 300), words(0, 20) + words(900, 200), "quote"),
        (words(0, 300), words(0, 11) + words(900, 200), "none"),
        (
            words(0, 300),
            [word if word % 7 else 800 for word in words(0, 28)] + words(900, 200),
            "none",
        ),  # scraps
        (words(0, 300), words(500, 300), "none"),
        (words(0, 20), words(0, 18) + words(900, 4), "version"),  # both short: words are no bar
        (words(0, 20), words(0, 18) + words(900, 100), "quote"),
        (words(0, 20), words(0, 18) + words(900, 12), "quote"),  # a flash, but not all of it
        (words(0, 16), words(0, 16) + words(900, 12), "version"),  # a flash, and a sentence more
        (words(0, 16), words(0, 16) + words(900, 16), "quote"),
        (words(0, 12), words(0, 12) + words(900, 9), "version"),
        (words(0, 11), words(0, 11) + words(900, 8), "none"),
        (words(0, 7), words(0, 7), "none"),
        ([], words(0, 50), "none"),
    ],
)
def test_relation(a: Text, b: Text, expected: str) -> None:
    assert kind(related(a, b)) == expected
    assert kind(related(b, a)) == expected


def flagged(a: Text, b: Text, flag: int, chosen: Text, days: int = 0) -> Edges:
    flags = [[flag if word in chosen else 0 for word in text] for text in (a, b)]
    texts = replace(texts_of([a, b], flags), published=np.array([0, days * DAY]))
    return verify(texts, Pairs(np.array([0]), np.array([1])), Settings())


def test_quotations_are_no_copied_reporting() -> None:
    a, b = words(0, 200), words(0, 100) + words(900, 60)
    assert kind(flagged(a, b, QUOTED, [])) == "version"
    for quoted, expected in ((60, "version"), (70, "partial"), (71, "quote")):
        quoting = flagged(a, b, QUOTED, words(0, quoted))
        assert (kind(quoting), quoting.shared_words[0], quoting.narrative_words[0]) == (
            expected, 100, 100 - quoted,
        )  # fmt: skip


def test_one_piece_of_nothing_but_quotations_is_a_version() -> None:
    told = words(0, 150)
    for a, b, expected in (
        (told, words(900, 40) + words(0, 135), "version"),  # a line before it, and cut
        (told, words(900, 140) + told, "quote"),  # printed whole by an article
        (told, words(900, 40) + words(0, 110), "quote"),  # nearly three quarters of each are too few
        (told[:90], told, "version"),  # cut, and nothing else
        (told[:90], told[:80] + words(900, 10) + told[80:], "version"),
        (words(900, 10) + told[:90], told, "quote"),
        (words(0, 30), words(0, 26) + words(900, 5), "quote"),
        (words(0, 30), words(0, 30) + words(900, 20), "quote"),
    ):
        assert kind(flagged(a, b, QUOTED, told)) == expected
        assert kind(flagged(a, b, QUOTED, told, days=9)) == expected  # a column is syndicated for weeks


def test_a_text_that_another_one_quotes_whole_is_a_quotation() -> None:
    """As behind "Fox News reported:"; the words of the one stand outside quotations, those of the other don't."""
    a = words(0, 96)
    b = words(900, 63) + a
    texts = texts_of([a, b], [[0] * len(a), [0] * 63 + [QUOTED] * len(a)])
    assert kind(verify(texts, Pairs(np.array([0]), np.array([1])), Settings())) == "quote"


def test_another_story_around_the_same_statements_is_no_version() -> None:
    a, b = words(0, 250), words(0, 150) + words(900, 100)
    for own, expected in ((40, "partial"), (100, "version")):
        edges = flagged(a, b, QUOTED, words(own, 150 - own))
        assert (kind(edges), edges.narrative_words[0]) == (expected, own)


@pytest.mark.parametrize(
    ("before", "size", "told"),
    [
        (0, 100, 0),
        (0, EXCERPT, 0),
        (0, EXCERPT + 1, EXCERPT + 1),  # too long for an excerpt
        (8, 100, 108),  # what announces it was taken over, too
    ],
)
def test_an_excerpt_ends_where_copying_ends(before: int, size: int, told: int) -> None:
    a = words(0, before + size)
    b = words(900, 60) + a + words(1900, 60)
    flags = [[0] * len(a), [0] * (60 + before) + [ANNOUNCED] * 20 + [0] * (size + 40)]
    for pair in ([a, b], flags), ([b, a], flags[::-1]):
        (found,) = aligned(kernels.warm(), texts_of(*pair))
        assert (found.covered, found.narrative) == (2 * len(a), 2 * told)


def sentences(lengths: list[int]) -> list[int]:
    """Flags of sentences of so many words."""
    return [SENTENCE if word == 0 else 0 for length in lengths for word in range(length)]


@pytest.mark.parametrize(
    ("shared", "in_a", "in_b", "expected"),
    [
        (20, [10, 10], [10, 10], "partial"),
        (20, [20], [10, 10], "quote"),  # one sentence there
        (20, [10, 10], [20], "quote"),  # and here
        (29, [29], [29], "quote"),
        (30, [30], [30], "partial"),
        (17, [9, 8], [9, 8], "quote"),
        (18, [9, 9], [9, 9], "partial"),
        (20, [16, 4], [16, 4], "quote"),  # four words are no sentence
        (20, [10, 20], [10, 20], "partial"),  # half of a sentence is
        (20, [10, 21], [10, 21], "quote"),  # less is not
    ],
)
def test_two_sentences_are_a_part(shared: int, in_a: list[int], in_b: list[int], expected: str) -> None:
    own = sum(in_a) - shared
    a = words(0, shared) + words(500, own + 100)
    b = words(0, shared) + words(900, sum(in_b) - shared + 100)
    flags = [sentences([*lengths, 100]) for lengths in (in_a, in_b)]
    texts = texts_of([a, b], flags)
    edges = verify(texts, Pairs(np.array([0]), np.array([1])), Settings())
    assert (kind(edges), edges.narrative_words[0]) == (expected, shared)
    _, (rule,) = decide(texts, Pairs(np.array([0]), np.array([1])), Settings())
    assert (Rule(rule) is Rule.SENTENCES) == (expected == "partial" and shared < 30)


@pytest.mark.parametrize(("flag", "expected"), [(QUOTED, 0), (STOCK, 1)])
def test_what_is_quoted_in_a_sentence_was_not_taken_over(flag: int, expected: int) -> None:
    """Stock text is as if it were not there."""
    a, b = words(0, 40) + words(500, 100), words(0, 40) + words(900, 100)
    plain = sentences([10, 10, 20, 100])
    marked = [own | flag * (20 <= place < 40) for place, own in enumerate(plain)]
    (found,) = aligned(kernels.warm(), texts_of([a, b], [marked, marked]))
    assert (found.narrative, found.sentences) == (40, 2)
    marked = [own | flag * (10 <= place < 30) for place, own in enumerate(sentences([20, 20, 100]))]
    (found,) = aligned(kernels.warm(), texts_of([a, b], [marked, marked]))
    assert (found.narrative, found.sentences) == (40, 2)
    marked = [own | flag * (6 <= place < 36) for place, own in enumerate(sentences([20, 20, 100]))]
    (found,) = aligned(kernels.warm(), texts_of([a, b], [marked, marked]))
    assert (found.narrative, found.sentences) == (20, expected)


@pytest.mark.parametrize("loops", [kernels.warm, lambda: reference])
@pytest.mark.parametrize(("own", "expected"), [([5, 5, 2], 2), ([4, 4, 4], 0), ([5, 4, 3], 1)])
def test_five_words_are_a_sentence(loops: Any, own: list[int], expected: int) -> None:
    a, b = words(0, 12) + words(500, 20), words(0, 12) + words(900, 20)
    (found,) = aligned(loops(), texts_of([a, b], [sentences([*own, 20])] * 2))
    assert (found.narrative, found.sentences) == (24, expected)


def test_an_excerpt_has_no_sentences_of_ones_own() -> None:
    a = words(0, 40) + words(200, 20)
    b = words(900, 60) + words(0, 40) + words(1900, 60) + words(200, 20) + words(2900, 60)
    flags = [sentences([20, 20, 20]), sentences([60, 20, 20, 60, 20, 60])]
    for place in range(60, 80):
        flags[1][place] |= ANNOUNCED
    (found,) = aligned(kernels.warm(), texts_of([a, b], flags))
    assert (found.covered, found.narrative, found.sentences) == (120, 40, 1)


@pytest.mark.parametrize(
    ("shared", "lengths", "days", "expected"),
    [
        (90, [20] * 10, 0, "version"),  # half of the fifth sentence is shared
        (90, [30, 30, 30, 110], 0, "partial"),  # whole sentences, and none of the others
        (90, [80, 21, 99], 0, "partial"),  # less than half of the second
        (90, [81, 8, 2, 109], 0, "partial"),  # and too few words of the third for a sentence of their own
        (90, [50, 64, 86], 0, "version"),
        (90, [50, 65, 85], 0, "partial"),  # so long that its end was not found
        (88, [50, 60, 90], 0, "version"),
        (86, [50, 60, 90], 0, "partial"),  # more than a tenth would be the rest of sentences
        (130, [120, 20, 60], 0, "version"),
        (118, [108, 20, 72], 2, "partial"),  # 0.59, days apart, where only what is shared counts
        (120, [108, 20, 72], 2, "version"),
    ],
)
def test_of_a_sentence_half_of_which_is_shared_the_rest_was_taken_over(
    shared: int, lengths: list[int], days: int, expected: str
) -> None:
    a = words(0, shared) + words(500, sum(lengths) - shared)
    b = words(0, shared) + words(900, 400)
    for one, two in (((a, lengths), (b, [20] * 100)), ((b, [20] * 100), (a, lengths))):
        texts = texts_of(
            [one[0], two[0]], [sentences(one[1])[: len(one[0])], sentences(two[1])[: len(two[0])]]
        )
        texts = replace(texts, published=np.array([0, days * DAY]))
        edges = verify(texts, Pairs(np.array([0]), np.array([1])), Settings())
        assert (kind(edges), edges.shared_words[0]) == (expected, shared)
        _, (rule,) = decide(texts, Pairs(np.array([0]), np.array([1])), Settings())
        assert (Rule(rule) is Rule.ROUNDED) == (expected == "version" and shared < 0.48 * sum(lengths))


def test_stock_counts_on_neither_side() -> None:
    a, b = words(0, 100) + words(500, 100), words(0, 100) + words(900, 100)
    assert kind(flagged(a, b, STOCK, [])) == "version"
    edges = flagged(a, b, STOCK, words(0, 100))
    assert (kind(edges), edges.shared_words[0], edges.coverage_a[0]) == ("none", 0, 0)
    edges = flagged(a, a, STOCK, words(0, 100))
    assert (kind(edges), edges.shared_words[0], edges.coverage_a[0]) == ("near", 100, 1)


def test_a_flash_with_another_figure_is_another_one() -> None:
    a = words(0, 24)
    b = [*words(0, 12), 500, *words(13, 11), *words(900, 14)]
    assert kind(flagged(a, b, NUMBER, [])) == "version"
    assert kind(flagged(a, b, NUMBER, [12, 500])) == "quote"
    b = [*words(0, 23), 500, *words(900, 14)]
    assert kind(flagged(a, b, NUMBER, [])) == "version"
    assert kind(flagged(a, b, NUMBER, [23, 500])) == "quote"  # behind the last word in common
    assert kind(flagged(a, [*a, *words(900, 14)], NUMBER, [23, 905])) == "version"


@pytest.mark.parametrize(
    ("kept", "size", "hours", "expected"),
    [
        (17, 20, 12, "version"),
        (16, 20, 12, "quote"),
        (17, 20, 13, "quote"),
        (12, 14, 0, "version"),
        (11, 12, 0, "none"),  # hardly a sentence
    ],
)
def test_a_flash_grows_into_a_report(kept: int, size: int, hours: int, expected: str) -> None:
    flash, report = words(0, kept) + words(500, size - kept), words(0, kept) + words(900, 300)
    for pair in ([flash, report], [report, flash]):
        texts = replace(texts_of(pair), published=np.array([0, hours * DAY // 24]))
        assert kind(verify(texts, Pairs(np.array([0]), np.array([1])), Settings())) == expected


def test_an_undated_flash_may_be_of_any_day() -> None:
    flash, report = words(0, 17) + words(500, 3), words(0, 17) + words(900, 300)
    texts = replace(texts_of([flash, report]), published=np.array([0, NEVER]))
    assert kind(verify(texts, Pairs(np.array([0]), np.array([1])), Settings())) == "quote"


def test_what_a_flash_counts_stays_in_the_report() -> None:
    flash, report = words(0, 17) + words(500, 3), words(0, 17) + words(900, 300)
    assert kind(flagged(flash, report, NUMBER, [502])) == "version"
    assert kind(flagged(flash, report, NUMBER, [502, 905])) == "quote"
    assert kind(flagged(flash, report, QUOTED, words(0, 6))) == "quote"


def test_a_template_is_no_copy() -> None:
    a = words(0, 200)
    b = [word + 1000 if word % 10 == 5 else word for word in a]
    assert kind(flagged(a, b, NUMBER, [])) == "near"
    figures = [word for word in {*a, *b} if word % 10 == 5]
    assert kind(flagged(a, b, NUMBER, figures)) == "none"


@pytest.mark.parametrize(("lengths", "expected"), [([20] * 10, "none"), ([30, 30, 30, 110], "quote")])
def test_a_frame_is_nothing_where_it_would_be_a_version(lengths: list[int], expected: str) -> None:
    """With the rest of a sentence half of which is shared, too."""
    a = words(0, 90) + words(500, 110)
    b = [word + 1000 if word % 10 == 5 else word for word in words(0, 90)] + words(2000, 300)
    flags = [sentences(lengths), sentences([30] * 13)]
    for own in flags:
        for place in range(5, 90, 10):
            own[place] |= NUMBER
    texts = texts_of([a, b], flags)
    edges = verify(texts, Pairs(np.array([0]), np.array([1])), Settings())
    assert (kind(edges), round(float(edges.coverage_a[0]), 2)) == (expected, 0.45)


def test_lengths_double_without_spaces() -> None:
    pair = Pairs(np.array([0]), np.array([1]))
    for size, expected in ((15, "none"), (22, "none"), (26, "quote"), (90, "partial")):
        texts = texts_of([words(0, 700), words(0, size) + words(900, 400)], spaceless=True)
        edges = verify(texts, pair, Settings())
        assert (size, kind(edges)) == (size, expected)


@pytest.mark.parametrize(
    ("a", "b", "quoted", "days", "expected"),
    [
        (words(0, 300), words(0, 11) + words(900, 200), 0, 0, Rule.FEW),
        (words(0, 300), words(0, 20) + words(900, 200), 0, 0, Rule.QUOTED),
        (words(0, 300), words(0, 45) + words(900, 300), 0, 4, Rule.BACKGROUND),
        (
            words(0, 200),
            [w if w % 10 else w + 2000 for w in words(0, 90)] + words(900, 200),
            0,
            4,
            Rule.SCRAPS,
        ),
        (words(0, 300), words(0, 45) + words(900, 200), 0, 0, Rule.PASSAGES),
        (words(0, 100), words(0, 55) + words(900, 200), 0, 2, Rule.SEQUEL),
        (words(0, 62), words(0, 31) + words(900, 200), 0, 0, Rule.THIN),
        (words(0, 400), words(0, 200) + words(900, 150), 130, 0, Rule.RETOLD),
        (words(0, 100), words(0, 60) + words(900, 80), 0, 0, Rule.COVERED),
        (words(0, 100), words(0, 60) + words(900, 80), 0, 2, Rule.LATER),
        (words(0, 150), words(0, 90), 90, 2, Rule.CUT),
        (words(0, 20), words(0, 20) + words(900, 70), 0, 0, Rule.FLASH),
        (words(0, 20), words(0, 20) + words(900, 17), 0, 0, Rule.FLASH),
        (words(0, 20), words(0, 20) + words(900, 16), 0, 0, Rule.CUT),  # though it may have grown, too
        (words(0, 150), words(900, 40) + words(0, 135), 150, 0, Rule.WHOLE),
        (words(0, 100), words(0, 96) + words(900, 4), 0, 0, Rule.NEAR),
    ],
)
def test_the_rule_that_decided(a: Text, b: Text, quoted: int, days: int, expected: Rule) -> None:
    flags = [[QUOTED if word < quoted else 0 for word in text] for text in (a, b)]
    texts = replace(texts_of([a, b], flags), published=np.array([0, days * DAY]))
    for one, two in ((0, 1), (1, 0)):
        _, (rule,) = decide(texts, Pairs(np.array([one]), np.array([two])), Settings())
        assert Rule(rule) is expected


@pytest.mark.parametrize(
    ("size", "own", "sources", "expected"),
    [
        (31, 62, (0, 1), Rule.BRIEF),
        (31, 62, (0, 0), Rule.THIN),  # one source words two notices alike
        (31, 62, (0, -1), Rule.THIN),
        (31, 62, None, Rule.THIN),
        (31, 63, (0, 1), Rule.THIN),  # less than half of it
        (30, 60, (0, 1), Rule.BRIEF),
        (29, 58, (0, 1), Rule.QUOTED),  # no copied part
        (32, 64, (0, 1), Rule.COVERED),  # enough of any source
    ],
)
def test_half_of_a_brief_is_a_version_of_what_another_source_has(
    size: int, own: int, sources: tuple[int, int] | None, expected: Rule
) -> None:
    a, b = words(0, own), words(0, size) + words(900, 200)
    texts = replace(texts_of([a, b]), source=None if sources is None else np.array(sources))
    for one, two in ((0, 1), (1, 0)):
        _, (rule,) = decide(texts, Pairs(np.array([one]), np.array([two])), Settings())
        assert Rule(rule) is expected


def test_thresholds_are_settings() -> None:
    a, b = words(0, 100), words(0, 60) + words(900, 100)
    assert kind(related(a, b, Settings(version_coverage=0.60))) == "version"
    assert kind(related(a, b, Settings(version_coverage=0.61))) == "partial"
    assert kind(related(a, b, Settings(version_coverage=0.30, near_coverage=0.35))) == "near"
    assert kind(related(a, b, Settings(version_words=61, short_share=1.0))) == "partial"
    assert kind(related(a, b, Settings(version_words=61, partial_words=61, short_share=1.0))) == "quote"
    assert kind(related(a, b, Settings(min_run=61))) == "none"


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=2).map(sorted),
    st.lists(st.integers(0, 300), min_size=3, max_size=3).map(sorted),
    st.integers(0, 300),
)
def test_more_evidence_is_never_a_weaker_relation(
    coverage: list[float], evidence: list[int], extra: int
) -> None:
    def code(shared: int, narrative: int) -> int:
        columns = [coverage[1], coverage[1], coverage[0], shared, narrative]
        arrays = [np.array([value], np.float64) for value in columns]
        no = np.zeros(1, bool)
        partial, version, own = (
            np.array([holds]) for holds in (narrative >= 30, narrative >= 40, narrative < 100)
        )
        evidence = Evidence(*arrays, partial, version, no, own, no, no, no, no, np.zeros(1))
        return int(classify(evidence, Settings()).kind[0])

    longest, narrative, shared = evidence
    assert code(shared + extra, narrative + extra) <= code(shared, narrative)
    assert code(shared, longest) >= code(shared, narrative)


def test_the_number_of_threads_changes_nothing() -> None:
    documents = [words(2 * x, 100) + words(900 + 50 * x, 2) for x in range(40)]
    a, b = np.triu_indices(len(documents), 1)
    texts = texts_of(documents)
    one, many = (verify(texts, Pairs(a, b), Settings(threads=n)) for n in (1, 3))
    for name in Edges.__slots__:
        assert np.array_equal(getattr(one, name), getattr(many, name)), name
    assert {KINDS[code].value for code in one.kind} == {"near", "version", "partial", "quote"}


def test_edges_of_equal_texts() -> None:
    texts = texts_of([words(0, 9), words(0, 9), []])
    edges = equal(texts, np.array([0, 2]), np.array([1, 2]))
    assert [KINDS[k].value for k in edges.kind] == ["exact", "exact"]
    assert (edges.shared_words.tolist(), edges.longest.tolist()) == ([9, 0], [9, 0])
    spans = [edges.runs[x:y].tolist() for x, y in zip(edges.run_start, edges.run_stop, strict=True)]
    assert spans == [[[0, 0, 9]], []]


def test_edges_keep_their_runs() -> None:
    texts = texts_of([STORY, STORY[5:40], STORY[20:]])
    parts = [
        verify(texts, Pairs(np.array([a]), np.array([b])), Settings()) for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    edges = Edges.concat(parts).take(np.array([2, 0]))
    runs = [edges.runs[x:y].tolist() for x, y in zip(edges.run_start, edges.run_stop, strict=True)]
    assert runs == [[[15, 0, 20]], [[5, 0, 35]]]
    assert len(Edges.concat([edges.take(edges.kind == NONE), edges])) == 2
    one, both = Edges.concat([*edges.split([1, 1]), edges]).split([1, 3])
    assert (one.runs.tolist(), one.run_start.tolist(), one.run_stop.tolist()) == ([[15, 0, 20]], [0], [1])
    assert both.runs.tolist() == [[5, 0, 35], [15, 0, 20], [5, 0, 35]]
    assert both.b.tolist() == [edges.b[1], *edges.b]
    nothing = verify(texts, Pairs(np.empty(0, np.int64), np.empty(0, np.int64)), Settings())
    assert len(nothing) == 0
