"""Reliable transfer (X.218), one transfer: begun, checkpointed, interrupted and resumed, ended."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.octets import Octets
from gateway.osi.service.association import ExceptionReason
from gateway.osi.service.session import ConnectionReference


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
