"""What to call an article in a list: its headline, or how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from dedup.boilerplate import clean_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedup.model import Document

__all__ = ["HEAD", "headlines"]

HEAD = 1000
"""Characters of a text that are looked at where a title is missing."""

_LENGTH = 120  # characters of a text that stand for a title


def headlines(documents: Sequence[Document]) -> list[str]:
    """The title of each document; without one how its article begins, boilerplate aside, at worst its id."""
    untitled = [document for document in documents if not (document.title or "").strip()]
    heads = pa.array([document.text[:HEAD] for document in untitled], pa.large_string())
    nothing = pa.nulls(len(untitled), pa.string())
    batch = pa.record_batch({"text": heads, "title": nothing, "source": nothing})
    cleaned = iter(clean_texts(batch) if untitled else ())
    names = []
    for document in documents:
        name = document.title or ""
        if not name.strip():
            body = " ".join(next(cleaned).text.split()) or " ".join(document.text[:HEAD].split())
            name = body if len(body) <= _LENGTH else f"{body[:_LENGTH].rsplit(' ', 1)[0]} …"
        names.append(name or document.id)
    return names
