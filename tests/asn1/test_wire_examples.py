"""Fragments of what real MTAs sent (p1-stack.md and p1-p22.md), with types declared the way the protocols declare them."""

from __future__ import annotations

from gateway import asn1
from tests.asn1.samples import StandardAttributes


@asn1.choice()
class Credentials(asn1.Choice):
    text: str | None = asn1.alternative(asn1.IA5String())
    octets: bytes | None = asn1.alternative(asn1.OctetString())
    strong: bytes | None = asn1.alternative(asn1.Any(), tag=asn1.context(0))


@asn1.set_()
class Authenticated(asn1.Members):
    name: str | None = asn1.member(asn1.IA5String(), tag=asn1.context(0), optional=True)
    credentials: Credentials = asn1.member(Credentials, tag=asn1.context(1))


@asn1.choice()
class Bind(asn1.Choice):
    null: asn1.NullType | None = asn1.alternative(asn1.Null())
    authenticated: Authenticated | None = asn1.alternative(Authenticated, tag=asn1.context(1))


@asn1.choice()
class ConnectionData(asn1.Choice):
    open: Bind | None = asn1.alternative(asn1.tagged(Bind, asn1.context(16)), tag=asn1.context(0, explicit=True))
    recover: bytes | None = asn1.alternative(asn1.Any(), tag=asn1.context(1))


@asn1.set_()
class RTORQ(asn1.Members):
    checkpoint_size: int = asn1.member(asn1.Integer(), tag=asn1.context(0), default=0)
    window_size: int = asn1.member(asn1.Integer(), tag=asn1.context(1), default=3)
    dialogue_mode: int = asn1.member(asn1.Integer(), tag=asn1.context(2), default=0)
    connection_data: ConnectionData = asn1.member(ConnectionData, tag=asn1.context(3))


APDU = asn1.tagged(RTORQ, asn1.context(16))


def test_rtorq_of_pp() -> None:
    octets = bytes.fromhex("B0 21 80 01 3F 82 01 00 A3 19 A0 17 B0 15 A1 13 80 03") + b"PPA" + b"\xa1\x0c\x04\x0a" + b"secret-ppa"
    value = asn1.decode(octets, APDU)
    assert (value.checkpoint_size, value.window_size, value.dialogue_mode) == (63, 3, 0)
    assert value.connection_data.open.authenticated.name == "PPA"
    assert value.connection_data.open.authenticated.credentials == Credentials(octets=b"secret-ppa")
    assert asn1.encode(value, APDU) == octets.replace(b"\x82\x01\x00", b"").replace(b"\xb0\x21", b"\xb0\x1e")


def test_rtorq_of_isode_names_the_password_a_text() -> None:
    octets = (
        bytes.fromhex("B0 30 80 01 3F 82 01 00 A3 28 A0 26 B0 24 A1 22 80 13") + b"percival.smhs.co.uk"
        + b"\xa1\x0b\x16\x09" + b"excalibur"
    )  # fmt: skip
    value = asn1.decode(octets, APDU)
    assert value.connection_data.open.authenticated.credentials == Credentials(text="excalibur")


def test_null_connection_data_and_empty_members() -> None:
    assert asn1.decode(bytes.fromhex("05 00"), Bind) == Bind(null=asn1.NULL)
    assert asn1.decode(bytes.fromhex("80 00"), asn1.Null(tag=asn1.context(0))) is asn1.NULL
    assert (
        asn1.decode(bytes.fromhex("31 2A A0 03 80 01 00")[2:], asn1.tagged(asn1.Integer(tag=asn1.context(0)), asn1.context(0, True))) == 0
    )


def test_refusal_in_an_external() -> None:
    octets = bytes.fromhex("28 12 06 02 51 01 02 01 03 A0 09 B2 07 A1 05 B2 03 02 01 02")
    value = asn1.decode(octets, asn1.External)
    assert (value.direct_reference, value.indirect_reference) == ("2.1.1", 3)
    assert value.encoding.single_asn1_type == bytes.fromhex("B2 07 A1 05 B2 03 02 01 02")
    assert asn1.encode(value) == octets


def test_bulk_data_as_isode_segments_it() -> None:
    octets = bytes.fromhex("24 80 04 82 00 02 41 42 04 82 00 01 43 04 00 00 00")
    assert asn1.decode(octets, asn1.LargeOctetString()).to_bytes() == b"ABC"
    assert asn1.decode(octets, asn1.OctetString()) == b"ABC"


def test_domain_names_of_ean_1985() -> None:
    octets = bytes.fromhex("30 0A 61 02 13 00 62 04 33 02 04 00")
    value = asn1.decode(octets, StandardAttributes)
    assert value.country_name is not None
    assert value.country_name.value == ""
    assert value.administration_domain_name is not None
    assert value.administration_domain_name.value == ""
    assert asn1.decode(bytes.fromhex("30 04 62 02 33 00"), StandardAttributes).administration_domain_name is not None


def test_numeric_and_printable_domains() -> None:
    value = asn1.decode(bytes.fromhex("30 0E 61 05 12 03 32 33 34 62 05 13 03 41 20 42"), StandardAttributes)
    assert value.country_name is not None
    assert value.country_name.chosen == "x121_dcc_code"
    assert value.administration_domain_name is not None
    assert value.administration_domain_name.printable == "A B"
