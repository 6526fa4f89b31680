"""The X.400 side: the P1 listener and the adjacent MTAs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.association import AssociationSection, ListenerTLSSection
from gateway.config.policy import PolicySection
from gateway.config.profiles import overlaid, profile, profile_names
from gateway.config.section import Named, Networks, ORAddressText, Secret, Section, Selector, unique


class GrantSection(Section):
    """What a P1 peer may hand in."""

    to_internet: bool = False
    originators: tuple[ORAddressText, ...] = ()
    domains: tuple[str, ...] = ()


class SelectorSection(Section):
    """Selectors: text, or ``hex:`` and digits."""

    tsel: Selector = b""
    ssel: Selector = b""
    psel: Selector = b""


class ExpectedSection(Section):
    """Selectors in the calls of a peer; what is left out may be anything."""

    calling: SelectorSection = SelectorSection()
    called: SelectorSection = SelectorSection()


def _known(name: str) -> str:
    if name not in profile_names():
        raise ValueError(f"there is no such profile; known are {', '.join(profile_names())}")
    return name


class PeerSection(AssociationSection, Named):
    """One adjacent MTA; what it does not say stands in its profile."""

    profile: Annotated[str, AfterValidator(_known)] = "default"
    host: str = ""
    port: int = Field(default=102, ge=1, le=65535)
    calling: SelectorSection = SelectorSection()
    called: SelectorSection = SelectorSection()
    our_mta_name: str | None = None
    our_password: Secret | None = None
    mta_name: str = Field(min_length=1, max_length=32)
    password: Secret | None = None
    octet_string_password: bool = False
    networks: Networks = ()
    expects: ExpectedSection = ExpectedSection()
    routes: tuple[ORAddressText, ...] = ()
    grant: GrantSection = GrantSection()
    policy: PolicySection = PolicySection()
    checkpoint_size_kilobytes: int = Field(default=30, ge=0, le=1024)
    window_size: int = Field(default=5, ge=1, le=100)
    tpdu_size_octets: Literal[128, 256, 512, 1024, 2048, 4096, 8192] = 2048
    dialogue: Literal["monologue", "two-way-alternate", "either"] = "monologue"
    associations: int = Field(default=2, ge=1, le=32)
    incoming: int = Field(default=10, ge=1, le=200)
    idle_timeout_seconds: float = Field(default=300, gt=0)
    retry_seconds: float = Field(default=60, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _over_its_profile(cls, given: Any) -> Any:
        name = given.get("profile", "default") if isinstance(given, dict) else None
        return overlaid(profile(name), given) if isinstance(name, str) and name in profile_names() else given


class MTASection(Section):
    """The X.400 side."""

    host: str = "127.0.0.1"
    port: int = Field(default=102, ge=0, le=65535)
    tsels: tuple[Selector, ...] = (b"",)
    ssels: tuple[Selector, ...] = ()
    psels: tuple[Selector, ...] = ()
    connections: int = Field(default=200, ge=1)
    largest_octets: int = Field(default=1 << 30, ge=1024)
    bind_timeout_seconds: float = Field(default=30, gt=0)
    progress_timeout_seconds: float = Field(default=300, gt=0)
    idle_timeout_seconds: float = Field(default=600, gt=0)
    unbound_connections: int = Field(default=20, ge=1)
    connections_per_address: int = Field(default=100, ge=1)
    outgoing_associations: int = Field(default=200, ge=1)
    tpkts_per_second: float = Field(default=5000, ge=0)
    wrong_bind_delay_seconds: float = Field(default=0.2, ge=0)
    recovery_seconds: float = Field(default=3600, gt=0)
    tls: ListenerTLSSection | None = None
    peer: Annotated[tuple[PeerSection, ...], AfterValidator(unique)] = ()
