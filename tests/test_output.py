from __future__ import annotations

import json
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

import dedup
from dedup.edits import Diff
from dedup.errors import OutputError, UsageError
from dedup.output import summary
from dedup.schemas import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    from dedup.result import Result

KEYS = {
    "documents": "id title source published url file line family role canonical relation coverage "
    "canonical_coverage language agencies words removed_chars",
    "relations": "a b relation jaccard coverage_a coverage_b shared_words narrative_words roundup passages",
    "families": "id canonical reason earliest members size sources agencies first_published last_published "
    "related",
    "diffs": "family canonical variant operations",
}


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def out(seeds: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output") / "out"
    seeds.write(folder)
    return folder


def test_files_and_keys(out: Path) -> None:
    names = [
        *(f"{name}.jsonl" for name in KEYS),
        "canonical.jsonl",
        "learned.jsonl",
        "rejects.jsonl",
        "report.html",
        "run.json",
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    for name, keys in KEYS.items():
        found = rows(out / f"{name}.jsonl")
        assert found
        assert {tuple(row) for row in found} == {tuple(keys.split())}


def test_passages_and_related_have_the_contract_s_keys(out: Path) -> None:
    passages = [p for row in rows(out / "relations.jsonl") for p in row["passages"]]
    assert {tuple(p) for p in passages} == {("a_start", "a_end", "b_start", "b_end")}
    related = [r for row in rows(out / "families.jsonl") for r in row["related"]]
    assert all(tuple(r) == ("family", "relation", "shared_words") for r in related)


def test_tables_are_sorted(out: Path) -> None:
    for name, key in (("documents", "id"), ("families", "id")):
        ids = [row[key] for row in rows(out / f"{name}.jsonl")]
        assert ids == sorted(ids)
    pairs = [(row["a"], row["b"]) for row in rows(out / "relations.jsonl")]
    assert pairs == sorted(set(pairs))
    assert all(a < b for a, b in pairs)


def test_tables_agree_with_each_other(out: Path) -> None:
    documents = {row["id"]: row for row in rows(out / "documents.jsonl")}
    families = {row["id"]: row for row in rows(out / "families.jsonl")}
    for row in documents.values():
        family = families.get(row["family"])
        assert (row["role"] in ("canonical", "variant")) == (family is not None)
        if family:
            assert row["id"] in family["members"]
            assert row["canonical"] == family["canonical"]
        assert (row["role"] == "variant") == (row["relation"] is not None)
    for family in families.values():
        assert family["size"] == len(family["members"]) == len(set(family["members"])) > 1
        assert family["earliest"] == family["members"][0]
        assert documents[family["canonical"]]["role"] == "canonical"
        for related in family["related"]:
            back = {r["family"]: r for r in families[related["family"]]["related"]}[family["id"]]
            assert back == {**related, "family": family["id"]}


def test_the_kept_corpus_is_copied_to_the_byte(out: Path, seeds: Result) -> None:
    given = dict(zip(*(seeds.documents.column(name).to_pylist() for name in ("id", "record")), strict=True))
    roles = {row["id"]: row["role"] for row in rows(out / "documents.jsonl")}
    kept = [identity for identity in given if roles[identity] != "variant"]
    assert (out / "canonical.jsonl").read_bytes().splitlines() == [given[identity] for identity in kept]


def test_diffs_lead_from_canonical_to_variant(corpus: Result) -> None:
    texts = dict(zip(*(corpus.documents.column(name).to_pylist() for name in ("id", "text")), strict=True))
    variants = []
    for row in corpus.diffs():
        change = Diff.from_json(json.loads(json.dumps(row["operations"])), texts[row["canonical"]])
        assert change.apply(texts[row["canonical"]]) == texts[row["variant"]]
        variants.append(row["variant"])
    roles = corpus.documents_table()
    expected = roles.filter(roles.column("role").to_numpy() == "variant").column("id").to_pylist()
    assert sorted(variants) == expected


def test_parquet_says_the_same(seeds: Result, out: Path, tmp_path: Path) -> None:
    seeds.write(tmp_path / "out", format="parquet")
    for name in ("documents", "relations", "families", "diffs"):
        table = pq.read_table(tmp_path / f"out/{name}.parquet").to_pylist()
        if name == "diffs":
            table = [{**row, "operations": json.loads(row["operations"])} for row in table]
        for row in table:
            for key in ("published", "first_published", "last_published"):
                if row.get(key):
                    row[key] = row[key].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert table == rows(out / f"{name}.jsonl"), name
    for name in ("canonical.jsonl", "rejects.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes()


def test_run_json(out: Path, seeds: Result) -> None:
    run = json.loads((out / "run.json").read_bytes())
    assert list(run) == ["format", "version", "settings", "fingerprint", "counts", "seconds", "versions"]
    assert (run["format"], run["version"]) == (FORMAT, dedup.__version__)
    assert dedup.Settings.from_dict(run["settings"]) == seeds.settings
    assert run["counts"] == summary(seeds)


def test_counts_add_up(seeds: Result) -> None:
    counts = summary(seeds)
    assert counts["documents"] == sum(counts[x] for x in ("families", "variants", "singles", "roundups"))
    assert sum(counts["relations"].values()) == len(seeds.relations)


def test_rejects_are_counted_by_reason(tmp_path: Path) -> None:
    records = [
        {"id": "a", "text": "first words", "published": "2026-01-01"},
        {"id": "a", "text": "second words", "published": "2026-01-02"},
        {"id": "b", "text": ""},
        {"id": "c"},
    ]
    result = dedup.find_families(records)
    counts = summary(result)
    assert counts["documents"] == 1
    assert sum(counts["rejects"].values()) == 3
    result.write(tmp_path / "out")
    found = rows(tmp_path / "out/rejects.jsonl")
    assert [row["line"] for row in found if row["reason"].startswith("superseded")] == [1]
    assert all({"file", "line", "reason"} <= set(row) for row in found)


def test_a_wrong_format(seeds: Result, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be jsonl or parquet"):
        seeds.write(tmp_path / "out", format="xml")
    assert not (tmp_path / "out").exists()


def test_a_result_is_not_overwritten(out: Path, seeds: Result) -> None:
    with pytest.raises(OutputError, match="exists already"):
        seeds.write(out)


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_an_error_does_not_wait_for_the_diffs(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    text = " ".join(f"word{place}" for place in range(60))
    result = dedup.find_families(
        [{"id": f"d{number}", "text": f"{text} end{number}"} for number in range(21)],
        dedup.Settings(threads=1),
    )
    begun, failed, made = Event(), Event(), []

    def slowly(rows: Any) -> Any:
        begun.set()
        assert failed.wait(30)
        made.append(rows)
        return diffs_table(rows)

    def fail() -> Any:
        assert begun.wait(30)
        Timer(0.5, failed.set).start()
        raise KeyboardInterrupt

    diffs_table = result.diffs_table
    monkeypatch.setattr(result, "diffs_table", slowly)
    monkeypatch.setattr(result, "document_batches", fail)
    monkeypatch.setattr("dedup.output._DIFFS", 1)
    with pytest.raises(KeyboardInterrupt):
        result.write(tmp_path / "out", format=kind)
    assert len(made) == 1 < len(result.changed())
    assert list(tmp_path.iterdir()) == []
