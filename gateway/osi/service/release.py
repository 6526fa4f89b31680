"""Reliable transfer (X.218), the turn and the end: who may send, orderly release, aborts."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.osi.service.association import AbortReason
from gateway.osi.service.transfer import TransferPoint


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
