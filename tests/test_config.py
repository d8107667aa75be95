"""dedup.config: what a setting may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dedup import Index, Settings, compare, find_families, signature
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_settings_come_back() -> None:
    settings = Settings(policy="source", source_priority=("a.example", "b*"), min_run=10)
    assert Settings.from_dict(settings.as_dict()) == settings
    assert Settings.from_dict({**settings.as_dict(), "source_priority": ["a.example", "b*"]}) == settings


def test_settings_written_otherwise_are_the_same() -> None:
    names = ["a.example", "b*"]
    listed = Settings(policy="source", source_priority=names, near_coverage=1)  # type: ignore[arg-type]
    settings = Settings(policy="source", source_priority=("a.example", "b*"), near_coverage=1.0)
    names.append("c.example")
    assert listed == settings
    assert hash(listed) == hash(settings)
    assert listed.fingerprint() == settings.fingerprint()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_run", 0),
        ("min_run", 8.0),
        ("min_run", "8"),
        ("stock_documents", 4097),  # an index keeps no more numbers of a shingle
        ("near_coverage", True),
        ("near_coverage", float("nan")),
        ("near_coverage", 0.3),  # below version_coverage
        ("policy", "newest"),
        ("policy", "source"),  # without a list
        ("source_priority", "a.example"),
        ("source_priority", [1]),
        ("strip", "false"),
        ("strip", 0),
        ("nonsense", 1),
    ],
)
def test_settings_that_cannot_be_meant(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_dict({name: value})


def test_a_limit_of_memory_may_be_a_size_in_words() -> None:
    assert Settings(memory_limit="512MB") == Settings(memory_limit=512 << 20)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"^memory_limit = four: not a size such as 4GB or 512MB$"):
        Settings(memory_limit="four")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="memory_limit = 1024: must lie between 64 MB"):
        Settings(memory_limit="1k")  # type: ignore[arg-type]


def test_settings_are_a_mapping() -> None:
    with pytest.raises(SettingsError, match="settings are list, not a mapping"):
        Settings.from_dict(["min_run"])  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="unknown setting '1'"):
        Settings.from_dict({"nonsense": 2, 1: 2})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "call",
    [
        lambda some: find_families([{"id": "a", "text": "some words"}], some),
        lambda some: compare("some words", "other words", some),
        lambda some: signature("some words", some),
        lambda some: Index.open(":memory:", some),
    ],
)
def test_settings_must_be_settings(call: Callable[[Any], object]) -> None:
    with pytest.raises(SettingsError, match="settings is dict, not Settings"):
        call({"min_run": 5})


def test_a_size_out_of_range_is_told_in_megabytes():
    with pytest.raises(
        SettingsError, match=r"^memory_limit = 1024: must lie between 64 MB and 1024 TB, in bytes$"
    ):
        Settings(memory_limit=1024)
