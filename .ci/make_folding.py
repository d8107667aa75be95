"""Write dedup/data/folding-<version>.bin: class and folded form of every code point.

    pip install unicodedata2 && PYTHONPATH=. python .ci/make_folding.py

The layout is read by dedup/folding.py. Run it when a new Unicode version is wanted, or with a new revision
when letters are to be folded otherwise: hashes of texts that use what changed will differ, so the version is
part of the scheme.
"""

from __future__ import annotations

import struct
from pathlib import Path

import unicodedata2 as unicode

from dedup.folding import DATA, HEADER, IDENTITY, MAGIC, Class

LAST = 0x110000
REVISION = 3
"""Of what is told below; with the Unicode version it is the table's version."""

# Scripts of which accents and points are dropped; marks of no script of their own (U+0301 …) are theirs.
BARE = ("LATIN ", "GREEK ", "COPTIC ", "CYRILLIC ", "ARABIC ", "HEBREW ", "COMBINING ")
# Combining marks whose names begin with COMBINING but that tell letters of other scripts apart.
VOICING = (0x3099, 0x309A)

SPACELESS = (
    "CJK UNIFIED IDEOGRAPH-",
    "CJK COMPATIBILITY IDEOGRAPH-",
    "IDEOGRAPHIC ",
    "HIRAGANA ",
    "KATAKANA ",
    "KATAKANA-HIRAGANA ",
    "HALFWIDTH KATAKANA",
    "BOPOMOFO ",
    "HANGUL ",
    "YI SYLLABLE ",
    "TANGUT ",
    "NUSHU CHARACTER",
    "KHITAN SMALL SCRIPT CHARACTER",
    "THAI ",
    "LAO ",
    "KHMER ",
    "MYANMAR ",
    "TIBETAN ",
    "TAI LE ",
    "NEW TAI LUE ",
    "TAI THAM ",
    "TAI VIET ",
    "BALINESE ",
    "JAVANESE ",
)

APOSTROPHES = "'`´ʻʼʽʹˈ‛′＇ꞌ՚׳״ߴ"
SPECIAL = {
    **dict.fromkeys(map(ord, APOSTROPHES), Class.APOSTROPHE),
    **dict.fromkeys(map(ord, "\n\v\f\r\u0085\u2028\u2029"), Class.LINE),
    # ZWSP … RLM, bidi embeddings and isolates, word joiner … , BOM, Arabic letter mark, tatweel, Mongolian
    # separators
    **dict.fromkeys(
        [0xAD, 0x34F, 0x61C, 0x640, *range(0x180B, 0x1810), *range(0x200B, 0x2010)], Class.IGNORABLE
    ),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF], Class.IGNORABLE),
    **dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)], Class.IGNORABLE),
    **dict.fromkeys(map(ord, "‘"), Class.SINGLE_LEFT),
    **dict.fromkeys(map(ord, "’"), Class.SINGLE_RIGHT),
    **dict.fromkeys(map(ord, ".․．﹒٫"), Class.DOT),
    **dict.fromkeys(map(ord, ",，﹐٬"), Class.COMMA),
    **dict.fromkeys(map(ord, '"＂'), Class.STRAIGHT),
    **dict.fromkeys(map(ord, "“‟"), Class.LEFT),
    **dict.fromkeys(map(ord, "”〞〟"), Class.RIGHT),
    **dict.fromkeys(map(ord, "„⹂〝"), Class.LOW),
    **dict.fromkeys(map(ord, "«"), Class.GUILLEMET_LEFT),
    **dict.fromkeys(map(ord, "»"), Class.GUILLEMET_RIGHT),
    **dict.fromkeys(map(ord, "「﹁｢"), Class.CORNER_OPEN),
    **dict.fromkeys(map(ord, "」﹂｣"), Class.CORNER_CLOSE),
    **dict.fromkeys(map(ord, "『﹃"), Class.WHITE_CORNER_OPEN),
    **dict.fromkeys(map(ord, "』﹄"), Class.WHITE_CORNER_CLOSE),
}
FOLD = {
    "ı": "i",
    # Arabic letters of which each language has a code point of its own; outlets and keyboards mix them
    "\u06a9": "\u0643",  # keheh, the Persian and Urdu kaf
    "\u06cc": "\u064a",  # Farsi yeh
    "\u0649": "\u064a",  # alef maksura: a final yeh in Egypt, and Farsi yeh on older systems
    "\u06c1": "\u0647",  # heh goal, the Urdu heh
    "\u06c3": "\u0629",  # teh marbuta goal
    "\u06d5": "\u0647",  # ae: Kurdish has heh and a non-joiner for it, too; Persian ۀ holds it
}


def is_dropped(character: str) -> bool:
    """Whether a mark is an accent or point that readers of its script may leave out."""
    if unicode.category(character) not in ("Mn", "Me") or ord(character) in VOICING:
        return False
    return unicode.name(character, "").startswith(BARE)


def expand(character: str) -> str:
    """Case folding and compatibility decomposition, repeated until nothing changes."""
    text = character
    while True:
        folded = unicode.normalize("NFKD", "".join(FOLD.get(c, c) for c in text).casefold())
        folded = "".join(FOLD.get(c, c) for c in folded)
        digits = (unicode.digit(c) if unicode.category(c) == "Nd" else None for c in folded)
        folded = "".join(c if d is None else str(d) for c, d in zip(folded, digits, strict=True))
        if folded == text:
            return text
        text = folded


def fold(character: str) -> str:
    """What stands for the character in a token: letters, numbers and the marks that are kept."""
    return "".join(
        c
        for c in expand(character)
        if (unicode.category(c)[0] in "LNM" or c == "\u2044")
        and not is_dropped(c)
        and SPECIAL.get(ord(c)) not in (Class.APOSTROPHE, Class.IGNORABLE)
    )


def classify(code: int) -> tuple[Class, str]:
    """Class and folded form of a code point."""
    if code in SPECIAL:
        kind = SPECIAL[code]
        return kind, {Class.DOT: ".", Class.COMMA: ","}.get(kind, "")
    if 0xD800 <= code < 0xE000:
        return Class.SEPARATOR, ""
    character = chr(code)
    canonical = unicode.normalize("NFD", character)
    if len(canonical) == 1 and canonical != character:
        return classify(ord(canonical))
    if is_dropped(character) and code != 0x345:  # U+0345 folds to a letter, iota
        return Class.DROPPED, ""
    if 0x1160 <= code < 0x1200 or 0xD7B0 <= code < 0xD800:
        return Class.MARK, character  # vowels and finals of a syllable written in its parts
    category = unicode.category(character)
    folded = fold(character)
    name = unicode.name(character, "")
    if folded and all(unicode.category(c)[0] == "M" for c in folded):
        # a spacing copy of a mark (U+309B) is punctuation; a halfwidth one (U+FF9E) is the mark
        return (Class.SEPARATOR, "") if category == "Sk" else (Class.MARK, folded)
    if len(folded) == 1 and folded in "0123456789":
        return Class.DIGIT, folded
    if (
        category[0] in "LN"
        or (folded and category == "So" and len(expand(character)) == len(folded))
        or code == 0x345
    ):
        if not folded:
            return Class.IGNORABLE, ""
        spaceless = name.startswith(SPACELESS) or unicode.name(folded[0], "").startswith(SPACELESS)
        return (Class.CHARACTER if spaceless and category != "No" else Class.WORD), folded
    if category in ("Zs", "Cc"):
        return Class.SPACE, ""
    if category == "Ps":
        return Class.OPENING, ""
    return Class.SEPARATOR, ""


def main() -> None:
    """Build the two stages and the pool of folded forms, and write them."""
    pool = bytearray()
    places: dict[bytes, int] = {}
    pages: dict[bytes, int] = {}
    index = bytearray()
    growth = 1
    for first in range(0, LAST, 256):
        page = []
        for code in range(first, first + 256):
            kind, folded = classify(code)
            data = folded.encode()
            if folded == chr(code):
                length, place = IDENTITY, 0
            else:
                if data not in places:
                    places[data] = pool.find(data)
                    if places[data] < 0:
                        places[data] = len(pool)
                        pool += data
                length, place = len(data), places[data] if data else 0
                assert length < IDENTITY, code
                growth = max(growth, -(-length // len(chr(code).encode(errors="surrogatepass"))))
            page.append(int(kind) | length << 5 | place << 12)
        raw = struct.pack("<256I", *page)
        index += struct.pack("<H", pages.setdefault(raw, len(pages)))
    version = f"{unicode.unidata_version}-{REVISION}"
    assert len(pool) < 1 << 20
    path = Path(__file__).parents[1] / "dedup" / "data" / f"folding-{version}.bin"
    header = struct.pack(HEADER, MAGIC, version.encode(), growth, len(pages), len(pool))
    path.write_bytes(header + bytes(index) + b"".join(pages) + bytes(pool))
    print(f"{path.name}: {path.stat().st_size} bytes, {len(pages)} pages, {len(pool)} bytes folded forms")
    if path.name != DATA:
        print(f"set DATA = {path.name!r} in dedup/folding.py and delete the old file")


if __name__ == "__main__":
    main()
