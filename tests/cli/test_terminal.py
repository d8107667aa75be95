import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from dedup import kernels
from dedup.cli import terminal
from dedup.cli.terminal import console, fit, progress, safe, tell_compiling


def test_safe_takes_out_what_drives_a_terminal() -> None:
    assert safe("a\x1b[31mred\x1b[0m\x07") == "a[31mred[0m"
    assert safe("\u202eevil\u202c \u2066x\u2069\u200f") == "evil x"
    assert safe("one\r\ntwo\tthree\x85four\u2028five") == "one two three four five"
    assert safe("\x9b31m\x00\x7f\ufeff\udcff") == "31m"


def test_safe_keeps_lines_and_tabs_if_asked() -> None:
    assert safe("a\r\nb\rc\td\x1b[2J\n", lines=True) == "a\nb\nc\td[2J\n"


def test_safe_keeps_letters_of_every_script() -> None:
    text = "Grüße, «олень», 屋根, שלום, e\u0301, 🦌"
    assert safe(text) == text


@given(st.text(st.characters()))
def test_safe_text_is_printable_and_stays_so(text: str) -> None:
    line = safe(text)
    line.encode()
    assert "\x1b" not in line
    assert len(line.splitlines()) <= 1
    assert safe(line) == line


@given(st.text(), st.integers(2, 60))
def test_fit_is_never_wider(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= width


def test_fit_counts_columns_not_characters() -> None:
    assert fit("屋根から黒煙", 7) == "屋根か…"
    assert fit("short", 7) == "short"
    assert fit("one twofold", 9) == "one twof…"
    assert fit("one twofold", 9, words=True) == "one…"
    assert fit("one two three", 8, words=True) == "one two…"
    assert fit("屋根から黒煙", 7, words=True) == "屋根か…"
    assert fit("東京 " + "屋" * 90, 60, words=True) == "東京 " + "屋" * 27 + "…"
    assert fit("x" * 10_000_000, 5) == "xxxx…"


@pytest.mark.parametrize(("columns", "width"), [("0", 80), ("40", 40)])
def test_no_columns_are_taken_for_a_usual_screen(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert console().width == width


def test_progress_without_a_total_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(
        terminal, "console", lambda **_: Console(file=shown, force_terminal=True, width=80, markup=False)
    )
    with progress() as told:
        told("reading", 20002, None)
        told("stripping", 5, 5)
        told("comparing", 0, None)
        told("comparing", 1, 1)
        told("writing", 0, None)
    assert not re.search(r"/100\b", shown.getvalue())


def test_progress_takes_a_total_along_to_no_other_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    screen = Console(file=shown, force_terminal=True, width=80)
    monkeypatch.setattr(terminal, "console", lambda **_: screen)
    with progress() as told:
        told("stripping", 5, 5)
        told("writing", 0, None)
    assert "0/5" not in shown.getvalue()
    assert "0/?" in shown.getvalue()


def test_compiling_is_said_once_and_without_the_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "MODULES", ())  # it takes minutes
    monkeypatch.setattr(kernels, "_compiled", False)
    monkeypatch.setattr(kernels, "before_compiling", None)
    with progress(quiet=True):
        pass
    assert kernels.before_compiling is None
    with progress():
        kernels.warm()
        kernels.warm()
    assert capsys.readouterr().err == "compiling for this machine, which is done once and may take minutes\n"
    tell_compiling()
    assert kernels.before_compiling is None  # standard error is no terminal
    code = "from dedup.cli.terminal import tell_compiling as t; t(print); import sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
