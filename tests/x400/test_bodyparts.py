"""Body parts of every kind: tags, lazy contents, extended forms, FTBP, and what nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import asn1
from gateway.errors import GatewayError
from gateway.octets import FilterOctets, MemoryOctets, Octets, octets
from gateway.x400 import bodyparts as bp
from gateway.x400 import extended_bodyparts as ep
from gateway.x400 import file_attributes as fa
from gateway.x400 import ftbp, mts, mts_delivery, oids
from gateway.x400 import notifications as notes
from gateway.x400.heading_extensions import value_of
from gateway.x400.ipm import IPM, IPN, Heading, InformationObject, IPMIdentifier
from gateway.x400.ipms_fields import IPMSExtension
from gateway.x400.orname import AdministrationDomainName, BuiltInStandardAttributes, CountryName, ORName
from tests import captures
from tests.shared import require_shared

NAME = ORName(built_in_standard_attributes=BuiltInStandardAttributes(country_name=CountryName(iso_3166_alpha2_code="GB")))
MOMENT = datetime(1997, 12, 1, 10, 30, tzinfo=UTC)
INNER = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=())
ENVELOPE = mts_delivery.OtherMessageDeliveryFields(
    content_type=mts.DeliveredContentType(built_in=22), originator_name=NAME, this_recipient_name=NAME, message_submission_time=MOMENT
)
PAGE = asn1.Bits(MemoryOctets(b"\x00\x10\x01"), 4)


def ia5(text: bytes) -> bp.BodyPart:
    return bp.BodyPart(ia5_text=bp.IA5TextBodyPart(parameters=bp.IA5TextParameters(), data=MemoryOctets(text)))


PARTS = [
    (ia5(b"Hello\r\n"), "a00b 3100 1607 48656c6c6f0d0a"),
    (
        bp.BodyPart(
            ia5_text=bp.IA5TextBodyPart(parameters=bp.IA5TextParameters(repertoire=bp.Repertoire.ITA2), data=MemoryOctets(b"TELEX"))
        ),
        "a00c 3103 800102 1605 54454c4558",
    ),
    (bp.BodyPart(voice=bp.VoiceBodyPart(parameters=b"\x31\x00", data=PAGE)), "a208 3100 0304 04 001001"),
    (
        bp.BodyPart(
            g3_facsimile=bp.G3FacsimileBodyPart(
                parameters=bp.G3FacsimileParameters(number_of_pages=2, non_basic_parameters=frozenset({9})), data=(PAGE, PAGE)
            )
        ),
        None,
    ),
    (bp.BodyPart(g4_class1=(octets(b"\xa0\x03\x80\x01\x00"),)), "a405 a003800100"),
    (
        bp.BodyPart(
            teletex=bp.TeletexBodyPart(
                parameters=bp.TeletexParameters(number_of_pages=1, telex_compatible=True), data=(octets(b"Caf\xc2e"),)
            )
        ),
        "a511 3106 800101 8101ff 3007 1405 436166c265",
    ),
    (
        bp.BodyPart(
            videotex=bp.VideotexBodyPart(parameters=bp.VideotexParameters(syntax=bp.VideotexSyntax.DATA_SYNTAX2), data=octets(b"\x1f"))
        ),
        "a608 3103 800102 15011f",
    ),
    (bp.BodyPart(nationally_defined=octets(b"\x04\x01x")), "a703 040178"),
    (bp.BodyPart(encrypted=bp.EncryptedBodyPart(parameters=bp.EncryptedParameters(), data=PAGE)), "a808 3100 0304 04 001001"),
    (
        bp.BodyPart(message=bp.MessageBodyPart(parameters=bp.MessageParameters(delivery_time=MOMENT), data=INNER)),
        "a91c 310f 800d 3937313230313130333030305a 3009 3105 6b03 130131 3000",
    ),
    (
        bp.BodyPart(message=bp.MessageBodyPart(parameters=bp.MessageParameters(delivery_envelope=ENVELOPE), data=INNER)),
        None,
    ),
    (bp.BodyPart(mixed_mode=(octets(b"\xa0\x03\x80\x01\x00"), octets(b"\xa1\x00"))), "ab07 a003800100 a100"),
    (bp.BodyPart(bilaterally_defined=octets(b"\x00\x01")), "8e02 0001"),
]


@pytest.mark.parametrize(("part", "expected"), PARTS, ids=[part.chosen for part, _ in PARTS])
def test_every_basic_type_has_the_tag_of_the_standard(part, expected):
    encoded = asn1.encode(part)
    if expected is not None:
        assert encoded == bytes.fromhex(expected)
    assert asn1.decode(encoded, bp.BodyPart) == part
    assert bp.number_of(part) == encoded[0] & 0x1F


WITH_TWIN = {each.basic for each in ep.EXTENDED_BODY_PART_TYPES.values()}


@pytest.mark.parametrize("part", [part for part, _ in PARTS if part.chosen in WITH_TWIN])
def test_every_basic_type_has_an_extended_twin_of_the_same_meaning(part):
    twin = ep.extended_of(part)
    assert twin.chosen == "extended"
    assert asn1.decode(asn1.encode(twin), bp.BodyPart) == twin
    assert ep.basic_of(twin) == part
    assert ep.basic_of(part) is part


def test_an_extended_ia5_text_on_the_wire():
    assert asn1.encode(ep.extended_of(ia5(b"x"))) == bytes.fromhex("af19 a00a 0604 56010b00 a002 3100 280b 0604 56010400 a003 160178")


@pytest.mark.parametrize("number", [1, 10, 12, 13, 16, 31, 200])
def test_body_parts_with_other_tags_survive_octet_for_octet(number):
    tag = bytes([0xA0 | number]) if number < 31 else b"\xbf" + (bytes([number]) if number < 128 else bytes([0x81, number & 0x7F]))
    raw = tag + bytes.fromhex("80 0403010203 0000")
    part = asn1.decode(raw, bp.BodyPart)
    assert part.chosen == "unknown"
    assert bp.number_of(part) == number
    assert asn1.encode(part) == raw


def test_names_of_the_uninterpreted_ones():
    assert bp.UNINTERPRETED == {1: "tlx", 10: "sfd", 12: "odif", 13: "iso6937-text"}


def test_an_unknown_body_part_does_not_cost_its_neighbours():
    parts = [ia5(b"x"), bp.BodyPart(unknown=octets(b"\xbe\x02\x05\x00")), ia5(b"y")]
    encoded = asn1.encode(tuple(parts), asn1.SequenceOf(bp.BodyPart))
    assert list(asn1.decode(encoded, asn1.SequenceOf(bp.BodyPart))) == parts


def test_text_in_segments_and_with_indefinite_length_is_one_text():
    part = asn1.decode(bytes.fromhex("a080 3180 0000 3680 04024865 2406 0401 6c 0401 6c 04016f 0000 0000"), bp.BodyPart)
    assert part.ia5_text.data == octets(b"Hello")


def test_a_large_body_stays_where_it_is():
    class Watched(MemoryOctets):
        __slots__ = ("most",)

        def read(self, start: int, end: int) -> bytes:
            self.most = max(getattr(self, "most", 0), min(end, len(self)) - start)
            return super().read(start, end)

        def slice(self, start: int, end: int | None = None) -> Octets:
            return Octets.slice(self, start, end)

    size = 8 << 20
    encoded = asn1.encode_octets(ia5(b"x" * size))
    source = Watched(b"".join(encoded.chunks()))
    part = asn1.decode(source, bp.BodyPart)
    assert len(part.ia5_text.data) == size
    assert source.most <= 1 << 20


def extended_samples() -> list[tuple[str, object, object]]:
    report = mts_delivery.ReportDeliveryArgument(
        subject_submission_identifier=mts.MTSIdentifier(
            global_domain_identifier=mts.GlobalDomainIdentifier(
                country_name=CountryName(iso_3166_alpha2_code="GB"), administration_domain_name=AdministrationDomainName(printable=" ")
            ),
            local_identifier="1",
        ),
        per_recipient_fields=(
            mts_delivery.PerRecipientReportDeliveryFields(
                actual_recipient_name=NAME, report_type=mts.ReportType(non_delivery=mts.NonDeliveryReport(non_delivery_reason_code=1))
            ),
        ),
    )
    ipn = IPN(
        subject_ipm=IPMIdentifier(user_relative_identifier="1"),
        choice=notes.IPNChoice(receipt_fields=notes.ReceiptFields(receipt_time=MOMENT)),
    )
    mime = ep.MimeParameters(
        content_type="image/png",
        content_parameters=(ep.MimeContentParameter(parameter="name", parameter_value='"a.png"'),),
        other_header_fields=("Content-ID: <1@x>",),
    )
    return [
        (oids.ID_ET_GENERAL_TEXT, octets(b"\x1b-A\xe9"), (6, 100)),
        (oids.ID_ET_FILE_TRANSFER, ftbp.file_transfer_data(octets(b"\x00\x01\x02")), ftbp.FileTransferParameters()),
        (oids.ID_ET_REPORT, report, None),
        (oids.ID_ET_NOTIFICATION, ipn, bp.MessageParameters(delivery_time=MOMENT)),
        (oids.ID_ET_VOICE, octets(b"\xff"), ep.VoiceParameters(voice_message_duration=3, voice_encoding_type=oids.ID_VOICE_G711_MU_LAW)),
        (oids.ID_ET_PKCS7, ep.ContentInfo(content_type="1.2.840.113549.1.7.1", pkcs7_content=octets(b"\x04\x01x")), None),
        (oids.ID_MIME_BP_DATA, octets(b"PNG"), mime),
        (oids.ID_MIME_POSTSCRIPT_BODY, octets(b"%!PS"), None),
        (oids.ID_MIME_JPEG_BODY, octets(b"\xff\xd8"), None),
        (oids.ID_MIME_GIF_BODY, octets(b"GIF89a"), None),
    ]


@pytest.mark.parametrize("sample", extended_samples(), ids=lambda sample: sample[0])
def test_every_extended_type_is_written_and_read(sample):
    reference, data, parameters = sample
    part = ep.extended(ep.EXTENDED_BODY_PART_TYPES[reference], data, parameters)
    again = asn1.decode(asn1.encode(part), bp.BodyPart)
    assert again == part
    assert again.extended is not None
    assert ep.data_of(again.extended) == data
    assert ep.parameters_of(again.extended) == parameters
    assert ep.basic_of(again) is again


def test_a_forwarded_content_names_its_type_in_its_identifier():
    content = asn1.encode(InformationObject(ipm=INNER))
    type_ = ep.forwarded_content_type("2.6.1.10.1".removeprefix("2."))
    part = ep.extended(type_, octets(content), ep.ForwardedContentParameters(delivery_time=MOMENT))
    assert part.extended is not None and part.extended.data.direct_reference == "2.6.1.4.17.6.1.10.1"
    again = asn1.decode(asn1.encode(part), bp.BodyPart).extended
    assert again is not None
    assert ep.data_of(again) == octets(content)
    assert ep.parameters_of(again) == ep.ForwardedContentParameters(delivery_time=MOMENT)


def external(reference: str | None, **encoding: object) -> asn1.LargeExternal:
    return asn1.LargeExternal(direct_reference=reference, encoding=asn1.LargeExternalEncoding(**encoding))


@pytest.mark.parametrize(
    "encoding",
    [
        {"single_asn1_type": octets(b"\x04\x03GIF")},
        {"octet_aligned": octets(b"GIF")},
        {"octet_aligned": octets(b"\x04\x03GIF")},
        {"arbitrary": asn1.Bits(octets(b"GIF"), 0)},
    ],
    ids=["single ASN.1 type", "bare octets", "TLV in octets", "bits"],
)
def test_all_encodings_of_an_external_give_the_same_octets(encoding):
    part = bp.ExtendedBodyPart(data=external(oids.ID_MIME_GIF_BODY, **encoding))
    assert asn1.decode(asn1.encode(part), bp.ExtendedBodyPart) == part
    assert ep.data_of(part) == octets(b"GIF")


def test_structured_data_may_be_octet_aligned_too():
    contents = asn1.encode((7,), ep.GeneralTextParameters)
    part = bp.ExtendedBodyPart(
        parameters=external(oids.ID_EP_GENERAL_TEXT, octet_aligned=octets(contents)),
        data=external(oids.ID_ET_GENERAL_TEXT, single_asn1_type=octets(b"\x1b\x01x")),
    )
    assert ep.parameters_of(part) == (7,)


def test_an_unknown_extended_type_stays_as_it_came():
    raw = bytes.fromhex("af13 a008 0603 2a0304 8101aa 2807 0602 2a03 810155")
    part = asn1.decode(raw, bp.BodyPart)
    assert part.extended is not None
    assert ep.type_of(part.extended) is None
    assert ep.data_of(part.extended) is part.extended.data.encoding
    assert ep.basic_of(part) is part
    assert asn1.encode(part) == raw


def test_data_without_a_reference_is_unknown():
    part = bp.ExtendedBodyPart(data=external(None, octet_aligned=octets(b"x")))
    assert ep.type_of(part) is None
    assert asn1.decode(asn1.encode(part), bp.ExtendedBodyPart) == part


def test_the_extended_parts_of_a_captured_message():
    (apdu,) = captures.mts_apdus(require_shared() / "captures/p1-88-multi.pcap")
    whole = captures.tlv(apdu.octets)
    _, (content, _) = captures.children(apdu.octets, whole.start, whole.end)
    ipm = asn1.decode(captures.string_octets(apdu.octets, content), InformationObject).ipm
    assert ipm is not None
    assert [part.chosen for part in ipm.body] == ["ia5_text", "teletex", "bilaterally_defined", "extended", "message"]
    extended = ipm.body[3].extended
    type_ = ep.type_of(extended)
    assert type_ is not None
    ep.data_of(extended)


def test_ftbp_with_every_attribute_that_rfc_2157_maps():
    when = fa.DateAndTimeAttribute(actual_values=MOMENT)
    cross = ftbp.CrossReference(
        application_cross_reference=b"", message_reference=ftbp.MessageReference(user=NAME, user_relative_identifier="1(a)x")
    )
    parameters = ftbp.FileTransferParameters(
        related_stored_file=(
            ftbp.RelatedFile(
                file_identifier=ftbp.FileIdentifier(cross_reference=cross),
                relationship=ftbp.Relationship(descriptive_relationship=b"Internet MIME Body Part"),
            ),
        ),
        environment=ftbp.EnvironmentParameter(
            application_reference=ftbp.GeneralIdentifier(registered_identifier=oids.ID_MIME_FTBP_DATA), user_visible_string=(b"A file",)
        ),
        file_attributes=fa.FileAttributes(
            pathname=fa.PathnameAttribute(incomplete_pathname=(b"report.doc",)),
            permitted_actions=frozenset({fa.Permission.READ}),
            date_and_time_of_creation=when,
            date_and_time_of_last_modification=when,
            date_and_time_of_last_read_access=when,
            identity_of_creator=fa.UserIdentityAttribute(actual_values=b"me"),
            object_size=fa.ObjectSizeAttribute(actual_values=3),
            access_control=fa.AccessControlAttribute(actual_values=(fa.AccessControlElement(action_list=frozenset({0, 1})),)),
        ),
        extensions=(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=("Content-ID: <1@x>",)),),
    )
    encoded = asn1.encode(parameters)
    assert asn1.decode(encoded, ftbp.FileTransferParameters) == parameters
    assert value_of(parameters.extensions, oids.ID_RFC_822_FIELD_LIST) == ("Content-ID: <1@x>",)
    assert bytes.fromhex("a00c 190a") + b"report.doc" in encoded, "incomplete-pathname is [0] in file-attributes"
    assert bytes.fromhex("a411 810f") + b"19971201103000Z" in encoded, "the choice of a time is explicit"
    assert parameters.contents_type is ftbp.UNSTRUCTURED_BINARY and b"\xa1" not in encoded[:2]


def test_a_complete_pathname_has_context_tag_23():
    encoded = asn1.encode(fa.PathnameAttribute(complete_pathname=(b"a", b"b")))
    assert encoded == bytes.fromhex("b706 190161 190162")


def test_the_file_of_an_ftbp_is_octet_aligned_and_named_unstructured_binary():
    part = ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], ftbp.file_transfer_data(octets(b"xyz")))
    assert asn1.encode(part).endswith(bytes.fromhex("300e 280c 0605 28c27b0204 8103") + b"xyz")


def test_exchange_sends_the_file_in_segments():
    data = asn1.decode(bytes.fromhex("3080 2880 0605 28c27b0204 a180 040178 04027979 0000 0000 0000"), ftbp.FileTransferData)
    assert data[0].encoding.octet_aligned == octets(b"xyy")


def test_of_a_hundred_megabyte_file_only_the_beginning_is_read():
    def run():
        for _ in range(16):
            yield bytes(1 << 16)
        raise AssertionError("somebody read the file")

    size = 100_000_000
    part = ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], ftbp.file_transfer_data(FilterOctets(run, length=size)))
    assert len(asn1.encode_octets(part)) > size


def nested(depth: int) -> IPM:
    ipm = INNER
    for _ in range(depth):
        ipm = IPM(heading=INNER.heading, body=(bp.BodyPart(message=bp.MessageBodyPart(parameters=bp.MessageParameters(), data=ipm)),))
    return ipm


def test_forwarded_messages_nest_up_to_the_limit_of_depth():
    deep = nested(5)
    assert asn1.decode(asn1.encode(deep), IPM) == deep


def test_hostile_nesting_is_refused():
    def frame(tag: int, contents: bytes) -> bytes:
        return bytes([tag, 0x84]) + len(contents).to_bytes(4, "big") + contents

    head = asn1.encode(INNER.heading)
    encoded = b""
    for _ in range(1000):
        encoded = frame(0xA9, b"\x31\x00" + frame(0x30, head + frame(0x30, encoded)))
    with pytest.raises(GatewayError):
        asn1.decode(encoded, bp.BodyPart)


BASIC = st.sampled_from([part for part, _ in PARTS])


@settings(max_examples=60, deadline=None)
@given(st.lists(BASIC, max_size=4).map(tuple))
def test_bodies_round_trip(body):
    element = asn1.SequenceOf(bp.BodyPart)
    assert asn1.decode(asn1.encode(body, element), element) == body


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(extended_samples()), st.data())
def test_damaged_extended_body_parts_give_a_value_or_a_gateway_error(sample, data):
    reference, value, parameters = sample
    encoded = bytearray(asn1.encode(ep.extended(ep.EXTENDED_BODY_PART_TYPES[reference], value, parameters)))
    position = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[position >> 3] ^= 1 << (position & 7)
    try:
        part = asn1.decode(bytes(encoded), bp.BodyPart)
        if part.extended is not None:
            ep.data_of(part.extended)
            ep.parameters_of(part.extended)
    except GatewayError:
        return
