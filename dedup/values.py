"""Reading the values of records, and of what somebody asks with: texts, ids, numbers and times."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from numbers import Integral, Real
from operator import index
from time import strftime, struct_time
from typing import Any

from dedup.errors import UsageError

__all__ = [
    "FIELDS_ARE",
    "FIRST_DATE",
    "NO_LAST_DATE",
    "as_text",
    "fields_of",
    "has_surrogate",
    "id_argument",
    "int_argument",
    "is_wide",
    "micros",
    "moment",
    "nested",
    "no_date",
    "no_mapping",
    "no_text",
    "no_utf8",
    "parse_time",
    "time_argument",
]

FIELDS_ARE = "; fields are "
"""In a reason before the names that a record has: they may differ from record to record."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = 6  # fields of a record that a reason names
_SHOWN = 40  # characters of a name or a value in a reason
_EXACT = 2**53 - 1  # whole numbers up to here have a float of their own
FIRST_DATE, NO_LAST_DATE = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""Times before the one, or from the other on, stand for no date, as the first moment of 1970 does."""
_FIRST_SECONDS = 31_536_000
"""1971. Fewer seconds are no time of an article, but they may be the eight digits of a date: 20260310."""
_MILLISECONDS = 1e11
"""From here on a number is milliseconds since 1970, not seconds: as seconds it is the year 5138."""
_OF_A_FEED = re.compile(
    r"(?:[A-Za-z]{3}, ?)?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC?|[ECMP][SD]T|[+-]\d{4})"
)
"""``Tue, 10 Mar 2026 09:12:00 GMT``; other names of zones mean several."""
_OF_A_POST = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")
"""``Tue Mar 10 09:12:00 +0000 2026`` of Twitter."""
_OTHERWISE = (
    (re.compile(r"^(\d{4})/(\d\d)/(\d\d)(?!\S)"), r"\1-\2-\3"),  # 2026/03/10 09:12
    (re.compile(r"(?<=^\d{4}-\d\d-\d\d[T ])(?=\d:)"), "0"),  # 2026-03-10T9:12
    (re.compile(r"(?:(?<=Z)|(?<=[+-]\d\d:\d\d))\[[\w/+-]+\]$"), ""),  # 2026-03-10T09:12:00Z[UTC] of Java
    # 2026-03-10t09:12:00z of RFC 3339, 2026-03-10 09:12:00 UTC of Ruby and of databases
    (re.compile(r"(?<=\d) ?(?:z|utc|gmt)$", re.I), "Z"),
)
"""What ISO 8601 writes otherwise."""
_DIGITS = re.compile(r"((?:19|20)\d\d[01]\d[0-3]\d)([0-2]\d[0-5]\d(?:[0-5]\d)?)")
"""``20260310091200`` of web archives and GDELT, and without seconds; as milliseconds they are of 1976, or
centuries ahead."""
_OF_A_CLOCK = re.compile(r"1\d{9}(?:\d{3})?(?:\.\d+)?")
"""Seconds or milliseconds of 2001 to 2033, as CSV has them: other digits may be ``2026031009``, and of these
``fromisoformat`` takes some for a day in 1710."""


def micros(time: datetime) -> int:
    """Microseconds since 1970; not by ``timestamp()``, a float, in which they don't survive."""
    return (time - _EPOCH) // timedelta(microseconds=1)


def moment(micros: int) -> datetime:
    """The time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def parse_time(value: str | datetime | None) -> datetime | None:
    """Read the date of a record: ISO 8601 or RFC 5322, as feeds have them, or digits; naive ones are UTC.

    Raises:
        ValueError: The text is none of these, before the year 1 or after 9999 in UTC, or what programs write
            for a date they don't have: the year 1, the first moment of 1970 or the last day of 9999.
    """
    moment = _parsed(value)
    if moment is not None and (moment == _EPOCH or not FIRST_DATE <= moment < NO_LAST_DATE):
        raise ValueError(f"{value} stands for no date")
    return moment


def _parsed(value: str | datetime | None) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        moment = value
    elif _OF_A_FEED.fullmatch(text := _OF_A_POST.sub(r"\2 \1 \5 \3 \4", value.strip())):
        moment = parsedate_to_datetime(text)
    elif _OF_A_CLOCK.fullmatch(text):
        moment = datetime.fromisoformat(_epoch_text(float(text)))
    elif digits := _DIGITS.fullmatch(text):
        moment = datetime.fromisoformat("T".join(digits.groups()))
    else:
        for shape, plain in _OTHERWISE:
            text = shape.sub(plain, text)
        moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{value} is out of range in UTC") from error


def time_argument(value: str | date | None, name: str) -> datetime | None:
    """A time that somebody asks by; a date is its first moment.

    Args:
        value: The time.
        name: What it is called where it was given, for the message.

    Raises:
        UsageError: It is none.
    """
    try:
        return _parsed(as_text("published", value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} {value}: not an ISO 8601 time such as 2026-03-01") from error


def id_argument(value: object) -> str | None:
    """The id that a record of this value would have, None where it would have none."""
    try:
        return as_text("id", value)
    except TypeError:
        return None


def int_argument(value: object, name: str) -> int:
    """A whole number that somebody asks with; a float may be one.

    Args:
        value: The number.
        name: What it is called where it was given, for the message.

    Raises:
        UsageError: It is none.
    """
    try:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise UsageError(f"{name} {value!r}: not a whole number") from error


def as_text(name: str, value: object) -> str | None:
    """The text of a record's field, None where it is missing.

    Dates are in ISO 8601; for the field of a date, whatever else there is becomes text that is none.

    Args:
        name: Ours of the field.
        value: What the record has.

    Raises:
        TypeError: The field has no such values; the message is the reason of the reject.
    """
    if isinstance(value, str):
        return value
    if _is_missing(value):
        return None
    if not isinstance(value, bool):
        if name == "id" and isinstance(value, Integral):
            return str(value)
        if name == "id" and isinstance(value, float) and value.is_integer():
            # a column of whole numbers, of which one is missing, is one of floats in a frame
            if abs(value) > _EXACT:
                raise TypeError("id is a number too large to be exact; write it as a string")
            return str(int(value))
    if name in ("published", "updated"):
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, Real) and not isinstance(value, bool):
            return _epoch_text(value)
        if isinstance(value, struct_time):  # of feedparser, in UTC
            return strftime("%Y-%m-%dT%H:%M:%SZ", value)
        return str(value)
    known = {bool: "a boolean", int: "a number", float: "a number", dict: "an object", list: "an array"}
    kind = known.get(type(value), type(value).__name__)
    wanted = "a string or a whole number" if name == "id" else "a string"
    raise TypeError(f"{name} is {kind}, not {wanted}")


def no_date(name: str, value: object) -> str:
    """What is said of a field whose date could not be read."""
    shown = "" if value is None else f": {str(value)!r:.{_SHOWN}}"
    return f"{name} is no date that can be read{shown}"


def no_text(theirs: str, record: Mapping[Any, Any]) -> str:
    """The reason where there is no text: with the name it was looked for under, and those the record has."""
    if theirs in record or not record:
        return "text is missing"
    named = "" if theirs == "text" else f": no field {theirs!r}{nested('text', theirs, record)}"
    return f"text is missing{named}{fields_of(record)}"


def nested(name: str, theirs: str, record: Mapping[Any, Any]) -> str:
    """What is to be done, for a reason, where a name looks like a path into a record; else nothing."""
    if not isinstance(record.get(theirs.partition(".")[0]), Mapping) or "." not in theirs:
        return ""
    return f"; fields inside of others are not looked for: jq -c '.{name} = .{theirs}' takes it out"


def no_mapping(value: object) -> str:
    """The reason where a document is nothing with fields."""
    hint = "; dict(row) makes a mapping of it" if hasattr(value, "keys") else ""
    return f"{type(value).__name__}, not a Document or a mapping{hint}"


_NO_TEXT = {
    b"\x1f\x8b": "gzip, which gzip -dc unpacks",
    b"\x28\xb5\x2f\xfd": "zstd, which zstd -dc unpacks",
    b"PAR1": "Parquet, which is read from files ending in .parquet",
}
"""What data looks like that begins with some bytes."""


def no_utf8(data: bytes) -> str:
    """The reason where bytes are no UTF-8, with what makes it of them."""
    for mark, what in _NO_TEXT.items():
        if data.startswith(mark):
            return f"invalid UTF-8; it looks like {what}"
    if is_wide(data):
        return "invalid UTF-8; it looks like UTF-16, which iconv -f UTF-16 -t UTF-8 converts"
    return "invalid UTF-8; if it is Windows-1252, iconv -f CP1252 -t UTF-8 converts it"


def is_wide(data: bytes) -> bool:
    """Whether bytes look like UTF-16: by their mark, or as more than every eighth is 0."""
    marks = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
    return data.startswith(marks) or data.count(0) * 8 > len(data)


def fields_of(record: Mapping[Any, Any]) -> str:
    """The first names of a record, for the end of a reason."""
    names = ", ".join(f"{name!r:.{_SHOWN}}" for name in islice(record, _NAMES)) or "none"
    return f"{FIELDS_ARE}{names}{', …' if len(record) > _NAMES else ''}"


def has_surrogate(text: str) -> bool:
    """Whether a text has half of a surrogate pair, which UTF-8 has no bytes for."""
    try:
        return not text.isascii() and not text.encode()
    except UnicodeEncodeError:
        return True


def _epoch_text(number: Real | float) -> str:
    """ISO 8601 of seconds, or milliseconds, since 1970.

    The digits themselves where that is before 1971 or out of range, or they are a day and a time.
    """
    try:
        seconds = float(number)  # which not every whole number has
        if seconds < _FIRST_SECONDS or _DIGITS.fullmatch(f"{seconds:.0f}"):
            return str(int(seconds) if seconds.is_integer() else seconds)
        if abs(seconds) >= _MILLISECONDS:
            seconds /= 1000
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(number)


def _is_missing(value: object) -> bool:
    """Whether a value is None, or what a frame has in its place: NaN, NaT, NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError, ArithmeticError):  # NA has no truth value, nor has an array, or sNaN
        return type(value).__name__ == "NAType"
