"""The settings of a run, one frozen object with a fingerprint; and what its result can be written as."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from dedup.errors import SettingsError, UsageError
from dedup.values import has_surrogate

__all__ = ["RESOURCE_FIELDS", "SCHEME_FIELDS", "Format", "Policy", "Settings", "check_format", "parse_size"]

SCHEME_FIELDS = ("shingle_words", "window", "permutations", "seed")
"""Settings that what is stored depends on: with other values, sketches cannot be compared."""

RESOURCE_FIELDS = ("memory_limit", "threads")
"""Settings that never change a result."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


class Policy(StrEnum):
    """Ways to choose the canonical version of a family: ``Settings(policy=…)``."""

    FULLEST = "fullest"
    EARLIEST = "earliest"
    SOURCE = "source"
    AGENCY = "agency"


class Format(StrEnum):
    """Formats of the tables written."""

    JSONL = "jsonl"
    PARQUET = "parquet"


def check_format(name: str) -> None:
    """See whether tables can be written so.

    Raises:
        UsageError: They cannot.
    """
    if name not in tuple(Format):
        raise UsageError(f"format {name!r}: must be {' or '.join(Format)}")


def parse_size(text: str, option: str = "--memory-limit ") -> int:
    """Bytes of a size such as ``4GB`` or ``512MiB``; a kilobyte has 1024 bytes.

    Args:
        text: The size.
        option: What stands before it where it was given.

    Raises:
        SettingsError: It is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    size = float(found[1]) * (1 << _UNITS[found[2].upper()]) if found else math.inf
    if size == math.inf:
        raise SettingsError(f"{option}{text}: not a size such as 4GB or 512MB")
    return int(size)


def _number(default: Any, low: float, high: float) -> Any:
    """A setting that must lie between two numbers, whole if its default is."""
    return field(default=default, metadata={"type": type(default), "low": low, "high": high})


def _check(name: str, value: object, limits: Mapping[str, Any]) -> None:
    right = int if limits["type"] is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, right):
        raise SettingsError(f"{name} = {value!r}: must be a {'whole ' if right is int else ''}number")
    if not limits["low"] <= value <= limits["high"]:
        low, high = limits["low"], limits["high"]
        if name == "memory_limit":
            low, high = f"{low >> 20} MB", f"{high >> 40} TB, in bytes"
        raise SettingsError(f"{name} = {value!r}: must lie between {low} and {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a user can choose, with the unit in the comment.

    Lengths in words hold for scripts that separate words; where a script is written without spaces, and in
    Hangul, a character counts half a word and lengths double.
    """

    # scheme
    shingle_words: int = _number(5, 1, 64)  # words a shingle
    window: int = _number(8, 1, 256)  # shingles; a shared run of window + shingle_words - 1 words is found
    permutations: int = _number(128, 2, 4096)  # hash functions of a signature
    seed: int = _number(1, 0, 2**32 - 1)  # of the permutations, as datasketch has it

    # what counts as copied
    min_run: int = _number(8, 1, 1000)  # words: the shortest run that counts by itself
    bridge: int = _number(12, 0, 1000)  # words: the widest unmatched gap between two runs of one passage

    # relations
    near_coverage: float = _number(0.90, 0.0, 1.0)  # share of both
    version_coverage: float = _number(0.48, 0.0, 1.0)  # share of the shorter one, with the rest of sentences
    version_coverage_apart: float = _number(0.60, 0.0, 1.0)  # the same for texts over a day and a half apart
    version_narrative: float = _number(0.35, 0.0, 1.0)  # share of its words outside quotations
    version_words: int = _number(32, 1, 100_000)  # narrative words; short texts need most of theirs, or half
    partial_words: int = _number(30, 1, 100_000)  # narrative words
    two_sentences: int = _number(18, 1, 100_000)  # narrative words that are enough if they are two sentences
    partial_coverage_apart: float = _number(0.30, 0.0, 1.0)  # of the shorter one, over a stock window apart
    quote_words: int = _number(12, 1, 100_000)  # words
    short_share: float = _number(0.8, 0.0, 1.0)  # of the longer text's narrative words, if that is less

    # templates: the same frame around other facts is no copy
    template_share: float = _number(0.5, 0.0, 1.0)  # of the figures in passages, if three differ
    template_share_apart: float = _number(0.15, 0.01, 1.0)  # the same for texts over a day and a half apart

    # stock text
    stock_windows: int = _number(3, 1, 100_000)  # seen in more separate windows than this: stock
    stock_window_days: int = _number(3, 1, 3650)  # days a window; further apart, texts share background
    stock_documents: int = _number(40, 1, 4096)  # without dates: seen in more groups of documents than this

    # candidates
    min_shared_fingerprints: int = _number(2, 1, 1000)  # a pair must share; one if it has a mere sentence

    # canonical
    policy: str = "fullest"  # fullest, earliest, source, agency; dedup.canonical has the orders
    source_priority: tuple[str, ...] = ()  # for policy source: patterns such as *.example, best first

    # stages
    strip: bool = True  # take boilerplate out before comparing

    # resources; they never change the result
    memory_limit: int = _number(4 << 30, 64 << 20, 1 << 50)  # bytes, or a size such as 4GB
    threads: int = _number(0, 0, 4096)  # 0: one per processor

    def __post_init__(self) -> None:
        if isinstance(self.memory_limit, str):
            object.__setattr__(self, "memory_limit", parse_size(self.memory_limit, "memory_limit = "))
        for limited in fields(self):
            if limited.metadata:
                value = getattr(self, limited.name)
                _check(limited.name, value, limited.metadata)
                # 1 and 1.0 are one value, and have one fingerprint
                object.__setattr__(self, limited.name, limited.metadata["type"](value))
        if not isinstance(self.strip, bool):
            raise SettingsError(f"strip = {self.strip!r}: must be true or false")
        sources = self.source_priority
        if not isinstance(sources, tuple | list) or not all(isinstance(name, str) for name in sources):
            raise SettingsError(f"source_priority = {sources!r}: must be a list of sources")
        object.__setattr__(self, "source_priority", tuple(sources))  # a list could be changed afterwards
        if any(map(has_surrogate, sources)):
            raise SettingsError(f"source_priority = {sources!r}: is no UTF-8")
        if self.near_coverage < self.version_coverage:
            raise SettingsError("near_coverage must not be below version_coverage")
        if self.policy not in tuple(Policy):
            raise SettingsError(f"policy = {self.policy!r}: must be one of {', '.join(Policy)}")
        if self.policy == Policy.SOURCE and not self.source_priority:
            raise SettingsError("policy = 'source' needs source_priority, a list of sources, best first")

    @property
    def workers(self) -> int:
        """Threads to use."""
        if self.threads:
            return self.threads
        if hasattr(os, "sched_getaffinity"):  # what this process may use, where the system tells
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @classmethod
    def given(cls, settings: Self | None) -> Self:
        """The settings that somebody gave, or the defaults.

        Raises:
            SettingsError: It is something else.
        """
        if settings is None:
            return cls()
        if not isinstance(settings, cls):
            raise SettingsError(
                f"settings is {type(settings).__name__}, not Settings; Settings(name=value) makes one"
            )
        return settings

    def fingerprint(self) -> str:
        """Hash of everything that can change a result; 16 hexadecimal digits."""
        values = {k: v for k, v in asdict(self).items() if k not in RESOURCE_FIELDS}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    def as_dict(self) -> dict[str, Any]:
        """Every setting by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings of a mapping such as :meth:`as_dict` gives.

        Raises:
            SettingsError: No mapping, an unknown name, or a value out of range.
        """
        if not isinstance(values, Mapping):
            raise SettingsError(f"settings are {type(values).__name__}, not a mapping of names to values")
        known = {f.name for f in fields(cls)}
        unknown = sorted(map(str, set(values) - known))
        if unknown:
            raise SettingsError(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
        return cls(**values)
