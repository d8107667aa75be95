"""What an index was made with: its scheme, which never changes, and its settings, which may."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import orjson

from dedup._version import __version__
from dedup.config import RESOURCE_FIELDS, SCHEME_FIELDS, Settings
from dedup.errors import SchemeError, SettingsError, StorageError
from dedup.folding import folding
from dedup.storage.ledger import Ledger
from dedup.storage.migrations import is_current, is_index, migrate
from dedup.storage.rows import microseconds

if TYPE_CHECKING:
    from dedup.storage import Store

__all__ = ["Opened", "check_scheme", "open_scheme", "scheme_of"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opened index goes by.

    Attributes:
        settings: To judge with from now on.
        store_text: Whether raw texts are kept.
        judgement: Row of the settings; -1 where nothing may be written.
    """

    settings: Settings
    store_text: bool
    judgement: int


def open_scheme(
    store: Store, settings: Settings | None, store_text: bool | None, *, read_only: bool
) -> Opened:
    """Make the tables where there are none, and compare the scheme.

    Raises:
        SchemeError: It was made by another scheme or by a later version.
        StorageError: There is no index, and none may be made.
    """
    ledger = Ledger(store)
    with store.reading():
        meta = ledger.meta() if is_current(store) else {}
        earlier = not meta and is_index(store)
    if "scheme" not in meta:
        if read_only:
            reason = "no index, and nothing may be written"
            if earlier:
                writing = "opened for writing, as dedup index add does, it is brought up to date"
                reason = f"made by an earlier version; {writing}"
            raise StorageError(f"{store.name}: {reason}")
        with store.writing():
            if not is_current(store):
                migrate(store)
            meta = ledger.meta()
            if "scheme" not in meta:
                meta = _begin(ledger, settings or Settings(), bool(store_text))
    last = {**_values(Settings()), **orjson.loads(meta["settings"])}
    chosen = _settings(store.name, last) if settings is None else settings
    check_scheme(store.name, orjson.loads(meta["scheme"]), scheme_of(chosen))
    keep = meta["store_text"] == "1" if store_text is None else store_text
    if read_only:
        return Opened(chosen, keep, judgement=-1)
    if any(last[name] != value for name, value in _values(chosen).items()) or keep != (
        meta["store_text"] == "1"
    ):
        with store.writing():
            ledger.begin()
            ledger.set_meta("settings", orjson.dumps(_values(chosen)).decode())
            ledger.set_meta("store_text", int(keep))
            ledger.forget_weights()  # another policy may measure versions by other words
            ledger.flush()  # others read families anew
    return Opened(chosen, keep, _judgement(ledger, chosen))


def scheme_of(settings: Settings) -> dict[str, Any]:
    """What must be the same for stored hashes to mean anything."""
    values = {name: getattr(settings, name) for name in SCHEME_FIELDS}
    how = {
        "numbers": "one form, of four groups",
        "entities": "html",
        "hash": "xxh64, polynomial",
        "signature": "affine32",
        "bodiless": "apart",
        "bodies": "packed, with sentences",
    }
    return {**values, "unicode": folding().version, **how}


def check_scheme(name: str, stored: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Compare two schemes.

    Raises:
        SchemeError: They differ; it says in what.
    """
    different = [
        f"{key} is {stored.get(key)!r} there and {wanted.get(key)!r} here"
        for key in sorted(stored.keys() | wanted.keys())
        if stored.get(key) != wanted.get(key)
    ]
    if different:
        raise SchemeError(f"{name}: made by another scheme: {'; '.join(different)}")


def _values(settings: Settings) -> dict[str, Any]:
    """Settings as they are stored."""
    values = {k: v for k, v in settings.as_dict().items() if k not in RESOURCE_FIELDS}
    return {**values, "source_priority": list(settings.source_priority)}


def _settings(name: str, stored: dict[str, Any]) -> Settings:
    """Stored settings, those aside that only another version knows.

    Raises:
        SchemeError: One has a value that only another version knows.
    """
    try:
        return Settings.from_dict({key: stored[key] for key in _values(Settings())})
    except SettingsError as error:
        raise SchemeError(f"{name}: made by another version: {error}; open it with other settings") from error


def _begin(ledger: Ledger, settings: Settings, store_text: bool) -> dict[str, str]:
    values = {
        "scheme": orjson.dumps(scheme_of(settings)).decode(),
        "settings": orjson.dumps(_values(settings)).decode(),
        "store_text": str(int(store_text)),
        "version": __version__,
        "made": str(microseconds()),
        "next_document": "1",
        "next_change": "1",
        "writes": "0",
        **{f"postings.{name}": "0" for name in ("epoch", "last", "upto", "next", "levels")},
    }
    for name, value in values.items():
        ledger.set_meta(name, value)
    return values


@cache
def _lexicon() -> str:
    """Hash of the lists and weights that stripping and judging go by; how text is folded is in the scheme."""
    package = resources.files("dedup")
    folders = [package / "boilerplate/data", package / "boilerplate/data/cues", package / "data"]
    files = [path for folder in folders for path in folder.iterdir() if path.name.endswith((".txt", ".json"))]
    state = hashlib.sha256()
    for path in sorted(files, key=str):
        state.update(path.read_bytes())
    return state.hexdigest()[:16]


def _judgement(ledger: Ledger, settings: Settings) -> int:
    """The row of what documents are judged with from now on."""
    fingerprint = f"{settings.fingerprint()}-{_lexicon()}"
    with ledger.store.reading():
        known = ledger.judgement(fingerprint)
    if known is not None:
        return known
    with ledger.store.writing():
        known = ledger.judgement(fingerprint)
        if known is not None:
            return known
        value = orjson.dumps({"version": __version__, "lexicon": _lexicon(), **_values(settings)})
        return ledger.add_judgement(fingerprint, value.decode())
