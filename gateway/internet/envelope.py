"""The SMTP envelope with what the extensions add: DSN (RFC 3461), SMTPUTF8 (6531), priority (6710), deadlines (2852, 4865)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.errors import GatewayError

_VERSION = 1
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_UNITEXT = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
NOTIFY_VALUES = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
BODY_VALUES = frozenset({"7BIT", "8BITMIME", "BINARYMIME"})


class EnvelopeError(GatewayError):
    """A stored envelope, or an xtext, cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpRecipient:
    """One RCPT TO.

    Attributes:
        address: The mailbox without angle brackets.
        notify: NOTIFY values in capitals, None where the parameter was absent.
        orcpt: ``type;address`` with the xtext decoded, None where absent.
    """

    address: str
    notify: frozenset[str] | None = None
    orcpt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverBy:
    """The BY parameter of RFC 2852.

    Attributes:
        seconds: Time that is left, counted from the moment of MAIL; may be negative with mode ``N``.
        mode: ``R`` return, ``N`` notify.
        trace: The ``T`` modifier: a relayed DSN is wanted.
        until: The moment that is meant, aware, where it is known; messages wait, so ``seconds`` alone grows wrong.
    """

    seconds: int
    mode: str
    trace: bool = False
    until: datetime | None = None

    def to_members(self) -> list[Any]:
        """For JSON."""
        return [self.seconds, self.mode, self.trace, None if self.until is None else self.until.isoformat()]

    @classmethod
    def from_members(cls, members: list[Any]) -> DeliverBy:
        """Read what `to_members` wrote; envelopes of earlier versions have no ``until``."""
        seconds, mode, trace, *until = members
        return cls(seconds=seconds, mode=mode, trace=trace, until=datetime.fromisoformat(until[0]) if until and until[0] else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpEnvelope:
    """One SMTP transaction's envelope.

    Attributes:
        reverse_path: The mailbox without angle brackets, empty for the null reverse path.
        recipients: In RCPT order; recipient number n of a `Transfer` is ``recipients[n - 1]``.
        ret: ``FULL``, ``HDRS`` or None.
        envid: Decoded, None where absent.
        body: ``7BIT``, ``8BITMIME`` or ``BINARYMIME``.
        mt_priority: -9 to 9, None where absent.
        hold_until: Not to be sent before (RFC 4865), aware.
        tagged_path: A reverse path of ours that finds the message again, for a server that does not do so by ENVID (RFC 3461 4.4).
            It belongs to one sending and is not stored with the envelope.
    """

    reverse_path: str
    recipients: tuple[SmtpRecipient, ...]
    ret: str | None = None
    envid: str | None = None
    body: str = "7BIT"
    smtputf8: bool = False
    mt_priority: int | None = None
    by: DeliverBy | None = None
    hold_until: datetime | None = None
    tagged_path: str = ""

    def to_json(self) -> bytes:
        """The envelope as versioned JSON, for the store."""
        return json.dumps(
            {
                "version": _VERSION,
                "reverse_path": self.reverse_path,
                "recipients": [
                    {"address": one.address, "notify": None if one.notify is None else sorted(one.notify), "orcpt": one.orcpt}
                    for one in self.recipients
                ],
                "ret": self.ret,
                "envid": self.envid,
                "body": self.body,
                "smtputf8": self.smtputf8,
                "mt_priority": self.mt_priority,
                "by": None if self.by is None else self.by.to_members(),
                "hold_until": None if self.hold_until is None else self.hold_until.isoformat(),
            },
            separators=(",", ":"),
        ).encode("ascii")

    @classmethod
    def from_json(cls, octets: bytes) -> SmtpEnvelope:
        """Read what `to_json` wrote.

        Raises:
            EnvelopeError: Not such JSON, or of a later version.
        """
        try:
            return cls._from_members(json.loads(octets))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EnvelopeError(f"a stored SMTP envelope cannot be read: {error}") from error

    @classmethod
    def _from_members(cls, members: Mapping[str, Any]) -> SmtpEnvelope:
        if members["version"] != _VERSION:
            raise EnvelopeError(f"a stored SMTP envelope has version {members['version']!r}; this program reads {_VERSION}")
        by, hold = members["by"], members["hold_until"]
        return cls(
            reverse_path=members["reverse_path"],
            recipients=tuple(
                SmtpRecipient(
                    address=one["address"], notify=None if one["notify"] is None else frozenset(one["notify"]), orcpt=one["orcpt"]
                )
                for one in members["recipients"]
            ),
            ret=members["ret"],
            envid=members["envid"],
            body=members["body"],
            smtputf8=members["smtputf8"],
            mt_priority=members["mt_priority"],
            by=None if by is None else DeliverBy.from_members(by),
            hold_until=None if hold is None else datetime.fromisoformat(hold),
        )


def encode_xtext(text: str) -> str:
    """Xtext of RFC 3461 section 4; beyond ASCII the octets of UTF-8 are encoded."""
    octets = text.encode("utf-8", "replace")
    return "".join(chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}" for octet in octets)


def decode_xtext(text: str) -> str:
    """The text behind an xtext.

    Raises:
        EnvelopeError: Not an xtext, or one that hides control characters.
    """
    if not _XTEXT.fullmatch(text):
        raise EnvelopeError(f"not an xtext (RFC 3461 section 4): {text[:100]!r}")
    octets = re.sub(rb"\+([0-9A-F]{2})", lambda match: bytes([int(match.group(1), 16)]), text.encode("ascii"))
    decoded = octets.decode("utf-8", "replace")
    if any(ord(character) < 32 or ord(character) == 127 for character in decoded):
        raise EnvelopeError("control characters inside an xtext")
    return decoded


def encode_orcpt(orcpt: str) -> str:
    """The value of the ORCPT parameter for ``type;address`` (RFC 3461 4.2; ``utf-8`` addresses by RFC 6533 section 3)."""
    kind, _, address = orcpt.partition(";")
    if kind.lower() == "utf-8":
        return f"{kind};{encode_unitext(address)}"
    return f"{kind};{encode_xtext(address)}"


def encode_unitext(address: str) -> str:
    """The utf-8-addr-xtext form of an address, which is ASCII (RFC 6533 section 3)."""
    return "".join(_unitext_character(character) for character in address)


def decode_unitext(text: str) -> str:
    """The address behind any of the three forms of a UTF-8 address (RFC 6533 section 3)."""
    return _UNITEXT.sub(_unitext_meaning, text)


def _unitext_character(character: str) -> str:
    plain = "!" <= character <= "~" and character not in "+=\\"
    return character if plain else f"\\x{{{ord(character):02X}}}"


def decode_orcpt(text: str) -> str:
    """``type;address`` behind an ORCPT parameter.

    Raises:
        EnvelopeError: No address type, or a malformed address.
    """
    kind, semicolon, address = text.partition(";")
    if not semicolon or not re.fullmatch(r"[A-Za-z0-9-]+", kind) or not address:
        raise EnvelopeError("ORCPT must be address-type;xtext (RFC 3461 4.2)")
    if kind.lower() != "utf-8":
        return f"{kind};{decode_xtext(address)}"
    decoded = decode_unitext(address)
    if any(ord(character) < 32 or ord(character) == 127 for character in decoded):
        raise EnvelopeError("control characters inside an ORCPT")
    return f"{kind};{decoded}"


def _unitext_meaning(match: re.Match[str]) -> str:
    code = int(match.group(1), 16)
    return chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else "\ufffd"
