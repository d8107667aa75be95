"""A disk without room, which a limit on the size of files is like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dedup

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


def test_what_an_index_answered_before_the_disk_was_full_is_stored(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(4000)]
    records = b"".join(
        json.dumps({"id": str(n), "text": " ".join(words[n * 37 % 3000 :][:600])}).encode() + b"\n"
        for n in range(400)
    )
    command = [sys.executable, "-m", "dedup", "index", "add", str(tmp_path / "news.db"), "--batch", "20"]
    outcome = subprocess.run(
        command,
        input=records,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stderr.endswith(b"nothing after the last answer was stored\n")
    answered = [json.loads(line)["id"] for line in outcome.stdout.splitlines()]
    assert len(answered) > 20
    with dedup.Index.open(tmp_path / "news.db", read_only=True) as index:
        assert index.stats()["documents"] == len(answered)
