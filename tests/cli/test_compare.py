import json
from pathlib import Path

import pytest

from .conftest import LEAD, OTHER, REST, Call, write

SEEDS = Path(__file__).parents[2] / "seeds"


def test_evidence_on_one_screen(dedup: Call, corpus: Path) -> None:
    outcome = dedup("compare", f"{corpus}#full", f"{corpus}#short")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("version: the longer article has 100 % of the shorter one")
    assert "Bath [bold]shut[/bold]" in outcome.out
    assert "a.example" in outcome.out
    assert "The council of Marrow" in outcome.out
    assert "What changed: dedup diff" in outcome.out


def test_the_reason_is_one_line_where_there_is_no_terminal(
    dedup: Call, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    first, empty, *_ = dedup("compare", f"{corpus}#full", f"{corpus}#short").out.splitlines()
    assert first.startswith("version: ")
    assert first.endswith("outside quotations")
    assert empty == ""


def test_passages_are_shown_with_their_length_and_cut_between_words(dedup: Call, tmp_path: Path) -> None:
    text = " ".join(f"harbour{n} office{n}" for n in range(60))
    path = write(tmp_path / "a.jsonl", [{"id": "a", "text": text}, {"id": "b", "text": text}])
    out = dedup("compare", f"{path}#a", f"{path}#b").out
    assert "120 words  " in out
    (cut,) = {word for word in out.split() if word.endswith("…")}
    assert cut.removesuffix("…") in text.split()


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
    assert outcome.out.startswith("none: they share no passage")


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
    assert all(cell_len(line) <= 80 for line in lines[1:] if "dedup diff" not in line)
    (first,) = (number for number, line in enumerate(lines) if line.startswith("1 "))
    assert "".join(line.split()[-1] for line in lines[first : first + 3]) == text[: len(text) // 9 - 1]


@pytest.mark.parametrize(("night", "facts"), [("0", "days"), ("3", "figures")])
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
    assert f"words, but their {facts} differ: one frame around other facts" in " ".join(outcome.out.split())


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


def test_what_one_outlet_has_around_its_articles(dedup: Call, tmp_path: Path) -> None:
    foot = "Whoever has seen something is asked to call the desk of this paper, which passes on what it is "
    foot += "told to those who look into it, names left out if that is wished for."
    records = [
        {
            "id": name,
            "source": "log.example",
            "published": f"2026-03-0{day}T08:00:00Z",
            "text": f"{own}\n{foot}",
        }
        for name, day, own in (("a", 2, LEAD + REST), ("b", 4, OTHER * 2))
    ]
    path = write(tmp_path / "a.jsonl", records)
    said = " ".join(dedup("compare", f"{path}#a", f"{path}#b").out.split())
    assert "but only at the head or the foot: one frame around other facts" in said
