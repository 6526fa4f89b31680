"""Which peer takes an O/R address: the longest matching prefix of attributes wins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.mta.peers import Peer
from gateway.x400.oraddress import ORAddress

_Key = dict[str, Any]


class X400Router:
    """Routes by O/R address prefix. Attribute values compare as X.402 18.4 says: without case, blanks compressed.

    Args:
        peers: Those with routes.
        own: Prefixes that lead to no peer, because they are the gateway's own; a default route does not swallow them.
    """

    def __init__(self, peers: Iterable[Peer], own: Iterable[ORAddress] = ()) -> None:
        routes: list[tuple[_Key, str | None]] = [(dict(prefix.key()), None) for prefix in own]
        routes += [(dict(prefix.key()), peer.name) for peer in peers for prefix in peer.routes]
        self._routes = sorted(routes, key=lambda route: -weight(route[0]))

    def route(self, address: ORAddress) -> str | None:
        """Name of the peer for ``address``; None when no route covers it."""
        key = dict(address.key())
        for prefix, peer in self._routes:
            if covers(prefix, key):
                return peer
        return None


def within(address: ORAddress, prefixes: Iterable[ORAddress]) -> bool:
    """Whether an address lies under one of the prefixes."""
    key = dict(address.key())
    return any(covers(dict(prefix.key()), key) for prefix in prefixes)


def covers(prefix: _Key, address: _Key) -> bool:
    """Every attribute of the prefix is in the address; organizational units and DDAs match from the most significant one."""
    for name, value in prefix.items():
        found = address.get(name)
        if isinstance(value, tuple) and isinstance(found, tuple):
            if found[: len(value)] != value:
                return False
        elif found != value:
            return False
    return True


def weight(prefix: _Key) -> int:
    """How specific a prefix is: the number of attribute values it names."""
    return sum(len(value) if isinstance(value, tuple) else 1 for value in prefix.values())
