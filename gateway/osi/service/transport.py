"""Primitives of the transport service (X.214)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class DisconnectReason(IntEnum):
    """Reason of a DR TPDU (X.224 13.5.3), as far as class 0 uses it."""

    NOT_SPECIFIED = 0
    CONGESTION = 1
    SESSION_ENTITY_NOT_ATTACHED = 2
    ADDRESS_UNKNOWN = 3
    NORMAL = 128
    CONNECTION_LOST = 256  # local: TCP closed without a word
    PROTOCOL_ERROR = 257  # local: the peer broke TPKT or COTP


@dataclass(frozen=True, slots=True, kw_only=True)
class TConnectRequest:
    """T-CONNECT request; ``tpdu_size`` in octets is what we offer (X.224 13.3.4, RFC 2126 4).

    Peer: several MTAs take 2048 and nothing else.
    """

    calling: bytes = b""
    called: bytes = b""
    tpdu_size: int = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class TConnectIndication:
    """T-CONNECT indication: the peer's CR, with what it offered."""

    calling: bytes
    called: bytes
    tpdu_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TConnectResponse:
    """T-CONNECT response: take the connection. To refuse it, send a `TDisconnectRequest` instead."""

    tpdu_size: int = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class TConnectConfirm:
    """T-CONNECT confirm: the peer's CC; ``tpdu_size`` is the agreed one in octets."""

    tpdu_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TDisconnectRequest:
    """T-DISCONNECT request. In the data phase of class 0 this means: close TCP."""

    reason: int = DisconnectReason.NOT_SPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class TDisconnectIndication:
    """T-DISCONNECT indication: a DR TPDU, the end of TCP, or a fault that ended the connection."""

    reason: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TDataRequest:
    """T-DATA request: a piece of a TSDU; ``end`` closes it."""

    data: bytes
    end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TDataIndication:
    """T-DATA indication: a bounded slice of a TSDU as it arrives; ``end`` with its last slice."""

    data: bytes
    end: bool
