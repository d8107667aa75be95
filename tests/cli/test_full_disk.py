"""A disk without room, which a limit on the size of files is like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

resource = pytest.importorskip("resource", reason="no limits here")

SEEDS = Path(__file__).parents[2] / "seeds"


def run(out: Path, *options: str, kilobytes: int) -> subprocess.CompletedProcess[str]:
    size = kilobytes << 10
    return subprocess.run(
        [sys.executable, "-m", "dedup", "run", str(SEEDS), "-o", str(out), *options],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kilobytes", [4, 64])
def test_one_clear_error_and_no_half_output(kilobytes: int, tmp_path: Path) -> None:
    outcome = run(tmp_path / "out", kilobytes=kilobytes)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"dedup: {tmp_path}")
    assert outcome.stderr.endswith("cannot be written: File too large\n")
    assert outcome.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_finished_is_kept_and_gone_on_with(tmp_path: Path) -> None:
    out, options = tmp_path / "out", ("--set", "permutations=4096")  # signatures that are longer than texts
    outcome = run(out, *options, kilobytes=400)
    assert outcome.returncode == 2
    assert outcome.stderr == (
        f"dedup: {out}.partial/work/prepared.signatures: cannot be written: File too large; "
        f"what is finished is kept in {out}.partial: --resume goes on with it, deleting it frees the disk\n"
    )
    outcome = run(out, "--resume", *options, kilobytes=1 << 20)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
