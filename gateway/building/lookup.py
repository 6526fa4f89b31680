"""The sources of look-ups."""

from __future__ import annotations

from gateway.config import Config, LDAPSection, PXSection
from gateway.lookup.ldap import LDAPSettings, LDAPSource, LDAPUsers
from gateway.lookup.px import PXResolver
from gateway.lookup.sources import Oracle, Sources
from gateway.mixer.questions import Source


def sources_from(config: Config) -> Sources:
    """The sources of look-ups in their order.

    Raises:
        ConfigurationError: A URL or the password of the LDAP directory cannot be used.
    """
    lookup = config.lookup
    order = tuple(Source(name) for name in lookup.sources)
    oracles: dict[Source, Oracle] = {}
    if Source.PX in order:
        oracles[Source.PX] = _px(lookup.px)
    if Source.LDAP in order and lookup.ldap is not None:
        oracles[Source.LDAP] = LDAPSource(_ldap(lookup.ldap))
    return Sources(
        order, oracles, ldap_users=lookup.ldap is not None and lookup.ldap.users is not None, most_questions=lookup.most_questions,
        seconds=lookup.timeout_seconds,
    )  # fmt: skip


def _px(section: PXSection) -> PXResolver:
    return PXResolver(
        nameservers=[str(address) for address in section.nameservers], port=section.port, lifetime_seconds=section.timeout_seconds,
        trees=section.trees, authenticated_only=section.authenticated_only,
    )  # fmt: skip


def _ldap(section: LDAPSection) -> LDAPSettings:
    password = section.bind_password.read("lookup.ldap.bind_password").decode() if section.bind_password is not None else ""
    return LDAPSettings(
        urls=section.urls, bind_name=section.bind_name, bind_password=password, start_tls=section.start_tls, ca_file=section.ca_file,
        collections=section.collections, users=LDAPUsers(**section.users.model_dump()) if section.users is not None else None,
        timeout_seconds=section.timeout_seconds, cache_seconds=section.cache_seconds, connections=section.connections,
    )  # fmt: skip
