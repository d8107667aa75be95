"""The program as a whole: help, version, and what becomes of errors; some of it in real processes."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dedup import __version__
from dedup.cli.app import app
from dedup.cli.imports import leave_out, take_in

from .conftest import LEAD, REST, SEEDS, Call, write

COMMANDS = ("run", "clean", "compare", "diff", "warm")
DEDUP = [sys.executable, "-m", "dedup"]


def test_version_and_help(dedup: Call) -> None:
    assert dedup("--version").out == f"dedup {__version__}\n"
    shown = dedup("--help").out
    assert all(f"\n  {command} " in shown for command in COMMANDS)
    assert "..." not in shown.partition("Commands:")[2]  # each first line is short enough
    assert dedup().out == shown
    assert dedup("-h").out == shown
    assert dedup("index").out == dedup("index", "--help").out


def test_help_answers_at_once() -> None:
    def processor_seconds() -> float:
        before = os.times()
        subprocess.run([*DEDUP, "--help"], stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(processor_seconds() for _ in range(3)) < 0.4


def test_a_command_leaves_out_what_others_import_where_they_find_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Nothing that anybody else has.", "utf-8")
    code = (
        "import contextlib, sys\nfrom dedup.cli import main\nwith contextlib.suppress(SystemExit):\n    main()\n"
        "print('pyarrow' in sys.modules, 'pandas' in sys.modules, 'scipy' in sys.modules)"
    )
    program = [sys.executable, "-c", code, "run", "a.txt", "-o", "out", "-q"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "True False False\n", done.stderr


def test_what_was_left_out_can_be_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    leave_out("colorsys")
    with pytest.raises(ModuleNotFoundError):
        import_module("colorsys")
    take_in()
    assert import_module("colorsys").__name__ == "colorsys"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], prog_name="dedup")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: dedup {command} ")
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "dedup: No such command 'nonsense'."),
        (["run"], "dedup: Missing argument 'INPUT'."),
        (["--nonsense"], "dedup: No such option: --nonsense"),
        (["diff", "a.txt"], "dedup: Missing argument 'B'."),
        (["diff", "\x1b[2J", "b"], "dedup: [2J: no such file"),
    ],
)
def test_errors_are_one_line(dedup: Call, arguments: list[str], message: str) -> None:
    outcome = dedup(*arguments)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", f"{message}\n")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    (tmp_path / "a.txt").write_text(LEAD)
    (tmp_path / "b.txt").write_text(REST)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        run = subprocess.run(
            [*DEDUP, "diff", "a.txt", "b.txt"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=buffered,
        )
    assert (run.returncode, run.stderr) == (2, "dedup: standard output: No space left on device\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "a.txt", "b.txt"],
        ["compare", "a.txt", "b.txt"],
        ["clean", "a.txt", "-o", "-"],
        ["clean", "a.txt", "--show", "-o", "out.jsonl"],
        ["run", "a.txt", "-o", "out"],
    ],
    ids=" ".join,
)
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.txt").write_text(LEAD)
    (tmp_path / "b.txt").write_text(REST)
    theirs, ours = os.pipe()
    os.close(theirs)
    run = subprocess.run([*DEDUP, *arguments], cwd=tmp_path, stdout=ours, stderr=subprocess.PIPE)
    os.close(ours)
    assert (run.returncode, run.stderr) == (1, b"")
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_is_no_trouble(tmp_path: Path, closed: int) -> None:
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text(LEAD + REST)
    b.write_text(LEAD)
    command = f'exec "$@" {closed}>&-'
    ended = subprocess.run(
        ["sh", "-c", command, "sh", *DEDUP, "compare", a, b], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("" if closed == 1 else "version: ")
    nothing = subprocess.run(
        ["sh", "-c", command, "sh", *DEDUP, "compare", "-", b],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert nothing.returncode == 2
    assert nothing.stderr == ("" if closed == 2 else "dedup: -: text is empty\n")


def test_an_interrupt_is_one_line() -> None:
    process = subprocess.Popen(
        [*DEDUP, "compare", "-", SEEDS / "en-ferry-wire.txt"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    more_than_a_pipe_holds = LEAD.encode() * 4096
    process.stdin.write(more_than_a_pipe_holds)
    process.stdin.flush()  # returns once the command is reading, and it goes on reading
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"dedup: interrupted\n")


def test_a_terminal_of_little_ability_gets_what_it_can_show(tmp_path: Path) -> None:
    text = LEAD.replace("Marrow Bridge", "汐見")
    path = write(tmp_path / "a.jsonl", [{"id": name, "text": text} for name in "ab"])
    run = subprocess.run(
        [*DEDUP, "run", path, "-o", tmp_path / "out"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"The council of ?? voted" in run.stdout


def on_terminal(*arguments: str | Path) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    process = subprocess.Popen(
        [*DEDUP, *arguments], stdout=theirs, stderr=theirs, env={**environment, "TERM": "xterm-256color"}
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()


def test_a_terminal_gets_colour_and_progress(corpus: Path, tmp_path: Path) -> None:
    shown = on_terminal("run", corpus, "-o", tmp_path / "out")
    assert "\x1b[1m3 documents" in shown
    assert "reading" in shown or "writing" in shown
    assert "[bold]shut[/bold]" in shown
    assert "\x1b[" in on_terminal("diff", f"{corpus}#full", f"{corpus}#short")
    assert "\x1b[" not in on_terminal("diff", f"{corpus}#full", f"{corpus}#short", "--no-color")


def test_warm_says_how_long_it_took(dedup: Call) -> None:
    outcome = dedup("warm")
    assert outcome.code == 0
    assert outcome.out.startswith("kernels ready in ")


def test_a_termination_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*DEDUP, "clean", "-", "-o", "out.jsonl"], cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(b'{"id": "a", "text": "Words."}\n' * 4096)
    process.stdin.flush()
    while not list(tmp_path.glob("*.partial")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert (process.returncode, err) == (-signal.SIGTERM, b"dedup: interrupted\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "CORPUS#\udcff", "CORPUS#full"),
        ("run", "CORPUS", "-o", "OUT", "--field", "text=\udcff"),
        ("run", "CORPUS", "-o", "OUT", "--policy", "source", "--source-priority", "\udcff"),
        ("index", "remove", "CORPUS", "\udcff"),
        ("index", "stats", "postgresql://me:secret@\udcff/news"),
    ],
)
def test_an_argument_that_is_no_utf8(
    dedup: Call, corpus: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    places = {"CORPUS": str(corpus), "OUT": str(tmp_path / "out")}
    outcome = dedup(*(re.sub("CORPUS|OUT", lambda found: places[found[0]], word) for word in arguments))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith("is no UTF-8\n")
    assert outcome.err.count("\n") == 1
    assert "secret" not in outcome.err


def test_files_whose_names_are_no_utf8(dedup: Call, corpus: Path, tmp_path: Path) -> None:
    for name in ("a\udcff.txt", "b\udcff"):
        (tmp_path / name).write_text("Some words.")
    same = str(tmp_path / "a\udcff.txt")
    assert dedup("diff", same, same, "--json").json()["a"] == f"{tmp_path}/a\ufffd.txt"
    assert dedup("compare", same, tmp_path / "b\udcff", "--json").json()["b"] == f"{tmp_path}/b\ufffd"
    outcome = dedup("run", corpus, "-o", tmp_path / "out\udcff")
    assert "report.html" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "x", "-o", "y", "--policy", "odd"), "'--policy': 'odd' is not one of 'fullest',"),
        (("run", "x", "-o", "y", "--threads", "odd"), "'--threads': "),
        (("index", "families", "x.db", "--min-size", "0"), "'--min-size': "),
    ],
)
def test_an_option_is_refused_in_plain_words(dedup: Call, arguments: tuple[str, ...], message: str) -> None:
    outcome = dedup(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith(f"dedup: Invalid value for {message}")
    assert not re.search("Value error|Input should|parse", outcome.err)
