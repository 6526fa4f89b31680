"""The MTA-bind (X.411 12.1.1): our arguments and results, and what a peer's say. Both directions of each side by side."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mta.credentials import Authentication, Credentials, Offer
from gateway.mta.peers import Peer
from gateway.mta.strong import Replays, fresh_random, random_of, strong_credentials, strong_fault
from gateway.osi.service import Mode, RefusalKind, RTOpenConfirm, RTOpenReject
from gateway.x400 import bind
from gateway.x400.bind import MTABindError
from gateway.x400.security import Credentials as MTSCredentials

_REFUSE_REASON = {MTABindError.BUSY: 0, MTABindError.UNACCEPTABLE_DIALOGUE_MODE: 3}
"""Bind error -> refuseReason of RTORJ in X.410-1984 mode; everything else is validationFailure(2)."""

_BIND_ERROR = {0: MTABindError.BUSY, 2: MTABindError.AUTHENTICATION_ERROR, 3: MTABindError.UNACCEPTABLE_DIALOGUE_MODE}
"""refuseReason of X.410-1984 mode -> bind error; 1 is cannotRecover, which is none."""

_MEANING: dict[int, str] = {
    MTABindError.BUSY: "it has no room for this association now; it is tried again later",
    MTABindError.AUTHENTICATION_ERROR: "it does not accept our MTA name, our password or our calling address",
    MTABindError.UNACCEPTABLE_DIALOGUE_MODE: "it wants the other dialogue mode (monologue or two-way alternate)",
    MTABindError.UNACCEPTABLE_SECURITY_CONTEXT: "it does not accept the security context",
    MTABindError.INADEQUATE_ASSOCIATION_CONFIDENTIALITY: "it wants the association to be encrypted, as by TLS",
}


def argument_of_bind(peer: Peer, mode: Mode, random: asn1.Bits | None = None) -> bytes:
    """The bind argument that we send to ``peer``, wrapped as the mode asks.

    Args:
        peer: Whom we call.
        mode: Of the association.
        random: For a strong bind: the number that its answer must carry.
    """
    ours = peer.ours
    if ours.bind is Authentication.NONE:
        return bind.encode_bind_argument(bind.MTABindArgument(unauthenticated=asn1.NULL), normal_mode=mode is Mode.NORMAL)
    credentials = _credentials(ours, peer.theirs.mta_name, random)
    authenticated = bind.MTABindInitiator(initiator_name=ours.mta_name, initiator_credentials=credentials)
    return bind.encode_bind_argument(bind.MTABindArgument(authenticated=authenticated), normal_mode=mode is Mode.NORMAL)


def read_bind_argument(octets: bytes) -> Offer | None:
    """What a caller offers; None when it does not decode."""
    try:
        caller = bind.decode_bind_argument(octets).authenticated
    except GatewayError:
        return None
    if caller is None:
        return Offer()
    credentials = caller.initiator_credentials
    return Offer(mta_name=caller.initiator_name, password=bind.simple_password(credentials), credentials=credentials)


def result_of_bind(peer: Peer, mode: Mode, offered: Offer | None = None) -> bytes:
    """The bind result that we answer ``peer`` with; to an unauthenticated bind an unauthenticated one."""
    ours = peer.we_answer_as
    if ours.bind is Authentication.NONE:
        return bind.encode_bind_result(bind.MTABindResult(unauthenticated=asn1.NULL), normal_mode=mode is Mode.NORMAL)
    random = random_of(offered.credentials) if offered is not None and offered.credentials is not None else None
    credentials = _credentials(ours, peer.it_calls_as.mta_name, random)
    authenticated = bind.MTABindResponder(responder_name=ours.mta_name, responder_credentials=credentials)
    return bind.encode_bind_result(bind.MTABindResult(authenticated=authenticated), normal_mode=mode is Mode.NORMAL)


def check_bind_result(peer: Peer, octets: bytes, random: asn1.Bits | None = None, replays: Replays | None = None) -> str:
    """Why the answering MTA is not the configured one; empty when it is (two-way authentication, X.411 8.2.1.2).

    Args:
        peer: Whom we called.
        octets: Its bind result.
        random: For a strong bind: the number of our call.
        replays: Tokens that came before, for an answerer that makes a number of its own; None: the answer must carry ours.
    """
    theirs = peer.theirs
    try:
        answerer = bind.decode_bind_result(octets).authenticated
    except GatewayError as error:
        return f"its bind result does not decode: {error}"
    if not peer.checks_answer or (answerer is None and theirs.bind is Authentication.NONE):
        return ""
    if answerer is None:
        trusting = theirs.bind is Authentication.SIMPLE and theirs.password is None
        return "" if trusting else "it did not authenticate itself"
    if not theirs.is_named(answerer.responder_name):
        return f"it calls itself {answerer.responder_name!r}, {theirs.mta_name!r} is configured (case counts)"
    if theirs.bind is Authentication.STRONG:
        if theirs.trust is None:
            return "nobody is trusted to be it"
        return strong_fault(theirs.trust, answerer.responder_credentials, peer.ours.mta_name, datetime.now(UTC), replays, random)
    offered = bind.simple_password(answerer.responder_credentials)
    return "" if theirs.has_password(offered) else "its password is not the configured one"


def refuse_bind(error: MTABindError, mode: Mode) -> RTOpenReject:
    """The refusal with its bind error (p1-stack.md section 6)."""
    kind = RefusalKind.USER_TRANSIENT if error is MTABindError.BUSY else RefusalKind.USER
    if mode is Mode.X410_1984:
        return RTOpenReject(kind=kind, refuse_reason=_REFUSE_REASON.get(error, 2))
    return RTOpenReject(kind=kind, user_data=bind.encode_bind_error(error))


def bind_error_of(confirm: RTOpenConfirm) -> int | None:
    """Which bind error a refusal carries, None when it carries none; the bind error counts first, the ACSE result misleads."""
    if confirm.refuse_reason is not None:
        return _BIND_ERROR.get(confirm.refuse_reason)
    try:
        return bind.decode_bind_error(confirm.user_data) if confirm.user_data else None
    except GatewayError:
        return None


def refusal_text(confirm: RTOpenConfirm) -> str:
    """Why a peer refused our bind, in words for the operator (IC-022)."""
    error = bind_error_of(confirm)
    if error is None:
        return confirm.text or (confirm.kind.value if confirm.kind else "refused without a reason")
    name = error.name.lower().replace("_", "-") if isinstance(error, MTABindError) else str(error)
    meaning = _MEANING.get(error)
    return f"bind error {name}: {meaning}" if meaning else f"bind error {name}"


def _credentials(ours: Credentials, for_mta: str, random: asn1.Bits | None) -> MTSCredentials:
    if ours.bind is Authentication.STRONG and ours.identity is not None:
        return strong_credentials(ours.identity, for_mta, random or fresh_random(), datetime.now(UTC))
    password = ours.password or b""
    return bind.simple_credentials(password if ours.octet_string else password.decode("latin-1"))
