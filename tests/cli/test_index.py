import json
from pathlib import Path

from dedup.config import Settings
from dedup.index import _TOGETHER, Index

from .conftest import LEAD, OTHER, REST, Call, read

DOCUMENTS = (
    {"id": "a", "text": LEAD + REST, "published": "2026-03-01T08:00:00Z"},
    {"id": "b", "text": LEAD + REST, "published": "2026-03-01T09:00:00Z"},
    {"id": "c", "text": OTHER, "published": "2026-04-01T09:00:00Z"},
)


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def answers(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_revisions(dedup: Call, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    for text in (LEAD + REST, OTHER):
        dedup("index", "add", db, "--store-text", stdin=lines({"id": "a", "title": text[:9], "text": text}))
    (former,) = answers(dedup("index", "revisions", db, "a").out)
    assert (former["title"], former["text"]) == (LEAD[:9], LEAD + REST)
    unknown = dedup("index", "revisions", db, "zzz")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == f"dedup: {db}: no document with id 'zzz'\n"


def test_a_life(dedup: Call, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    added = dedup("index", "add", db, stdin=lines(*DOCUMENTS))
    assert (added.code, added.err) == (0, "")
    one, two, three = answers(added.out)
    assert (one["id"], one["is_new"], one["stored"]) == ("a", True, True)
    assert (two["relation"], two["other"], two["family"]) == ("exact", "a", one["family"])
    assert three["family"] != one["family"]

    asked = answers(dedup("index", "query", db, stdin=lines({"id": "q", "text": LEAD + REST})).out)
    assert asked[0]["family"] == one["family"]
    assert not asked[0]["stored"]

    explained = dedup("index", "explain", db, "b", "a").json()
    assert explained["rule"].startswith("word for word the same")
    unknown = dedup("index", "explain", db, "b", "\udcff")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.startswith("dedup: no document with id")

    stats = dedup("index", "stats", db).json()
    assert (stats["documents"], stats["first_published"]) == (3, "2026-03-01T08:00:00Z")
    (family,) = answers(dedup("index", "families", db).out)
    assert family["members"] == ["a", "b"]
    assert dedup("index", "families", db, "--since", "2100-01-01").out == ""
    told = answers(dedup("index", "changes", db).out)
    assert [change["kind"] for change in told] == ["new", "joined", "new"]
    assert answers(dedup("index", "changes", db, "--since", str(told[-2]["cursor"])).out) == told[-1:]
    assert dedup("index", "check", db).json() == {"problems": 0}

    exported = dedup("index", "export", db, "-o", tmp_path / "out")
    assert exported.json() == {"documents": 3, "relations": 1, "families": 1}
    assert [row["id"] for row in read(tmp_path / "out" / "documents.jsonl")] == ["a", "b", "c"]

    assert dedup("index", "rebuild", db).json()["families"] == 1
    assert dedup("index", "merge", tmp_path / "other.db", db).json() == {"stored": 3}
    assert dedup("index", "prune", db, "--before", "2026-03-15").json() == {"removed": 2}
    assert dedup("index", "prune", db, "--changes", str(told[0]["cursor"])).json() == {"changes": 1}
    assert dedup("index", "prune", db).err == "dedup: nothing to forget: say --before or --changes\n"
    removed = dedup("index", "remove", db, "zzz", "c")
    assert (removed.code, [answer["removed"] for answer in answers(removed.out)]) == (0, [False, True])
    again = dedup("index", "remove", db, "c")
    assert (again.code, answers(again.out)) == (2, [{"id": "c", "removed": False}])
    assert again.err == f"dedup: {db}: none of the documents to remove is stored\n"
    assert dedup("index", "stats", db).json()["documents"] == 0


def test_bad_records_are_answered_in_their_place(dedup: Call, tmp_path: Path) -> None:
    stdin = b"{not json\n[1]\n" + lines({"id": "a"}, DOCUMENTS[0]) + b"\n"
    outcome = dedup("index", "add", tmp_path / "news.db", "--batch", "10", stdin=stdin)
    assert outcome.code == 0
    found = answers(outcome.out)
    assert [answer.get("line") for answer in found] == [1, 2, 3, None]
    assert found[3]["id"] == "a"
    assert [answer["error"][:14] for answer in found[:2]] == ["not valid JSON", "a JSON array, "]
    wide = dedup("index", "add", tmp_path / "news.db", stdin=lines(DOCUMENTS[0]).decode().encode("utf-16"))
    assert "it looks like UTF-16" in answers(wide.out)[0]["error"]

    strict = dedup("index", "add", tmp_path / "news.db", "--strict", stdin=stdin)
    assert strict.code == 2
    assert strict.err == "dedup: -:1: not valid JSON\n"
    stdin = lines(DOCUMENTS[1], {"id": "x"}, DOCUMENTS[2])
    strict = dedup("index", "add", tmp_path / "strict.db", "--strict", "--batch", "10", stdin=stdin)
    assert (strict.code, [answer["id"] for answer in answers(strict.out)]) == (2, [DOCUMENTS[1]["id"]])
    assert dedup("index", "stats", tmp_path / "strict.db").json()["documents"] == 1
    nothing = dedup("index", "add", tmp_path / "news.db", stdin=b"[]\n")
    assert (nothing.code, nothing.err) == (2, "dedup: -: none of 1 records can be used\n")


def test_a_batch_is_one_transaction(dedup: Call, tmp_path: Path) -> None:
    most = str(_TOGETHER)
    stdin = lines(*DOCUMENTS[:3])
    assert dedup("index", "add", tmp_path / "news.db", "--batch", most, stdin=stdin).code == 0
    for size in (0, _TOGETHER + 1):
        refused = dedup("index", "add", tmp_path / "news.db", "--batch", str(size), stdin=stdin)
        assert (refused.code, refused.out) == (2, "")


def test_a_date_that_cannot_be_read_is_a_warning(dedup: Call, tmp_path: Path) -> None:
    record = DOCUMENTS[0] | {"published": "yesterday", "updated": True}
    stdin = lines(DOCUMENTS[1], record, DOCUMENTS[2])
    for batch in ("1", "10"):
        found = answers(dedup("index", "add", tmp_path / f"{batch}.db", "--batch", batch, stdin=stdin).out)
        warning = (
            "published is no date that can be read: 'yesterday'; updated is no date that can be read: 'True'"
        )
        assert [answer.get("warning") for answer in found] == [None, warning, None]
        assert all(answer["stored"] for answer in found)
    strict = dedup("index", "add", tmp_path / "strict.db", "--strict", stdin=stdin)
    assert strict.err == "dedup: -:2: published is no date that can be read: 'yesterday'\n"
    assert [answer["id"] for answer in answers(strict.out)] == [DOCUMENTS[1]["id"]]


def test_numbers_that_are_none_are_no_trouble(dedup: Call, tmp_path: Path) -> None:
    stdin = lines({"id": "a", "text": LEAD, "title": float("nan"), "score": float("inf")})
    assert dedup("index", "add", tmp_path / "n.db", stdin=stdin).json()["stored"]


def test_a_byte_order_mark_costs_no_article(dedup: Call, tmp_path: Path) -> None:
    marked = b"\xef\xbb\xbf" + lines(DOCUMENTS[0])
    outcome = dedup("index", "add", tmp_path / "n.db", stdin=marked + marked + b"\xef\xbb\xbf")
    assert [answer["id"] for answer in answers(outcome.out)] == ["a", "a"]


def test_other_names_of_fields(dedup: Call, tmp_path: Path) -> None:
    record = lines({"key": 7, "body": LEAD})
    outcome = dedup(
        "index", "add", tmp_path / "n.db", "--field", "text=body", "--field", "id=key", stdin=record
    )
    assert outcome.json()["id"] == "7"


def test_fields_that_change_places(dedup: Call, tmp_path: Path) -> None:
    record = lines({"id": LEAD, "text": "a", "key": OTHER})
    names = ["--field", "text=id", "--field", "id=text"]
    assert dedup("index", "add", tmp_path / "n.db", *names, stdin=record).json()["id"] == "a"
    wrong = dedup("index", "add", tmp_path / "n.db", "--field", "body=text", stdin=record)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("dedup: unknown field 'body'; fields are id, text")


def test_a_new_index_is_made_like_the_one_that_is_merged(dedup: Call, tmp_path: Path) -> None:
    """A copy under new numbers keeps what can be kept; one that is there stays as it is."""
    old, new, there = (tmp_path / f"{name}.db" for name in ("old", "new", "there"))
    Index.open(old, Settings(shingle_words=4, version_coverage=0.55), store_text=True).close()
    dedup("index", "add", old, stdin=lines(*DOCUMENTS))
    Index.open(there, Settings(shingle_words=4)).close()
    for db, coverage, text in ((new, 0.55, LEAD + REST), (there, Settings().version_coverage, None)):
        assert dedup("index", "merge", db, old).json() == {"stored": 3}
        with Index.open(db) as index:
            assert index.settings.version_coverage == coverage
            assert index.document("a").text == text


def test_no_such_index(dedup: Call, tmp_path: Path) -> None:
    for command in ("stats", "query", "families", "changes", "check"):
        outcome = dedup("index", command, tmp_path / "none.db")
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err == f"dedup: {tmp_path / 'none.db'}: no such index\n"
    for command in (("rebuild",), ("prune", "--before", "2026-03-01"), ("remove", "a")):
        name, *rest = command
        assert "no such index" in dedup("index", name, f"sqlite:///{tmp_path / 'none.db'}", *rest).err
    assert dedup("index", "merge", tmp_path / "new.db", tmp_path / "none.db").code == 2
    assert not list(tmp_path.iterdir())


def test_bad_time(dedup: Call, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    dedup("index", "add", db, stdin=lines(DOCUMENTS[0]))
    for time in ("yesterday", "0001-01-01T00:00:00+14:00"):
        outcome = dedup("index", "prune", db, "--before", time)
        assert (outcome.code, outcome.out) == (2, "")
        assert f"--before {time}: not an ISO 8601 time" in outcome.err


def test_numbers_no_database_can_hold(dedup: Call, tmp_path: Path) -> None:
    db = tmp_path / "news.db"
    dedup("index", "add", db, stdin=lines(DOCUMENTS[0]))
    for arguments in (("changes", db, "--since"), ("families", db, "--min-size")):
        outcome = dedup("index", *arguments, "9" * 30)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
