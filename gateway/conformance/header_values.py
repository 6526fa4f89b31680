"""Header fields as vectors compare them: by the type of the field (the conformance schema, 2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.conformance.message_values import Leaf, UnequalError
from gateway.conformance.vector import VectorError
from gateway.internet.fields import mailboxes, parse_date, parse_message_ids
from gateway.internet.mime import parse_content_type
from gateway.internet.tokens import without_comments
from gateway.mixer.address import unquote


@dataclass(frozen=True, slots=True)
class Date(Leaf):
    """A date-time of a header: same local time, same offset, right weekday, numeric zone."""

    value: str

    def equals(self, expected: Any) -> bool:
        """A date-time; its day with or without zero."""
        wanted, came = parse_date(str(expected)), parse_date(self.value)
        if wanted is None:
            raise VectorError(f"{expected!r} is no date-time")
        return came is not None and _is_strict(self.value, came) and (came.replace(tzinfo=None), came.utcoffset()) == (
            wanted.replace(tzinfo=None), wanted.utcoffset(),
        )  # fmt: skip

    def __repr__(self) -> str:
        return repr(self.value)


def _is_strict(text: str, at: datetime) -> bool:
    day = re.match(r"\s*([A-Za-z]{3}),", text)
    return re.search(r"[+-][0-9]{4}\s*$", text) is not None and (day is None or day[1].lower() == f"{at:%a}".lower())


# --- header fields ------------------------------------------------------------------------------------------------------------------------

_DATES: Final = frozenset({
    "date", "expires", "expiry-date", "reply-by", "deferred-delivery", "latest-delivery-time", "delivery-date", "resent-date",
    "arrival-date", "last-attempt-date", "will-retry-until", "x400-delivery-time", "x400-conversion-date", "x400-last-trace",
})  # fmt: skip
_ADDRESSES: Final = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to", "x400-originator", "originator-return-address"})
_IDENTIFIERS: Final = frozenset({"message-id", "in-reply-to", "references", "supersedes", "obsoletes"})
_KEYWORDS: Final = frozenset({
    "importance", "sensitivity", "priority", "autosubmitted", "auto-submitted", "autoforwarded", "conversion", "conversion-with-loss",
    "incomplete-copy", "action", "content-transfer-encoding",
})  # fmt: skip
_TYPED: Final = frozenset({
    "original-recipient", "final-recipient", "reporting-mta", "dsn-gateway", "diagnostic-code", "received-from-mta", "remote-mta",
    "x400-mapped-redirect-recipient", "x400-redirect-recipient",
})  # fmt: skip


def _same_addresses(came: str, expected: str) -> bool:
    return _addresses(came) == _addresses(expected)


def _addresses(text: str) -> list[tuple[str, str]]:
    return [(one.local, one.domain.lower()) for one in mailboxes(text)]


def _same_identifiers(came: str, expected: str) -> bool:
    return _identifiers(came) == _identifiers(expected)


def _identifiers(text: str) -> list[str]:
    return [_unquoted(one) if isinstance(one, str) else f"phrase {one.text}" for one in parse_message_ids(text)]


def _unquoted(msg_id: str) -> str:
    local, _, domain = msg_id.strip().removeprefix("<").removesuffix(">").rpartition("@")
    return f"{unquote(local)}@{domain.lower()}"


def _same_typed(came: str, expected: str) -> bool:
    return _typed(came) == _typed(expected)


def _typed(text: str) -> tuple[str, str]:
    kind, _, value = text.partition(";")
    return kind.strip().lower(), re.sub(r"(?<!^)\s+\([^()]*\)\s*$", "", value).strip()


def _same_type(came: str, expected: str) -> bool:
    found, wanted = parse_content_type(came), parse_content_type(expected)
    return found is not None and wanted is not None and found.essence == wanted.essence


def _comparison(name: str) -> Callable[[str, str], bool]:
    if name in _DATES:
        return lambda came, expected: Date(came).equals(expected)
    if name in _ADDRESSES:
        return _same_addresses
    if name in _IDENTIFIERS:
        return _same_identifiers
    if name in _KEYWORDS:
        return lambda came, expected: came.lower() == expected.lower()
    if name in _TYPED:
        return _same_typed
    if name == "content-type":
        return _same_type
    return lambda came, expected: came == expected


@dataclass(frozen=True, slots=True)
class Instances(Leaf):
    """All instances of a header field, unfolded and trimmed, from top to bottom; at least one."""

    name: str
    bodies: tuple[str, ...]

    def equals(self, expected: Any) -> bool:
        """Exactly one instance, compared by its type."""
        return len(self.bodies) == 1 and self.one_equals(self.bodies[0], expected)

    def one_equals(self, body: str, expected: Any) -> bool:
        """Whether one instance is the expected one."""
        if not isinstance(expected, str | int) or isinstance(expected, bool):
            raise VectorError(f"a header field is compared with a text, not with {expected!r:.80}")
        return _comparison(self.name.lower())(body, str(expected))

    def text(self) -> str:
        """The body; of several instances one below the other."""
        return "\n".join(self.bodies)

    @property
    def only(self) -> str:
        """The body of the only instance."""
        if len(self.bodies) != 1:
            raise UnequalError(f"{len(self.bodies)} instances of {self.name}")
        return self.bodies[0]

    def bare(self) -> str:
        """The body without comments."""
        return without_comments(self.only).strip()

    def __repr__(self) -> str:
        return repr(self.bodies[0] if len(self.bodies) == 1 else list(self.bodies))
