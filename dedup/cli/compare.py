"""``dedup compare``: how two texts are related, and why."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.documents import HELP, load_two
from dedup.cli.options import Json
from dedup.cli.terminal import console, fit, percent, put, safe
from dedup.model import RelationKind

if TYPE_CHECKING:
    from rich.table import Table

    from dedup.config import Settings
    from dedup.model import CleanText, Document, Relation

__all__ = ["compare", "explain"]

MOST_PASSAGES = 20  # printed; --json has them all
LINES = 3  # of a passage, about


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=HELP, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Say how two articles are related, and why.

    Shows the rule that decided, what was stripped, and the passages they share.
    """
    import orjson

    import dedup

    one, two = load_two(a, b)
    relation = dedup.compare(one, two)
    rule = explain(relation, dedup.Settings())
    cleaned = [dedup.strip_boilerplate(d.text, title=d.title, source=d.source) for d in (one, two)]
    if as_json:
        typer.echo(orjson.dumps(_as_dict(relation, rule, cleaned)))
    else:
        _show((a, b), (one, two), relation, rule, cleaned)


def explain(relation: Relation, settings: Settings) -> str:
    """The rule that decided, in words, with the figures it looked at."""
    least, most = sorted((relation.coverage_a, relation.coverage_b))  # the shorter one is covered more
    shared, narrative = relation.shared_words, relation.narrative_words
    outside = f"{narrative} shared words outside quotations"
    match relation.relation:
        case RelationKind.EXACT:
            return "the articles are equal word for word, once folded and stripped"
        case RelationKind.NEAR:
            return (
                f"each is covered by the other almost whole: {percent(least)} and {percent(most)}, "
                f"at least {percent(settings.near_coverage)}"
            )
        case RelationKind.VERSION:
            return (
                f"{percent(most)} of the shorter is in the longer, "
                f"at least {percent(settings.version_coverage)}, with {outside}"
            )
        case RelationKind.PARTIAL:
            return (
                f"{outside}, at least {settings.partial_words}; but only {percent(most)} of the shorter "
                f"is in the longer, less than {percent(settings.version_coverage)}"
            )
        case RelationKind.QUOTE:
            return (
                f"{shared} words are shared, but only {narrative} of them outside quotations, "
                f"fewer than {settings.partial_words}"
            )
    if not shared:
        return "no passage is shared"
    if shared >= settings.quote_words and (
        narrative >= settings.partial_words or most >= settings.version_coverage
    ):
        return f"{shared} words are shared, but most figures in them differ: one frame, other facts"
    return (
        f"only {shared} words are shared; a quotation takes {settings.quote_words} "
        f"with a run of {settings.min_run}"
    )


def _as_dict(relation: Relation, rule: str, cleaned: list[CleanText]) -> dict[str, Any]:
    sides = zip("ab", cleaned, strict=True)
    return {
        **asdict(relation),
        "rule": rule,
        **{f"removed_{side}": [asdict(span) for span in text.removed] for side, text in sides},
        "agencies_a": [asdict(agency) for agency in cleaned[0].agencies],
        "agencies_b": [asdict(agency) for agency in cleaned[1].agencies],
    }


def _show(
    names: tuple[str, str],
    documents: tuple[Document, Document],
    relation: Relation,
    rule: str,
    cleaned: list[CleanText],
) -> None:
    from rich.text import Text

    screen = console()
    half = max(10, (min(screen.width, 160) - 16) // 2)
    facts = _table("", half)
    rows: dict[str, list[str | None]] = {
        "id": [document.id for document in documents],
        "title": [document.title for document in documents],
        "source": [document.source for document in documents],
        "published": [_moment(document) for document in documents],
        "covered": [percent(relation.coverage_a), percent(relation.coverage_b)],
        "stripped": [_stripped(text) for text in cleaned],
        "agencies": [_agencies(text) for text in cleaned],
    }
    for label, values in rows.items():
        facts.add_row(label, *(Text(fit(value or "–", half)) for value in values))
    parts: list[Any] = [
        Text.assemble((relation.relation.value, "bold"), f": {rule}"),
        "",
        facts,
    ]
    if relation.passages:
        quoted = relation.shared_words - relation.narrative_words
        words = f"{relation.shared_words} words shared: {relation.narrative_words} narrative, {quoted} quoted"
        parts += ["", f"{words}; Jaccard {relation.jaccard:.2f}", "", _passages(documents, relation, half)]
        if len(relation.passages) > MOST_PASSAGES:
            parts.append(f"… and {len(relation.passages) - MOST_PASSAGES} more passages; --json has them all")
    if relation.relation is not RelationKind.NONE:
        parts += ["", f"What changed: {safe(shlex.join(['dedup', 'diff', *names]))}"]
    put(screen, *parts)


def _table(head: str, width: int) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(head, no_wrap=True, min_width=9)
    for side in "AB":
        table.add_column(side, width=width)
    return table


def _passages(documents: tuple[Document, Document], relation: Relation, width: int) -> Table:
    from rich.text import Text

    table = _table("passage", width)
    for number, passage in enumerate(relation.passages[:MOST_PASSAGES], 1):
        one = documents[0].text[passage.a_start : passage.a_end]
        two = documents[1].text[passage.b_start : passage.b_end]
        table.add_row(str(number), Text(fit(one, LINES * width)), Text(fit(two, LINES * width)))
    return table


def _moment(document: Document) -> str:
    return f"{document.published:%Y-%m-%d %H:%M} UTC" if document.published else ""


def _stripped(text: CleanText) -> str:
    counts = Counter(span.kind.value for span in text.removed)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _agencies(text: CleanText) -> str:
    return ", ".join(dict.fromkeys(f"{agency.name} ({agency.role})" for agency in text.agencies))
