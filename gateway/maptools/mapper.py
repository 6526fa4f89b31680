"""The engine as the tools use it: either kind of address in, the other kind out as text, and what a person may write for either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.mixer.address import Mapped, Role, mailbox_to_oraddress, oraddress_to_mailbox, unquote
from gateway.mixer.mcgam import MappingTables, ascii_domain
from gateway.mixer.policy import GlobalDomain, Settings
from gateway.mixer.product_forms import is_oraddress, oraddress_from
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

GATEWAY_DOMAIN: Final = "gateway.invalid"
"""Domain of the gateway where no configuration says another: a name that is nobody's (RFC 2606)."""

_SHOWN: Final = re.compile(r"(?:smtp|mailto):\s*(?=\S)|[^<>]*<(?=[^<>]+>$)", re.IGNORECASE)
"""What mail programs show before a mailbox: a type, or a name and an angle bracket."""

GATEWAY_ORADDRESS: Final = ORAddress(country="XX", admd=" ", prmd="GATEWAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of an address.

    Attributes:
        text: The other kind of address; for one that was refused, why.
        wrapped: It was encapsulated and not translated.
        refused: Nothing can hold it.
    """

    text: str
    wrapped: bool = False
    refused: bool = False

    def __str__(self) -> str:
        return f"refused: {self.text}" if self.refused else self.text


def settings_for(tables: MappingTables, *, domain: str = GATEWAY_DOMAIN, oraddress: ORAddress = GATEWAY_ORADDRESS) -> Settings:
    """Settings of a gateway of which only the tables count."""
    home = GlobalDomain(country=oraddress.country or "XX", admd=oraddress.admd or " ", prmd=oraddress.prmd)
    return Settings(gateway_domain=domain, gateway_oraddress=oraddress, global_domain=home, mta_name="MAP", tables=tables)


def answer(address: str, settings: Settings, role: Role) -> Answer:
    """Map an address of either kind."""
    try:
        if is_oraddress(address):
            back: Mapped[Mailbox] = oraddress_to_mailbox(oraddress_from(address), settings, role)
            return Answer(text=back.result.address, wrapped=back.encapsulated)
        there: Mapped[ORAddress] = mailbox_to_oraddress(bare_mailbox(address), settings, role)
        return Answer(text=to_text(there.result), wrapped=there.encapsulated)
    except GatewayError as refused:
        return Answer(text=str(refused), refused=True)


def bare_mailbox(text: str) -> str:
    """A mailbox without what mail programs show around it: ``Jane <jane@example.org>``, ``SMTP:jane@example.org``."""
    text = text.strip()
    match = _SHOWN.match(text)
    return text if match is None else text[match.end() :].removesuffix(">")


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same address."""
    if is_oraddress(one) != is_oraddress(other):
        return False
    if not is_oraddress(one):
        return same_mailbox(one, other)
    try:
        return oraddress_from(one).key() == oraddress_from(other).key()
    except GatewayError:
        return one == other


def same_mailbox(one: str, other: str) -> bool:
    """Whether two texts mean the same mailbox: local parts with case (RFC 5321 2.4) and without quotes, domains as A-labels."""
    return _mailbox_key(one) == _mailbox_key(other)


def _mailbox_key(text: str) -> tuple[str, str]:
    local, _, domain = text.rpartition("@")
    return unquote(local), ascii_domain(domain).lower()
