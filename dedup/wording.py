"""Figures as they are said in reasons and tables."""

from __future__ import annotations

__all__ = ["count", "percent"]


def count(number: int, noun: str) -> str:
    """A number of things, in words: ``1 word``, ``2,000 words``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A ratio in words; never rounded up to 100 % or down to 0 %."""
    if 0 < share < 1:
        share = min(max(share, 0.001), 0.999)
    return f"{100 * share:.1f} %" if 0 < share < 0.01 or 0.99 < share < 1 else f"{100 * share:.0f} %"
