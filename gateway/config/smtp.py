"""The Internet side: the SMTP listener, its clients, and where mail goes from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Named, Networks, Secret, Section, TLSSection, unique


class SMTPUser(Named):
    """A user that may authenticate to the SMTP listener."""

    password: Secret


class SMTPClient(Named):
    """A class of SMTP clients and what it may do. The first class that fits a client counts."""

    networks: Networks = ()
    users: tuple[str, ...] = ()
    may_send_to_x400: bool = True


class SmartHost(Section):
    """Where outgoing Internet mail goes."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["none", "opportunistic", "required", "implicit"] = "opportunistic"
    user: str | None = None
    password: Secret | None = None


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
    accept_bare_line_feeds: bool = False
