from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.io.times import parse_times
from dedup.values import parse_time

OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.none() | OFFSETS
)


def times(*texts: str | None) -> list[datetime | None]:
    return parse_times(pa.array(texts, pa.large_string())).to_pylist()  # type: ignore[no-any-return]


@given(st.lists(MOMENTS | st.none(), max_size=6))
def test_equals_the_one_by_one_reading(moments: list[datetime | None]) -> None:
    texts = [moment and moment.isoformat() for moment in moments]
    assert times(*texts) == [parse_time(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-02-29", "2024-02-29T00:00:00"),
        ("2024-02-29 10:20", "2024-02-29T10:20:00"),
        ("2024-02-29T10:20:30.5", "2024-02-29T10:20:30.500000"),
        ("2024-02-29T10:20:30Z", "2024-02-29T10:20:30"),
        ("2024-02-29t10:20:30z", "2024-02-29T10:20:30"),
        ("2024-02-29t10:20:30.5+01:30", "2024-02-29T08:50:30.500000"),
        ("2024-02-29 10:20:30 UTC", "2024-02-29T10:20:30"),
        ("2024-02-29 10:20:30.25 GMT ", "2024-02-29T10:20:30.250000"),
        ("2024-02-29T10:20:30.123456789Z", "2024-02-29T10:20:30.123456"),
        ("2024-02-29T10:20:30+0130", "2024-02-29T08:50:30"),
        ("2024-02-29T10:20:30-05", "2024-02-29T15:20:30"),
        ("20240229", "2024-02-29T00:00:00"),
        ("202402291020", "2024-02-29T10:20:00"),
        ("20240229102030", "2024-02-29T10:20:30"),  # of web archives and GDELT
        (" 2024-02-29 ", "2024-02-29T00:00:00"),
        ("2024/02/29", "2024-02-29T00:00:00"),
        ("2024/02/29 9:20", "2024-02-29T09:20:00"),
        ("2024-02-29T9:20:30Z", "2024-02-29T09:20:30"),
        ("2024-02-29T10:20:30Z[UTC]", "2024-02-29T10:20:30"),
        ("2024-02-29T10:20:30.123+01:00[Europe/Berlin]", "2024-02-29T09:20:30.123000"),
        ("Thu Feb 29 10:20:30 +0000 2024", "2024-02-29T10:20:30"),
        ("Thu Feb 29 10:20:30 -0130 2024", "2024-02-29T11:50:30"),
        ("Thu, 29 Feb 2024 10:20:30 GMT", "2024-02-29T10:20:30"),
        ("Thu, 29 Feb 2024 10:20:30 +0130", "2024-02-29T08:50:30"),
        ("1 Mar 2024 00:20 EST", "2024-03-01T05:20:00"),
        ("1709202030", "2024-02-29T10:20:30"),  # a number in CSV
        ("1709202030.0", "2024-02-29T10:20:30"),
        ("1709202030500", "2024-02-29T10:20:30.500000"),
        ("1710010112345", "2024-03-09T18:48:32.345000"),  # the day 1710-01-01, too
    ],
)
def test_shapes(text: str, iso: str) -> None:
    moment = datetime.fromisoformat(iso).replace(tzinfo=UTC)
    assert times(text) == [parse_time(text)] == [moment]


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2024-02-30",
        "2024-13-01",
        "Thu, 30 Feb 2024 10:20:30 GMT",
        "Thu, 29 Feb 2024 10:20:30 IST",  # Irish, Israeli or Indian
        "29 Foo 2024 10:20:30 GMT",
        "0000-01-01",
        "9999-12-31T23:59:59-05:00",
        "2024-01-01T25:00",
        "2024-01-01T10:00:00+02:00 UTC",
        "2024-01-01T10:00:00 CET",
        "12",
        "2024022910",
        "29/02/2024",
        "2024/2/29",
        "2024/02/29T10",
        "2024-02/29",
        "2024-02-29T10:20:30[Europe/Berlin]",  # which needs a table of zones
        "2024-02-29T10:20:30Z[UTC][UTC]",
        "Thu Feb 30 10:20:30 +0000 2024",
        "20240230102030",
        "20240229102060",
        "202402291",
        " ",
        "0001-01-01T00:00:00",  # what Go and .NET have for none
        "0001-12-31",
        "1970-01-01",
        "1970-01-01T01:00:00+01:00",
        "9999-12-31 23:59:59.999",
    ],
)
def test_no_dates_are_null_and_harm_no_other(text: str) -> None:
    good = datetime(2024, 1, 2, tzinfo=UTC)
    assert times("2024-01-02", text, "2024-01-02T00:00Z", None) == [good, None, good, None]


@pytest.mark.parametrize("text", ["0002-01-01", "1969-12-31T23:59:59Z", "1970-01-01T00:00:01Z", "9999-12-30"])
def test_dates_beside_those_that_stand_for_none(text: str) -> None:
    assert times(text) == [parse_time(text)] == [datetime.fromisoformat(text).replace(tzinfo=UTC)]


def test_none_at_all() -> None:
    assert times() == []
    assert times(None) == [None]
