import json
from datetime import timedelta
from pathlib import Path

import pytest

from dedup import Relation, RelationKind, Settings
from dedup.cli.compare import explain

from .conftest import LEAD, OTHER, REST, Call, write

SEEDS = Path(__file__).parents[2] / "seeds"


def test_evidence_on_one_screen(dedup: Call, corpus: Path) -> None:
    outcome = dedup("compare", f"{corpus}#full", f"{corpus}#short")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("version: 100 % of the shorter is in the longer")
    assert "Bath [bold]shut[/bold]" in outcome.out
    assert "a.example" in outcome.out
    assert "The council of Marrow" in outcome.out
    assert "What changed: dedup diff" in outcome.out


def test_evidence_as_json(dedup: Call, corpus: Path) -> None:
    shown = dedup("compare", f"{corpus}#short", f"{corpus}#full", "--json").json()
    assert (shown["a"], shown["b"], shown["relation"]) == ("short", "full", "version")
    assert shown["coverage_a"] == 1.0
    assert shown["coverage_b"] < 0.9
    passage = shown["passages"][0]
    assert (LEAD + REST)[passage["b_start"] : passage["b_end"]].startswith("The council")
    assert {"rule", "shared_words", "removed_a", "removed_b", "agencies_a", "agencies_b"} <= set(shown)


def test_nothing_shared(dedup: Call, corpus: Path) -> None:
    outcome = dedup("compare", f"{corpus}#full", f"{corpus}#bees")
    assert outcome.code == 0
    assert outcome.out.startswith("none: no passage is shared")


def test_standard_input_against_a_file(dedup: Call, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LEAD + REST)
    outcome = dedup("compare", "-", tmp_path / "a.txt", "--json", stdin=(LEAD + REST).encode())
    assert outcome.json()["relation"] == "exact"


def test_lines_fit_whatever_the_script(dedup: Call, tmp_path: Path) -> None:
    from rich.cells import cell_len

    text = "汐見の水産倉庫で火事があり、屋根から黒煙が上がった。消防車十台が出動した。" * 9
    records = [{"id": name, "text": text, "title": "屋" * 99} for name in ("一", "二")]
    path = write(tmp_path / "a.jsonl", records)
    lines = dedup("compare", f"{path}#一", f"{path}#二").out.splitlines()
    assert all(cell_len(line) <= 80 for line in lines if "dedup diff" not in line)
    (first,) = (number for number, line in enumerate(lines) if line.startswith("1 "))
    assert "".join(line.split()[-1] for line in lines[first : first + 3]) == text[: len(text) // 9 - 1]


@pytest.mark.parametrize(
    ("kind", "coverage", "shared", "narrative", "rule"),
    [
        ("exact", (1, 1), 90, 80, "equal word for word"),
        ("near", (0.97, 0.95), 90, 80, "95 % and 97 %, at least 90 %"),
        ("version", (0.63, 0.2), 90, 80, "63 % of the shorter is in the longer, at least 48 %, with 80"),
        ("version", (1, 0.6), 90, 4, "the shorter was cut from the longer: 100 % and 60 % are shared"),
        ("partial", (0.1, 0.3), 90, 80, "80 shared words outside quotations, at least 30; but only 30 %"),
        ("partial", (0.1, 0.3), 90, 20, "at least 18 in two sentences or more; but only 30 %"),
        ("partial", (0.1, 0.3), 20, 20, "at least 18 in two sentences or more; but only 30 %"),
        (
            "partial",
            (1, 0.6),
            90,
            0,
            "0 shared words outside quotations; 100 % of the shorter is in the longer",
        ),
        (
            "partial",
            (0.5, 0.65),
            90,
            80,
            "65 % of the shorter is in the longer, but of its words outside quotations less than 35 %",
        ),
        ("partial", (0.3, 0.5), 31, 31, "outside quotations less than 35 %, or fewer than 32"),
        (
            "partial",
            (0.1, 0.476),
            90,
            80,
            "only 47 % of the shorter is in the longer, less than 48 %, also with",
        ),
        (
            "partial",
            (0.1, 0.476),
            90,
            80,
            "rest of sentences, or of its words outside quotations less than 35 %",
        ),
        ("partial", (0.1, 0.476), 31, 31, "outside quotations less than 35 %, or fewer than 32"),
        (
            "version",
            (0.1, 0.476),
            90,
            80,
            "47 % of the shorter is in the longer, and at least 48 % with the rest",
        ),
        (
            "partial",
            (0.1, 0.3),
            12,
            12,
            "12 shared words outside quotations are not stock text, but they hold",
        ),
        ("quote", (0.1, 0.3), 90, 50, "their figures differ"),
        (
            "quote",
            (0.1, 0.3),
            30,
            5,
            "30 words are shared, but only 5 of them outside quotations, fewer than 18",
        ),
        ("quote", (0.1, 0.3), 25, 25, "fewer than 30, and in fewer than two sentences, or in one frame"),
        ("partial", (0.1, 0.3), 90, 30, "at least 30; but only 30 %"),
        ("version", (1, 0.6), 90, 80, "100 % of the shorter is in the longer, at least 48 %, with 80"),
        ("none", (0.6, 0.6), 90, 80, "their figures differ"),
        ("none", (0.6, 0.5), 9, 9, "only 9 words are shared"),
        ("none", (0.1, 0.5), 14, 14, "their figures differ: one frame, other facts; or no run of them has 8"),
        (
            "none",
            (0.1, 0.44),
            14,
            14,
            "their figures differ: one frame, other facts; or no run of them has 8",
        ),
        ("none", (0.1, 0.39), 14, 14, "only 14 words are shared"),
        ("none", (0.1, 0.05), 9, 9, "only 9 words are shared"),
        ("none", (0, 0), 0, 0, "no passage is shared"),
    ],
)
def test_rules_in_words(
    kind: str, coverage: tuple[float, float], shared: int, narrative: int, rule: str
) -> None:
    relation = Relation("a", "b", RelationKind(kind), *coverage, shared, narrative)
    assert rule in explain(relation, Settings())


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        (12, "a flash, and what it grew into within half a day: 90 % of it"),
        (13, "90 % of the shorter is in the longer, at least 48 %, with 26"),
        (None, "90 % of the shorter is in the longer, at least 48 %, with 26"),
    ],
)
def test_a_flash_is_one_of_half_a_day(hours: int | None, rule: str) -> None:
    """Texts of few words are versions later, too, where most of what a version needs is shared."""
    relation = Relation("a", "b", RelationKind.VERSION, 0.9, 0.1, 28, 26)
    apart = None if hours is None else timedelta(hours=hours)
    assert rule in explain(relation, Settings(), apart=apart)


def test_a_sequel_in_words() -> None:
    relation = Relation("a", "b", RelationKind("partial"), 0.5, 0.55, 90, 80)
    rule = explain(relation, Settings(), apart=timedelta(days=2))
    assert "but only 55 % of the shorter is in the longer, less than 60 %, which" in rule
    relation = Relation("a", "b", RelationKind("partial"), 0.1, 0.45, 90, 80)
    assert explain(relation, Settings(), apart=timedelta(days=2)).endswith("longer, less than 48 %")
    relation = Relation("a", "b", RelationKind("partial"), 0.1, 0.39, 90, 80)
    assert explain(relation, Settings()).endswith("39 % of the shorter is in the longer, less than 48 %")


def test_background_in_words() -> None:
    relation = Relation("a", "b", RelationKind("quote"), 0.1, 0.2, 90, 80)
    rule = explain(relation, Settings(), apart=timedelta(days=4))
    assert "80 shared words outside quotations, but articles more than 3 days apart" in rule
    assert "20 % of the shorter is in the longer, less than 30 %, and not 17 % with a run of 30 words" in rule
    relation = Relation("a", "b", RelationKind("quote"), 0.1, 0.298, 90, 20)
    rule = explain(relation, Settings(), apart=timedelta(days=4))
    assert "20 shared words outside quotations, but articles more than 3 days apart" in rule
    assert "29 % of the shorter is in the longer, less than 30 %" in rule
    for narrative in (20, 80):
        relation = Relation("a", "b", RelationKind("quote"), 0.1, 0.4, 90, narrative)
        rule = explain(relation, Settings(), apart=timedelta(days=4))
        assert "runs of fewer than 12" in rule
        assert "other figures" in rule


@pytest.mark.parametrize(
    ("days", "one_source", "coverage", "named"),
    [(1, True, 0.6, True), (0, True, 0.6, False), (1, False, 0.6, False), (1, True, 0.7, False)],
)
def test_a_frame_of_one_outlet_in_words(days: int, one_source: bool, coverage: float, named: bool) -> None:
    relation = Relation("a", "b", RelationKind("quote"), 0.1, coverage, 90, 80)
    rule = explain(relation, Settings(), apart=timedelta(days=days), one_source=one_source)
    assert rule.endswith("one frame, other facts")
    assert ("or they stand at the head and the foot alone" in rule) == named


def test_frames_of_two_weeks_in_words() -> None:
    relation = Relation("a", "b", RelationKind("none"), 0.1, 0.35, 14, 14)
    settings = Settings(partial_words=13, two_sentences=13)
    assert "their figures differ" in explain(relation, settings)
    assert "only 14 words" in explain(relation, settings, apart=timedelta(days=4))


@pytest.mark.parametrize(("night", "facts"), [("0", "days or names"), ("3", "figures")])
def test_what_differs_in_a_frame(dedup: Call, tmp_path: Path, night: str, facts: str) -> None:
    forecast = (
        "Forecast for {}: clouds in the north with showers, sun in the south. Highs 9 to 13 degrees. Winds "
        "light from the west. At night clear, with ground frost in the valleys, lows near {}."
    )
    records = [
        {"id": "a", "text": forecast.format("Monday", 0), "published": "2026-03-02T08:00:00Z"},
        {"id": "b", "text": forecast.format("Tuesday", night), "published": "2026-03-03T08:00:00Z"},
    ]
    path = write(tmp_path / "a.jsonl", records)
    outcome = dedup("compare", f"{path}#a", f"{path}#b")
    assert f"words are shared, but their {facts} differ: one frame, other facts" in " ".join(
        outcome.out.split()
    )


@pytest.mark.parametrize("two_sentences", [30, 50])
def test_where_sentences_do_not_count_none_are_named(two_sentences: int) -> None:
    settings = Settings(two_sentences=two_sentences)
    relation = Relation("a", "b", RelationKind("quote"), 0.1, 0.2, 90, 20)
    assert explain(relation, settings).endswith("fewer than 30")
    relation = Relation("a", "b", RelationKind("quote"), 0.1, 0.2, 90, 35)
    assert "share background" in explain(relation, settings, apart=timedelta(days=4))


def test_a_single_file_of_one_record(dedup: Call, tmp_path: Path) -> None:
    one = write(tmp_path / "one.jsonl", [{"id": "x", "text": LEAD}])
    two = write(tmp_path / "two.jsonl", [{"id": "x", "text": OTHER}])
    shown = dedup("compare", one, two, "--json").json()
    assert (shown["a"], shown["b"], shown["relation"]) == (str(one), str(two), "none")


@pytest.mark.parametrize("command", ["compare", "diff"])
def test_other_names_of_fields(dedup: Call, tmp_path: Path, command: str) -> None:
    path = write(tmp_path / "a.jsonl", [{"key": "x", "body": LEAD}, {"key": "y", "body": LEAD + REST}])
    both = f"{path}#x", f"{path}#y"
    shown = dedup(command, *both, "--field", "id=key", "--field", "text=body", "--json").json()
    assert (shown["a"], shown["b"]) == ("x", "y")
    assert dedup(command, *both).code == 2


def test_what_was_left_out(dedup: Call) -> None:
    pages = SEEDS / "english.jsonl"
    outcome = dedup("compare", f"{pages}#en-ferry-afp", f"{pages}#en-ferry-furniture")
    assert "appeal: You have reached" in outcome.out
    reports = SEEDS / "recurring" / "grippe.jsonl"
    pair = f"{reports}#de-grippe-03-04", f"{reports}#de-grippe-03-05"
    assert "stock" not in dedup("compare", *pair).out
    outcome = dedup("compare", *pair, "--among", reports)
    assert "stock: Das Gesundheitsamt" in outcome.out
    shown = dedup("compare", *pair, "--among", reports, "--json").json()
    (text,) = (row["text"] for row in map(json.loads, reports.open("rb")) if row["id"] == shown["a"])
    assert all(text[x["start"] : x["end"]].strip() == text[x["start"] : x["end"]] for x in shown["stock_a"])
    assert sum(x["end"] - x["start"] for x in shown["stock_a"]) > len(text) / 3


def test_what_recurs_in_a_source_was_left_out(dedup: Call, tmp_path: Path) -> None:
    recurs = "Tips for the desk go to the box by the door."
    more = "\n\nThe lock keeper counted nine barges before noon, two of them with gravel for the new weir."
    records = [
        {"id": "x", "text": f"{LEAD}{REST}\n\n{recurs}", "published": "2026-03-01", "source": "a.example"},
        {"id": "y", "text": f"{OTHER}{more}\n\n{recurs}", "published": "2026-03-02", "source": "a.example"},
    ]
    path = write(tmp_path / "a.jsonl", records)
    shown = dedup("compare", f"{path}#x", f"{path}#y", "--json").json()
    assert shown["shared_words"] == 0
    for record, removed in zip(records, (shown["removed_a"], shown["removed_b"]), strict=True):
        assert recurs in [record["text"][span["start"] : span["end"]] for span in removed]
