"""A diff as one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from dedup.edits import rendering
from dedup.edits.batch import TextPairs, find_edits
from dedup.edits.operations import (
    Operation,
    digest,
    flat,
    operation_json,
    produced,
    read_operations,
    read_rows,
)
from dedup.edits.text import count_words
from dedup.errors import DiffError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Diff", "diff"]


LIMIT = 20_000
"""Rows rendered unless told otherwise: a text can hold a million line ends."""


@dataclass(frozen=True, slots=True)
class Diff:
    """How to make another text from ``base``. Made by ``diff`` or ``Diff.from_json``.

    Attributes:
        operations: In the order of the text they make; ``dedup.edits`` has their schema.
        base: The text they start from.
    """

    operations: tuple[Operation, ...]
    base: str = field(repr=False)

    def apply(self, text: str) -> str:
        """Make the other text.

        Raises:
            DiffError: ``text`` is not the one this diff was made from.
        """
        if not isinstance(text, str):
            raise DiffError(f"a diff applies to a text, not to {type(text).__name__}")
        if text != self.base:
            raise DiffError(
                f"diff was made from another text: {len(self.base)} characters, hash {digest(self.base)}; "
                f"this one has {len(text)}, hash {digest(text)}"
            )
        return "".join(produced(self.operations, text))

    def as_json(self) -> list[dict[str, Any]]:
        """The operations as objects for JSON, the header first; ``dedup.edits`` has the schema."""
        header = {"op": "base", "length": len(self.base), "hash": digest(self.base)}
        return [header, *map(operation_json, self.operations)]

    @classmethod
    def from_json(cls, operations: Sequence[dict[str, Any]], base: str) -> Self:
        """Read what ``as_json`` gave, with the text it was made from.

        Raises:
            DiffError: ``base`` is another text, or the operations don't follow the schema.
        """
        if not isinstance(operations, Sequence):
            raise DiffError(f"operations of a diff are a list, not {type(operations).__name__}")
        if not isinstance(base, str):
            raise DiffError(f"a diff is of a text, not of {type(base).__name__}")
        header = operations[0] if operations else {}
        if not isinstance(header, dict) or header.get("op") != "base":
            raise DiffError(
                "operations of a diff start with its base: {'op': 'base', 'length': …, 'hash': …}"
            )
        if header.get("length") != len(base) or header.get("hash") != digest(base):
            raise DiffError(
                f"diff was made from another text: {header.get('length')} characters, "
                f"hash {header.get('hash')}; this one has {len(base)}, hash {digest(base)}"
            )
        return cls(read_operations(operations[1:], 0, len(base)), base)

    @property
    def changed(self) -> bool:
        """Whether the two texts differ."""
        return any(operation.op != "equal" for operation in self.operations)

    @property
    def words_added(self) -> int:
        """Words of the other text that the base lacks."""
        return sum(count_words(operation.text) for operation in flat(self.operations))

    @property
    def words_dropped(self) -> int:
        """Words of the base that the other text lacks."""
        return self._words(flat(self.operations), ("replace", "delete"))

    @property
    def words_moved(self) -> int:
        """Words of the base that stand elsewhere in the other text."""
        moves = (edit for move in self.operations if move.op == "move" for edit in move.edits or (move,))
        return self._words(moves, ("equal", "move"))

    @property
    def words_kept(self) -> int:
        """Words of the base that are in the other text, moved or not."""
        return self._words(flat(self.operations), ("equal", "move"))

    @property
    def kept_share(self) -> float:
        """Share of the base's words that are in the other text, 0..1; 1 for a base without words."""
        kept = self.words_kept
        total = kept + self.words_dropped
        return kept / total if total else 1.0

    def _words(self, operations: Iterable[Operation], ops: tuple[str, ...]) -> int:
        return sum(count_words(self.base[item.start : item.end]) for item in operations if item.op in ops)

    def rows(self, limit: int | None = None) -> list[rendering.Row]:
        """The diff as lines to show: those of the other text, with dropped ones where they stood.

        Args:
            limit: The most rows to make; the rest is left out.
        """
        return rendering.make_rows(self.operations, self.base, limit)

    def unified(
        self, from_name: str, to_name: str, *, context: int = 1, color: bool = False, limit: int = LIMIT
    ) -> str:
        """The diff as text, like ``diff -u`` on paragraphs, with the words marked inside edited ones.

        A line starts with a blank (same), ``-`` (dropped), ``+`` (added), ``~`` (edited: ``[-old-]{+new+}``),
        ``<`` (moved away) or ``>`` (moved here). Control characters are shown escaped, so that a text cannot
        drive the terminal.

        Args:
            from_name: Name of the base, for the header.
            to_name: Name of the other text.
            context: Unchanged paragraphs shown around a change.
            color: Colour by ANSI codes.
            limit: The most rows looked at; a last line says where the rest was left out.

        Returns:
            Lines, each with its newline; empty if the texts are equal.
        """
        if not self.changed:
            return ""
        rows = self.rows(limit + 1)
        return rendering.unified(rows, from_name, to_name, context=context, color=color, limit=limit)

    def html(self, *, side_by_side: bool = False, limit: int = LIMIT) -> str:
        """The diff as an HTML fragment: every text escaped, ``<ins>`` and ``<del>``, classes and no styles.

        Rows have the class ``diff-`` and their kind (same, edited, dropped, added, moved_away, moved_here);
        both ends of a move carry the same ``data-move`` number.

        Args:
            side_by_side: A table of two columns, base and other text, instead of paragraphs.
            limit: The most rows shown; a last one says that the rest was left out.
        """
        return rendering.html_fragment(self.rows(limit + 1), side_by_side=side_by_side, limit=limit)


def diff(a: str, b: str) -> Diff:
    """Find how ``b`` differs from ``a``; lossless for every text, in time near n log n.

    Args:
        a: The base, for a family its canonical version.
        b: The other text.

    Returns:
        The operations; ``diff(a, b).apply(a) == b``.

    Raises:
        InputError: One is no text.
    """
    for text in (a, b):
        if not isinstance(text, str):
            raise InputError(f"a text is {type(text).__name__}, not a string")
    one, two = (np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8) for text in (a, b))
    rows, starts = find_edits(TextPairs(one, np.array([0, len(one)]), two, np.array([0, len(two)])))
    return Diff(read_rows(rows[: starts[1]], one, two), a)
