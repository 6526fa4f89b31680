"""A small P1 envelope, close enough to X.411 to carry every construct that the codec must know."""

from __future__ import annotations

from enum import IntEnum

from gateway import asn1
from gateway.octets import Octets


class Priority(IntEnum):
    NORMAL = 0
    NON_URGENT = 1
    URGENT = 2


class Indicator(IntEnum):
    RESPONSIBILITY = 0
    ORIGINATING_MTA_REPORT = 1
    ORIGINATOR_REPORT = 3


@asn1.choice(tag=asn1.application(1))
class CountryName(asn1.Choice):
    x121_dcc_code: str | None = asn1.alternative(asn1.NumericString(size=3))
    iso_3166_alpha2_code: str | None = asn1.alternative(asn1.PrintableString(size=2))


@asn1.choice(tag=asn1.application(2))
class ADMD(asn1.Choice):
    numeric: str | None = asn1.alternative(asn1.NumericString(size=(0, 16)))
    printable: str | None = asn1.alternative(asn1.PrintableString(size=(0, 16)))


@asn1.choice()
class PRMD(asn1.Choice):
    numeric: str | None = asn1.alternative(asn1.NumericString(size=(1, 16)))
    printable: str | None = asn1.alternative(asn1.PrintableString(size=(1, 16)))


@asn1.set_()
class PersonalName(asn1.Members):
    surname: str = asn1.member(asn1.PrintableString(size=(1, 40)), tag=asn1.context(0))
    given_name: str | None = asn1.member(asn1.PrintableString(size=(1, 16)), tag=asn1.context(1), optional=True)


@asn1.sequence()
class StandardAttributes(asn1.Members):
    country_name: CountryName | None = asn1.member(CountryName, optional=True)
    administration_domain_name: ADMD | None = asn1.member(ADMD, optional=True)
    private_domain_name: PRMD | None = asn1.member(PRMD, tag=asn1.context(2), optional=True)
    organization_name: str | None = asn1.member(asn1.PrintableString(size=(1, 64)), tag=asn1.context(3), optional=True)
    personal_name: PersonalName | None = asn1.member(PersonalName, tag=asn1.context(5), optional=True)
    units: tuple[str, ...] | None = asn1.member(
        asn1.SequenceOf(asn1.PrintableString(size=(1, 32)), size=(1, 4)), tag=asn1.context(6), optional=True
    )


@asn1.sequence()
class DomainDefined:
    type_: str = asn1.member(asn1.PrintableString(size=(1, 8)))
    value: str = asn1.member(asn1.PrintableString(size=(1, 128)))


EXTENSION_ATTRIBUTES: dict[int, asn1.ElementLike] = {1: asn1.PrintableString(size=(1, 64)), 2: asn1.TeletexString(size=(1, 64))}


@asn1.sequence()
class ExtensionAttribute:
    extension_attribute_type: int = asn1.member(asn1.Integer(range=(0, 256)), tag=asn1.context(0))
    extension_attribute_value: object = asn1.member(
        asn1.OpenType(key="extension_attribute_type", registry=EXTENSION_ATTRIBUTES.get), tag=asn1.context(1)
    )


@asn1.sequence(tag=asn1.application(0))
class ORName(asn1.Members):
    standard_attributes: StandardAttributes = asn1.member(StandardAttributes)
    domain_defined: tuple[DomainDefined, ...] = asn1.member(asn1.SequenceOf(DomainDefined), default=())
    extension_attributes: tuple[ExtensionAttribute, ...] = asn1.member(asn1.SetOf(ExtensionAttribute), default=())


@asn1.sequence(tag=asn1.application(3))
class GlobalDomainIdentifier:
    country_name: CountryName = asn1.member(CountryName)
    administration_domain_name: ADMD = asn1.member(ADMD)
    private_domain_identifier: PRMD | None = asn1.member(PRMD, optional=True)


@asn1.sequence(tag=asn1.application(4))
class MTSIdentifier:
    global_domain_identifier: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
    local_identifier: str = asn1.member(asn1.IA5String(size=(1, 32)))


@asn1.choice()
class ExtensionType(asn1.Choice):
    standard_extension: int | None = asn1.alternative(asn1.Integer(), tag=asn1.context(0))
    private_extension: str | None = asn1.alternative(asn1.ObjectIdentifier(), tag=asn1.context(3))


@asn1.choice()
class DraftExtensionType(asn1.Choice):
    standard: int | None = asn1.alternative(asn1.Integer())
    private: str | None = asn1.alternative(asn1.ObjectIdentifier())


EXTENSION_TYPE = asn1.Variants(
    ExtensionType,
    draft=asn1.Variant(
        asn1.tagged(DraftExtensionType, asn1.context(0)),
        lambda draft: ExtensionType(standard_extension=draft.standard, private_extension=draft.private),
        lambda main: DraftExtensionType(standard=main.standard_extension, private=main.private_extension),
    ),
)


def extension_value(type_: ExtensionType) -> asn1.ElementLike | None:
    return {4: asn1.Enumerated(Priority), 5: asn1.UTCTime(), 2: ORName}.get(type_.standard_extension or 0)


@asn1.sequence()
class ExtensionField:
    type_: ExtensionType = asn1.member(EXTENSION_TYPE)
    criticality: frozenset[int] = asn1.member(asn1.NamedBitString(Indicator), tag=asn1.context(1), default=frozenset())
    value: object = asn1.member(asn1.OpenType(key="type_", registry=extension_value), tag=asn1.context(2), default=asn1.NULL)


@asn1.set_()
class Recipient(asn1.Members):
    recipient_name: ORName = asn1.member(ORName)
    originally_specified_recipient_number: int = asn1.member(asn1.Integer(range=(1, 32767)), tag=asn1.context(0))
    per_recipient_indicators: frozenset[int] = asn1.member(asn1.NamedBitString(Indicator, size=(8, 256)), tag=asn1.context(1))
    actual_recipient_name: ORName | None = asn1.member(ORName, tag=asn1.context(4), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(asn1.SetOf(ExtensionField), tag=asn1.context(3), default=())


@asn1.choice()
class ContentType(asn1.Choice):
    built_in: int | None = asn1.alternative(asn1.Integer(), tag=asn1.application(6))
    extended: str | None = asn1.alternative(asn1.ObjectIdentifier())


@asn1.set_()
class Envelope(asn1.Members):
    message_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    originator_name: ORName = asn1.member(ORName)
    content_type: ContentType = asn1.member(ContentType)
    priority: Priority = asn1.member(asn1.Enumerated(Priority, tag=asn1.application(7)), default=Priority.NORMAL)
    arrival: object = asn1.member(asn1.UTCTime, tag=asn1.context(1), optional=True)
    recipients: tuple[Recipient, ...] = asn1.member(asn1.SequenceOf(Recipient, size=(1, 32767)), tag=asn1.context(2))


@asn1.sequence()
class Message(asn1.Members):
    envelope: Envelope = asn1.member(Envelope)
    content: Octets = asn1.member(asn1.LargeOctetString())


@asn1.choice()
class APDU(asn1.Choice):
    message: Message | None = asn1.alternative(Message, tag=asn1.context(0))
    probe: Envelope | None = asn1.alternative(Envelope, tag=asn1.context(2))


def name(surname: str, **more: object) -> ORName:
    attributes = StandardAttributes(
        country_name=CountryName(iso_3166_alpha2_code="GB"),
        administration_domain_name=ADMD(printable="GOLD 400"),
        private_domain_name=PRMD(printable="Widget"),
        personal_name=PersonalName(surname=surname, given_name="Ann"),
        units=("Sales", "North"),
    )
    return ORName(standard_attributes=attributes, **more)  # type: ignore[arg-type]


def message(content: Octets | bytes, recipients: int = 1) -> APDU:
    domain = GlobalDomainIdentifier(
        country_name=CountryName(iso_3166_alpha2_code="GB"),
        administration_domain_name=ADMD(printable="GOLD 400"),
        private_domain_identifier=PRMD(numeric="42"),
    )
    extensions = (
        ExtensionField(type_=ExtensionType(standard_extension=4), criticality=frozenset((0,)), value=Priority.NON_URGENT),
        ExtensionField(type_=ExtensionType(private_extension="1.3.26.0.4406.0"), value=asn1.Raw(b"\x08\x00")),
        ExtensionField(type_=ExtensionType(standard_extension=99)),
    )
    envelope = Envelope(
        message_identifier=MTSIdentifier(global_domain_identifier=domain, local_identifier="<1@x>"),
        originator_name=name("Jones", domain_defined=(DomainDefined(type_="RFC-822", value="a(a)b"),)),
        content_type=ContentType(built_in=22),
        priority=Priority.URGENT,
        recipients=tuple(
            Recipient(
                recipient_name=name("Smith", extension_attributes=(_common_name(),)),
                originally_specified_recipient_number=number + 1,
                per_recipient_indicators=frozenset((Indicator.RESPONSIBILITY, Indicator.ORIGINATOR_REPORT)),
                actual_recipient_name=name("Other"),
                extensions=extensions,
            )
            for number in range(recipients)
        ),
    )
    return APDU(message=Message(envelope=envelope, content=content))  # type: ignore[arg-type]


def _common_name() -> ExtensionAttribute:
    return ExtensionAttribute(extension_attribute_type=1, extension_attribute_value="A. Smith")
