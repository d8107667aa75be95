"""A session of two cores, where there are pyspark and Java."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dedup.engines.spark.cluster import Run


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session with few tasks: most of the time of a small run goes into starting them."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java")
    sql = pytest.importorskip("pyspark.sql", reason="no pyspark")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    found = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.host", "localhost")
        # compiling, by the JVM and by Spark, is most of the work of a run of a few hundred documents
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    found.sparkContext.setLogLevel("ERROR")
    yield found
    found.stop()


@pytest.fixture
def run(spark: Any, tmp_path: Path) -> Iterator[Callable[[], Run]]:
    """Makes a run in a folder of its own each time; hypothesis asks for many."""
    from dedup.engines.spark.cluster import Run, configured

    count = 0

    def make() -> Run:
        nonlocal count
        count += 1
        return Run(spark, str(tmp_path / str(count)), "test")

    with configured(spark):
        yield make
