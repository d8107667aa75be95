"""The schema, as named migrations, each applied once and in order, in one transaction with its record.

``{key}``, ``{blob}`` and ``{real}`` stand for the database's own names of those types, ``{clustered}`` for
what makes a table lie in the order of its key.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dedup.errors import SchemeError

if TYPE_CHECKING:
    from dedup.storage.base import Store

__all__ = ["MIGRATIONS", "is_current", "is_index", "migrate"]

_PAIR = """
    a BIGINT NOT NULL, b BIGINT NOT NULL, kind BIGINT NOT NULL, coverage_a {real} NOT NULL,
    coverage_b {real} NOT NULL, shared BIGINT NOT NULL, narrative BIGINT NOT NULL, longest BIGINT NOT NULL,
    runs {blob} NOT NULL, PRIMARY KEY (a, b)
"""

_FIRST = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    # blocks of boilerplate learned at the last rebuilding
    "CREATE TABLE learned (number {key}, keys {blob} NOT NULL, witnesses {blob} NOT NULL)",
    # hashes of common tokens, by whose numbers bodies are stored
    "CREATE TABLE vocabulary (number {key}, hashes {blob} NOT NULL)",
    # settings documents were judged with
    "CREATE TABLE judgement (number {key}, fingerprint TEXT NOT NULL UNIQUE, value TEXT NOT NULL)",
    """CREATE TABLE document (
        num {key}, id TEXT NOT NULL UNIQUE, raw {blob} NOT NULL, content {blob} NOT NULL,
        title TEXT, source TEXT, url TEXT, published BIGINT, updated BIGINT, language TEXT,
        stored BIGINT NOT NULL, tokens BIGINT NOT NULL, words BIGINT NOT NULL, raw_tokens BIGINT NOT NULL,
        removed_chars BIGINT NOT NULL, credited BIGINT NOT NULL, bodiless BIGINT NOT NULL,
        spaceless BIGINT NOT NULL, agencies TEXT NOT NULL, judgement BIGINT NOT NULL, leader BIGINT NOT NULL,
        occurrence BIGINT NOT NULL, in_window BIGINT NOT NULL,
        family BIGINT NOT NULL, roundup BIGINT NOT NULL, agreed BIGINT NOT NULL, is_new BIGINT NOT NULL
    )""",
    "CREATE INDEX document_content ON document (content)",
    "CREATE INDEX document_leader ON document (leader) WHERE num <> leader",
    "CREATE INDEX document_family ON document (family) WHERE num = leader",
    "CREATE INDEX document_published ON document (published)",
    # what verification needs of a document, what of it others of its family carry, and its text if asked for
    "CREATE TABLE body ("
    "num {key}, words {blob} NOT NULL, places {blob} NOT NULL, attested {blob}, text {blob})",
    # verified pairs, a is the earlier one: of documents that are no copies, and of copies with their leaders
    f"CREATE TABLE edge ({_PAIR}) {{clustered}}",
    "CREATE INDEX edge_b ON edge (b)",
    f"CREATE TABLE copy ({_PAIR}) {{clustered}}",
    "CREATE INDEX copy_b ON copy (b)",
    """CREATE TABLE family (
        num {key}, id TEXT NOT NULL UNIQUE, canonical BIGINT NOT NULL, earliest BIGINT NOT NULL,
        size BIGINT NOT NULL, most BIGINT NOT NULL, changed BIGINT NOT NULL
    )""",
    "CREATE INDEX family_changed ON family (changed)",
    "CREATE TABLE alias (old TEXT PRIMARY KEY, new TEXT NOT NULL)",
    "CREATE INDEX alias_new ON alias (new)",
    """CREATE TABLE revision (
        num {key}, id TEXT NOT NULL, raw {blob} NOT NULL, content {blob} NOT NULL, title TEXT,
        published BIGINT, updated BIGINT, stored BIGINT NOT NULL, text {blob}
    )""",
    "CREATE INDEX revision_id ON revision (id)",
    """CREATE TABLE change (
        seq {key}, kind TEXT NOT NULL, document TEXT, family TEXT, other TEXT, at BIGINT NOT NULL
    )""",
    # postings: what was added last, and sorted buckets
    "CREATE TABLE recent (seq {key}, keys {blob} NOT NULL)",
    "CREATE TABLE bucket (number {key}, keys {blob} NOT NULL)",
)

_REVISES = (
    # the default is true of what is stored, and of what a worker of the earlier version may still add
    "ALTER TABLE document ADD COLUMN revises BIGINT NOT NULL DEFAULT -1",
    "CREATE INDEX document_revises ON document (revises) WHERE revises >= 0",
)

# the number is ``dedup.candidates.FLASH_TOKENS`` of that version
_SHORT = ("CREATE INDEX document_short ON document (num, revises) WHERE tokens < 64",)

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("0001 documents, edges, families, postings", _FIRST),
    ("0002 the first text that a revision replaces", _REVISES),
    ("0003 documents of a sentence", _SHORT),
)
"""Name and statements of each; add to the end, never change one that was released."""


def is_index(store: Store) -> bool:
    """Whether there is an index, of this version or another.

    Raises:
        SchemeError: It is a database of something else.
    """
    tables = store.tables()
    if tables and "migration" not in tables:
        raise SchemeError(
            f"{store.name}: a database with other tables ({min(tables)}), not an index of dedup"
        )
    return bool(tables)


def is_current(store: Store) -> bool:
    """Whether there is an index whose schema is the one this package knows.

    Raises:
        SchemeError: It is of a later version of the package, or a database of something else.
    """
    if not is_index(store):
        return False
    done = [name for (name,) in store.rows("SELECT name FROM migration ORDER BY name")]
    known = [name for name, _ in MIGRATIONS]
    unknown = [name for name in done if name not in known]
    if unknown:
        raise SchemeError(
            f"{store.name}: written by a later version of dedup (schema {unknown[-1]!r}); "
            f"this one knows up to {known[-1]!r}"
        )
    return done == known


def migrate(store: Store) -> None:
    """Bring the schema up to date, inside the caller's transaction.

    Args:
        store: In a write transaction.
    """
    if "migration" not in store.tables():
        store.run("CREATE TABLE migration (name TEXT PRIMARY KEY, applied BIGINT NOT NULL)")
    done = {name for (name,) in store.rows("SELECT name FROM migration")}
    for name, statements in MIGRATIONS:
        if name in done:
            continue
        for statement in statements:
            store.run(statement.format(**store.types))
        store.run("INSERT INTO migration VALUES (?, ?)", name, int(time.time()))
