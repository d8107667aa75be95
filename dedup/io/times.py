"""Dates and times of records, as columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dedup.io.schema import TIME
from dedup.values import FIRST_DATE, NO_LAST_DATE, micros, parse_time

__all__ = ["bounded", "parse_times"]

# The shapes Arrow's own parser reads; it reads a column with an offset or one without, never a mixture.
_NAIVE = r"^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$"
_ZONED = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$"

# What datetime can hold, in seconds: Arrow reads the year 0 and shifts the end of 9999 into 10000.
_FIRST = -62_135_596_800
_BEYOND = 253_402_300_800
_STEPS = {"s": 1, "ms": 1000, "us": 1_000_000}  # nanoseconds, of 64 bits, are from 1677 to 2262


def parse_times(values: pa.Array) -> pa.Array:
    """Read the dates of records: ISO 8601 and of feeds (RFC 5322); those without an offset are UTC.

    Args:
        values: string, large_string or timestamp[n].

    Returns:
        timestamp[us, UTC][n]; null where there is none, or what :func:`dedup.values.parse_time` refuses.
    """
    times = bounded(values) if pa.types.is_timestamp(values.type) else _parsed(values)
    moments = times.cast(pa.int64())
    first, beyond = micros(FIRST_DATE), micros(NO_LAST_DATE)
    real = pc.and_(pc.greater_equal(moments, first), pc.less(moments, beyond))
    real = pc.and_(real, pc.not_equal(moments, 0))
    return times if pc.all(real).as_py() else pc.if_else(real, times, None)


def _parsed(texts: pa.Array) -> pa.Array:
    if texts.null_count == len(texts):
        return pa.nulls(len(texts), TIME)
    naive = _matches(texts, _NAIVE)
    zoned = _matches(texts, _ZONED)
    found = np.zeros(len(texts), np.int64)
    known = np.zeros(len(texts), bool)
    left = texts.is_valid().to_numpy(zero_copy_only=False) & ~naive & ~zoned
    for shape, type_ in ((naive, pa.timestamp("us")), (zoned, TIME)):
        if not shape.any():
            continue
        try:
            moments = texts.filter(pa.array(shape)).cast(type_)
        except pa.ArrowInvalid:  # one 30 February fails the whole column
            left |= shape
            continue
        found[shape] = moments.cast(pa.int64()).to_numpy()
        known |= shape
    for row in np.flatnonzero(left):
        try:
            moment = parse_time(texts[row].as_py())
        except (ValueError, OverflowError):
            continue
        if moment is not None:
            found[row], known[row] = micros(moment), True
    return bounded(pa.array(found, mask=~known).cast(TIME))


def bounded(times: pa.Array) -> pa.Array:
    """Times in microseconds; those that ``datetime`` can't hold are null, nanoseconds are cut off.

    Args:
        times: timestamp[n] of any unit, in any zone.

    Returns:
        timestamp[us][n] in the same zone.
    """
    if steps := _STEPS.get(times.type.unit):
        values = times.cast(pa.int64())
        inside = pc.and_(pc.greater_equal(values, _FIRST * steps), pc.less(values, _BEYOND * steps))
        if not pc.all(inside).as_py():
            times = pc.if_else(inside, times, None)
    return times.cast(pa.timestamp("us", times.type.tz), safe=False)


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
