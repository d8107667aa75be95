from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from dedup.engines.workspace import Workspace, check_disk, disk_need
from dedup.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("limit", [1 << 30, 100, 0])
def test_what_is_appended_comes_back(limit: int, tmp_path: Path) -> None:
    with Workspace(limit, tmp_path / "work") as space:
        numbers, flags, rows, nothing = (
            space.column(np.uint64),
            space.column(bool),
            space.column(np.uint32, 3),
            space.column(np.int64),
        )
        batches = space.batches()
        for start in range(0, 40, 8):
            values = np.arange(start, start + 8)
            numbers.append(values)
            flags.append(values[::-1] % 3 == 0)
            rows.append(np.stack([values] * 3, axis=1))
            nothing.append(values[:0])
            batches.append(pa.record_batch({"n": values, "text": [str(v) for v in values]}))
        assert numbers.finish().tolist() == [*range(40)]
        assert flags.finish().sum() == 14
        assert rows.finish().tolist() == [[n, n, n] for n in range(40)]
        assert nothing.finish().shape == (0,)
        table = batches.finish()
        assert table is not None
        assert table.to_pylist() == [{"n": n, "text": str(n)} for n in range(40)]
        assert (space.spilled > 0) == (limit < 1 << 30)
        assert (tmp_path / "work").exists() == (limit < 1 << 30)
        space.let_go()
    assert not (tmp_path / "work").exists()
    assert table.column("text").to_pylist()[-1] == "39"  # still readable


def test_nothing_was_appended() -> None:
    assert Workspace(100).batches().finish() is None


def test_a_disk_too_small(tmp_path: Path) -> None:
    check_disk(tmp_path / "not" / "there", 1)
    with pytest.raises(OutputError, match=r"GB of disk needed, .* GB free"):
        check_disk(tmp_path, 1 << 60)


def test_need_of_disk() -> None:
    assert disk_need(100, 1 << 30) == 200
    assert disk_need(1 << 30, 1 << 30) == 6 << 30
