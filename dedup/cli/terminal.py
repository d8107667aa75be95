"""What is written to a terminal: made harmless, and only as wide as it is."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from dedup.engines.base import Progress

__all__ = ["as_utf8", "console", "fit", "progress", "put", "safe", "tell_compiling"]

# C0, C1, marks and overrides of the writing direction, byte order mark, halves of surrogate pairs
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
COMPILING = "compiling for this machine, which is done once and may take minutes"
_KEPT = "\t\n"
_WORD = 24  # columns; what is longer has blanks only here and there, as Chinese
_UNBOUNDED = 1 << 20  # columns; a program reads lines, and `| head -1` a sentence


def safe(text: str, *, lines: bool = False) -> str:
    """The text without anything that drives a terminal: titles and ids come from strangers.

    Args:
        text: Any text.
        lines: Keep line ends and tabs; without, all white space becomes single blanks.
    """
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return _UNSAFE.sub(lambda found: found.group() if found.group() in _KEPT else "", text)
    return " ".join(_UNSAFE.sub(lambda found: " " if found.group().isspace() else "", text).split())


def as_utf8(argument: str) -> str:
    """An argument with what is no UTF-8 in it replaced: a file's name may be any bytes."""
    return os.fsencode(argument).decode(errors="replace")


def fit(text: str, width: int, *, words: bool = False) -> str:
    """The text as one safe line of at most so many columns, with ``…`` where it was cut.

    Args:
        text: Any text.
        width: Columns.
        words: Cut between words, where a blank is near.
    """
    from rich.cells import cell_len, set_cell_size

    text = safe(text[: 8 * width + 64])  # much longer texts need not be looked at whole
    if cell_len(text) <= width:
        return text
    shown = set_cell_size(text, width - 1).rstrip()
    if words and not text[len(shown) :].startswith(" "):
        before, _, begun = shown.rpartition(" ")
        if before and cell_len(begun) <= _WORD:
            shown = before
    return shown + "…"


def console(*, stderr: bool = False) -> Console:
    """A console that takes texts as they are: no markup, no emoji codes, no guessed highlights."""
    from rich.console import Console

    screen = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not screen.width:  # COLUMNS=0: nothing would be printed, and nothing said
        screen.width = 80
    return screen


def put(screen: Console, *parts: Any) -> None:
    """Print parts one below the other; where there is no terminal, whole lines without trailing blanks."""
    if screen.is_terminal:
        for part in parts:
            screen.print(part)
        return
    screen.width = _UNBOUNDED
    with screen.capture() as captured:
        for part in parts:
            screen.print(part)
    screen.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def tell_compiling(say: Callable[[str], object] | None = None) -> None:
    """Have it said if kernels must be compiled, by default on standard error if that is a terminal."""
    from dedup import kernels

    if say is None and sys.stderr.isatty():
        say = console(stderr=True).print
    kernels.before_compiling = say and partial(say, COMPILING)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Shows how far a run is, on standard error and only if that is a terminal."""
    from dedup.engines.base import silent

    screen = None if quiet else console(stderr=True)
    if screen is not None:
        tell_compiling(screen.print)
    if screen is None or not screen.is_terminal:
        yield silent
        return

    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=screen, transient=True) as bars:

        def show(stage: str, done: int, total: int | None) -> None:
            for task in bars.tasks:
                if task.description == stage:
                    bars.update(task.id, completed=done, total=total)
                    return
                bars.remove_task(task.id)  # a total once set cannot be taken back, nor a task unfinished
            bars.add_task(stage, completed=done, total=total)

        yield show
