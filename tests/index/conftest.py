"""Indexes in both databases; PostgreSQL where DEDUP_TEST_POSTGRES names a server."""

import os
import uuid
from pathlib import Path

import pytest

from dedup.index import Index


def postgres_url() -> str | None:
    return os.environ.get("DEDUP_TEST_POSTGRES")


class Place:
    """Where an index is, for this test alone."""

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, *args, **kwargs) -> Index:
        return Index.open(self.url, *args, **kwargs)


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    if request.param == "postgres" and not postgres_url():
        pytest.skip("DEDUP_TEST_POSTGRES names no server")
    return request.param


@pytest.fixture
def places(backend, tmp_path: Path):
    """Makes fresh places."""
    made = []

    def make() -> Place:
        if backend == "sqlite":
            return Place(str(tmp_path / f"{uuid.uuid4().hex}.db"))
        schema = f"test_{uuid.uuid4().hex}"
        with admin() as db:
            db.execute(f"CREATE SCHEMA {schema}")
        made.append(schema)
        sign = "&" if "?" in postgres_url() else "?"
        return Place(f"{postgres_url()}{sign}options=-csearch_path%3D{schema}")

    yield make
    if made:
        with admin() as db:
            for schema in made:
                db.execute(f"DROP SCHEMA {schema} CASCADE")


def admin():
    import psycopg

    return psycopg.connect(postgres_url(), autocommit=True)


@pytest.fixture
def place(places):
    return places()


@pytest.fixture
def index(place):
    with place.open() as opened:
        yield opened
