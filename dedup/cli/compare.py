"""``dedup compare``: how two texts are related, and why."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dedup.cli.documents import HELP, load_two
from dedup.cli.options import Fields, Json, parse_fields
from dedup.cli.terminal import console, fit, percent, put, safe
from dedup.model import RelationKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from dedup.config import Settings
    from dedup.model import CleanText, Document, Relation
    from dedup.result import Result

__all__ = ["compare", "explain"]

MOST_PASSAGES = 20  # printed; --json has them all
MOST_LEFT_OUT = 12
LINES = 3  # of a passage, about

Among = Annotated[
    list[str] | None,
    typer.Option(
        "--among",
        metavar="INPUT",
        help="Articles they stand among, as files, folders or patterns; what recurs there is stock text and "
        "counts for nothing. May be repeated.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A place in the raw text that counted for nothing: its kind is one of the stripped ones, or stock."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two articles, and what the judgement left out of it."""

    document: Document
    clean: CleanText
    left_out: tuple[LeftOut, ...]


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=HELP, show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    among: Among = None,
    field: Fields = None,
    as_json: Json = False,
) -> None:
    """Say how two articles are related, and why.

    Shows the rule that decided, the passages they share side by side, and what was left out.
    """
    import orjson

    import dedup
    from dedup.boilerplate import clean_texts
    from dedup.io import from_documents

    fields = parse_fields(field)
    documents = load_two(a, b, fields)
    result = dedup.find_families(_corpus(documents, among or [], fields))
    relation = result.relation(*(document.id for document in documents))
    batches = from_documents(documents)
    cleaned = [clean for batch in batches for clean in clean_texts(batch, result.recurring)]
    figures = _figures_differ(*(clean.text for clean in cleaned))
    one = documents[0].source is not None and documents[0].source == documents[1].source
    rule = explain(relation, result.settings, apart=_apart(*documents), figures=figures, one_source=one)
    sides = [_side(document, clean, result) for document, clean in zip(documents, cleaned, strict=True)]
    if as_json:
        typer.echo(orjson.dumps(_as_dict(relation, rule, sides)))
    else:
        _show((a, b), relation, rule, sides)


def _corpus(
    documents: tuple[Document, Document], among: list[str], fields: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The two, and all others of the inputs."""
    from dedup.io import read

    rows = [asdict(document) for document in documents]
    own = {document.id for document in documents}
    for batch in read(among, fields=fields) if among else ():
        rows += [row for row in batch.to_pylist() if row["id"] not in own]
    return rows


def _side(document: Document, clean: CleanText, result: Result) -> Side:
    stripped = [LeftOut(span.kind.value, span.start, span.end) for span in clean.removed]
    stock = [LeftOut("stock", *span) for span in result.stock_spans(document.id)]
    return Side(document, clean, tuple(sorted(stripped + stock, key=lambda place: place.start)))


def _apart(a: Document, b: Document) -> timedelta | None:
    """How long after one article the other was published; None where that is unknown."""
    if a.published is None or b.published is None:
        return None
    return abs(a.published - b.published)


def _figures_differ(a: str, b: str) -> bool:
    """Whether one text has a figure that the other lacks, or has it more often."""
    import pyarrow as pa

    from dedup.tokens import NUMBER, tokenize

    tokens = tokenize(pa.array([a, b], pa.large_string()))
    parts = [slice(*bounds) for bounds in pairwise(tokens.offsets.tolist())]
    one, two = (Counter(tokens.hash[part][tokens.flags[part] & NUMBER != 0].tolist()) for part in parts)
    return one != two


def explain(
    relation: Relation,
    settings: Settings,
    *,
    apart: timedelta | None = None,
    figures: bool = True,
    one_source: bool = False,
) -> str:
    """The rule that decided, in words, with the figures it looked at.

    Args:
        relation: Of two articles.
        settings: What it was judged with.
        apart: Time between their publication, None where it is unknown.
        figures: Their figures differ; one frame around the same figures has other days of the week, or other
            names in its headlines.
        one_source: Both are of one outlet, which may have a frame of its own around what it writes.
    """
    from dedup.overlap import CUT, FLASH, LIFTED, PARAGRAPH, REST, WHOLE
    from dedup.templates import ANOTHER_DAY, FRAME, NEXT_DAY, SAME_DAY

    within = apart is not None and apart <= timedelta(microseconds=SAME_DAY)
    apart = apart or timedelta()
    least, most = sorted((relation.coverage_a, relation.coverage_b))  # the shorter one is covered more
    shared, narrative = relation.shared_words, relation.narrative_words
    outside = f"{narrative} shared words outside quotations"
    facts = "figures" if figures else "days or names"
    frame = f"{shared} words are shared, but their {facts} differ"
    if one_source and apart > timedelta(microseconds=NEXT_DAY) and most < FRAME:
        frame += ", or they stand at the head and the foot alone"
    frame += ": one frame, other facts"
    few = min(settings.two_sentences, settings.partial_words)  # more do not count as sentences
    scraps = f"runs of fewer than {LIFTED} words on average"
    later = apart > timedelta(days=settings.stock_window_days)
    limit, also, days = settings.version_coverage, "", apart > timedelta(microseconds=ANOTHER_DAY)
    retold = f"of its words outside quotations less than {percent(settings.version_narrative)}"
    retold += f", or fewer than {settings.version_words}" if narrative < settings.version_words else ""
    if days and most >= limit:
        limit, also = settings.version_coverage_apart, ", which texts days apart must share"
    elif not days and REST * most >= limit:  # with the rest of sentences it may be as much as is asked for
        also = f", also with the rest of sentences, or {retold}"
    match relation.relation:
        case RelationKind.EXACT:
            return "the articles are equal word for word, once folded and stripped"
        case RelationKind.NEAR:
            return (
                f"each is covered by the other almost whole: {percent(least)} and {percent(most)}, "
                f"at least {percent(settings.near_coverage)}"
            )
        case RelationKind.VERSION if narrative < settings.version_words <= shared and (
            most >= WHOLE[0] and least >= WHOLE[1]
        ):
            return f"most of both is shared, whoever says it: {percent(least)} and {percent(most)}"
        case RelationKind.VERSION if (
            narrative < settings.version_words and most >= CUT[0] and least >= CUT[1]
        ):
            return f"the shorter was cut from the longer: {percent(most)} and {percent(least)} are shared"
        case RelationKind.VERSION if (
            within and shared < settings.version_words and most >= FLASH and least < CUT[1]
        ):
            return f"a flash, and what it grew into within half a day: {percent(most)} of it is in the longer"
        case RelationKind.VERSION if most < limit:
            return (
                f"{_below(most, limit)} of the shorter is in the longer, and at least {percent(limit)} with "
                f"the rest of sentences half of which are, with {outside}"
            )
        case RelationKind.VERSION:
            return (
                f"{percent(most)} of the shorter is in the longer, at least {percent(limit)}, with {outside}"
            )
        case RelationKind.PARTIAL if shared < settings.partial_words and narrative < few:
            return (
                f"{outside} are not stock text, but they hold the figures of one day, "
                f"in a passage of at least {settings.partial_words} words"
            )
        case RelationKind.PARTIAL if most >= limit:
            return f"{outside}; {percent(most)} of the shorter is in the longer, but {retold}"
        case RelationKind.PARTIAL:
            sentences = "" if narrative >= settings.partial_words else " in two sentences or more"
            enough = settings.two_sentences if sentences else settings.partial_words
            return (
                f"{outside}, at least {enough}{sentences}; but only {_below(most, limit)} of the shorter "
                f"is in the longer, less than {percent(limit)}{also}"
            )
        case RelationKind.QUOTE if later and narrative >= few and most < settings.partial_coverage_apart:
            return (
                f"{outside}, but articles more than {settings.stock_window_days} days apart share "
                f"background: {_below(most, settings.partial_coverage_apart)} of the shorter is in the "
                f"longer, less than {percent(settings.partial_coverage_apart)}, and not "
                f"{percent(PARAGRAPH[1])} with a run of {PARAGRAPH[0]} words"
            )
        case RelationKind.QUOTE if later and narrative >= settings.partial_words:
            return (
                f"{outside}, but articles more than {settings.stock_window_days} days apart share "
                f"a frame: {scraps}, or other {facts}"
            )
        case RelationKind.QUOTE if narrative >= settings.partial_words:
            return frame
        case RelationKind.QUOTE:
            fewer = f"fewer than {few}"
            if narrative >= few:
                fewer = f"fewer than {settings.partial_words}, and in fewer than two sentences, "
                fewer += f"or in one frame with other {facts}" + (f" or {scraps}" if later else "")
            return f"{shared} words are shared, but only {narrative} of them outside quotations, {fewer}"
    if not shared:
        return "no passage is shared"
    if shared >= settings.quote_words:
        if narrative >= settings.partial_words and not later:
            return frame
        if REST * most >= settings.version_coverage:
            return f"{frame}; or no run of them has {settings.min_run}"
    return (
        f"only {shared} words are shared; a quotation takes {settings.quote_words} "
        f"with a run of {settings.min_run}"
    )


def _below(share: float, limit: float) -> str:
    """A share that is less than a limit; never rounded up to it."""
    return percent(min(share, limit - 0.01))


def _as_dict(relation: Relation, rule: str, sides: list[Side]) -> dict[str, Any]:
    values = {**asdict(relation), "rule": rule}
    for name, side in zip("ab", sides, strict=True):
        values[f"removed_{name}"] = [asdict(span) for span in side.clean.removed]
        values[f"stock_{name}"] = [
            {"start": place.start, "end": place.end} for place in side.left_out if place.kind == "stock"
        ]
        values[f"agencies_{name}"] = [asdict(agency) for agency in side.clean.agencies]
    return values


def _show(names: tuple[str, str], relation: Relation, rule: str, sides: list[Side]) -> None:
    from rich.text import Text

    screen = console()
    half = max(10, (min(screen.width, 160) - 16) // 2)
    facts = _table("", half)
    documents = [side.document for side in sides]
    rows: dict[str, list[str | None]] = {
        "id": [document.id for document in documents],
        "title": [document.title for document in documents],
        "source": [document.source for document in documents],
        "published": [_moment(document) for document in documents],
        "covered": [percent(relation.coverage_a), percent(relation.coverage_b)],
        "left out": [_counts(side) for side in sides],
        "agencies": [_agencies(side.clean) for side in sides],
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
    if any(side.left_out for side in sides):
        parts += ["", _left_out(sides, half)]
    if relation.relation is not RelationKind.NONE:
        parts += ["", f"What changed: {safe(shlex.join(['dedup', 'diff', *names]))}"]
    put(screen, *parts)


def _table(head: str, width: int) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(head, no_wrap=True, min_width=9)
    for side in "AB":
        table.add_column(side, width=width, overflow="fold")  # words may be as long as a passage
    return table


def _passages(documents: list[Document], relation: Relation, width: int) -> Table:
    from rich.text import Text

    table = _table("passage", width)
    for number, passage in enumerate(relation.passages[:MOST_PASSAGES], 1):
        one = documents[0].text[passage.a_start : passage.a_end]
        two = documents[1].text[passage.b_start : passage.b_end]
        table.add_row(str(number), Text(fit(one, LINES * width)), Text(fit(two, LINES * width)))
    return table


def _moment(document: Document) -> str:
    return f"{document.published:%Y-%m-%d %H:%M} UTC" if document.published else ""


def _counts(side: Side) -> str:
    counts = Counter(place.kind for place in side.left_out)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _left_out(sides: list[Side], width: int) -> Table:
    """What counted for nothing, in the order of the texts; a line each, and how many more there are."""
    from rich.text import Text

    table = _table("left out", width)
    shown = [side.left_out[:MOST_LEFT_OUT] for side in sides]
    for places in zip_longest(*shown):
        cells = [
            f"{place.kind}: {side.document.text[place.start : place.end]}" if place else ""
            for side, place in zip(sides, places, strict=True)
        ]
        table.add_row("", *(Text(fit(cell, width)) for cell in cells))
    more = [len(side.left_out) - len(places) for side, places in zip(sides, shown, strict=True)]
    if any(more):
        table.add_row("", *(f"… and {count} more" if count else "" for count in more))
    return table


def _agencies(text: CleanText) -> str:
    return ", ".join(dict.fromkeys(f"{agency.name} ({agency.role})" for agency in text.agencies))
