"""Numbers and dates as each language writes them; the unit is said once, by the title or the column."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
THIN_SPACE = "\u202f"
MINUS = "\u2212"
NOTHING = "–"


def number(value, decimals: int = 0, language: str = "fr") -> str:
    """1 234,5 in French, 1,234.5 in English; a dash for None."""
    if value is None:
        return NOTHING
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,.{decimals}f}"
    if language == "fr":
        text = text.replace(",", THIN_SPACE).replace(".", ",")
    return f"{MINUS}{text}" if rounded < 0 else text


def dose(value, language: str = "fr", decimals: int = 3) -> str:
    """A dose in mSv without its unit; three decimals, as recorded."""
    return number(value, decimals, language)


def percent(value, decimals: int = 1, language: str = "fr") -> str:
    """A share of one as a percentage."""
    if value is None:
        return NOTHING
    sign = f"{THIN_SPACE}%" if language == "fr" else "%"
    return number(Decimal(str(value)) * 100, decimals, language) + sign


def change(now, before, language: str = "fr") -> str | None:
    """The relative change with its sign; None when there is nothing to compare with."""
    if now is None or before is None or before == 0:
        return None
    ratio = Decimal(str(now)) / Decimal(str(before)) - 1
    text = percent(ratio, 1, language)
    return f"+{text}" if ratio > 0 else text


def day(value: date | None, language: str = "fr") -> str:
    """31/12/2025 in French, 2025-12-31 in English."""
    if value is None:
        return NOTHING
    return value.strftime("%d/%m/%Y") if language == "fr" else value.isoformat()


def moment(value: datetime | None, language: str = "fr") -> str:
    """A timestamp as a Paris clock shows it."""
    if value is None:
        return NOTHING
    local = value.astimezone(PARIS)
    return f"{day(local.date(), language)} {local:%H:%M}"
