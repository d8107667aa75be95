from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import dedup
from dedup.io import read
from dedup.io.text import load_text

if TYPE_CHECKING:
    from pathlib import Path

REST = "She taught at the village school of Merrow for forty years, and led the choir.\n\nShe grew roses."
NOTICE = (
    "{name}\n\n{name}, {age}, of Merrow died on Monday at home. The funeral is held on Friday at eleven in the "
    "chapel above the harbour. The family asks that nobody bring flowers, and that whoever wants to give "
    "something give it to the lifeboat. All are welcome in the hall behind the church, where tea is served.\n"
)


def title(text: str) -> str | None:
    return load_text(text.encode(), "a.txt").get("title")


@pytest.mark.parametrize(
    "line",
    [
        "Edith Larkin",
        "EDITH LARKIN",
        "Edith Larkin, 1934-2026",
        "Council votes to close the old swing bridge",
        "More than 400 rescued as ferry runs aground off Port Alder",
        "Will the bridge ever open again?",
        "Saint-Aurèle : soleil et 26 degrés attendus mardi",
        "青石市转移群众三万人",
    ],
)
def test_the_first_line_is_the_headline(line: str) -> None:
    assert title(f"{line}\n\n{REST}") == line


@pytest.mark.parametrize(
    "line",
    [
        "By Edith Larkin",
        "Von Edith Larkin",
        "AFP Paris",
        "Sport",
        "3 March 2026",
        "Tuesday, March 3, 2026",
        "She was a teacher.",
        "Dear readers,",
        "What she said:",
        "市政府宣布转移群众三万人。",
        "PORT ALDER (AFP)",
        "Home > News > Local",
        "* * *",
        "===== Sport =====",
        "Read more",
        "Subscribe to our newsletter",
        "Copyright 2026 The Harbour Gazette",
        "more words than a headline has " * 3,
        "wordswithoutend" * 9 + " and more",
    ],
)
def test_other_lines_are_none(line: str) -> None:
    assert title(f"{line}\n\n{REST}") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" \n\n", None),
        ("Edith Larkin", None),
        ("Edith Larkin\n\n", None),
        (f"Edith Larkin\n{REST}", None),
        (f"Edith Larkin\r\n{REST}", None),
        ("Edith Larkin\n\nof Merrow", None),  # no more than the line itself
        (f"Edith Larkin\r\n\r\n{REST}", "Edith Larkin"),
        (f"Edith Larkin\r\r{REST}", "Edith Larkin"),
        (f"\ufeff\n \n  Edith Larkin \t\n \n\n{REST}", "Edith Larkin"),
    ],
)
def test_it_stands_alone_above_the_text(text: str, expected: str | None) -> None:
    assert title(text) == expected
    assert load_text(text.encode(), "a.txt")["text"] == text


def test_notices_are_told_apart_by_their_first_lines(tmp_path: Path) -> None:
    for name, age in (("Edith Larkin", 84), ("Agnes Thornby", 79)):
        (tmp_path / f"{name}.txt").write_text(NOTICE.format(name=name, age=age), "utf-8")
    rows = [row for batch in read([tmp_path]) for row in batch.to_pylist()]
    texts = {row["id"]: row["text"] for row in rows}
    assert texts["Edith Larkin.txt"] == NOTICE.format(name="Edith Larkin", age=84)
    fields = ("id", "text", "title")
    result = dedup.find_families([{name: row[name] for name in fields} for row in rows])
    assert result.relation(*texts).relation == "none"
    untitled = dedup.find_families([{"id": key, "text": text} for key, text in texts.items()])
    assert untitled.relation(*texts).relation == "near"
