"""dedup.report: what the page holds, and that nothing in it comes alive."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedup import Document, Settings, UsageError, diff, find_families
from dedup.cli import main
from dedup.errors import InputError, OutputError
from dedup.index import Index
from dedup.lineage import trace
from dedup.report import make_report
from dedup.report.contents import Contents, parents_of, short_form
from dedup.report.files import read_tables
from dedup.report.page import as_json
from dedup.report.pictures import matrix, timeline

if TYPE_CHECKING:
    import pyarrow as pa

LEAD = (
    "The harbour office of Port Alder closed its gates on Tuesday after a crane fell onto the eastern pier."
)
REST = (
    "Nobody was hurt, the harbour master said, but two cargo ships will have to wait outside the harbour "
    "until the wreck is gone. Engineers expect to lift the crane by the end of the week."
)
HOSTILE = (
    "</script><script>window.owned = 1</script>",
    "<img src=x onerror='window.owned = 1'>",
    "<!--<script>",
    "]]>&lt;&amp;\u2028\u2029\u202e😀",
    "{{ 7 * 7 }}{% raw %}",
)


def hostile_corpus() -> list[Document]:
    documents = []
    for n, text in enumerate(HOSTILE):
        for k in range(3):
            story = re.sub(r"(\w{4,})", rf"\1{'aeiou'[n]}", f"{LEAD} Of this kind.\n\n{REST}")
            body = f"{text}\n\n{story} {text}"
            documents.append(
                Document(
                    f"{text}{n}-{k}",
                    body if k else f"{body}\n\n{text} And some more words of its own stand here.",
                    title=f"{text} {n}",
                    source=f"{text}{k}",
                    url="javascript:window.owned=1" if k else "https://wire.example/?q=<b>",
                )
            )
    return documents


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    find_families(hostile_corpus()).write(out)
    return out


class Page(HTMLParser):
    """Elements of a page, and what stands inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag in ("script", "style"):
            self.inside.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            tag, attributes, text = self.inside[-1]
            self.inside[-1] = tag, attributes, text + data

    @property
    def data(self) -> dict[str, object]:
        return {
            str(attributes["id"]): json.loads(text)
            for tag, attributes, text in self.inside
            if attributes.get("type") == "application/json"
        }


@pytest.fixture(scope="module")
def page(hostile: Path) -> Page:
    return Page((hostile / "report.html").read_text("utf-8"))


def test_hostile_texts_make_no_element_and_no_handler(page: Page):
    assert page.elements["img"] == 0
    assert page.elements["script"] == 2 + len([name for name in page.data if name.startswith("chunk")])
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert not [value for _, name, value in page.attributes if name in ("src", "href") and value[:1] != "#"]


def test_the_policy_allows_our_script_and_style_and_nothing_else(page: Page):
    (policy,) = [
        value
        for tag, name, value in page.attributes
        if tag == "meta" and name == "content" and "src" in value
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert (rules["base-uri"], rules["form-action"], rules["img-src"]) == ("'none'", "'none'", "data:")
    for tag, attributes, text in page.inside:
        if "type" not in attributes:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_texts_arrive_as_they_were(page: Page):
    families = [family for name, chunk in page.data.items() if name != "index" for family in chunk]
    texts = {document.text for document in hostile_corpus()}
    assert len(families) == len(page.data["index"]["families"]["id"])
    assert {family["text"] for family in families} <= texts
    assert set(page.data["index"]["families"]["title"]) <= {d.title for d in hostile_corpus()}


@given(
    st.recursive(st.text(max_size=8) | st.sampled_from(HOSTILE), lambda inner: st.lists(inner, max_size=3))
)
def test_json_stands_safely_inside_a_script(value):
    made = str(as_json(value))
    assert not set("<>&\u2028\u2029") & set(made)
    assert json.loads(made) == value


def test_the_script_never_writes_markup():
    script = (Path(__file__).parent.parent / "dedup/report/report.js").read_text("utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setTimeout\(['\"`]",
        script,
    )
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", script)


def test_the_page_is_the_same_made_again_whatever_the_format(hostile: Path, tmp_path: Path):
    find_families(hostile_corpus()).write(tmp_path / "parquet", format="parquet")
    make_report(hostile, tmp_path / "again.html")
    again = (tmp_path / "again.html").read_bytes()
    assert again == (hostile / "report.html").read_bytes()
    assert again == (tmp_path / "parquet/report.html").read_bytes()


def made_of(short: list, base: str, at: int = 0) -> str:
    """What the page's form of a diff makes of its base."""
    moved = {step[0]: step[1] for step in short if isinstance(step, list)}
    parts = []
    for step in short:
        match step:
            case str():
                parts.append(step)
            case [start, end]:
                parts.append(base[start:end])
            case [start, _, edits]:
                parts.append(made_of(edits, base, start))
            case None:
                at = moved[at]
            case _:
                parts.append(base[at : at + max(step, 0)])
                at += abs(step)
    return "".join(parts)


PARAGRAPHS = st.lists(
    st.sampled_from([*LEAD.split(". "), *REST.split(". "), LEAD, REST, "", "\r", "𝄞 \x00 ends.", "A b c."]),
    max_size=9,
).map("\n".join)


@given(PARAGRAPHS | st.text(), PARAGRAPHS | st.text())
def test_the_page_holds_diffs_that_make_the_variant(a, b):
    assert made_of(short_form(diff(a, b).as_json()[1:]), a) == b


def test_what_is_left_out_is_counted(hostile: Path, tmp_path: Path):
    make_report(hostile, tmp_path / "small.html", largest=2, budget=0)
    page = Page((tmp_path / "small.html").read_text("utf-8"))
    assert len(page.data["index"]["families"]["id"]) == 2
    assert all("text" not in family for family in page.data["chunk-0"])
    summary = Contents(read_tables(hostile), hostile, largest=2, budget=0).summary
    assert (summary["shown"], summary["without_text"]) == (2, 2)
    assert summary["hidden_families"] + 2 == summary["families"]
    assert "smaller ones" in (tmp_path / "small.html").read_text("utf-8")


def test_parents_are_those_of_the_library(hostile: Path):
    result = find_families(hostile_corpus())
    tables = read_tables(hostile)
    ids = tables.documents["id"].to_pylist()
    parents = {
        identity: ids[row] if row >= 0 else None
        for identity, row in zip(ids, parents_of(tables).parent.tolist(), strict=True)
    }
    expected = {step.id: step.parent for family in result.families for step in family.timeline}
    assert parents == expected
    assert trace([], []) == ()


def test_families_without_anything_known_have_a_page_too(tmp_path: Path):
    find_families([Document("a", LEAD + " " + REST), Document("b", LEAD + " " + REST)]).write(
        tmp_path / "out"
    )
    page = Page((tmp_path / "out/report.html").read_text("utf-8"))
    assert page.data["index"]["families"]["title"][0].startswith("The harbour office")


@pytest.mark.parametrize(
    ("copies", "stories", "said"),
    [
        (1, 1, "1 article is a version of 1 other, and makes up 1 family with it."),
        (2, 1, "2 articles are versions of 1 other, and make up 1 family with it."),
        (1, 2, "2 articles are versions of 2 others, and make up 2 families with them."),
    ],
)
def test_one_and_many(copies: int, stories: int, said: str, tmp_path: Path):
    texts = [f"{LEAD} {REST}", " ".join(f"barge{n}" for n in range(60))][:stories]
    documents = [Document(f"{n}-{k}", text) for n, text in enumerate(texts) for k in range(copies + 1)]
    records = [*documents, documents[0], {"id": "none"}]
    find_families(records).write(tmp_path / "out")
    text = (tmp_path / "out/report.html").read_text("utf-8")
    shown = " ".join(re.sub(r"<[^>]+>", " ", text.split("<main id=")[1]).split())
    assert said in shown
    assert "1 record came twice and counts once." in shown
    assert "1 record could not be used" in shown
    facts = dict(re.findall(r"<dt>(.+?)</dt><dd>(\d+)</dd>", text))
    assert facts["copy" if copies * stories == 1 else "copies"] == str(copies * stories)
    assert facts["family" if stories == 1 else "families"] == str(stories)
    title = "1 family" if stories == 1 else "2 families"
    assert f"<title>dedup: {title} of {len(documents)} articles</title>" in text
    make_report(tmp_path / "out", tmp_path / "small.html", largest=1)
    small = " ".join((tmp_path / "small.html").read_text("utf-8").split())
    assert ("The largest family is shown; 1 smaller one, with 2 articles, is left out." in small) == (
        stories == 2
    )


def test_a_corpus_without_families_has_a_page_too(tmp_path: Path):
    find_families([Document("a", LEAD)]).write(tmp_path / "out")
    page = Page((tmp_path / "out/report.html").read_text("utf-8"))
    assert page.data == {"index": page.data["index"]}


def test_what_the_page_marks_as_left_out_is_what_was(tmp_path: Path, seed_table: pa.Table):
    """Furniture that the run learned, too, and nothing where nothing was to be stripped."""
    for format, strip in (("jsonl", True), ("parquet", True), ("jsonl", False)):  # noqa: A001
        out = tmp_path / f"{format}-{strip}"
        result = find_families(seed_table, settings=Settings(strip=strip))
        result.write(out, format=format, report=False)
        taken = dict(
            zip(*result.documents_table().select(["id", "removed_chars"]).to_pydict().values(), strict=True)
        )
        contents = Contents(read_tables(out), out)
        marked = {
            member[0]: sum(np.diff(np.reshape(spans, (-1, 3))[:, :2]).ravel())
            for chunk in contents.chunks()
            for family in chunk
            for member, spans in zip(family["members"], family["removed"], strict=True)
            if spans is not None
        }
        assert marked == {identity: taken[identity] for identity in marked}
        assert any(marked.values()) == strip


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_an_export_of_an_index_is_no_run(tmp_path: Path, format: str):  # noqa: A002
    with Index.open(tmp_path / "news.db") as index:
        index.add(Document("a", LEAD))
        index.export(tmp_path / "out", format=format)
    with pytest.raises(UsageError, match="has no texts, as the export of an index"):
        make_report(tmp_path / "out")


def test_errors_say_what_is_wrong(hostile: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="no result of dedup run"):
        make_report(tmp_path)
    (tmp_path / "taken.html").touch()
    with pytest.raises(InputError, match=r"run\.json: cannot be read: Not a directory$"):
        make_report(tmp_path / "taken.html")
    with pytest.raises(OutputError, match="exists already"):
        make_report(hostile, tmp_path / "taken.html")
    for name, content, error, message in (
        ("diffs.jsonl", (hostile / "diffs.jsonl").read_bytes()[:-9], InputError, "diffs are damaged"),
        ("diffs.jsonl", b"", InputError, "diffs has 0 rows where the other files tell of 10"),
        ("canonical.jsonl", b"", InputError, "canonical has 0 rows where the other files tell of 5"),
        ("diffs.parquet", b"PAR1 and no more", InputError, "diffs.parquet: cannot be read"),
        ("learned.jsonl", b'{"block": "ice"}', InputError, "learned.jsonl: cannot be read"),
        ("learned.jsonl", b'{"documents": 2}', InputError, "learned.jsonl: cannot be read"),
        ("learned.jsonl", b'{"block": "00112233aabbccdd"}', InputError, "learned.jsonl: cannot be read"),
        ("documents.jsonl", b'{"id"', InputError, "documents.jsonl: cannot be read"),
        ("documents.jsonl", b"", InputError, "is in a family, but not among the documents"),
        ("run.json", b"[]", UsageError, "no result of dedup run"),
        ("run.json", b'{"format": 2}', UsageError, "format 2; this version of dedup reads 1"),
    ):
        damaged = shutil.copytree(hostile, tmp_path / name, dirs_exist_ok=True)
        (damaged / name).write_bytes(content)
        with pytest.raises(error, match=message):
            make_report(damaged)


@pytest.mark.parametrize("out", ["page.html", None])
@pytest.mark.parametrize("name", ["families", "documents", "relations", "diffs", "canonical"])
def test_a_file_that_is_missing_is_named(name: str, out: str | None, hostile: Path, tmp_path: Path):
    some = shutil.copytree(hostile, tmp_path / "out")
    (some / f"{name}.jsonl").unlink()
    with pytest.raises(InputError, match=rf"{name}\.jsonl: cannot be read: No such file or directory$"):
        make_report(some, tmp_path / out if out else io.BytesIO())


def test_the_renamed_field_is_found_by_its_hash(tmp_path: Path):
    records = [{"id": n, "body": f"{LEAD} {REST}", "other": "x"} for n in "ab"]
    find_families(records, fields={"text": "body"}).write(tmp_path / "out")
    page = Page((tmp_path / "out/report.html").read_text("utf-8"))
    assert page.data["chunk-0"][0]["text"] == f"{LEAD} {REST}"
    assert orjson.loads((tmp_path / "out/canonical.jsonl").read_bytes())["body"]


def test_records_that_only_a_liberal_parser_reads_have_a_page_too(tmp_path: Path):
    text = f"{LEAD} {REST}"
    corpus = tmp_path / "corpus.jsonl"
    deep = '{"id": "c", "text": "A note.", "deep": ' + "[" * 5000 + "]" * 5000 + "}"
    corpus.write_text("".join(f'{{"id": "{n}", "text": "{text}", "score": NaN}}\n' for n in "ab") + deep)
    with pytest.raises(SystemExit) as stop:
        main(["run", str(corpus), "-o", str(tmp_path / "out"), "-q"])
    assert stop.value.code == 0
    page = Page((tmp_path / "out/report.html").read_text("utf-8"))
    assert page.data["chunk-0"][0]["text"] == text


def test_the_matrix_shows_the_most_and_counts_the_rest():
    flows = Counter({("a", "b"): 9, ("b", "b"): 4, ("c", "a"): 1, ("d", "e"): 1})
    made = matrix(flows, most=3)
    assert made.sources == ("b", "a", "c")
    assert made.left_out == 2
    assert [(cell.row, cell.column, cell.count) for cell in made.cells] == [(0, 0, 4), (1, 0, 9), (2, 1, 1)]
    assert made.largest[0] == ("a", "b", 9)


def test_no_source_of_the_matrix_stands_there_for_nothing():
    flows = Counter({("hub", f"taker{n}"): 1 for n in range(9)} | {(f"a{n}", f"z{n}"): 1 for n in range(9)})
    made = matrix(flows, most=12)
    assert len(made.sources) == 12
    assert {cell.row for cell in made.cells} | {cell.column for cell in made.cells} == set(range(12))
    assert made.left_out == len({name for pair in flows for name in pair}) - 12


FAR = [int(datetime(*day, tzinfo=UTC).timestamp()) for day in ((1, 1, 1), (1, 6, 1), (9999, 12, 31))]
TIMES = st.lists(st.integers(-(10**9), 4 * 10**9) | st.integers(FAR[0], FAR[2]), max_size=20)


@given(TIMES, TIMES)
@example([FAR[0]], [FAR[2]])
@example([FAR[0]], [FAR[1]])
def test_every_version_is_in_one_bar(first, later):
    made = timeline(first, later, most=12)
    if made is None:
        assert not first + later
        return
    assert sum(bar.first for bar in made.bars) == len(first)
    assert sum(bar.later for bar in made.bars) == len(later)
    assert 1 <= len(made.bars) <= 13
    assert made.top == max(bar.first + bar.later for bar in made.bars)
