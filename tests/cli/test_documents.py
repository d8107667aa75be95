import io
import sys
from functools import partial
from pathlib import Path

import pytest

from dedup.cli import documents
from dedup.cli.documents import load_two
from dedup.errors import InputError, UsageError

from .conftest import LEAD, write

load = partial(documents._load, fields={})


def test_a_text_file_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"One\r\ntwo.")
    document = load(str(path))
    assert (document.id, document.text) == ("a.txt", "One\r\ntwo.")


def test_a_text_file_has_its_headline_only_where_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"Edith Larkin\n\n{LEAD}")
    titled, plain = load(str(path)), load(str(path), headlines=False)
    assert (titled.title, plain.title) == ("Edith Larkin", None)
    assert (titled.id, titled.text) == (plain.id, plain.text)


def test_a_file_of_no_known_format_is_text(tmp_path: Path) -> None:
    path = tmp_path / "article"
    path.write_text("Some words.")
    assert load(str(path)).text == "Some words."


def test_a_record_is_picked_by_its_id(corpus: Path) -> None:
    document = load(f"{corpus}#short")
    assert (document.id, document.text, document.source) == ("short", LEAD, "b.example")


def test_signs_in_paths_and_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "no#1.jsonl", [{"id": "x#y", "text": "Words."}, {"id": "z", "text": "More."}])
    assert load(f"{path}#x#y").text == "Words."


def test_standard_input_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Wörter.".encode())))
    assert load("-").text == "Wörter."


def test_a_line_that_is_broken_does_not_hide_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "x", "text": "Words."}\n{broken\n')
    assert load(str(path)).id == "x"


def test_the_same_record_twice_is_one_document(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"id": "x", "text": "Words."}] * 2)
    assert load(f"{path}#x").text == "Words."


def test_copies_do_not_hide_what_stands_behind_them(tmp_path: Path) -> None:
    texts = ["Words.", "Words.", "Others."]
    path = write(tmp_path / "a.jsonl", [{"id": str(n), "text": text} for n, text in enumerate(texts)])
    with pytest.raises(UsageError, match="holds 3 documents"):
        load(str(path))
    path = write(tmp_path / "b.jsonl", [{"id": "x", "text": text} for text in texts])
    with pytest.raises(UsageError, match="holds several texts with the id x"):
        load(f"{path}#x")


def test_two_documents_with_one_id_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text("Words.")
    one, two = load_two(str(tmp_path / "a" / "x.txt"), str(tmp_path / "b" / "x.txt"), {})
    assert (one.id, two.id) == (str(tmp_path / "a" / "x.txt"), str(tmp_path / "b" / "x.txt"))


def test_what_names_no_document_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        load("nothing.txt")
    with pytest.raises(UsageError, match=r"holds 3 documents; name one by its id: .*#ID"):
        load(str(corpus))
    with pytest.raises(UsageError, match="none of 3 documents has the id nobody"):
        load(f"{corpus}#nobody")
    twice = write(tmp_path / "twice.jsonl", [{"id": "x", "text": "One."}, {"id": "x", "text": "Two."}])
    with pytest.raises(UsageError, match="several texts with the id x"):
        load(f"{twice}#x")
    with pytest.raises(UsageError, match="only one of the two"):
        load_two("-", "-", {})


def test_one_of_several_that_cannot_be_used(tmp_path: Path) -> None:
    records = [{"id": "x", "text": "Words."}, {"id": "y", "text": ""}, {"id": "z", "text": ["Words."]}]
    path = write(tmp_path / "a.jsonl", records)
    with pytest.raises(InputError, match=r"a\.jsonl:2: text is empty"):
        load(f"{path}#y")
    write(path, records[1:])
    with pytest.raises(InputError, match=r"a\.jsonl:2: text is an array"):
        load(f"{tmp_path}#z")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (
            "a.txt",
            b"\xff\xfe",
            "a.txt: invalid UTF-8; it looks like UTF-16, which iconv -f UTF-16 -t UTF-8 converts",
        ),
        ("a", b"\xff", "a: invalid UTF-8; if it is Windows-1252, iconv -f CP1252 -t UTF-8 converts it"),
        ("a", b" \n", "a: text is empty"),
        ("a.txt", b"", "a.txt:1: text is empty"),
        ("a.jsonl", b"", "a.jsonl: no document"),
        ("a.jsonl", b"1\n", "a.jsonl:1: not a JSON object"),
    ],
)
def test_a_document_that_cannot_be_used(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as refused:
        load(str(tmp_path / name))
    assert str(refused.value) == f"{tmp_path}/{reason}"
