from pathlib import Path

from .conftest import LEAD, REST, Call, read, write

APPEAL = "Subscribe now for unlimited access to all our articles. Already a subscriber? Log in here.\n\n"


def corpus(folder: Path) -> Path:
    records = [{"id": "one", "text": APPEAL + LEAD + REST}, {"id": "two", "text": LEAD}]
    return write(folder / "a.jsonl", records)


def test_texts_without_what_was_removed(dedup: Call, tmp_path: Path) -> None:
    path, out = corpus(tmp_path), tmp_path / "new" / "clean.jsonl"
    outcome = dedup("clean", path, "-o", out)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    one, two = read(out)
    assert list(one) == ["id", "text", "agencies", "removed"]
    assert "Subscribe" not in one["text"]
    assert "swimming bath" in one["text"]
    assert [span["kind"] for span in one["removed"]].count("appeal") >= 1
    raw = APPEAL + LEAD + REST
    assert any("Subscribe now" in raw[span["start"] : span["end"]] for span in one["removed"])
    assert two["removed"] == []


def test_a_text_file_keeps_its_headline(dedup: Call, tmp_path: Path) -> None:
    headline = "Council votes to close the old swing bridge\n\n"
    (tmp_path / "a.txt").write_text(headline + LEAD + REST)
    assert dedup("clean", tmp_path / "a.txt", "-o", tmp_path / "out.jsonl").code == 0
    (row,) = read(tmp_path / "out.jsonl")
    assert row["text"].startswith(headline)
    assert row["removed"] == []


def test_its_own_output_is_no_input(dedup: Call, tmp_path: Path) -> None:
    corpus(tmp_path)
    out = tmp_path / "clean.jsonl"
    for _ in range(2):
        assert dedup("clean", tmp_path, "-o", out, "--force").code == 0
        assert [row["id"] for row in read(out)] == ["one", "two"]
    before = out.read_bytes()
    outcome = dedup("clean", out, "-o", out, "--force")
    assert outcome.code == 2
    assert "clean.jsonl: is to be written, so it cannot be read" in outcome.err
    assert out.read_bytes() == before


def test_standard_output(dedup: Call, tmp_path: Path) -> None:
    path = corpus(tmp_path)
    assert dedup("clean", path, "-o", tmp_path / "clean.jsonl").code == 0
    assert dedup("clean", path, "-o", "-").out == (tmp_path / "clean.jsonl").read_text("utf-8")


def test_show_marks_what_is_removed(dedup: Call, tmp_path: Path) -> None:
    path = corpus(tmp_path)
    outcome = dedup("clean", path, "--show")
    assert outcome.out.startswith("=== one\n")
    assert "[appeal: Subscribe now" in outcome.out
    assert "\x1b" not in outcome.out
    assert dedup("clean", path, "--show", "-o", "-").out == outcome.out
    both = dedup("clean", path, "--show", "-o", tmp_path / "clean.jsonl")
    assert both.out == outcome.out
    assert len(read(tmp_path / "clean.jsonl")) == 2


def test_show_does_not_let_a_text_drive_the_terminal(dedup: Call, tmp_path: Path) -> None:
    text = f"{LEAD}\x1b[2J [red]\u202e{REST}"
    outcome = dedup("clean", write(tmp_path / "a.jsonl", [{"id": "\x1bx", "text": text}]), "--show")
    assert "[2J [red]A petition" in outcome.out
    assert not set(outcome.out) & {"\x1b", "\u202e"}


def test_what_could_not_be_used_is_told(dedup: Call, tmp_path: Path) -> None:
    path = corpus(tmp_path)
    with path.open("a") as file:
        file.write("{}\n" * 5)
    outcome = dedup("clean", path, "-o", tmp_path / "clean.jsonl")
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        *(f"dedup: left out: {path}:{line}: text is missing" for line in (3, 4, 5)),
        "dedup: left out: 2 more records",
    ]
    path.write_text(path.read_text().removesuffix("{}\n"))
    assert dedup("clean", path, "--show").err.endswith("left out: 1 more record\n")
    assert dedup("clean", path, "-o", tmp_path / "strict.jsonl", "--strict").code == 2
    assert not (tmp_path / "strict.jsonl").exists()


def test_files_are_replaced_only_by_force(dedup: Call, tmp_path: Path) -> None:
    path, out = corpus(tmp_path), tmp_path / "clean.jsonl"
    out.write_text("mine")
    refused = dedup("clean", path, "-o", out)
    assert refused.code == 2
    assert "exists already" in refused.err
    assert out.read_text() == "mine"
    assert dedup("clean", path, "-o", out, "--force").code == 0
    assert len(read(out)) == 2


def test_what_cannot_be_meant(dedup: Call, tmp_path: Path) -> None:
    path = corpus(tmp_path)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("{}\n")
    for arguments, message in (
        ([path], "name a file with -o FILE"),
        (["nothing.txt", "--show"], "nothing.txt: no such file"),
        ([empty, "-o", tmp_path / "out.jsonl"], f"no document that can be used: {empty}:1: text is missing"),
        ([path, "-o", tmp_path], "is a folder"),
    ):
        outcome = dedup("clean", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert message in outcome.err
        assert outcome.err.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()
