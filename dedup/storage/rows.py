"""What the tables hold, by name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedup.edges import Edges, Links
from dedup.texts import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "NO_EDGES",
    "NO_LINKS",
    "NUMBER_BITS",
    "Body",
    "ChangeRow",
    "Entry",
    "FamilyRow",
    "RevisionRow",
    "microseconds",
    "other_ends",
    "places_in",
]


_NEVER = int(NEVER)

NUMBER_BITS = 28
"""Bits of a document's number: keys of the postings have no room for more."""


class Entry(NamedTuple):
    """A stored document without its body."""

    num: int  # order of arrival; a revision has a new one
    id: str
    raw: bytes  # hash of the raw text
    content: bytes  # hash of the body, big-endian so that bytes compare as the numbers do
    title: str | None
    source: str | None
    url: str | None
    published: int | None  # microseconds since the epoch
    updated: int | None
    language: str | None
    stored: int  # microseconds, when it came
    tokens: int  # of the body
    words: int
    raw_tokens: int
    removed_chars: int
    credited: int
    bodiless: int
    spaceless: int
    agencies: str  # JSON list
    judgement: int  # row of the settings it was judged with
    leader: int  # the document it is a copy of, or itself
    revises: int  # the number of the first text of its id; -1 for that itself
    occurrence: int  # the document whose window its text counts for
    in_window: int
    family: int  # row of the family; of a leader only, copies go with theirs
    roundup: int
    agreed: int  # words that another version carries too
    is_new: int  # it founded a family when it was first added

    @property
    def key(self) -> tuple[int, bytes, bytes]:
        """The order of documents everywhere: published, nulls last; content; id."""
        return self.time, self.content, self.id.encode()

    @property
    def posted(self) -> int:
        """The number its fingerprints are found by, one for all revisions."""
        return self.num if self.revises < 0 else self.revises

    @property
    def time(self) -> int:
        """Microseconds, NEVER where unknown."""
        return _NEVER if self.published is None else self.published

    def is_before(self, other: Entry) -> bool:
        """Whether its key is the smaller; making keys takes longer than comparing times."""
        before, after = self.time, other.time
        return before < after if before != after else self.key < other.key


@dataclass(frozen=True, slots=True)
class Body:
    """The body tokens of a document.

    Attributes:
        hash: uint64[t].
        flags: uint8[t].
        attested: bool[t], another member of the family carries the token; None before one was looked at.
    """

    hash: NDArray[np.uint64]
    flags: NDArray[np.uint8]
    attested: NDArray[np.bool_] | None = None

    def with_attested(self, attested: NDArray[np.bool_] | None) -> Body:
        """The same with what other members carry."""
        return Body(self.hash, self.flags, attested)


class FamilyRow(NamedTuple):
    """A family; one document alone is one, too."""

    num: int
    id: str
    canonical: int
    earliest: int
    size: int
    most: int  # the greatest weight of a member, -1 where it isn't known
    changed: int = 0  # microseconds; set when it is written


class RevisionRow(NamedTuple):
    """A former text of a document."""

    raw: bytes  # hash of the raw text
    title: str | None
    published: int | None  # microseconds
    updated: int | None
    stored: int
    text: bytes | None  # compressed


class ChangeRow(NamedTuple):
    """Something that happened to a family, in the order of ``seq``."""

    kind: str
    document: str | None = None
    family: str | None = None
    other: str | None = None


_NONE = np.empty(0, np.int64)
NO_EDGES = Edges(
    a=_NONE,
    b=_NONE,
    kind=np.empty(0, np.uint8),
    coverage_a=np.empty(0),
    coverage_b=np.empty(0),
    shared_words=_NONE,
    narrative_words=_NONE,
    longest=_NONE,
    run_start=_NONE,
    run_stop=_NONE,
    runs=np.empty((0, 3), np.int32),
)
"""Edges of stored documents have their numbers for a and b."""

NO_LINKS = Links(NO_EDGES.a, NO_EDGES.b, NO_EDGES.kind, NO_EDGES.coverage_a, NO_EDGES.coverage_b)


def other_ends(edges: Edges, num: int) -> list[int]:
    """The documents that edges of one document lead to."""
    if not len(edges):  # of most documents there are none
        return []
    ends: list[int] = np.where(edges.a == num, edges.b, edges.a).tolist()
    return ends


def places_in(order: Sequence[Entry], *ends: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The places in an order of documents of their numbers."""
    nums = np.array([e.num for e in order], np.int64)
    by_num = np.argsort(nums)
    return [by_num[nums[by_num].searchsorted(end)] for end in ends]


def microseconds() -> int:
    """Now."""
    return time.time_ns() // 1000
