"""Kills, crowds and broken places: nothing acknowledged is lost, and each trouble is one clear error."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest

from dedup.errors import StorageError, UsageError
from dedup.index import Index
from dedup.ingestion import checking

from .conftest import admin
from .news import article, story, version

WRITER = """
import sys
from dedup.index import Index
from dedup.ingestion import checking
from tests.index.news import article, version
url, first, last, step = sys.argv[1], *map(int, sys.argv[2:])
with Index.open(url) as index:
    print("open", flush=True)
    for n in range(first, last, step):
        number = n % last
        match = index.add(article(f"d{number}", version(number // 5 % 20, number % 5), number))
        print(match.id, flush=True)
"""


def writer(url: str, first: int, last: int, step: int = 1) -> subprocess.Popen:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, *map(str, (first, last, step))],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_writer_loses_nothing(place):
    acknowledged = set()
    for round_ in range(2):
        process = writer(place.url, 0, 10_000)
        assert process.stdout.readline() == "open\n"
        for _ in range(7 + 12 * round_):
            acknowledged.add(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        acknowledged |= {
            line.strip() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")
        }
        process.wait()
        with place.open() as index:
            assert index.check() == []
            assert all(index.document(identity) for identity in acknowledged)
            assert index.stats()["documents"] <= len(acknowledged) + 1


def test_several_writers_at_once(places):
    count, writers = 20, 3
    crowd, alone = places(), places()
    crowd.open().close()
    running = [writer(crowd.url, 7 * n, 7 * n + count) for n in range(writers)]  # they overlap
    for process in running:
        process.communicate(timeout=120)
        assert process.returncode == 0
    last = 7 * (writers - 1) + count
    with crowd.open() as index, alone.open() as single:
        assert index.check() == []
        documents = [article(f"d{n}", version(n // 5 % 20, n % 5), n) for n in range(last)]
        assert all(index.document(document.id) for document in documents)
        single.add_many(documents)
        index.rebuild()
        single.rebuild()
        assert families(index) == families(single)


def test_readers_do_not_wait_for_a_writer(place):
    with place.open() as one, place.open(timeout=0.2) as two:
        one.add(article("a", story(1)))
        with one._writing():
            assert two.query(article("b", version(1, 1), 1)).other == "a"
            assert two.document("a") is not None
            with pytest.raises(StorageError, match="kept writing for longer than the timeout"):
                two.add(article("b", version(1, 1), 1))
        assert two.add(article("b", version(1, 1), 1)).other == "a"


@pytest.mark.parametrize("timeout", [0, 0.0004])
def test_a_writer_that_does_not_wait(place, timeout):
    with (
        place.open() as one,
        place.open(timeout=timeout) as two,
        ThreadPoolExecutor(1) as another,
        one._writing(),
    ):
        error = another.submit(two.add, article("a", story(1))).exception(20)
    assert isinstance(error, StorageError)
    assert "kept writing for longer than the timeout" in str(error)


@pytest.mark.parametrize("timeout", [10**7, float("inf")])
def test_a_writer_that_waits_as_long_as_it_takes(place, timeout):
    with place.open() as one, place.open(timeout=timeout) as two, ThreadPoolExecutor(1) as another:
        two.add(article("a", story(1)))
        with one._writing():
            waiting = another.submit(two.add, article("b", story(2)))
            assert not wait([waiting], 0.5).done
        assert waiting.result(20).stored


class TimeLimitError(Exception):
    """Of a queue of jobs."""


def test_a_signal_while_a_writer_waits(place):
    """What it raises comes once the writer has its turn, which it gives back."""

    def ring(*_):
        raise TimeLimitError

    held, before = threading.Event(), signal.signal(signal.SIGALRM, ring)
    try:
        with place.open() as one, place.open(timeout=5) as two, ThreadPoolExecutor(1) as thread:

            def hold():
                with two._writing():
                    held.set()
                    time.sleep(0.4)

            holding = thread.submit(hold)
            held.wait()
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(TimeLimitError), one._writing():
                pass
            holding.result()
            assert two.add(article("a", story(1))).stored
            assert one.add(article("b", version(1, 1), 1)).other == "a"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_one_sees_what_another_added(place):
    with place.open() as one, place.open() as two:
        for n in range(12):
            index, other = (one, two) if n % 2 else (two, one)
            index.add(article(f"d{n}", version(n // 4, n % 4), n))
            assert other.query(article("q", version(n // 4, 1), n)).other is not None
        assert one.check() == []


def test_an_error_inside_leaves_nothing(index, monkeypatch):
    index.add(article("a", story(1)))

    def full(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(index._ledger.pairs, "add", full)
    with pytest.raises(StorageError):
        index.add(article("b", version(1, 1), 1))
    monkeypatch.undo()
    assert index.document("b") is None
    assert index.check() == []
    assert index.add(article("b", version(1, 1), 1)).other == "a"


def test_what_was_known_is_forgotten_before_another_thread_has_its_turn(index, monkeypatch):
    index.add(article("a", story(1)))
    forget, turns = index._ledger.forget, []

    def has_turn():
        taken = index._lock.acquire(blocking=False)
        if taken:
            index._lock.release()
        return taken

    def watched():
        with ThreadPoolExecutor(1) as another:
            turns.append(another.submit(has_turn).result())
        forget()

    monkeypatch.setattr(index._ledger, "forget", watched)
    assert index.remove("a")
    assert turns
    assert not any(turns)


# --- SQLite


def test_no_such_folder(tmp_path):
    with pytest.raises(StorageError, match="cannot be opened"):
        Index.open(tmp_path / "nowhere" / "news.db")


def test_not_a_database(tmp_path):
    path = tmp_path / "news.db"
    path.write_bytes(b"this is no database at all, but long enough to look like one" * 20)
    with pytest.raises(StorageError, match="damaged or no index"):
        Index.open(path)


def test_a_database_of_something_else(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE people (name TEXT)")
    other.close()
    with pytest.raises(StorageError, match="not an index of dedup"):
        Index.open(tmp_path / "other.db")


def test_a_damaged_file(tmp_path):
    path = tmp_path / "news.db"
    with Index.open(path) as index:
        for n in range(40):
            index.add(article(f"d{n}", story(n)))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 3))
    refused = 0
    try:
        with Index.open(path) as index:
            found = index.check()
            for n in range(40):
                try:
                    index.document(f"d{n}")
                    index.query(article("q", story(n)))
                except StorageError:
                    refused += 1
    except StorageError:
        return
    assert found
    assert refused


@pytest.mark.parametrize("column", ["body.words", "body.places", "body.attested", "body.text", "edge.runs"])
def test_any_byte_of_what_is_packed_may_be_damaged(tmp_path, column):
    table, name = column.split(".")
    with Index.open(tmp_path / "news.db", store_text=True) as index:
        documents = [article(f"d{n}", version(n // 3, n % 3)[-4:], n) for n in range(6)]
        index.add_many(documents)
        index._store.run("PRAGMA synchronous = OFF")
        rows = index._store.rows(f"SELECT {'b' if table == 'edge' else 'num'}, {name} FROM {table}")[:3]
        refused = 0
        for num, data in rows:
            identity = index._store.rows("SELECT id FROM document WHERE num = ?", num)[0][0]
            for at in range(len(data)):
                damaged = bytearray(data)
                damaged[at] ^= 0xFF >> at % 8
                write(index, table, name, num, bytes(damaged))
                refused += is_refused(index, num, identity, documents if at % 50 < 2 else [])
            write(index, table, name, num, data)
        assert refused or name in ("places", "attested")
        assert index.check() == []


@pytest.mark.parametrize("value", [b"", b"\0", b"\1\0" * 4, b"\7" * 5, b"\7" * 13, "seven", None])
@pytest.mark.parametrize("column", ["body.words", "edge.runs"])
def test_what_is_packed_may_be_of_another_size_or_type(tmp_path, column, value):
    table, name = column.split(".")
    with Index.open(tmp_path / "news.db", store_text=True) as index:
        documents = [article(f"d{n}", version(n // 3, n % 3)[-4:], n) for n in range(6)]
        index.add_many(documents)
        num = index._store.rows(f"SELECT {'b' if table == 'edge' else 'num'} FROM {table}")[0][0]
        identity = index._store.rows("SELECT id FROM document WHERE num = ?", num)[0][0]
        with contextlib.suppress(StorageError):  # a column that takes no NULL
            write(index, table, name, num, value)
            assert is_refused(index, num, identity, documents) or value in (b"", b"\0")  # no runs
            if name == "runs":
                index.remove(identity)
                assert index.check() == []


def test_a_family_with_the_id_of_another_member_is_told_of(place, monkeypatch):
    monkeypatch.setattr(checking, "_TOGETHER", 2)
    with place.open() as index:
        index.add_many(article(f"d{n}", story(n)) for n in range(5))
        index._store.run("UPDATE family SET id = 'f0' WHERE num = (SELECT max(num) FROM family)")
        index._ledger.forget()
        assert index.check() == ["family f0 has not the id of its earliest member"]


@pytest.mark.parametrize("num", [1, 2, 3])
def test_a_body_may_be_gone(place, num):
    documents = [article(f"d{n}", version(n // 3, n % 3)[-4:], n) for n in range(6)]
    with place.open(store_text=True) as index:
        index.add_many(documents)
        document = documents[num - 1]
        index._store.run("DELETE FROM body WHERE num = ?", num)
        index._ledger.forget()
        assert index.check() == [f"document {document.id} has no body"]
        for call in (index.export, index.rebuild):
            with pytest.raises(StorageError, match=f"document '{document.id}' is damaged"):
                call()
        assert index.remove(document.id)
        assert index.check() == []
        index.add(document)
        assert len(index.export()["documents"]) == len(documents)
        index.rebuild()


@pytest.mark.parametrize("gone", ["d0", "d1", "d2", "d3", "d4"])
def test_a_document_may_be_gone(place, gone):
    """The first and a leader, a member, the canonical version, a copy, and one of another family."""
    documents = [article(f"d{n}", version(0, n), n) for n in range(4)]
    with place.open(store_text=True) as index:
        index.add_many([*documents, *(article(f"d{n}", version(1, n - 4), n) for n in range(4, 8))])
        assert index.family("d0").canonical == "d2"
        num = index._ledger.by_id(gone).num
        index._store.run("DELETE FROM document WHERE num = ?", num)
        index._ledger.forget()
        assert index.check()
        said = set()
        for call in (
            index.export,
            lambda: list(index.families(min_size=1)),
            lambda: [index.document(f"d{n}") for n in range(8)],
            lambda: index.query(article("q", version(0, 1), 9)),
            lambda: index.query(article("q", version(0, 0), 9)),
            lambda: index.add(article("q", version(1, 0), 9)),
            lambda: index.remove("d5"),
        ):
            try:
                call()
            except StorageError as error:
                said.add(str(error).removeprefix(f"{index._store.name}: "))
        assert said == {f"document number {num} is gone, but documents refer to it; rebuild the index"}
        index.rebuild()
        assert index.check() == []
        assert len(index.export()["documents"]) == index.stats()["documents"]
        assert index.check() == []


def test_a_family_may_be_gone(place):
    documents = [article(f"d{n}", version(0, n), n) for n in range(4)]
    with place.open() as index:
        index.add_many(documents)
        (row,) = (num for (num,) in index._store.rows("SELECT num FROM family"))
        index._store.run("DELETE FROM family")
        index._ledger.forget()
        for call in (
            index.export,
            lambda: index.document("d0"),
            lambda: index.query(article("q", version(0, 1), 9)),
            lambda: index.add(article("q", version(0, 1), 9)),
            lambda: index.remove("d3"),
        ):
            with pytest.raises(StorageError, match=f"family number {row} is gone"):
                call()
        index.rebuild()
        assert index.check() == []
        assert len(index.family("d0")) == 4


def write(index: Index, table: str, name: str, num: int, data: bytes) -> None:
    index._store.run(
        f"UPDATE {table} SET {name} = ? WHERE {'b' if table == 'edge' else 'num'} = ?", data, num
    )
    index._ledger.forget()


def is_refused(index: Index, num: int, identity: str, asked: list) -> bool:
    """Whether reading a document is; if not, all that is read has its size. Calls fail with no other error."""
    ledger, message = index._ledger, f"what is stored of document '{identity}' is damaged"
    try:
        with index._reading():
            size = ledger.entries([num])[num].tokens
            assert len(ledger.bodies.of([num])[num].hash) == len(ledger.bodies.spans([num])[num]) == size
            assert len(ledger.bodies.raw_text(num)) < 10_000
        refused = ""
    except StorageError as error:
        refused = str(error)
    assert message in refused or not refused
    for document in asked[:1]:
        found = index.check()
        assert not refused or any(message in line for line in found)
        for call in (lambda: index.add_many(asked), index.export, lambda: index.diff(identity)):
            with contextlib.suppress(StorageError):
                call()
        with contextlib.suppress(StorageError):
            assert index.query(replace(document, id="q")).shared_words < 10_000
        refused = refused or " ".join(found)
    return bool(refused)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode


def test_a_full_disk(small_disk):
    acknowledged = []
    with Index.open(small_disk / "news.db") as index, pytest.raises(StorageError, match="disk is full"):  # noqa: PT012
        for n in range(1000):
            acknowledged.append(index.add(article(f"d{n}", story(n))).id)
    assert not mount("-o", "remount,size=40m", str(small_disk))
    with Index.open(small_disk / "news.db") as index:
        assert index.check() == []
        assert acknowledged
        assert all(index.document(identity) for identity in acknowledged)
        assert index.add(article("later", version(1, 1), 1)).other == "d1"


def test_a_read_only_disk(small_disk):
    path = small_disk / "news.db"
    with Index.open(path) as index:
        index.add(article("a", story(1)))
    assert not mount("-o", "remount,ro", str(small_disk))
    with pytest.raises(StorageError, match="read-only"):
        Index.open(path)
    with Index.open(path, read_only=True) as index:
        assert index.query(article("b", version(1, 1), 1)).other == "a"
        with pytest.raises(StorageError, match="read-only"):
            index.add(article("b", version(1, 1), 1))


@pytest.fixture
def public(tmp_path_factory):
    """A folder everybody may enter, for calls made as nobody; who may do all is refused nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def as_nobody():
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_written(public):
    path = public / "news.db"
    with Index.open(path) as index:
        index.add(article("a", story(1)))
    with as_nobody():
        with pytest.raises(StorageError, match="read-only"):
            Index.open(path)
        reader = Index.open(path, read_only=True)
    assert reader.query(article("c", version(1, 1), 1)).other == "a"
    with Index.open(path) as index:
        index.add(article("b", version(1, 1), 1))
        with as_nobody():
            assert reader.document("b")  # of the WAL, which is there now
    with as_nobody(), reader:
        assert reader.stats()["documents"] == 2


def test_a_write_beside_a_reader_that_cannot_see_it(public):
    path = public / "news.db"
    Index.open(path).close()
    with as_nobody():
        reader = Index.open(path, read_only=True)
    with reader, pytest.raises(StorageError, match="somebody wrote"):  # noqa: SIM117
        with reader._reading(), Index.open(path) as index:
            index.add(article("a", story(1)))
    assert not (public / "news.db-wal").exists()


def test_a_wal_that_cannot_be_read(public):
    path, left = public / "news.db", public / "left.db"
    with Index.open(path) as index:
        index.add(article("a", story(1)))
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{left}{end}")
    with as_nobody(), pytest.raises(StorageError, match="read-only"):
        Index.open(left, read_only=True)


def test_a_file_that_may_not_be_read(public):
    path = public / "news.db"
    Index.open(path).close()
    path.chmod(0)
    for read_only in (True, False):
        with as_nobody(), pytest.raises(StorageError, match="no permission to read it"):
            Index.open(path, read_only=read_only)


def test_a_folder_is_no_index(tmp_path):
    for read_only in (True, False):
        with pytest.raises(StorageError, match="it is a folder"):
            Index.open(tmp_path, read_only=read_only)


def test_a_connection_that_may_not_write(tmp_path):
    with Index.open(tmp_path / "news.db") as index:
        index._store.run("PRAGMA query_only = ON")
        with pytest.raises(StorageError, match="read-only"):
            index.add(article("a", story(1)))


def test_an_index_that_may_not_grow(tmp_path):
    with Index.open(tmp_path / "news.db") as index:
        for n in range(20):
            index.add(article(f"d{n}", story(n)))
        pages = index._store.rows("PRAGMA page_count")[0][0]
        index._store.rows(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StorageError, match="disk is full"):  # noqa: PT012
            for n in range(20, 200):
                index.add(article(f"d{n}", story(n)))
        index._store.rows("PRAGMA max_page_count = 1000000")
        stored = index.stats()["documents"]
        assert stored >= 20
        assert index.check() == []
        assert index.add(article(f"d{stored}", story(stored))).stored


def test_urls(tmp_path):
    Index.open(f"sqlite:///{tmp_path / 'a.db'}").close()
    assert (tmp_path / "a.db").exists()
    with pytest.raises(UsageError, match="postgresql://"):
        Index.open("mysql://localhost/news")
    for nothing in ("", "sqlite:///", ":memory:", "sqlite:///:memory:", "a\0b"):
        with pytest.raises(UsageError, match="name a file"):
            Index.open(nothing)
    with pytest.raises(UsageError, match="not NoneType"):
        Index.open(None)
    for timeout in (None, "1", float("nan"), -1):
        with pytest.raises(UsageError, match="not a number of seconds"):
            Index.open(tmp_path / "a.db", timeout=timeout)


def test_a_name_that_looks_like_a_url_of_sqlite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Index.open("file:a.db?mode=memory").close()
    assert (tmp_path / "file:a.db?mode=memory").exists()
    Index.open("file:a.db?mode=memory", read_only=True).close()


# --- PostgreSQL


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_the_server_goes_away_and_comes_back(place):
    with place.open() as index:
        index.add(article("a", story(1)))
        with admin() as db, pytest.raises(StorageError, match="went away"), index._writing():  # noqa: PT012
            index._ledger.take_numbers("next_document")
            db.execute("SELECT pg_terminate_backend(%s)", [index._store._db.info.backend_pid])
            index._ledger.take_numbers("next_document")
        assert index.add(article("b", version(1, 1), 1)).other == "a"
        assert index.check() == []


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_a_server_with_a_limit_of_time(place):
    with place.open() as index:
        index.add(article("a", story(1)))
        index._store.run("SET SESSION statement_timeout = 20")
        with pytest.raises(StorageError, match=r": canceling .* stored$"), index._writing():  # noqa: PT012
            index._ledger.take_numbers("next_document")
            index._store.run("SELECT pg_sleep(1)")
        index._store.run("SET SESSION statement_timeout = 0")
        assert index.add(article("b", version(1, 1), 1)).other == "a"
        assert index.check() == []


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_a_server_with_another_isolation(place, level):
    """Who has waited for its turn sees what was written meanwhile."""
    with place.open() as index, place.open() as other, ThreadPoolExecutor(1) as thread:
        other._store.run(f"SET SESSION default_transaction_isolation = '{level}'")
        with index._writing():
            waiting = thread.submit(other.add, article("b", story(1), 1))
            while not index._store.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                time.sleep(0.01)
            list(index._writer.put(index._prepare([article("a", story(1))]), undated=False))
        assert waiting.result().other == "a"


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_what_a_url_says_of_the_connection(place):
    for more, name, timeout in (
        ("", "dedup", "10"),
        ("&application_name=feeds&connect_timeout=7", "feeds", "7"),
    ):
        with Index.open(place.url + more) as index:
            assert index._store.rows("SELECT current_setting('application_name')") == [(name,)]
            assert index._store._db.info.get_parameters()["connect_timeout"] == timeout


def test_no_server():
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError, match="cannot be reached"):
        Index.open("postgresql://somebody:secret@127.0.0.1:1/news")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://somebody:secret@127.0.0.1:1/news",
        "postgresql://somebody:sec/ret@127.0.0.1:1/news",
        "postgresql://127.0.0.1:1/news?user=somebody&password=secret",
        "postgresql://127.0.0.1:1/news?sslpassword=secret&other=1",
        "postgresql://somebody:secret@[news",
    ],
)
def test_no_message_has_a_password(url):
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError) as caught:
        Index.open(url)
    assert "sec" not in str(caught.value)


def families(index: Index) -> dict[str, tuple[str, ...]]:
    return {family.id: family.members for family in index.families(min_size=1)}
