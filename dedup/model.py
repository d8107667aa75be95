"""The words of the package as data: what goes in and what comes out.

Everything here is frozen and slotted. Offsets are characters (Unicode code points) of the raw text,
half-open. Ratios lie in 0..1. Inside the pipeline the same facts are Arrow columns; these classes are made
on access.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from dedup.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Agency",
    "CleanText",
    "Document",
    "Kind",
    "Passage",
    "Relation",
    "RelationKind",
    "Removed",
    "Role",
    "parse_time",
]


class RelationKind(StrEnum):
    """How two documents are related, strongest first."""

    EXACT = "exact"
    NEAR = "near"
    VERSION = "version"
    PARTIAL = "partial"
    QUOTE = "quote"
    NONE = "none"

    @property
    def joins(self) -> bool:
        """Whether documents so related belong to one family."""
        return self in (RelationKind.EXACT, RelationKind.NEAR, RelationKind.VERSION)


class Role(StrEnum):
    """What a document is within the result."""

    CANONICAL = "canonical"
    VARIANT = "variant"
    SINGLE = "single"
    ROUNDUP = "roundup"


class Kind(StrEnum):
    """Kinds of boilerplate."""

    APPEAL = "appeal"
    CAPTION = "caption"
    CREDIT = "credit"
    NAV = "nav"
    WIDGET = "widget"
    META = "meta"
    TITLE = "title"
    REPEAT = "repeat"


def parse_time(value: str | datetime | None) -> datetime | None:
    """Read an ISO 8601 date or time; naive ones are UTC.

    Raises:
        ValueError: The text is no ISO 8601 date.
    """
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Document:
    """One article.

    Attributes:
        id: Unique within a corpus.
        text: The raw text, kept as it came.
        title: Headline, if it is known apart from the text.
        source: Who published it; by default the host of ``url``.
        published: When, in UTC.
        url: Where it stood.
        updated: When it was last changed, in UTC; decides between two records of one id.
        language: ISO 639-1 code; detected where it is None.
    """

    id: str
    text: str
    title: str | None = None
    source: str | None = None
    published: datetime | None = None
    url: str | None = None
    updated: datetime | None = None
    language: str | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Make a document of a mapping; fields it does not know are ignored.

        Raises:
            InputError: ``text`` is missing or a field has the wrong type.
        """
        text = record.get("text")
        if not isinstance(text, str):
            raise InputError(
                "text is missing" if text is None else f"text is {type(text).__name__}, not a string"
            )
        identity = record.get("id")
        values: dict[str, Any] = {}
        for name in ("title", "source", "url", "language"):
            value = record.get(name)
            if value is not None and not isinstance(value, str):
                raise InputError(f"{name} is {type(value).__name__}, not a string")
            values[name] = value
        for name in ("published", "updated"):
            try:
                values[name] = parse_time(record.get(name))
            except (TypeError, ValueError) as error:
                raise InputError(f"{name} is no ISO 8601 date: {record.get(name)!r}") from error
        return cls(id="" if identity is None else str(identity), text=text, **values)


@dataclass(frozen=True, slots=True)
class Removed:
    """A span taken out of a text, with its kind."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Agency:
    """A news agency named by a text as its origin.

    Attributes:
        name: The agency's usual short name, such as ``AFP``.
        role: Where it was read: ``dateline``, ``byline``, ``credit`` or ``mention`` ("told AFP").
        start: First character of the place.
        end: One past its last character.
    """

    name: str
    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text without its boilerplate.

    Attributes:
        text: What stays, blocks separated as they were.
        removed: What was taken out, in order, without overlap, in characters of the raw text.
        agencies: The agencies read before stripping, in order of appearance.
    """

    text: str
    removed: tuple[Removed, ...] = ()
    agencies: tuple[Agency, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text that two documents share word for word, once folded; a lightly edited place ends it."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True)
class Relation:
    """How document ``a`` and document ``b`` are related, with the evidence.

    Attributes:
        a: Id of the first document.
        b: Id of the second.
        relation: The kind.
        coverage_a: Share of a's body words (stock text left out) inside passages shared with b.
        coverage_b: The same of b by a.
        shared_words: Words inside shared passages, the smaller of both sides.
        narrative_words: Those of them outside quotations.
        jaccard: Jaccard similarity of the two sets of shingles.
        roundup: One of the two is a roundup.
        passages: The shared passages, in the order of a.
    """

    a: str
    b: str
    relation: RelationKind
    coverage_a: float = 0.0
    coverage_b: float = 0.0
    shared_words: int = 0
    narrative_words: int = 0
    jaccard: float = 0.0
    roundup: bool = False
    passages: tuple[Passage, ...] = field(default=())
