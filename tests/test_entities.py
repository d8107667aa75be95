"""Character references are read as the characters they stand for, wherever a text is looked at."""

from __future__ import annotations

import html
import random
from html.entities import html5
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup
from dedup import kernels
from dedup.boilerplate import strip
from dedup.config import Settings
from dedup.entities import entity_names, read_entities
from dedup.kernels import reference_entities
from dedup.pipeline import prepare
from dedup.quotations import mark_quotations
from dedup.tokens import QUOTED, Tokens, decoded, to_raw_places, token_strings, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    code: name.removesuffix(";")
    for name, characters in html5.items()
    if name.endswith(";") and len(name) <= 9 and len(characters) == 1
    for code in [ord(characters)]
}
TEXT = (
    '„Wir gehen“, sagte sie – l’été à 12\u00a0345 €. «\u00a0On va\u00a0», dit-il; ¿qué? “Yes,” ‘no’, it\'s "so"\n'
    "\t- R&D, AT&T & Q&A; &quot; 中文「你好」，한국어\r\n\u2028(\u201ex\u201c)\u0301e\u0301 𝒜😀 <b> …\n\n"
)
FORMS: tuple[Callable[[str], str], ...] = (
    lambda c: c,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: f"&#X{ord(c):06X};",
    lambda c: f"&{NAMES[ord(c)]};" if ord(c) in NAMES else f"&#{ord(c):05};",
)
# numbers of C1 are those of Windows-1252
characters = st.one_of(st.sampled_from(TEXT), st.characters(exclude_categories=["Cs", "Cc"]))
pieces = st.lists(st.tuples(characters, st.sampled_from(FORMS)), max_size=80)


def written(pieces: list[tuple[str, Callable[[str], str]]]) -> list[str]:
    """Each character, or a reference to it; an ampersand always as one."""
    return [FORMS[4](c) if c == "&" else form(c) for c, form in pieces]


def places(parts: list[str]) -> np.ndarray:
    """The byte at which each part begins, and the end."""
    return np.array([0, *accumulate(len(part.encode()) for part in parts)])


def check(texts: list[list[tuple[str, Callable[[str], str]]]]) -> None:
    plain = pa.array(["".join(c for c, _ in text) for text in texts], pa.large_string())
    raw = [written(text) for text in texts]
    column = pa.array(map("".join, raw), pa.large_string())
    tokens = tokenize(column)
    read, texts_read = decoded(tokens, column)
    # what an ampersand of the plain text begins is no reference there, as it isn't one in the other
    quiet = pa.array([t.replace("&", "%") for t in plain.to_pylist()], pa.large_string())
    expected = tokenize(quiet)
    assert texts_read.to_pylist() == plain.to_pylist()
    for name in Tokens.__slots__:
        if not name.startswith("entity"):
            assert getattr(read, name).tolist() == getattr(expected, name).tolist(), name
    for d, parts in enumerate(raw):
        move = dict(zip(places([c for c, _ in texts[d]]).tolist(), places(parts).tolist(), strict=True))
        for offsets, names in (
            ("offsets", ("start", "end")),
            ("block_offsets", ("block_start", "block_end")),
        ):
            own = slice(*getattr(tokens, offsets)[d : d + 2])
            for name in names:
                there = [move[place] for place in getattr(expected, name)[own].tolist()]
                assert getattr(tokens, name)[own].tolist() == there
                back = to_raw_places(tokens, getattr(tokens, offsets), getattr(read, name))
                assert back[own].tolist() == there
    assert mark_quotations(tokens, column).tolist() == mark_quotations(expected, quiet).tolist()


@given(st.lists(pieces, max_size=3))
def test_a_reference_is_read_as_its_character(texts: list[list[tuple[str, Callable[[str], str]]]]) -> None:
    check(texts)


def test_long_texts() -> None:
    kernels.warm()
    chance = random.Random(1)
    for rare in (1, 20, 1000):
        weights = (rare, 1, 1, 1, 1)
        texts = [
            [(c, chance.choices(FORMS, weights)[0]) for c in (TEXT + "some plain words of a text. " * 9) * n]
            for n in (0, 3, 7, 1)
        ]
        check(texts)


def one(text: str) -> str:
    """A text as it is read."""
    data = np.frombuffer(text.encode(), np.uint8)
    return read_entities(data, np.array([0, len(data)]), text.count("&")).data.tobytes().decode()


def test_names_and_numbers_are_those_of_html() -> None:
    for name, meant in html5.items():
        short = name.endswith(";") and len(name) <= 9 and len(meant) == 1
        assert one(f"a&{name}b") == (f"a{meant}b" if short else f"a&{name}b")
    # of what html.unescape leaves out or replaces, HTML says the same as of any other number
    for code in [*range(0x80, 0x180), *range(0x2000, 0x2100), 0xFFFD, 0x10000, 0x1F600, 0xE000, 0xD7FF]:
        for text in (f"a&#{code};b", f"a&#x{code:X};b", f"a&#{code:07};b"):
            assert one(text) == html.unescape(text), code


@pytest.mark.parametrize(
    "text",
    [
        *("&", "&;", "&#;", "&#x;", "&#0;", "&#x000;", "&#xD800;", "&#57343;", "&#x110000;", "&#xFFFFFFFF;"),
        *("&#99999999;", "&#000000039;", "&#3 9;", "&#-39;", "&#x2O;", "&quot", "&quot ;", "&Quot;"),
        *("R&D;", "AT&T", "Q&A; and", "?a=1&copy=2", "&nosuchnm;", "& quot;", "&qu&ot;", "&#x1F600", "&bne;"),
    ],
)
def test_anything_else_stays(text: str) -> None:
    for around in ("{}", "a {} b", "{} " + "x" * 99, "x" * 61 + "{}" + "x" * 99):
        assert one(around.format(text)) == around.format(text)
        assert not len(tokenize(pa.array([around.format(text)])).entity_start)


def test_one_level_is_read() -> None:
    assert one("&amp;quot; &amp;amp; &#38;#39;") == "&quot; &amp; &#39;"
    assert token_strings("&amp;quot;") == token_strings("quot")


def test_a_reference_ends_with_its_document() -> None:
    tokens = tokenize(pa.array(["x &quot", "; y", "&", "amp; z"]))
    assert not len(tokens.entity_start)
    assert len(tokens.hash) == 5


def test_invalid_utf8_stays() -> None:
    raw = b"ab\xff&eacute;\xe2\x80&quot;cd\xf0\x9f&#8217;\xc3"
    data = np.frombuffer(raw, np.uint8)
    read = read_entities(data, np.array([0, len(raw)]), 9).data.tobytes()
    assert read == b'ab\xff\xc3\xa9\xe2\x80"cd\xf0\x9f\xe2\x80\x99\xc3'
    array = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, len(raw)], np.int32)), pa.py_buffer(raw)]
    )
    assert tokenize(array).start.tolist() == [0, 3, 19]


@given(st.lists(st.text(alphabet="&#xX;aAmpquot0139f \u00e9", max_size=40), max_size=4), st.integers(0, 99))
def test_compiled_equals_reference(texts: list[str], longer: int) -> None:
    data = np.frombuffer("".join([*texts, "x" * longer]).encode(), np.uint8)
    offsets = np.array([0, *accumulate(len(text.encode()) for text in texts)])
    places = np.arange(offsets[-1] + 1, dtype=np.uint32)
    answers = []
    for loops in (kernels.warm(), reference_entities):
        read, start, gone = (np.zeros(len(data), kind) for kind in (np.uint8, np.uint32, np.uint32))
        bounds, entities = np.zeros_like(offsets), np.zeros_like(offsets)
        loops.read_entities(data, offsets, *entity_names(), read, bounds, entities, start, gone)
        moved = []
        for back in (False, True):
            for order in (1, -1):
                its = np.concatenate(
                    [places[:0], *(places[: b - a + 1][::order] for a, b in pairwise(offsets))]
                )
                each = offsets + np.arange(len(offsets))
                loops.move_places(each, entities, start, gone, back, its)
                moved.append(its.tolist())
        answers.append([array.tolist() for array in (read, bounds, entities, start, gone)] + moved)
    assert answers[0] == answers[1]


def scribbled(text: str, chance: random.Random) -> str:
    """A text some of whose signs are references."""
    often = set("\"'’“”„«»&<>\u00a0–—…‘‚äöüßéèàçñ¿¡")
    return "".join(
        chance.choice(FORMS[1:])(c) if chance.random() < (0.7 if c in often else 0.01) or c == "&" else c
        for c in text
    )


def test_whole_articles_are_judged_alike(seed_table: pa.Table) -> None:
    batch = seed_table.combine_chunks().to_batches()[0]
    # C1 controls aside, every text of the seeds can be written so
    chance = random.Random(2)
    texts = pa.array([scribbled(text, chance) for text in batch["text"].to_pylist()], pa.large_string())
    titles = pa.array([t and scribbled(t, chance) for t in batch["title"].to_pylist()], batch["title"].type)
    other = batch
    for name, column in (("text", texts), ("title", titles)):
        at = batch.schema.get_field_index(name)
        other = other.set_column(at, batch.schema.field(name), column.cast(batch.schema.field(name).type))
    expected, found = prepare(batch, Settings()), prepare(other, Settings())
    for name in type(expected).__slots__:
        if name != "removed_chars":
            ours, theirs = getattr(found, name), getattr(expected, name)
            assert ours == theirs if isinstance(ours, pa.Array) else np.array_equal(ours, theirs), name
    tokens = tokenize(batch["text"]), tokenize(other["text"])
    left, right = strip(tokens[0], batch), strip(tokens[1], other)
    raw = [text.as_py().encode() for text in other["text"]]
    plain = [text.as_py().encode() for text in batch["text"]]
    for kind in ("removed", "agency"):
        starts, ends, offsets = (getattr(right, f"{kind}_{name}") for name in ("start", "end", "offsets"))
        assert offsets.tolist() == getattr(left, f"{kind}_offsets").tolist()
        document = np.repeat(np.arange(len(batch)), np.diff(offsets))
        assert len(document)
        for i, d in enumerate(document.tolist()):
            cut = plain[d][getattr(left, f"{kind}_start")[i] : getattr(left, f"{kind}_end")[i]]
            assert html.unescape(raw[d][starts[i] : ends[i]].decode()) == cut.decode()


ARTICLES = {
    "fr": (
        "«\u00a0Nous attendions cet été-là depuis longtemps\u00a0», a déclaré l’élue de Montreval, Ève Dacier, à la "
        "presse. Le pont, fermé depuis l’hiver, rouvrira à l’été 2027 après 18\u00a0mois de travaux, a-t-elle précisé. "
        "«\u00a0Les commerçants ont déjà perdu la moitié de leurs clients\u00a0», regrette un boulanger de la vieille ville."
    ),
    "de": (
        "„Wir haben lange auf diesen Sommer gewartet“, sagte Bürgermeisterin Änne Größl in Mühlstätt. Die Brücke über den "
        "Fluss, seit dem Winter gesperrt, soll im Frühjahr nach 18 Monaten wieder öffnen – früher als geplant. „Die Händler "
        "haben die Hälfte ihrer Kunden verloren“, klagte ein Bäcker aus der Altstadt."
    ),
    "es": (
        "¿Cuándo abrirá el puente? «Esperábamos este verano desde hace años», declaró la alcaldesa de Peñalba, Inés Muñoz, "
        "en la rueda de prensa. El puente, cerrado desde el invierno, reabrirá tras 18 meses de obras. ¡Ya era hora!, "
        "exclamó un panadero del casco antiguo, que perdió la mitad de su clientela según dijo."
    ),
    "en": (
        "“We have waited for this summer for years,” Mayor Ann O’Dell told reporters at Harbour & Sons. The bridge, closed "
        "since last winter, will open after 18 months’ work – earlier than planned – she said. ‘It’s about time’, said a "
        "baker in the old town who lost half of her customers, and most of her R&D budget."
    ),
}


@pytest.mark.parametrize("language", ARTICLES)
def test_an_undecoded_copy_is_exact(language: str) -> None:
    text = ARTICLES[language]
    for form in FORMS[1:]:
        copy = "".join(c if c in "abcdefghijklmnopqrstuvwxyz ,.\n" else form(c) for c in text)
        found = dedup.compare(text, copy)
        assert found.relation is dedup.RelationKind.EXACT
        cut = dedup.compare(text, copy + "\n\nRain is expected.")
        assert cut.relation in (dedup.RelationKind.EXACT, dedup.RelationKind.NEAR)
        assert cut.passages
        assert all(
            html.unescape(copy[p.b_start : p.b_end]) == text[p.a_start : p.a_end] for p in cut.passages
        )


def test_marks_that_are_references_open_and_close() -> None:
    for text in (
        "He said &quot;we go&quot; home.",
        "Er sagte: &bdquo;Wir gehen&ldquo;, dann nicht.",
        "Il dit &laquo;&nbsp;on va&nbsp;&raquo; et part",
        "``We go,&#39;&#39; he said",
        "and &#39;so it went&#39;, they said",
        "He said &#147;we go&#148; home",
    ):
        column = pa.array([text])
        flags = mark_quotations(tokenize(column), column)
        assert 2 <= (flags & QUOTED != 0).sum() <= 3, text


def test_an_index_made_before_is_refused(tmp_path) -> None:
    import orjson

    place = tmp_path / "old.db"
    with dedup.Index.open(place) as index:
        scheme = orjson.loads(index._store.rows("SELECT value FROM meta WHERE name = 'scheme'")[0][0])
        del scheme["entities"]
        index._store.run("UPDATE meta SET value = ? WHERE name = 'scheme'", orjson.dumps(scheme).decode())
    with pytest.raises(dedup.SchemeError, match="entities is None there and 'html' here"):
        dedup.Index.open(place)
