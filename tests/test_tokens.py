from __future__ import annotations

import re
import textwrap
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dedup import kernels
from dedup.entities import entity_names
from dedup.errors import InputError
from dedup.folding import folding
from dedup.kernels import reference
from dedup.tokens import (
    CHARACTER,
    NUMBER,
    QUOTED,
    Tokens,
    byte_to_char,
    decoded,
    text_buffers,
    to_characters,
    token_strings,
    tokenize,
)

PIECES = [
    *"aBzß1２९éÉİı’'‘´.,-–“”„«»\"「」『』()\n\r\t  ",
    *"\u0301\u0316\u093c\u0301\u00ad\u200b\ufeff\u2028\x85\x0b\x00",
    *"かがｶﾞー中กำ한कि𝒜😀ÅｱﬁЖαάᾳ",
    "\r\n",
    "U.S.",
    "1.000,5",
    "word ",
    "Letters7 ",
    "internationalize",
    "3.40",
    *("``", "''", ",,", "''word", ",,word", "``word "),
    *("12 ", "345", "'", "\u202f", "123,4", "三十", "零", "\u3099", "1.234.567,8 "),
    *("678 ", "112 245 367 ", "٣٦٧ ", "1 112 245 367 048 555,5 "),
    "‘We will’ ",
    "it's ",
    "players’ ",
    "“Yes,” she said. ",
    'the "plain" words, (some) of them 2; ',
    "    ",
    "\n\n",
    *("&quot;", "&ldquo;", "&rsquo;", "&#39;", "&nbsp;", "&amp;", "&eacute;", "&#x4E2d;", "&#10;", "&#x301;"),
    *("&", "&amp", "&#0;", "&#xD800;", "&#128;", "&#38;", "&#x1F600;", "&shy;", "&laquo;", "#8217;"),
    "a line of some length that goes on until it is about\n",
]
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=["Cs"])), max_size=40).map(
        "".join
    ),
)


def columns(tokens: Tokens) -> dict[str, list[int]]:
    return {name: getattr(tokens, name).tolist() for name in Tokens.__slots__}


def by(monkeypatch: pytest.MonkeyPatch, namespace: object, array: pa.Array) -> Tokens:
    with monkeypatch.context() as patch:
        patch.setattr(kernels, "get", lambda nbytes=0: namespace)
        return tokenize(array)


def check(documents: list[str]) -> None:
    # 64 bytes are looked at at a time where that many follow
    array = pa.array([*documents, "x" * 99], pa.large_string())
    compiled = kernels.warm()
    with pytest.MonkeyPatch.context() as patch:
        assert columns(by(patch, compiled, array)) == columns(by(patch, kernels._REFERENCE, array))


@given(st.lists(texts, max_size=4))
@settings(max_examples=400, deadline=None)
def test_compiled_equals_reference(documents: list[str]) -> None:
    check(documents)


@pytest.mark.parametrize("pieces", [PIECES, ["word ", "plain words of some length ", "U.S.", "中"], ["ab "]])
def test_compiled_equals_reference_for_long_texts(pieces: list[str]) -> None:
    # some hundred words are hashed together; between them stand tokens that are hashed alone
    rng = np.random.default_rng(len(pieces))
    check(["".join(rng.choice(pieces, size)) for size in (300, 321, 1000, 5000, 1)])


@given(st.lists(texts, max_size=4))
@settings(deadline=None)
def test_there_is_room(documents: list[str]) -> None:
    array = pa.array([*documents, "two words\n" * 9], pa.large_string())
    made = tokenize(array)
    for loops in (kernels.warm(), reference):
        assert len(made.entity_start) <= loops.room(*text_buffers(array), *entity_names())[2]
        tokens, lines, _ = loops.room(*text_buffers(decoded(made, array)[1]), *entity_names())
        assert len(made.hash) <= tokens
        assert len(made.block_start) <= lines


def one(text: str) -> Tokens:
    return tokenize(pa.array([text], pa.large_string()))


def hashes(words: list[str]) -> list[int]:
    return [xxhash.xxh64_intdigest(word.encode()) for word in words]


def blocks(text: str) -> list[str]:
    made, raw = one(text), text.encode()
    return [raw[a:b].decode() for a, b in zip(made.block_start, made.block_end, strict=True)]


def inside(text: str) -> str:
    """The tokens in quotation marks."""
    made, words = one(text), token_strings(text)
    return " ".join(word for word, flags in zip(words, made.flags, strict=True) if flags & QUOTED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t", ""),
        ("a", "a"),
        ("The END", "the end"),
        ("China’s China's Chinaʼs China＇s", "chinas chinas chinas chinas"),
        ("‘tis the boys’ rock’n’roll, 1990’s", "tis the boys rocknroll 1990s"),
        ("5'10 5’10", "5 10 5 10"),
        ("34.5 34,5 1,000 1.000,5 3. 4,", "34.5 34.5 1000 1000.5 3 4"),
        ("12345 12.345 12,345 12 345 12\u00a0345 12\u202f345 12'345 12’345", "12345 " * 8),
        ("1.234.567,89 1 234 567.89 1,234,567.89", "1234567.89 " * 3),
        ("0.125 0,125 12.05.2018 1234.567 1,2345", "0.125 0.125 12.05.2018 1234.567 1.2345"),
        ("2018 345 12 34 1 2345 1 234a 12  345 12\n345", "2018 345 12 34 1 2345 1 234a 12 345 12 345"),
        ("1 234 567 890 1 234 567 890,5 123 456 789 012", "1234567890 1234567890.5 123456789012"),
        ("112 245 367 412 555 048 12", "112 245 367 412 555 048 12"),
        ("1 234 567 890 123 12 345", "1 234 567 890 123 12345"),
        ("112 ٢٤٥ 36\u00ad7 412 555,500 617 718", "112 245 367 412 555500 617718"),
        ("112 245 367 412 555.500,5 48", "112 245 367 412 555500.5 48"),
        ("１２．３４５ ١٢٬٣٤٥ 7\u00ad5,\u200b0", "12345 12345 75.0"),
        ("1..2 1, 2 v1.2.3", "1 2 1 2 v1.2.3"),
        ("U.S. US U.S.-led A.P. e.g. p.m.", "us us us led ap eg pm"),
        ("end. Next a. b x.com J.Smith U.S.The", "end next a b x com j smith us the"),
        ("well-known state–run", "well known state run"),
        ("Straße STRASSE İstanbul ISTANBUL ısı", "strasse strasse istanbul istanbul isi"),
        ("ex\u00adam\u200bple \ufeffstart en\u2060d", "example start end"),
        ("café cafe\u0301 Ελλάδα ЙОД שָׁלוֹם مُحَمَّد محـمد", "cafe cafe ελλαδα иод שלום محمد محمد"),
        ("کتابی كتابي على ۀ هٔ", "كتابي كتابي علي ه ه"),
        ("\u0958\u0932\u092e \u0915\u093c\u0932\u092e", "\u0958\u0932\u092e " * 2),
        ("２０２５ ١٢٣ १२", "2025 123 12"),
        ("か が スーパー", "か が ス ー パ ー"),
        ("ปี2025中文abc", "ป\u0e35 2025 中 文 abc"),
        ("한국어 हिन्दी", "한 국 어 हिन्दी"),
        (unicodedata.normalize("NFD", "20만원"), "20 만 원"),
        ("𝒜𝓑 😀 x😀y", "ab x y"),
        ("a\x00b", "a b"),
        ("\u0301\u0302", ""),
        ("½ m² №", "1⁄2 m2 no"),
    ],
)
def test_words(text: str, expected: str) -> None:
    words = unicodedata.normalize("NFKD", expected).split()
    assert token_strings(text) == words
    assert one(text).hash.tolist() == hashes(words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said “we go” home.", "we go"),
        ('He said "we go" home "now".', "we go now"),
        ("Er sagte: „Wir gehen“, dann nicht.", "wir gehen"),
        ("On „idzie” dom", "idzie"),
        ("Il dit « on va » et part", "on va"),
        ("Er rief: »Los jetzt«, und", "los jetzt"),
        ("Er sagte: “Wir gehen“, dann nicht.", "wir gehen"),
        ("Er sagte: “Wir gehen.“ Dann nicht.", "wir gehen"),
        ("Er sagte: ,,Wir gehen'', dann nicht.", "wir gehen"),
        ("Er sagte: ,,Wir gehen“, dann nicht.", "wir gehen"),
        ('Er sagte: ,,Wir gehen", dann nicht.', "wir gehen"),
        ("``We go,'' he said, ``now.''", "we go now"),
        ("the ''plain'' words, the boys' bus", "plain"),
        ("قال ”نحن هنا“ ثم", "نحن هنا"),
        ("Han sa: ”Vi går” och", "vi gar"),
        ("Hän sanoi »menemme» kotiin", "menemme"),
        ("他说「你好」了", "你 好"),
        ("他说『你「好」吗』了", "你 好 吗"),
        ('mixed “one" two „three" four "five” six', "one three five"),
        ("“first paragraph\n“second” end", "first paragraph second"),
        ("“open to the end of it\nnext", "open to the end of it"),
        ("She said ‘We don’t go’ home", "we dont go"),
        ("in the ‘90s and ‘lone words", ""),
        ('closing” alone and 12" wide', ""),
        ("More » here", ""),
        ('דובר צה"ל אמר', ""),
    ],
)
def test_quotations(text: str, expected: str) -> None:
    assert inside(text) == expected


def test_character_flag() -> None:
    made = one("a 中b กำ한")
    assert (made.flags & CHARACTER != 0).tolist() == [0, 1, 0, 1, 1, 1]


def test_number_flag() -> None:
    made = one("1st b2 三万八千円 二人 12 345")
    assert (made.flags & NUMBER != 0).tolist() == [1, 0, 1, 1, 1, 1, 0, 0, 0, 1]


@given(texts)
@settings(deadline=None)
def test_spans_hold_the_token(text: str) -> None:
    made, read = decoded(one(text), pa.array([text], pa.large_string()))
    raw, words = read[0].as_py().encode(), token_strings(text)
    assert made.hash.tolist() == hashes(words)
    table = folding()
    for start, end, word in zip(made.start.tolist(), made.end.tolist(), words, strict=True):
        folded = b"".join(table.lookup(ord(c))[1] for c in raw[start:end].decode()).decode()
        assert folded.replace(".", "").replace(",", "") == word.replace(".", "").replace(",", "")
    assert (made.start < made.end).all()
    assert (made.start[1:] >= made.end[:-1]).all()
    assert (made.block_start[1:] >= made.block_end[:-1]).all()
    for block, (first, last) in enumerate(zip(made.block_first, made.block_first[1:], strict=False)):
        assert (made.start[first:last] >= made.block_start[block]).all()
        assert (made.end[first:last] <= made.block_end[block]).all()


@given(texts)
@settings(deadline=None)
def test_normal_forms_give_the_same_tokens(text: str) -> None:
    # no language has a nukta behind kana (decomposed it stands between the letter and its voicing mark), or a
    # voicing mark behind other letters (it changes places with their accents)
    assume("\u093c" not in text or not re.search("[\u3041-\u30ff]", text))
    assume(not re.search("(?<![\u3041-\u30ff])[\u3099\u309a]", text))
    composed, decomposed = (one(unicodedata.normalize(form, text)).hash.tolist() for form in ("NFC", "NFD"))
    assert composed == decomposed


@given(st.text("abzäßÉıſЖάςǅﬁ ’'.,-\n“”12"))
@settings(deadline=None)
def test_case_does_not_matter(text: str) -> None:
    assert token_strings(text) == token_strings(text.upper()) == token_strings(text.lower())


def test_every_code_point_in_both_normal_forms() -> None:
    notes = range(0x1D15E, 0x1D1C1)  # of music; taken apart their stems are marks
    points = [chr(c) for c in range(0x20000) if not 0xD800 <= c < 0xE000 and c not in notes]
    for around in ("{0}", "a{0}a"):
        written = [around.format(c) for c in points]
        made = tokenize(pa.array(written))
        for form in ("NFC", "NFD"):  # NFC takes letters with a nukta apart
            normal = tokenize(pa.array([unicodedata.normalize(form, text) for text in written]))
            assert np.array_equal(made.hash, normal.hash)
            assert np.array_equal(made.offsets, normal.offsets)


@given(
    st.lists(texts, max_size=5),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([pa.string(), pa.large_string()]),
)
@settings(deadline=None)
def test_slices_and_batches_equal_one_by_one(
    documents: list[str], first: int, count: int, kind: pa.DataType
) -> None:
    made = tokenize(pa.array(documents, kind).slice(first, count))
    chosen = documents[first : first + count]
    assert len(made) == len(chosen)
    for d, text in enumerate(chosen):
        alone, own = one(text), slice(made.offsets[d], made.offsets[d + 1])
        for name in ("hash", "start", "end", "flags"):
            assert getattr(made, name)[own].tolist() == getattr(alone, name).tolist()
        blocks = slice(made.block_offsets[d], made.block_offsets[d + 1] + 1)
        assert (made.block_first[blocks] - made.offsets[d]).tolist() == alone.block_first.tolist()


@pytest.mark.parametrize("array", [pa.array(["a", None]), pa.array([1, 2]), pa.array([b"a"])])
def test_refused(array: pa.Array) -> None:
    with pytest.raises(InputError):
        tokenize(array)


def test_invalid_utf8_does_no_harm() -> None:
    raw = b"ab\xff\xe2\x80cd\xf0\x9f ef\xc3"
    array = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, len(raw)], np.int32)), pa.py_buffer(raw)]
    )
    assert tokenize(array).hash.tolist() == hashes(["ab", "cd", "ef"])


@given(st.text(max_size=30))
def test_byte_to_char(text: str) -> None:
    starts = np.cumsum([0, *(len(c.encode()) for c in text)])
    assert byte_to_char(text.encode(), starts[::-1]).tolist() == list(range(len(text) + 1))[::-1]


WRAPPED = """\
The council voted on Tuesday night to
close the bridge over the river for two years while engineers
replace the rusted cables that have held it since it was first
opened, officials said.
    Traders in the old town fear that they will lose half of
their customers. The mayor said buses would run more often.
    Works start in May.
 Agency
"""


def test_lines() -> None:
    assert blocks("  one \r\n\r\n two\u00a0\n\n \t\nthree\u2028four\x0bfive\x85") == [
        "one",
        "two",
        "three",
        "four",
        "five",
    ]
    assert blocks("") == []


def test_wrapped_lines_are_joined() -> None:
    made = blocks(WRAPPED)
    assert [block.split()[0] for block in made] == ["The", "Traders", "Works", "Agency"]


def test_wrapped_paragraphs_apart_by_blank_lines() -> None:
    text = "\r\n\r\n".join(part.strip() for part in WRAPPED.replace("\n", "\r\n").split("\r\n    "))
    assert [block.split()[0] for block in blocks(text)] == ["The", "Traders", "Works", "Agency"]


HARBOUR = "港の入り口にある古い橋は春から夏にかけて二度も閉じられ、船は沖で潮を待つしかなかったと漁協の職員は話している。"


@pytest.mark.parametrize("sizes", [(49, 39, 58, 50, 46, 26), (48, 44, 41, 44, 34, 15), (52, 31, 24)])
def test_short_paragraphs_without_spaces_stay_lines(sizes: tuple[int, ...]) -> None:
    lines = [HARBOUR[-size:] for size in sizes]
    assert blocks("\n".join(lines)) == lines


@pytest.mark.parametrize("indent", ["", "\u3000"])
def test_wrapped_lines_without_spaces_are_joined(indent: str) -> None:
    paragraph = indent + HARBOUR + HARBOUR
    wrapped = "\n".join(paragraph[at : at + 28] for at in range(0, len(paragraph), 28))
    assert len(blocks(f"{wrapped}\n{wrapped}")) == (2 if indent else 1)
    assert len(blocks(f"{wrapped}\n\n{wrapped}")) == 2


def test_korean_is_wrapped_at_its_spaces() -> None:
    text = (
        "항구 입구의 오래된 다리는 봄부터 여름까지 두 번이나 닫혔고 배들은 바다에서 물때를 기다렸다고 했다. "
        * 3
    )
    assert len(blocks("\n".join(textwrap.wrap(text, 24)))) == 1


def test_lists_stay_lines() -> None:
    menu = [
        "Home",
        "World news",
        "Sports and leisure",
        "What the mayor said about the bridge",
        "Weather",
        "More",
    ]
    assert blocks("\n".join(menu)) == menu
    article = [f"{'A sentence that goes on. ' * n}".strip() for n in (3, 9, 7, 8)]
    assert blocks("\n".join(article)) == article


@given(st.lists(st.text(), max_size=6), st.data())
def test_places_of_many_documents_as_characters(texts, data):
    drawn = [(n, data.draw(st.integers(0, len(text)))) for n, text in enumerate(texts) for _ in range(2)]
    numbers = np.array([number for number, _ in drawn], np.int64)
    places = np.array([len(texts[n][:at].encode()) for n, at in drawn], np.uint32)
    array = pa.array(["é", *texts], pa.large_string())[1:]
    assert to_characters(array, numbers, places).tolist() == [at for _, at in drawn]
    assert to_characters(array, numbers, np.stack([places, places], 1)).tolist() == [
        [at, at] for _, at in drawn
    ]
