import pytest

from dedup.cli.options import parse_fields, parse_settings
from dedup.config import parse_size
from dedup.errors import SettingsError, UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 << 30),
        ("512MiB", 512 << 20),
        ("1.5g", 3 << 29),
        ("700", 700),
        ("2 TB", 2 << 40),
        ("1k", 1024),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GB", "four", "4 bananas", "-1GB", "1e9", "4GB4", "9" * 320, "9" * 308 + "T"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a size"):
        parse_size(text)


def test_fields() -> None:
    assert parse_fields(["text=body", "title=a=b"]) == {"text": "body", "title": "a=b"}
    assert parse_fields(None) == {}


@pytest.mark.parametrize("given", [["text"], ["=body"], ["text="], ["text=a", "text=b"]])
def test_fields_that_cannot_be_meant(given: list[str]) -> None:
    with pytest.raises(UsageError, match="--field"):
        parse_fields(given)


def test_settings_take_the_type_of_their_default() -> None:
    given = ["min_run=10", "near_coverage=0.8", "strip=false", "policy=source", "source_priority=a, b"]
    given.append("memory_limit=512MB")
    assert parse_settings(given) == {
        "min_run": 10,
        "near_coverage": 0.8,
        "strip": False,
        "policy": "source",
        "source_priority": ("a", "b"),
        "memory_limit": 512 << 20,
    }


@pytest.mark.parametrize("given", ["min_run", "min_run=ten", "min_run=1.5", "strip=maybe", "nonsense=1", "="])
def test_settings_that_cannot_be_meant(given: str) -> None:
    with pytest.raises(SettingsError, match="--set"):
        parse_settings([given])


def test_a_setting_that_is_no_size() -> None:
    with pytest.raises(UsageError, match=r"^--set memory_limit=much: not a size such as 4GB"):
        parse_settings(["memory_limit=much"])
