"""One connection to an LDAP server: what it answers as values, everything that is no clear answer as an error."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException

from gateway.errors import GatewayError
from gateway.lookup.ldap_users import Found, LDAPUsers

_SUCCESS: Final = 0
_SIZE_LIMIT_EXCEEDED: Final = 4
_NO_SUCH_OBJECT: Final = 32
_MOST_ENTRIES: Final = 20


class LDAPError(GatewayError):
    """The directory gave no clear answer: not connected, no permission, busy, an error code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LDAPSettings:
    """How to ask.

    Attributes:
        urls: ``ldap://host:port`` or ``ldaps://...``; the first that can be reached is used.
        bind_name: Distinguished name to bind with; empty for an anonymous bind.
        start_tls: Use StartTLS before the bind; the certificate has to be right.
        ca_file: Certificates of the authorities; those of the system by default.
        collections: Distinguished names of collections of rules (mcgamTables of RFC 2164 5), in order.
        users: Where individual users stand; None: nowhere.
        timeout_seconds: Limit for connecting, and for each answer.
        cache_seconds: How long an answer is kept.
        connections: At most so many at once.
    """

    urls: tuple[str, ...]
    bind_name: str = ""
    bind_password: str = ""
    start_tls: bool = False
    ca_file: Path | None = None
    collections: tuple[str, ...] = ()
    users: LDAPUsers | None = None
    timeout_seconds: float = 5
    cache_seconds: float = 300
    connections: int = 4


class Session:
    """One bound connection; used by one thread at a time."""

    def __init__(self, settings: LDAPSettings) -> None:
        self._timeout = settings.timeout_seconds
        self._connection = _connected(settings)

    def read(self, name: str, attributes: Sequence[str]) -> Found | str:
        """One entry, or the longest match of its name when there is none (empty where the server does not tell).

        Raises:
            LDAPError: No clear answer.
        """
        code, result, entries = self._search(name, "(objectClass=*)", ldap3.BASE, attributes)
        if code == _NO_SUCH_OBJECT:
            return str(result.get("dn") or "")
        if code != _SUCCESS or len(entries) != 1:
            raise LDAPError(f"reading {name}: {result.get('description')} {result.get('message')}".strip())
        return entries[0]

    def search(self, base: str, filter_: str, attributes: Sequence[str]) -> list[Found]:
        """The entries of a subtree that a filter fits.

        Raises:
            LDAPError: No clear answer.
        """
        code, result, entries = self._search(base, filter_, ldap3.SUBTREE, attributes)
        if code not in (_SUCCESS, _SIZE_LIMIT_EXCEEDED):
            raise LDAPError(f"searching {base} for {filter_}: {result.get('description')} {result.get('message')}".strip())
        return entries

    def _search(self, base: str, filter_: str, scope: str, attributes: Sequence[str]) -> tuple[int, dict[str, Any], list[Found]]:
        try:
            _, result, response, _ = self._connection.search(
                base, filter_, search_scope=scope, attributes=list(attributes), dereference_aliases=ldap3.DEREF_ALWAYS,
                size_limit=_MOST_ENTRIES, time_limit=max(1, int(self._timeout)),
            )  # fmt: skip
        except (LDAPException, OSError) as error:
            raise LDAPError(f"{base}: {error or type(error).__name__}") from error
        entries = [_found(one) for one in response or () if one.get("type") == "searchResEntry"]
        return int(result["result"]), result, entries

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(LDAPException, OSError):
            self._connection.unbind()


def _found(entry: Mapping[str, Any]) -> Found:
    attributes = {
        str(type_): tuple(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values)
        for type_, values in entry["raw_attributes"].items()
    }
    return Found(name=str(entry["dn"]), attributes=attributes)


def _connected(settings: LDAPSettings) -> Any:
    """A bound connection to the first server that answers."""
    faults = []
    for url in settings.urls:
        try:
            return _bound(url, settings)
        except (LDAPException, OSError) as error:
            faults.append(f"{url}: {error or type(error).__name__}")
    raise LDAPError("; ".join(faults) or "no LDAP server is configured")


def _bound(url: str, settings: LDAPSettings) -> Any:
    parts = urlsplit(url)
    secure = parts.scheme == "ldaps"
    tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(settings.ca_file) if settings.ca_file else None)
    server = ldap3.Server(
        parts.hostname, port=parts.port or (636 if secure else 389), use_ssl=secure, tls=tls if secure or settings.start_tls else None,
        get_info=ldap3.NONE, connect_timeout=settings.timeout_seconds,
    )  # fmt: skip
    connection = ldap3.Connection(
        server, user=settings.bind_name or None, password=settings.bind_password or None, client_strategy=ldap3.SAFE_SYNC,
        authentication=ldap3.SIMPLE if settings.bind_name else ldap3.ANONYMOUS, receive_timeout=settings.timeout_seconds,
        read_only=True, auto_referrals=False, check_names=False, raise_exceptions=False,
    )  # fmt: skip
    connection.open()
    if settings.start_tls and not secure:
        connection.start_tls()
    ok, result, _, _ = connection.bind()
    if not ok:
        raise LDAPException(f"bind refused: {result.get('description')} {result.get('message')}")
    return connection
