"""The thread that copies SQLite's WAL into the file."""

import sqlite3
import threading
from contextlib import contextmanager

import pytest

from dedup.index import Index
from dedup.storage import sqlite

from .news import article, version


class Watched:
    """Has a checkpoint made after each add to an index it opened, and waits for it.

    Opening writes, too: a checkpoint after that would be taken for the first add's.
    """

    def __init__(self, monkeypatch) -> None:
        self.errors: list[sqlite3.Error] = []  # to raise instead of a checkpoint
        self._made = threading.Semaphore(0)
        self._copy, self._patch = sqlite._copy_wal, monkeypatch
        monkeypatch.setattr(sqlite, "_copy_wal", self._copied)

    def _copied(self, db: sqlite3.Connection) -> None:
        try:
            if self.errors:
                raise self.errors.pop()
            self._copy(db)
        finally:
            self._made.release()

    @contextmanager
    def open(self, path):
        with Index.open(path) as index:
            self._patch.setattr(sqlite, "_CHECKPOINT_ROWS", 1)
            yield index

    def add(self, index: Index, number: int) -> None:
        index.add(article(f"d{number}", version(number, 0), number))
        assert self._made.acquire(timeout=30)


@pytest.fixture
def watched(monkeypatch):
    return Watched(monkeypatch)


def test_the_wal_begins_anew_once_it_is_copied(tmp_path, watched):
    wal = tmp_path / "news.db-wal"
    with watched.open(tmp_path / "news.db") as index:
        watched.add(index, 0)
        watched.add(index, 1)
        size = wal.stat().st_size
        for number in range(2, 30):
            watched.add(index, number)
        assert wal.stat().st_size < 4 * size
    assert not wal.exists()


def test_a_checkpoint_that_fails_is_made_later(tmp_path, watched):
    with watched.open(tmp_path / "news.db") as index:
        watched.errors.append(sqlite3.OperationalError("database is locked"))
        watched.add(index, 0)
        assert not watched.errors
        watched.add(index, 1)
        assert index.check() == []
        assert index.stats()["documents"] == 2


def test_a_file_that_cannot_be_opened_once_is_opened_later(tmp_path, watched, monkeypatch):
    connect, failed = sqlite3.connect, threading.Event()

    def once_not(*values, **named):
        if threading.current_thread().name == "dedup-checkpoint" and not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("unable to open database file")
        return connect(*values, **named)

    monkeypatch.setattr(sqlite3, "connect", once_not)
    with watched.open(tmp_path / "news.db") as index:
        index.add(article("first", version(7, 0), 0))
        assert failed.wait(30)
        watched.add(index, 1)


def test_closing_ends_the_thread(tmp_path, watched):
    with watched.open(tmp_path / "news.db") as index:
        watched.add(index, 0)
        assert any(thread.name == "dedup-checkpoint" for thread in threading.enumerate())
    assert not any(thread.name == "dedup-checkpoint" for thread in threading.enumerate())


def test_readers_make_no_checkpoints(tmp_path, watched):
    with watched.open(tmp_path / "news.db") as index:
        watched.add(index, 0)
    with Index.open(tmp_path / "news.db", read_only=True) as reader:
        assert reader.query(article("q", version(0, 0), 1)).other == "d0"
        assert reader._store._checkpoints._thread is None
