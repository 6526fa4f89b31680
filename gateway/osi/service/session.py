"""Primitives of the session service (X.215)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReference:
    """Session connection identifier (X.225 8.3.1.5): the name under which a dead association can be recovered.

    Values are the octets of the parameters as they stand on the wire (RTSE puts BER values in them).
    """

    user: bytes = b""  # calling (PI 10) or called (PI 9) SS-user reference, at most 64 octets
    common: bytes = b""  # PI 11, at most 64 octets
    additional: bytes = b""  # PI 12, at most 4 octets


class TokenSide(IntEnum):
    """Where the tokens are after the connection (token setting item, X.225 8.3.1.15)."""

    REQUESTOR = 0
    ACCEPTOR = 1
    ACCEPTOR_CHOOSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SConnectRequest:
    """S-CONNECT request (X.215 13.1). RTSE needs requirements 0x0249 and all tokens on one side."""

    calling: bytes = b""
    called: bytes = b""
    reference: ConnectionReference = ConnectionReference()
    versions: frozenset[int] = frozenset({1, 2})
    requirements: int = 0x0249
    tokens: TokenSide = TokenSide.REQUESTOR
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SConnectIndication:
    """S-CONNECT indication. ``version`` is the highest one in common, ``requirements`` what the peer proposed."""

    calling: bytes
    called: bytes
    reference: ConnectionReference
    version: int
    requirements: int
    tokens: TokenSide
    user_data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SConnectResponse:
    """S-CONNECT response, positive (AC SPDU)."""

    responding: bytes = b""
    reference: ConnectionReference | None = None  # None: echo the calling one (PI 10 comes back as PI 9)
    requirements: int = 0x0249
    tokens: TokenSide | None = None  # read only when the caller left the choice to us; None: the requestor's side
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SConnectReject:
    """S-CONNECT response, negative (RF SPDU); ``reason`` of X.225 8.3.5.9: 1 busy, 2 with user data, 129 SSEL unknown, 132 version."""

    reason: int = 2
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SConnectConfirm:
    """S-CONNECT confirm. ``reason`` is None when accepted, else the RF reason (and ``user_data`` its data)."""

    accepted: bool
    reason: int | None = None
    version: int = 2
    requirements: int = 0x0249
    tokens: TokenSide = TokenSide.REQUESTOR
    responding: bytes = b""
    reference: ConnectionReference = ConnectionReference()
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SDataRequest:
    """S-DATA request: one whole SSDU, or a piece of it; ``end`` closes it."""

    data: bytes
    end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SDataIndication:
    """S-DATA indication: a bounded slice of an SSDU; ``end`` with its last slice."""

    data: bytes
    end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityStartRequest:
    """S-ACTIVITY-START request (X.215 13.14); ``activity`` of at most 6 octets."""

    activity: bytes
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityStartIndication:
    """S-ACTIVITY-START indication."""

    activity: bytes
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingInformation:
    """What an activity is resumed from (X.225 8.3.29.4): old activity, last confirmed serial, old connection unless the same."""

    activity: bytes
    serial: int
    called: bytes = b""
    calling: bytes = b""
    common: bytes = b""
    additional: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityResumeRequest:
    """S-ACTIVITY-RESUME request."""

    activity: bytes
    linking: LinkingInformation
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityResumeIndication:
    """S-ACTIVITY-RESUME indication."""

    activity: bytes
    linking: LinkingInformation
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SSyncMinorRequest:
    """S-SYNC-MINOR request; the serial number is the machine's own V(M)."""

    confirm: bool = True
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SSyncMinorIndication:
    """S-SYNC-MINOR indication; ``confirm`` False when the peer asks for no confirmation (PI 15)."""

    serial: int
    confirm: bool = True
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SSyncMinorResponse:
    """S-SYNC-MINOR response: everything up to ``serial`` is secured."""

    serial: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SSyncMinorConfirm:
    """S-SYNC-MINOR confirm: the peer has secured everything up to ``serial``."""

    serial: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityEndRequest:
    """S-ACTIVITY-END request."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityEndIndication:
    """S-ACTIVITY-END indication; the response moves responsibility."""

    serial: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityEndResponse:
    """S-ACTIVITY-END response: the transfer is secured."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityEndConfirm:
    """S-ACTIVITY-END confirm: the peer has the transfer."""

    serial: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityInterruptRequest:
    """S-ACTIVITY-INTERRUPT request (AI SPDU) with the reason of X.225 8.3.32."""

    reason: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityInterruptIndication:
    """S-ACTIVITY-INTERRUPT indication."""

    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityInterruptResponse:
    """S-ACTIVITY-INTERRUPT response (AIA SPDU)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityInterruptConfirm:
    """S-ACTIVITY-INTERRUPT confirm; all tokens are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityDiscardRequest:
    """S-ACTIVITY-DISCARD request (AD SPDU)."""

    reason: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityDiscardIndication:
    """S-ACTIVITY-DISCARD indication."""

    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityDiscardResponse:
    """S-ACTIVITY-DISCARD response (ADA SPDU)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SActivityDiscardConfirm:
    """S-ACTIVITY-DISCARD confirm; all tokens are ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SUExceptionReportRequest:
    """S-U-EXCEPTION-REPORT request (ED SPDU): only without the data token, during an activity."""

    reason: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SUExceptionReportIndication:
    """S-U-EXCEPTION-REPORT indication: the peer cannot go on; answer with interrupt, discard or abort."""

    reason: int
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SPExceptionReportIndication:
    """S-P-EXCEPTION-REPORT indication (ER SPDU)."""

    reason: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class STokenPleaseRequest:
    """S-TOKEN-PLEASE request (PT SPDU) for the data token."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class STokenPleaseIndication:
    """S-TOKEN-PLEASE indication."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SControlGiveRequest:
    """S-CONTROL-GIVE request (GTC SPDU): all tokens go to the peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SControlGiveIndication:
    """S-CONTROL-GIVE indication (GTC, or a GT that gives all tokens): the tokens are ours; GTA has been queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SControlGiveConfirm:
    """The peer took the tokens (GTA SPDU)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SReleaseRequest:
    """S-RELEASE request (FN SPDU)."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SReleaseIndication:
    """S-RELEASE indication."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SReleaseResponse:
    """S-RELEASE response (DN SPDU)."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SReleaseConfirm:
    """S-RELEASE confirm."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SUAbortRequest:
    """S-U-ABORT request (AB SPDU, user)."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SUAbortIndication:
    """S-U-ABORT indication."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SPAbortIndication:
    """S-P-ABORT indication: the provider, either side's, gave up. ``ours`` when our machine found the fault."""

    reason: int = 0
    text: str = ""
    ours: bool = False
