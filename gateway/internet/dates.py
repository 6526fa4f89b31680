"""Dates of RFC 5322 3.3 with the obsolete forms of 4.3."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone

from gateway.internet.tokens import without_comments

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 5322 4.3: hours east of UTC. Military letters were defined with the wrong sign in RFC 822 and mean "unknown".
_ZONES = {"ut": 0, "gmt": 0, "utc": 0, "z": 0, "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8}
# Not in any RFC, but X.400 countries wrote them for decades.
_ZONES |= {"bst": 1, "wet": 0, "west": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2, "mest": 2, "mesz": 2, "eet": 2, "eest": 3}
_DATE = re.compile(
    r"(?:[^\W\d]{2,9}\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?[\s-]+(\d{2,4})[\s,]+"
    r"(\d{1,2})\s*[:.]\s*(\d{2})(?:\s*[:.]\s*(\d{2})(?:\.\d+)?)?\s*([+-]\s*\d{4}|[A-Za-z]+)?",
    re.ASCII,
)


def parse_date(value: str) -> datetime | None:
    """The instant a date field names, with the sender's offset; None where it names none.

    ``-0000``, military zones, unknown zones and a missing zone all mean UTC. A leap second is read as second 59.
    """
    text = " ".join(without_comments(value[:1000]).split())
    match = _DATE.match(text)
    if match is None:
        return _other_forms(text)
    day, month, year, hour, minute, second, zone = match.groups()
    if month.capitalize() not in _MONTHS:
        return None
    try:
        return datetime(
            _year(year), _MONTHS.index(month.capitalize()) + 1, int(day), int(hour), int(minute), min(int(second or 0), 59),
            tzinfo=_zone(zone or ""),
        )  # fmt: skip
    except (ValueError, OverflowError):
        return None


def _year(digits: str) -> int:
    """RFC 5322 4.3: two digits below 50 are of this century, other two and all three digits count from 1900."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _zone(text: str) -> timezone:
    if text[:1] in ("+", "-"):
        digits = text[1:].strip()
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-offset if text[0] == "-" else offset) if offset else UTC
    return timezone(timedelta(hours=_ZONES.get(text.lower(), 0))) if _ZONES.get(text.lower()) else UTC


def _other_forms(text: str) -> datetime | None:
    """What RFC 5322 does not know but Python's `email` reads, such as the form of C's asctime."""
    try:
        fields = email.utils.parsedate_tz(text)
        if fields is None:
            return None
        return datetime(*fields[:5], min(fields[5], 59), tzinfo=timezone(timedelta(seconds=fields[9] or 0)))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def serialise_date(instant: datetime) -> str:
    """A date-time of RFC 5322 3.3 with the offset of ``instant``, which must be aware.

    An offset that is not whole minutes, which RFC 5322 cannot say, is given in UTC.
    """
    offset = instant.utcoffset() or timedelta()
    if offset.total_seconds() % 60:
        instant, offset = instant.astimezone(UTC), timedelta()
    minutes = int(offset.total_seconds()) // 60
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    return (
        f"{_DAYS[instant.weekday()]}, {instant.day:02} {_MONTHS[instant.month - 1]} {instant.year:04} "
        f"{instant.hour:02}:{instant.minute:02}:{instant.second:02} {zone}"
    )
