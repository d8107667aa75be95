"""Days of the week that briefs name."""

from __future__ import annotations

import pytest

import dedup
from dedup.weekdays import MOST, _names

FRAME = (
    "The town checks the speed of traffic again this week. The cameras stand {}. Drivers must reckon with "
    "further checks all over the town. The camera at the weir works again after the damage done to it. The "
    "office for order takes hints on dangerous stretches of road at any time, and fines may be paid online."
)
FIRST = FRAME.format("in Weir Road and on the Northern Ring on Thursday, and in Holt Lane on Friday")
NEXT = FRAME.format("on Pine Avenue on Monday, in Campus Road on Tuesday and at Saint Olaf on Wednesday")


def related(a: str, b: str, days: int) -> str:
    documents = [
        {"id": "a", "text": a, "published": "2026-03-05T06:00:00Z"},
        {"id": "b", "text": b, "published": f"2026-03-{5 + days:02}T06:00:00Z"},
    ]
    return dedup.find_families(documents).relation("a", "b").relation.value


def test_briefs_of_two_days_that_name_other_days_are_two() -> None:
    assert related(FIRST, NEXT, 4) == "none"


@pytest.mark.parametrize("days", ["", "on Friday, in Campus Road ", "yesterday, in Campus Road "])
def test_a_day_in_common_or_none_says_nothing(days: str) -> None:
    other = NEXT.replace(
        "on Monday, in Campus Road on Tuesday and at Saint Olaf on Wednesday", days + "alone"
    )
    assert related(FIRST, other, 4) == "version"


FORECAST = (
    "On the coast it stays {2} on {0}. The service of the harbour expects winds from the west and a calm sea. "
    "In the night to {1} the mercury falls to zero, and drivers should reckon with ice on the bridges."
)


def test_tomorrow_of_one_forecast_is_today_in_the_next() -> None:
    first = FORECAST.format("Thursday", "Friday", "mild")
    assert related(first, FORECAST.format("Friday", "Saturday", "dull"), 1) == "none"
    # an update: it keeps a day where it was
    assert related(first, FORECAST.format("Friday", "Friday", "dull"), 1) == "near"


def test_a_day_in_common_is_found_wherever_both_have_it() -> None:
    older = "The museum opens its cellar. " * 20
    first = FORECAST.format("Thursday", "Friday", "mild")
    update = FORECAST.format("Friday", "Friday", "dull")
    later = "Who has to go by ferry should look at the board at the landing stage. " * 3 + update
    times = (f"2026-03-0{day}T06:00:00Z" for day in (4, 5, 6))
    documents = [
        {"id": name, "text": text, "published": time}
        for name, text, time in zip("oab", (older, first, later), times, strict=True)
    ]
    assert dedup.find_families(documents).relation("a", "b").relation.value == "version"


@pytest.mark.parametrize("place", ["{0}. {1}", "{1} {0}"])
def test_a_day_at_an_end_of_both_is_replaced_too(place: str) -> None:
    text = FRAME.format("in Weir Road alone")
    first, following = (place.format(day, text) for day in ("Friday", "Wednesday"))
    assert related(first, following, 4) == "none"


@pytest.mark.parametrize("place", ["{} {}", "{1} {0}"])
def test_the_day_of_a_sentence_that_was_added_says_nothing(place: str) -> None:
    other = place.format(
        FIRST.replace("on Thursday, and in Holt Lane on Friday", "alone"), "It ends on Monday."
    )
    assert related(FIRST, other, 4) == "near"


def test_the_days_of_other_texts_say_nothing() -> None:
    text = FRAME.format("in Weir Road alone")
    other = "Friday was quiet at the harbour, where the last boats of the season came in before {}"
    texts = [other.format("Friday"), f"Friday. {text}", other.format("Monday"), f"{text} Monday", other]
    documents = [
        {"id": str(n), "text": text, "published": f"2026-03-{3 * n + 1:02}"} for n, text in enumerate(texts)
    ]
    assert dedup.find_families(documents).relation("1", "3").relation.value == "near"


def test_on_one_day_other_days_are_an_update() -> None:
    assert related(FIRST, NEXT, 0) == "version"


def test_a_name_of_a_day_names_one_day() -> None:
    assert sorted(_names()) == [1, MOST]
    for names, bits in _names().values():
        assert len(set(names.tolist())) == len(names)
        assert set(bits.tolist()) == {1 << day for day in range(7)}


@pytest.mark.parametrize(
    ("text", "first", "following"),
    [
        ("시는 {}에 속도를 다시 단속한다. 단속 카메라는 둑길과 북쪽 순환로에 선다.", "목요일", "월요일"),
        ("市は{}にも速度の取り締まりを行う。カメラは堤防の道と北の環状線に置かれる。", "木曜日", "月曜日"),
        ("本市{}再次检查车速。测速仪设在堤坝路和北环路，司机请按限速行驶。", "星期四", "礼拜一"),
        ("测速仪设在堤坝路和北环路，司机请按限速行驶。检查车速从{}开始。", "星期四", "星期一"),
    ],
)
def test_names_of_several_characters(text: str, first: str, following: str) -> None:
    assert related(text.format(first), text.format(following), 4) == "none"
    assert related(text.format(first), text.format(first), 4) != "none"
