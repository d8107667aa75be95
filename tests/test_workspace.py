from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dedup.candidates import Pairs
from dedup.config import Settings
from dedup.engines import base, workspace
from dedup.engines.local import find_families
from dedup.engines.resuming import made_from, run_key
from dedup.engines.workspace import Workspace, check_disk, disk_need
from dedup.errors import OutputError
from dedup.io import from_documents
from dedup.io.discover import discover


@dataclass(frozen=True, slots=True)
class Parts:
    """Columns of every kind."""

    offsets: np.ndarray
    number: np.ndarray
    pair: np.ndarray
    name: pa.Array


def part(start: int, stop: int) -> Parts:
    numbers = np.arange(start, stop)
    names = pa.array([str(n) for n in numbers], pa.string())
    return Parts(np.append(0, np.cumsum(numbers)), numbers, np.stack([numbers] * 2, axis=1), names)


@pytest.mark.parametrize("limit", [1 << 30, 100, 0])
def test_what_is_appended_comes_back(limit: int, tmp_path: Path) -> None:
    with Workspace(limit, tmp_path / "work") as space:
        flags, nothing = space.column("flags", bool), space.column("nothing", np.int64)
        columns, batches = space.columns("columns"), space.batches("batches")
        for start in range(0, 40, 8):
            values = np.arange(start, start + 8)
            flags.append(values[::-1] % 3 == 0)
            nothing.append(values[:0])
            columns.append(part(start, start + 8))
            batches.append(pa.record_batch({"n": values, "text": [str(v) for v in values]}))
        assert flags.finish().sum() == 14
        assert nothing.finish().shape == (0,)
        same(columns.finish(Parts), part(0, 40))
        table = batches.finish()
        assert table is not None
        assert table.to_pylist() == [{"n": n, "text": str(n)} for n in range(40)]
        room = space.room(3)
        room[1] = 7
        assert room.tolist() == [[0] * 4, [7] * 4, [0] * 4] or limit == 1 << 30
        assert (tmp_path / "work").exists() == (limit < 1 << 30)
        space.let_go()
    assert not (tmp_path / "work").exists()
    assert table.column("text").to_pylist()[-1] == "39"  # still readable


def same(one: Parts, two: Parts) -> None:
    assert all(np.array_equal(getattr(one, f.name), getattr(two, f.name)) for f in fields(Parts))


@pytest.mark.parametrize("limit", [1 << 30, 0])
def test_what_is_dropped_leaves_nothing(limit: int, tmp_path: Path) -> None:
    with Workspace(limit, tmp_path / "work") as space:
        columns, left = space.columns("columns"), space.take(limit // 2)
        space.give_back(limit // 2)
        columns.append(part(0, 8))
        columns.drop()
        assert space.take(limit // 2) == left
        assert not list(tmp_path.glob("work/*"))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is mapped")
def test_what_is_dropped_is_unmapped_when_nobody_reads_it(tmp_path: Path) -> None:
    with Workspace(0, tmp_path / "work") as space:
        batches = space.batches("batches")
        batches.append(pa.record_batch({"n": range(8)}))
        table = batches.finish()
        assert table is not None
        batches.drop()
        assert table.column("n").to_pylist() == list(range(8))
        assert str(tmp_path) in Path("/proc/self/maps").read_text()
        del table
        assert str(tmp_path) not in Path("/proc/self/maps").read_text()
        space.let_go()


def test_records_of_one_id_take_no_room_twice(tmp_path: Path) -> None:
    records = [
        {"id": "a", "text": text} for text in ("The heron stood.", "The heron flew.", "The heron flew.")
    ]
    with Workspace(0, tmp_path / "work") as space:
        result = find_families(from_documents(records), Settings(), workspace=space)
        assert len(result) == 1
        assert {"kept", "documents"} & {path.name for path in (tmp_path / "work").iterdir()} == {"kept"}


def test_nothing_was_appended() -> None:
    assert Workspace(100).batches("batches").finish() is None


@pytest.mark.parametrize("more", [0, 3])
def test_another_run_goes_on(more: int, tmp_path: Path) -> None:
    first = Workspace(1 << 30, tmp_path, durable=True)
    columns = first.columns("columns")
    for start in (0, 5):
        columns.append(part(start, start + 5))
    first.finish("half", **columns.state())
    columns.append(part(50, 50 + more))  # after the last note: half written when the run is killed
    columns.state()
    first.stage("pairs", Pairs, lambda: Pairs(np.arange(3), np.arange(3) + 1, 7))
    del first, columns

    second = Workspace(1 << 30, tmp_path, durable=True)
    assert second.finished("whole") is None
    columns = second.columns("columns", second.finished("half"))
    columns.append(part(10, 12))
    same(columns.finish(Parts), part(0, 12))
    pairs = second.stage("pairs", Pairs, lambda: pytest.fail("is finished"))
    assert (pairs.a.tolist(), pairs.b.tolist(), pairs.crowded) == ([0, 1, 2], [1, 2, 3], 7)
    second.close()
    assert not tmp_path.exists()


def test_a_key_changes_with_the_input(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"{}")
    sources = list(discover([str(path)]))
    key = made_from(sources, Settings(), "jsonl")
    assert key == made_from(sources, Settings(threads=7), "jsonl")
    assert key != made_from(sources, Settings(min_run=9), "jsonl")
    assert key != made_from(sources, Settings(), "parquet")
    path.write_bytes(b"{ }")
    assert key != made_from(sources, Settings(), "jsonl")
    assert made_from(discover(["-"]), Settings()) is None
    assert run_key(None) is None
    assert str(key) in str(run_key(key))


def test_a_run_of_another_format_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"{}")
    sources = list(discover([str(tmp_path)]))
    key = made_from(sources, Settings())
    monkeypatch.setattr(base, "WORK_FORMAT", base.WORK_FORMAT - 1)
    assert key != made_from(sources, Settings())


def test_a_disk_too_small(tmp_path: Path) -> None:
    check_disk(tmp_path / "not" / "there", 1)
    with pytest.raises(OutputError, match=r"[1-9].* MB of disk needed, [1-9].* MB free"):
        check_disk(tmp_path, 1 << 60)


def test_need_of_disk() -> None:
    assert disk_need(100) == 650


@pytest.mark.parametrize("spilled", [True, False])
def test_room_is_there_when_the_folder_is_gone(
    spilled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Workspace(0) as space:
        if spilled:
            numbers = space.column("numbers", np.int64)
            numbers.append(np.arange(8))
            assert numbers.finish().sum() == 28
    room = space.room(5)
    room[:] = 7
    assert room.sum() == 5 * 4 * 7
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not workspace._STATUS.exists(), reason="the system doesn't tell")
def test_a_result_that_is_kept_is_seldom_looked_after(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Workspace(1 << 40)
    pauses: list[float] = []
    mapped = 9

    def sleep(seconds: float) -> None:
        nonlocal space, mapped
        pauses.append(seconds)
        if len(pauses) == 3:
            space.close()
        if len(pauses) == 20:
            mapped += 1
        if len(pauses) == 22:
            del space

    monkeypatch.setattr(workspace.time, "sleep", sleep)
    monkeypatch.setattr(workspace, "_resident", lambda: (0, mapped))
    workspace._watch(weakref.ref(space))
    assert pauses[:3] == [workspace._LOOK] * 3
    assert pauses[3:20] == sorted(pauses[3:20])
    assert pauses[19] == workspace._IDLE
    assert pauses[20] == workspace._LOOK < pauses[21]
