"""Records as web pages: text and what is known about it are extracted by trafilatura."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import Any

import orjson

from dedup.errors import InputError, MissingExtraError
from dedup.model import parse_time

__all__ = ["load_html", "require_trafilatura"]

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)",
    re.I,
)
_HEAD = 4096  # bytes in which the encoding must be declared; browsers look at 1024
_PUBLISHED = (
    "//meta[@property='article:published_time' or @itemprop='datePublished']/@content"
    " | //time[@itemprop='datePublished']/@datetime | //script[@type='application/ld+json']/text()"
)
_LINKED = re.compile(r'"datePublished"\s*:\s*("[^"\n]*")')  # in JSON-LD, which many pages have with faults
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def require_trafilatura() -> Any:
    """The module.

    Raises:
        MissingExtraError: It isn't installed.
    """
    try:
        import trafilatura
    except ImportError as error:
        raise MissingExtraError("trafilatura", "html", "reading HTML") from error
    return trafilatura


def load_html(data: bytes, name: str) -> dict[str, str]:
    """The record of a page.

    Args:
        data: The page, in the encoding it declares, else UTF-8, else whatever trafilatura takes it for.
        name: Its id.

    Raises:
        InputError: No text was found; only the reason is set.
        MissingExtraError: trafilatura isn't installed.
    """
    trafilatura = require_trafilatura()
    page, declared = None, list[str]()
    try:
        tree = trafilatura.load_html(_decoded(data))
        if tree is not None:
            declared = [str(found) for found in tree.xpath(_PUBLISHED)]
            page = trafilatura.bare_extraction(
                tree, favor_recall=True, include_comments=False, include_links=False, with_metadata=True
            )
    except Exception as error:  # a parser of whatever is out there: one page must not stop the run
        raise InputError(f"page cannot be parsed ({type(error).__name__})") from error
    if page is None or not page.text or not page.text.strip():
        raise InputError("no text found in the page")
    found = {
        "id": name,
        "text": page.text,
        "title": page.title,
        "source": page.sitename,
        "url": page.url,
        "published": page.date and _to_the_second(page.date, declared),
        "language": page.language,
    }
    return {key: value for key, value in found.items() if value}


def _to_the_second(day: str, declared: list[str]) -> str:
    """The first time of a day that a page declares as its own, else the day, which is all trafilatura gives.

    Args:
        day: ISO 8601.
        declared: Texts of what ``_PUBLISHED`` finds.
    """
    for text in declared:
        for time in _LINKED.findall(text) if "{" in text else [f'"{text.strip()}"']:
            with suppress(ValueError):
                found: str = orjson.loads(time)
                if found.startswith(day) and len(found) > len(day) and parse_time(found):
                    return found
    return day


def _decoded(data: bytes) -> str | bytes:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    declared = _CHARSET.search(data[:_HEAD])
    encodings = [(declared[1] or declared[2]).decode("ascii")] if declared else []
    for encoding in (*encodings, "utf-8"):
        try:
            return data.decode(_meant(encoding))
        except (UnicodeError, LookupError):
            continue
    return data


def _meant(encoding: str) -> str:
    """What a declaration in ASCII means: browsers take Latin-1 for Windows-1252, and UTF-16 for UTF-8.

    WHATWG Encoding Standard, section 4.2; HTML Standard, section 13.2.3.2, prescan.
    """
    name = encoding.lower()
    if name in ("iso-8859-1", "latin1", "latin-1", "us-ascii"):
        return "cp1252"
    return "utf-8" if re.match("utf[-_]?16", name) else encoding
