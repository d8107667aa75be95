"""Why two documents are related as they are, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.alignment import LIFTED
from dedup.templates import PHRASE
from dedup.verdicts import PARAGRAPH, Rule
from dedup.wording import count, percent

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.model import Relation

__all__ = ["explain"]

_FRAMES = {
    Rule.FIGURES: "their figures differ",
    Rule.WEEKDAYS: "their days differ",
    Rule.NAMES: "the names in their headlines differ",
    Rule.FURNITURE: "only at the head or the foot",
    Rule.PHRASES: f"in phrases of fewer than {PHRASE} on average",
}


def explain(relation: Relation, rule: Rule, settings: Settings) -> str:
    """The rule that decided, in words, with the figures it looked at and what the next relation needs.

    Args:
        relation: Of two articles.
        rule: By which they were judged.
        settings: What they were judged with.
    """
    least, most = sorted((relation.coverage_a, relation.coverage_b))  # the shorter one is covered more
    shared, narrative = relation.shared_words, relation.narrative_words
    limit, apart = settings.version_coverage, settings.version_coverage_apart
    outside = f"they share {count(narrative, 'word')} outside quotations"
    has = f"the longer article has {percent(most)} of the shorter one"
    of_it = f"{count(narrative, 'word')} of it outside quotations"
    both = f"{percent(most)} of one and {percent(least)} of the other"
    late = f"more than {count(settings.stock_window_days, 'day')} apart"
    two = settings.two_sentences < settings.partial_words  # else sentences make no difference
    match rule:
        case Rule.FEW if not shared:
            return "they share no passage"
        case Rule.FEW if shared < settings.quote_words:
            return f"they share only {count(shared, 'word')} (quote needs {settings.quote_words})"
        case Rule.FEW:
            return f"they share {count(shared, 'word')}, but no {settings.min_run} of them in a row"
        case Rule.EMPTY:
            return "one of them has no text left once what is not the article is stripped"
        case Rule.RECURRING:
            return "stock text aside, which recurs across time and stories, they share no passage"
        case Rule.NOTICES:
            return "word for word the same, but mostly stock text, and of two days: two notices"
        case Rule.QUOTED:
            sentences = f", in two sentences {settings.two_sentences}" * two
            needs = f"(partial needs {settings.partial_words}{sentences})"
            if narrative == shared:
                return f"they share only {count(narrative, 'word')} outside quotations {needs}"
            some = f"only {narrative}" if narrative else "none"
            return f"they share {count(shared, 'word')}, but {some} outside quotations {needs}"
        case Rule.FIGURES | Rule.WEEKDAYS | Rule.NAMES | Rule.FURNITURE | Rule.PHRASES:
            return f"they share {count(shared, 'word')}, but {_FRAMES[rule]}: one frame around other facts"
        case Rule.BACKGROUND:
            return (
                f"{outside}, but {late} that is background: {_missed(most, settings.partial_coverage_apart)} "
                f"(partial then needs {percent(settings.partial_coverage_apart)}, or {percent(PARAGRAPH[1])} "
                f"and {PARAGRAPH[0]} words in a row)"
            )
        case Rule.SCRAPS:
            return f"{outside}, but {late} and in pieces of fewer than {LIFTED} words on average: a frame"
        case Rule.FACTS:
            return (
                f"they share the figures of one day in a passage of at least {settings.partial_words} words, "
                f"though only {count(narrative, 'word')} that are neither quoted nor stock text"
            )
        case Rule.SENTENCES | Rule.PASSAGES:
            enough = f"(partial needs {settings.partial_words})"
            if rule is Rule.SENTENCES:
                enough = f"in two sentences or more (partial needs {settings.two_sentences})"
            return f"{outside} {enough}, but {_missed(most, limit)} (version needs at least {percent(limit)})"
        case Rule.SEQUEL:
            return f"{outside}, but {_missed(most, apart)} (version needs {percent(apart)} days apart)"
        case Rule.THIN:
            needs = f"(version needs {settings.version_words}, of short articles fewer)"
            return f"{has}, but only {of_it} {needs}"
        case Rule.RETOLD:
            return (
                f"{has}, but less than {percent(settings.version_narrative)} of its words outside quotations"
            )
        case Rule.COVERED | Rule.ROUNDED:
            return f"{_reached(most, limit)}, {of_it}"
        case Rule.LATER:
            return f"{has} (version needs {percent(apart)} days apart), {of_it}"
        case Rule.REPORT:
            return f"{_reached(most, limit)}, with the figures of one day"
        case Rule.BRIEF:
            return f"the longer article, of another source, has {percent(most)} of the shorter one, {of_it}"
        case Rule.CUT:
            return f"the shorter article was cut from the longer one: they share {both}"
        case Rule.FLASH:
            return f"a flash, and within half a day of it a longer article that has {percent(most)} of it"
        case Rule.WHOLE:
            return f"whoever says it, most of both is shared: {both}"
        case Rule.NEAR:
            needs = f"(near needs {percent(settings.near_coverage)} of both)"
            if least >= 1:
                return f"all of both is shared, but for light edits or the order {needs}"
            return f"almost all is shared: {both} {needs}"
        case Rule.EXACT:
            return "word for word the same, but for case, accents, punctuation and what was stripped"


def _reached(share: float, limit: float) -> str:
    """That a share of the shorter article is enough, if need be with the rest of sentences."""
    if share >= limit:
        return f"the longer article has {percent(share)} of the shorter one (version needs {percent(limit)})"
    return (
        f"the longer article has {_below(share, limit)} of the shorter one, and with the rest of sentences "
        f"half of which are shared the {percent(limit)} that version needs"
    )


def _missed(share: float, limit: float) -> str:
    """That a share of the shorter article is not enough."""
    return f"the longer article has only {_below(share, limit)} of the shorter one"


def _below(share: float, limit: float) -> str:
    """A share that is less than a limit; never rounded up to it."""
    said = percent(share)
    return said if said != percent(limit) else percent(max(share - 0.01, 0.0))
