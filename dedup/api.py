"""The library calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedup.config import Settings
from dedup.engines.base import silent
from dedup.engines.local import find_families as run
from dedup.errors import UsageError
from dedup.io import Reject, from_documents, read
from dedup.model import Document, Relation
from dedup.pipeline import sign
from dedup.signatures import as_minhash

if TYPE_CHECKING:
    from datasketch import MinHash

    from dedup.engines.base import Progress
    from dedup.result import Result

__all__ = ["compare", "explain", "find_families", "signature"]


def find_families(
    documents: Any,
    settings: Settings | None = None,
    *,
    fields: Mapping[str, str] | None = None,
    strict: bool = False,
    progress: Progress = silent,
) -> Result:
    """Find the families of a corpus, how its documents are related, and each family's canonical version.

    Args:
        documents: An iterable of :class:`Document` or mappings, an Arrow table, a pandas or Polars frame.
            Or a ``pathlib.Path``, or a list of them: files and folders as ``dedup run`` reads them.
            Fields: id, text, title, source, published, updated, url, language; only text is needed.
        settings: What to do; the defaults if left out.
        fields: Renames, our field to theirs: ``{"text": "body"}``.
        strict: Raise for the first record that cannot be used, instead of listing it in ``Result.rejects``.
        progress: Told of each step.

    Raises:
        UsageError: No such file, no text column, no column of ``fields``, or no document that can be used.
        InputError: ``strict``, and a record cannot be used, or no record has a field of ``fields``.
    """
    if not callable(progress):
        raise UsageError(f"progress is {type(progress).__name__}, not a function to call with each step")
    rejects: list[Reject] = []
    warnings: list[Reject] = []
    given = [documents] if isinstance(documents, Path) else documents
    in_files = isinstance(given, list | tuple) and given and all(isinstance(one, Path) for one in given)
    batches = (read if in_files else from_documents)(
        given, fields=fields, strict=strict, reject=rejects.append, warn=warnings.append
    )
    return run(batches, Settings.given(settings), rejects=rejects, warnings=warnings, progress=progress)


def compare(
    a: str | Document | Mapping[str, Any],
    b: str | Document | Mapping[str, Any],
    settings: Settings | None = None,
) -> Relation:
    """How two texts are related, with the evidence.

    Args:
        a: A text, or a document or mapping as :func:`find_families` takes them.
        b: Another.
        settings: What to do; the defaults if left out.

    Raises:
        InputError: A text is empty, or a field has the wrong type.
    """
    one, two = _as_document(a, "a"), _as_document(b, "b")
    return replace(_judged(one, two, settings).relation("a", "b"), a=one.id, b=two.id)


def explain(
    a: str | Document | Mapping[str, Any],
    b: str | Document | Mapping[str, Any],
    settings: Settings | None = None,
) -> str:
    """Why two texts are related as :func:`compare` says, or not at all: the rule that decided, in words.

    Args:
        a: A text, or a document or mapping as :func:`find_families` takes them.
        b: Another.
        settings: What to do; the defaults if left out.

    Raises:
        InputError: A text is empty, or a field has the wrong type.
    """
    return _judged(_as_document(a, "a"), _as_document(b, "b"), settings).explain("a", "b")


def signature(text: str, settings: Settings | None = None) -> MinHash:
    """MinHash of a text without its boilerplate, for use with any datasketch index.

    It equals ``MinHash(num_perm=128, seed=1, hashfunc=dedup.shingle_hash, scheme="affine32")`` updated with
    ``dedup.shingles.shingles`` of the stripped text.

    Args:
        text: The raw text.
        settings: For the shingle size, the permutations and the seed, and whether to strip.

    Raises:
        InputError: The text is empty.
    """
    settings = Settings.given(settings)
    batch = next(from_documents([{"id": "text", "text": text}], strict=True))
    return as_minhash(sign(batch, settings)[0], settings)


def _judged(a: Document, b: Document, settings: Settings | None) -> Result:
    """Two documents as ``a`` and ``b``, since their own ids may be the same."""
    return find_families([replace(a, id="a"), replace(b, id="b")], settings, strict=True)


def _as_document(value: str | Document | Mapping[str, Any], name: str) -> Document:
    """What was given as a document, of this name if it came without an id."""
    if isinstance(value, Document):
        return value
    document = Document.from_record(value if isinstance(value, Mapping) else {"text": value})
    return replace(document, id=document.id or name)
