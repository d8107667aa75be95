"""What the compiled kernels do, slowly and obviously, with the same signatures.

Tests hold the compiled kernels against these; and they answer until compiled code is worth its wait.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from xxhash import xxh64_intdigest

from dedup.folding import IDENTITY, Class
from dedup.kernels.constants import (
    CHARACTER_FLAG,
    CONTENT_A,
    CONTENT_B,
    FILL_SHARE,
    FILL_SLACK,
    FINGERPRINT_SHIFT,
    GROUPS,
    HANGUL,
    INDENT,
    MAX_WIDTH,
    MIN_LINES,
    MIN_WIDTH,
    MULTIPLIER,
    NUMBER_FLAG,
    NUMERALS,
    QUOTED_FLAG,
    SHORT_SHARE,
    TAB,
    WIDE,
)
from dedup.kernels.reference_entities import entities_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Counts = npt.NDArray[np.int64]
    Hashes = npt.NDArray[np.uint64]

__all__ = [
    "content",
    "count_characters",
    "count_languages",
    "minhash",
    "places_in_characters",
    "roll",
    "room",
    "tokenize",
    "winnow",
]

# One letter a class, so that the rules can be written as regular expressions.
LETTERS = {
    Class.SEPARATOR: "-",
    Class.SPACE: " ",
    Class.LINE: "\n",
    Class.WORD: "w",
    Class.DIGIT: "d",
    Class.CHARACTER: "c",
    Class.MARK: "m",
    Class.APOSTROPHE: "'",
    Class.SINGLE_LEFT: "‘",
    Class.SINGLE_RIGHT: "’",
    Class.DOT: ".",
    Class.COMMA: ",",
    Class.OPENING: "(",
    Class.STRAIGHT: '"',
    Class.LEFT: "“",
    Class.RIGHT: "”",
    Class.LOW: "„",
    Class.GUILLEMET_LEFT: "«",
    Class.GUILLEMET_RIGHT: "»",
    Class.CORNER_OPEN: "「",
    Class.CORNER_CLOSE: "」",
    Class.WHITE_CORNER_OPEN: "『",
    Class.WHITE_CORNER_CLOSE: "』",
}
TOKEN = re.compile(r"cm*|[wdm](?:[wdm]|['‘’](?=w)|(?<=d)[.,](?=d))*")
LINE = re.compile(r"[^\n]+")
QUOTES = re.compile(r"[\"“”„«»「」『』‘’]")
DOUBLED = {"`": "“", "'": "”", ",": "„"}
SHOWS = re.compile(r"[^ ](?:.*[^ ])?")

Known: TypeAlias = dict[str, tuple[Class, bytes, int, int, bool]]
"""Characters met: class, folded form, bytes, columns, whether a line may break before it."""


class Text(NamedTuple):
    """A document without the characters that do not count, one entry a character.

    Attributes:
        kinds: A letter of ``LETTERS`` each.
        forms: The folded form of each.
        start: Its first byte in the document.
        end: One past its last byte, the accents dropped after it included.
        columns: How many columns each takes.
        anywhere: A line may break before it.
        doubles: The first of two signs that stand for one quotation mark, with its letter.
    """

    kinds: str
    forms: list[bytes]
    start: list[int]
    end: list[int]
    columns: list[int]
    anywhere: list[bool]
    doubles: dict[int, str]


def among(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Whether a code point lies in one of some ranges."""
    return any(first <= code <= last for first, last in ranges)


def read(
    raw: bytes, page: npt.NDArray[np.uint16], entry: npt.NDArray[np.uint32], pool: Bytes, known: Known
) -> Text:
    """Look every character of a document up; what is found is kept in ``known`` for the next one."""
    kinds: list[str] = []
    forms: list[bytes] = []
    start: list[int] = []
    end: list[int] = []
    columns: list[int] = []
    anywhere: list[bool] = []
    doubles: dict[int, str] = {}
    at = 0
    previous = ""
    for character in raw.decode("utf-8", "surrogateescape"):
        if character not in known:
            code = ord(character)
            value = int(entry[int(page[code >> 8]) << 8 | code & 255])
            own = character.encode("utf-8", "surrogateescape")
            length, place = value >> 5 & 127, value >> 12
            form = own if length == IDENTITY else pool[place : place + length].tobytes()
            wide = TAB if character == "\t" else 2 if among(code, WIDE) else 1
            breaks = value & 31 == Class.CHARACTER and not among(code, HANGUL)
            known[character] = Class(value & 31), form, len(own), wide, breaks
        kind, form, size, wide, breaks = known[character]
        at += size
        if kind == Class.DROPPED:
            if kinds:
                end[-1] = at
        elif kind != Class.IGNORABLE and not (previous == "\r" and character == "\n"):
            if character == previous and character in DOUBLED and len(kinds) - 2 not in doubles:
                doubles[len(kinds) - 1] = DOUBLED[character]
            columns.append(wide)
            anywhere.append(breaks)
            kinds.append(LETTERS[kind])
            forms.append(form)
            start.append(at - size)
            end.append(at)
        previous = character
    return Text("".join(kinds), forms, start, end, columns, anywhere, doubles)


class Line(NamedTuple):
    """Where a line shows, as indices of a ``Text``, and its measures in columns."""

    first: int
    last: int
    width: int
    indent: int
    word: int

    @property
    def blank(self) -> bool:
        """Nothing shows."""
        return self.width == 0


def lines_of(text: Text) -> list[Line]:
    """The lines of a document."""
    lines = []
    at = 0
    for kinds in text.kinds.split("\n"):
        shows = SHOWS.search(kinds)
        if shows is None:
            lines.append(Line(at, at, 0, 0, 0))
        else:
            first, last = at + shows.start(), at + shows.end()
            word = first
            while word < last and text.kinds[word] != " " and not text.anywhere[word]:
                word += 1
            width, indent = sum(text.columns[at:last]), sum(text.columns[at:first])
            lines.append(Line(first, last, width, indent, sum(text.columns[first:word])))
        at += len(kinds) + 1
    return lines


def begins_paragraph(before: Line, line: Line) -> bool:
    """Whether a line stands apart from the one before by a blank line or its indentation."""
    return before.blank or line.indent >= before.indent + INDENT


def wrap_width(lines: list[Line]) -> int:
    """Width a document was wrapped to by hand, or 0.

    Whoever wraps puts as many words on a line as go. So in most pairs of lines within a paragraph the next
    line's first word would not have gone on the line before. ``FILL_SLACK`` forgives ragged and justified
    copy. In scripts without spaces a line may break before any character.
    """
    shown = [line for line in lines if not line.blank]
    widest = max((line.width for line in shown), default=0)
    if len(shown) < MIN_LINES or not MIN_WIDTH <= widest <= MAX_WIDTH:
        return 0
    pairs = [(a, b) for a, b in pairwise(lines) if not b.blank and not begins_paragraph(a, b)]
    full = [a.width + 1 + b.word > widest - FILL_SLACK for a, b in pairs]
    if pairs and pairs[0][0] is shown[0] and not full[0]:  # its dateline may have been cut
        full.pop(0)
    return widest if full and sum(full) >= FILL_SHARE * len(full) else 0


def blocks_of(text: Text) -> Iterator[tuple[int, int]]:
    """First and one past the last character of each block."""
    lines = lines_of(text)
    width = wrap_width(lines)
    block: list[Line] = []
    for line in lines:
        if block and (
            line.blank or not width or begins_paragraph(block[-1], line) or ends(block, line, width, text)
        ):
            yield block[0].first, block[-1].last
            block = []
        if not line.blank:
            block.append(line)
    if block:
        yield block[0].first, block[-1].last


def ends(block: list[Line], line: Line, width: int, text: Text) -> bool:
    """Whether a block wrapped to a width ends before a line, because its last line is short.

    A document's first line may be: its dateline may have been cut.
    """
    if block[-1].width + 1 + line.word >= SHORT_SHARE * width:
        return False
    is_first = SHOWS.search(text.kinds[: block[-1].first].replace("\n", " ")) is None
    return not (is_first and text.kinds[block[-1].last - 1] in "wdcm,")


def kinds_of(text: Text, first: int, last: int) -> str:
    """The letters of a block; two signs that are one quotation mark are its letter and an equals sign."""
    kinds = list(text.kinds[first:last])
    for i, mark in text.doubles.items():
        if first <= i < last - 1:
            kinds[i - first : i - first + 2] = mark, "="
    return "".join(kinds)


def turn(quote: str, mark: str, before: str, after: str) -> str:
    """The quotation open after a mark, as the mark that opened it, or nothing.

    Args:
        quote: The same before the mark.
        mark: The mark.
        before: Class of the character before it.
        after: Class of the character after it.
    """
    may_open = before in " \n(" and after not in " \n"
    orphan = not quote and after in " \n" and before not in " \n"
    if quote in ("«", "»", "「", "『"):  # closed by their own kind only, whatever stands inside
        return "" if mark in {"«": "»", "»": "«»", "「": "」", "『": "』"}[quote] else quote
    within = before in "wdcm" and after in "wdcm"  # 5"x7", Hebrew abbreviations; not 他说"等"。
    if mark == '"' and within and "c" not in (before, after):
        return quote
    match mark:
        case '"':
            return '"' if not quote and not orphan else ""
        case "“":
            closes = quote == "„" or orphan or (bool(quote) and not may_open)
            return "" if closes else "“"
        case "”":
            return "”" if not quote and may_open else ""
        case "„":
            return "„"
    if quote:
        return quote
    match mark:
        case "«":
            return "" if before in "wdcm" else "«"
        case "»":
            return "»" if may_open else ""
        case "「" | "『":
            return mark
    return ""


def quoted(kinds: str) -> list[bool]:
    """Whether each character of a block stands inside quotation marks."""
    result: list[bool] = []
    quote, single = "", False
    closings = [i for i, kind in enumerate(kinds) if kind == "’" and kinds[i + 1 : i + 2] != "w"]
    for found in QUOTES.finditer(kinds):
        mark, i = found.group(), found.start()
        result += [bool(quote) or single] * (i - len(result))
        before, after = kinds[i - 1] if i else " ", (kinds[i + 1 :].removeprefix("=") or " ")[0]
        if mark == "‘":
            if before not in "wdcm" and after in "wc" and closings and closings[-1] > i:
                single = True
        elif mark == "’":
            single = single and after == "w"
        else:
            quote = turn(quote, mark, before, after)
    return result + [bool(quote) or single] * (len(kinds) - len(result))


class Token(NamedTuple):
    """A token as indices of a block; ``chain``: it is a single letter, or several with dots between."""

    first: int
    last: int
    form: bytes
    chain: bool


def tokens_of(kinds: str, forms: list[bytes]) -> list[Token]:
    """The tokens of a block."""
    tokens: list[Token] = []
    for found in TOKEN.finditer(kinds):
        first, last = found.span()
        form = b"".join(forms[first:last])
        letter = found.group() == "w" and len(form.decode("utf-8", "replace")) == 1
        if letter and tokens and tokens[-1].chain and kinds[tokens[-1].last : first] == ".":
            before = tokens.pop()
            first, form = before.first, before.form + form
        tokens.append(Token(first, last, form, letter))
    return list(join_numbers(tokens, kinds))


NUMBER = re.compile(rb"[0-9]+(?:[.,][0-9]+)*")
FORMS_OF_NUMERALS = {numeral.encode() for numeral in NUMERALS}
GROUP = re.compile(rb"[0-9]{3}(?:[.,][0-9]+)*")


def join_numbers(tokens: list[Token], kinds: str) -> Iterator[Token]:
    """The tokens, numbers in one form: ``12 345``, ``12.345``, ``12,345`` and ``12’345`` are ``12345``.

    More than ``GROUPS`` groups in a row are a list, of tickets drawn in a lottery, and joined with nothing.
    """
    waiting = tokens[::-1]
    while waiting:
        token = waiting.pop()
        if not NUMBER.fullmatch(token.form):
            yield token
            continue
        run = [token]
        open_ = len(token.form) <= 3 and token.form.isdigit() and not token.form.startswith(b"0")
        while open_ and waiting and GROUP.fullmatch(waiting[-1].form):
            if kinds[run[-1].last : waiting[-1].first] not in (" ", "'", "‘", "’"):
                break
            run.append(waiting.pop())
            open_ = run[-1].form.isdigit()
        if len(run) > GROUPS:
            yield from (one._replace(form=number_form(one.form), chain=False) for one in run)
            continue
        form = number_form(token.form) + b"".join(group.form.replace(b",", b".") for group in run[1:])
        yield Token(token.first, run[-1].last, form, chain=False)


def number_form(form: bytes) -> bytes:
    """A number without separators of thousands, with a dot before its decimals.

    A separator is one of thousands where one to three digits, not beginning with 0, stand before the first
    and three after each. So three decimals are taken for thousands: 1.234 stands in more texts for 1,234.
    """
    parts = re.split(rb"([.,])", form)
    whole, rest = parts[0], parts[1:]
    if len(whole) <= 3 and not whole.startswith(b"0"):
        sign = rest[:1]
        while rest and rest[:1] == sign and len(rest[1]) == 3:
            whole, rest = whole + rest[1], rest[2:]
    return whole + b"".join(rest).replace(b",", b".")


def in_numerals(tokens: list[Token]) -> list[bool]:
    """Which tokens belong to a number written in two or more numerals of Chinese or Japanese."""
    numeral = [token.form in FORMS_OF_NUMERALS for token in tokens]
    joined = [a.last == b.first for a, b in pairwise(tokens)]
    pairs = [a and b and touch for (a, b), touch in zip(pairwise(numeral), joined, strict=True)]
    return [a or b for a, b in zip([False, *pairs], [*pairs, False], strict=True)][: len(tokens)]


def count_characters(data: Bytes, start: Counts, stop: Counts, counts: Counts) -> None:
    """Count the characters that begin in data[start[s]:stop[s]]."""
    for s, (first, last) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        counts[s] = np.count_nonzero(data[first:last] & 0xC0 != 0x80)


def places_in_characters(
    data: Bytes,
    offsets: Counts,
    document: Counts,
    places: npt.NDArray[np.uint32],
    scratch: npt.NDArray[np.uint32],
    characters: Counts,
) -> None:
    """Places in the UTF-8 of documents as places in their characters; ``scratch`` is not needed."""
    begins = np.concatenate([[0], np.cumsum(data & 0xC0 != 0x80)])
    begin = offsets[document][:, None]
    characters[:] = begins[begin + places] - begins[begin]


def room(
    data: Bytes, offsets: Counts, names: npt.NDArray[np.uint64], codes: npt.NDArray[np.uint32]
) -> tuple[int, int, int]:
    """How many tokens, blocks and references there are at most; see the compiled kernel.

    Two tokens or blocks need a byte between them, or are characters of three bytes.
    """
    most = (int(offsets[-1] - offsets[0]) + len(offsets) - 1) // 2 + 1
    raw = data[offsets[0] : offsets[-1]].tobytes()
    return most, most, sum(1 for _ in entities_of(raw, names, codes))


def tokenize(
    data: Bytes,
    offsets: Counts,
    page: npt.NDArray[np.uint16],
    entry: npt.NDArray[np.uint32],
    pool: Bytes,
    scratch: Bytes,
    more: npt.NDArray[np.uint64],
    token_offsets: Counts,
    hashes: npt.NDArray[np.uint64],
    starts: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.uint32],
    flags: Bytes,
    block_offsets: Counts,
    block_first: Counts,
    block_start: npt.NDArray[np.uint32],
    block_end: npt.NDArray[np.uint32],
) -> None:
    """Tokenize documents data[offsets[d]:offsets[d + 1]]; see the compiled kernel."""
    t = blocks = 0
    known: Known = {}
    token_offsets[0] = block_offsets[0] = block_first[0] = 0
    for d in range(len(offsets) - 1):
        text = read(data[offsets[d] : offsets[d + 1]].tobytes(), page, entry, pool, known)
        for first, last in blocks_of(text):
            kinds = kinds_of(text, first, last)
            inside = quoted(kinds)
            words = tokens_of(kinds, text.forms[first:last])
            numerals = in_numerals(words)
            for token, numeral in zip(words, numerals, strict=True):
                hashes[t] = xxh64_intdigest(token.form)
                starts[t] = text.start[first + token.first]
                ends[t] = text.end[first + token.last - 1]
                kind = kinds[token.first]
                flags[t] = QUOTED_FLAG * inside[token.first]
                flags[t] |= CHARACTER_FLAG * (kind == "c") | NUMBER_FLAG * (kind == "d" or numeral)
                t += 1
            block_start[blocks] = text.start[first]
            block_end[blocks] = text.end[last - 1]
            blocks += 1
            block_first[blocks] = t
        token_offsets[d + 1] = t
        block_offsets[d + 1] = blocks


def polynomial(words: Hashes, multiplier: int) -> np.uint64:
    """Σ words[i] · multiplier^(n - 1 - i) mod 2^64."""
    powers = np.full(len(words), multiplier, np.uint64)
    powers[:1] = 1
    return np.uint64((words * np.cumprod(powers, dtype=np.uint64)[::-1]).sum(dtype=np.uint64))


def roll(words: Hashes, word_offsets: Counts, sizes: Counts, offsets: Counts, shingles: Hashes) -> None:
    """Hash every ``sizes[d]`` consecutive words of document d, or all its words if they are fewer."""
    for d in range(len(sizes)):
        own = words[word_offsets[d] : word_offsets[d + 1]]
        size = min(int(sizes[d]), len(own))
        count = int(offsets[d + 1] - offsets[d])
        result = np.zeros(count, np.uint64)
        for i in range(size):
            result = result * np.uint64(MULTIPLIER) + own[i : i + count]
        shingles[offsets[d] : offsets[d + 1]] = result


def content(words: Hashes, word_offsets: Counts, hashes: Hashes) -> None:
    """128 bits over all words of a document, in order: two polynomials, mixed with the number of words."""
    for d in range(len(word_offsets) - 1):
        own = words[word_offsets[d] : word_offsets[d + 1]]
        mixed = (own ^ own >> np.uint64(32)) * np.uint64(0xC4CEB9FE1A85EC53) ^ own
        lanes = np.array([polynomial(own, CONTENT_A), polynomial(mixed, CONTENT_B)])
        lanes ^= np.array([len(own)], np.uint64) * np.uint64(MULTIPLIER)
        lanes = (lanes ^ lanes >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
        lanes = (lanes ^ lanes >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
        hashes[d] = lanes ^ lanes >> np.uint64(33)


def winnow(
    shingles: Hashes,
    offsets: Counts,
    windows: Counts,
    picked_offsets: Counts,
    picked: Hashes,
    positions: npt.NDArray[np.uint32],
) -> None:
    """Pick the smallest fingerprint of every ``windows[d]`` ones of document d in a row, the last of equals.

    Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting" (2003).
    """
    n = 0
    picked_offsets[0] = 0
    for d in range(len(windows)):
        own = (shingles[offsets[d] : offsets[d + 1]] >> np.uint64(FINGERPRINT_SHIFT)).tolist()
        window = min(int(windows[d]), len(own))
        last = -1
        for start in range(len(own) - window + 1 if own else 0):
            least = min(range(start, start + window), key=lambda i: (own[i], -i))
            if least != last:
                picked[n], positions[n] = own[least], least
                n += 1
            last = least
        picked_offsets[d + 1] = n


def minhash(
    shingles: Hashes,
    offsets: Counts,
    a: npt.NDArray[np.uint32],
    b: npt.NDArray[np.uint32],
    signatures: npt.NDArray[np.uint32],
) -> None:
    """Minimum of ``a[p] * fmix32(hash) + b[p]`` over the shingles of document d, for each p."""
    hashes = (shingles >> np.uint64(32)).astype(np.uint32)
    h = hashes ^ hashes >> np.uint32(16)
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ h >> np.uint32(13)
    h = h * np.uint32(0xC2B2AE35)
    h = h ^ h >> np.uint32(16)
    for d in range(len(offsets) - 1):
        signatures[d] = 0xFFFFFFFF
        for i in range(offsets[d], offsets[d + 1], 1024):  # 1,024 hashes are half a megabyte of products
            part = h[i : min(i + 1024, offsets[d + 1]), None]
            signatures[d] = np.minimum(signatures[d], (part * a + b).min(axis=0))


def count_languages(
    words: Hashes,
    word_offsets: Counts,
    known: Hashes,
    buckets: Counts,
    languages: Hashes,
    sample: int,
    counts: npt.NDArray[np.uint32],
) -> None:
    """Count the first ``sample`` words of document d that a language knows: counts[d, language]."""
    knowing = dict(zip(known.tolist(), languages.tolist(), strict=True))
    for d in range(len(word_offsets) - 1):
        own = words[word_offsets[d] : word_offsets[d + 1]][:sample].tolist()
        bits = [knowing.get(word, 0) for word in own]
        counts[d] = [sum(held >> language & 1 for held in bits) for language in range(counts.shape[1])]
