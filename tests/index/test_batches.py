"""Documents that are placed together are placed as one after the other."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.corpus import generate
from dedup.index import Index
from dedup.model import Document

from .news import article, version


def everything(path, documents, *, together: bool) -> tuple:
    with Index.open(path) as index:
        matches = list(index.add_many(documents)) if together else list(map(index.add, documents))
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
            sorted((f.id, f.canonical, f.members) for f in index.families(min_size=1)),
        )


def same(folder, documents) -> None:
    one = everything(folder / "one.db", documents, together=False)
    many = everything(folder / "many.db", documents, together=True)
    for ours, theirs in zip(many, one, strict=True):
        assert ours == theirs


@pytest.mark.parametrize("dated", [True, False])
def test_generated_articles(tmp_path, dated):
    records = [record for records, _ in generate(160, seed=11) for record in records][:160]
    documents = [Document.from_record(record) for record in records]
    if not dated:
        documents = [Document(d.id, d.text, source=d.source) for d in documents]
    again = [Document(d.id, d.text + "\n\nOne more line.", published=d.published) for d in documents[::9]]
    random.Random(4).shuffle(documents)
    same(tmp_path, [*documents, *documents[::7], *again])


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
