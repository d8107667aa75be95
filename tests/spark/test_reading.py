"""Records, ids and rejects are those of the local readers."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import orjson
import pytest

import dedup.spark
from dedup.config import Settings
from dedup.engines.local import find_families
from dedup.errors import MissingExtraError, UsageError
from dedup.io import Reject, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dedup.engines.spark.cluster import Run

LINES = [
    b'{"text": "A record without an id."}',
    b"",
    b'{"id": "one", "text": "The first text.", "published": "2025-03-01T08:00:00Z"}\r',
    b"not JSON",
    b'{"id": "one", "text": "The second text of the same id.", "published": "2025-03-02"}',
    b'{"id": "two", "text": "  "}',
    b'{"text": "A record without an id."}',
    b'{"id": "three", "text": "Twice the same."}',
    b'{"id": "three", "text": "Twice the same."}',
    b'{"id": "four", "text": "invalid \xff UTF-8"}',
    b'{"id": "one", "text": "An older text.", "published": "2024-01-01", "updated": "2024-02-01"}',
    b'{"id": 5, "text": "A number for an id.", "published": "yesterday", "other": [1, 2.50]}',
    b"",
]


def test_untidy_lines(run: Callable[[], Run], tmp_path: Path) -> None:
    from dedup.engines.spark.reading import from_paths, resolve

    (tmp_path / "a.jsonl").write_bytes(b"\n".join(LINES))
    with gzip.open(tmp_path / "b.jsonl.gz", "wb") as file:
        file.write(b"\n".join(reversed(LINES)))
    paths = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl.gz")]
    rejects: list[Reject] = []
    local = find_families(read(paths, reject=rejects.append), Settings(), rejects=rejects)
    documents, refused = resolve(run(), from_paths(run().spark, paths))
    columns = ["id", "text", "published", "updated", "record"]
    expected = local.documents.select(columns).to_pylist()
    found = documents.select(*columns).toArrow().to_pylist()
    for row in expected:
        row["record"] = row["record"].decode()

    def key(row: dict[str, Any]) -> bytes:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)

    assert sorted(map(key, found)) == sorted(map(key, expected))
    # of equal records either may stay; its line is told by the others
    told = [(row["line"], row["reason"].partition(" by ")[0], row["id"]) for row in refused.collect()]
    assert sorted(t[1:] for t in told) == sorted((r.reason.partition(" by ")[0], r.id) for r in rejects)
    plain = sorted(t for t in told if t[1] != "superseded")
    assert plain == sorted((r.line, r.reason, r.id) for r in rejects if not r.reason.startswith("superseded"))


def test_a_frame_without_text(spark: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'text'"):
        dedup.spark.find_families(spark.createDataFrame([("a",)], "body string"), folder=str(tmp_path))


def test_what_is_not_there(spark: Any, tmp_path: Path) -> None:
    from dedup.engines.spark.reading import from_paths

    for name in ("none.jsonl", "none.parquet"):
        with pytest.raises(UsageError, match=rf"{name}: cannot be read: .*does not exist"):
            from_paths(spark, [str(tmp_path / name)])


@pytest.mark.parametrize("afresh", [False, True])
@pytest.mark.parametrize("name", ["documents/thesis.txt", "work/done/thesis.txt", ".thesis"])
def test_what_is_in_the_way_stays(spark: Any, tmp_path: Path, name: str, afresh: bool) -> None:
    from dedup.engines.spark.cluster import Run

    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="is no result of the Spark engine, so it is not replaced"):
        Run(spark, str(tmp_path), "test", afresh=afresh)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_result_without_its_stages_can_be_replaced(spark: Any, tmp_path: Path) -> None:
    from dedup.engines.spark.cluster import Run

    out = tmp_path / "out"
    out.mkdir()  # an empty folder is nobody's
    run = Run(spark, str(out), "test")
    run.result("documents", lambda: spark.range(3))
    shutil.rmtree(out / "work")
    with pytest.raises(UsageError, match=r"exists already and holds no run to go on with; .* --force"):
        Run(spark, str(out), "test")
    run = Run(spark, str(out), "test", afresh=True)
    assert run.result("documents", lambda: spark.range(2)).count() == 2


@pytest.fixture
def begin(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a call says that reads nothing, for that takes a minute."""
    from dedup.engines.spark import engine

    monkeypatch.setattr(engine, "resolve", Mock(side_effect=UsageError("begun")))

    def call(source: Any, settings: Settings | None = None, **more: Any) -> str:
        with pytest.raises(UsageError) as error:
            engine.find(spark, source, settings or Settings(), folder=str(tmp_path / "out"), **more)
        return str(error.value)

    return call


def test_files_that_changed_are_another_run(begin: Callable[..., str], tmp_path: Path) -> None:
    another = f"{tmp_path / 'out'}: holds a run of other documents, settings or version; name another folder"
    path, pattern = tmp_path / "a.jsonl", [str(tmp_path / "*.jsonl")]
    path.write_bytes(b'{"text": "Three words said."}\n')
    assert begin(pattern) == "begun"
    assert begin(pattern) == "begun"
    assert another in begin(pattern, Settings(min_run=9))
    assert another in begin(pattern, fields={"text": "body"})
    time = path.stat().st_mtime_ns
    path.write_bytes(b'{"text": "Three words said once more."}\n')
    os.utime(path, ns=(time, time))
    assert another in begin(pattern)
    assert begin(pattern, afresh=True) == "begun"
    os.utime(path, (1, 1))
    assert another in begin(pattern)
    assert begin(pattern, afresh=True) == "begun"
    (tmp_path / "b.jsonl").write_bytes(path.read_bytes())
    assert another in begin(pattern)


def test_another_version_is_another_run(
    begin: Callable[..., str], spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = spark.range(0).selectExpr("'' AS text")
    assert begin(frame) == "begun"
    assert begin(frame) == "begun"
    monkeypatch.setattr("dedup.engines.base.__version__", "0.0.1")
    assert "holds a run of other documents, settings or version" in begin(frame)


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("pyspark", "dedup.engines.spark"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'news-dedup\[spark\]'"):
        dedup.spark.run(["a.jsonl"], folder="out")


def test_what_is_no_frame_is_refused() -> None:
    pytest.importorskip("pyspark", reason="no pyspark")
    with pytest.raises(UsageError, match="documents is list, not a frame of Spark"):
        dedup.spark.find_families([{"text": "some words"}], folder="out")


def test_a_master_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = pytest.importorskip("dedup.engines.spark.engine")
    builder = Mock()
    builder.appName.return_value = builder
    builder.master.return_value.getOrCreate.side_effect = engine.PySparkRuntimeError("Java has ended")
    builder.getOrCreate.side_effect = engine.PySparkRuntimeError("Java has ended")
    monkeypatch.setattr(engine.SparkSession, "builder", builder)
    with pytest.raises(UsageError, match="with master 'nonsense'; it must be one that Spark knows"):
        engine.session("nonsense")
    with pytest.raises(UsageError, match="cannot start; it needs Java"):
        engine.session()
