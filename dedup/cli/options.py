"""Options that several commands have, and how their values are read."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

import typer

from dedup.config import Settings, parse_size
from dedup.errors import SettingsError, UsageError

__all__ = [
    "Fields",
    "Force",
    "Inputs",
    "Json",
    "Strict",
    "parse_fields",
    "parse_list",
    "parse_settings",
]

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Files, folders or patterns of .jsonl, .ndjson, .json, .csv, .tsv or .txt[.gz|.zst], .parquet, "
        ".html; - is JSONL on standard input.",
        show_default=False,
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="OURS=THEIRS",
        help="The input's name of a field, such as text=body; ours are id, text, title, source, url, "
        "published, updated, language.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first record that cannot be used.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def parse_fields(given: list[str] | None) -> dict[str, str]:
    """Renames of fields, ours to theirs.

    Raises:
        UsageError: Not of the form OURS=THEIRS, or a field named twice.
    """
    renamed: dict[str, str] = {}
    for text in given or ():
        ours, equals, theirs = text.partition("=")
        if not (ours and equals and theirs):
            raise UsageError(f"--field {text}: write OURS=THEIRS, such as text=body")
        if ours in renamed:
            raise UsageError(f"--field {text}: {ours} is given twice")
        renamed[ours] = theirs
    return renamed


def parse_list(text: str) -> tuple[str, ...]:
    """What commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_settings(given: list[str] | None) -> dict[str, Any]:
    """Settings by name, each of the type of its default.

    Raises:
        UsageError: Not of the form NAME=VALUE, no such setting, or a value of another type.
    """
    defaults = {field.name: field.default for field in fields(Settings)}
    values: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or name not in defaults:
            known = ", ".join(sorted(defaults))
            raise SettingsError(f"--set {text}: write NAME=VALUE with one of {known}")
        if name == "memory_limit":
            values[name] = parse_size(value, "--set memory_limit=")
        else:
            values[name] = _parse_value(text, value, defaults[name])
    return values


def _parse_value(text: str, value: str, default: object) -> Any:
    if isinstance(default, bool):
        if value not in ("true", "false"):
            raise SettingsError(f"--set {text}: true or false")
        return value == "true"
    if isinstance(default, tuple):
        return parse_list(value)
    try:
        return type(default)(value)  # type: ignore[call-arg]
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise SettingsError(f"--set {text}: {kind} is needed") from None
