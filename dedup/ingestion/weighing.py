"""Weighing again: what text that turns out to be stock means for pairs that are stored.

The first days of a series are judged before anybody can know that it is one, and their reports may have made
families. When a document comes of which some text is stock by then, the stored pairs that share that text are
verified anew without it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import Pairs
from dedup.edges import EXACT, Edges
from dedup.ingestion.keys import MARKS, NUMBER_BITS
from dedup.ingestion.placing import texts_of
from dedup.ingestion.seeking import looked_at
from dedup.overlap import verify
from dedup.ragged import distinct
from dedup.stock import flag

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.ingestion.drafts import Draft
    from dedup.ingestion.placing import Placement
    from dedup.storage.ledger import Ledger
    from dedup.storage.segments import Postings

__all__ = ["Weighed", "weigh_again"]

assert MARKS == 0  # so that a head is a fingerprint and nothing above it

_SHIFT = np.uint64(NUMBER_BITS)
_NUMBER = np.uint64((1 << NUMBER_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Stored pairs of which stock text made something else.

    Attributes:
        before: As they were.
        after: As they are, a row for each; ``NONE`` where nothing is left.
    """

    before: Edges
    after: Edges


def weigh_again(
    draft: Draft, placement: Placement, ledger: Ledger, postings: Postings, settings: Settings
) -> Weighed | None:
    """Stored pairs that the stock text of a new document makes other pairs of; None where there are none.

    Of documents that share a fingerprint the first and the last ones are looked at, as for candidates.
    """
    if not len(placement.newly_stock):
        return None
    marks = draft.marks[~draft.telling(placement.body.flags, settings)]
    heads = distinct(marks >> np.uint64(14)) << _SHIFT
    keys = postings.find(heads, heads | _NUMBER)
    keys = keys[keys & _NUMBER < placement.entry.num]
    keys = keys[looked_at((keys >> _SHIFT).astype(np.int64))]
    before = ledger.edges_within(distinct(keys & _NUMBER).tolist())
    before = before.take(before.kind != EXACT)
    if not len(before):
        return None
    nums = distinct(np.concatenate([before.a, before.b]))
    order = nums.tolist()
    known, bodies = ledger.entries(order), ledger.bodies(order)
    texts = texts_of([known[num] for num in order], [bodies[num] for num in order])
    size = settings.shingle_words * (1 + texts.spaceless.astype(np.int64))
    flag(texts.hash, texts.start, texts.stop, size, placement.newly_stock, texts.flags, settings)
    places = Pairs(np.searchsorted(nums, before.a), np.searchsorted(nums, before.b))
    after = verify(texts, places, settings)
    less = after.shared_words < before.shared_words
    if not less.any():
        return None
    after = replace(after, a=before.a, b=before.b)
    return Weighed(before.take(less), after.take(less))
