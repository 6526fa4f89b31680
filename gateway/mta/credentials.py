"""How an MTA says who it is, and how it proves it (X.411 8.2.1.1): by nothing, by a password, by a signed token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import Enum

from gateway.mta.certificates import Certificate
from gateway.mta.strong import Identity, Trust
from gateway.osi.service import Selectors
from gateway.x400.security import Credentials as MTSCredentials


class Authentication(Enum):
    """What stands in a bind."""

    NONE = "none"  # the NULL alternative: no name, no password
    SIMPLE = "simple"
    STRONG = "strong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The name of an MTA and its proof, in one direction.

    Attributes:
        mta_name: Case counts, unless ``caseless``.
        password: Of the simple bind, octets that are never trimmed: empty, absent and one blank are three things (IC-019). None: an empty
            one is sent, and any or none is taken.
        octet_string: Send the password as OCTET STRING instead of IA5String, as PP does; both are read always.
        bind: What is sent, and what is asked for.
        identity: For the strong bind, our own: what we sign with.
        trust: For the strong bind, a peer's: whose tokens are believed.
        caseless: A peer's name and password may differ in case (IC-017), as PP takes them.
    """

    mta_name: str
    password: bytes | None = None
    octet_string: bool = False
    bind: Authentication = Authentication.SIMPLE
    identity: Identity | None = None
    trust: Trust | None = None
    caseless: bool = False

    def is_named(self, mta_name: str) -> bool:
        """Whether a peer may call itself so."""
        return self.mta_name == mta_name or (self.caseless and self.mta_name.casefold() == mta_name.casefold())

    def has_password(self, offered: bytes | None) -> bool:
        """Whether a peer has offered the right password."""
        if self.caseless and self.password is not None and offered is not None:
            return same_password(self.password.lower(), offered.lower())
        return same_password(self.password, offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a caller says of itself in a bind, and what is known of its connection.

    Attributes:
        mta_name: initiator-name, None for an unauthenticated bind.
        password: Simple credentials as octets, None where there are none.
        credentials: All credentials as they came.
        address: Network address.
        calling, called: Selectors that the caller gave as its own, and those that it called.
        certificate: Of the caller, when the connection is under TLS and it showed one.
    """

    mta_name: str | None = None
    password: bytes | None = None
    credentials: MTSCredentials | None = None
    address: str = ""
    calling: Selectors = Selectors()
    called: Selectors = Selectors()
    certificate: Certificate | None = None

    @property
    def introduction(self) -> str:
        """Name and proof in words: everything but the secret."""
        return f"{'no MTA name' if self.mta_name is None else f'MTA name {self.mta_name!r}'}, {self._proof()}"

    def __str__(self) -> str:
        """For the log: everything but the secret."""
        sides = f"calling {selectors_text(self.calling)}, called {selectors_text(self.called)}"
        tls = f", TLS certificate {self.certificate}" if self.certificate is not None else ""
        return f"{self.introduction}, {sides}, from {self.address}{tls}"

    def _proof(self) -> str:
        if self.credentials is not None and self.credentials.strong is not None:
            return "strong credentials"
        if self.credentials is not None and self.credentials.protected is not None:
            return "a protected password"
        if self.password is None:
            return "no password"
        form = "IA5String" if self.credentials is not None and self.credentials.simple and self.credentials.simple.ia5_string else "octets"
        return f"a password as {form}" if self.password else "an empty password"


def same_password(expected: bytes | None, offered: bytes | None) -> bool:
    """Whether the password is right, in constant time; a peer without a configured password may offer any or none."""
    return expected is None or (hmac.compare_digest(expected, offered or b"") and offered is not None)


def selectors_text(selectors: Selectors) -> str:
    """Selectors for people: ``T/S/P``, as text where it is printable and as ``hex:`` and digits elsewhere."""
    return "/".join(selector_text(part) for part in (selectors.tsel, selectors.ssel, selectors.psel))


def selector_text(selector: bytes) -> str:
    """One selector as the configuration writes it."""
    printable = selector.isascii() and selector.decode("ascii").isprintable()
    return f"'{selector.decode('ascii')}'" if printable else f"hex:{selector.hex()}"
