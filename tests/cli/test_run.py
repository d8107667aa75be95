import gzip
import json
import os
import re
from collections import defaultdict
from pathlib import Path
from unittest.mock import Mock

import pytest

from dedup.cli import main

from .conftest import LEAD, OTHER, REST, SEEDS, Call, read, write

LABELLED = read(SEEDS / ".labels" / "families.ndjson")

FILES = {
    "canonical.jsonl",
    "diffs.jsonl",
    "documents.jsonl",
    "families.jsonl",
    "learned.jsonl",
    "rejects.jsonl",
    "relations.jsonl",
    "report.html",
    "run.json",
}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of a run on the seeds."""
    out = tmp_path_factory.mktemp("seeds") / "out"
    with pytest.raises(SystemExit) as stop:
        main(["run", str(SEEDS), "-o", str(out), "-q"])
    assert stop.value.code == 0
    return out


def test_seeds_give_the_families_of_their_labels(seeds: Path) -> None:
    found = {frozenset(row["members"]) for row in read(seeds / "families.jsonl")}
    assert found == {frozenset(row["members"]) for row in LABELLED}


def test_seeds_give_the_canonical_versions_of_their_labels(seeds: Path) -> None:
    found = {row["canonical"] for row in read(seeds / "families.jsonl")}
    assert found == {row["canonical"] for row in LABELLED}


def test_seeds_have_nothing_to_reject(seeds: Path) -> None:
    assert read(seeds / "rejects.jsonl") == []


def test_files_of_a_run(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert dedup("run", corpus, "-o", out).code == 0
    assert {path.name for path in out.iterdir()} >= FILES
    roles = {row["id"]: row["role"] for row in read(out / "documents.jsonl")}
    assert roles == {"full": "canonical", "short": "variant", "bees": "single"}
    kept = [line for line in corpus.read_text().splitlines() if '"short"' not in line]
    assert (out / "canonical.jsonl").read_text().splitlines() == kept
    assert json.loads((out / "run.json").read_text())["format"] == 1


def test_summary_is_plain_text_of_80_columns(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    outcome = dedup("run", corpus, "-o", tmp_path / "out")
    lines = outcome.out.splitlines()
    assert outcome.err == ""
    assert lines[0].startswith("3 documents in ")
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines if str(tmp_path) not in line)
    assert "\x1b" not in outcome.out
    assert "Bath [bold]shut[/bold]" in outcome.out  # what looks like markup is text
    assert "33 % of all documents are copies" in outcome.out
    assert "1 version" in outcome.out
    assert f"Written to {tmp_path / 'out'}:" in lines


def test_summary_as_json(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    summary = dedup("run", corpus, "-o", tmp_path / "out", "--json").json()
    counts = {name: summary[name] for name in ("documents", "families", "variants", "singles", "roundups")}
    assert counts == {"documents": 3, "families": 1, "variants": 1, "singles": 1, "roundups": 0}
    assert summary["copies"] == pytest.approx(1 / 3)
    assert summary["largest"] == [
        {
            "family": summary["largest"][0]["family"],
            "size": 2,
            "canonical": "full",
            "title": "Bath [bold]shut[/bold]",
            "sources": summary["largest"][0]["sources"],
        }
    ]
    assert sorted(summary["largest"][0]["sources"]) == ["a.example", "b.example"]


def test_quiet_says_nothing(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    outcome = dedup("run", corpus, "-o", tmp_path / "out", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_titles_cannot_drive_the_terminal(dedup: Call, tmp_path: Path) -> None:
    title = "\x1b]0;owned\x07 \u202eevil"
    records = [{"id": f"\x1b[2J{n}", "text": LEAD + REST, "title": title, "source": "\x9b5m"} for n in "ab"]
    outcome = dedup("run", write(tmp_path / "a.jsonl", records), "-o", tmp_path / "out")
    assert outcome.code == 0
    assert "]0;owned evil" in outcome.out
    assert not set(outcome.out) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_texts_dropped_for_an_id_of_another_file_are_counted(dedup: Call, tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", [{"id": "1", "text": LEAD}, {"id": "2", "text": REST}])
    two = write(tmp_path / "b.jsonl", [{"id": "1", "text": OTHER}, {"id": "3", "text": REST}])
    told = dedup("run", one, two, "-o", tmp_path / "out").out
    assert re.search("^superseded +1  same id as a text kept, 1 in another file; in the rejects$", told, re.M)
    three = write(tmp_path / "c.jsonl", [{"id": "1", "text": LEAD}, {"id": "1", "text": REST}])
    told = dedup("run", three, "-o", tmp_path / "again").out
    assert re.search("^superseded +1  same id as a text kept; in the rejects$", told, re.M)


def test_a_folder_that_would_not_be_replaced_is_not_said_to_need_force(
    dedup: Call, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    for out in ("", "."):
        assert dedup("run", corpus, "-o", out).err == (
            "dedup: .: is not a result of dedup, so it is not replaced; choose another name\n"
        )


def test_rejects_are_counted_by_reason(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    with corpus.open("a") as file:
        file.write('{"id": "empty", "text": ""}\nnot json\n1\n')
        file.write(json.dumps({"id": "bees", "text": OTHER, "source": "b.example"}) + "\n")
        file.write(json.dumps({"id": "full", "text": LEAD, "published": "2001-01-01"}) + "\n")
        file.write(json.dumps({"id": "undated", "text": OTHER[::-1], "published": "once"}) + "\n")
    outcome = dedup("run", corpus, "-o", tmp_path / "out", "--json")
    summary = outcome.json()
    assert outcome.code == 0
    assert summary["rejects"] == {"not a JSON object": 1, "not valid JSON": 1, "text is empty": 1}
    assert (summary["duplicates"], summary["superseded"], summary["undated"]) == (1, 1, 1)
    assert summary["undated_first"] == f"{corpus}:9: published is no date that can be read: 'once'"
    assert json.loads((tmp_path / "out" / "run.json").read_bytes())["counts"]["undated"] == 1
    assert len(read(tmp_path / "out" / "rejects.jsonl")) == 4
    text = dedup("run", corpus, "-o", tmp_path / "out", "--force").out
    for line in (
        r"duplicates +1 ",
        r"superseded +1 ",
        r"undated +1 ",
        r"rejects +3  1 not a JSON object\n +1 not valid JSON\n +1 text is empty\n",
        r" +rejects\.jsonl ",
    ):
        assert re.search(f"^{line}", text, re.MULTILINE)


def test_a_broken_link_in_a_folder_costs_only_itself(dedup: Call, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.txt").write_text("All there is.")
    (folder / "b.txt").symlink_to("nowhere")
    assert dedup("run", folder, "-o", tmp_path / "out").code == 0
    assert [row["file"] for row in read(tmp_path / "out/rejects.jsonl")] == [str(folder / "b.txt")]


def test_a_name_that_is_no_utf8(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    try:
        named = corpus.rename(os.fsdecode(os.fsencode(tmp_path) + b"/K\xf6ln.jsonl"))
    except OSError:
        pytest.skip("no such names here")
    assert dedup("run", named, "-o", tmp_path / "out").code == 0
    assert read(tmp_path / "out/documents.jsonl")[0]["file"].endswith("K\ufffdln.jsonl")


def test_strict_stops_at_the_first_reject(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    with corpus.open("a") as file:
        file.write("not json\n")
    outcome = dedup("run", corpus, "-o", tmp_path / "out", "--strict")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"dedup: {corpus}:4: not valid JSON\n")
    assert not (tmp_path / "out").exists()


def test_no_usable_document_is_an_error(dedup: Call, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": ""}\n')
    outcome = dedup("run", path, "-o", tmp_path / "out")
    assert outcome.code == 2
    assert outcome.err == f"dedup: no document that can be used: {path}:1: text is empty\n"
    path.write_text('{"title": "a"}\n{"title": "b"}\n[1]\n')  # the array is refused before the others are
    outcome = dedup("run", path, "-o", tmp_path / "out")
    missing = "text is missing; fields are 'title'"
    assert outcome.err == f"dedup: no document that can be used: {path}:1: {missing}\n"
    path.write_bytes(b"")
    outcome = dedup("run", path, "-o", tmp_path / "out")
    assert outcome.err == f"dedup: no document that can be used: there is nothing in {path}\n"
    (tmp_path / "b.csv").write_text("id,text\n")
    outcome = dedup("run", tmp_path / "b.csv", "-o", tmp_path / "out")
    assert outcome.err == f"dedup: no document that can be used: {tmp_path / 'b.csv'} has no rows\n"
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(b"id,text\n"))
    outcome = dedup("run", tmp_path / "c.csv.gz", "-o", tmp_path / "out")
    assert outcome.err.endswith("c.csv.gz has no rows\n")
    outcome = dedup("run", path, tmp_path / "b.csv", "-o", tmp_path / "out")
    assert outcome.err.endswith("there is nothing in any of the 2 inputs\n")
    assert not (tmp_path / "out").exists()


def test_an_earlier_result_is_kept_without_force(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    assert dedup("run", corpus, "-o", tmp_path / "out", "-q").code == 0
    refused = dedup("run", "nothing is read", "-o", tmp_path / "out")
    assert refused.code == 2
    assert "exists already; use --force" in refused.err
    assert dedup("run", corpus, "-o", tmp_path / "out", "-q", "--force").code == 0


def test_options_reach_the_run(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = [
        "--no-strip",
        "--threads",
        "1",
        "--memory-limit",
        "512MB",
        "--set",
        "min_run=10",
        "--set",
        "bridge=0",
    ]
    assert dedup("run", corpus, "-o", out, "-q", *options).code == 0
    settings = json.loads((out / "run.json").read_text())["settings"]
    assert (settings["strip"], settings["threads"], settings["memory_limit"]) == (False, 1, 512 << 20)
    assert (settings["min_run"], settings["bridge"], settings["policy"]) == (10, 0, "fullest")


def test_policies(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    def canonical(*options: str) -> str:
        assert dedup("run", corpus, "-o", tmp_path / "out", "-q", "--force", *options).code == 0
        return str(read(tmp_path / "out" / "families.jsonl")[0]["canonical"])

    assert canonical() == "full"
    assert canonical("--policy", "source", "--source-priority", "b.example,a.example") == "short"


def test_renamed_fields_and_standard_input(dedup: Call, tmp_path: Path) -> None:
    lines = [{"key": name, "body": text} for name, text in (("x", LEAD + REST), ("y", LEAD))]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    renamed = ("--field", "text=body", "--field", "id=key")
    assert dedup("run", "-", "-o", tmp_path / "out", *renamed, "-q", stdin=data).code == 0
    family = read(tmp_path / "out" / "families.jsonl")[0]
    assert sorted(family["members"]) == ["x", "y"]


def test_parquet(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    import pyarrow.parquet

    outcome = dedup("run", corpus, "-o", tmp_path / "out", "--format", "parquet")
    assert outcome.code == 0
    assert "families.parquet" in outcome.out
    assert pyarrow.parquet.read_table(tmp_path / "out" / "documents.parquet").num_rows == 3


def test_result_depends_on_neither_order_nor_threads(dedup: Call, tmp_path: Path) -> None:
    lines = [line for path in sorted(SEEDS.rglob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    files: dict[str, set[bytes]] = defaultdict(set)
    for number, (order, threads) in enumerate(((lines, "1"), (lines[::-1], "2"))):
        path = tmp_path / "a.jsonl"
        path.write_text("\n".join(order), "utf-8")
        out = tmp_path / f"out{number}"
        assert dedup("run", path, "-o", out, "-q", "--threads", threads).code == 0
        for name in ("relations.jsonl", "families.jsonl"):
            files[name].add((out / name).read_bytes())
        for name in ("canonical.jsonl", "diffs.jsonl"):
            files[name].add(b"\n".join(sorted((out / name).read_bytes().split(b"\n"))))
        documents = [{**row, "line": None} for row in read(out / "documents.jsonl")]
        files["documents.jsonl"].add(json.dumps(documents).encode())
    assert {name: len(versions) for name, versions in files.items()} == dict.fromkeys(files, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "min_run=0"], "min_run = 0"),
        (["--set", "nonsense=1"], "--set nonsense=1"),
        (["--field", "nonsense=x"], "nonsense"),
        (["--memory-limit", "much"], "not a size"),
        (["--policy", "source"], "source_priority"),
        (["--source-priority", "a"], "--policy source"),
        (["--policy", "best"], "best"),
        (["--threads", "-1"], "threads = -1"),
        (["--threads", "many"], "--threads"),
        (["--nonsense"], "--nonsense"),
        (["--master", "local"], "--master is for --engine spark"),
        (["--engine", "spark", "--strict"], "--strict is for the local engine"),
        (["--engine", "spark", "--format", "jsonl"], "--format jsonl is for the local engine"),
        (["--engine", "spark", "--resume", "--force"], "give one of them"),
    ],
)
def test_options_that_cannot_be_meant(
    dedup: Call, corpus: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    outcome = dedup("run", corpus, "-o", tmp_path / "out", *options)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("dedup: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    outcome = dedup("run", corpus, "-o", tmp_path / "closed" / "out")
    assert outcome.code == 2
    assert "cannot be written" in outcome.err


def test_a_field_named_that_no_record_has(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    asked = ("run", corpus, "-o", tmp_path / "out", "--force", "--field", "published=whenn")
    reason = "no record has a value of 'whenn' for published; fields are "
    assert re.search(f"^warning +{reason}", dedup(*asked).out, re.M)
    summary = json.loads(dedup(*asked, "--json").out)
    assert summary["undated"] == 0
    assert summary["warnings"][0].startswith(reason)


def test_what_a_folder_passes_over_is_said(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "c.xml.gz"):
        (corpus.parent / "in" / name).parent.mkdir(exist_ok=True)
        (corpus.parent / "in" / name).touch()
    corpus.rename(corpus.parent / "in" / "a.jsonl")
    asked = ("run", corpus.parent / "in", "-o", tmp_path / "out", "--force")
    assert re.search(r"^skipped +3  other formats: 2 \.pdf, 1 \.xml\.gz$", dedup(*asked).out, re.M)
    assert json.loads(dedup(*asked, "--json").out)["skipped"] == {".pdf": 2, ".xml.gz": 1}


def test_a_text_is_counted_as_missing_whatever_its_record_has(dedup: Call, tmp_path: Path) -> None:
    records = [{"text": LEAD}, {"id": "b"}, {"title": "c"}]
    asked = dedup("run", write(tmp_path / "a.jsonl", records), "-o", tmp_path / "out", "--json")
    assert json.loads(asked.out)["rejects"] == {"text is missing": 2}


def test_the_report_of_the_first_and_the_last_day_there_is(dedup: Call, tmp_path: Path) -> None:
    records = [
        {"id": f"{text[:5]}{n}", "text": text, "published": day}
        for text, day in ((LEAD + REST, "0002-01-01T00:00:00Z"), (OTHER, "9999-12-30T23:59:59Z"))
        for n in range(2)
    ]
    out = tmp_path / "out"
    assert dedup("run", write(tmp_path / "far.jsonl", records), "-o", out).code == 0
    page = (out / "report.html").read_text("utf-8")
    assert "<title>1 January 1, 00:00: 1 first, 1 further</title>" in page
    assert len(re.findall("<title>.*: 1 first, 1 further</title>", page)) == 2


@pytest.mark.parametrize("error", [ZeroDivisionError("in the report"), OSError(28, "No space left")])
def test_a_report_that_fails_costs_no_tables(
    error: Exception, dedup: Call, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    out = tmp_path / "out"
    monkeypatch.setattr("dedup.report.page.write_page", fail)
    outcome = dedup("run", corpus, "-o", out, "-q")
    assert outcome.code == 2
    assert outcome.err.startswith("dedup: report.html was not made, all other files were: ")
    assert outcome.err.count("\n") == 1
    assert {path.name for path in out.iterdir()} == FILES - {"report.html"}
    monkeypatch.undo()
    assert dedup("report", out).code == 0
    assert {path.name for path in out.iterdir()} == FILES


def test_the_report_on_standard_output(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dedup("run", corpus, "-o", out)
    shown = dedup("report", out, "-o", "-").out
    assert shown.encode() == (out / "report.html").read_bytes()
    assert not (tmp_path / "-").exists()


def test_what_a_cluster_does_anyway_may_be_asked_for(
    dedup: Call, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Mock(return_value=Mock(counts={}))
    monkeypatch.setattr("dedup.spark.run", run)
    options = ("--format", "parquet", "--resume", "--no-report")
    assert dedup("run", corpus, "-o", tmp_path / "out", "--engine", "spark", *options).code == 0
    assert run.call_count == 1
