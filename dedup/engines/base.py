"""What an engine tells while it works."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Told what is being done: a stage, how much of it is done, and how much there is, if that is known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
