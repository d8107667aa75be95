"""Verifying new documents as a run does, by the same functions, on the few that concern each."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup.candidates import Pairs
from dedup.edges import Edges
from dedup.overlap import equal, verify
from dedup.ragged import running
from dedup.shingles import widths
from dedup.stock import flag
from dedup.storage.codec import bare
from dedup.storage.rows import NO_EDGES
from dedup.templates import FORM
from dedup.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dedup.config import Settings
    from dedup.storage.rows import Body, Entry

__all__ = ["texts_of", "verified"]


def verified(
    pairs: Sequence[tuple[Entry, Body, Entry]],
    bodies: Mapping[int, Body],
    stock: Mapping[int, NDArray[np.uint64]],
    settings: Settings,
) -> Edges:
    """Verified pairs of new documents and others, a row each.

    Args:
        pairs: New documents, those of one next to each other, with stock marked; and the others.
        bodies: Of the others.
        stock: Shingles of 48 bits by new document, sorted: they may have become stock after the others came.
        settings: What to do.
    """
    if not pairs:
        return NO_EDGES
    everyone: list[Entry] = []
    parts: list[Body] = []
    here: list[int] = []
    there: list[int] = []
    begins: list[int] = []
    for entry, body, other in pairs:  # what is stock is so for one document, so each has texts of its own
        if not begins or everyone[begins[-1]] is not entry:
            begins.append(len(everyone))
            everyone.append(entry)
            parts.append(body)
        here.append(begins[-1])
        there.append(len(everyone))
        everyone.append(other)
        parts.append(bodies[other.num])
    texts = texts_of(everyone, parts)
    size = widths(texts.spaceless, settings)
    for first, last in pairwise([*begins, len(everyone)]):
        mine = stock.get(everyone[first].num)
        if mine is not None and len(mine):
            part = slice(first, last)
            flag(texts.hash, texts.start[part], texts.stop[part], size[part], mine, texts.flags, settings)
    one, two = np.array(here), np.array(there)
    later = np.array([other.is_before(entry) for entry, _, other in pairs])
    ends = Pairs(np.where(later, two, one), np.where(later, one, two))
    alike = np.array([entry.content == other.content for entry, _, other in pairs])
    if alike.any():
        apart = np.flatnonzero(~alike)
        found = equal(texts, ends.a[alike], ends.b[alike])
        if len(apart):
            rest = verify(texts, Pairs(ends.a[apart], ends.b[apart]), settings)
            order = np.argsort(np.concatenate([np.flatnonzero(alike), apart]))
            found = Edges.concat([found, rest]).take(order)
    else:
        found = verify(texts, ends, settings)
    nums = np.array([e.num for e in everyone])
    return found.between(nums[found.a], nums[found.b])


def texts_of(entries: Sequence[Entry], bodies: Sequence[Body]) -> Texts:
    """Body tokens of documents, numbered in their order."""
    bounds = running([len(body.hash) for body in bodies])
    titles = [e.title if e.words < FORM else None for e in entries]
    numbers: dict[str, int] = {}  # for a few ``columns.codes`` takes a hundred times as long
    sources = [-1 if e.source is None else numbers.setdefault(e.source, len(numbers)) for e in entries]
    return Texts(
        np.concatenate([np.empty(0, np.uint64), *(body.hash for body in bodies)]),
        bare(np.concatenate([np.empty(0, np.uint8), *(body.flags for body in bodies)])),
        bounds[:-1],
        bounds[1:],
        np.array([e.spaceless for e in entries], np.uint8),
        np.array([e.time for e in entries], np.int64),
        np.array(sources, np.int64),
        pa.array(titles, pa.string()) if any(titles) else None,  # an array of nothing takes its time
    )
