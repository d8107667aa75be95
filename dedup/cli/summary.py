"""What a run found, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dedup.cli.terminal import as_utf8, console, fit, put, safe
from dedup.wording import count, percent

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from rich.table import Table

    from dedup.result import Result

__all__ = ["show", "summarize"]

LARGEST = 5  # families shown
REASONS = 5  # reasons for rejects shown, and endings of files passed over


def summarize(result: Result, out: str, seconds: float, passed: Counter[str]) -> dict[str, Any]:
    """The counts of a run and its largest families, as ``--json`` prints them.

    Args:
        result: What was found.
        out: Where it was written.
        seconds: The whole run took.
        passed: Files of other formats in folders, by ending.
    """
    from dedup.headlines import headlines
    from dedup.output import summary

    counts = summary(result)
    largest = result.largest_families(LARGEST)
    titles = headlines([family.canonical for family in largest])
    reasons = counts.pop("rejects")
    superseded = reasons.pop("superseded", 0)
    return {
        "out": as_utf8(out),
        "seconds": round(seconds, 3),
        **counts,
        "copies": counts["variants"] / max(1, counts["documents"]),
        "superseded": superseded,
        "undated_first": next((str(w) for w in result.warnings if w.line is not None), None),
        "superseded_across": sum(
            reject.reason.startswith("superseded by ")
            and not reject.reason.startswith(f"superseded by {reject.file}:")
            for reject in result.rejects
        ),
        "rejects": reasons,
        "skipped": {as_utf8(ending): number for ending, number in passed.most_common()},
        "largest": [
            {
                "family": family.id,
                "size": len(family),
                "canonical": family.canonical.id,
                "title": safe(title)[:200],
                "sources": list(family.sources),
            }
            for family, title in zip(largest, titles, strict=True)
        ],
    }


def show(summary: dict[str, Any], out: Path) -> None:
    """Print a summary of what was written to a folder: in a frame on a terminal, plain text elsewhere."""
    from rich.text import Text

    screen = console()
    documents = summary["documents"]
    framed = screen.is_terminal
    parts: list[Any] = [
        Text(f"{count(documents, 'document')} in {summary['seconds']:.1f} s", style="bold"),
        "",
        _counts(summary, framed=framed),
    ]
    if summary["largest"]:
        parts += ["", _largest(summary["largest"], screen.width, framed=framed)]
    put(screen, *parts, "", *_next(summary, out))


def _table(framed: bool) -> Table:
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD if framed else None, pad_edge=False, padding=(0, 2, 0, 0))


def _counts(summary: dict[str, Any], *, framed: bool) -> Table:
    table = _table(framed)
    table.show_header = False
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    members = summary["families"] + summary["variants"]
    table.add_row("families", f"{summary['families']:,}", f"with {count(members, 'document')}")
    table.add_row(
        "variants", f"{summary['variants']:,}", f"{percent(summary['copies'])} of all documents are copies"
    )
    table.add_row("singles", f"{summary['singles']:,}", "")
    table.add_row("roundups", f"{summary['roundups']:,}", "")
    relations = {kind: number for kind, number in summary["relations"].items() if number}
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in relations.items())
    table.add_row("relations", f"{sum(relations.values()):,}", kinds)
    across = summary["superseded_across"]
    of = f", {across:,} in another file" if across else ""
    for name, what in (
        ("duplicates", "same id and record, counted once"),
        ("superseded", f"same id as a text kept{of}; in the rejects"),
        ("undated", f"dates that could not be read; first {safe(summary['undated_first'] or '')}"),
    ):
        if summary[name]:
            table.add_row(name, f"{summary[name]:,}", what)
    for warning in summary["warnings"]:
        table.add_row("warning", "", safe(warning))
    for name, others in (("rejects", "reasons"), ("skipped", "endings")):
        found = sorted(summary[name].items(), key=lambda item: (-item[1], item[0]))
        if found:
            said = [f"{number:,} {safe(what)}" for what, number in found[:REASONS]]
            if len(found) > REASONS:
                said.append(f"{len(found) - REASONS} other {others}")
            # a reason is a sentence, with commas of its own
            lines = said if name == "rejects" else [f"other formats: {', '.join(said)}"]
            table.add_row(name, f"{sum(number for _, number in found):,}", lines[0])
            for line in lines[1:]:
                table.add_row("", "", line)
    return table


def _largest(families: list[dict[str, Any]], width: int, *, framed: bool) -> Table:
    table = _table(framed)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("largest families", no_wrap=True)
    table.add_column("sources", no_wrap=True)
    room = min(width, 120) - 10
    for family in families:
        sources = family["sources"]
        shown = ", ".join(map(safe, sources[:3])) + (
            f" and {len(sources) - 3} more" if len(sources) > 3 else ""
        )
        table.add_row(
            f"{family['size']:,}", fit(family["title"], room // 2), fit(shown, room - room // 2 - 2)
        )
    return table


def _next(summary: dict[str, Any], out: Path) -> list[str]:
    purposes = {
        "report.html": "to read in a browser",
        "families.jsonl": "each family, its canonical version and why",
        "families.parquet": "each family, its canonical version and why",
        "diffs.jsonl": "what each variant changed",
        "diffs.parquet": "what each variant changed",
        "canonical.jsonl": "the corpus without its copies",
    }
    if summary["rejects"] or summary["superseded"]:
        purposes["rejects.jsonl"] = "what could not be used"
    names = [name for name in purposes if (out / name).exists()]
    return [f"Written to {safe(summary['out'])}:"] + [f"  {name:<16} {purposes[name]}" for name in names]
