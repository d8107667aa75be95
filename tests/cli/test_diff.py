from pathlib import Path

import pytest

from dedup.edits import Diff

from .conftest import LEAD, REST, Call


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    one, two = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text(LEAD + REST)
    two.write_text((LEAD + REST).replace("nine million", "ten million"))
    return one, two


def test_text(dedup: Call, pair: tuple[Path, Path]) -> None:
    outcome = dedup("diff", *pair)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"--- {pair[0]}\n+++ {pair[1]}\n")
    assert "[-nine-]{+ten+} million" in outcome.out
    assert "\x1b" not in outcome.out


def test_the_end_of_a_line_is_marked_as_the_help_says(dedup: Call, tmp_path: Path) -> None:
    one, two = tmp_path / "a.txt", tmp_path / "b.txt"
    one.write_text(LEAD.strip())
    two.write_text(LEAD.strip() + "\nMore of it.")
    assert "{+¶+}\n" in dedup("diff", one, two).out
    assert "¶ is the end of its line" in " ".join(dedup("diff", "--help").out.split())


def test_equal_texts_print_nothing(dedup: Call, pair: tuple[Path, Path]) -> None:
    outcome = dedup("diff", pair[0], pair[0])
    assert (outcome.code, outcome.out) == (0, "")


def test_json_is_lossless(dedup: Call, pair: tuple[Path, Path]) -> None:
    shown = dedup("diff", *pair, "--json").json()
    base, other = (path.read_text() for path in pair)
    assert (shown["a"], shown["b"]) == ("a.txt", "b.txt")
    assert Diff.from_json(shown["operations"], base).apply(base) == other


def test_html(dedup: Call, pair: tuple[Path, Path]) -> None:
    assert "<del>nine</del><ins>ten</ins> million" in dedup("diff", *pair, "--html").out


def test_json_and_html_exclude_each_other(dedup: Call, pair: tuple[Path, Path]) -> None:
    outcome = dedup("diff", *pair, "--json", "--html")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "dedup: --json and --html exclude each other\n"
