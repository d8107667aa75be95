"""Why two documents are related as they are, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.alignment import LIFTED
from dedup.overlap import HALF
from dedup.verdicts import PARAGRAPH, Rule
from dedup.wording import percent

if TYPE_CHECKING:
    from dedup.config import Settings
    from dedup.model import Relation

__all__ = ["explain"]


_FRAMES = {
    Rule.FIGURES: "their figures differ",
    Rule.WEEKDAYS: "their days differ",
    Rule.NAMES: "the names in their headlines differ",
    Rule.FURNITURE: "they stand at the head and the foot alone",
}


def explain(relation: Relation, rule: Rule, settings: Settings) -> str:
    """The rule that decided, in words, with the figures it looked at.

    Args:
        relation: Of two articles.
        rule: By which they were judged.
        settings: What they were judged with.
    """
    least, most = sorted((relation.coverage_a, relation.coverage_b))  # the shorter one is covered more
    shared, narrative = relation.shared_words, relation.narrative_words
    outside = f"{narrative} shared words outside quotations"
    limit, apart = settings.version_coverage, settings.version_coverage_apart
    window = f"but articles more than {settings.stock_window_days} days apart share"
    covered = f"{percent(most)} of the shorter is in the longer"
    match rule:
        case Rule.FEW if not shared:
            return "no passage is shared"
        case Rule.FEW if shared < settings.quote_words:
            return f"only {shared} words are shared, fewer than {settings.quote_words}"
        case Rule.FEW:
            return f"{shared} words are shared, but no run of them has {settings.min_run}"
        case Rule.QUOTED:
            few = min(settings.two_sentences, settings.partial_words)  # more do not count as sentences
            fewer = f"fewer than {few}"
            if narrative >= few:
                fewer = f"fewer than {settings.partial_words}, and in fewer than two sentences"
            return f"{shared} words are shared, but only {narrative} of them outside quotations, {fewer}"
        case Rule.FIGURES | Rule.WEEKDAYS | Rule.NAMES | Rule.FURNITURE:
            return f"{shared} words are shared, but {_FRAMES[rule]}: one frame, other facts"
        case Rule.BACKGROUND:
            return (
                f"{outside}, {window} background: {_missed(most, settings.partial_coverage_apart)}, and not "
                f"{percent(PARAGRAPH[1])} with a run of {PARAGRAPH[0]} words"
            )
        case Rule.SCRAPS:
            return f"{outside}, {window} a frame: runs of fewer than {LIFTED} words on average"
        case Rule.FACTS:
            return (
                f"{outside} are not stock text, but they hold the figures of one day, "
                f"in a passage of at least {settings.partial_words} words"
            )
        case Rule.SENTENCES | Rule.PASSAGES:
            enough = f"{settings.partial_words}"
            if rule is Rule.SENTENCES:
                enough = f"{settings.two_sentences} in two sentences or more"
            return f"{outside}, at least {enough}; but only {_missed(most, limit)}"
        case Rule.SEQUEL:
            return f"{outside}; but only {_missed(most, apart)}, which texts days apart must share"
        case Rule.THIN:
            return f"{covered}, but with {outside}, fewer than {settings.version_words}"
        case Rule.RETOLD:
            return (
                f"{outside}; {covered}, but of its words outside quotations less than "
                f"{percent(settings.version_narrative)}"
            )
        case Rule.COVERED | Rule.ROUNDED:
            return f"{_reached(most, limit)}, with {outside}"
        case Rule.LATER:
            return f"{covered}, at least {percent(apart)}, which texts days apart must share, with {outside}"
        case Rule.REPORT:
            return f"{_reached(most, limit)}, and it holds the figures of one day"
        case Rule.BRIEF:
            return f"{covered}, at least {percent(HALF)}, and of another source, with {outside}"
        case Rule.CUT:
            return f"the shorter was cut from the longer: {percent(most)} and {percent(least)} are shared"
        case Rule.FLASH:
            return f"a flash, and what it grew into within half a day: {percent(most)} of it is in the longer"
        case Rule.WHOLE:
            return f"most of both is shared, whoever says it: {percent(least)} and {percent(most)}"
        case Rule.NEAR:
            return (
                f"each is covered by the other almost whole: {percent(least)} and {percent(most)}, "
                f"at least {percent(settings.near_coverage)}"
            )
        case Rule.EXACT:
            return "the articles are equal word for word, once folded and stripped"


def _reached(share: float, limit: float) -> str:
    """That a share of the shorter text is enough, if need be with the rest of sentences."""
    if share >= limit:
        return f"{percent(share)} of the shorter is in the longer, at least {percent(limit)}"
    return (
        f"{_below(share, limit)} of the shorter is in the longer, and at least {percent(limit)} with "
        "the rest of sentences half of which are"
    )


def _missed(share: float, limit: float) -> str:
    """That a share of the shorter text is not enough."""
    return f"{_below(share, limit)} of the shorter is in the longer, less than {percent(limit)}"


def _below(share: float, limit: float) -> str:
    """A share that is less than a limit; never rounded up to it."""
    said = percent(share)
    return said if said != percent(limit) else percent(max(share - 0.01, 0.0))
