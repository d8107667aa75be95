"""The settings of a run: one frozen object with a fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from dedup.errors import SettingsError

__all__ = ["POLICIES", "SCHEME_FIELDS", "Settings"]

SCHEME_FIELDS = ("shingle_words", "window", "permutations", "seed")
"""Settings that what is stored depends on: with other values, sketches cannot be compared."""


POLICIES = ("fullest", "earliest", "source", "agency")
"""Ways to choose the canonical version; :mod:`dedup.canonical` has the orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a user can choose, with the unit in the comment.

    Lengths in words hold for scripts that separate words; where a script is written without spaces, a character
    counts half a word and lengths double.
    """

    # scheme
    shingle_words: int = 5  # words a shingle
    window: int = 8  # shingles a winnowing window: every shared run of window + shingle_words - 1 words is found
    permutations: int = 128  # hash functions of a signature
    seed: int = 1  # of the permutations, as datasketch has it

    # what counts as copied
    min_run: int = 8  # words: the shortest run that counts by itself
    bridge: int = 12  # words: the widest unmatched gap between two runs of one passage

    # relations
    near_coverage: float = 0.90  # share of both
    version_coverage: float = 0.40  # share of the shorter one
    partial_words: int = 40  # narrative words
    quote_words: int = 12  # words
    short_share: float = 0.8  # of the longer text's narrative words, where that is less than partial_words

    # templates: the same frame around other facts is no copy
    template_share: float = 0.5  # share of the figures in shared passages above which, if three differ
    template_share_apart: float = 0.15  # the same for texts published more than a day and a half apart

    # stock text
    stock_windows: int = 3  # seen in more separate windows than this: stock
    stock_window_days: int = 3  # days a window
    stock_documents: int = 40  # without dates: seen in more groups of documents than this

    # candidates
    min_shared_fingerprints: int = 2  # fingerprints a pair must share to be verified

    # canonical
    policy: str = "fullest"  # fullest, earliest, source, agency; dedup.canonical has the orders
    source_priority: tuple[str, ...] = ()  # for policy source: patterns such as *.example, best first

    # stages
    strip: bool = True  # take boilerplate out before comparing

    # resources; they never change the result
    memory_limit: int = 4 << 30  # bytes
    threads: int = 0  # 0: one per processor

    def __post_init__(self) -> None:
        for name, low, high in (
            ("shingle_words", 1, 64),
            ("window", 1, 256),
            ("permutations", 2, 4096),
            ("seed", 0, 2**32 - 1),
            ("min_run", 1, 1000),
            ("bridge", 0, 1000),
            ("near_coverage", 0.0, 1.0),
            ("version_coverage", 0.0, 1.0),
            ("partial_words", 1, 100_000),
            ("quote_words", 1, 100_000),
            ("short_share", 0.0, 1.0),
            ("template_share", 0.0, 1.0),
            ("template_share_apart", 0.01, 1.0),
            ("stock_windows", 1, 100_000),
            ("stock_window_days", 1, 3650),
            ("stock_documents", 1, 2**31),
            ("min_shared_fingerprints", 1, 1000),
            ("memory_limit", 64 << 20, 1 << 50),
            ("threads", 0, 4096),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise SettingsError(f"{name} = {value!r}: must lie between {low} and {high}")
        if self.near_coverage < self.version_coverage:
            raise SettingsError("near_coverage must not be below version_coverage")
        if self.policy not in POLICIES:
            raise SettingsError(f"policy = {self.policy!r}: must be one of {', '.join(POLICIES)}")
        if self.policy == "source" and not self.source_priority:
            raise SettingsError("policy = 'source' needs source_priority, a list of sources, best first")

    @property
    def workers(self) -> int:
        """Threads to use."""
        return self.threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def fingerprint(self) -> str:
        """Hash of everything that can change a result; 16 hexadecimal digits."""
        values = {k: v for k, v in asdict(self).items() if k not in ("memory_limit", "threads")}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Settings of a mapping such as :meth:`as_dict` gives.

        Raises:
            SettingsError: An unknown name or a value out of range.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SettingsError(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
        if "source_priority" in values:
            values = {**values, "source_priority": tuple(values["source_priority"])}
        return cls(**values)
