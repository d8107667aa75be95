"""What the index says, does and keeps, in both databases."""

import json
import os
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dedup
import dedup.index
from dedup.candidates import FLASH_TOKENS
from dedup.config import Settings
from dedup.errors import InputError, OutputError, SchemeError, StorageError, UsageError
from dedup.index import Index
from dedup.ingestion import placing
from dedup.ingestion.intake import raw_hash
from dedup.ingestion.rebuilding import strip_again
from dedup.model import RelationKind
from dedup.storage.migrations import MIGRATIONS

from .news import START, article, paragraph, story, version


def test_a_first_document_is_new(index):
    match = index.add(article("a", story(1)))
    assert (match.relation, match.other, match.is_new, match.stored) == (RelationKind.NONE, None, True, True)
    assert match.canonical == "a"
    assert index.family(match.family).members == ("a",)


def test_the_same_again_stores_nothing_and_answers_the_same(index):
    for document in (article("a", story(1)), article("b", version(1, 1), 1)):
        first = index.add(document)
        again = index.add(document)
        assert not again.stored
        assert replace(again, stored=True) == first
    assert index.stats()["documents"] == 2


def test_the_same_again_is_told_where_it_is_now(index):
    cut = article("b", version(1, 1), 1)
    first = index.add(cut)
    index.add(article("a", story(1)))
    again = index.add(cut)
    assert replace(again, family=first.family, canonical="b", stored=True) == first
    assert (again.family, again.canonical) == (index.family("a").id, "a")


def test_the_same_again_names_none_that_was_revised_since(index):
    index.add(article("a", story(1)))
    assert index.add(article("b", version(1, 1), 1)).other == "a"
    index.add(article("a", [*story(1), "A line more."], 2))
    again = index.add(article("b", version(1, 1), 1))
    assert (again.other, again.stored, again.canonical) == (None, False, "a")


def test_an_earlier_text_that_comes_later_is_a_revision(index):
    later = article("a", story(1), 5)
    index.add(later)
    index.add(article("a", version(1, 1), 1))
    assert index.document("a").published < later.published
    assert len(index.revisions("a")) == 1


def test_the_same_again_once_a_later_copy_leads(index):
    first = index.add(article("a", story(1), 9))
    index.add(article("b", story(1), 3))
    third = index.add(article("c", story(1), 1))
    index.rebuild()  # "c" leads by its date
    for name, hours, before in (("a", 9, first), ("c", 1, third)):
        again = index.add(article(name, story(1), hours))
        assert (again.relation, again.is_new) == (before.relation, before.is_new)
    index.remove("a")
    again = index.add(article("c", story(1), 1))
    assert (again.relation, again.other, len(again.passages)) == (RelationKind.EXACT, "b", 1)


def test_a_version_joins_and_shows_its_passages(index):
    index.add(article("a", story(1)))
    cut = article("b", version(1, 1), 1)
    match = index.add(cut)
    assert match.relation is RelationKind.VERSION
    assert match.other == "a"
    assert not match.is_new
    assert match.coverage > 0.95
    assert 0.5 < match.other_coverage < 0.8
    whole = "\n\n".join(story(1))
    assert match.passages
    for passage in match.passages:
        assert cut.text[passage.a_start : passage.a_end] == whole[passage.b_start : passage.b_end]
    assert index.family(match.family).members == ("a", "b")
    assert index.family("a") == index.family("b") == index.family(match.family)
    assert index.family("c") is None


def test_explained(index):
    frame = paragraph("frame", 60)
    texts = [
        story(1),
        version(1, 1),
        version(1, 3),
        ["!!!"],
        story(2),
        *([*story(100 + n, 4), frame] for n in range(8)),
    ]
    for n, parts in enumerate(texts):
        index.add(article(str(n), parts, 72 * n if n > 4 else n))
    index.add(article("copy", story(1), 1))
    for n in (13, 14):
        index.add(article(f"notice{n}", [frame, paragraph("notice", 5)], 72 * n))
    for a, b, why in (
        (0, 1, "the longer article has 100 % of the shorter one (version needs"),
        (2, 0, "almost all is shared: "),
        ("copy", 0, "word for word the same, but for case"),
        ("notice13", "notice14", "word for word the same, but mostly stock text, and of two days"),
        (0, 3, "one of them has no text left"),
        (0, 4, "they share no passage"),
        (5, 12, "stock text aside, which recurs across time and stories, they share no passage"),
    ):
        assert index.explain(a, b).startswith(why)
        assert index.explain(b, a) == index.explain(a, b)
    with pytest.raises(UsageError, match="no document with id 'nobody'"):
        index.explain("copy", "nobody")


def test_passages_where_the_new_document_is_the_earlier_one(index):
    index.add(article("late", story(1), 5))
    early = article("early", version(1, 1), 0)
    match = index.add(early)
    whole = "\n\n".join(story(1))
    for passage in match.passages:
        assert early.text[passage.a_start : passage.a_end] == whole[passage.b_start : passage.b_end]


def test_query_says_what_add_would_say_and_stores_nothing(index):
    index.add(article("a", story(1)))
    for kind in range(6):
        document = article(f"q{kind}", version(1, kind), 2)
        before = index.stats()
        asked = index.query(document)
        assert {k: v for k, v in index.stats().items() if k != "bytes"} == {
            k: v for k, v in before.items() if k != "bytes"
        }
        assert replace(asked, stored=True) == index.add(document)
        index.remove(document.id)


def test_an_exact_copy(index):
    index.add(article("a", story(1)))
    match = index.add(article("b", story(1), 3))
    assert match.relation is RelationKind.EXACT
    assert match.coverage == match.other_coverage == 1
    assert match.canonical == "a"


def test_shared_passages_relate_but_do_not_join(index):
    index.add(article("a", story(1)))
    match = index.add(article("b", version(1, 4), 1))
    assert match.relation is RelationKind.PARTIAL
    assert match.is_new
    assert list(index.families()) == []


def test_add_many_gives_what_add_gives(places):
    documents = [article(f"{n}-{kind}", version(n, kind), n + kind) for n in range(6) for kind in range(5)]
    with places().open() as one, places().open() as many:
        assert [one.add(document) for document in documents] == many.add_many(documents)
        assert shape(one) == shape(many)
        assert one.check() == many.check() == []


def test_long_bodies_are_not_kept_for_long(index, monkeypatch):
    monkeypatch.setattr(dedup.storage.bodies, "MOST_TOKENS", 1000)
    for n in range(20):
        index.add(article(f"d{n}", version(n // 5, n % 5), n))
        assert len(index._ledger.bodies._kept) < 10
    index._ledger.forget()
    assert len(index.add_many(article(f"d{n}", version(n // 5, n % 5), n) for n in range(20))) == 20
    index.query(article("q", story(1)))
    assert len(index._ledger.bodies._kept) < 10


def test_add_many_has_stored_them_when_it_comes_back(index):
    index.add_many([article("a", story(1)), article("b", story(2))])
    with pytest.raises(InputError, match="record 2: text is missing"):
        index.add_many([article("c", story(3)), {"id": "bad"}, article("d", story(4))])
    assert [index.document(name) is not None for name in "abcd"] == [True, True, True, False]


def test_add_many_reads_so_much_text_ahead(index, monkeypatch):
    monkeypatch.setattr(dedup.index, "_AHEAD", 10)
    monkeypatch.setattr(dedup.index, "_LETTERS", 400)
    documents = [article(f"d{n}", story(n), n) for n in range(9)]
    read = []
    matches = index.add_each(read.append(d.id) or d for d in documents)
    assert next(matches).id == "d0"
    assert len(read) == 1 + 4000 // len(documents[0].text)
    assert [match.id for match in matches] == [d.id for d in documents[1:]]


@pytest.mark.parametrize("frame", [pa.Table.from_pylist, pd.DataFrame, pl.DataFrame])
def test_add_many_takes_frames(places, frame):
    documents = [article(f"{n}", version(1, n % 3), n) for n in range(5)]
    rows = [
        {"id": n, "text": d.text, "published": d.published, "title": None} for n, d in enumerate(documents)
    ]
    with places().open() as one, places().open() as many:
        assert many.add_many(frame(rows)) == one.add_many(documents)
        assert shape(one) == shape(many)
        with pytest.raises(UsageError, match="no column 'text'; columns are 'id'"):
            many.add_many(frame([{"id": "a"}]))
        matches = many.add_each(frame([{"id": "new", "text": "words"}, {"id": "bad", "text": None}]))
        assert next(matches).id == "new"
        with pytest.raises(InputError, match="record 2: text is"):
            next(matches)


def test_columns_of_a_frame_are_read_as_in_a_run(index):
    """What no article is made of may hold anything; what is no date costs the date."""
    stamps = pa.array([10**15, 10**9], pa.timestamp("s"))
    invalid = pa.array([b"\xff", b"a"]).view(pa.string())
    table = pa.table({
        "id": pa.array([bytes(15) + b"1", bytes(15) + b"2"], pa.uuid()),
        "text": ["The ferry left.", "The bridge stayed."],
        "published": stamps,
        "seen": stamps.cast(pa.timestamp("s", "Mars/Utopia")),
        "tags": invalid,
    })  # fmt: skip
    far, near = (index.document(match.id) for match in index.add_many(table))
    assert (far.id, far.published) == ("00000000-0000-0000-0000-000000000031", None)
    assert near.published.isoformat() == "2001-09-09T01:46:40+00:00"
    months = pd.DataFrame(
        {"id": ["m"], "text": ["A month."], "published": pd.period_range("2026-01", periods=1)}
    )
    assert [index.document(match.id).published for match in index.add_many(months)] == [None]


def test_a_row_of_a_frame_with_invalid_utf8(index):
    texts = pa.array([b"The ferry left.", b"\xff"]).view(pa.string())
    matches = index.add_each(pa.table({"id": ["a", "b"], "text": texts}))
    assert next(matches).id == "a"
    with pytest.raises(InputError, match="record 2: invalid UTF-8"):
        next(matches)


@pytest.mark.parametrize("one", ["text", {"id": "a", "text": "words"}, dedup.Document("a", "words"), 5])
def test_add_many_takes_no_single_document(index, one):
    with pytest.raises(UsageError, match=f"documents is {type(one).__name__}, not a collection of documents"):
        next(index.add_each(one))


def test_a_revision_moves_a_document(index):
    index.add(article("a", story(1)))
    index.add(article("b", version(1, 1), 1))
    first = index.add(article("c", version(1, 2), 2))
    moved = index.add(article("c", story(9), 2))
    assert moved.family != first.family
    assert moved.is_new
    assert index.family(first.family).members == ("a", "b")
    assert len(index.document("c").revisions) == 1
    assert index.check() == []


def test_former_texts_can_be_read(place):
    first, second, third = (article("a", story(n), n, title=f"Title {n}") for n in range(3))
    with place.open(store_text=True) as index:
        index.add_many([first, second])
        assert [r.text for r in index.revisions("a")] == [first.text]
    with place.open(store_text=False) as index:
        index.add(third)
        index.add(first)
        found = index.revisions("a")
        assert [r.text for r in found] == [first.text, second.text, None]
        assert [r.title for r in found] == ["Title 0", "Title 1", "Title 2"]
        assert [r.published for r in found] == [START + timedelta(hours=n) for n in range(3)]
        assert tuple(r.stored for r in found) == index.document("a").revisions
        assert found[0].hash == raw_hash(first.text).hex()
        index._store.run("UPDATE revision SET text = ? WHERE title = ?", b"x", "Title 0")
        with pytest.raises(StorageError, match="document 'a' is damaged"):
            index.revisions("a")
        index.add(article("b", story(9)))
        assert index.revisions("b") == []
        assert index.revisions("none") is None
        index.remove("a")
        assert index.revisions("a") is None


@pytest.mark.parametrize(("revisions", "hours"), [(12, 72), (45, None)])
def test_text_of_a_document_that_is_revised_for_long_is_no_stock(index, revisions, hours):
    for n in range(revisions):
        index.add(article("blog", [*story(1), paragraph(n)], hours and n * hours))
    match = index.add(article("copy", version(1, 1), hours and revisions * hours))
    assert (match.relation, match.other, match.coverage) == (RelationKind.VERSION, "blog", 1)
    assert index.check() == []


def test_a_document_that_is_revised_all_day_hides_no_other(index):
    blog = [part for n in range(1, 6) for part in story(n)]
    for n in (2, 3, 4):
        index.add(article(f"story{n}", story(n), n))
    index.add_many(article("blog", [*blog, paragraph(n)], 5) for n in range(20))
    index.add(article("a", story(1), 6))
    index.add_many(article("blog", [*blog, paragraph(n)], 5) for n in range(20, 80))
    match = index.add(article("b", version(1, 1), 7))
    assert match.family == index.document("a").family
    index.remove("a")
    assert index.document("b").family != index.document("blog").family
    assert index.check() == []
    before = shape(index)
    index.rebuild()
    assert shape(index) == before


def test_removing_the_first_renames_the_family(index):
    first = index.add(article("a", story(1)))
    index.add(article("b", version(1, 1), 1))
    index.add(article("c", version(1, 2), 2))
    assert index.remove("a")
    assert not index.remove("a")
    assert index.document("a") is None
    family = index.family(first.family)
    assert family.id != first.family
    assert family.members == ("b", "c")
    assert index.check() == []


def test_removing_what_copies_are_led_by(index):
    index.add(article("a", story(1)))
    for n in range(3):
        index.add(article(f"copy{n}", story(1), n + 1))
    index.add(article("near", version(1, 3), 5))
    index.add(article("part", version(1, 4), 6))
    told = index.changes()[-1].cursor
    index.remove("a")
    (family,) = index.families()
    assert family.members == ("copy0", "copy1", "copy2", "near")
    assert index.check() == []
    # nothing is told of what is a copy of the next one now
    assert {c.document for c in index.changes(since=told)} == {"a", "copy0", "near", None}
    relations = index.export()["relations"].to_pylist()
    assert ("copy0", "part", "partial") in {(r["a"], r["b"], r["relation"]) for r in relations}
    index.add(article("again", story(1), 7))  # found by the next one's postings
    index.add(article("more", [*story(1), paragraph("more")], 8))
    assert index.document("again").family == index.document("more").family == family.id
    index.rebuild()
    assert {(r["a"], r["b"]) for r in index.export()["relations"].to_pylist()} >= {
        (r["a"], r["b"]) for r in relations
    }


def test_a_near_copy_before_all_exact_ones_leads(index):
    """When what both are copies of goes, as in a run."""
    index.add(article("a", story(1)))
    index.add(article("near", version(1, 3), 1))
    index.add(article("copy", story(1), 2))
    index.remove("a")
    numbers = {
        name: (num, leader) for name, num, leader in index._store.rows("SELECT id, num, leader FROM document")
    }
    assert numbers["copy"][1] == numbers["near"][1] == numbers["near"][0]
    (relation,) = index.export()["relations"].to_pylist()
    assert (relation["a"], relation["b"], relation["relation"]) == ("copy", "near", "near")


def test_many_equal_near_copies_are_led_by_one_again(index, monkeypatch):
    """They are placed anew by date; those that wait for it, though they came first, are no copies of anything."""
    monkeypatch.setattr(placing, "MOST_SAME", 2)
    index.add(article("a", story(1)))
    for n in range(6):
        index.add(article(f"near{n}", version(1, 3), 6 - n))
    index.remove("a")
    assert index.stats()["copies"] == 5
    assert index.check() == []


def test_removing_two_at_once_that_copies_are_led_by(index):
    """What their heirs share is kept."""
    cut = [*story(1)[:4], paragraph("own"), paragraph("words")]
    for day in (0, 4):
        index.add(article(f"whole{day}", story(1), 24 * day))
        index.add(article(f"cut{day}", cut, 24 * day + 1))
    assert index.prune(before=START + timedelta(days=2)) == 2
    (family,) = index.families()
    assert family.members == ("whole4", "cut4")
    assert index.check() == []


@pytest.mark.parametrize("pruned", [False, True])
def test_a_copy_that_founded_a_family_others_are_left_with(index, pruned):
    main, tail = story(1, 23), paragraph("tail", 85)
    index.add(article("copy", main, 2))
    index.add(article("other", [tail, paragraph("own", 45)], 4))
    assert index.add(article("first", [*main, tail], 0)).relation is RelationKind.NEAR
    index.rebuild()  # all are one family now, and "copy" is led by "first"
    assert len(index.family(index.document("first").family)) == 3
    assert index.prune(START + timedelta(hours=1)) if pruned else index.remove("first")
    assert index.check() == []
    assert sorted(family.members for family in index.families(min_size=1)) == [("copy",), ("other",)]


def test_an_earlier_version_that_comes_late_names_the_family(index):
    late = index.add(article("late", story(1), 10))
    early = index.add(article("early", version(1, 1), 0))
    assert early.family != late.family
    assert index.family(late.family).id == early.family
    family = index.family(early.family)
    assert family.earliest == "early"
    assert standing(index)[family.id] == family.canonical


def test_of_a_family_without_dates_none_is_the_earliest(index, tmp_path):
    index.add(article("one", story(1), None))
    family = index.family(index.add(article("two", version(1, 1), None)).family)
    assert len(family) == 2
    assert (family.earliest, family.first_published) == (None, None)
    index.export(tmp_path / "out")
    (row,) = map(json.loads, (tmp_path / "out/families.jsonl").open())
    assert (row["id"], row["earliest"], row["first_published"]) == (family.id, None, None)


def test_a_bridge_merges_two_families(index):
    parts = story(1, 8)
    one = index.add(article("one", parts[:4], 0))
    index.add(article("one-again", parts[:4], 1))
    two = index.add(article("two", parts[4:], 2))
    assert one.family != two.family
    index.add(article("both", parts, 3))
    joined = index.family(one.family)
    assert set(joined.members) == {"one", "one-again", "two", "both"}
    assert index.family(two.family) == joined
    kinds = [change.kind for change in index.changes()]
    assert "merged" in kinds
    assert kinds[0] == "new"


def test_the_same_again_behind_a_bridge(index):
    parts = story(1, 8)
    halves = [article("one", parts[:4], 0), article("two", parts[4:], 1)]
    apart = [index.add(half).family for half in halves]
    assert apart[0] != apart[1]
    matches = index.add_many([article("both", parts, 2), *halves[::-1]])
    assert {match.family for match in matches} == {index.document("one").family}


def test_what_another_process_writes_is_seen(place):
    with place.open() as here, place.open() as there:
        family = here.add(article("a", story(1))).family
        assert there.add(article("b", version(1, 1), 1)).family == family
        assert here.query(article("c", version(1, 2), 2)).family == family
        assert here.family(family).members == ("a", "b")
        assert there.remove("a")
        match = here.add(article("c", version(1, 2), 2))
        assert match.other == "b"
        assert there.family(match.family).members == ("b", "c")


def test_changes_in_order_from_a_cursor(index):
    index.add(article("a", story(1)))
    index.add(article("b", version(1, 2), 1))
    seen = index.changes()
    assert [change.kind for change in seen] == ["new", "joined", "canonical"]
    assert [change.cursor for change in seen] == sorted(change.cursor for change in seen)
    assert index.changes(since=seen[-1].cursor) == []
    index.remove("b")
    assert [c.kind for c in index.changes(since=seen[-1].cursor)] == ["removed", "canonical"]
    assert len(index.changes(limit=2)) == 2


def test_numbers_beyond_what_is_stored(index):
    index.add(article("a", story(1)))
    assert index.changes(2**70) == index.changes(0, 0) == index.changes(0, -1) == []
    assert index.changes(-(2**70), 2**70) == index.changes()
    assert list(index.families(min_size=2**70)) == []


@pytest.mark.parametrize("identity", [None, 7, ["a"], "a\0", "\ud800"])
def test_ids_that_cannot_be(index, identity):
    index.add(article("a", story(1)))
    assert index.document(identity) is None
    assert index.family(identity) is None
    assert not index.remove(identity)


def test_numbers_find_what_has_them_for_ids(place):
    with place.open(store_text=True) as index:
        match = index.add({"id": 5, "text": "\n\n".join(story(1))})
        assert match.id == "5"
        assert index.document(5) == index.document("5") is not None
        assert index.diff(5) == index.diff("5")
        assert index.remove(5)
        assert index.document("5") is None


def test_sources_are_those_of_a_run(index):
    text = "\n\n".join(story(1))
    for n, named in enumerate(("https://www.a.example/1", "//m.b.example/", "C", None)):
        index.add({"id": n, "text": text, "source": named, "url": "https://d.example/4"})
    assert [index.document(n).source for n in range(4)] == ["a.example", "b.example", "C", "d.example"]


def test_a_closed_index(place):
    with place.open() as index:
        index.add(article("a", story(1)))
    index.close()
    for call in (index.stats, lambda: index.document("a"), lambda: index.add(article("b", story(2)))):
        with pytest.raises(StorageError, match="the index is closed"):
            call()


def test_an_index_of_before_a_fork(index, monkeypatch):
    """The child neither uses nor ends the connection, nor waits for a lock that nobody will give back."""
    index.add(article("a", story(1)))
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        child.setattr(index, "_lock", None)
        for call in (index.stats, index.rebuild, lambda: index.query(article("b", story(1)))):
            with pytest.raises(StorageError, match="another process"):
                call()
        index.close()
    assert index.stats()["documents"] == 1


def test_following_the_changes_gives_the_families(index):
    for n in range(4):
        for kind in (2, 1, 0, 3, 4):
            index.add(article(f"{n}-{kind}", version(n, kind), 10 * n + kind))
    index.add(article("0-1", story(77), 3))
    index.remove("1-0")
    assert followed(index) == {family.id: set(family.members) for family in index.families(min_size=1)}


def test_members_of_one_family_that_go_to_two(index):
    pool = [paragraph(("pool", n), size) for n, size in enumerate((24, 32, 40, 48, 56, 64, 72, 64))]
    texts = ([1, 6, 5], 4), ([7], 4), ([1], 2), ([3, 2], 0), ([7, 5], 2), ([2, 7, 3], 7)
    for name, (places, hours) in zip("abcdef", texts, strict=True):
        index.add(article(name, [pool[place] for place in places], hours))
    members = {family.members for family in index.families()}
    assert members == {("c", "a"), ("d", "e", "b", "f")}  # "e" was in one family with "a" and "b" before
    assert followed(index) == {family.id: set(family.members) for family in index.families(min_size=1)}


def test_a_copy_that_another_leads_after_a_rebuild(index):
    pool = [paragraph(("pool", n), size) for n, size in enumerate((150, 120, 30, 25, 20, 15, 30, 25))]
    texts = ([3, 0, 1], 5), ([5, 2, 3, 6], 0), ([7, 0, 1], 3), ([5, 1], 9), ([5, 6, 7, 3, 0], 4)
    for name, (places, hours) in zip("abcde", texts, strict=True):
        index.add(article(name, [pool[place] for place in places], hours))
    assert {family.members for family in index.families()} == {("b", "c", "e", "a")}
    index.rebuild()  # "a" led "c", and is led by it now
    assert {family.members for family in index.families()} == {("c", "e", "a", "d")}
    assert followed(index) == {family.id: set(family.members) for family in index.families(min_size=1)}


def test_prune_forgets_what_is_old(index):
    for n in range(5):
        for kind in (0, 1, 3):
            index.add(article(f"{n}-{kind}", version(n, kind), 24 * n + kind))
    index.add(article("undated", story(50), None))
    assert index.prune(START.date()) == 0
    assert index.prune(START + timedelta(days=2, hours=1)) == 7
    assert index.stats()["documents"] == 9
    assert index.document("undated") is not None
    assert index.document("2-0") is None
    assert index.check() == []
    with pytest.raises(UsageError):
        index.prune("")


def test_what_is_short_is_known_after_rebuilding(place):
    """Which may have stripped a text anew under the number it had."""
    with place.open() as index, place.open() as other:
        index.add(article("a", story(1)))
        nums = np.array([index._ledger.store.rows("SELECT num FROM document")[0][0]])
        for opened in (index, other):
            with opened._reading():
                assert not opened._ledger.may_be_short(nums).any()
        index._store.run("UPDATE document SET tokens = 20")
        index.rebuild()
        for opened in (index, other):
            with opened._reading():
                assert opened._ledger.may_be_short(nums).all()


def test_the_list_of_short_texts_is_what_is_asked_for():
    assert f"tokens < {FLASH_TOKENS}" in str(MIGRATIONS[2])


def test_changes_are_forgotten_up_to_a_cursor(place, monkeypatch):
    monkeypatch.setattr("dedup.index._PRUNED", 2)
    with place.open() as index:
        for n in range(5):
            index.add(article(f"a{n}", story(n), n))
        told = index.changes()
        assert index.forget_changes(told[2].cursor) == 3
        assert index.forget_changes(0) == index.forget_changes(told[2].cursor) == 0
    with place.open() as index:
        assert index.changes() == index.changes(since=told[2].cursor) == told[3:]
        with pytest.raises(UsageError, match="changes up to 3 were forgotten, those after 2 among them"):
            index.changes(since=told[1].cursor)
        assert index.forget_changes(told[-1].cursor + 1000) == len(told) - 3
        index.add(article("new", story(9), 9))
        (change,) = index.changes()
        assert change.cursor == told[-1].cursor + 1
        assert index.check() == []
        with pytest.raises(UsageError):
            index.forget_changes("x")


def test_prune_forgets_earlier_texts_too(places):
    with places().open(store_text=True) as index:
        for text, published in ((story(1), None), (story(2), START)):
            index.add(replace(article("a", text), published=published))
        assert len(index.document("a").revisions) == 1
        assert index.prune(START + timedelta(days=1)) == 1
        assert index.stats()["revisions"] == 0


def test_families_since(index):
    index.add(article("a", story(1)))
    index.add(article("b", version(1, 1), 1))
    (family,) = index.families()
    now = index.document("b").stored
    index.add(article("c", story(2)))
    index.add(article("d", version(2, 1), 1))
    assert [f.earliest for f in index.families(since=now + timedelta(microseconds=1))][-1:] == ["c"]
    assert family.first_published == START
    assert [len(f) for f in index.families(min_size=3)] == []


def test_bad_arguments_are_told_of_before_the_first_answer(index):
    with pytest.raises(UsageError, match="since"):
        index.families(since="yesterday")
    with pytest.raises(UsageError, match="min_size"):
        index.families(min_size="many")
    with pytest.raises(UsageError, match="with_diff needs an index that stores texts"):
        index.add_each([], with_diff=True)


def test_texts_are_kept_only_if_asked(places):
    with places().open() as index:
        index.add(article("a", story(1)))
        assert index.document("a").text is None
        with pytest.raises(UsageError, match="store_text"):
            index.diff("a")
        with pytest.raises(UsageError, match="store_text"):
            index.add(article("b", story(1)), with_diff=True)
    with places().open(store_text=True) as index:
        whole, cut = article("a", story(1)), article("b", version(1, 1), 1)
        index.add(whole)
        match = index.add(cut, with_diff=True)
        assert match.diff.apply(whole.text) == cut.text
        assert index.diff("b").apply(whole.text) == cut.text
        assert index.document("b").text == cut.text


def test_a_diff_names_the_text_it_lacks(place):
    with place.open() as index:
        index.add(article("bare", story(1)))
    with place.open(store_text=True) as index:
        index.add(article("kept", version(1, 1), 1))
        assert index.document("kept").canonical == "bare"
        for identity in ("bare", "kept"):
            with pytest.raises(UsageError, match="no text of 'bare' is stored"):
                index.diff(identity)


def test_reopened_it_is_the_same(place):
    with place.open() as index:
        for kind in range(5):
            index.add(article(f"v{kind}", version(1, kind), kind))
        before = shape(index)
    with place.open() as index:
        assert shape(index) == before
        assert not index.add(article("v0", version(1, 0))).stored


def test_another_scheme_is_refused_by_name(place):
    place.open().close()
    with pytest.raises(SchemeError, match="shingle_words is 5 there and 4 here"):
        place.open(Settings(shingle_words=4))


def test_other_judgement_settings_are_recorded(place):
    with place.open() as index:
        index.add(article("a", story(1)))
    with place.open(Settings(version_coverage=0.5)) as index:
        index.add(article("b", version(1, 1), 1))
        assert index.document("a").settings != index.document("b").settings
    with place.open() as index:
        assert index.settings.version_coverage == 0.5


def test_another_policy_measures_versions_anew_in_every_process(place):
    with place.open() as one:
        for kind in (1, 2):
            one.add(article(f"v{kind}", version(1, kind), kind))
        place.open(Settings(policy="agency")).close()
        with one._reading():
            (row,) = {entry.family for entry in one._ledger.all_entries()}
            assert one._ledger.families([row])[row].most == -1


def test_settings_of_another_version(place):
    with place.open(Settings(version_coverage=0.5)) as index:
        stored = json.loads(index._ledger.meta()["settings"])

    def opened(values, settings=None):
        with place.open() as index:
            index._store.run("UPDATE meta SET value = ? WHERE name = 'settings'", json.dumps(values))
        return place.open(settings)

    with opened({**stored, "a_later_one": 1}) as index:
        assert index.settings == Settings(version_coverage=0.5)
        assert index.add(article("a", story(1))).stored
    del stored["partial_words"]
    with opened(stored) as index:
        assert index.settings == Settings(version_coverage=0.5)
    unknown = {**stored, "policy": "a later one"}
    with pytest.raises(SchemeError, match="another version: policy = 'a later one'"):
        opened(unknown)
    with place.open(Settings()) as index:
        assert index.settings == Settings()
    with place.open() as index:
        assert index.settings == Settings()


@pytest.mark.parametrize(("before", "after"), [('"seed"', '"later"'), ("{", '{"later":7,')])
def test_a_setting_of_the_scheme_of_another_version(place, before, after):
    with place.open() as index:
        for name in ("scheme", "settings"):
            values = index._ledger.meta()[name].replace(before, after, 1)
            index._store.run("UPDATE meta SET value = ? WHERE name = ?", values, name)
        database = index._store.name
    with pytest.raises(
        SchemeError, match=r"made by another scheme: later is . there and None here"
    ) as caught:
        place.open()
    assert str(caught.value).startswith(f"{database}: ")


def test_a_schema_from_the_future(place):
    with place.open() as index:
        index._store.run("INSERT INTO migration VALUES ('9999 flying', 0)")
    with pytest.raises(SchemeError, match=r"later version.*9999 flying"):
        place.open()


def test_a_match_is_the_document_that_most_words_are_shared_with(index):
    parts = story(1)
    for one in (article("brief", parts[:2]), article("whole", [*parts, paragraph("own")], 1)):
        index.add(one)
    match = index.add(article("new", [*parts[:5], paragraph("new")], 2))  # the brief it has whole
    assert (match.relation, match.other) == (RelationKind.VERSION, "whole")


def test_an_earlier_schema_is_brought_up_to_date(place):
    articles = [article("a0", story(1)), article("a1", version(1, 3), 1), article("a2", story(2), 2)]
    with place.open() as index:
        before = [index.add(one) for one in articles]
        for statement in (
            "DROP INDEX document_short",
            "DROP INDEX document_revises",
            "ALTER TABLE document DROP COLUMN revises",
            "DELETE FROM migration WHERE name >= '0002'",
        ):
            index._store.run(statement)
    with pytest.raises(StorageError, match="opened for writing, as dedup index add does, it is brought up"):
        place.open(read_only=True)
    with place.open() as index:
        assert [index.add(one).family for one in articles] == [match.family for match in before]
        cut = index.add(article("a3", version(1, 1), 3))  # is found by its fingerprints
        assert (cut.relation, cut.family) == (RelationKind.VERSION, before[0].family)
        assert index.check() == []
    with place.open(read_only=True) as index:
        assert index.stats()["documents"] == 4


def test_the_longest_id(index):
    digits = "".join(str(n) for n in range(10**3, 10**4))  # PostgreSQL packs what repeats itself
    longest, longer = ({"id": digits[:length], "text": "A heron."} for length in (2600, 2601))
    assert index.add(longest).stored
    assert index.query(longest).id == digits[:2600]
    for ask in (index.add, index.query):
        with pytest.raises(InputError, match="id has 2,601 bytes; an index takes 2,600 at most"):
            ask(longer)


def test_bad_documents(index):
    with pytest.raises(InputError, match="id is missing"):
        index.add({"text": "nothing"})
    with pytest.raises(InputError, match="title has a NUL character"):
        index.add({"id": "a", "text": "Five words \0 with a NUL.", "title": "A\0"})
    with pytest.raises(InputError, match="text"):
        index.add({"id": "a"})
    with pytest.raises(InputError, match="text is an array, not a string"):
        index.add(dedup.Document("a", ["words", "enough"]))
    assert index.stats()["documents"] == 0


@pytest.mark.parametrize("when", ["yesterday", "0001-01-01T00:00:00+01:00", [2024], True])
def test_a_date_that_cannot_be_read_costs_the_date_only(index, when):
    assert index.add({"id": "a", "text": "words enough", "published": when, "updated": when}).stored
    assert index.query(dedup.Document("b", "words enough", published=when)).relation == "exact"
    index.add(dedup.Document("b", "other words", published=when))
    assert [index.document(name).published for name in "ab"] == [None, None]


def test_what_comes_before_a_bad_document_is_stored(index, monkeypatch):
    monkeypatch.setattr("dedup.index._TOGETHER", 2)
    documents = [article(f"d{n}", story(n)) for n in range(5)]
    matches = index.add_each([*documents[:3], {"id": "bad"}, *documents[3:]])
    assert [next(matches).id for _ in range(3)] == ["d0", "d1", "d2"]
    with pytest.raises(InputError, match="record 4: text is missing"):
        next(matches)
    assert index.stats()["documents"] == 3


def test_what_comes_before_a_feed_breaks_is_stored(index):
    def feed():
        yield article("a", story(1))
        yield article("b", version(1, 1), 1)
        raise ConnectionError("the feed is gone")

    matches = index.add_each(feed())
    assert [next(matches).id, next(matches).relation] == ["a", RelationKind.VERSION]
    with pytest.raises(ConnectionError, match="the feed is gone"):
        next(matches)
    assert index.stats()["documents"] == 2


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01T00:00:00+01:00", b"2026-03-01"])
def test_bad_times(index, time):
    with pytest.raises(UsageError, match="not an ISO 8601 time"):
        list(index.families(since=time))
    with pytest.raises(UsageError, match="not an ISO 8601 time"):
        index.prune(time)


@pytest.mark.parametrize(
    "text", ["x", "?!", "\0", "a\r\nb", "\u0301", "𝔘𝔫𝔦 " * 3, "word " * 30_000, "東京" * 50]
)
def test_odd_texts(index, text):
    first = index.add({"id": "a", "text": text})
    assert first.is_new
    again = index.add({"id": "b", "text": text})
    assert again.relation is RelationKind.EXACT
    assert again.family == first.family
    assert index.check() == []


def test_read_only(place):
    with pytest.raises(StorageError):
        place.open(read_only=True)
    with place.open() as index:
        index.add(article("a", story(1)))
    with place.open(read_only=True) as index:
        assert index.query(article("b", version(1, 1), 1)).other == "a"
        for write in (lambda: index.add(article("b", version(1, 1), 1)), lambda: index.remove("a")):
            with pytest.raises(StorageError, match="opened read-only; open it without read_only=True"):
                write()
        assert index.stats()["documents"] == 1


def test_export_has_the_contract_of_a_run(index, tmp_path):
    documents = [article(f"{n}-{kind}", version(n, kind), n + kind) for n in range(4) for kind in range(6)]
    index.add_many(documents)
    tables = index.export(tmp_path / "out")
    result = dedup.find_families(documents)
    for name, table in tables.items():
        expected = getattr(result, f"{name}_table")()
        assert table.schema.names == expected.schema.names
        without = [column for column in ("file", "line") if column in table.schema.names]
        assert table.drop(without).to_pylist() == expected.drop(without).to_pylist()
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"documents.jsonl", "families.jsonl"}
    with pytest.raises(OutputError):
        index.export(tmp_path / "out")
    index.export(tmp_path / "out", format="parquet", force=True)
    with pytest.raises(UsageError):
        index.export(tmp_path / "other", format="xml")


def test_export_counts_what_it_writes(place, tmp_path, monkeypatch):
    with place.open() as index, place.open() as other:
        index.add(article("a", story(1)))

        def and_meanwhile(*values):
            other.add(article("b", story(2)))
            return write_table(*values)

        write_table = dedup.index.write_table
        monkeypatch.setattr(dedup.index, "write_table", and_meanwhile)
        tables = index.export(tmp_path / "out")
    counts = json.loads((tmp_path / "out/run.json").read_bytes())["counts"]
    assert counts["documents"] == len(tables["documents"]) == 1


def test_an_export_that_cannot_be_written(index, tmp_path, monkeypatch):
    def and_in_the_way(path, table):
        (path.parent / "run.json").mkdir(exist_ok=True)
        write_table(path, table)

    write_table = dedup.index.write_table
    monkeypatch.setattr(dedup.index, "write_table", and_in_the_way)
    with pytest.raises(OutputError, match=r"run.json: cannot be written"):
        index.export(tmp_path / "out")


def test_export_of_nothing(index):
    assert {name: len(table) for name, table in index.export().items()} == {
        "documents": 0,
        "relations": 0,
        "families": 0,
    }
    index.rebuild()
    assert index.check() == []


def test_merge(places):
    with places().open(store_text=True) as one, places().open() as two:
        one.add(article("a", story(1)))
        one.add(article("same", story(3)))
        one.add(article("newer", story(5), 9))
        two.add(article("b", version(1, 1), 1))
        two.add(article("same", story(3)))
        two.add(article("newer", story(6), 1))
        assert two.merge(one) == 2
        assert {frozenset(f.members) for f in two.families(min_size=1)} == {
            frozenset({"a", "b"}),
            frozenset({"same"}),
            frozenset({"newer"}),
        }
        assert two.check() == []
        assert two.merge(one) == 0


def test_numbers_run_out_and_are_given_anew_by_a_merge(places):
    with places().open() as full, places().open() as new:
        full.add(article("a", story(1)))
        assert full.check() == []
        full._store.run("UPDATE meta SET value = ? WHERE name = 'next_document'", str(2**28 - 2))
        for kind in (1, 2):
            assert full.add(article(f"v{kind}", version(1, kind), kind)).other == "a"
        with pytest.raises(StorageError, match=r"all 268,435,456 numbers .* merge it into a new one"):
            full.add(article("v3", version(1, 3), 3))
        assert full.check() == ["only 0 numbers are left for documents; merge the index into a new one"]
        assert full.query(article("v3", version(1, 3), 3)).relation is not RelationKind.NONE
        assert new.merge(full) == 3
        assert new.check() == []
        assert new.add(article("v3", version(1, 3), 3)).family == full.document("a").family


def test_merge_of_an_index_without_texts(places):
    with places().open() as bare, places().open(store_text=True) as full:
        bare.add(article("a", story(1)))
        assert full.merge(bare) == 1
        assert full.document("a").text is None
        full.rebuild()  # does not strip what it does not have
        assert full.query(article("b", version(1, 1), 1)).other == "a"


def test_merge_of_what_is_no_index(index):
    with pytest.raises(UsageError, match="not str"):
        index.merge("y.db")


def test_rebuild_is_the_run_whatever_the_order(places):
    documents = [article(f"{n}-{kind}", version(n, kind), n + kind) for n in range(5) for kind in range(6)]
    expected = {frozenset(f.members): f.canonical.id for f in dedup.find_families(documents).families}
    with places().open() as index:
        index.add_many(reversed(documents))
        index.rebuild()
        assert {frozenset(f.members): f.canonical for f in index.families()} == expected
        assert index.check() == []
        match = index.add(article("late", version(2, 1), 50))
        assert match.family == index.document("2-0").family


def test_a_rebuild_that_changes_families_keeps_count(places):
    foot = paragraph("foot", 12)  # learned to be boilerplate: bodies, and so the ids of families, change
    with places().open(store_text=True) as index:
        for n in range(20):
            index.add(article(f"d{n}", [*story(n), foot], 24 * n, source="a.example"))
        told = len(index.changes())
        index.rebuild()
        assert len(index.changes()) > told
        assert index.check() == []
        assert index.add(article("later", story(99), 1)).stored


def test_rebuilding_without_stripping(place):
    furniture = "Subscribe to our newsletter to get the news in your inbox every morning."
    with place.open(store_text=True) as index:
        index.add(article("a", [*story(1), furniture]))
        assert index.document("a").words == 240
        index.rebuild()
    with place.open(Settings(strip=False)) as index:
        index.rebuild()
        index.add(article("b", [*story(2), furniture], 1))
        assert index.document("a").words == index.document("b").words == 253
    with place.open(Settings()) as index:
        index.rebuild()
        assert index.document("a").words == index.document("b").words == 240


def test_what_is_stripped_again_is_read_anew(place):
    furniture = "Subscribe to our newsletter to get the news in your inbox every morning."
    with place.open(store_text=True) as index:
        index.add(article("a", [*story(1), furniture]))
    with place.open(Settings(strip=False)) as index, index._writing():
        ledger = index._ledger
        entry = ledger.by_id("a")
        before = ledger.bodies.of([entry.num])[entry.num]
        strip_again(ledger, index.settings)
        body, spans = ledger.bodies.of([entry.num])[entry.num], ledger.bodies.spans([entry.num])[entry.num]
        assert len(before.hash) < len(body.hash) == len(spans) == ledger.by_id("a").tokens


def test_blocks_learned_by_another_rebuild(place):
    foot = paragraph("foot", 12)
    with place.open(store_text=True) as index, place.open() as other:
        for n in range(20):
            index.add(article(f"d{n}", [*story(n), foot], 24 * n, source="a.example"))
        late = [article(name, [*story(50), foot], 24 * 50, source="a.example") for name in ("x", "y")]
        other.add(late[0])
        index.rebuild()
        assert other.query(late[1]).coverage == 1
        other.add(late[1])
        assert other.document("x").words == other.document("y").words == 240
        assert index.prune("2027-01-01") == 22
        index.rebuild()  # of nothing nothing is learned
        index.add(late[0])
        assert index.document("x").words == 252


def test_blocks_learned_by_another_rebuild_between_stripping_and_storing(place, monkeypatch):
    foot = paragraph("foot", 12)
    some = [article(f"d{n}", [*story(n), foot], 24 * n, source="a.example") for n in range(23)]
    monkeypatch.setattr(dedup.index, "_TOGETHER", 2)
    with place.open(store_text=True) as index, place.open() as other:
        index.add_many(some[:20])
        adding = other.add_each(some[20:])
        next(adding)  # all three are stripped, two are stored
        index.rebuild()
        list(adding)
        assert index.document("d22").words == 240
        assert index.check() == []


@pytest.mark.parametrize("ask", ["add", "query"])
def test_blocks_learned_by_another_thread_between_stripping_and_storing(place, monkeypatch, ask):
    foot = paragraph("foot", 12)
    some = [article(f"d{n}", [*story(n), foot], 24 * n, source="a.example") for n in range(21)]
    with place.open(store_text=True) as index:
        index.add_many(some[:20])
        prepare = index._prepare

        def late(documents):
            made = prepare(documents)
            monkeypatch.undo()
            index.rebuild()
            index.query(some[20])
            return made

        monkeypatch.setattr(index, "_prepare", late)
        match = getattr(index, ask)(replace(some[19], id="copy"))
        assert match.relation == RelationKind.EXACT
        assert match.shared_words == 240


def test_stock_text_is_learned(places):
    frame = paragraph("frame", 60)
    documents = [article(f"day{day}", [*story(100 + day, 4), frame], 72 * day) for day in range(8)]
    with places().open() as index:
        relations = [index.add(document).relation for document in documents]
        assert relations[1] is RelationKind.PARTIAL
        assert relations[-1] is RelationKind.NONE
        assert "partial" not in index.stats()["relations"]  # of the first days, too
        assert index.check() == []
        index.rebuild()
        assert index.stats()["relations"] == {}


def test_a_family_of_the_first_days_of_a_series_is_given_up(places):
    frame = paragraph("frame", 60)
    days = [article(f"day{day}", [paragraph(day, 12), frame], 30 * day) for day in range(12)]
    with places().open() as index:
        matches = [index.add(document) for document in days]
        assert matches[1].relation is RelationKind.VERSION
        assert [index.document(document.id).family for document in days] == [
            index.family(match.family).id for match in (index.query(document) for document in days)
        ]
        assert list(index.families()) == []
        assert set(map(frozenset, followed(index).values())) == {frozenset({d.id}) for d in days}
        assert index.check() == []
        before = shape(index)
        index.rebuild()
        assert shape(index) == before


def test_hot_copies_cost_no_more(index):
    for n in range(100):
        match = index.add(article(f"copy{n:03}", story(1), n / 60))
    assert match.canonical == "copy000"
    (family,) = index.families()
    assert len(family) == 100
    assert index.check() == []
    index.rebuild()
    assert [len(f) for f in index.families()] == [100]


def shape(index: Index):
    families = {f.id: (f.canonical, f.members) for f in index.families(min_size=1)}
    return families, index.stats()["relations"]


def followed(index: Index) -> dict[str, set[str]]:
    """The families a reader of the changes has at the end."""
    families: dict[str, set[str]] = {}
    for change in index.changes(limit=10**6):
        if change.kind == "new":
            families.setdefault(change.family, set()).add(change.document)
        elif change.kind == "split":
            families.setdefault(change.family, set())
        elif change.kind == "joined":
            families.setdefault(change.family, set()).add(change.document)
        elif change.kind in ("left", "removed"):
            families.get(change.family, set()).discard(change.document)
        elif change.kind == "merged":
            families.setdefault(change.family, set()).update(families.pop(change.other, set()))
    return {identity: members for identity, members in families.items() if members}


def standing(index: Index) -> dict[str, str]:
    """What the changes say stands for each family."""
    told = index.changes(limit=10**6)
    return {change.family: change.document for change in told if change.kind in ("new", "canonical")}
