"""A disk without room, which a limit on the size of files is like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

resource = pytest.importorskip("resource", reason="no limits here")

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.mark.parametrize("kilobytes", [4, 64])
def test_one_clear_error_and_no_half_output(kilobytes: int, tmp_path: Path) -> None:
    size = kilobytes << 10
    outcome = subprocess.run(
        [sys.executable, "-m", "dedup", "run", str(SEEDS), "-o", str(tmp_path / "out"), "-q"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"dedup: {tmp_path}")
    assert outcome.stderr.endswith("cannot be written: File too large\n")
    assert outcome.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
