"""The MTA-bind (X.411 12.1.1): our arguments and results, and what a peer's say. Both directions of each side by side."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.mta.peers import Credentials, Peer, same_password
from gateway.osi.service import Mode, RefusalKind, RTOpenConfirm, RTOpenReject
from gateway.x400 import bind
from gateway.x400.bind import MTABindError
from gateway.x400.security import Credentials as MTSCredentials

_REFUSE_REASON = {MTABindError.BUSY: 0, MTABindError.UNACCEPTABLE_DIALOGUE_MODE: 3}
"""Bind error -> refuseReason of RTORJ in X.410-1984 mode; everything else is validationFailure(2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a peer says of itself in a bind argument or result."""

    mta_name: str | None = None
    password: bytes | None = None


def argument_of_bind(peer: Peer, mode: Mode) -> bytes:
    """The bind argument that we send to ``peer``, wrapped as the mode asks."""
    ours = peer.ours
    authenticated = bind.MTABindInitiator(initiator_name=ours.mta_name, initiator_credentials=_credentials(ours))
    return bind.encode_bind_argument(bind.MTABindArgument(authenticated=authenticated), normal_mode=mode is Mode.NORMAL)


def read_bind_argument(octets: bytes) -> Offered | None:
    """What a caller offers; None when it does not decode."""
    try:
        caller = bind.decode_bind_argument(octets).authenticated
    except GatewayError:
        return None
    if caller is None:
        return Offered()
    return Offered(mta_name=caller.initiator_name, password=bind.simple_password(caller.initiator_credentials))


def result_of_bind(peer: Peer, mode: Mode) -> bytes:
    """The bind result that we answer ``peer`` with."""
    ours = peer.ours
    authenticated = bind.MTABindResponder(responder_name=ours.mta_name, responder_credentials=_credentials(ours))
    return bind.encode_bind_result(bind.MTABindResult(authenticated=authenticated), normal_mode=mode is Mode.NORMAL)


def check_bind_result(peer: Peer, octets: bytes) -> str:
    """Why the answering MTA is not the configured one; empty when it is (two-way authentication, X.411 8.2.1.2)."""
    try:
        answerer = bind.decode_bind_result(octets).authenticated
    except GatewayError as error:
        return f"its bind result does not decode: {error}"
    if answerer is None:
        return "" if peer.theirs.password is None else "it did not authenticate itself"
    if answerer.responder_name != peer.theirs.mta_name:
        return f"it calls itself {answerer.responder_name!r}, {peer.theirs.mta_name!r} is configured (case counts)"
    offered = bind.simple_password(answerer.responder_credentials)
    return "" if same_password(peer.theirs.password, offered) else "its password is not the configured one"


def refuse_bind(error: MTABindError, mode: Mode) -> RTOpenReject:
    """The refusal with its bind error (p1-stack.md section 6)."""
    kind = RefusalKind.USER_TRANSIENT if error is MTABindError.BUSY else RefusalKind.USER
    if mode is Mode.X410_1984:
        return RTOpenReject(kind=kind, refuse_reason=_REFUSE_REASON.get(error, 2))
    return RTOpenReject(kind=kind, user_data=bind.encode_bind_error(error))


def refusal_text(confirm: RTOpenConfirm) -> str:
    """Why a peer refused our bind, in words for the operator; the bind error counts first, the ACSE result misleads."""
    try:
        error = bind.decode_bind_error(confirm.user_data) if confirm.user_data else None
    except GatewayError:
        error = None
    if error is None:
        return confirm.text or (confirm.kind.value if confirm.kind else "refused without a reason")
    if error == MTABindError.AUTHENTICATION_ERROR:
        return "bind error authentication-error: it does not accept our MTA name, our password or our calling address"
    return f"bind error {error.name.lower().replace('_', '-') if isinstance(error, MTABindError) else error}"


def _credentials(ours: Credentials) -> MTSCredentials:
    password = ours.password or b""
    return bind.simple_credentials(password if ours.octet_string else password.decode("latin-1"))
