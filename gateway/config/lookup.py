"""Where mappings come from besides the tables: the users' directory, PX records, LDAP."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.section import File, Secret, Section

SourceName = Literal["directory", "tables", "px", "ldap"]


def _once(names: tuple[SourceName, ...]) -> tuple[SourceName, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named twice")
    return names


class DirectorySection(Section):
    """The users' directory: individual users from files."""

    files: tuple[File, ...] | None = None
    compiled: File = Field(default=Path("var/users.compiled"), validate_default=True)
    fold_local_parts: bool = False


class PXSection(Section):
    """PX records of the DNS (RFC 2163)."""

    nameservers: tuple[IPv4Address | IPv6Address, ...] = ()
    port: int = Field(default=53, ge=1, le=65535)
    timeout_seconds: float = Field(default=10, gt=0)
    trees: dict[str, str] | None = None
    authenticated_only: bool = False


class LDAPUsersSection(Section):
    """Individual users in an LDAP directory."""

    base: str
    mailbox_filter: str = "(mail={})"
    oraddress_filter: str = "(mhsORAddresses={})"
    mailbox_attribute: str = "mail"
    oraddress_attribute: str = "mhsORAddresses"
    domains: tuple[str, ...] = ()


class LDAPSection(Section):
    """An LDAP directory (RFC 2164)."""

    urls: tuple[str, ...] = Field(min_length=1)
    bind_name: str = ""
    bind_password: Secret | None = None
    start_tls: bool = False
    ca_file: File | None = None
    collections: tuple[str, ...] = ()
    users: LDAPUsersSection | None = None
    timeout_seconds: float = Field(default=5, gt=0)
    cache_seconds: float = Field(default=300, ge=0)
    connections: int = Field(default=4, ge=1, le=100)


class LookupSection(Section):
    """Where mappings come from besides the tables."""

    sources: Annotated[tuple[SourceName, ...], AfterValidator(_once)] = ("directory", "tables")
    header_lookup_limit_seconds: float = Field(default=3600, ge=0)
    most_questions: int = Field(default=200, ge=1)
    timeout_seconds: float = Field(default=30, gt=0)
    directory: DirectorySection = DirectorySection()
    px: PXSection = PXSection()
    ldap: LDAPSection | None = None

    @model_validator(mode="after")
    def _complete(self) -> LookupSection:
        if "ldap" in self.sources and self.ldap is None:
            raise ValueError("'ldap' is among the sources, but there is no section [lookup.ldap]")
        return self
