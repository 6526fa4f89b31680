"""What X.400 octets in a file are: an MTS-APDU, bare or as RTSE wrapped it, bare P2 or P22 content, or a message of EAN (1985).

Content without an envelope gets one made from its heading, so that it can be converted like mail that came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import asn1
from gateway.errors import GatewayError
from gateway.octets import Octets
from gateway.osi.rtse.external import unwrap
from gateway.x400 import mts, p1
from gateway.x400.ipm import IPN, InformationObject, ORDescriptor
from gateway.x400.mts_trace import DomainSuppliedInformation, RoutingAction, TraceInformationElement
from gateway.x400.oraddress import ORName
from gateway.x400.orname import AdministrationDomainName, BuiltInStandardAttributes, CountryName

_EXTERNAL = b"\x28"
_EAN_MAGIC = b"\x01\x00\x01\x01"
_DOMAIN = mts.GlobalDomainIdentifier(
    country_name=CountryName(iso_3166_alpha2_code="XX"), administration_domain_name=AdministrationDomainName(printable=" ")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A message and how its file held it."""

    message: p1.Message
    form: str


def recognise(octets: Octets) -> Recognised | None:
    """The message in some octets; None when they are nothing that X.400 knows.

    Raises:
        GatewayError: They hold a report or a probe.
    """
    if octets.read(0, 4) == _EAN_MAGIC:
        # Peer: EAN keeps magic, offset of the content and total length (4 octets each) before a delivery envelope and the P2,
        # and some of its files have stray octets behind.
        start = int.from_bytes(octets.read(4, 8), "big")
        return _from_content(octets.slice(start), "EAN", mts.BuiltInContentType.INTERPERSONAL_MESSAGING_1984)
    try:
        apdu = unwrap(octets) if octets.read(0, 1) == _EXTERNAL else octets
        found = asn1.decode(apdu, p1.MTSAPDU)
    except GatewayError:
        return _from_content(octets, "P2 or P22 content")
    if found.message is None:
        raise GatewayError(f"the file holds a {found.chosen}; only messages are converted")
    return Recognised(message=found.message, form="MTS-APDU")


def _from_content(
    octets: Octets, form: str, type_: mts.BuiltInContentType = mts.BuiltInContentType.INTERPERSONAL_MESSAGING_1988
) -> Recognised | None:
    try:
        content, used = asn1.decode_prefix(octets, InformationObject)
    except GatewayError:
        return None
    names = _names_of_ipn(content.ipn) if content.ipn is not None else _names_of_ipm(content)
    envelope = _envelope(*names, mts.ContentType(built_in=type_))
    return Recognised(message=p1.Message(envelope=envelope, content=octets.slice(0, used)), form=form)


def _names_of_ipm(content: InformationObject) -> tuple[ORName | None, list[ORName]]:
    assert content.ipm is not None
    heading = content.ipm.heading
    specifiers = (*heading.primary_recipients, *heading.copy_recipients, *(heading.blind_copy_recipients or ()))
    return _formal(heading.originator), [name for each in specifiers if (name := _formal(each.recipient)) is not None]


def _names_of_ipn(ipn: IPN) -> tuple[ORName | None, list[ORName]]:
    user = ipn.subject_ipm.user
    return _formal(ipn.ipn_originator), [user] if user is not None else []


def _formal(descriptor: ORDescriptor | None) -> ORName | None:
    return descriptor.formal_name if descriptor is not None else None


def _envelope(originator: ORName | None, recipients: list[ORName], content_type: mts.ContentType) -> p1.MessageTransferEnvelope:
    nobody = ORName(built_in_standard_attributes=BuiltInStandardAttributes())
    bits = mts.PerRecipientIndicators
    now = datetime.now(UTC).replace(microsecond=0)
    return p1.MessageTransferEnvelope(
        message_identifier=mts.MTSIdentifier(global_domain_identifier=_DOMAIN, local_identifier=f"file.{now:%y%m%d%H%M%S}"),
        originator_name=originator or nobody,
        content_type=content_type,
        trace_information=(
            TraceInformationElement(
                global_domain_identifier=_DOMAIN,
                domain_supplied_information=DomainSuppliedInformation(arrival_time=now, routing_action=RoutingAction.RELAYED),
            ),
        ),
        per_recipient_fields=tuple(
            p1.PerRecipientMessageTransferFields(
                recipient_name=name,
                originally_specified_recipient_number=number,
                per_recipient_indicators=frozenset({bits.RESPONSIBILITY, bits.ORIGINATING_MTA_NON_DELIVERY_REPORT}),
            )
            for number, name in enumerate(recipients or [originator or nobody], 1)
        ),
    )
