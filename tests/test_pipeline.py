from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from dedup import kernels
from dedup.config import Settings
from dedup.engines.local import find_families
from dedup.ingestion.intake import batch_of
from dedup.model import Document
from dedup.pipeline import prepare
from dedup.texts import SENTENCE
from dedup.tokens import token_strings

if TYPE_CHECKING:
    from dedup.result import Result

SEEDS = Path(__file__).parent.parent / "seeds"


def found(result: Result) -> dict[str, Any]:
    """Everything a run says that must not depend on how it was run."""
    kept = result.documents.column("record").filter(pa.array(result.kept()))
    return {
        "documents": result.documents_table().drop_columns(["file", "line"]).to_pylist(),
        "relations": result.relations_table().to_pylist(),
        "families": result.families_table().to_pylist(),
        "diffs": sorted(map(repr, result.diffs())),
        "canonical": sorted(kept.to_pylist()),
        "cut": sorted(result.cut),
        "stock": result.stock,
    }


def test_sentences_begin_where_a_reader_sees_them() -> None:
    texts = [
        "The ferry sank at 4.30 p.m. off Norra. Mr. Ek said: “It was dark. We waited.” Nobody drowned\nOne line",
        "Die Fähre sank am 3. März. „Es war dunkel.“ Wir warteten! warum",
        "船は沈んだ。乗客は無事だった",
        "Կամուրջը փակ է։ Նավ չկա",
        "ድልድዩ ተዘግቷል። መርከብ የለም",
    ]
    expected = ["the mr we nobody one", "die es wir", "船 乗", "կամուրջը նավ", "ድልድዩ መርከብ"]
    batch = batch_of([Document(str(n), text) for n, text in enumerate(texts)])
    prepared = prepare(batch, Settings(strip=False))
    opens = np.split(prepared.flags & SENTENCE != 0, prepared.offsets[1:-1])
    words = [np.array(token_strings(text))[own].tolist() for text, own in zip(texts, opens, strict=True)]
    assert words == [each.split() for each in expected]
    stripped = prepare(batch, Settings())
    assert 0 < len(stripped.flags) < len(prepared.flags)
    assert np.array_equal(stripped.flags & SENTENCE, prepared.flags[stripped.body] & SENTENCE)


@pytest.fixture(scope="module")
def expected(seeds: Result) -> dict[str, Any]:
    return found(seeds)


def test_ids_sources_and_titles_of_a_corpus_may_pass_two_gigabytes(seeds: Result) -> None:
    judged = seeds._judged
    for column in (seeds._id_column, judged.versions.source, judged.texts.title):
        assert column is not None
        assert column.type == pa.large_string()
    tables = seeds.documents_table(), seeds.families_table(), seeds.relations_table()
    tables += (seeds.diffs_table(seeds.changed()).drop_columns(["operations"]),)
    types = {field.type for table in tables for field in table.schema}
    assert pa.string() in types
    assert not types & {pa.large_string(), pa.list_(pa.large_string())}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_input_changes_nothing(
    seed: int, seed_table: pa.Table, expected: dict[str, Any]
) -> None:
    order = np.random.default_rng(seed).permutation(len(seed_table))
    shuffled = seed_table.take(pa.array(order)).combine_chunks()
    assert found(find_families(shuffled.to_batches(), Settings())) == expected


@pytest.mark.parametrize(("threads", "size"), [(1, 7), (2, 1), (3, 1000)])
def test_threads_and_batches_change_nothing(
    threads: int, size: int, seed_table: pa.Table, expected: dict[str, Any]
) -> None:
    batches = seed_table.combine_chunks().to_batches(max_chunksize=size)
    assert found(find_families(batches, Settings(threads=threads))) == expected


def test_compiled_kernels_change_nothing(seed_table: pa.Table, expected: dict[str, Any]) -> None:
    kernels.warm()
    assert found(find_families(seed_table.to_batches(), Settings())) == expected


def test_processes_agree_to_the_byte(tmp_path: Path) -> None:
    """Another hash seed; and a cold cache, so that the references answer instead of the kernels."""
    script = (
        "import sys\n"
        "from dedup import kernels\n"
        "from dedup.config import Settings\n"
        "from dedup.engines.local import find_families\n"
        "from dedup.io import read\n"
        "if sys.argv[3] == 'compiled': kernels.warm()\n"
        "find_families(read([sys.argv[1]]), Settings()).write(sys.argv[2])\n"
        "assert ('numba' in sys.modules) == (sys.argv[3] == 'compiled')\n"
    )
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cold"), "PYTHONHASHSEED": "0"}
    runs = [("compiled", {"PYTHONHASHSEED": "1"}), ("reference", cold)]
    for name, environment in runs:
        subprocess.run(
            [sys.executable, "-c", script, str(SEEDS), str(tmp_path / name), name],
            env=os.environ | environment,
            check=True,
        )
    for name in ("documents", "relations", "families", "diffs", "canonical", "rejects"):
        one, two = ((tmp_path / run / f"{name}.jsonl").read_bytes() for run, _ in runs)
        assert one == two, name


def test_more_documents_change_no_relation(seed_table: pa.Table, seeds: Result) -> None:
    """What two documents share is theirs alone, as long as nothing becomes stock."""
    half = seed_table.filter(pa.compute.equal(seed_table.column("file"), str(SEEDS / "english.jsonl")))
    alone = find_families(half.to_batches(), Settings())
    for relation in alone.relations:
        if relation.relation in ("exact", "near", "version"):
            whole = seeds.relation(relation.a, relation.b)
            assert whole.relation == relation.relation, (relation.a, relation.b)
