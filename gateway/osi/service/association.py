"""Reliable transfer (X.218), opening an association: what the user of the whole stack asks for and is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from gateway.osi.service.common import Selectors
from gateway.osi.service.session import ConnectionReference, TokenSide


class Mode(Enum):
    """How the association is built (X.228 5.1)."""

    NORMAL = "normal"
    X410_1984 = "x410-1984"


class DialogueMode(IntEnum):
    """Who may send (X.228 6.1.1.3)."""

    MONOLOGUE = 0
    TWO_WAY_ALTERNATE = 1


class RefusalKind(Enum):
    """Why an association is refused; each kind has its wire form in the table of p1-stack.md section 6."""

    USER = "bind error in the user data, permanent"
    USER_TRANSIENT = "bind error in the user data, transient"
    APPLICATION_CONTEXT = "application context not supported"
    CONTEXT = "abstract syntax not supported"
    CANNOT_RECOVER = "recovery not offered"
    SSEL_UNKNOWN = "session selector unknown"
    PSEL_UNKNOWN = "presentation selector unknown"
    VERSION = "no common session version"
    UNREADABLE = "connect user data not readable"
    BUSY = "congestion below the application"
    TRANSPORT = "refused or lost by the transport layer"
    NOT_SPECIFIED = "no reason given"


class AbortReason(IntEnum):
    """abortReason of RTAB (X.228)."""

    LOCAL_SYSTEM_PROBLEM = 0
    INVALID_PARAMETER = 1
    UNRECOGNIZED_ACTIVITY = 2
    TEMPORARY_PROBLEM = 3
    PROTOCOL_ERROR = 4
    PERMANENT_PROBLEM = 5
    USER_ERROR = 6
    TRANSFER_COMPLETED = 7


class ExceptionReason(IntEnum):
    """Reason of ED, AI and AD (X.225 8.3.30)."""

    NON_SPECIFIC = 0
    RECEIVING_ABILITY_JEOPARDIZED = 1
    SEQUENCE_ERROR = 3
    LOCAL_USER_ERROR = 5
    IRRECOVERABLE = 6
    DEMAND_DATA_TOKEN = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RTOpenRequest:
    """RT-OPEN request: everything the initiator proposes.

    Attributes:
        mode: In X.410-1984 mode there are no application context and no presentation selectors, and a session selector is for
            the few peers that ask for one.
        user_data: The bind argument as one BER value; in normal mode with its [16] wrapper (X.411, p1-stack.md 6).
        checkpoint_size: In units of 1024 octets; 0 leaves it to the responder.
        window_size: Checkpoints that may stay unconfirmed.
        application_protocol: X.410-1984 mode: 12 for P1 of 1988, 1 for P1 of 1984; what the peer wants to see is sent as it is.
        session_versions: What is offered; a true peer of 1984 has version 1 only, with at most 512 octets of bind.
        tsdu_size: TSDU maximum size to propose, in octets; where a peer agrees, SSDUs are cut into segments. 0 proposes none.
        recover: Reference of a dead association to be recovered instead of a bind; ``user_data`` is not sent then.
        resumption: Transfers that the peer resumes come up as `RTResumeIndication`; otherwise they are refused (exception 6).
    """

    mode: Mode = Mode.NORMAL
    calling: Selectors = Selectors()
    called: Selectors = Selectors()
    user_data: bytes = b"\x05\x00"
    checkpoint_size: int = 10
    window_size: int = 3
    dialogue: DialogueMode = DialogueMode.MONOLOGUE
    initial_turn: TokenSide = TokenSide.REQUESTOR
    application_context: str = "2.6.0.1.6"
    application_protocol: int | None = None  # X.410-1984 mode: 12 or 1
    session_versions: frozenset[int] = frozenset({1, 2})
    reference: ConnectionReference = ConnectionReference()
    tpdu_size: int = 2048
    tsdu_size: int = 0
    recover: ConnectionReference | None = None
    resumption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RTOpenIndication:
    """RT-OPEN indication: somebody wants an association. Answer with `RTOpenResponse` or `RTOpenReject`.

    Attributes:
        called, calling: In X.410-1984 mode transport selectors only: a session selector says nothing there (interop case 7).
        application_protocol: X.410-1984 mode: 12 or 1, in whatever way the peer wrote it.
        reference: The name of this association.
        recover: The name of the dead association that the peer wants to recover. There is no bind then: whoever accepts must
            know the caller otherwise (p1-stack.md 7.8).
    """

    mode: Mode
    calling: Selectors
    called: Selectors
    user_data: bytes
    checkpoint_size: int
    window_size: int
    dialogue: DialogueMode
    initial_turn: TokenSide
    application_context: str
    application_protocol: int | None
    session_version: int
    reference: ConnectionReference
    recover: ConnectionReference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RTOpenResponse:
    """RT-OPEN response, positive; sizes are upper limits of ours, the machine answers min(proposed, ours).

    Attributes:
        recovered: The association named in the indication's ``recover`` goes on; ``user_data`` is not sent then. An indication with
            ``recover`` cannot be accepted without it, nor one without with it.
        resumption: Transfers that the peer resumes come up as `RTResumeIndication`; otherwise they are refused (exception 6).
    """

    user_data: bytes = b"\x05\x00"
    checkpoint_size: int = 63
    window_size: int = 3
    recovered: bool = False
    resumption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RTOpenReject:
    """RT-OPEN response, negative; ``user_data`` is the bind error with its [18] wrapper for the kinds USER and USER_TRANSIENT."""

    kind: RefusalKind = RefusalKind.USER
    user_data: bytes = b""
    refuse_reason: int | None = None  # X.410-1984 mode: RefuseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RTOpenConfirm:
    """RT-OPEN confirm. When refused: ``kind``, the bind error in ``user_data`` where there is one, and a text for the operator.

    ``recovered``: the peer goes on with the association whose recovery was asked for.
    """

    accepted: bool
    user_data: bytes = b""
    checkpoint_size: int = 0
    window_size: int = 3
    our_turn: bool = True
    session_version: int = 2
    responding: Selectors = Selectors()
    kind: RefusalKind | None = None
    refuse_reason: int | None = None
    text: str = ""
    recovered: bool = False
