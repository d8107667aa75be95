"""A result is there whole or not at all, and nothing of anyone else's is ever deleted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dedup.errors import OutputError
from dedup.io import OutputFolder, output_file
from dedup.io.folder import writing


def run(out: Path, mark: str = "1", *, force: bool = False) -> None:
    with OutputFolder(out, force=force) as folder:
        (folder / "mark").write_text(mark)
        (folder / "run.json").write_text('{"format": 1, "version": "0.1.0", "settings": {}}')
        assert force or not out.exists() or not left(out)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_result(tmp_path: Path) -> None:
    run(tmp_path / "deep/er/out")
    assert left(tmp_path / "deep/er") == ["out"]
    assert left(tmp_path / "deep/er/out") == ["mark", "run.json"]


def test_an_existing_result_needs_force(tmp_path: Path) -> None:
    run(tmp_path / "out")
    with pytest.raises(OutputError, match=r"out: exists already; use --force"):
        run(tmp_path / "out", "2")
    assert (tmp_path / "out/mark").read_text() == "1"
    run(tmp_path / "out", "2", force=True)
    assert (tmp_path / "out/mark").read_text() == "2"
    assert left(tmp_path) == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_a_result_is_replaced_and_the_result_stays(tmp_path: Path) -> None:
    run(tmp_path / "monday")
    (tmp_path / "latest").symlink_to("monday")
    run(tmp_path / "latest", "2", force=True)
    assert left(tmp_path) == ["latest", "monday"]
    assert [(tmp_path / name / "mark").read_text() for name in left(tmp_path)] == ["2", "1"]
    (tmp_path / "latest.replaced").symlink_to("monday")  # killed before it was removed
    run(tmp_path / "latest", "3", force=True)
    assert left(tmp_path) == ["latest", "monday"]


def test_force_replaces_nothing_but_results(tmp_path: Path) -> None:
    theirs = tmp_path / "photos"
    theirs.mkdir()
    run(theirs)  # was empty
    for content in (
        "{}",
        "[1]",
        '"format"',
        '{"format": "csv", "version": 1, "settings": {}}',
        '{"format": 1}',
        "no json",
        None,
    ):
        (theirs / "run.json").unlink(missing_ok=True)
        if content:
            (theirs / "run.json").write_text(content)
        with pytest.raises(OutputError, match="is not a result of dedup"):
            run(theirs, force=True)
    assert left(theirs) == ["mark"]
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(OutputError, match="file: is no folder"):
        run(file, force=True)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_run_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    run(tmp_path / "out")
    with pytest.raises(error), OutputFolder(tmp_path / "out", force=True) as folder:  # noqa: PT012
        (folder / "mark").write_text("half")
        raise error
    assert left(tmp_path) == ["out"]
    assert (tmp_path / "out/mark").read_text() == "1"


@pytest.mark.parametrize("error", [OutputError, MemoryError, KeyboardInterrupt])
def test_with_a_key_a_failed_run_leaves_what_it_has(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error) as caught, OutputFolder(tmp_path / "out", key="k"):
        raise error
    assert left(tmp_path) == []
    with pytest.raises(error) as caught, OutputFolder(tmp_path / "out", key="k") as folder:  # noqa: PT012
        (folder / "half").touch()
        raise error
    (note,) = caught.value.__notes__
    assert f"kept in {tmp_path}/out.partial: --resume" in note
    with OutputFolder(tmp_path / "out", key="k", resume=True) as folder:
        assert folder.resumed
    assert left(tmp_path / "out") == ["half"]


def test_a_killed_run_is_cleared_up(tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / ".dedup-lock").touch()
    (partial / "half").write_text("x")
    (partial / "sub").mkdir()
    run(tmp_path / "out")
    assert left(tmp_path) == ["out"]
    assert left(tmp_path / "out") == ["mark", "run.json"]


def test_a_run_killed_while_replacing_is_taken_back(tmp_path: Path) -> None:
    run(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "out.replaced")
    with pytest.raises(OutputError, match="exists already"):
        run(tmp_path / "out", "2")
    assert left(tmp_path) == ["out"]
    assert (tmp_path / "out/mark").read_text() == "1"


def test_a_partial_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    partial = tmp_path / "out.partial"
    partial.mkdir()
    (partial / "thesis").write_text("x")
    with pytest.raises(OutputError, match=r"out\.partial: is in the way and not ours"):
        run(tmp_path / "out")
    assert left(partial) == ["thesis"]


def test_two_at_once(tmp_path: Path) -> None:
    with OutputFolder(tmp_path / "out") as folder:
        (folder / "mark").write_text("first")
        with pytest.raises(OutputError, match="out: another run is writing to it"):
            run(tmp_path / "out")
    assert (tmp_path / "out/mark").read_text() == "first"


def test_another_process_and_its_death(tmp_path: Path) -> None:
    code = (
        "import sys; from dedup.io import OutputFolder\n"
        "with OutputFolder(sys.argv[1]) as folder:\n"
        "    (folder / 'half').touch(); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"ready"
        with pytest.raises(OutputError, match="another run is writing to it"):
            run(tmp_path / "out")
        assert left(tmp_path / "out.partial") == [".dedup-lock", "half"]
        other.kill()
    assert left(tmp_path) == ["out.partial"]
    run(tmp_path / "out")
    assert left(tmp_path) == ["out"]
    assert left(tmp_path / "out") == ["mark", "run.json"]


def test_out_made_by_another_meanwhile(tmp_path: Path) -> None:
    """What was found, which may have taken hours, stays."""
    told = pytest.raises(OutputError, match=r"is not replaced; .*; the result is in .*out\.partial")
    with told, OutputFolder(tmp_path / "out", key="k") as folder:
        (folder / "mark").touch()
        (tmp_path / "out").mkdir()
        (tmp_path / "out/theirs").touch()
    assert left(tmp_path / "out") == ["theirs"]
    (tmp_path / "out/theirs").unlink()
    with OutputFolder(tmp_path / "out", key="k", resume=True, force=True) as folder:
        assert folder.resumed
    assert left(tmp_path) == ["out"]
    assert left(tmp_path / "out") == ["mark"]


def test_names_that_share_a_stem(tmp_path: Path) -> None:
    run(tmp_path / "out.v1", "1")
    run(tmp_path / "out.v2", "2")
    run(tmp_path / "out.v1", "3", force=True)
    assert left(tmp_path) == ["out.v1", "out.v2"]


def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here/mine").touch()
    for name in (".", "/", "..", "a\0b", "a\0b/out"):
        with pytest.raises(OutputError):
            run(Path(name), force=True)
    assert left(tmp_path / "here") == ["mine"]
    run(Path("out/"))
    assert left(tmp_path / "here") == ["mine", "out"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions don't bind root")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        run(tmp_path / "out")


def test_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        run(tmp_path / "file/out")


def test_one_file(tmp_path: Path) -> None:
    out = tmp_path / "new/a.jsonl"
    with output_file(out) as path:
        path.write_text("1")
        assert not out.exists()
    with pytest.raises(OutputError, match="exists already"), output_file(out):
        pass
    with pytest.raises(ValueError), output_file(out, force=True) as path:  # noqa: PT012
        path.write_text("2")
        raise ValueError
    assert out.read_text() == "1"
    with output_file(out, force=True) as path:
        path.write_text("3")
    assert out.read_text() == "3"
    assert left(out.parent) == ["a.jsonl"]
    with pytest.raises(OutputError, match="is a folder"), output_file(tmp_path, force=True):
        pass


@pytest.mark.parametrize("name", ["file/a.jsonl", "a" * 250, "a" * 300])
def test_one_file_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = pytest.raises(OutputError, match="cannot be written")
    with told, output_file(tmp_path / name) as path, writing(path):
        path.touch()
    assert left(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="no named pipes")
def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="is no file that can be replaced"), output_file(pipe, force=True):
        pass
    assert pipe.is_fifo()
