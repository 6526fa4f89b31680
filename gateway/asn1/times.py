"""UTCTime and GeneralizedTime (X.680 clauses 46 and 47) as aware datetimes that keep the sender's offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

FIRST_YEAR = 1980
"""Two-digit years mean 1980 to 2079: X.400 did not exist before (X.509 draws its line at 1950)."""

_UTC_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})?", re.ASCII)
_GENERALIZED_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,](\d+))?(Z|[+-]\d\d(?:\d\d)?)?", re.ASCII)


def utc_time_from_text(text: str) -> datetime:
    """Read YYMMDDhhmm[ss](Z|+hhmm|-hhmm).

    Peer: seconds, and now and then the zone, are missing; no zone is read as Z.

    Raises:
        ValueError: Not a UTCTime.
    """
    found = _UTC_TIME.fullmatch(text.strip(" \0"))
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a UTCTime")
    year, month, day, hour, minute = (int(part) for part in found.group(1, 2, 3, 4, 5))
    year += FIRST_YEAR // 100 * 100 if year >= FIRST_YEAR % 100 else (FIRST_YEAR // 100 + 1) * 100
    return datetime(year, month, day, hour, minute, _seconds(found[6]), tzinfo=_zone(found[7]))


def utc_time_to_text(value: datetime) -> str:
    """Write YYMMDDhhmmssZ, or with +hhmm where the value has an offset of its own."""
    return f"{value.year % 100:02}{value:%m%d%H%M%S}{_zone_text(value)}"


def generalized_time_from_text(text: str) -> datetime:
    """Read YYYYMMDDhh[mm[ss]][.f](Z|+hh[mm]|-hh[mm]); no zone is read as Z.

    Raises:
        ValueError: Not a GeneralizedTime.
    """
    found = _GENERALIZED_TIME.fullmatch(text.strip(" \0"))
    if found is None:
        raise ValueError(f"{text[:40]!r} is not a GeneralizedTime")
    year, month, day, hour = (int(part) for part in found.group(1, 2, 3, 4))
    value = datetime(year, month, day, hour, int(found[5] or 0), _seconds(found[6]), tzinfo=_zone(found[8]))
    unit = timedelta(seconds=1) if found[6] else timedelta(minutes=1) if found[5] else timedelta(hours=1)
    return value + unit * float(f"0.{found[7] or 0}"[:12])


def generalized_time_to_text(value: datetime) -> str:
    """Write YYYYMMDDhhmmss[.f]Z, or with +hhmm where the value has an offset of its own."""
    fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return f"{value.year:04}{value:%m%d%H%M%S}{fraction}{_zone_text(value)}"


def _seconds(text: str | None) -> int:
    """Seconds; a leap second is the second before it."""
    seconds = int(text or 0)
    return 59 if seconds == 60 else seconds


def _zone(text: str | None) -> timezone:
    """The time zone; ``+0000`` is kept apart from ``Z``, so that it can be written again."""
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:5] or 0)
    if minutes > 59:
        raise ValueError(f"the offset {text} has {minutes} minutes")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset, text)


def _zone_text(value: datetime) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise ValueError(f"{value!r} has no time zone")
    if value.tzinfo is UTC or (not offset and value.tzname() in ("UTC", "Z", "GMT")):
        return "Z"
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
