"""MTA-bind (X.411 12.1.1) as it travels in RTSE's connection data.

In normal mode argument, result and error are wrapped in [16], [17], [18] EXPLICIT (X.419 8.1); in X.410-1984 mode argument and result
stand bare.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400.mts import MTA_NAME
from gateway.x400.security import SECURITY_CONTEXT, Credentials, Password, SecurityLabel


class MTABindError(IntEnum):
    """X.411 mta-bind-error. Only BUSY is worth trying again by itself."""

    BUSY = 0
    AUTHENTICATION_ERROR = 2
    UNACCEPTABLE_DIALOGUE_MODE = 3
    UNACCEPTABLE_SECURITY_CONTEXT = 4
    INADEQUATE_ASSOCIATION_CONFIDENTIALITY = 5


@asn1.set_()
class MTABindInitiator(asn1.Members):
    """X.411 MTABindArgument.authenticated."""

    initiator_name: str = asn1.member(MTA_NAME, tag=asn1.context(0))
    initiator_credentials: Credentials = asn1.member(Credentials, tag=asn1.context(1))
    security_context: tuple[SecurityLabel, ...] | None = asn1.member(SECURITY_CONTEXT, tag=asn1.context(2), optional=True)


@asn1.choice()
class MTABindArgument(asn1.Choice):
    """X.411 MTABindArgument."""

    unauthenticated: asn1.NullType | None = asn1.alternative(asn1.Null())
    authenticated: MTABindInitiator | None = asn1.alternative(MTABindInitiator, tag=asn1.context(1))


@asn1.set_()
class MTABindResponder(asn1.Members):
    """X.411 MTABindResult.authenticated."""

    responder_name: str = asn1.member(MTA_NAME, tag=asn1.context(0))
    responder_credentials: Credentials = asn1.member(Credentials, tag=asn1.context(1))


@asn1.choice()
class MTABindResult(asn1.Choice):
    """X.411 MTABindResult."""

    unauthenticated: asn1.NullType | None = asn1.alternative(asn1.Null())
    authenticated: MTABindResponder | None = asn1.alternative(MTABindResponder, tag=asn1.context(1))


MTA_BIND_ERROR: Final = asn1.Integer(MTABindError, range=(0, ub.UB_INTEGER_OPTIONS))
_ARGUMENT: Final = asn1.tagged(MTABindArgument, asn1.context(16, explicit=True))
_RESULT: Final = asn1.tagged(MTABindResult, asn1.context(17, explicit=True))
_ERROR: Final = asn1.tagged(MTA_BIND_ERROR, asn1.context(18, explicit=True))


def simple_credentials(password: str | bytes) -> Credentials:
    """Simple credentials: a ``str`` is sent as IA5String, ``bytes`` as OCTET STRING.

    # Peer: PP sends octets in 1988 P1 and IA5 in 1984 P1, Nexor IA5; so the form is a setting of the peer.
    """
    if isinstance(password, str):
        return Credentials(simple=Password(ia5_string=password))
    return Credentials(simple=Password(octet_string=password))


def simple_password(credentials: Credentials) -> bytes | None:
    """The password of simple credentials in either form, None for strong and protected ones."""
    if credentials.simple is None:
        return None
    if credentials.simple.ia5_string is not None:
        return credentials.simple.ia5_string.encode("latin-1")
    return credentials.simple.octet_string


def decode_bind_argument(octets: bytes) -> MTABindArgument:
    """Read an argument, wrapped in [16] or bare.

    Raises:
        BERError: It is neither.
    """
    argument: MTABindArgument = asn1.decode(octets, _ARGUMENT if octets[:1] == b"\xb0" else MTABindArgument)
    return argument


def decode_bind_result(octets: bytes) -> MTABindResult:
    """Read a result, wrapped in [17] or bare.

    Raises:
        BERError: It is neither.
    """
    result: MTABindResult = asn1.decode(octets, _RESULT if octets[:1] == b"\xb1" else MTABindResult)
    return result


def decode_bind_error(octets: bytes) -> int:
    """Read an error, an `MTABindError` where the number is known.

    # Peer: PP as a responder sends the INTEGER without its [18].

    Raises:
        BERError: It is neither.
    """
    error: int = asn1.decode(octets, _ERROR if octets[:1] == b"\xb2" else MTA_BIND_ERROR)
    return error


def encode_bind_argument(argument: MTABindArgument, *, normal_mode: bool) -> bytes:
    """Write an argument: wrapped in normal mode, bare in X.410-1984 mode."""
    return asn1.encode(argument, _ARGUMENT if normal_mode else MTABindArgument)


def encode_bind_result(result: MTABindResult, *, normal_mode: bool) -> bytes:
    """Write a result: wrapped in normal mode, bare in X.410-1984 mode."""
    return asn1.encode(result, _RESULT if normal_mode else MTABindResult)


def encode_bind_error(error: MTABindError) -> bytes:
    """Write an error, wrapped; in X.410-1984 mode RTSE's refuse reason says it instead."""
    return asn1.encode(error, _ERROR)
