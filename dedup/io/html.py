"""Records as web pages: text and what is known about it are extracted by trafilatura."""

from __future__ import annotations

import codecs
import copy
import re
from contextlib import suppress
from typing import Any

import orjson

from dedup.errors import InputError, MissingExtraError
from dedup.values import parse_time

__all__ = ["load_html", "require_trafilatura"]

_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)",
    re.I,
)
_HEAD = 4096  # bytes in which the encoding must be declared; browsers look at 1024
_WINDOWS = re.compile(r"^windows-?(?=\d+$)")  # Python has no windows-874 by that name
_LABELS = {  # that Python lacks
    "cn-big5": "big5",
    "csgb2312": "gbk",
    "gb_2312-80": "gbk",
    "iso-8859-8-i": "iso8859-8",
    "koi": "koi8-r",
    "ks_c_5601-1989": "euc_kr",
    "windows-31j": "cp932",
    "x-big5": "big5",
}
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_REPLACED = "\ufffd".encode()  # by whoever made the page
_BEYOND_ASCII = re.compile("[^\0-\x7f\ufffd]")
_HIGH, _HIGH_WORDS = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\x80-\xff]{3,}")
_PUBLISHED = (
    "//meta[@property='article:published_time' or @itemprop='datePublished']/@content"
    " | //time[@itemprop='datePublished']/@datetime | //script[@type='application/ld+json']/text()"
)
_LINKED = re.compile(r'"datePublished"\s*:\s*("[^"\n]*")')  # in JSON-LD, which many pages have with faults
_DATING = re.compile("date|time|publi|creat|issue|modif|lastmod")  # names of <meta>; others may quote any day
_NOT_DATING = re.compile("expir|copyright|valid")
_TIMES = (
    "//time[not(ancestor::aside or ancestor::footer or ancestor::nav or ancestor::*[not(self::body)"
    " and (contains(@class, 'omment') or contains(@id, 'omment'))])]/@datetime"
)
_MARKED_TIMES = (
    "//time[@pubdate or starts-with(@class, 'entry-date') or contains(@class, 'publish')]/@datetime"
    " | //*[@itemprop='datePublished' and not(self::meta)]"
)
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
        data: The page, in the encoding of its byte order mark, the one it declares, UTF-8, Windows-1252 or
            what trafilatura takes it for.
        name: Its id.

    Raises:
        InputError: No text was found; only the reason is set.
        MissingExtraError: trafilatura isn't installed.
    """
    trafilatura = require_trafilatura()
    page, declared, day = None, list[str](), None
    try:
        tree = trafilatura.load_html(_decoded(trafilatura.utils.handle_compressed_file(data)))
        if tree is not None:
            declared = [str(found) for found in tree.xpath(_PUBLISHED)]
            page = trafilatura.bare_extraction(
                copy.deepcopy(tree),
                favor_recall=True,
                include_comments=False,
                include_links=False,
                with_metadata=True,
                date_extraction_params={"extensive_search": False},  # what it finds is not taken
            )
            day = page and _day(tree, page.url)
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
        "published": day and _to_the_second(day, declared),
        "language": page.language,
    }
    return {key: value for key, value in found.items() if value}


def _day(tree: Any, url: str | None) -> str | None:
    """The day that a page declares as its own, in ISO 8601.

    From its address, ``<meta>``, JSON-LD, or ``<time>`` where all that are marked as publication, else all
    there are, agree. htmldate, given the page, goes on to years of copyright, headlines and the oldest day of
    other articles: an article of 1998 that was none is the earliest of its family.
    """
    from htmldate import find_date

    head = tree.makeelement("html")
    head.extend(
        copy.copy(meta)
        for meta in tree.xpath("//meta")
        if _names_a_date(
            " ".join(meta.get(key, "") for key in ("name", "property", "itemprop", "http-equiv"))
        )
        or meta.get("pubdate")
    )
    linked = [
        _unescaped(time)
        for script in tree.xpath("//script[@type='application/ld+json']/text()")
        for time in _LINKED.findall(str(script))
    ]
    times = [_time(found).strip() for found in tree.xpath(_MARKED_TIMES) or tree.xpath(_TIMES)]
    agree = len({time[:10] for time in times}) == 1
    for time in (*linked[:1], *(times[:1] if agree else ())):
        shown = "".join(filter(str.isprintable, " ".join(time.split())))  # lxml refuses control characters
        head.append(head.makeelement("meta", {"property": "article:published_time", "content": shown}))
    day: str | None = find_date(head, extensive_search=False, original_date=True, url=url)
    return day


def _names_a_date(name: str) -> bool:
    name = name.lower()
    return bool(_DATING.search(name)) and not _NOT_DATING.search(name)


def _unescaped(time: str) -> str:
    """The value of a string of JSON; what is between its quotation marks if it is wrong."""
    with suppress(ValueError):
        return str(orjson.loads(time))
    return time[1:-1]


def _time(found: Any) -> str:
    """The time of an attribute, or of an element, which may have it as an attribute."""
    if isinstance(found, str):
        return found
    return str(found.get("datetime") or found.get("content") or found.text_content())


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
    """The characters of a page, bad bytes replaced; its bytes where the encoding is to be guessed.

    Of a page that declares UTF-8 or nothing, UTF-8 is believed unless more of it is bad than is good beyond
    ASCII. Then it is in the code page that browsers fall back to if most bytes beyond ASCII stand among
    letters of ASCII, as accents do. Whole words of them are another script.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    with suppress(LookupError, UnicodeError):  # an unknown name, a codec of no text, one that always fails
        if encoding := _declared(data):
            return data.decode(encoding, "replace")
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") - data.count(_REPLACED)
    if bad <= len(_BEYOND_ASCII.findall(text)):
        return text
    in_words = sum(map(len, _HIGH_WORDS.findall(data)))
    return data if 2 * in_words > len(_HIGH.findall(data)) else data.decode("cp1252", "replace")


def _declared(data: bytes) -> str:
    """The codec of the encoding that a page declares in ASCII, empty if it is UTF-8 or there is none.

    Names mean what they mean to browsers (WHATWG Encoding Standard, section 4.2): of several code pages a
    superset, and UTF-8 for UTF-16 (HTML Standard, section 13.2.3.2, prescan).

    Raises:
        LookupError: There is no such codec.
    """
    found = _CHARSET.search(data[:_HEAD])
    if not found:
        return ""
    label = (found[1] or found[2]).decode("ascii").lower()
    name = codecs.lookup(_LABELS.get(label) or _WINDOWS.sub("cp", label.removeprefix("x-"))).name
    return "" if name.startswith("utf") else _SUPERSETS.get(name, name)
