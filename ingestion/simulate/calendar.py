"""Months are counted from year 0 and days from 1970-01-01, so that whole columns of dates are integers."""

from datetime import date

import numpy as np
import polars as pl

FIRST_TEXT_DAY = np.datetime64("1920-01-01").astype(np.int64)
LAST_TEXT_DAY = np.datetime64("2100-01-01").astype(np.int64)
_TEXTS = (
    pl.Series("day", np.arange(FIRST_TEXT_DAY, LAST_TEXT_DAY).astype("datetime64[D]")).cast(pl.Date).cast(pl.String)
)

SECONDS_A_DAY = 86_400


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_day(month):
    """First day of a month (or of many), in days since 1970-01-01."""
    return (np.asarray(month) - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def last_day(month):
    return first_day(np.asarray(month) + 1) - 1


def day_text(days) -> pl.Series:
    """`YYYY-MM-DD` for each day; empty where the day is negative infinity (the lowest integer)."""
    days = np.asarray(days, dtype=np.int64)
    known = days > NO_DAY
    text = _TEXTS.gather(np.where(known, days - FIRST_TEXT_DAY, 0))
    return text if known.all() else pl.select(pl.when(pl.Series(known)).then(text)).to_series()


NO_DAY = np.iinfo(np.int32).min


def paris_offset_hours(utc_seconds: np.ndarray) -> np.ndarray:
    """Hours that Paris is ahead of UTC: 2 from the last Sunday of March to the last Sunday of October, 01:00 UTC."""
    days = utc_seconds // SECONDS_A_DAY
    years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    start = _last_sunday(years * 12 + 2) * SECONDS_A_DAY + 3600
    end = _last_sunday(years * 12 + 9) * SECONDS_A_DAY + 3600
    return np.where((utc_seconds >= start) & (utc_seconds < end), 2, 1)


def _last_sunday(month: np.ndarray) -> np.ndarray:
    last = last_day(month)
    # 1970-01-01 was a Thursday, so day numbers of Sundays are 3 modulo 7.
    return last - (last - 3) % 7


def month_of(days: np.ndarray) -> np.ndarray:
    """The month that a day lies in."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
