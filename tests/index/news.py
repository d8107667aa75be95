"""Invented articles: stories of sentences, and what outlets make of them."""

import random
from datetime import UTC, datetime, timedelta

from dedup.model import Document

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
SYLLABLES = (
    "ba",
    "do",
    "ki",
    "lu",
    "me",
    "no",
    "pa",
    "ri",
    "so",
    "tu",
    "va",
    "ze",
    "cha",
    "gro",
    "sti",
    "plen",
)


def words(seed: object, count: int) -> list[str]:
    draw = random.Random(str(seed))
    return ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(count)]


def paragraph(seed: object, count: int = 40) -> str:
    text = " ".join(words(seed, count))
    return f"{text[0].upper()}{text[1:]}."


def story(number: int, paragraphs: int = 6) -> list[str]:
    return [paragraph((number, i)) for i in range(paragraphs)]


def article(identity: str, parts: list[str], hours: float | None = 0, **more) -> Document:
    published = None if hours is None else START + timedelta(hours=hours)
    return Document(identity, "\n\n".join(parts), published=published, **more)


def version(number: int, kind: int) -> list[str]:
    """Some text of a story: 0 whole, 1 cut, 2 topped, 3 retouched, 4 quoted in another story, 5 alone."""
    parts = story(number)
    if kind == 1:
        return parts[:4]
    if kind == 2:
        return [paragraph(("top", number)), *parts]
    if kind == 3:
        return [parts[0].replace(" ", " indeed ", 1), *parts[1:]]
    if kind == 4:
        return [*story(number + 1000, 5), parts[1], parts[2]]
    if kind == 5:
        return story(number + 2000)
    return parts
