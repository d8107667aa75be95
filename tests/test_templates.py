from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.alignment import Aligned
from dedup.candidates import Pairs
from dedup.config import Settings
from dedup.edges import KINDS
from dedup.overlap import decide, verify
from dedup.templates import differ_throughout, new_figures
from dedup.texts import CHARACTER, NEVER, NUMBER, QUOTED, SENTENCE, STOCK, Texts
from dedup.verdicts import Rule

Text = list[int]


@pytest.mark.parametrize(
    ("figures", "conflicts", "shared", "apart", "template"),
    [
        (2, 6, 60.0, False, True),  # another day's figures in the same frame
        (20, 1, 300.0, False, False),  # an update
        (1, 2, 60.0, False, False),  # another one
        (20, 1, 300.0, True, False),  # the same article days later, one figure put right
        (5, 2, 90.0, True, True),  # next week's report
        (0, 26, 1900.0, False, False),  # two codes of law, their sections numbered anew
    ],
)
def test_figures_that_differ_throughout(
    figures: int, conflicts: int, shared: float, apart: bool, template: bool
) -> None:
    columns: dict[str, Any] = {field.name: np.zeros(1) for field in fields(Aligned)}
    for name, count in zip(
        ("words", "narrative", "figures", "conflicts"), (shared, shared, figures, conflicts), strict=True
    ):
        columns[name] = np.array([float(count)])
    assert differ_throughout(Aligned(**columns), np.array([apart]), Settings()).tolist() == [template]


@pytest.mark.parametrize(
    ("said", "conflicts", "template"), [(11, 2, True), (12, 2, False), (12, 5, False), (12, 6, True)]
)
def test_what_was_said_is_not_said_in_another_days_report(said: int, conflicts: int, template: bool) -> None:
    """However the times of day are spelled."""
    columns: dict[str, Any] = {field.name: np.zeros(1) for field in fields(Aligned)}
    columns |= {"words": np.array([90.0]), "narrative": np.array([90.0 - said])}
    columns |= {"figures": np.array([5.0]), "conflicts": np.array([float(conflicts)])}
    assert differ_throughout(Aligned(**columns), np.array([True]), Settings()).tolist() == [template]


HOUR = 3_600_000_000


def words(start: int, count: int) -> Text:
    return list(range(start, start + count))


REPORT = [word + 5000 if word % 10 == 5 else word for word in words(0, 100)]  # a figure every ten words


def decided(
    a: Text,
    b: Text,
    hours: int | None = 0,
    *,
    stock: int = 0,
    sources: tuple[int, int] | None = None,
    spaceless: bool = False,
    scripts: tuple[int, int] | None = None,
    quoted: range = range(0),
    sentence: int = 1000,
) -> tuple[str, Rule]:
    """Relation of two texts, published so many hours apart, whose words from 5000 on are figures; by which rule.

    It is the same whichever comes first. Words below ``stock`` are stock text, and so are the figures from
    20000 on; ``spaceless`` ones are characters, ``scripts`` say of each text whether most of its are; the
    words at the places ``quoted`` of a are quoted there; and in both a sentence has so many words.
    """
    both = np.array(a + b)
    flags = np.where((both < stock) | (both >= 20000), STOCK, 0) | np.where(both >= 5000, NUMBER, 0)
    flags[quoted] |= QUOTED
    flags[[*range(0, len(a), sentence), *range(len(a), len(both), sentence)]] |= SENTENCE
    flags = flags.astype(np.uint8)
    start, stop = np.array([0, len(a)]), np.array([len(a), len(both)])
    times = np.array([0, NEVER if hours is None else hours * HOUR])
    if spaceless:
        flags |= CHARACTER
    alone = np.array(scripts or (spaceless, spaceless), np.uint8)
    relations, rules = set(), set()
    for turn in ([0, 1], [1, 0]):
        source = None if sources is None else np.array(sources)[turn]
        texts = Texts(
            both.astype(np.uint64), flags, start[turn], stop[turn], alone[turn], times[turn], source
        )
        pair = Pairs(np.array([0]), np.array([1]))
        relations.add(KINDS[int(verify(texts, pair, Settings()).kind[0])].value)
        rules.add(int(decide(texts, pair, Settings())[1][0]))
    (relation,), (rule,) = relations, rules
    assert (relation in ("quote", "none")) == (Rule(rule) < Rule.FACTS)
    return relation, Rule(rule)


def reported(a: Text, b: Text, hours: int | None = 0, **how: Any) -> str:
    """The relation alone."""
    return decided(a, b, hours, **how)[0]


def framed(a: Text, b: Text, hours: int = 0, **flagged: Any) -> str:
    """The same of two texts whose words below 100 are stock."""
    return reported(a, b, hours, stock=100, **flagged)


def other(text: Text, *places: int) -> Text:
    """The text with other figures at these places."""
    return [word + 1000 if place in places else word for place, word in enumerate(text)]


def test_a_bulletin_that_differs_in_figures_only_is_another() -> None:
    assert reported(REPORT, other(REPORT, 25, 55)) == "near"  # put right
    assert reported(REPORT, other(REPORT, 25, 55, 75)) == "none"
    assert reported(REPORT, other(REPORT, 55), hours=40) == "none"
    assert reported(REPORT, [*other(REPORT, 25, 55, 75), *words(200, 40)]) == "none"
    # an update has something to tell, too
    longer = [*other(REPORT, 25, 55, 75), *words(200, 120)]
    assert [reported(REPORT, longer, hours) for hours in (0, 12, 13)] == ["version", "version", "none"]
    every = {
        n: [word + 300 if word % n == 4 else word for word in other(REPORT, 25, 55, 75)] for n in (8, 20)
    }
    # figures are three of sixteen words that differ, and of eight
    assert [reported(REPORT, edited) for edited in every.values()] == ["near", "none"]
    # the same figures, a sentence moved
    assert reported(REPORT, other(REPORT[40:] + REPORT[:40], 35)) == "near"


def test_figures_outside_the_passages_tell_no_bulletin() -> None:
    """A cut copy with a telephone number behind it; the original goes on with figures of its own."""
    story = [word + 5000 if word % 20 == 5 else word for word in words(0, 400)]
    cut = [*story[:200], 500, *words(9000, 4)]
    assert [reported(story, cut, hours) for hours in (0, 24, 48)] == ["version"] * 3
    assert reported(story, other(cut, 25, 65, 105, 125, 145, 165)) == "none"


def test_an_edited_brief_keeps_its_figures() -> None:
    """Two incidents in one press office's words have other words and other figures all through."""
    brief = [word + 5000 if word % 15 == 5 else word for word in words(0, 90)]
    edited = [word + 300 if word % 8 in (2, 3) and word < 5000 else word for word in brief]
    assert reported(brief, edited) == "near"
    assert reported(brief, other(edited, 20, 35)) == "near"  # two of six put right
    assert reported(brief, [*other(edited, 20, 35), 5999, *words(300, 5)]) == "version"
    assert reported(brief, other(edited, 20, 35, 50)) == "none"


@pytest.mark.parametrize(
    ("every", "relation"),
    [
        (8, "near"),
        (6, "none"),
    ],  # of the shared words one in ten is in an edited place, or more than one in five
)
def test_an_edited_brief_has_other_words_all_through(every: int, relation: str) -> None:
    brief = [word + 5000 if word % 15 == 5 else word for word in words(0, 90)]
    edited = [word + 300 if word % every == 2 and word < 5000 else word for word in brief]
    assert reported(brief, other(edited, 20, 35, 50)) == relation


@pytest.mark.parametrize(("count", "relation"), [(127, "none"), (128, "near")])
def test_longer_texts_tell_more_than_one_incident(count: int, relation: str) -> None:
    text = [word + 5000 if word % 15 == 5 else word for word in words(0, count)]
    edited = [word + 300 if word % 8 in (2, 3) and word < 5000 else word for word in text]
    assert reported(text, other(edited, *range(20, count, 30))) == relation  # half of the figures


def test_prose_that_is_run_again_with_another_year_is_the_same() -> None:
    def prose(count: int, every: int) -> Text:
        return [word + 5000 if word % every == 5 else word for word in words(0, count)]

    days = (0, 40, 9000)
    story = prose(300, 30)  # a figure every thirty words
    assert [reported(story, other(story, 35), hours) for hours in days] == ["near"] * 3
    assert [reported(story, other(story, 35, 65, 95, 125), hours) for hours in days] == ["near"] * 3
    brief = story[:120]
    assert [reported(brief, other(brief, 35), hours) for hours in days] == ["near", "none", "none"]
    crops = prose(120, 10)  # one of twelve
    assert [reported(crops, other(crops, 35), hours) for hours in days] == ["near", "none", "none"]
    # a report has many figures; one in ten that are new make it another
    report = prose(300, 20)
    assert [reported(report, other(report, 25), hours) for hours in days] == ["near"] * 3
    assert [reported(report, other(report, 25, 45), hours) for hours in days] == ["near", "none", "none"]
    # one of the two may have few
    listed = [*other(story, 35, 65, 95), *words(7000, 12)]
    assert reported(story, listed, hours=40) == "none"


def test_notices_of_two_days_are_two() -> None:
    notice = [word + 5000 if word in (20, 40) else word for word in words(0, 50)]
    dry = [word - 4500 if word >= 5000 else word for word in notice]
    assert [reported(notice, other(notice, 20), hours) for hours in (2, 24)] == ["near", "none"]
    assert [reported(notice, dry, hours) for hours in (2, 24)] == ["near", "none"]
    assert reported(notice, notice[:35], hours=24) == "version"  # cut
    assert reported(notice, [*notice[:35], 999], hours=24) == "version"
    assert reported(notice, [*dry, *words(300, 20)], hours=24) == "version"  # one of them is no notice


@pytest.mark.parametrize(("size", "relation"), [(31, "none"), (32, "near")])
def test_all_of_two_figures_tell_one_sentence_from_the_next(size: int, relation: str) -> None:
    """Prices of two towns; of a flash that is brought up to date a figure stays, or there is one."""
    text = [word + 5000 if word in (8, 16) else word for word in words(0, size)]
    assert reported(text, other(text, 8, 16)) == relation
    assert reported(text, other(text, 8)) == "near"
    assert reported(words(0, 16), other(words(0, 16), 8)) == "near"


def test_two_notices_of_one_source_have_next_to_no_figure_in_common() -> None:
    """Two matches of one afternoon: the results stand above what they share."""
    match = [word + 5000 if word in (10, 20, 40) else word for word in words(0, 48)]
    one = [*words(300, 3), 6001, 6002, *match]
    two = [*words(400, 3), 6003, 6004, *other(match, 10, 20)]
    assert reported(one, two, sources=(1, 1)) == "none"
    assert reported(one, two, sources=(1, 2)) == "near"
    kept = [*words(400, 3), 6003, 6002, *other(match, 10)]  # brought up to date
    assert reported(one, kept, sources=(1, 1)) == "near"
    long = [[*notice, *words(500, 20)] for notice in (one, two)]
    assert reported(*long, sources=(1, 1)) == "near"


@pytest.mark.parametrize(("size", "relation"), [(40, "none"), (70, "near")])
def test_the_last_word_of_a_notice_may_be_its_figure(size: int, relation: str) -> None:
    text, following = ([*words(0, size), figure] for figure in (5001, 5002))
    assert [reported(text, following, hours) for hours in (2, 24)] == ["near", relation]
    shorter = [*words(0, size - 20), 5002]
    assert reported(text, shorter, hours=40) == {40: "none", 70: "version"}[size]


def test_what_keeps_half_an_old_text_is_another() -> None:
    column = [*words(1000, 30), *words(100, 50), *words(1100, 40)]
    following = [*words(1000, 30), *words(200, 50), *words(1100, 40)]
    assert [reported(column, following, hours) for hours in (2, 170)] == ["version", "partial"]
    assert reported(column, column[:60], hours=170) == "version"  # cut


def test_what_two_texts_of_two_weeks_share_is_background() -> None:
    story, following = words(100, 200), [*words(1000, 150), *words(160, 50)]
    assert [reported(story, following, hours) for hours in (40, 72, 73)] == ["partial"] * 3  # a paragraph
    edited = [word if word % 25 else 2000 + word for word in following]  # no run of 30 words
    assert [reported(story, edited, hours) for hours in (40, 72, 73)] == ["partial", "partial", "quote"]
    assert reported(story, edited[50:], hours=73) == "partial"  # a third of the shorter
    brief, longer = [*following, *words(1200, 90)], [*following, *words(1200, 110)]
    assert reported(words(100, 300), brief, hours=73) == "partial"
    assert reported(words(100, 320), longer, hours=73) == "quote"  # less than a sixth of it
    lifted = [[*words(1000, 120), *words(160, run), *words(1200, 20), *words(220, 9)] for run in (30, 29)]
    assert [reported(story, text, hours=73) for text in lifted] == ["partial", "quote"]
    longer = [*words(1000, 100), *words(160, 80)]
    scraps = [word if word % 9 else 2000 + word for word in longer]  # a frame, two fifths of it
    assert [reported(story, text, hours=73) for text in (longer, scraps)] == ["partial", "quote"]
    assert reported(story, scraps, hours=40) == "partial"


def test_what_a_follow_up_keeps_is_no_frame_whatever_its_figures() -> None:
    kept = [word + 5000 if word % 10 == 5 else word for word in words(0, 60)]
    risen = other(kept, 25, 55)

    sequel = [*risen, *words(600, 100)]
    assert reported([*kept, *words(200, 74)], sequel, 40) == "partial"
    assert reported([*kept, *words(200, 73)], sequel, 40) == "quote"  # 0.45 of it: the next of a series
    scraps = [word + 2000 if word % 11 == 5 and word < 5000 else word for word in sequel]
    assert reported([*kept, *words(200, 80)], scraps, 40) == "quote"


def test_a_report_is_rich_in_figures_together_with_what_it_is_compared_to() -> None:
    kept = [word + 5000 if word % 10 == 5 else word for word in words(0, 60)]
    report, later = [*kept, *words(200, 73)], other(kept, 25, 55)
    assert reported(report, [*later, *words(600, 107)], 40) == "quote"  # 12 figures in 300 words
    assert reported(report, [*later, *words(600, 108)], 40) == "partial"


HEAD, FOOT = words(1000, 30), words(1100, 40)


def framed_by(head: Text, foot: Text, above: int = 0, below: int = 0) -> tuple[Text, Text]:
    """Two texts with one head and one foot, a hundred words of their own between, and some around them."""
    return (
        [*words(2000, above), *head, *words(200, 100), *foot, *words(2100, below)],
        [*words(3000, above), *head, *words(400, 100), *foot, *words(3100, below)],
    )


@pytest.mark.parametrize(
    ("pair", "sources", "hours", "expected"),
    [
        (framed_by(HEAD, FOOT), (7, 7), 21, "quote"),
        (framed_by([], FOOT), (7, 7), 21, "quote"),
        (framed_by(HEAD, []), (7, 7), 21, "partial"),  # an update keeps it
        (framed_by(HEAD, FOOT), (7, 7), None, "quote"),
        (framed_by(HEAD, FOOT), (7, 7), 20, "partial"),
        (framed_by(HEAD, FOOT), (7, 8), 21, "partial"),
        (framed_by(HEAD, FOOT), (-1, -1), 21, "partial"),  # unknown
        (framed_by(HEAD, FOOT), None, 21, "partial"),
        (framed_by(HEAD, FOOT, 12, 12), (7, 7), 21, "quote"),
        (framed_by(HEAD, FOOT, 13, 12), (7, 7), 21, "partial"),
        (framed_by(HEAD, FOOT, 12, 13), (7, 7), 21, "partial"),
        (
            (framed_by(HEAD, FOOT, 13)[0], framed_by(HEAD, FOOT)[1]),
            (7, 7),
            21,
            "partial",
        ),  # of one of the two
        ((framed_by(HEAD, FOOT, 0, 13)[0], framed_by(HEAD, FOOT)[1]), (7, 7), 21, "partial"),
    ],
)
def test_what_one_outlet_has_around_its_articles_is_a_frame(
    pair: tuple[Text, Text], sources: tuple[int, int] | None, hours: int | None, expected: str
) -> None:
    assert reported(*pair, hours, sources=sources) == expected


def test_another_word_in_a_frame_leaves_it_one() -> None:
    one, two = framed_by(HEAD, FOOT)
    edited = [word + 7000 if word in (1015, 1115) else word for word in two]
    assert reported(one, edited, 21, sources=(7, 7)) == "quote"


def test_a_margin_has_twice_as_many_characters() -> None:
    pairs = framed_by(HEAD, FOOT, 24, 24), framed_by(HEAD, FOOT, 25, 24)
    related = [reported(*pair, 21, sources=(7, 7), spaceless=True) for pair in pairs]
    assert related == ["quote", "partial"]


def test_the_parts_of_a_foot_may_change_places() -> None:
    one, two = framed_by([], FOOT)
    assert reported([*one, *HEAD], [*two[:100], *HEAD, *FOOT], 21, sources=(7, 7)) == "quote"


def test_each_text_has_a_margin_of_its_own_script() -> None:
    """Seventeen characters below the foot of the one; the other has fewer words there than a margin."""
    one, two = framed_by([], FOOT, 0, 17)[0], framed_by([], FOOT, 0, 10)[1]
    assert reported(one, two, 21, sources=(7, 7), scripts=(1, 0)) == "quote"
    assert reported(two, one, 21, sources=(7, 7), scripts=(1, 0)) == "partial"


def test_what_stands_between_the_articles_of_one_outlet_is_no_frame() -> None:
    one, two = framed_by(HEAD, FOOT)
    both = words(600, 12)
    one, two = [*one[:80], *both, *one[80:]], [*two[:60], *both, *two[60:]]
    assert reported(one, two, 21, sources=(7, 7)) == "partial"


def test_two_thirds_of_a_text_are_more_than_a_frame() -> None:
    one, two = ([*words(1000, 40), *words(own, 40), *words(1100, 39)] for own in (200, 400))
    assert reported(one, two, 21, sources=(7, 7)) == "none"  # where it would be a version
    assert reported([*one, 1139], [*two, 1139], 21, sources=(7, 7)) == "version"


def test_a_foot_of_a_hundred_words_is_no_furniture() -> None:
    assert decided(*framed_by([], words(1000, 95)), 21, sources=(7, 7)) == ("none", Rule.FURNITURE)
    assert decided(*framed_by([], words(1000, 96)), 21, sources=(7, 7)) == ("version", Rule.COVERED)


def test_stock_text_is_said_to_be_left_out() -> None:
    one, two = ([*words(0, 40), *words(own, 60)] for own in (200, 400))
    assert decided(one, two, stock=100) == ("none", Rule.RECURRING)
    assert decided(one, words(600, 60), stock=100) == ("none", Rule.FEW)
    assert decided(one, []) == ("none", Rule.EMPTY)


def filled(own: int, phrase: int) -> Text:
    """A form of ten phrases, the first five words longer, each with six words of its own behind it."""
    sizes = [phrase + 5, *[phrase] * 9]
    parts = [[*words(100 * i, size), *words(own + 100 * i, 6)] for i, size in enumerate(sizes)]
    return [word for part in parts for word in part]


@pytest.mark.parametrize(
    ("phrase", "sentence", "sources", "hours", "expected"),
    [
        (7, 12, (7, 7), 21, True),
        (7, 12, (7, 7), None, True),  # of any day
        (7, 12, (7, 7), 20, False),  # an update
        (7, 12, (7, 8), 21, False),
        (7, 12, None, 21, False),
        (8, 12, (7, 7), 21, False),
        (7, 13, (7, 7), 21, False),  # prose
    ],
)
def test_what_one_source_fills_anew_shares_short_phrases(
    phrase: int, sentence: int, sources: tuple[int, int] | None, hours: int | None, expected: bool
) -> None:
    one, two = (filled(own, phrase) for own in (2000, 3500))
    found = decided(one, two, hours, sources=sources, sentence=sentence)
    assert (found == ("none", Rule.PHRASES)) == expected


@st.composite
def figured(draw: st.DrawFn) -> Texts:
    flag = st.sampled_from([0, NUMBER, NUMBER | CHARACTER])
    token = st.tuples(st.integers(0, 5), flag)
    documents = draw(st.lists(st.lists(token, max_size=12), min_size=2, max_size=6))
    stop = np.cumsum([len(document) for document in documents])
    return Texts(
        np.array([word for document in documents for word, _ in document], np.uint64),
        np.array([flag for document in documents for _, flag in document], np.uint8),
        stop - [len(document) for document in documents],
        stop,
        np.zeros(len(documents), np.uint8),
        np.zeros(len(documents), np.int64),
    )


@given(figured())
def test_new_figures_are_counted_by_kind(texts: Texts) -> None:
    def figures(document: int, kind: int) -> Counter[int]:
        own = slice(texts.start[document], texts.stop[document])
        return Counter(texts.hash[own][texts.flags[own] == kind].tolist())

    def new(one: Counter[int], two: Counter[int]) -> int:
        return min(one.total(), two.total()) - (one & two).total()

    a = np.arange(len(texts.start) - 1)
    kinds = ((NUMBER, 1.0), (NUMBER | CHARACTER, 0.5))
    expected = [sum(share * new(figures(x, k), figures(x + 1, k)) for k, share in kinds) for x in a.tolist()]
    assert new_figures(texts, a, a + 1).tolist() == expected


def test_the_next_day_tells_reports_apart_but_not_stories() -> None:
    report, story = other(REPORT, 25, 55), [w - 5000 if w in REPORT[5:60:10] else w for w in REPORT]
    assert [reported(REPORT, report, hours) for hours in (2, 24)] == ["near", "none"]
    assert [reported(story, other(story, 75), hours) for hours in (24, 40)] == ["near", "none"]
    longer = [*other(REPORT, 25), *words(200, 40)]  # a story that one report has grown into
    assert [reported(REPORT, longer, hours) for hours in (24, 40)] == ["version", "none"]


def test_a_text_without_a_date_is_of_any_day() -> None:
    assert reported(REPORT, other(REPORT, 55), hours=None) == "near"


def test_a_table_with_the_same_figures_is_the_same_table() -> None:
    table = [word + 5000 if word % 2 else word for word in words(0, 80)]
    assert reported(table, words(900, 15) + table[:60]) == "version"
    assert reported(table, other(table, 15, 35, 55, 75)) == "none"
    more = [word + 5000 if word % 2 else word for word in words(2000, 90)]
    assert reported(table, other(table, 15, 35, 55, 75) + more) == "none"  # and twice as long
    assert reported(table, other(table, 15, 35, 55, 75) + words(2000, 90)) == "version"  # an article with one


@pytest.mark.parametrize(("every", "relation"), [(3, "none"), (4, "version")])
def test_of_a_table_three_words_in_ten_are_figures(every: int, relation: str) -> None:
    text = [word + 5000 if word % every == 2 else word for word in words(0, 96)]
    assert reported(text, [*text[:66], *words(9000, 30 // every)]) == relation  # other figures behind it


def test_a_table_with_prose_behind_it_is_none() -> None:
    table = [word + 5000 if word % 3 == 2 else word for word in words(0, 90)]
    edited = [word + 300 if word % 6 == 1 and word < 90 else word for word in other(table, 14, 35, 56)]
    cut = [*table[:72], *words(9000, 6)]
    assert [reported(table, text) for text in (edited, cut)] == ["none", "none"]
    assert [reported(table, text + words(2000, 25)) for text in (edited, cut)] == ["version", "version"]


def test_one_days_report_in_two_outlets_is_one_report() -> None:
    report = other([word + 200 if word % 10 == 7 else word for word in REPORT], 95)
    cut = report[:81]
    assert [framed(report, [*words(300, 10), *cut], hours) for hours in (0, 30)] == ["version"] * 2
    assert decided(report, [*words(300, 10), *cut], stock=100) == ("version", Rule.REPORT)
    assert framed(report, [*words(300, 10), *other(cut, 45)]) == "quote"  # too few words to say more
    assert framed(report, [*words(300, 10), *other(cut, 25, 45, 65, 75)]) == "none"
    assert framed(report, [*words(300, 10), *words(0, 81)]) == "none"  # the frame alone
    two_figures = [word - 5000 if word > 5015 else word for word in cut]
    assert framed(report, [*words(300, 10), *two_figures]) == "none"


@pytest.mark.parametrize(("size", "relation"), [(28, "quote"), (32, "version")])
def test_a_few_words_of_a_report_are_not_the_report(size: int, relation: str) -> None:
    report = [word + {0: 5000, 2: 200}.get(word % 5, 0) for word in words(0, 60)]
    assert framed(report, [*report[:size], *words(70, 25)], hours=13) == relation


def test_a_passage_of_a_report_is_copied_with_its_figures() -> None:
    passage = REPORT[:90]  # nine figures in words that are stock, too few to be a passage of their own
    topped = words(200, 40) + passage + [5900, 5901]
    assert framed(REPORT, topped) == "version"
    assert framed(topped, words(300, 200) + passage + [5800, 5801]) == "partial"  # neither is the report
    longer = words(300, 200) + passage + [5800, 5801]
    assert decided(topped, longer, stock=100) == ("partial", Rule.FACTS)
    assert framed(REPORT, words(200, 40) + other(passage, 25)) in ("none", "quote")  # one figure is another
    assert framed(REPORT, topped, hours=30) in ("none", "quote")  # another day's
    background = [word for word in REPORT if word < 5000]  # no figures of its own
    assert framed(words(300, 40) + background, words(400, 40) + background) == "none"


@pytest.mark.parametrize(("new", "relation"), [(2, "quote"), (3, "partial")])
def test_a_passage_has_three_figures_that_no_other_day_had(new: int, relation: str) -> None:
    passage = [word + 200 if word % 10 in (2, 7) else word for word in REPORT[:70]]
    passage = [word + 20000 if word > 5000 + 10 * new else word for word in passage]
    assert framed(words(300, 60) + passage, words(400, 60) + passage) == relation


@pytest.mark.parametrize(("said", "relation"), [(60, "partial"), (61, "none")])
def test_thirty_words_of_a_passage_are_told_by_both(said: int, relation: str) -> None:
    passage = REPORT[:90]
    one, two = (words(start, 60) + passage for start in (300, 400))
    assert framed(one, two, quoted=range(60, 60 + said)) == relation


@pytest.mark.parametrize(
    ("before_a", "passage", "before_b"),
    [
        (words(200, 24), [*REPORT[:30], *words(100, 25)], words(300, 24)),
        ([], [*REPORT[:60], *words(100, 18)], words(300, 60)),  # one of the two is a frame
    ],
)
def test_an_article_with_a_passage_of_a_report_is_no_version_of_it(
    before_a: Text, passage: Text, before_b: Text
) -> None:
    a, b = before_a + passage, before_b + passage
    assert framed(a, b) == framed(b, a) == "partial"


def test_a_later_take_half_as_long_again_is_an_update() -> None:
    take = other(REPORT, 25, 35, 45, 55)
    assert reported(REPORT, take + words(2000, 46), 5) == "none"
    assert reported(REPORT, take + words(2000, 52), 5) == "version"
    assert reported(REPORT, take + words(2000, 52), 13) == "none"
