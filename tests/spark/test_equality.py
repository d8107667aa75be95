"""A cluster finds what one machine finds, row for row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pytest

pytest.importorskip("pyspark", reason="no pyspark")

from dedup.config import Settings
from dedup.engines.local import find_families
from dedup.engines.spark.engine import RunFrames, find
from dedup.errors import UsageError
from dedup.io import FIELDS, from_documents, read

if TYPE_CHECKING:
    from pathlib import Path

    from dedup.result import Result


def rows(table: pa.Table, without: tuple[str, ...] = ()) -> list[bytes]:
    """Rows as text, sorted."""
    names = [name for name in table.column_names if name not in without]
    return sorted(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in table.select(names).to_pylist())


def assert_equal(found: RunFrames, expected: Result, *, without: tuple[str, ...] = ()) -> None:
    tables = {
        "documents": expected.documents_table(),
        "relations": expected.relations_table(),
        "families": expected.families_table(),
        "diffs": pa.Table.from_pylist(
            [{**row, "operations": orjson.dumps(row["operations"]).decode()} for row in expected.diffs()]
        ),
        "canonical": expected.documents.filter(pa.array(expected.kept())).drop_columns(["file", "line"]),
    }
    for name, table in tables.items():
        mine = getattr(found, name).toArrow()
        assert sorted(mine.column_names) == sorted(table.column_names), name
        if name == "canonical":
            table = table.set_column(
                table.column_names.index("record"), "record", table["record"].cast(pa.large_string())
            )
        left = without if name == "documents" else ()
        assert rows(mine, left) == rows(table, left), name


PIGS = (
    "Pigs made 1.50 crowns more than last week at the morning sale, where 900 were penned. The best weighed 104 kilos "
    "and went at {} a kilo, sows at 1.48, and boars at 1.20 to 1.35."
)
NOTICES: list[dict[str, Any]] = [
    {
        "id": f"pigs-{name}-{day}{minute}",
        "title": f"{name} pig sale opens dearer",
        "text": PIGS.format(top),
        "source": "wire.example",
        "published": f"2026-03-{day}T08:0{minute}:00Z",
    }
    for name, top, day, minute in (
        ("Ansley", "2.61", 11, 1), ("Merrow", "2.58", 11, 2), ("Ansley", "2.56", 11, 5), ("Merrow", "2.70", 19, 1)
    )
]  # fmt: skip
"""Of two markets in one go, one put right, and next week's."""

BRIEFS: list[dict[str, Any]] = [
    {
        "id": f"{name}-{day}",
        "text": text,
        "source": "wire.example",
        "published": f"2026-03-{day}T08:00:00Z",
    }
    for name, text, days in (
        ("bank", "The bank of Merrow left its rate where it was, as all who had been asked beforehand said it would.", (11, 16)),
        ("pier", "The pier at Ansley stays closed to carts until the damage the storm did to its piles is mended.", (11, 13)),
    )
    for day in days
]  # fmt: skip
BRIEFS.append(
    BRIEFS[0] | {"id": "bank-in-town", "text": BRIEFS[0]["text"] + " More soon.", "source": "town.example"}
)
BRIEFS += [
    BRIEFS[0] | {"id": f"bank-{day}", "source": "isle.example", "published": f"2026-03-{day}T08:00:00Z"}
    for day in (14, 19)
]
"""Said again, news each time, carried the first time, and said again elsewhere; the other carried for two days."""


LEAD = (
    "The tram to Merrow runs again since noon, as the council had the bent rails at the harbour gate replaced by a "
    "crew that worked for two nights in the rain."
)
REST = (
    "Whoever holds a ticket for the days without trams is paid back at the kiosk beside the old town hall, where the "
    "desk stays open until eight."
)
HALVES: list[dict[str, Any]] = [
    {"id": f"tram-{name}", "text": f"{LEAD} {rest}", "source": source, "published": "2026-03-11T09:00:00Z"}
    for name, rest, source in (
        ("long", " ".join(f"stop{n} has a bench{n} and a lamp{n}" for n in range(30)), "wire.example"),
        ("brief", REST, "isle.example"),
    )
]
"""A brief, and half of it in another source."""


UNDATED = [{"id": f"undated-{n}", "text": " ".join(f"barge{k}" for k in range(40))} for n in range(2)]


FRAME = " ".join(f"frame{n}" for n in range(60))
SERIES: list[dict[str, Any]] = [
    {
        "id": f"series-{day:02}",
        "text": f"{' '.join(f'own{text}x{n}' for n in range(40))}. {FRAME}.",
        "source": "wire.example",
        "published": f"2026-04-{day:02}T08:00:00Z",
    }
    for day, text in [(day, day) for day in range(1, 28, 3)] + [(5, 1)]
]
"""Mostly stock; one is said again four days later."""


def test_seeds(spark: Any, seed_table: pa.Table, tmp_path: Path) -> None:
    notices = pa.Table.from_batches(from_documents([*NOTICES, *BRIEFS, *HALVES, *UNDATED, *SERIES])).select(
        list(FIELDS)
    )
    table = pa.concat_tables([seed_table.select(list(FIELDS)).cast(notices.schema), notices])
    table = table.set_column(1, "text", table["text"].cast(pa.string()))
    folder = str(tmp_path / "out")
    frame = spark.createDataFrame(table)
    found = find(spark, frame, Settings(), folder=folder)
    assert_equal(found, find_families(from_documents(table), Settings()), without=("line",))
    assert None in found.families.toArrow()["earliest"].to_pylist()
    again = find(spark, frame, Settings(), folder=folder)
    assert again.seconds == {}  # nothing is made twice
    assert again.counts == found.counts
    with pytest.raises(UsageError, match="another folder"):
        find(spark, frame, Settings(min_run=9), folder=folder)


@pytest.mark.parametrize("name", ["helsinki/helsinki.jsonl", "reuters21578/docs.jsonl"])
def test_real_articles(spark: Any, data: Path, name: str, tmp_path: Path) -> None:
    path = str(data / "data" / name)
    expected = find_families(read([path]), Settings())
    found = find(spark, [path], Settings(), folder=str(tmp_path / "out"))
    assert_equal(found, expected, without=("file",))
