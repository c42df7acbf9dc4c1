"""Days, and numbers to their last decimal."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

ZERO = Decimal("0.000")


def months_before(day: date, months: int) -> date:
    """The far end of a window, excluded from it: month ends go back to month ends."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(years, month + 1)[1]
    is_month_end = day.day == monthrange(day.year, day.month)[1]
    return date(years, month + 1, last if is_month_end else min(day.day, last))


def percentile(values: list, percent: int) -> Fraction:
    """Linear between order statistics (R's type 7)."""
    ordered = sorted(map(Fraction, values))
    place = Fraction((len(ordered) - 1) * percent, 100)
    lower, upper = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return lower + (upper - lower) * (place - int(place))


def rounded(value: Fraction | None, places: int) -> Decimal | None:
    """Half up, away from zero."""
    if value is None:
        return None
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def holds_on(row: dict, day: date) -> bool:
    return row["valid_from"] <= day <= (row["valid_to"] or date.max)


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
