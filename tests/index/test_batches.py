"""Documents that are placed together are placed as one after the other."""

import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dedup.index
from benchmarks.corpus import generate
from dedup.edges import PARTIAL, ROUNDUP_WORDS, VERSION
from dedup.index import Index
from dedup.ingestion import placing
from dedup.ingestion.seeking import Queries
from dedup.model import Document
from dedup.storage import bodies, ledger, pairs, segments
from dedup.texts import CHARACTER, STOCK

from .news import article, paragraph, story, version


def everything(path, documents, *, together: bool) -> tuple:
    with Index.open(path) as index:
        matches = index.add_many(documents) if together else list(map(index.add, documents))
        assert index.check() == []
        rows = index._store.rows
        return (
            matches,
            rows(
                "SELECT num, id, leader, occurrence, in_window, roundup, agreed, is_new FROM document ORDER BY num"
            ),
            rows("SELECT * FROM edge ORDER BY a, b"),
            rows("SELECT * FROM copy ORDER BY a, b"),
            rows("SELECT num, words, attested FROM body ORDER BY num"),
            [(c.kind, c.document, c.family, c.other) for c in index.changes(0, 100_000)],
            [(f.id, f.canonical, f.members) for f in index.families(min_size=1)],
        )


def same(folder, documents) -> None:
    one = everything(folder / "one.db", documents, together=False)
    many = everything(folder / "many.db", documents, together=True)
    for ours, theirs in zip(many, one, strict=True):
        assert ours == theirs


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("parts", [True, False])
def test_generated_articles(tmp_path, dated, parts, monkeypatch):
    if parts:  # transactions that find what was read before the first, with postings that move meanwhile
        monkeypatch.setattr(dedup.index, "_PREPARED", 35)
        monkeypatch.setattr(dedup.index, "_TOGETHER", 20)
        monkeypatch.setattr(segments, "RECENT", 9000)
    records = [record for records, _ in generate(160, seed=11) for record in records][:160]
    documents = [Document.from_record(record) for record in records]
    if not dated:
        documents = [Document(d.id, d.text, source=d.source) for d in documents]
    again = [Document(d.id, d.text + "\n\nOne more line.", published=d.published) for d in documents[::9]]
    random.Random(4).shuffle(documents)
    same(tmp_path, [*documents, *documents[::7], *again])


def test_what_has_too_much_in_common_is_placed_in_parts(tmp_path, monkeypatch):
    prefixes = [np.array([1, 2 + i], np.uint64) for i in range(4)]  # one of them is in all four
    assert Queries(prefixes, undated=False).batch_hits(5) is None
    met = Queries(prefixes, undated=False).batch_hits(6)
    met_rows = list(zip(met.one.tolist(), met.two.tolist(), strict=True))
    assert met_rows == [(a, b) for b in range(0, 8, 2) for a in range(0, b, 2)]
    monkeypatch.setattr(placing, "BATCH_HITS", 1000)
    same(tmp_path, [article(f"d{i}", version(1, i % 6), i % 5, source=f"s{i % 3}") for i in range(24)])


def test_asking_gives_what_adding_gives(tmp_path):
    records = [record for records, _ in generate(300, seed=12) for record in records][:300]
    with Index.open(tmp_path / "one.db") as index:
        for document in map(Document.from_record, records):
            asked = index.query(document)
            assert replace(index.add(document), stored=False) == asked


def test_a_full_batch_finds_nothing_that_comes_later(tmp_path):
    """Text that is stock for a later document may not be for an earlier one, which is placed after it."""
    records = [record for records, _ in generate(1250, seed=7) for record in records][:430]
    same(tmp_path, [Document(r["id"], r["text"], published=r["published"]) for r in records])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.lists(st.integers(0, 2), min_size=1, max_size=2),
    days=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=8, max_size=30, unique=True),
    dated=st.booleans(),
)
def test_series(tmp_path_factory, frames, days, dated):
    """Text becomes stock within the batch, and what the first days had in common is given up."""
    frame = [paragraph(("frame", number), 40) for number in frames]
    documents = [
        article(f"{day}-{outlet}", [paragraph((day, outlet // 2), 15), *frame], 24 * day if dated else None)
        for day, outlet in days
    ]
    same(tmp_path_factory.mktemp("series"), documents)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 5), st.integers(0, 900)), max_size=25
    ),
    notice=st.booleans(),
)
def test_random_articles(tmp_path_factory, rows, notice):
    """Weeks apart, so that text becomes stock within the batch; ``notice``: one text, again and again."""
    documents = [
        article(f"d{number}", version(0 if notice else story, kind), hours)
        for number, story, kind, hours in rows
    ]
    same(tmp_path_factory.mktemp("batch"), documents)


def test_a_former_text_of_a_copy_is_not_met_again(tmp_path):
    long, former = version(1, 0), [paragraph("former", 120)]
    documents = [
        article("a", long),
        article("b", former),
        article("b", long),
        article("c", [*former, paragraph(9)]),
    ]
    same(tmp_path, documents)
    with Index.open(tmp_path / "many.db") as index:
        assert index.document("c").is_new
        rows = index._store.rows("SELECT id, occurrence - num FROM document ORDER BY num")
        assert rows == [("a", 0), ("b", -2), ("c", 0)]


def test_a_notice_of_another_day_is_no_copy_of_one_of_its_batch(tmp_path):
    """What both say has been said in four weeks before; whether it had is known once the first is placed."""
    frame = paragraph("frame")
    weeks = [article(f"w{n}", [frame, paragraph(("own", n))], 168 * n) for n in range(5)]
    notices = [article(f"n{n}", [frame], 168 * n) for n in (5, 6)]
    documents = [*weeks, *notices, article("after", [paragraph("after")], 1100)]
    same(tmp_path, documents)
    with Index.open(tmp_path / "many.db") as index:
        assert index.document("n5").family != index.document("n6").family


def test_of_many_equal_notices_those_of_the_day_are_found(tmp_path, monkeypatch):
    """Three outlets have one each day, of one time; the index looks at the first ones of all, and of the day."""
    monkeypatch.setattr(placing, "MOST_SAME", 4)
    frame = paragraph("frame")
    weeks = [article(f"w{n}", [frame, paragraph(("own", n))], 168 * n) for n in range(5)]
    notices = [
        article(f"n{n}-{outlet}", [frame], None if n == 9 else 168 * n, source=f"{outlet}.example")
        for n in range(5, 10)
        for outlet in "abc"
    ]
    same(tmp_path, [*weeks, *notices])
    families = {family.members for family in dedup.find_families([*weeks, *notices]).families}
    for name in ("one", "many"):
        with Index.open(tmp_path / f"{name}.db") as index:
            assert {frozenset(f.members) for f in index.families()} == set(map(frozenset, families))
            index.rebuild()
            assert {frozenset(f.members) for f in index.families()} == set(map(frozenset, families))


def test_what_one_outlet_has_around_its_articles_is_a_frame(tmp_path):
    """Told by the source, which the articles of an index have without any headline, too."""
    parts = [[paragraph("head"), paragraph(("own", n), 90), paragraph("foot")] for n in range(2)]
    for sources, relation in ((("a", "a"), "quote"), (("a", "b"), "partial")):
        documents = [
            article(f"d{n}", part, 30 * n, source=source)
            for n, (part, source) in enumerate(zip(parts, sources, strict=True))
        ]
        folder = tmp_path / relation
        folder.mkdir()
        same(folder, documents)
        with Index.open(folder / "many.db") as index:
            assert index.query(documents[1]).relation == relation
        assert dedup.compare(*documents).relation == relation


def test_documents_without_a_body(tmp_path):
    """Nothing is left of them once they are stripped; the second one is a copy of the first all the same."""
    documents = [
        Document(f"d{n}", text) for n, text in enumerate(["Advertisement", "Share", "Advertisement"])
    ]
    same(tmp_path, [*documents, article("a", paragraph(1), 0)])
    with Index.open(tmp_path / "one.db") as index:
        assert [bool(n) for (n,) in index._store.rows("SELECT bodiless FROM document")] == [True] * 3 + [
            False
        ]
        assert index.family("x") is None
        assert index.document("d0").family == index.document("d2").family


@pytest.mark.parametrize(("most", "several"), [(512, 8192), (2, 8192), (512, 3), (2, 3)])
@pytest.mark.parametrize("for_roundups", [True, False])
def test_of_many_edges_the_strongest_are_read(index, most, several, for_roundups, monkeypatch):
    monkeypatch.setattr(pairs, "MOST_EDGES", most)
    monkeypatch.setattr(pairs, "_SEVERAL", several)
    documents = [article(f"d{n}", version(0, n % 5)[n % 3 :], n) for n in range(12)]
    hint = " ".join(version(0, 0)[2].split()[:31])
    index.add_many([*documents, article("hint", [paragraph("hint", 200), hint], 12)])
    with index._store.reading():
        rows = index._store.rows("SELECT a, b, kind, narrative FROM edge")
        nums = {num for row in rows for num in row[:2]} - {rows[0][0]}
        found = index._ledger.pairs.of(nums, for_roundups=for_roundups)
    expected = set()
    for num in nums:
        for end in (0, 1):
            own = [r for r in rows if r[end] == num and (r[2] <= VERSION or r[3] >= ROUNDUP_WORDS)]
            own = own if for_roundups else [r for r in rows if r[end] == num]
            own.sort(key=lambda row: (row[2], row[1 - end]))
            expected |= {row[:2] for row in own[:most]}
    assert list(zip(found.a.tolist(), found.b.tolist(), strict=True)) == sorted(expected)
    assert len(expected) > 3
    assert any(kind == PARTIAL and narrative < ROUNDUP_WORDS for _, _, kind, narrative in rows)


def test_bodies_come_back_by_the_vocabulary(index, places, monkeypatch):
    """Stored before it was learned, and after; here and in another index they are merged into."""
    monkeypatch.setattr(ledger, "LEARNED_FROM", 6)
    documents = [article(f"d{n}", version(n % 4, n // 4), n) for n in range(16)]
    for document in documents:
        index.add(document)
    assert len(index._ledger.bodies.vocabulary)
    sizes = dict(index._store.rows("SELECT num, length(words) FROM body"))
    first, *_, last = sorted(sizes)
    assert sizes[last] < sizes[first]
    for document in documents:
        again = index.query(Document("again", document.text, published=document.published))
        assert again.relation in ("exact", "near")
        assert again.passages
    with places().open() as other:
        assert other.merge(index) == 16
        assert other._store.rows("SELECT count(*) FROM vocabulary") == [(1,)]
        assert other.check() == []
        assert {f.members for f in other.families()} == {f.members for f in index.families()}
    index.rebuild()
    assert index.check() == []


def test_a_vocabulary_that_was_rolled_back_is_not_used(index, monkeypatch):
    monkeypatch.setattr(ledger, "LEARNED_FROM", 3)
    monkeypatch.setattr(bodies, "COMMON", 1)
    index.add(article("a", version(0, 0), 0))
    learn = ledger.Ledger.learn_vocabulary

    def fails(self):
        learn(self)
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(ledger.Ledger, "learn_vocabulary", fails)
        with pytest.raises(RuntimeError):
            index.add(article("b", version(0, 1), 1))
    assert index._store.rows("SELECT count(*) FROM vocabulary") == [(0,)]
    index.add(article("c", version(0, 2), 2))
    assert index._store.rows("SELECT count(*) FROM vocabulary") == [(1,)]
    index.add(article("d", version(0, 3), 3))
    assert index.query(article("q", version(0, 0), 4)).other == "a"
    assert index.check() == []


def test_what_is_not_written_yet_is_found(place):
    with place.open() as index:
        index.add(article("a", paragraph(1), 0))
        ledger_ = index._ledger
        with pytest.raises(RuntimeError), index._writing():  # noqa: PT012
            first = ledger_.by_id("a")
            copy = first._replace(num=first.num + 7, id="b", leader=first.num)
            ledger_.insert(
                copy,
                ledger_.bodies.of([first.num])[first.num],
                ledger_.bodies.spans([first.num])[first.num],
                b"b",
            )
            assert ledger_.bodies.text(copy.num) == b"b"
            assert ledger_.copies([first.num]) == [copy]
            assert ledger_.copy_count([first.num]) == 1
            assert ledger_.with_ids(["a", "b"]) == {"a": first, "b": copy}
            assert ledger_.with_content([first.content], 9) == {first.content: [first, copy]}
            moved = copy._replace(leader=copy.num)
            ledger_.update([moved])
            assert ledger_.copies([first.num]) == []
            assert ledger_.by_id("b") == moved
            raise RuntimeError
        assert index.document("b") is None


def test_equal_bodies_are_found_by_one_statement(index, monkeypatch):
    index.add_many([article(f"{name}-{n}", paragraph(name), n) for n in range(5) for name in range(4)])
    with index._store.reading():
        entries = index._ledger.all_entries()
        expected = {}
        for entry in entries:
            expected.setdefault(entry.content, []).append(entry)
        assert {len(some) for some in expected.values()} == {5}
        rows, asked = index._store.rows, []
        monkeypatch.setattr(index._store, "rows", lambda *args: asked.append(args) or rows(*args))
        for limit in (1, 3, 5, 9):
            found = index._ledger.with_content([*(e.content for e in entries), b"none"], limit)
            assert found == {content: some[:limit] for content, some in expected.items()}
        assert len(asked) == 4
        assert index._ledger.with_content([], 9) == {}


def test_what_of_a_notice_is_stock_is_counted_as_in_a_run():
    """In half words: six characters of a frame are half as long as six words."""
    frame, facts = [STOCK | CHARACTER] * 6, [0] * 4
    flags = np.array(frame + facts, np.uint8)
    entry = SimpleNamespace(published=0)
    assert not placing._stocky(entry, flags)
    assert placing._stocky(entry, flags & ~np.uint8(CHARACTER))
    assert not placing._stocky(SimpleNamespace(published=None), flags & ~np.uint8(CHARACTER))


@pytest.mark.parametrize("most", [placing.BATCH_HITS, 0])
@pytest.mark.parametrize("together", [1, 2, 3, 512])
def test_a_revision_that_becomes_a_flash_is_found_at_once(tmp_path, together, most, monkeypatch):
    """By the number of the first text of its id, which an earlier transaction has given.

    Placed together with the report, or before it in the same transaction.
    """
    monkeypatch.setattr(dedup.index, "_TOGETHER", together)
    monkeypatch.setattr(placing, "BATCH_HITS", most)
    opening = paragraph(("flash", 1, 15), 15)
    documents = [
        article("other", story(8), 0, source="wire"),
        article("flash", story(9), 0, source="wire"),
        article("flash", [opening], 0.5, source="wire"),
        article("report", [opening, *story(1)], 1, source="paper"),
    ]
    same(tmp_path, documents)
    with Index.open(tmp_path / "many.db") as index:
        assert [family.members for family in index.families()] == [("flash", "report")]
