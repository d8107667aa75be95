"""What to call an article in a list: its headline, or how it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.boilerplate import strip
from dedup.ragged import running
from dedup.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedup.model import Document

__all__ = ["HEAD", "headlines"]

HEAD = 1000
"""Characters of a text that are looked at where a title is missing."""

_LENGTH = 120  # characters of a text that stand for a title
_WORDS = 3  # of a paragraph that does: fewer are seldom a headline


def headlines(documents: Sequence[Document]) -> list[str]:
    """The title of each document; without one its first paragraph, boilerplate aside; at worst its id."""
    untitled = [document for document in documents if not (document.title or "").strip()]
    first = iter(_first_paragraphs([document.text[:HEAD] for document in untitled]) if untitled else ())
    names = []
    for document in documents:
        name = document.title or ""
        if not name.strip():
            name = next(first)
            name = name if len(name) <= _LENGTH else f"{name[:_LENGTH].rsplit(' ', 1)[0]} …"
        names.append(name or document.id)
    return names


def _first_paragraphs(texts: Sequence[str]) -> Iterator[str]:
    """The first paragraph of each text that has words of the article, as one line."""
    column = pa.array(texts, pa.large_string())
    tokens = tokenize(column)
    body = strip(tokens, pa.record_batch({"text": column})).body
    before = running(body)[tokens.block_first]
    words = np.diff(before)
    for number, text in enumerate(texts):
        low, high = tokens.block_offsets[number : number + 2]
        if low == high:
            yield ""
            continue
        own = words[low:high]
        if own.max() < _WORDS:  # nothing but furniture
            own = np.diff(tokens.block_first)[low:high]
        block = low + int((own >= min(_WORDS, own.max())).argmax())
        first, start = tokens.block_first[block], tokens.block_start[block]
        if words[block] and not body[first]:  # a dateline goes before
            start = tokens.start[first + body[first:].argmax()]
        yield " ".join(text.encode()[start : tokens.block_end[block]].decode().split())
