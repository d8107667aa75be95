"""Records as text files: the whole file is the text, and its first line may be the headline."""

from __future__ import annotations

import re

from dedup.boilerplate import share_of_cues
from dedup.errors import InputError
from dedup.values import no_utf8

__all__ = ["load_text"]

WORDS = 15
"""Words of a headline, at most; and two at least: one is a section, a place or an agency."""

CHARACTERS = 120
"""Its characters, at most."""

CUES = 1 / 3
"""Share of its words that are cues of furniture from which a line is furniture: "By Jane Miller"."""

_FIRST = re.compile(rf"([^\r\n]{{1,{CHARACTERS}}})(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*[\r\n]")
"""A line, and a blank one below it."""
_LOOKED_AT = 2 * CHARACTERS  # characters: neither line need have an end
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{6}")
_OTHER = re.compile(r"[|>©]|[.,:;…。．、，：；।)）\]】]$")
"""Paths through a site, sentences, labels, datelines."""


def load_text(data: bytes, name: str, *, headline: bool = True) -> dict[str, str]:
    """The record of a text file. Line ends and a byte order mark are kept.

    Its title is the first line, which stays in the text, where it looks like one and a blank line follows.

    Args:
        data: UTF-8.
        name: Its id.
        headline: Look for it.

    Raises:
        InputError: Invalid UTF-8; only the reason is set.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError(no_utf8(data)) from error
    title = _headline(text.removeprefix("\ufeff").lstrip()) if headline else ""
    return {"id": name, "text": text, **({"title": title} if title else {})}


def _headline(text: str) -> str:
    """The first line of a text, or nothing.

    It is a headline if it is short and stands alone above more than itself, has no figures in more than a
    third of its words, as dates have, ends like no sentence, and is not furniture by its words.
    """
    found = _FIRST.match(text, 0, _LOOKED_AT)
    if not found:
        return ""
    line = found[1].rstrip()
    words = [word for word in line.split() if any(map(str.isalnum, word))]
    some = 1 < len(words) <= WORDS or (len(words) == 1 and _SPACELESS.search(line))
    if not some or _OTHER.search(line) or len(text[found.end() :].lstrip()) <= len(line):
        return ""
    if 3 * sum(any(map(str.isdigit, word)) for word in words) > len(words):
        return ""
    return line if share_of_cues(line) < CUES else ""
