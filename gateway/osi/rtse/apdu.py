"""The APDUs of X.228 (module Reliable-Transfer-APDU)."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.osi.service import AbortReason, ConnectionReference, DialogueMode


class RefuseReason(IntEnum):
    """refuseReason of RTORJ, X.410-1984 mode only."""

    RTS_BUSY = 0
    CANNOT_RECOVER = 1
    VALIDATION_FAILURE = 2
    UNACCEPTABLE_DIALOGUE_MODE = 3


@asn1.choice()
class CallingSSuserReference(asn1.Choice):
    """The session user reference.

    Peer: a Nexor MTA of 2005 sends T61String in normal mode too, where the module has OCTET STRING; only the octets are compared.
    """

    t61_string: bytes | None = asn1.alternative(asn1.T61String(), name="t61String")
    octet_string: bytes | None = asn1.alternative(asn1.OctetString(), name="octetString")


@asn1.sequence()
class SessionConnectionIdentifier(asn1.Members):
    """The name of an association that broke off, by which it is recovered."""

    calling_ssuser_reference: CallingSSuserReference = asn1.member(CallingSSuserReference, name="callingSSuserReference")
    common_reference: datetime = asn1.member(asn1.UTCTime(), name="commonReference")
    additional_reference_information: bytes | None = asn1.member(
        asn1.T61String(), tag=asn1.context(0), optional=True, name="additionalReferenceInformation"
    )


@asn1.choice()
class ConnectionData(asn1.Choice):
    """A new association with the user's data, or the recovery of an old one. ``open`` is empty where the user has no data."""

    open: bytes | None = asn1.alternative(asn1.Any(), tag=asn1.context(0))
    recover: SessionConnectionIdentifier | None = asn1.alternative(SessionConnectionIdentifier, tag=asn1.context(1))


NO_USER_DATA = "no_user_data"
"""The dialect of `CONNECTION_DATA` for an ``open`` without user data: it is encoded as [0] IMPLICIT NULL."""

CONNECTION_DATA = asn1.Variants(
    ConnectionData,
    no_user_data=asn1.Variant(
        asn1.Null(tag=asn1.context(0)),
        to_main=lambda _: ConnectionData(open=b""),
        from_main=lambda _: asn1.NULL,
    ),
)


@asn1.set_()
class RTORQapdu(asn1.Members):
    """RT-OPEN request."""

    checkpoint_size: int = asn1.member(asn1.Integer(), tag=asn1.context(0), default=0, name="checkpointSize")
    window_size: int = asn1.member(asn1.Integer(), tag=asn1.context(1), default=3, name="windowSize")
    dialogue_mode: int = asn1.member(
        asn1.Integer(DialogueMode), tag=asn1.context(2), default=DialogueMode.MONOLOGUE, name="dialogueMode"
    )
    connection_data_rq: ConnectionData = asn1.member(CONNECTION_DATA, tag=asn1.context(3, explicit=True), name="connectionDataRQ")
    application_protocol: int | None = asn1.member(asn1.Integer(), tag=asn1.context(4), optional=True, name="applicationProtocol")


@asn1.set_()
class RTOACapdu(asn1.Members):
    """RT-OPEN accept."""

    checkpoint_size: int = asn1.member(asn1.Integer(), tag=asn1.context(0), default=0, name="checkpointSize")
    window_size: int = asn1.member(asn1.Integer(), tag=asn1.context(1), default=3, name="windowSize")
    connection_data_ac: ConnectionData = asn1.member(CONNECTION_DATA, tag=asn1.context(2, explicit=True), name="connectionDataAC")


@asn1.set_()
class RTORJapdu(asn1.Members):
    """RT-OPEN reject."""

    refuse_reason: int | None = asn1.member(asn1.Integer(RefuseReason), tag=asn1.context(0), optional=True, name="refuseReason")
    user_data_rj: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(1, explicit=True), optional=True, name="userDataRJ")


@asn1.set_()
class RTABapdu(asn1.Members):
    """RT-ABORT."""

    abort_reason: int | None = asn1.member(asn1.Integer(AbortReason), tag=asn1.context(0), optional=True, name="abortReason")
    reflected_parameter: asn1.Bits | None = asn1.member(
        asn1.BitString(), tag=asn1.context(1), optional=True, name="reflectedParameter"
    )
    user_data_ab: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(2, explicit=True), optional=True, name="userdataAB")


@asn1.choice()
class RTSEapdus(asn1.Choice):
    """RTSE-apdus."""

    rtorq_apdu: RTORQapdu | None = asn1.alternative(RTORQapdu, tag=asn1.context(16))
    rtoac_apdu: RTOACapdu | None = asn1.alternative(RTOACapdu, tag=asn1.context(17))
    rtorj_apdu: RTORJapdu | None = asn1.alternative(RTORJapdu, tag=asn1.context(18))
    rttp_apdu: int | None = asn1.alternative(asn1.Integer())
    rttr_apdu: bytes | None = asn1.alternative(asn1.OctetString())
    rtab_apdu: RTABapdu | None = asn1.alternative(RTABapdu, tag=asn1.context(22))


def encode_apdu(apdu: RTSEapdus, *, user_data: bool = True) -> bytes:
    """Encode an APDU; without ``user_data`` an ``open`` is written as [0] IMPLICIT NULL."""
    return asn1.encode(apdu, dialects=frozenset() if user_data else frozenset({NO_USER_DATA}))


def decode_apdu(octets: bytes) -> RTSEapdus:
    """Decode an APDU.

    Peer: ISODE gives the RTAB of its provider the tag [UNIVERSAL 22] constructed (``36``) instead of [22] (``B6``), and ``31``
    is its form in X.410-1984 mode.

    Raises:
        BERError: It is none.
    """
    if octets[:1] in (b"\x36", b"\x31"):
        octets = b"\xb6" + octets[1:]
    return asn1.decode(octets, RTSEapdus)


def reference_from_identifier(identifier: SessionConnectionIdentifier) -> ConnectionReference:
    """The session parameters that a SessionConnectionIdentifier names; each is the BER value that stands in the parameter."""
    return ConnectionReference(
        user=asn1.encode(identifier.calling_ssuser_reference, strict=False),
        common=asn1.encode(identifier.common_reference, asn1.UTCTime(), strict=False),
        additional=identifier.additional_reference_information or b"",
    )


def identifier_from_reference(reference: ConnectionReference) -> SessionConnectionIdentifier:
    """The way back from `reference_from_identifier`.

    Raises:
        ProtocolError: The reference is not one that an RTSE made.
    """
    try:
        return SessionConnectionIdentifier(
            calling_ssuser_reference=asn1.decode(reference.user, CallingSSuserReference),
            common_reference=asn1.decode(reference.common, asn1.UTCTime()),
            additional_reference_information=reference.additional or None,
        )
    except asn1.BERError as error:
        raise ProtocolError("RTSE", f"the connection reference cannot be recovered: {error}", clause="X.228 RTORQ", ours=True) from error


def same_association(first: SessionConnectionIdentifier, second: SessionConnectionIdentifier) -> bool:
    """Whether two identifiers name one association: the octets of the reference count, not which string type they came in."""
    return _compared(first) == _compared(second)


def same_reference(first: ConnectionReference, second: ConnectionReference) -> bool:
    """The same for references as the session has them; what no RTSE made is compared octet by octet.

    Peer: a Nexor MTA asks for the recovery under a T61String of what it had sent as an OCTET STRING.
    """
    try:
        return same_association(identifier_from_reference(first), identifier_from_reference(second))
    except ProtocolError:
        return first == second


def _compared(identifier: SessionConnectionIdentifier) -> tuple[bytes | None, datetime, bytes]:
    user = identifier.calling_ssuser_reference
    octets = user.t61_string if user.t61_string is not None else user.octet_string
    return octets, identifier.common_reference, identifier.additional_reference_information or b""
