"""Boilerplate: what stands on a page of news and is not the article, and the agencies the article names.

``strip`` decides on a batch, ``strip_boilerplate`` on one text. Every block is weighed by a small linear
model over named features (:mod:`.features`, :mod:`.model`), cues of thirty-six languages among them
(:mod:`.lexicon`); no phrase decides alone, and neighbours count.
"""

from dedup.boilerplate.agencies import AgencyRole, agency_names, agency_of
from dedup.boilerplate.findings import agency_tokens, credited_agencies, removed_chars
from dedup.boilerplate.recurring import BlockTable, Recurring, block_table, find_recurring, recurring_key
from dedup.boilerplate.stripping import (
    Stripped,
    clean_texts,
    lookup_keys,
    share_of_cues,
    strip,
    strip_boilerplate,
)
from dedup.boilerplate.units import Seen, sentence_starts

__all__ = [
    "AgencyRole",
    "BlockTable",
    "Recurring",
    "Seen",
    "Stripped",
    "agency_names",
    "agency_of",
    "agency_tokens",
    "block_table",
    "clean_texts",
    "credited_agencies",
    "find_recurring",
    "lookup_keys",
    "recurring_key",
    "removed_chars",
    "sentence_starts",
    "share_of_cues",
    "strip",
    "strip_boilerplate",
]
