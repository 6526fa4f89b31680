"""The Internet side: the SMTP listener, its clients, and where mail goes from here."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Named, Networks, Secret, Section, TLSSection, unique


class SMTPUser(Named):
    """A user that may authenticate to the SMTP listener."""

    password: Secret


class SMTPClient(Named):
    """A class of SMTP clients and what it may do. The first class that fits a client counts.

    Attributes:
        networks, users: Who belongs to it.
        may_send_to_x400: Whether it may send at all.
        may_set_delivery_options: Whether its Deferred-Delivery, Latest-Delivery-Time, Originator-Return-Address and a Priority above
            normal take effect, and FUTURERELEASE, DELIVERBY and positive MT-PRIORITY are offered to it.
        verify: Whether its mail is verified where `SMTPSection.verification` is given; not that of clients that authenticated.
    """

    networks: Networks = ()
    users: tuple[str, ...] = ()
    may_send_to_x400: bool = True
    may_set_delivery_options: bool = False
    verify: bool = True


class SmartHost(Section):
    """Where outgoing Internet mail goes."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["none", "opportunistic", "required", "implicit"] = "opportunistic"
    user: str | None = None
    password: Secret | None = None


class DNSSection(Section):
    """Who is asked about the Internet: mail servers, SPF, DKIM, DMARC."""

    nameservers: tuple[IPv4Address | IPv6Address, ...] = ()
    port: int = Field(default=53, ge=1, le=65535)


class VerificationSection(Section):
    """SPF, DKIM and DMARC on entry. The section switches it on."""

    timeout_seconds: float = Field(default=10, gt=0)
    dmarc_reject: Literal["record", "refuse"] = "record"


class SigningKeySection(Section):
    """A DKIM key."""

    domain: str | None = None
    selector: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")
    key: Secret


class SigningSection(Section):
    """DKIM for what leaves."""

    keys: tuple[SigningKeySection, ...] = Field(min_length=1)
    foreign_from: Literal["keep", "dmarc", "rewrite"] = "dmarc"
    from_mailbox: str | None = None


class SMTPSection(Section):
    """The Internet side."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=0, le=65535)
    hostname: str | None = None
    largest_octets: int = Field(default=50 << 20, ge=1024)
    connections: int = Field(default=200, ge=1)
    recipients: int = Field(default=1000, ge=1)
    command_timeout_seconds: float = Field(default=300, gt=0)
    tls: TLSSection | None = None
    users: Annotated[tuple[SMTPUser, ...], AfterValidator(unique)] = ()
    client: Annotated[tuple[SMTPClient, ...], AfterValidator(unique)] = (SMTPClient(name="anyone"),)
    smart_host: SmartHost | None = None
    dns: DNSSection = DNSSection()
    verification: VerificationSection | None = None
    signing: SigningSection | None = None
    accept_bare_line_feeds: bool = False
    chunking: bool = True
    mt_priority: bool = False
    deliver_by: bool = False
    deliver_by_minimum_seconds: int = Field(default=0, ge=0, le=999_999_999)
    future_release_seconds: int = Field(default=0, ge=0, le=315_360_000)
