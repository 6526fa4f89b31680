"""Extended and basic body parts of every type: what becomes of them in MIME, and that they come back as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import asn1
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.body_policy import BodyPolicy, Carrier
from gateway.mixer.body_types import types_of
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import (
    BodyPart,
    EncryptedBodyPart,
    EncryptedParameters,
    G3FacsimileBodyPart,
    G3FacsimileParameters,
    IA5TextBodyPart,
    IA5TextParameters,
    MessageBodyPart,
    MessageParameters,
    Repertoire,
    TeletexBodyPart,
    TeletexParameters,
    VideotexBodyPart,
    VideotexParameters,
    VoiceBodyPart,
)
from gateway.x400.extended_bodyparts import (
    EXTENDED_BODY_PART_TYPES,
    ID_ODA_DATA,
    ContentInfo,
    ForwardedContentParameters,
    ODABodyPartParameters,
    VoiceParameters,
    data_of,
    extended,
    extended_of,
    forwarded_content_type,
    parameters_of,
)
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier

INNER = IPM(
    heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="2"), subject=b"inner"),
    body=(BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(b"text"))),),
)


def kind(reference: str):  # type: ignore[no-untyped-def]
    return EXTENDED_BODY_PART_TYPES[reference]


def mail(scope: Scope, *parts: BodyPart) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=parts)
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))


def back(scope: Scope, message: Message) -> tuple[BodyPart, ...]:
    return ipm_of_message(message, scope).ipm.body


def wanting(scope: Scope, **body: object) -> Scope:
    policy = replace(scope.context.policy, body=BodyPolicy(**body))  # type: ignore[arg-type]
    return replace(scope, context=replace(scope.context, policy=policy))


TELEX = asn1.decode(bytes.fromhex("A103040161"), BodyPart)
SFD = asn1.decode(bytes.fromhex("AA03040161"), BodyPart)
CARRIED = {
    "1": TELEX,
    "2": BodyPart(voice=VoiceBodyPart(parameters=b"\x31\x00", data=asn1.Bits(octets=octets(b"ab")))),
    "4": BodyPart(g4_class1=(octets(b"\x04\x01a"),)),
    "6": BodyPart(videotex=VideotexBodyPart(parameters=VideotexParameters(syntax=1), data=octets(b"A"))),
    "7": BodyPart(nationally_defined=octets(b"\x04\x01a")),
    "8": BodyPart(encrypted=EncryptedBodyPart(parameters=EncryptedParameters(), data=asn1.Bits(octets=octets(b"ab")))),
    "10": SFD,
    "11": BodyPart(mixed_mode=(octets(b"\x04\x01a"),)),
    "1.2.3.4.5": BodyPart(
        extended=replace(
            extended(kind(oids.ID_MIME_JPEG_BODY), octets(b"x")).extended,  # type: ignore[type-var]
            data=asn1.LargeExternal(
                direct_reference="1.2.3.4.5", encoding=asn1.LargeExternalEncoding(single_asn1_type=octets(b"\x04\x01a"))
            ),
        )
    ),
}
"""RFC 2157 5.4: the types for which no mapping is defined, by their bp-type."""


@pytest.mark.parametrize(("number", "part"), CARRIED.items(), ids=CARRIED)
def test_what_has_no_mapping_is_carried_and_comes_back(number: str, part: BodyPart, scope: Scope) -> None:
    message = mail(scope, part)
    assert (message.content_type.essence, message.content_type.parameters["bp-type"]) == ("application/x400-bp", number)
    assert message.content().to_bytes() == asn1.encode(part)
    assert [asn1.encode(one) for one in back(scope, message)] == [asn1.encode(part)]


def test_the_bracket_form_of_bp_type_is_read(scope: Scope) -> None:
    """RFC 2157 3.2: the example prints dots, the grammar says brackets."""
    part = CARRIED["1.2.3.4.5"]
    text = serialise(mail(scope, part)).to_bytes().replace(b"bp-type=1.2.3.4.5", b'bp-type="(1)(2)(3)(4)(5)"')
    assert [asn1.encode(one) for one in back(scope, parse(text))] == [asn1.encode(part)]


BASIC = [
    BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(repertoire=Repertoire.ITA2), data=octets(b"TELEX"))),
    BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=(octets(b"page"),))),
    BodyPart(g3_facsimile=G3FacsimileBodyPart(parameters=G3FacsimileParameters(), data=(asn1.Bits(octets=octets(b"\x01")),))),
    BodyPart(bilaterally_defined=octets(b"ab")),
    BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=INNER)),
]


@pytest.mark.parametrize("part", BASIC, ids=lambda part: part.chosen)
def test_a_basic_type_in_its_extended_form_is_the_same(part: BodyPart, scope: Scope) -> None:
    """X.420 Annex B; RFC 1496 3.1."""
    one, other = mail(scope, part), mail(scope, extended_of(part))
    assert one.content_type.essence == other.content_type.essence
    assert one.content() == other.content()
    assert types_of(part) == types_of(extended_of(part))


NATIVE = {
    "image/jpeg": extended(kind(oids.ID_MIME_JPEG_BODY), octets(b"\xff\xd8")),
    "image/gif": extended(kind(oids.ID_MIME_GIF_BODY), octets(b"GIF89a")),
    "application/postscript": extended(kind(oids.ID_MIME_POSTSCRIPT_BODY), octets(b"%!PS\r\n")),
    "audio/basic": extended(
        kind(oids.ID_ET_VOICE),
        octets(b"\x7f\xff"),
        VoiceParameters(voice_message_duration=3, voice_encoding_type=oids.ID_VOICE_G711_MU_LAW),
    ),
    "audio/32kadpcm": extended(
        kind(oids.ID_ET_VOICE), octets(b"\x7f\xff"), VoiceParameters(voice_encoding_type=oids.ID_VOICE_G726_32K_ADPCM)
    ),
    "application/pkcs7-mime": extended(
        kind(oids.ID_ET_PKCS7), ContentInfo(content_type="1.2.840.113549.1.7.2", pkcs7_content=octets(b"\x30\x00"))
    ),
}


@pytest.mark.parametrize(("essence", "part"), NATIVE.items(), ids=NATIVE)
def test_a_body_part_that_is_a_type_comes_back_as_one_where_the_peer_asks(essence: str, part: BodyPart, scope: Scope) -> None:
    message = mail(scope, part)
    assert message.content_type.essence == essence
    (again,) = back(wanting(scope, native_parts=True), message)
    assert asn1.encode(again) == asn1.encode(part)
    assert types_of(again) == ipm_of_message(message, wanting(scope, native_parts=True)).body.types
    (carried,) = back(wanting(scope), message)
    assert carried.extended is not None
    assert carried.extended.data.direct_reference == oids.ID_ET_FILE_TRANSFER


def test_voice_of_another_encoding_is_carried(scope: Scope) -> None:
    part = extended(kind(oids.ID_ET_VOICE), octets(b"x"), VoiceParameters(voice_encoding_type=oids.ID_VOICE_CD_QUALITY))
    assert mail(scope, part).content_type.parameters["bp-type"] == oids.ID_ET_VOICE


def test_the_name_of_a_native_part_is_noted(scope: Scope) -> None:
    told = wanting(scope, native_parts=True)
    text = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: image/gif; name=logo.gif\r\n\r\nGIF89a"
    (part,) = back(told, parse(text))
    assert part.extended is not None
    assert part.extended.data.direct_reference == oids.ID_MIME_GIF_BODY
    assert any("logo.gif" in note.text for note in told.notes.taken())


def test_an_oda_document_shows_profile_and_class(scope: Scope) -> None:
    """RFC 1494 7.4."""
    parameters = ODABodyPartParameters(document_application_profile="1.3.16.2.6.0.1", document_architecture_class=2)
    part = extended(kind(ID_ODA_DATA), (octets(b"\xa0\x00"), octets(b"\xa1\x00")))
    given = asn1.LargeExternal(
        direct_reference="2.8.1.0.1", encoding=asn1.LargeExternalEncoding(single_asn1_type=asn1.encode_octets(parameters))
    )
    assert part.extended is not None
    message = mail(scope, BodyPart(extended=replace(part.extended, parameters=given)))
    assert dict(message.content_type.parameters) == {"profile": "Q112", "class": "formatted-processable"}
    assert message.content().to_bytes() == b"\xa0\x00\xa1\x00"


@pytest.mark.parametrize("content_type", [oids.ID_MCT_P2_1984, oids.ID_MCT_P2_1988])
def test_a_forwarded_content_that_is_a_message_is_one(content_type: str, scope: Scope) -> None:
    """X.420 Annex H: any content, here P2 or P22."""
    content = asn1.encode_octets(InformationObject(ipm=INNER))
    part = extended(forwarded_content_type(content_type), content, ForwardedContentParameters())
    message = mail(scope, part)
    assert message.message is not None
    assert message.message.header.value("Subject") == "inner"


def test_another_forwarded_content_is_carried(scope: Scope) -> None:
    part = extended(forwarded_content_type("1.2.3"), octets(b"any"), ForwardedContentParameters())
    assert mail(scope, part).content_type.parameters["bp-type"] == "2.6.1.4.17.1.2.3"


MIME_PART = (
    b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n"
    b'Content-Type: application/x-foo; version="1 2"; a=b\r\nContent-Description: what\r\nX-Own: kept\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nAP8=\r\n--A--\r\n"
)


def test_the_mime_body_part_holds_the_whole_header(scope: Scope) -> None:
    """RFC 2157 3.1.2: type, parameters, other fields; transfer encoding and version are not copied; the type is an EIT."""
    told = wanting(scope, unknown_mime=Carrier.BP15)
    mapped = ipm_of_message(parse(MIME_PART), told)
    part = mapped.ipm.body[0].extended
    assert part is not None
    parameters = parameters_of(part)
    assert parameters.content_type == "application/x-foo"
    assert [(one.parameter, one.parameter_value) for one in parameters.content_parameters] == [("version", "1 2"), ("a", "b")]
    assert parameters.other_header_fields == ("Content-Description: what", "X-Own: kept")
    assert data_of(part).to_bytes() == b"\x00\xff"
    assert mapped.body.types == (oids.ID_MIME_BP_DATA,)
    made = mail(told, *mapped.ipm.body)
    assert (made.content_type.to_text(), made.header.value("X-Own")) == ('application/x-foo; version="1 2"; a=b', "kept")


def test_types_of_a_forwarded_message_are_those_of_its_parts() -> None:
    part = BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=INNER))
    assert types_of(part) == (IA5_TEXT,)
    general = extended(kind(oids.ID_ET_GENERAL_TEXT), octets(b"x"), (6, 100))
    assert types_of(general) == ("1.0.10021.7.1.0.6", "1.0.10021.7.1.0.100")


def test_restored_parts_bring_their_own_types(scope: Scope) -> None:
    message = mail(scope, CARRIED["6"])
    assert ipm_of_message(message, scope).body.types == ("2.6.3.4.6",)


def test_an_extended_part_of_a_basic_type_is_basic_in_1984(scope: Scope) -> None:
    """RFC 1496 3.1; what 1984 does not have goes as HARPOON text."""
    old = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, x400_version=84)))
    assert back(old, mail(scope, extended_of(CARRIED["6"])))[0].videotex is not None
    assert back(old, mail(scope, CARRIED["1.2.3.4.5"]))[0].ia5_text is not None
