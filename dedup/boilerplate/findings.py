"""What stripping finds besides the body: the agencies a text is from, and how much was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dedup import kernels
from dedup.boilerplate.agencies import AgencyRole, agency_names
from dedup.boilerplate.spans import KINDS
from dedup.model import Kind
from dedup.ragged import first_of_each, owners, search, steps
from dedup.tokens import text_buffers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedup.boilerplate.stripping import Stripped
    from dedup.tokens import Tokens

__all__ = ["agency_tokens", "credited_agencies", "removed_chars"]

CREDIT_WORDS = 12
"""The most body words after a credit that ends the text."""

CAPTION, CAPTION_BYTES = KINDS.index(Kind.CAPTION), 60
"""A shorter caption at the end is the line of the agency itself."""


def agency_tokens(stripped: Stripped, tokens: Tokens) -> NDArray[np.int64]:
    """The token that each agency's name begins with: int64[A], ascending."""
    if not len(stripped.agency_start):
        return np.empty(0, np.int64)
    holder = owners(stripped.agency_offsets)
    first, stop = tokens.offsets[holder], tokens.offsets[holder + 1]
    return search(tokens.start, first, stop, stripped.agency_start.astype(np.int64))


def credited_agencies(
    stripped: Stripped, tokens: Tokens, kept: NDArray[np.int64], named: NDArray[np.int64]
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Agencies the text is from, each once, and whether there is one.

    Those that a dateline or byline names, or a credit at the end; a credit further up is a picture's.

    Args:
        stripped: What stripping found.
        tokens: The batch's token stream.
        kept: int64[T + 1], how many body tokens come before each.
        named: int64[A], of :func:`agency_tokens`.
    """
    documents = len(tokens)
    if not len(stripped.agency_name):
        return pa.array([[]] * documents, pa.list_(pa.string())), np.zeros(documents, bool)
    document = owners(stripped.agency_offsets)
    credited = (stripped.agency_role == AgencyRole.DATELINE) | (stripped.agency_role == AgencyRole.BYLINE)
    credit = np.flatnonzero(stripped.agency_role == AgencyRole.CREDIT)
    if len(credit):
        holder = document[credit]
        last = kept[tokens.offsets[holder + 1]] - kept[named[credit]] <= CREDIT_WORDS
        credited[credit] = last & ~_in_caption(stripped, holder, stripped.agency_start[credit])
    document, name = document[credited], stripped.agency_name[credited]
    known = agency_names()
    first = first_of_each(document * np.int64(len(known)) + name)
    offsets = np.searchsorted(document[first], np.arange(documents + 1))
    names = pa.array([known[number] for number in name[first].tolist()], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), names), steps(offsets) > 0


def _in_caption(
    stripped: Stripped, document: NDArray[np.int64], place: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Places, bytes in the given documents, that lie in a removed caption of some length."""
    if not len(stripped.removed_start):
        return np.zeros(len(document), bool)
    holder = owners(stripped.removed_offsets)
    sought = (document << 32) | place
    at = np.maximum(np.searchsorted((holder << 32) | stripped.removed_start, sought, "right") - 1, 0)
    start, end = stripped.removed_start[at], stripped.removed_end[at]
    caption = (stripped.removed_kind[at] == CAPTION) & (end - start >= CAPTION_BYTES)
    inside: NDArray[np.bool_] = caption & (holder[at] == document) & (place < end)
    return inside


def removed_chars(stripped: Stripped, texts: pa.Array) -> NDArray[np.int64]:
    """Characters taken out of each document: int64[n]."""
    if not len(stripped.removed_start):
        return np.zeros(len(texts), np.int64)
    data, offsets = text_buffers(texts)
    document = owners(stripped.removed_offsets)
    start, end = offsets[document] + stripped.removed_start, offsets[document] + stripped.removed_end
    characters = np.empty(len(document), np.int64)
    kernels.get().count_characters(data, start, end, characters)
    return np.bincount(document, characters, len(texts)).astype(np.int64)
