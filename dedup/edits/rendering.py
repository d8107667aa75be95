"""A diff as rows to show, as unified text, and as HTML."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from dedup.edits.operations import Operation, flat, produced
from dedup.edits.text import ENDS_CLASS, LINE_ENDS, PARAGRAPH

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = re.compile(rf"(?:[^{ENDS_CLASS}]*(?:\r\n|[{ENDS_CLASS}])|[^{ENDS_CLASS}]+)")
_SIGNS: Final = {
    "same": " ",
    "edited": "~",
    "dropped": "-",
    "added": "+",
    "moved_away": "<",
    "moved_here": ">",
}
_ANSI: Final = {
    "same": "",
    "edited": "\x1b[33m",
    "dropped": "\x1b[31m",
    "added": "\x1b[32m",
    "moved_away": "\x1b[35m",
    "moved_here": "\x1b[35m",
    "delete": "\x1b[31m",
    "insert": "\x1b[32m",
    "note": "\x1b[36m",
    "reset": "\x1b[0m",
}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the rendered diff.

    Attributes:
        kind: same, edited, dropped, added, moved_away or moved_here.
        pieces: (equal, delete or insert; text), in order, without the line's end unless that changed.
        move: Number of the move, from 1, or 0.
        paragraph: For a moved row: 1-based paragraph where the other end of the move starts.
    """

    kind: Literal["same", "edited", "dropped", "added", "moved_away", "moved_here"]
    pieces: tuple[tuple[str, str], ...]
    move: int = 0
    paragraph: int = 0


def unified(rows: list[Row], from_name: str, to_name: str, *, context: int, color: bool, limit: int) -> str:
    """The rows as text; :meth:`dedup.Diff.unified` has the signs."""
    rows, more = rows[:limit], len(rows) > limit
    shown = _near_changes(rows, context)
    if not shown and not more:
        return ""
    style = _ANSI if color else dict.fromkeys(_ANSI, "")
    reset = style["reset"]
    lines = [f"--- {_visible(from_name)}", f"+++ {_visible(to_name)}"]
    previous = -1
    for number in shown:
        row = rows[number]
        if number != previous + 1:
            lines.append(f"{style['note']}@@ {number - previous - 1} unchanged @@{reset}")
        previous = number
        if row.move and (
            number == 0 or (rows[number - 1].kind, rows[number - 1].move) != (row.kind, row.move)
        ):
            way = "from" if row.kind == "moved_here" else "to"
            lines.append(f"{style['note']}@@ moved {way} paragraph {row.paragraph} @@{reset}")
        marked = row.kind in ("edited", "moved_here")
        body = "".join(_marked(op, text, style) if marked else _visible(text) for op, text in row.pieces)
        colour = style[row.kind]
        sign = _SIGNS[row.kind]
        if marked:  # the pieces have colours of their own
            lines.append(f"{colour}{sign}{reset}{body}")
        else:
            lines.append(f"{colour}{sign}{body}{reset if colour else ''}")
    if previous + 1 < len(rows):
        lines.append(f"{style['note']}@@ {len(rows) - previous - 1} unchanged @@{reset}")
    if more:
        lines.append(f"{style['note']}@@ the rest is left out @@{reset}")
    return "\n".join(lines) + "\n"


def html_fragment(rows: list[Row], *, side_by_side: bool, limit: int) -> str:
    """The rows as HTML; :meth:`dedup.Diff.html` has the classes."""
    rows, more = rows[:limit], len(rows) > limit
    if side_by_side:
        lines = [_table_row(left, right) for left, right in facing(rows)]
        if more:
            lines.append('<tr><td class="diff-note" colspan="2">the rest is left out</td></tr>')
        return '<table class="diff">\n<tbody>\n' + "\n".join(lines) + "\n</tbody>\n</table>"
    ops = ("equal", "delete", "insert")
    lines = [
        f'<p dir="auto" class="diff-{row.kind}"{_move_data(row)}>{_note(row)}{_pieces_html(row, ops)}</p>'
        for row in rows
    ]
    if more:
        lines.append('<p class="diff-note">the rest is left out</p>')
    return '<div class="diff">\n' + "\n".join(lines) + "\n</div>"


def facing(rows: list[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows side by side: what stands on the left, and on the right."""
    number = 0
    while number < len(rows):
        dropped = _run(rows, number, "dropped")
        added = _run(rows, number + dropped, "added")
        if dropped or added:  # what replaces each other stands side by side
            for k in range(max(dropped, added)):
                left = rows[number + k] if k < dropped else None
                right = rows[number + dropped + k] if k < added else None
                yield left, right
            number += dropped + added
            continue
        row = rows[number]
        left = None if row.kind == "moved_here" else row
        right = None if row.kind == "moved_away" else row
        yield left, right
        number += 1


def make_rows(operations: tuple[Operation, ...], base: str, limit: int | None = None) -> list[Row]:
    """The rows of a diff, at most so many."""
    paragraphs_a = _line_starts(base)
    other = "".join(produced(operations, base))
    paragraphs_b = _line_starts(other)
    targets: dict[int, tuple[int, int, int]] = {}  # start in a → number, end in a, start in b
    at = number = 0
    for item in operations:
        size = sum(map(len, produced((item,), base)))
        if item.op == "move":
            number += 1
            targets[item.start] = (number, item.end, at)
        at += size
    rows: list[Row] = []
    line = _Line(rows, limit)
    cursor = 0
    steps = (*operations, Operation("insert", len(base), len(base)))
    for step, following in zip(steps, (*steps[1:], steps[-1]), strict=True):
        if line.full:
            break
        if step.op == "move":
            pieces = [piece for edit in flat((step,)) for piece in _pieces(edit, base)]
            line.block("moved_here", pieces, targets[step.start][0], _paragraph(paragraphs_a, step.start))
            continue
        while cursor < step.start and cursor in targets:  # what moved away from here
            number, end, at = targets[cursor]
            line.block("moved_away", [("delete", base[cursor:end])], number, _paragraph(paragraphs_b, at))
            cursor = end
        goes_on = _opening(step if step.text else following, base) not in ("", *LINE_ENDS)
        for op, text in _pieces(step, base):
            line.add(op, text, goes_on=goes_on)
        cursor = step.end
    line.close()
    return rows[:limit]


def _pieces(item: Operation, base: str) -> Iterator[tuple[str, str]]:
    if item.op in ("equal", "move"):
        yield "equal", base[item.start : item.end]
        return
    if item.start < item.end:
        yield "delete", base[item.start : item.end]
    if item.text:
        yield "insert", item.text


def _opening(item: Operation, base: str) -> str:
    """The first character an operation puts into a line of the other text, if any."""
    return base[item.start : item.end][:1] if item.op == "equal" else item.text[:1]


class _Line:
    """Collects pieces of text and closes a row at each line end, until there are enough."""

    __slots__ = ("half", "limit", "pieces", "rows")

    def __init__(self, rows: list[Row], limit: int | None) -> None:
        self.rows = rows
        self.limit = limit
        self.pieces: list[tuple[str, str]] = []
        self.half = False  # the last row ends with a "\r" that one text lacks, before a "\n" maybe

    @property
    def full(self) -> bool:
        return self.limit is not None and len(self.rows) >= self.limit

    def add(self, op: str, text: str, *, goes_on: bool = False) -> None:
        """Add a piece of text; ``goes_on`` says that the other text has more on the line behind it."""
        if goes_on and op == "delete" and any(kind != "delete" for kind, _ in self.pieces[:2]):
            self.pieces.append((op, text))  # line ends dropped within a line of the other text end no row
            return
        for found in _LINE.finditer(text):
            if self.full:
                return
            part = found.group()
            half, self.half = self.half, False
            if half and (op, part) == ("equal", "\n"):
                continue
            self.pieces.append((op, part))
            if part[-1] in LINE_ENDS:
                self.close()
                self.half = op != "equal" and part[-1] == "\r" and self.rows[-1].kind == "edited"

    def block(
        self, kind: Literal["moved_away", "moved_here"], pieces: list[tuple[str, str]], move: int, to: int
    ) -> None:
        """Rows of their own for an end of a move."""
        self.close()
        inner: list[Row] = []
        line = _Line(inner, self.limit)
        for op, text in pieces:
            line.add(op, text)
        line.close()
        self.rows += [Row(kind, row.pieces, move, to) for row in inner]

    def close(self) -> None:
        if not self.pieces:
            return
        last_op, last = self.pieces[-1]
        body = last.rstrip(LINE_ENDS)
        whole = all(op == last_op for op, _ in self.pieces)
        # The line's end is shown only where it is itself the change.
        shown = [*self.pieces[:-1]]
        if body:
            shown.append((last_op, body))
        if not whole and last_op != "equal" and body != last:
            shown.append((last_op, "¶"))
        kind: Literal["same", "edited", "dropped", "added"] = "edited"
        if whole:
            kind = "same" if last_op == "equal" else "dropped" if last_op == "delete" else "added"
        self.rows.append(Row(kind, tuple(shown)))
        self.pieces = []


def _line_starts(text: str) -> list[int]:
    """Offsets of the paragraphs, blank lines not counted."""
    return [found.start() for found in PARAGRAPH.finditer(text)]


def _paragraph(starts: list[int], offset: int) -> int:
    """1-based number of the paragraph an offset lies in."""
    return max(1, bisect_left(starts, offset + 1))


def _near_changes(rows: list[Row], context: int) -> list[int]:
    shown: set[int] = set()
    for number, row in enumerate(rows):
        if row.kind != "same":
            shown.update(range(max(0, number - context), min(len(rows), number + context + 1)))
    return sorted(shown)


def _visible(text: str) -> str:
    """The text with control characters, line ends and direction overrides escaped."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _marked(op: str, text: str, style: dict[str, str]) -> str:
    if op == "equal":
        return _visible(text)
    opening, closing = ("[-", "-]") if op == "delete" else ("{+", "+}")
    return f"{style[op]}{opening}{_visible(text)}{closing}{style['reset']}"


def _run(rows: list[Row], start: int, kind: str) -> int:
    end = start
    while end < len(rows) and rows[end].kind == kind:
        end += 1
    return end - start


def _table_row(left: Row | None, right: Row | None) -> str:
    cells = []
    for row, ops in ((left, ("equal", "delete")), (right, ("equal", "insert"))):
        if row is None:
            cells.append("<td></td>")
        else:
            cells.append(
                f'<td dir="auto" class="diff-{row.kind}"{_move_data(row)}>'
                f"{_note(row)}{_pieces_html(row, ops)}</td>"
            )
    return f"<tr>{''.join(cells)}</tr>"


def _move_data(row: Row) -> str:
    return f' data-move="{row.move}"' if row.move else ""


def _note(row: Row) -> str:
    if not row.move:
        return ""
    way = "from" if row.kind == "moved_here" else "to"
    return f'<span class="diff-note">moved {way} paragraph {row.paragraph}</span> '


def _pieces_html(row: Row, ops: tuple[str, ...]) -> str:
    tags = {"delete": "del", "insert": "ins"}
    parts = []
    for op, text in row.pieces:
        if op in ops:
            tag, escaped = tags.get(op), html.escape(text)
            parts.append(f"<{tag}>{escaped}</{tag}>" if tag else escaped)
    return "".join(parts)
