"""Random calls against a plain model: a dict of documents and a run over all of them."""

import os
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import dedup
from dedup.index import Index

from .conftest import admin, postgres_url
from .news import START, article, paragraph, version
from .test_index import followed, standing

POOL = [paragraph(("pool", n), 24 + 8 * n) for n in range(8)]
TEXTS = st.one_of(
    st.builds(version, st.integers(0, 3), st.integers(0, 5)),
    # whatever they have in common: families are joined, and come apart
    st.lists(st.sampled_from(POOL), min_size=1, max_size=4, unique=True),
)
IDS = st.integers(0, 12)


class Machine(RuleBasedStateMachine):
    """The model is ``documents``; what the index must say follows from it."""

    backend = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, dedup.Document] = {}
        self.old_ids: dict[str, str] = {}  # a family id seen, a member it had then
        self.folder = tempfile.TemporaryDirectory()
        self.schemas: list[str] = []
        self.url = self.fresh()
        self.index, self.another = Index.open(self.url), Index.open(self.url)

    def fresh(self) -> str:
        if self.backend == "sqlite":
            return str(Path(self.folder.name) / f"{uuid.uuid4().hex}.db")
        schema = f"test_{uuid.uuid4().hex}"
        self.schemas.append(schema)
        with admin() as db:
            db.execute(f"CREATE SCHEMA {schema}")
        return f"{postgres_url()}?options=-csearch_path%3D{schema}"

    @rule(number=IDS, text=TEXTS, hours=st.integers(0, 60))
    def add(self, number, text, hours):
        document = article(f"d{number}", text, hours)
        known = self.documents.get(document.id)
        asked = self.index.query(document)
        match = self.index.add(document)
        assert match.stored == (known is None or known.text != document.text)
        if match.stored:
            self.documents[document.id] = document
        if known is None:
            assert replace(asked, stored=True) == match
        assert match.canonical in self.documents

    @rule(rows=st.lists(st.tuples(IDS, TEXTS, st.integers(0, 60)), max_size=6))
    def add_many(self, rows):
        documents = [article(f"d{number}", *text) for number, *text in rows]
        for document, match in zip(documents, self.index.add_many(documents), strict=True):
            known = self.documents.get(document.id)
            assert match.stored == (known is None or known.text != document.text)
            if match.stored:
                self.documents[document.id] = document

    @rule(number=IDS)
    def remove(self, number):
        assert self.index.remove(f"d{number}") == (self.documents.pop(f"d{number}", None) is not None)

    @rule(hours=st.integers(0, 30))
    def prune(self, hours):
        before = START + dedup_hours(hours)
        gone = [identity for identity, document in self.documents.items() if document.published < before]
        assert self.index.prune(before) == len(gone)
        for identity in gone:
            del self.documents[identity]

    @rule(rows=st.lists(st.tuples(st.integers(13, 16), TEXTS, st.integers(0, 60)), max_size=3))
    def merge(self, rows):
        other = {f"d{number}": article(f"d{number}", *text) for number, *text in rows}
        with Index.open(self.fresh()) as index:
            index.add_many(other.values())
            stored = self.index.merge(index)
        taken = 0
        for identity, document in other.items():
            known = self.documents.get(identity)
            if known is None or (known.text != document.text and document.published > known.published):
                self.documents[identity] = document
                taken += 1
        assert stored == taken

    @rule()
    def another_process(self):
        """What one keeps of what it read must not outlive what the other writes."""
        self.index, self.another = self.another, self.index

    @rule()
    def reopen(self):
        self.index.close()
        self.index = Index.open(self.url)

    @precondition(lambda self: self.documents)
    @rule()
    def rebuild(self):
        """A rebuilt index has the families and relations of a run."""
        self.index.rebuild()
        result = dedup.find_families(list(self.documents.values()), dedup.Settings(threads=1))
        expected = {frozenset(f.members): (f.canonical.id, f.id) for f in result.families}
        assert {frozenset(f.members): (f.canonical, f.id) for f in self.index.families()} == expected

    @invariant()
    def sound(self):
        assert self.index.check() == []
        families = list(self.index.families(min_size=1))
        members = [identity for family in families for identity in family.members]
        assert sorted(members) == sorted(self.documents)
        assert followed(self.index) == {family.id: set(family.members) for family in families}
        told = standing(self.index)
        assert {family.id: told[family.id] for family in families} == {f.id: f.canonical for f in families}
        for family in families:
            self.old_ids.setdefault(family.id, family.members[0])

    @invariant()
    def old_ids_answer(self):
        for identity in self.old_ids:
            family = self.index.family(identity)
            assert family is None or family.members

    def teardown(self):
        self.index.close()
        self.another.close()
        self.folder.cleanup()
        if self.schemas:
            with admin() as db:
                for schema in self.schemas:
                    db.execute(f"DROP SCHEMA {schema} CASCADE")


def dedup_hours(hours: int):
    from datetime import timedelta

    return timedelta(hours=hours)


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_against_a_plain_model(name):
    if name == "postgres" and not postgres_url():
        pytest.skip("DEDUP_TEST_POSTGRES names no server")

    class Here(Machine):
        backend = name

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=int(os.environ.get("DEDUP_TEST_EXAMPLES", "8" if name == "sqlite" else "3")),
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
