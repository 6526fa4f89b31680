"""IPMs and IPNs: captured octets, the traps of X.420's tags, and hostile input."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder as pyasn1_decoder

from gateway import asn1
from gateway.asn1.schema import pyasn1_schema
from gateway.errors import GatewayError
from gateway.octets import FilterOctets, MemoryOctets
from gateway.x400 import heading_extensions as hx
from gateway.x400 import ipms_fields as fields
from gateway.x400 import notifications as notes
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters
from gateway.x400.ipm import IPM, IPN, Heading, Importance, InformationObject, IPMIdentifier, ORDescriptor, RecipientSpecifier, Sensitivity
from gateway.x400.orname import BuiltInDomainDefinedAttribute, BuiltInStandardAttributes, CountryName, ORName
from tests import captures
from tests.shared import require_shared

WITH_CONTENT = (
    "p1-84-ndr", "p1-84-plain", "p1-88-big40000", "p1-88-dda", "p1-88-dr", "p1-88-gateway-gets-reports", "p1-88-multi", "p1-88-multircpt",
    "p1-88-nrn", "p1-88-plain", "p1-88-plain-ext1992", "p1-88-rnreq", "p1-88-x410mode",
)  # fmt: skip


def contents(name: str) -> list[bytes]:
    """Contents of the messages in a capture (reports have none of their own)."""
    found = []
    for apdu in captures.mts_apdus(require_shared() / f"captures/{name}.pcap"):
        if apdu.octets[0] == 0xA0:
            whole = captures.tlv(apdu.octets)
            (_, (content, _)) = list(captures.children(apdu.octets, whole.start, whole.end))
            found.append(captures.string_octets(apdu.octets, content))
    assert found
    return found


def name(surname: str = "user") -> ORName:
    country = CountryName(iso_3166_alpha2_code="GB")
    dda = BuiltInDomainDefinedAttribute(type_="RFC-822", value=surname + "(a)x.org")
    return ORName(built_in_standard_attributes=BuiltInStandardAttributes(country_name=country), built_in_domain_defined_attributes=(dda,))


def heading(**members: object) -> Heading:
    return Heading(this_ipm=IPMIdentifier(user=name(), user_relative_identifier="1"), **members)


def text_part(text: bytes) -> BodyPart:
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=MemoryOctets(text)))


@pytest.mark.parametrize("capture", WITH_CONTENT)
def test_captured_contents_are_written_back_octet_for_octet(capture):
    for content in contents(capture):
        value = asn1.decode(content, InformationObject)
        assert asn1.encode(value) == content


@pytest.mark.parametrize("capture", ["p1-84-plain", "p1-88-dda", "p1-88-rnreq"])
def test_pyasn1_reads_the_same_heading_with_its_own_codec(capture):
    ipm = asn1.decode(contents(capture)[0], InformationObject).ipm
    assert ipm is not None
    ours = ipm.heading
    theirs, rest = pyasn1_decoder.decode(asn1.encode(ours), asn1Spec=pyasn1_schema(Heading))
    assert rest == b""
    assert bytes(theirs["subject"]) == ours.subject
    assert str(theirs["this_ipm"]["user_relative_identifier"]) == ours.this_ipm.user_relative_identifier
    assert len(theirs["primary_recipients"]) == len(ours.primary_recipients)


def test_subject_is_explicit():
    octets = asn1.encode(heading(subject=b"Hello"))
    assert bytes.fromhex("a807 1405 48656c6c6f") in octets
    assert bytes.fromhex("8805") + b"Hello" not in octets


def test_ipn_originator_has_no_tag_inside_and_a_recipient_has_one():
    descriptor = ORDescriptor(formal_name=name())
    choice = notes.IPNChoice(receipt_fields=notes.ReceiptFields(receipt_time=datetime(1997, 12, 1, 10, 30, tzinfo=UTC)))
    subject = IPMIdentifier(user_relative_identifier="1")
    ipn = asn1.encode(IPN(subject_ipm=subject, ipn_originator=descriptor, choice=choice))
    outer = captures.tlv(ipn)
    members = {value.tag: ipn[value.start :] for _, value in captures.children(ipn, outer.start, outer.end)}
    assert members[b"\xa1"][0] == 0x60
    specifier = asn1.encode(RecipientSpecifier(recipient=descriptor))
    assert specifier[0] == 0x31 and specifier[2] == 0xA0 and specifier[4] == 0x60


def test_the_choice_of_an_ipn_is_explicit_and_its_fields_are_not():
    receipt = notes.ReceiptFields(receipt_time=datetime(1997, 12, 1, 10, 30, 0, tzinfo=UTC))
    ipn = IPN(subject_ipm=IPMIdentifier(user_relative_identifier="1"), choice=notes.IPNChoice(receipt_fields=receipt))
    content = asn1.encode(InformationObject(ipn=ipn))
    assert content == bytes.fromhex("a118 6b03 130131 a011 a10f 800d") + b"971201103000Z"


def test_a_captured_non_receipt():
    (content,) = contents("p1-88-nrn")
    ipn = asn1.decode(content, InformationObject).ipn
    assert ipn is not None and ipn.ipn_originator is not None and ipn.ipn_originator.formal_name is not None
    assert ipn.choice.chosen == "non_receipt_fields"


def test_a_captured_request_for_receipt():
    ipm = asn1.decode(contents("p1-88-rnreq")[0], InformationObject).ipm
    assert ipm is not None
    requests = [each.notification_requests for each in ipm.heading.primary_recipients]
    assert any(fields.NotificationRequests.RN in each for each in requests)


def test_every_heading_field_has_the_tag_of_the_standard():
    moment = datetime(1997, 12, 1, 10, 30, tzinfo=UTC)
    someone = ORDescriptor(formal_name=name(), free_form_name=b"Some One", telephone_number="+1 555")
    recipient = RecipientSpecifier(recipient=someone, notification_requests=frozenset({0, 1}), reply_requested=True)
    identifier = IPMIdentifier(user=name(), user_relative_identifier="2")
    full = heading(
        originator=someone,
        authorizing_users=(someone,),
        primary_recipients=(recipient,),
        copy_recipients=(recipient,),
        blind_copy_recipients=(recipient,),
        replied_to_ipm=identifier,
        obsoleted_ipms=(identifier,),
        related_ipms=(identifier, identifier),
        subject=b"s",
        expiry_time=moment,
        reply_time=moment,
        reply_recipients=(someone,),
        importance=Importance.HIGH,
        sensitivity=Sensitivity.COMPANY_CONFIDENTIAL,
        auto_forwarded=True,
        extensions=(fields.IPMSExtension(type_=oids.ID_HEX_INCOMPLETE_COPY),),
    )
    octets = asn1.encode(full)
    outer = captures.tlv(octets)
    tags = b"".join(value.tag for _, value in captures.children(octets, outer.start, outer.end))
    assert tags == bytes.fromhex("6b a0 a1 a2 a3 a4 a5 a6 a7 a8 89 8a ab 8c 8d 8e af")
    assert asn1.decode(octets, Heading) == full


def test_defaults_are_not_written():
    assert asn1.encode(heading(importance=Importance.NORMAL, auto_forwarded=False)) == asn1.encode(heading())


def bmp(text: str, bound: int = 256) -> object:
    return hx.universal_or_bmp(text, bound=bound)


SPECIFIER = RecipientSpecifier(recipient=ORDescriptor(formal_name=name()))
EXTENSION_VALUES = [
    (oids.ID_HEX_INCOMPLETE_COPY, asn1.NULL, None),
    (oids.ID_HEX_LANGUAGES, ("en", "de"), None),
    (oids.ID_HEX_AUTO_SUBMITTED, hx.AutoSubmitted.AUTO_REPLIED, "0a0102"),
    (oids.ID_HEX_AUTHORIZATION_TIME, datetime(1997, 12, 1, 10, 30, tzinfo=UTC), None),
    (oids.ID_HEX_CIRCULATION_LIST_RECIPIENTS, (hx.CirculationMember(circulation_recipient=SPECIFIER),) * 2, None),
    (
        oids.ID_HEX_CIRCULATION_LIST_RECIPIENTS,
        (
            hx.CirculationMember(circulation_recipient=SPECIFIER, checked=hx.Checkmark(simple=asn1.NULL)),
            hx.CirculationMember(
                circulation_recipient=SPECIFIER, checked=hx.Checkmark(timestamped=datetime(1997, 12, 1, 10, 30, tzinfo=UTC))
            ),
        ),
        None,
    ),
    (oids.ID_HEX_DISTRIBUTION_CODES, (hx.DistributionCode(oid_code="1.2.3", alphanumeric_code=bmp("AB")),), None),
    (oids.ID_HEX_EXTENDED_SUBJECT, bmp("Größe 日本"), None),
    (oids.ID_HEX_EXTENDED_SUBJECT, bmp("beyond the plane \U0001f4e7"), None),
    (oids.ID_HEX_INFORMATION_CATEGORY, (hx.InformationCategory(reference="1.2.3", description=bmp("secret")),), None),
    (oids.ID_HEX_MANUAL_HANDLING_INSTRUCTIONS, (bmp("by hand"),), None),
    (oids.ID_HEX_ORIGINATORS_REFERENCE, bmp("ref 1"), None),
    (oids.ID_HEX_PRECEDENCE_POLICY_ID, "1.3.26.0.4406.0.8.1", None),
    (oids.ID_RFC_822_FIELD_LIST, ("Keywords: a, b", "X-Test: 1"), "301b 160e 4b6579776f7264733a20612c2062 1609 582d546573743a2031"),
    (oids.ID_RFC_822_FIELD_LIST_1327, ("Keywords: a, b",), None),
    (oids.ID_DSN_HEADER_LIST, ("Subject: x",), None),
    (oids.ID_DSN_FIELD_LIST, ("Reporting-MTA: dns; x",), None),
    (oids.ID_HEX_PARTIAL_MESSAGE, hx.PartialMessage(number=1, total=2, id_="x@y"), None),
    (oids.ID_HEX_MULTIPART_MESSAGE, hx.MultipartTypeV1.DIGEST, "0a0103"),
    (oids.ID_HEX_MULTIPART_MESSAGE_V2, hx.MultipartType(subtype="alternative"), None),
    (oids.ID_HEX_MULTIPART_MESSAGE_V2, hx.MultipartType(subtype="mixed", is_a_message=False), "300a 1605 6d69786564 010100"),
    (oids.ID_REX_CIRCULATION_LIST_INDICATOR, asn1.NULL, None),
    (oids.ID_REX_PRECEDENCE, 64, "020140"),
    (oids.ID_SEC_IPM_SECURITY_REQUEST, frozenset({1, 3}), "03020450"),
    (oids.ID_ON_ABSENCE_ADVICE, notes.AbsenceAdvice(advice=text_part(b"away\r\n")), None),
    (oids.ID_ON_CHANGE_OF_ADDRESS_ADVICE, notes.ChangeOfAddressAdvice(new_address=ORDescriptor(formal_name=name())), None),
]


@pytest.mark.parametrize(("type_", "value", "octets"), EXTENSION_VALUES)
def test_every_published_extension(type_, value, octets):
    extension = fields.IPMSExtension(type_=type_, value=value)
    encoded = asn1.encode(extension)
    assert asn1.decode(encoded, fields.IPMSExtension) == extension
    if octets is not None:
        assert encoded.endswith(bytes.fromhex(octets)), encoded.hex()


def test_an_extension_without_value_is_its_identifier_alone():
    assert asn1.encode(fields.IPMSExtension(type_=oids.ID_HEX_INCOMPLETE_COPY)) == bytes.fromhex("3006 0604 56010500")


def test_the_mixer_identifiers_on_the_wire():
    encoded = asn1.encode(fields.IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=("A: b",)))
    assert encoded == bytes.fromhex("3011 0607 2b060107010302 3006 1604 413a2062")


def test_unknown_extensions_and_members_survive_octet_for_octet():
    unknown = bytes.fromhex("300a 0603 2a0304 0403 010203")
    null = bytes.fromhex("3007 0603 2a0305 0500")
    member = bytes.fromhex("bf7f 03 040161")
    plain = asn1.encode(heading())
    octets = b"\x31" + bytes([len(plain) - 2 + len(unknown) + len(null) + 2 + len(member)]) + plain[2:]
    octets += b"\xaf" + bytes([len(unknown) + len(null)]) + unknown + null + member
    value = asn1.decode(octets, Heading)
    assert value.extensions[0].value == bytes.fromhex("0403010203")
    assert asn1.encode(value) == octets


def test_a_known_extension_with_a_broken_value_stays_as_it_came():
    octets = bytes.fromhex("3009 0604 56010502 0c0161")
    value = asn1.decode(octets, fields.IPMSExtension)
    assert value.value == b"\x0c\x01a"
    assert asn1.encode(value) == octets


def test_value_of_finds_an_extension():
    extensions = (fields.IPMSExtension(type_=oids.ID_HEX_AUTO_SUBMITTED, value=hx.AutoSubmitted.AUTO_GENERATED),)
    assert hx.value_of(extensions, oids.ID_HEX_AUTO_SUBMITTED) is hx.AutoSubmitted.AUTO_GENERATED
    assert hx.value_of(extensions, oids.ID_HEX_LANGUAGES) is None
    assert hx.value_of(None, oids.ID_HEX_LANGUAGES) is None


def test_extended_subject_is_read_in_both_widths_and_cut_at_its_bound():
    assert hx.text_of(hx.universal_or_bmp("Größe", bound=256)) == "Größe"
    assert hx.text_of(hx.universal_or_bmp("\U0001f4e7", bound=256)) == "\U0001f4e7"
    assert hx.text_of(hx.universal_or_bmp("x" * 300, bound=256)) == "x" * 256


def test_members_in_any_order_and_in_indefinite_form_give_the_same_heading():
    expected = heading(subject=b"s", importance=Importance.LOW)
    octets = asn1.encode(expected)
    outer = captures.tlv(octets)
    members = [octets[at : value.next] for at, value in captures.children(octets, outer.start, outer.end)]
    backwards = b"\x31\x80" + b"".join(reversed(members)) + b"\x00\x00"
    assert asn1.decode(backwards, Heading) == expected


def test_bounds_are_for_what_we_write():
    long = heading(subject=b"x" * 129)
    with pytest.raises(asn1.BERError, match="subject"):
        asn1.encode(long)
    octets = asn1.encode(long, strict=False)
    assert asn1.decode(octets, Heading) == long


def test_a_body_of_100_megabytes_is_not_read_to_write_its_message():
    def run():
        raise AssertionError("somebody read the body")
        yield b""

    size = 100_000_000
    part = BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=FilterOctets(run, length=size)))
    octets = asn1.encode_octets(InformationObject(ipm=IPM(heading=heading(), body=(part,))))
    assert len(octets) > size
    assert octets.read(0, 1) == b"\xa0"


def sample() -> bytes:
    return contents("p1-88-multi")[0]


def test_every_prefix_is_refused_with_a_place():
    content = sample()
    for end in range(0, len(content), 3):
        with pytest.raises(asn1.BERError):
            asn1.decode(content[:end], InformationObject)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_flipped_bits_give_a_value_or_a_gateway_error(data):
    content = bytearray(sample())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(content) * 8 - 1))
        content[position >> 3] ^= 1 << (position & 7)
    try:
        value = asn1.decode(bytes(content), InformationObject)
    except GatewayError:
        return
    again = asn1.encode(value, strict=False)
    assert asn1.encode(asn1.decode(again, InformationObject), strict=False) == again


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_random_octets_give_a_value_or_a_gateway_error(octets):
    for prefix in (b"", b"\xa0\x80\x31\x80", b"\xa1\x80"):
        try:
            asn1.decode(prefix + octets, InformationObject)
        except GatewayError:
            continue


TEXTS = st.text(alphabet="abcXYZ 0123456789-.", min_size=1, max_size=20)
NAMES = st.builds(name, st.text(alphabet="abcdefgh", min_size=1, max_size=8))
DESCRIPTORS = st.builds(
    ORDescriptor, formal_name=NAMES, free_form_name=st.none() | st.binary(max_size=30), telephone_number=st.none() | TEXTS
)
IDENTIFIERS = st.builds(IPMIdentifier, user=st.none() | NAMES, user_relative_identifier=TEXTS)
RECIPIENTS = st.builds(
    RecipientSpecifier,
    recipient=DESCRIPTORS,
    notification_requests=st.frozensets(st.sampled_from(fields.NotificationRequests)),
    reply_requested=st.booleans(),
)
SECONDS = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2079, 12, 31, tzinfo=UTC).timestamp())
MOMENTS = st.integers(*SECONDS).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
HEADINGS = st.builds(
    Heading,
    this_ipm=IDENTIFIERS,
    originator=st.none() | DESCRIPTORS,
    authorizing_users=st.none() | st.tuples(DESCRIPTORS),
    primary_recipients=st.lists(RECIPIENTS, max_size=2).map(tuple),
    related_ipms=st.lists(IDENTIFIERS, max_size=2).map(tuple),
    subject=st.none() | st.binary(max_size=128),
    expiry_time=st.none() | MOMENTS,
    importance=st.sampled_from(Importance),
    sensitivity=st.none() | st.sampled_from(Sensitivity),
    auto_forwarded=st.booleans(),
)
BODIES = st.lists(
    st.builds(text_part, st.binary(max_size=50))
    | st.builds(lambda octets: BodyPart(bilaterally_defined=MemoryOctets(octets)), st.binary()),
    max_size=2,
).map(tuple)


@settings(max_examples=60, deadline=None)
@given(HEADINGS, BODIES)
def test_what_is_written_is_read_again(head, body):
    value = InformationObject(ipm=IPM(heading=head, body=body))
    assert asn1.decode(asn1.encode(value), InformationObject) == value
