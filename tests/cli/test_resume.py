"""A run that is killed, or fails, is gone on with. Real runs, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = Path(__file__).parent.parent.parent / "seeds"

DYING = """
import os, signal, sys
from dedup.cli import main
from dedup.engines import local, workspace

# note little at once, so that there is something to go on with
local._NOTED = 1
finish, left = workspace.Workspace.finish, int(sys.argv.pop(1))

def dying(self, stage, **values):
    global left
    left -= 1
    if left == 0 and "DIES_OF" in os.environ:
        raise {"memory": MemoryError, "interrupt": KeyboardInterrupt}[os.environ["DIES_OF"]]
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)  # written, not noted
    finish(self, stage, **values)

workspace.Workspace.finish = dying
sys.exit(main())
"""


def run(out: Path, *options: str, dies: int = 0, inputs: Path = SEEDS) -> subprocess.CompletedProcess[str]:
    """A run that is killed before it notes a stage for the so manyth time; 0: never."""
    return subprocess.run(
        [sys.executable, "-c", DYING, str(dies or 1 << 30), "run", str(inputs), "-o", str(out), *options],
        capture_output=True,
        text=True,
        check=False,
    )


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != "run.json"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("resume") / "out"
    assert run(out).returncode == 0
    return files(out)


def test_half_a_report_is_left_by_no_run(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    out, unfinished = tmp_path / "out", tmp_path / "out.partial"
    run(out, dies=8)
    (unfinished / "report.html.123.partial").write_text("<!doctype")
    assert run(out, "--resume").returncode == 0
    assert files(out).keys() == undisturbed.keys()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("dies", [4])
def test_killed_again_and_again(dies: int, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    # no run comes further than this many notes: without going on none would ever end
    out = tmp_path / "out"
    kills = 0
    while (outcome := run(out, "--resume", dies=dies)).returncode == -signal.SIGKILL:
        assert not out.exists()
        kills += 1
        assert kills < 20
    assert outcome.returncode == 0, outcome.stderr
    assert kills > 1
    assert files(out) == undisturbed
    assert not out.with_name("out.partial").exists()


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize("options", [("--format", "parquet"), ()])
def test_what_does_not_match_is_started_anew(options: tuple[str, ...], tmp_path: Path) -> None:
    text = tmp_path / "in.jsonl"
    text.write_text('{"id": "a", "text": "The heron stood in the shallows and did not move at all."}\n')
    out = tmp_path / "out"
    assert run(out, inputs=text, dies=9).returncode == -signal.SIGKILL
    if not options:
        text.write_text('{"id": "b", "text": "The heron stood in the shallows and did not move."}\n')
    outcome = run(out, "--resume", *options, inputs=text)
    assert outcome.returncode == 0
    assert "what was kept is of other inputs, settings or another version" in outcome.stderr
    assert outcome.stderr.endswith("started anew\n")
    fresh = tmp_path / "fresh"
    run(fresh, *options, inputs=text)
    assert files(out) == files(fresh)


def test_nothing_to_go_on_with(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    outcome = run(tmp_path / "out", "--resume")
    assert "nothing to go on with: started anew" in outcome.stderr
    assert files(tmp_path / "out") == undisturbed


@pytest.mark.parametrize(
    ("cause", "code", "says"),
    [
        ("memory", 2, "a lower --memory-limit or fewer --threads may help"),
        ("interrupt", 130, "dedup: interrupted"),
    ],
)
def test_what_is_finished_is_kept(
    cause: str,
    code: int,
    says: str,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    monkeypatch.setenv("DIES_OF", cause)
    assert run(out, dies=1).returncode == code
    assert not list(tmp_path.iterdir())  # nothing was finished
    outcome = run(out, dies=4)
    assert outcome.returncode == code
    said, kept = outcome.stderr.splitlines()[-1].split("; what is finished is kept in ")
    assert said.endswith(says)
    assert kept.startswith(f"{out}.partial: --resume goes on with it")
    outcome = run(out, "--resume", "--memory-limit", "1GB")
    assert outcome.returncode == 0
    assert "started anew" not in outcome.stderr
    assert files(out) == undisturbed


def test_what_is_finished_is_not_made_again(tmp_path: Path) -> None:
    text, out = tmp_path / "in.jsonl", tmp_path / "out"
    text.write_text('{"id": "a", "text": "The heron stood in the shallows and did not move at all."}\n')
    assert run(out, "--resume", inputs=text).returncode == 0
    before = (out / "run.json").stat().st_mtime_ns
    again = run(out, "--resume", "--threads", "1", inputs=text)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == f"{out}: finished already, from the same inputs and settings\n"
    counted = json.loads(run(out, "--resume", "--json", inputs=text).stdout)
    assert (counted["finished_already"], counted["documents"]) == (True, 1)
    assert (out / "run.json").stat().st_mtime_ns == before

    other = run(out, "--resume", "--set", "min_run=10", inputs=text)
    assert other.returncode == 2
    assert "other inputs, settings or another version; use --force to replace it" in other.stderr
    (out / "report.html").unlink()
    assert "but for report.html" in run(out, "--resume", inputs=text).stderr
    assert run(out, "--resume", "--no-report", inputs=text).returncode == 0
    refused = run(out, inputs=text).stderr
    assert refused == f"dedup: {out}: exists already; use --force to replace it\n"
    text.write_text(text.read_text() * 2)
    assert run(out, "--resume", inputs=text).returncode == 2
