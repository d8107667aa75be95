"""The words of the package as data: what goes in and what comes out.

Everything here is frozen and slotted. Offsets are characters (Unicode code points) of the raw text,
half-open. Ratios lie in 0..1. Inside the pipeline the same facts are Arrow columns; these classes are made
on access.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003  (type hints of the classes are asked for)
from enum import StrEnum
from typing import Any, Self

from dedup.errors import InputError
from dedup.values import as_text, no_date, no_mapping, no_text, parse_time

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


@dataclass(frozen=True, slots=True)
class Document:
    """One article.

    Attributes:
        id: Unique within a corpus.
        text: The raw text, kept as it came.
        title: Headline, if it is known apart from the text.
        source: Who published it; by default the host of ``url``. Readers take the host of a URL.
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
    def from_record(cls, record: Mapping[str, Any], *, warn: Callable[[str], None] | None = None) -> Self:
        """Make a document of a mapping; fields it does not know are ignored.

        Args:
            record: The fields.
            warn: Takes what is said of a date that could not be read: the document goes without it.

        Raises:
            InputError: It is no mapping, ``text`` is missing or a field has the wrong type.
        """
        if not isinstance(record, Mapping):
            raise InputError(no_mapping(record))
        values: dict[str, Any] = {}
        for name in cls.__slots__:
            try:
                values[name] = as_text(name, record.get(name))
            except TypeError as error:
                raise InputError(str(error)) from error
        if values["text"] is None:
            raise InputError(no_text("text", record))
        for name in ("published", "updated"):
            try:
                values[name] = parse_time(values[name])
            except ValueError:
                if warn:
                    warn(no_date(name, values[name]))
                values[name] = None
        return cls(**{**values, "id": values["id"] or ""})


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
    """A run of text that two documents have word for word, case, accents and typographic signs aside.

    A word that was edited ends it.

    Attributes:
        a_start: First character in the raw text of document a.
        a_end: One past its last.
        b_start: First character in the raw text of document b.
        b_end: One past its last.
    """

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
        coverage_a: Share of a's words that b has; stock text is left out, light edits count.
        coverage_b: Share of b's words that a has.
        shared_words: Words taken over, light edits among them.
        narrative_words: Those of them outside quotations.
        jaccard: Jaccard similarity of the two sets of shingles, estimated from the signatures.
        roundup: One of the two is a roundup.
        passages: What is equal word for word, in the order of a.
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
