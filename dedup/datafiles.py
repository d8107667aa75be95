"""Lists that come with the package as text: a line an entry, ``#`` before a remark."""

from __future__ import annotations

from importlib import resources

__all__ = ["read_lines"]


def read_lines(name: str) -> list[str]:
    """Entries of a file, its path below the package, without remarks and empty lines."""
    text = resources.files("dedup").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
