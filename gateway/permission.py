"""Who may send what where (DESIGN section 7): decided after mapping, per recipient, on what an address finally means.

The default lets Internet clients reach routed X.400 recipients only, and lets a P1 peer reach the Internet only when it
has been granted that. Mail that would leave on the side it came from is relaying, and refused in every nested form.
Pure: routes and mappings come in as functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.errors import ConversionError, Failure
from gateway.internet.fields import Mailbox
from gateway.x400.oraddress import ORAddress

_DEEPEST = 5
"""Addresses nested deeper than this in each other are refused: nobody writes them in good faith."""

RELAYING = Failure(
    reason=1,
    diagnostic=29,
    smtp_code=550,
    status="5.7.1",
    text="Relaying is not allowed: this gateway passes mail between the Internet and X.400, not back to where it came from.",
)
"""X.411 unable-to-transfer(1) / no-dl-submit-permission(29), RFC 3463 5.7.1."""

NOT_GRANTED = Failure(
    reason=1,
    diagnostic=29,
    smtp_code=550,
    status="5.7.1",
    text="You are not permitted to send to this recipient through this gateway.",
)
"""X.411 unable-to-transfer(1) / no-dl-submit-permission(29), RFC 3463 5.7.1."""

NO_ROUTE = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=550,
    status="5.1.2",
    text="No route leads to this X.400 address: its management domain is not known to this gateway.",
)
"""X.411 unable-to-transfer(1) / unrecognised-OR-name(0), RFC 3463 5.1.2."""

TOO_DEEP = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=550,
    status="5.1.3",
    text="The recipient address nests addresses in each other too deeply.",
)
"""X.411 unable-to-transfer(1) / unrecognised-OR-name(0), RFC 3463 5.1.3."""


NO_SUCH_MAILBOX = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=550,
    status="5.1.1",
    text="This gateway has no mailboxes of its own; at its domain stand X.400 addresses, written on the left-hand side.",
)
"""X.411 unable-to-transfer(1) / unrecognised-OR-name(0), RFC 3463 5.1.1."""

NOT_INTERNATIONAL = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=553,
    status="5.6.7",
    text="The X.400 system that takes mail for this address takes no addresses beyond ASCII.",
)
"""X.411 unable-to-transfer(1) / unrecognised-OR-name(0), RFC 6531 3.5."""

EXPIRED_PATH = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=550,
    status="5.1.1",
    text="This address was made for the reports about one message, and is no longer good.",
)
"""X.411 unable-to-transfer(1) / unrecognised-OR-name(0), RFC 3463 5.1.1."""

_ROUTING_SIGNS = frozenset("%!@")
"""What asks a host to send on: ``user%elsewhere@us``, ``elsewhere!user@us`` (RFC 5321 F.2 knows the source route only)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToX400:
    """An address that finally means an X.400 user behind the P1 peer ``peer``.

    Attributes:
        mailbox: The mailbox that maps to ``address``, where one was on the way; the innermost of nested ones.
    """

    address: ORAddress
    peer: str
    mailbox: Mailbox | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToInternet:
    """An address that finally means an Internet mailbox."""

    address: Mailbox


Meaning = ToX400 | ToInternet


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """What is needed to find out what an address finally means.

    Attributes:
        route: Name of the P1 peer for an O/R address, None when there is none.
        to_oraddress, to_mailbox: The two mappings of RFC 2156 4.3.4 and 4.3.5; `ConversionError` when there is no result.
        is_gateway: Whether an O/R address is the gateway's own with an RFC-822 domain-defined attribute.
        is_gateway_domain: Whether a domain is the gateway's own, whose local parts encapsulate O/R addresses.
        takes_universal: Whether a P1 peer takes universal attributes, which hold mailboxes beyond ASCII.
        wrong_with: What is wrong with a local part that looks like an O/R address; empty for one that does not.
    """

    route: Callable[[ORAddress], str | None]
    to_oraddress: Callable[[Mailbox], ORAddress]
    to_mailbox: Callable[[ORAddress], Mailbox]
    is_gateway: Callable[[ORAddress], bool]
    is_gateway_domain: Callable[[str], bool]
    takes_universal: Callable[[str], bool] = lambda peer: False
    wrong_with: Callable[[str], str] = lambda local: ""

    def of_mailbox(self, mailbox: Mailbox, depth: int = 0) -> Meaning:
        """What a mailbox finally means.

        Raises:
            ConversionError: It cannot be mapped, leads nowhere, or nests too deeply.
        """
        _check(depth)
        address = self.to_oraddress(mailbox)
        if self.is_gateway(address):
            # An RFC-822 domain-defined attribute of our own: the Internet mailbox in it is meant, not an X.400 user.
            inner = self.to_mailbox(address)
            return self._in_internet(inner) if inner == mailbox else self.of_mailbox(inner, depth + 1)
        peer = self.route(address)
        if peer is not None:
            if address.universal and not self.takes_universal(peer):
                raise ConversionError(NOT_INTERNATIONAL)
            return ToX400(address=address, peer=peer, mailbox=mailbox)
        if not self.is_gateway_domain(mailbox.domain):
            return ToInternet(address=mailbox)
        # An O/R address without route on our left-hand side: it still means a mailbox if a table says so.
        inner = self.to_mailbox(address)
        if self.is_gateway_domain(inner.domain):
            raise ConversionError(NO_ROUTE)
        return self.of_mailbox(inner, depth + 1)

    def of_oraddress(self, address: ORAddress, depth: int = 0) -> Meaning:
        """What an O/R address finally means.

        Raises:
            ConversionError: It cannot be mapped, leads nowhere, or nests too deeply.
        """
        _check(depth)
        if not self.is_gateway(address) and (peer := self.route(address)) is not None:
            return ToX400(address=address, peer=peer)
        return self.of_mailbox(self.to_mailbox(address), depth + 1)

    def _in_internet(self, mailbox: Mailbox) -> ToInternet:
        """A mailbox that holds no other address; at our own domain it would come straight back to us."""
        if self.is_gateway_domain(mailbox.domain):
            raise ConversionError(RELAYING if _ROUTING_SIGNS & set(mailbox.local) else self._no_such_mailbox(mailbox.local))
        return ToInternet(address=mailbox)

    def _no_such_mailbox(self, local: str) -> Failure:
        wrong = self.wrong_with(local)
        return replace(NO_SUCH_MAILBOX, text=f"This is not an X.400 address that can be used: {wrong[:200]}.") if wrong else NO_SUCH_MAILBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What one source may do.

    Attributes:
        to_x400: It may send to routed X.400 recipients (SMTP clients).
        to_internet: It may send to the Internet (P1 peers).
        originator: Whether it may speak for this originator; None: any.
        domain: Whether it may send to this Internet domain; None: any.
        delivery_options: Its Deferred-Delivery, Latest-Delivery-Time, Originator-Return-Address and urgent Priority count (SMTP clients).
    """

    to_x400: bool = False
    to_internet: bool = False
    originator: Callable[[ORAddress], bool] | None = None
    domain: Callable[[str], bool] | None = None
    delivery_options: bool = False


def from_smtp(granted: Granted, meaning: Meaning) -> Failure | None:
    """Whether an SMTP client may send to what its recipient means; None when it may."""
    if isinstance(meaning, ToInternet):
        return RELAYING
    return None if granted.to_x400 else NOT_GRANTED


def from_p1(granted: Granted, originator: ORAddress, meaning: Meaning) -> Failure | None:
    """Whether a P1 peer may send, for this originator, to what its recipient means; None when it may."""
    if isinstance(meaning, ToX400):
        return RELAYING
    if not granted.to_internet:
        return NOT_GRANTED
    if granted.originator is not None and not granted.originator(originator):
        return NOT_GRANTED
    if granted.domain is not None and not granted.domain(meaning.address.domain):
        return NOT_GRANTED
    return None


def _check(depth: int) -> None:
    if depth > _DEEPEST:
        raise ConversionError(TOO_DEEP)
