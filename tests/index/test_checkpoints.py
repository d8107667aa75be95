"""The thread that copies SQLite's WAL into the file."""

import sqlite3
import threading

import pytest

from dedup.index import Index
from dedup.storage import sqlite

from .news import article, version


@pytest.fixture
def copying(monkeypatch):
    """Has a checkpoint made after each add; gives a call that waits for one, and a list of errors to raise."""
    errors: list[sqlite3.Error] = []
    made = threading.Semaphore(0)
    copy = sqlite._copy_wal

    def copied(db):
        try:
            if errors:
                raise errors.pop()
            copy(db)
        finally:
            made.release()

    monkeypatch.setattr(sqlite, "_CHECKPOINT_ROWS", 1)
    monkeypatch.setattr(sqlite, "_copy_wal", copied)
    return lambda: made.acquire(timeout=30), errors


def add(index, number: int, wait) -> None:
    index.add(article(f"d{number}", version(number, 0), number))
    assert wait()


def test_the_wal_begins_anew_once_it_is_copied(tmp_path, copying):
    wait, _ = copying
    wal = tmp_path / "news.db-wal"
    with Index.open(tmp_path / "news.db") as index:
        add(index, 0, wait)
        add(index, 1, wait)
        size = wal.stat().st_size
        for number in range(2, 30):
            add(index, number, wait)
        assert wal.stat().st_size < 4 * size
    assert not wal.exists()


def test_a_checkpoint_that_fails_is_made_later(tmp_path, copying):
    wait, errors = copying
    with Index.open(tmp_path / "news.db") as index:
        errors.append(sqlite3.OperationalError("database is locked"))
        add(index, 0, wait)
        assert not errors
        add(index, 1, wait)
        assert index.check() == []
        assert index.stats()["documents"] == 2


def test_closing_ends_the_thread(tmp_path, copying):
    wait, _ = copying
    with Index.open(tmp_path / "news.db") as index:
        add(index, 0, wait)
        assert any(thread.name == "dedup-checkpoint" for thread in threading.enumerate())
    assert not any(thread.name == "dedup-checkpoint" for thread in threading.enumerate())


def test_readers_make_no_checkpoints(tmp_path, copying):
    wait, _ = copying
    with Index.open(tmp_path / "news.db") as index:
        add(index, 0, wait)
    with Index.open(tmp_path / "news.db", read_only=True) as reader:
        assert reader.query(article("q", version(0, 0), 1)).other == "d0"
        assert reader._store._checkpoints._thread is None
