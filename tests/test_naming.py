from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import dedup
from dedup.naming import compare_headlines
from dedup.texts import Texts
from dedup.tokens import tokenize

PIGS = "Pigs made 1.50 crowns more than last week at the morning sale of 900. The best went at 2.61 a kilo."
HIGHER = PIGS.replace("2.61", "2.58 to 2.65")
RAIN = "In {} fallen 12 Millimeter Regen, nachts werden 9 Grad erreicht."
LYNFORD, MERROW = "Lynford pig sale opens dearer", "Merrow Falls pig sale opens dearer"


def said(a: tuple[str, str], b: tuple[str, str], sources: tuple[int, int] = (0, 0)) -> tuple[bool, bool]:
    """Whether the headlines of two notices name two things, or have other figures."""
    found = headlines(a, b, sources)
    return found[0], found[2]


def headlines(
    a: tuple[str, str], b: tuple[str, str], sources: tuple[int, int] = (0, 0)
) -> tuple[bool, bool, bool]:
    """What the headlines of two notices say."""
    tokens = tokenize(pa.array([a[1], b[1]], pa.large_string()))
    start, stop = tokens.offsets[:-1], tokens.offsets[1:]
    source, title = np.array(sources), pa.array([a[0] or None, b[0] or None], pa.string())
    texts = Texts(
        tokens.hash, tokens.flags, start, stop, np.zeros(2, np.uint8), np.zeros(2, np.int64), source, title
    )
    one, two = np.array([0]), np.array([1])
    answers = [compare_headlines(texts, *pair, np.array([True])) for pair in ((one, two), (two, one))]
    (answer,) = {(bool(x.name[0]), bool(x.only[0]), bool(x.figure[0])) for x in answers}  # in either order
    return answer


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ((LYNFORD, PIGS), (MERROW, PIGS), True),
        ((LYNFORD, PIGS), (MERROW, HIGHER), True),  # a range has one word besides
        ((LYNFORD, PIGS), (MERROW, HIGHER + " Trade was slow."), False),
        ((LYNFORD, PIGS), ("Morning pig sale opens dearer", PIGS), False),  # the text has the word
        ((LYNFORD, PIGS), (LYNFORD + " again", PIGS), False),
        ((LYNFORD, PIGS), ("Lynford pig market opens dearer", HIGHER), False),
        (("Update: pig sale opens dearer", PIGS), ("Corrected: pig sale opens dearer", HIGHER), False),
        (("Lnyford pig sale opens dearer", PIGS), (LYNFORD, HIGHER), False),  # put right
        (("Wetter heute: Regen in Lüsterfeld", PIGS), ("Wetter heute: Regen in Hohenau", HIGHER), False),
        (("Heute Lüsterfeld: 9 Grad und Regen", RAIN.format("Lüsterfeld")),
         ("Heute Hohenau: 9 Grad und Regen", RAIN.format("Hohenau")), True),
        (("Heute Lüsterfeld: 9 Grad und Regen", RAIN.format("Lüsterfeld")),
         ("Heute Stadt: 9 Grad und Regen", RAIN.format("Lüsterfeld")), False),
        (("汐見市場の豚肉は続落", "豚肉の卸値は1キロ512円だった。"), ("丸岬市場の豚肉は続落", "豚肉の卸値は1キロ498円だった。"), True),
    ],
)  # fmt: skip
def test_names(first: tuple[str, str], second: tuple[str, str], named: bool) -> None:
    assert said(first, second) == (named, False)
    assert said(first, second, (0, 1)) == said(first, second, (-1, -1)) == (False, False)
    assert said(("", first[1]), second) == (False, False)


MASS = "A mass for {} of Tarn is read on Friday at two. Visitors may call from noon. No flowers, please."
ANNA, EDWIN = "Margaret Hollis", "Edwin Crake"


@pytest.mark.parametrize("title", ["{}", "Mass for {}", "{} of Tarn dies"])
@pytest.mark.parametrize(
    ("names", "only"),
    [
        ((ANNA, EDWIN), True),
        ((ANNA, "Margret Holis"), False),  # put right
        (("Hollis", "Crake"), False),  # one word may be an update's
        (("Hollis", EDWIN), False),
        (("12 14", "13 15"), False),
        (("Twenty nine", "Thirty one"), False),
        (("an old man", "Edwin Crake"), False),
    ],
)
def test_nothing_but_names(title: str, names: tuple[str, str], only: bool) -> None:
    one, two = ((title.format(name), MASS.format(name)) for name in names)
    assert headlines(one, two)[1] == only
    assert not headlines(one, two, (0, 1))[1]
    assert not headlines(one, (two[0], two[1] + " Her sons will sing."))[1]
    assert not headlines(one, (two[0], one[1]))[1]  # a headline alone was changed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The bridge at Tarn remains closed", "The bridge at Tarn fully reopened"),
        ("Bridge At Tarn Remains Closed", "Bridge At Tarn Fully Reopened"),  # capitals that say nothing
    ],
)
def test_updates_in_two_words(first: str, second: str) -> None:
    assert headlines((first, first + " for traffic."), (second, second + " for traffic.")) == (False,) * 3


FORM = (
    "{0} of Tarn was {1} when the family said goodbye on Friday. A mass was read at the old church by the "
    "river, and many came from the villages around to hear the choir sing once more. In lieu of flowers the "
    "family asks for gifts to the {2}. {0} leaves {3}."
)
CLOSING = (
    "The family thanks all who wrote, came or stood in silence by the road, and the choir of the old church by "
    "the river for singing once more in the rain. A mass was read on Friday for the soul of {}."
)
OURS = FORM.format("Margaret Hollis", "a nurse for forty years", "hospice in Merrow", "two sons")
THEIRS = FORM.format("Edwin Crake", "head of the boatyard", "lifeboat", "a wife, Joan, and a brother at sea")


@pytest.mark.parametrize(
    ("first", "second", "swapped"),
    [
        (("Margaret Hollis", OURS), ("Edwin Crake", THEIRS), True),
        (("Goodbye to Margaret Hollis", OURS), ("Edwin Crake: a life", THEIRS), True),
        (("Obituary: Margaret Hollis", OURS), ("Obituary: Edwin Crake", THEIRS), True),
        (("Margaret Hollis", CLOSING.format("Margaret Hollis")), ("Edwin Crake", CLOSING.format("Edwin Crake")), True),
        (("Margaret Hollis", OURS), ("Margaret Hollis", THEIRS), False),
        (("Margaret Hollis", OURS), ("", THEIRS), False),
        (("margaret hollis", OURS), ("edwin crake", THEIRS), False),
        (("Mass at Tarn for Hollis", OURS), ("Mass at Tarn for Crake", THEIRS), False),  # one word each
        (("Goodbye to Margaret Hollis", OURS), ("Many came to the mass", OURS), False),
        (("Margaret Hollis", OURS), ("Edwin Crake", THEIRS + " So was Margaret Hollis."), False),
        (("Margaret Hollis", OURS), ("Margret Holis", OURS.replace("Margaret Hollis", "Margret Holis")), False),
        (("Family Of Tarn Hears Margaret Hollis", OURS), ("Family Of Tarn Hears Edwin Crake", THEIRS), False),
    ],
)  # fmt: skip
def test_two_names_in_one_form(first: tuple[str, str], second: tuple[str, str], swapped: bool) -> None:
    for one, two in ((first, second), (second, first)):
        documents = [
            {"id": str(n), "title": title, "text": text, "source": source}
            for n, ((title, text), source) in enumerate(zip((one, two), "st", strict=True))
        ]
        result = dedup.find_families(documents)
        assert (result.relation("0", "1").relation == "none") == swapped
        assert ("names in their headlines" in result.explain("0", "1")) == swapped


def test_figures() -> None:
    at = [(f"Fish auction {time}", PIGS) for time in ("11:50", "12:00")]
    assert said(*at) == (False, True)
    assert said(at[0], at[0]) == (False, False)
    assert said(at[0], ("Fish prices 12:00", PIGS)) == (False, False)
    assert said(at[0], ("Fish auction 12:00 again", PIGS)) == (False, False)
    assert said(("2 pens of pigs sold", PIGS), ("3 pens of pigs sold", HIGHER)) == (False, True)


def test_texts_without_headlines() -> None:
    tokens = tokenize(pa.array([PIGS, HIGHER], pa.large_string()))
    start, stop = tokens.offsets[:-1], tokens.offsets[1:]
    texts = Texts(tokens.hash, tokens.flags, start, stop, np.zeros(2, np.uint8), np.zeros(2, np.int64))
    found = compare_headlines(texts, np.array([0]), np.array([1]), np.array([True]))
    assert not found.name.any()
    assert not found.figure.any()
