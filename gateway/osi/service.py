"""The service primitives of the layers: the values that pass up and down the stack.

Every layer has the same small interface (DESIGN section 5)::

    receive_data(data) -> None                      only buffers
    next_event() -> primitive | NEED_DATA | PAUSED  one at a time; PAUSED while a response of ours is due
    request(primitive) / response(primitive)        from above, downward
    data_to_send() -> bytes                         a bounded piece; call again until it returns nothing
    next_deadline() -> float | None ; handle_timer(now)

Names are those of the service definitions: X.214 (transport), X.215 (session), X.216 (presentation), X.217 (association
control) and X.218 (reliable transfer). A request goes down, an indication comes up at the other side, its response goes
down there, and the confirm comes up at the requester.

More than 600 lines, because all primitives of five services stand here side by side, each with its own docstring.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from gateway.octets import Octets


class Pull(Enum):
    """What `next_event` returns when there is no primitive."""

    NEED_DATA = "more octets from the peer are needed"
    PAUSED = "a response from above is due first"


NEED_DATA = Pull.NEED_DATA
PAUSED = Pull.PAUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A deadline that a layer asks for; ``at`` in seconds of the clock that `handle_timer` is called with."""

    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """The selectors of one side: transport, session, presentation; each may be empty (X.650)."""

    tsel: bytes = b""
    ssel: bytes = b""
    psel: bytes = b""


# --- transport service, X.214 -------------------------------------------------------------------------------------


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


# --- session service, X.215 ---------------------------------------------------------------------------------------


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


# --- reliable transfer service, X.218: what the user of the whole stack sees -----------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferRequest:
    """RT-TRANSFER request: send one APDU. In normal mode the machine wraps it in its EXTERNAL (p1-stack.md 7.3).

    The octets are pulled while the window has room, so a large APDU is never in memory.
    ``checkpoints``: each confirmed checkpoint comes up as `RTCheckpointConfirm`, for a user that keeps what can be resumed.
    """

    apdu: Octets
    checkpoints: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPoint:
    """A confirmed checkpoint at which a transfer that broke off can be taken up again (p1-stack.md 7.8).

    Sender and receiver name it alike, so it is also the key under which a receiver keeps its part.

    Attributes:
        activity: The identifier under which the transfer was started.
        association: Reference of the association on which it was started.
        serial: The checkpoint, 1 or more.
        octets: How many octets of the transfer lie before it, in normal mode those of the EXTERNAL included.
    """

    activity: bytes
    association: ConnectionReference
    serial: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCheckpointConfirm:
    """The peer has secured everything before ``point``: from here on the transfer can be resumed there."""

    point: TransferPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferConfirm:
    """RT-TRANSFER confirm: the peer has secured the APDU, or not and why.

    Attributes:
        reason: The session exception reason, None where there was none.
        point: Where the transfer can be resumed, None where it has to be sent again from its start.
    """

    transferred: bool
    reason: int | None = None
    text: str = ""
    point: TransferPoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RTInterruptRequest:
    """Stop the transfer that we send, so that it can be resumed (transfer-interrupt of X.228); its confirm tells from where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTDiscardRequest:
    """Stop the transfer that we send for good (transfer-discard of X.228); the peer drops what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTResumeRequest:
    """Take a transfer up again: ``apdu`` is the same as the first time, and is sent from ``point`` on.

    Possible on the association where it was interrupted, or on one that was opened with its ``recover``. A point of another
    association of the same peer is sent with that association's reference. The confirm is an `RTTransferConfirm`.
    """

    apdu: Octets
    point: TransferPoint
    checkpoints: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RTResumeIndication:
    """The peer wants to take a transfer up again after checkpoint ``serial``.

    Answer with `RTResumeResponse`; with `RTExceptionRequest` of reason IRRECOVERABLE where the transfer is not known here, or
    SEQUENCE_ERROR where it is here as a whole (the peer then counts it as transferred); or abort with UNRECOGNIZED_ACTIVITY or
    TRANSFER_COMPLETED. Until then `next_event` returns `PAUSED`.

    Attributes:
        activity: The identifier from now on.
        started_as: The identifier under which it was started.
        association: Reference of the association on which it was started; that of this one where the peer names none.
        serial: The last checkpoint whose confirmation the peer has seen.
    """

    activity: bytes
    started_as: bytes
    association: ConnectionReference
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTResumeResponse:
    """The transfer goes on after the first ``octets`` of it, which are those before the named checkpoint; the rest is dropped."""

    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferStart:
    """The peer began an activity: APDU octets follow as `RTTransferData`."""

    activity: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferData:
    """A bounded slice of the transfer's octets: the contents of RTTR APDUs, in normal mode the EXTERNAL around the APDU included."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCheckpointIndication:
    """A checkpoint (S-SYNC-MINOR) of the peer: answer with `RTCheckpointResponse` when everything before it is secured.

    ``octets`` of the transfer lie before it; a transfer that is resumed there goes on after these.
    """

    serial: int
    confirm: bool = True
    octets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCheckpointResponse:
    """Everything up to ``serial`` is secured. Confirmations may be skipped: one confirms all before it."""

    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferIndication:
    """RT-TRANSFER indication: the APDU is complete. Answer with `RTTransferResponse` (secured) or `RTExceptionRequest`.

    Until then `next_event` returns `PAUSED`.
    """

    activity: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferResponse:
    """``secured``: the transfer is on our disk; responsibility is ours from here on (S-ACTIVITY-END response)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTExceptionRequest:
    """We cannot take the transfer that is going on or just ended (S-U-EXCEPTION-REPORT)."""

    reason: ExceptionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferDiscarded:
    """The peer discarded the activity (AD): drop what came. The acknowledgement has been queued."""

    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTransferInterrupted:
    """The peer interrupted the activity (AI): what came may be resumed. The acknowledgement has been queued.

    ``point`` is the last checkpoint that we confirmed, None where there is none and what came can be dropped.
    """

    reason: int
    point: TransferPoint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTurnPleaseRequest:
    """RT-TURN-PLEASE request; priority 0 is the highest and asks for the turn in order to close."""

    priority: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTurnPleaseIndication:
    """RT-TURN-PLEASE indication."""

    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTurnGiveRequest:
    """RT-TURN-GIVE request; only with the turn and between transfers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTTurnGiveIndication:
    """RT-TURN-GIVE indication: the turn is ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCloseRequest:
    """RT-CLOSE request; only by the association initiator, with the turn, nothing outstanding."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCloseIndication:
    """RT-CLOSE indication; the machine has queued the response. The transport connection is closed by its initiator."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTCloseConfirm:
    """RT-CLOSE confirm: released in order; close TCP."""

    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTUAbortRequest:
    """RT-U-ABORT request: give the association up."""

    reason: AbortReason = AbortReason.USER_ERROR
    user_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RTAbortIndication:
    """The association is gone: RTAB of the peer, an abort of any layer, or the loss of TCP.

    Attributes:
        layer: Which layer said so.
        reason: abortReason where RTAB carried one.
        text: For the operator.
        ours: Our machine found the fault and has told the peer.
        activity_open: A transfer was going on.
        transferred: The peer says that it had secured the transfer that we were sending (transferCompleted).
        point: The last confirmed checkpoint of that transfer, in whichever direction it went: it may be resumed there on an
            association that is opened with ``recover``. None where nothing can be resumed.
    """

    layer: str
    reason: int | None = None
    text: str = ""
    ours: bool = False
    activity_open: bool = False
    transferred: bool = False
    point: TransferPoint | None = None


Primitive = object
"""Any of the dataclasses above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTimers:
    """Seconds a peer may take in each state (p1-stack.md 7.9)."""

    connect: float = 30.0
    open_answer: float = 60.0
    bind_input: float = 30.0
    progress: float = 300.0
    confirm: float = 120.0
    release: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackLimits:
    """What one association may make us hold, in octets unless said otherwise."""

    connect_tsdu: int = 64 * 1024
    tsdu: int = 1024 * 1024  # of anything that is not streamed
    apdu: int = 1 << 31
    output: int = 256 * 1024  # what one data_to_send() returns at most
    event: int = 64 * 1024  # largest slice of one RTTransferData
