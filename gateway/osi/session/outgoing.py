"""Actions of the session tables that answer our user: from request or response to SPDU (X.225 7 and 8.3).

Each function encodes first and changes variables afterwards, so that what cannot be encoded changes nothing.
"""

from __future__ import annotations

from gateway.errors import ProtocolError
from gateway.osi.service import (
    ConnectionReference,
    SActivityDiscardRequest,
    SActivityEndRequest,
    SActivityEndResponse,
    SActivityInterruptRequest,
    SActivityResumeRequest,
    SActivityStartRequest,
    SConnectReject,
    SConnectRequest,
    SConnectResponse,
    SDataRequest,
    SReleaseRequest,
    SReleaseResponse,
    SSyncMinorRequest,
    SSyncMinorResponse,
    STokenPleaseRequest,
    SUAbortRequest,
    SUExceptionReportRequest,
    TokenSide,
)
from gateway.osi.session.connection import (
    CONNECT_USER_DATA,
    DATA_TOKEN,
    SUPPORTED,
    V1_ABORT_DATA,
    V1_USER_DATA,
    Connection,
    setting_from_side,
    side_of,
)
from gateway.osi.session.parameters import Field, octets_from_serial
from gateway.osi.session.spdu import Kind

RELEASE_TRANSPORT = b"\x01"
USER_ABORT = b"\x03"
PROTOCOL_ERROR = b"\x05"
NO_CONFIRMATION = b"\x01"
NO_OPTIONS = b"\0"  # no extended concatenation


def _user_data(octets: bytes) -> dict[Field, bytes]:
    return {Field.USER_DATA: octets} if octets else {}


def _reference(reference: ConnectionReference, user: Field) -> dict[Field, bytes]:
    """The connection identifier, as far as there is one."""
    members = {user: reference.user, Field.COMMON_REFERENCE: reference.common, Field.ADDITIONAL_REFERENCE: reference.additional}
    return {field: value for field, value in members.items() if value}


def _selectors(calling: bytes, called: bytes) -> dict[Field, bytes]:
    return {field: value for field, value in ((Field.CALLING_SELECTOR, calling), (Field.SELECTOR, called)) if value}


def _tsdu_sizes(to_acceptor: int, to_requestor: int) -> dict[Field, bytes]:
    """TSDU maximum size (X.225 8.3.1.12); absent when there is no limit."""
    if not (to_acceptor or to_requestor):
        return {}
    return {Field.TSDU_SIZE: to_acceptor.to_bytes(2, "big") + to_requestor.to_bytes(2, "big")}


def send_cn(connection: Connection, request: SConnectRequest) -> None:
    """CN. More than 512 octets of user data are for version 2 only (X.225 8.3.1.20)."""
    size = len(request.user_data)
    versions = request.versions - {1} if size > V1_USER_DATA else request.versions
    if not versions or size > CONNECT_USER_DATA:
        raise ProtocolError("session", f"{size} octets of connect user data", clause="X.225 8.3.1.20", ours=True)
    setting = setting_from_side(request.tokens, request.requirements)
    connection.send(
        Kind.CN,
        _reference(request.reference, Field.CALLING_REFERENCE)
        | {
            Field.PROTOCOL_OPTIONS: NO_OPTIONS,
            **_tsdu_sizes(connection.tsdu_size, connection.tsdu_size),
            Field.VERSION: bytes((sum(versions),)),  # bit n-1 stands for version n
            Field.TOKEN_SETTING: bytes((setting,)),
            Field.REQUIREMENTS: request.requirements.to_bytes(2, "big"),
        }
        | _selectors(request.calling, request.called)
        | ({Field.EXTENDED_USER_DATA: request.user_data} if size > V1_USER_DATA else _user_data(request.user_data)),
    )
    connection.version, connection.versions = max(versions), versions
    connection.requirements, connection.setting = request.requirements, setting


def send_ac(connection: Connection, response: SConnectResponse) -> None:
    """AC: the highest version in common, and the reference back with the user part as *called* reference."""
    setting = _resolved(connection.setting, response.tokens)
    sizes = [min(connection.tsdu_size, proposed) for proposed in connection.peer_tsdu_size]
    connection.send(
        Kind.AC,
        _reference(response.reference or connection.reference, Field.CALLED_REFERENCE)
        | {
            Field.PROTOCOL_OPTIONS: NO_OPTIONS,
            **_tsdu_sizes(*sizes),
            Field.VERSION: bytes((connection.version,)),
            Field.TOKEN_SETTING: bytes((setting,)),
            Field.REQUIREMENTS: response.requirements.to_bytes(2, "big"),
        }
        | _selectors(b"", response.responding)
        | _user_data(response.user_data),
    )
    connection.send_limit = sizes[1]
    connection.settle_tokens(connection.requirements & response.requirements, setting)


def _resolved(setting: int, choice: TokenSide | None) -> int:
    """The token setting item of AC: where CN says *acceptor chooses*, our choice."""
    ours = choice if choice is not None and side_of(setting) is TokenSide.ACCEPTOR_CHOOSES else TokenSide.REQUESTOR
    chosen = (setting & 0xAA) >> 1
    return (setting & 0x55 & ~chosen) | (chosen if ours is TokenSide.ACCEPTOR else 0)


def send_rf(connection: Connection, response: SConnectReject) -> None:
    """RF: the reason octet and the user data share one parameter."""
    refuse(connection, response.reason, response.user_data)


def refuse(connection: Connection, reason: int, user_data: bytes = b"") -> None:
    """Queue an RF SPDU (X.225 8.3.5)."""
    if connection.version == 1 and len(user_data) > V1_USER_DATA:
        raise ProtocolError("session", f"{len(user_data)} octets in RF, version 1 has room for 512", clause="X.225 8.3.5", ours=True)
    connection.send(
        Kind.RF,
        _reference(connection.reference, Field.CALLED_REFERENCE)
        | {
            Field.TRANSPORT_DISCONNECT: RELEASE_TRANSPORT,
            Field.REQUIREMENTS: SUPPORTED.to_bytes(2, "big"),
            Field.REASON: bytes((reason,)) + user_data,
        },
    )


def send_fn(connection: Connection, request: SReleaseRequest) -> None:
    """FN, which asks for the end of the transport connection, too."""
    connection.send(Kind.FN, {Field.TRANSPORT_DISCONNECT: RELEASE_TRANSPORT} | _user_data(request.user_data))


def send_dn(connection: Connection, response: SReleaseResponse) -> None:
    """DN."""
    connection.send(Kind.DN, _user_data(response.user_data))


def send_ab(connection: Connection, request: SUAbortRequest) -> None:
    """AB of the user. Version 1 has room for 9 octets; what does not fit is left out, the abort goes out."""
    fits = connection.version > 1 or len(request.user_data) <= V1_ABORT_DATA
    connection.send(Kind.AB, {Field.TRANSPORT_DISCONNECT: USER_ABORT} | _user_data(request.user_data if fits else b""))
    connection.vact = connection.taking = False


def send_dt(connection: Connection, request: SDataRequest) -> None:
    """DT."""
    connection.send_data(request.data, request.end)


def send_pt(connection: Connection, request: STokenPleaseRequest) -> None:
    """PT for the data token, which is all that RTSE asks for."""
    connection.send(Kind.PT, {Field.TOKENS: bytes((DATA_TOKEN,))} | _user_data(request.user_data))


def send_gtc(connection: Connection, _: object) -> None:
    """GTC: all tokens go at once, before GTA."""
    connection.send(Kind.GTC)
    connection.mine = 0
    connection.just_ended = False


def send_mip(connection: Connection, request: SSyncMinorRequest) -> None:
    """MIP. The sync type item is only there when no confirmation is wanted."""
    sync_type = {} if request.confirm else {Field.SYNC_TYPE: NO_CONFIRMATION}
    connection.send(Kind.MIP, sync_type | {Field.SERIAL: octets_from_serial(connection.vm)} | _user_data(request.user_data))
    connection.mark_point(ours=True)


def send_mia(connection: Connection, response: SSyncMinorResponse) -> None:
    """MIA: one confirms all before it."""
    connection.send(Kind.MIA, {Field.SERIAL: octets_from_serial(response.serial)} | _user_data(response.user_data))
    connection.va = response.serial + 1


def _named(activity: bytes) -> bytes:
    """An activity identifier that says something."""
    if not activity:
        raise ProtocolError("session", "an activity without identifier", clause="X.225 8.3.28", ours=True)
    return activity


def send_as(connection: Connection, request: SActivityStartRequest) -> None:
    """AS."""
    connection.send(Kind.AS, {Field.ACTIVITY: _named(request.activity)} | _user_data(request.user_data))
    connection.begin_activity()


def send_ar(connection: Connection, request: SActivityResumeRequest) -> None:
    """AR with the linking information; the connection references only when the activity is of another connection."""
    old = request.linking
    references = {
        Field.LINK_CALLED: old.called,
        Field.LINK_CALLING: old.calling,
        Field.LINK_COMMON: old.common,
        Field.LINK_ADDITIONAL: old.additional,
    }
    connection.send(
        Kind.AR,
        {field: value for field, value in references.items() if value}
        | {Field.LINK_ACTIVITY: _named(old.activity), Field.LINK_SERIAL: octets_from_serial(old.serial)}
        | {Field.ACTIVITY: _named(request.activity)}
        | _user_data(request.user_data),
    )
    connection.begin_activity(old.serial)


def send_ae(connection: Connection, request: SActivityEndRequest) -> None:
    """AE, which uses up a serial number like MIP."""
    connection.send(Kind.AE, {Field.SERIAL: octets_from_serial(connection.vm)} | _user_data(request.user_data))
    connection.mark_point(ours=True)


def send_aea(connection: Connection, response: SActivityEndResponse) -> None:
    """AEA with the serial number of AE."""
    connection.send(Kind.AEA, {Field.SERIAL: octets_from_serial(connection.vm - 1)} | _user_data(response.user_data))
    connection.end_activity()
    connection.just_ended = True


def send_ai(connection: Connection, request: SActivityInterruptRequest) -> None:
    """AI."""
    connection.send(Kind.AI, {Field.REASON: bytes((request.reason,))})


def send_ad(connection: Connection, request: SActivityDiscardRequest) -> None:
    """AD."""
    connection.send(Kind.AD, {Field.REASON: bytes((request.reason,))})


def send_aia(connection: Connection, _: object) -> None:
    """AIA: the activity is over, and all tokens are the peer's."""
    connection.send(Kind.AIA)
    connection.end_activity()
    connection.mine = 0


def send_ada(connection: Connection, _: object) -> None:
    """ADA: as AIA."""
    connection.send(Kind.ADA)
    connection.end_activity()
    connection.mine = 0


def send_ed(connection: Connection, request: SUExceptionReportRequest) -> None:
    """ED. What the peer is sending at this moment is dropped."""
    connection.send(Kind.ED, {Field.REASON: bytes((request.reason,))} | _user_data(request.user_data))
    connection.taking = connection.ssdu_in = False
