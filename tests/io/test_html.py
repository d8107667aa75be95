from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.errors import MissingExtraError
from dedup.io import Reject, read
from dedup.io.html import _decoded, load_html
from dedup.values import parse_time

if TYPE_CHECKING:
    from pathlib import Path

LEAD = "Die Fähre über den Fluß fährt ab Montag wieder, teilte die Gemeinde am Samstag mit. "


def page(charset: str = "") -> str:
    return f"""<!doctype html><html lang="de"><head>{charset}
      <title>Fähre fährt wieder</title>
      <meta property="og:title" content="Fähre fährt wieder">
      <meta property="og:site_name" content="Talbote">
      <meta property="article:published_time" content="2024-03-02T09:30:00+01:00">
      <link rel="canonical" href="https://www.talbote.example/faehre.html"></head>
      <body><nav><a href="/">Start</a></nav><article><h1>Fähre fährt wieder</h1>
      <p>{LEAD * 3}</p><p>{"Der Pegel war seit Wochen zu niedrig. " * 3}</p></article></body></html>"""


def test_a_page(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    (tmp_path / "p.html").write_text(page(), encoding="utf-8")
    (batch,) = read([tmp_path])
    (row,) = batch.to_pylist()
    assert LEAD.strip() in row["text"]
    assert "Start" not in row["text"]
    assert row["id"] == "p.html"
    assert row["title"] == "Fähre fährt wieder"
    assert row["source"] == "Talbote"
    assert row["url"] == "https://www.talbote.example/faehre.html"
    assert row["published"] == datetime(2024, 3, 2, 8, 30, tzinfo=UTC)
    assert orjson.loads(row["record"])["text"] == row["text"]


def meta(time: str) -> str:
    return f'<meta property="article:published_time" content="{time}">'


def linked(*parts: str) -> str:
    return f'<script type="application/ld+json">{{"@type": "NewsArticle", {", ".join(parts)}}}</script>'


@pytest.mark.parametrize(
    ("declared", "published"),
    [
        (meta("2024-03-02T09:30:15.5Z"), "2024-03-02T09:30:15.5Z"),
        ('<meta content=" 2024-03-02T09:30 " property="article:published_time">', "2024-03-02T09:30"),
        ('<meta itemprop="datePublished" content="2024-03-02T09:30+0100">', "2024-03-02T09:30+0100"),
        (
            linked('"dateModified": "2024-03-02T12:00Z"', '"datePublished": "2024-03-02T09:30\\u002B01:00"'),
            "2024-03-02T09:30+01:00",
        ),
        (linked('"datePublished": "2024-03-02T23:30-05:00",'), "2024-03-02T23:30-05:00"),  # no JSON
        (
            meta("2024-03-02") + linked('"datePublished": "2024-03-02T09:30Z"'),
            "2024-03-02T09:30Z",
        ),
        (meta("2024-03-02T09:30Z") + linked('"datePublished": "2024-03-01T07:00Z"'), "2024-03-02T09:30Z"),
        (meta("2024-03-02"), "2024-03-02"),
        (meta("2024-03-02T99:30"), "2024-03-02"),
        (linked('"datePublished": "2024-03-02T09:30\\x"'), "2024-03-02"),
        (linked('"datePublished": "2024-03-02"', '"dateModified": "2024-03-02T12:00Z"'), "2024-03-02"),
        ("", None),
    ],
)
def test_the_time_of_publication(tmp_path: Path, declared: str, published: str | None) -> None:
    pytest.importorskip("trafilatura")
    html = page().replace(meta("2024-03-02T09:30:00+01:00"), declared)
    (tmp_path / "p.html").write_text(html, encoding="utf-8")
    (batch,) = read([tmp_path])
    (row,) = batch.to_pylist()
    assert orjson.loads(row["record"]).get("published") == published
    assert row["published"] == parse_time(published)


@pytest.mark.parametrize(
    ("head", "body", "day"),
    [
        ("", "<footer>© 2021 Talbote</footer>", None),
        ("", "<footer>First opened on 12 March 1998</footer>", None),
        ("", "<h1>Closed since 12 March 1998</h1>", None),
        ("", "<p>Updated 3.4.2019, 2019-03-04 10:11:12</p>", None),
        ("", '<span class="candidates">12 March 1998</span><small>© 1999</small>', None),
        ("", '<aside><time datetime="2011-02-03">then</time></aside>', None),
        ("", '<time datetime="2011-02-03"></time><time datetime="2012-02-03"></time>', None),
        ("", '<div class="wpComments"><time datetime="2011-02-03">Ana</time></div>', None),
        ('<meta name="description" content="Updated 3.4.2019">', "", None),
        ('<meta itemprop="copyrightYear" content="2020">', "", None),
        ('<meta name="date" content="Sat, 02 Mar 2024 09:30:00 GMT">', "", "2024-03-02"),
        ('<meta name="DC.date.issued" content="3. März 2024">', "", "2024-03-03"),
        ('<meta property="article:modified_time" content="2024-03-05">', "", "2024-03-05"),
        (
            '<meta property="article:modified_time" content="2024-03-05">'
            + linked('"datePublished": "2024-03-02"'),
            "",
            "2024-03-02",
        ),
        (
            '<meta name="date" content="&#1;2024-03-02">',
            "",
            "2024-03-02",
        ),  # nor does a control character cost
        (linked(r'"datePublished": "2024-03-02\u0000"'), "", "2024-03-02"),  # the page
        ("", '<time datetime="2011-02-03">then</time> <time datetime="2011-02-03"></time>', "2011-02-03"),
        ("", '<time pubdate datetime="2011-02-03"></time><time datetime="2012-02-03"></time>', "2011-02-03"),
        ("", '<span itemprop="datePublished">3 March 2024</span>', "2024-03-03"),
        ('<link rel="canonical" href="https://www.talbote.example/2024/03/04/x.html">', "", "2024-03-04"),
    ],
)
def test_a_day_is_taken_from_markup_and_never_from_what_is_to_be_read(
    head: str, body: str, day: str | None
) -> None:
    pytest.importorskip("trafilatura")
    html = page().replace(meta("2024-03-02T09:30:00+01:00"), head).replace("</article>", body + "</article>")
    if "canonical" in head:
        html = html.replace('<link rel="canonical" href="https://www.talbote.example/faehre.html">', "")
    assert load_html(html.encode(), "p.html").get("published") == day


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "latin-1"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        ("<meta charset=utf-8>", "utf-8"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ('<meta charset="no-such-code">', "utf-8"),
        ('<meta charset="undefined">', "utf-8"),  # a codec of Python that always fails
        ("<meta charset=UTF-16>", "utf-8"),  # which no declaration in ASCII can be
        ('<meta charset="utf-16le">', "utf-8"),
        ("<meta charset=utf-8>", "latin-1"),  # not what it declares
    ],
)
def test_the_declared_encoding_is_honoured(tmp_path: Path, charset: str, encoding: str) -> None:
    pytest.importorskip("trafilatura")
    data = page(charset).encode(encoding)
    (tmp_path / "p.htm").write_bytes(data + b" " * (len(data) % 2))  # so that UTF-16 could be read
    (batch,) = read([tmp_path / "p.htm"])
    assert LEAD.strip() in batch.column("text")[0].as_py()


@pytest.mark.parametrize("charset", ["", "<meta charset=utf-8>"])
def test_bad_bytes_cost_only_themselves(tmp_path: Path, charset: str) -> None:
    pytest.importorskip("trafilatura")
    (tmp_path / "p.html").write_bytes(page(charset).encode().replace(b"niedrig", b"nie\xe4drig", 1))
    (batch,) = read([tmp_path])
    text = batch.column("text")[0].as_py()
    assert LEAD.strip() in text
    assert "nie\ufffddrig" in text


def test_what_declares_nothing_and_is_no_utf_8_is_windows_1252(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    (tmp_path / "p.html").write_bytes(page().replace("Woche", "“Œuvre”").encode("cp1252"))
    (batch,) = read([tmp_path])
    text = batch.column("text")[0].as_py()
    assert LEAD.strip() in text
    assert "“Œuvre”" in text


@pytest.mark.parametrize(
    ("label", "encoding", "word"),
    [
        ("gb2312", "gbk", "鎔基"),  # which GB 2312 lacks
        ("x-sjis", "cp932", "①髙"),
        ("Windows-874", "cp874", "ไทย"),
        ("ks_c_5601-1987", "cp949", "똠방"),
        ("iso-8859-9", "cp1254", "“Iğdır”"),
        ("windows-1251", "cp1251", "Мост"),
        ("windows1251", "cp1251", "Мост"),
        ("iso-8859-8-i", "iso8859-8", "גשר"),
        ("csgb2312", "gbk", "鎔基"),
        ("ks_c_5601-1989", "cp949", "똠방"),
        ("koi", "koi8-r", "Мост"),
    ],
)
def test_names_of_encodings_mean_what_browsers_mean(label: str, encoding: str, word: str) -> None:
    data = page(f'<meta charset="{label}">').replace("Woche", word).encode(encoding, "replace")
    decoded = _decoded(data)
    assert isinstance(decoded, str)
    assert word in decoded


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        ("cp1251", "Мост через реку закрыт с понедельника, сообщила мэрия города в субботу. "),
        ("gbk", "市政府周六表示，跨河大桥将从周一起关闭十八个月进行维修。"),
    ],
)
def test_another_script_that_nothing_declares_is_guessed(
    tmp_path: Path, encoding: str, sentence: str
) -> None:
    pytest.importorskip("trafilatura")
    text = f"<html><body><article><p>{sentence * 6}</p></article></body></html>"
    (tmp_path / "p.html").write_bytes(text.encode(encoding))
    (batch,) = read([tmp_path])
    assert sentence.strip() in batch.column("text")[0].as_py()


@given(st.text())
def test_any_text_in_utf_8_is_read_as_it_is(text: str) -> None:
    assert _decoded(text.encode(errors="replace")) == text.encode(errors="replace").decode("utf-8-sig")


@given(st.binary(), st.sampled_from(["", "utf-8", "latin-1", "big5", "hex", "idna", "undefined", "utf-7"]))
def test_no_bytes_are_too_bad(data: bytes, label: str) -> None:
    assert isinstance(_decoded(f"<meta charset={label}>".encode() + data), str | bytes)


def test_a_page_without_text(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    for name, data in (("a.html", ""), ("b.html", "<html><body></body></html>"), ("c.html", "\0\0")):
        (tmp_path / name).write_text(data)
    rejects: list[Reject] = []
    assert list(read([tmp_path], reject=rejects.append)) == []
    assert [(r.id, r.reason) for r in rejects] == [(f"{n}.html", "no text found in the page") for n in "abc"]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    (tmp_path / "p.html").write_text(page())
    (tmp_path / "t.txt").write_text("still read")
    with pytest.raises(MissingExtraError, match=r"needs trafilatura: pip install 'news-dedup\[html\]'"):
        read([tmp_path / "p.html"])
    rejects: list[Reject] = []
    (batch,) = read([tmp_path], reject=rejects.append)
    assert batch.column("text").to_pylist() == ["still read"]
    assert [r.reason for r in rejects] == ["reading HTML needs trafilatura: pip install 'news-dedup[html]'"]
