"""Explaining: why two stored documents are related as they are, which no row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedup.candidates import Pairs
from dedup.edges import KINDS
from dedup.ingestion.placing import TextShingles
from dedup.ingestion.verifying import texts_of
from dedup.model import Relation, RelationKind
from dedup.overlap import decide
from dedup.ragged import distinct, is_in
from dedup.reasons import explain
from dedup.storage.codec import stocked
from dedup.storage.rows import Body
from dedup.texts import STOCK
from dedup.verdicts import Rule

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.storage.ledger import Ledger
    from dedup.storage.rows import Entry
    from dedup.texts import Texts

__all__ = ["explained"]


def explained(ledger: Ledger, a: Entry, b: Entry, settings: Settings) -> str:
    """The rule by which two documents are judged now, in words; what is stock for one is so for both."""
    first, second = (b, a) if b.is_before(a) else (a, b)
    if a.content == b.content:
        same = a.leader == b.leader or len(ledger.pairs.within([a.leader, b.leader])) > 0
        kind, rule = (RelationKind.EXACT, Rule.EXACT) if same else (RelationKind.NONE, Rule.NOTICES)
        return explain(Relation(first.id, second.id, kind), rule, settings)
    bodies = ledger.bodies.of([first.num, second.num])
    parts = [Body(body.hash, stocked(body.flags)) for body in (bodies[first.num], bodies[second.num])]
    texts = texts_of([first, second], parts)
    _share_stock(texts, settings)
    edges, rules = decide(texts, Pairs(np.array([0]), np.array([1])), settings)
    relation = Relation(
        *(first.id, second.id, KINDS[edges.kind[0]], float(edges.coverage_a[0]), float(edges.coverage_b[0])),
        *(int(edges.shared_words[0]), int(edges.narrative_words[0])),
    )
    return explain(relation, Rule(rules[0]), settings)


def _share_stock(texts: Texts, settings: Settings) -> None:
    """Flag what is stock in one of them in the other, too."""
    shingles = TextShingles(texts, np.zeros(len(texts.start), np.int64), settings)
    stock = distinct(shingles.hash[shingles.within(texts.flags & STOCK != 0)])
    texts.flags[shingles.covered(is_in(shingles.hash, stock))] |= np.uint8(STOCK)
