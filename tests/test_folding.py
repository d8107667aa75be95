from __future__ import annotations

import unicodedata

import pytest

from dedup.folding import Class, folding

CASES = {
    "A": (Class.WORD, "a"),
    "ß": (Class.WORD, "ss"),
    "ẞ": (Class.WORD, "ss"),
    "ı": (Class.WORD, "i"),
    "İ": (Class.WORD, "i"),
    "é": (Class.WORD, "e"),
    "й": (Class.WORD, "и"),
    "ς": (Class.WORD, "σ"),
    "ﬁ": (Class.WORD, "fi"),
    "Ａ": (Class.WORD, "a"),
    "٣": (Class.DIGIT, "3"),
    "५": (Class.DIGIT, "5"),
    "７": (Class.DIGIT, "7"),
    "が": (Class.CHARACTER, "か\u3099"),
    "ｶ": (Class.CHARACTER, "カ"),
    "ー": (Class.CHARACTER, "ー"),
    "中": (Class.CHARACTER, "中"),
    "々": (Class.CHARACTER, "々"),
    "ก": (Class.CHARACTER, "ก"),
    "한": (Class.CHARACTER, "한"),
    "\u3099": (Class.MARK, "\u3099"),
    "ﾞ": (Class.MARK, "\u3099"),
    "\u093c": (Class.MARK, "\u093c"),
    "\u0958": (Class.WORD, "\u0915\u093c"),
    "\u06a9": (Class.WORD, "\u0643"),
    "\u06cc": (Class.WORD, "\u064a"),
    "\u0649": (Class.WORD, "\u064a"),
    "\ufbfd": (Class.WORD, "\u064a"),
    "\u06c0": (Class.WORD, "\u0647"),
    "\u06c1": (Class.WORD, "\u0647"),
    "\u06c3": (Class.WORD, "\u0629"),
    "\u06aa": (Class.WORD, "\u06aa"),
    "\u06be": (Class.WORD, "\u06be"),
    "\u06d2": (Class.WORD, "\u06d2"),
    "\u0301": (Class.DROPPED, ""),
    "\u064e": (Class.DROPPED, ""),
    "\u05b8": (Class.DROPPED, ""),
    "\u00ad": (Class.IGNORABLE, ""),
    "\u200b": (Class.IGNORABLE, ""),
    "\u200d": (Class.IGNORABLE, ""),
    "\ufeff": (Class.IGNORABLE, ""),
    "\u202e": (Class.IGNORABLE, ""),
    "\ufe0f": (Class.IGNORABLE, ""),
    "ـ": (Class.IGNORABLE, ""),
    "'": (Class.APOSTROPHE, ""),
    "ʼ": (Class.APOSTROPHE, ""),
    "＇": (Class.APOSTROPHE, ""),
    "’": (Class.SINGLE_RIGHT, ""),
    ".": (Class.DOT, "."),
    "，": (Class.COMMA, ","),
    "\u00a0": (Class.SPACE, ""),
    "\x00": (Class.SPACE, ""),
    "\x85": (Class.LINE, ""),
    "\u2028": (Class.LINE, ""),
    "-": (Class.SEPARATOR, ""),
    "—": (Class.SEPARATOR, ""),
    "…": (Class.SEPARATOR, ""),
    "€": (Class.SEPARATOR, ""),
    "😀": (Class.SEPARATOR, ""),
    "(": (Class.OPENING, ""),
}


@pytest.mark.parametrize(("character", "expected"), CASES.items())
def test_entry(character: str, expected: tuple[Class, str]) -> None:
    kind, form = expected
    assert folding().lookup(ord(character)) == (kind, unicodedata.normalize("NFKD", form).encode())


def test_every_code_point_has_an_entry() -> None:
    table = folding()
    assert len(table.page) << 8 == 0x110000
    assert int(table.page.max()) + 1 << 8 == len(table.entry)
    kinds = table.entry & 31
    lengths, places = table.entry >> 5 & 127, table.entry >> 12
    assert kinds.max() <= max(Class)
    assert (places + lengths)[lengths != 127].max() <= len(table.pool)
    words = (kinds >= Class.WORD) & (kinds <= Class.MARK)
    assert (lengths[words] > 0).all()
    assert table.growth >= 3


def test_folding_is_idempotent() -> None:
    table = folding()
    for code in [*range(0xD800), *range(0xE000, 0x20000)]:
        kind, form = table.lookup(code)
        if Class.WORD <= kind <= Class.MARK:
            again = b"".join(table.lookup(ord(c))[1] or c.encode() for c in form.decode())
            assert again == form, hex(code)
