"""Records as text files: the whole file is the text."""

from __future__ import annotations

from dedup.errors import InputError
from dedup.values import no_utf8

__all__ = ["load_text"]


def load_text(data: bytes, name: str) -> dict[str, str]:
    """The record of a text file. Line ends and a byte order mark are kept.

    Raises:
        InputError: Invalid UTF-8; only the reason is set.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError(no_utf8(data)) from error
    return {"id": name, "text": text}
