"""What the audit trail keeps of a conversion: the fields that ICAO Doc 9880 asks of a gateway, besides those of every transfer."""

from __future__ import annotations

from gateway.errors import GatewayError
from gateway.internet.message import Message as InternetMessage
from gateway.journeys.common import Surroundings
from gateway.mixer.eits import text_from_content_type
from gateway.mixer.identifiers import msg_id_from_ipm_identifier, text_from_mts_identifier
from gateway.mixer.messages import information_object
from gateway.mixer.phrases import Language, language_of
from gateway.mixer.rules import Notes
from gateway.mixer.trace import hops_of, text_from_hop
from gateway.x400 import oids
from gateway.x400.ipm import InformationObject
from gateway.x400.p1 import MTSAPDU, Message, Probe


def message_facts(message: Message) -> dict[str, str]:
    """Of a message from X.400 that was converted."""
    envelope = message.envelope
    found = {
        "input_identifier": text_from_mts_identifier(envelope.message_identifier),
        "content_type": text_from_content_type(envelope.content_type),
        "last_trace": text_from_hop(hops_of(envelope.trace_information)[-1]) if envelope.trace_information else "",
        "action": "converted",
    }
    return {name: value for name, value in {**found, **_content_facts(_content(message))}.items() if value}


def _content(message: Message) -> InformationObject | None:
    try:
        return information_object(message.envelope.content_type, message.content, Notes())
    except GatewayError:
        return None


def _content_facts(content: InformationObject | None) -> dict[str, str]:
    if content is None:
        return {}
    if content.ipm is not None:
        this = content.ipm.heading.this_ipm
        return {"ipm_identifier": msg_id_from_ipm_identifier(this), "ipm_local": this.user_relative_identifier}
    if content.ipn is None:
        return {}
    kind = content.ipn.choice.chosen.replace("_fields", "").replace("_", "-")
    return {"notification": kind, "subject_ipm": msg_id_from_ipm_identifier(content.ipn.subject_ipm)}


def internet_facts(message: InternetMessage, apdu: MTSAPDU) -> dict[str, str]:
    """Of an Internet message that was converted."""
    sent = apdu.message
    if sent is None:
        return {}
    found = {
        "input_identifier": message.header.value("Message-ID").strip(),
        "output_identifier": text_from_mts_identifier(sent.envelope.message_identifier),
        "content_type": text_from_content_type(sent.envelope.content_type),
        "last_trace": " ".join(message.header.value("Received").split())[:200],
        "action": "converted",
    }
    return {name: value for name, value in {**found, **_content_facts(_content(sent))}.items() if value}


def report_language(around: Surroundings, subject: Message | Probe) -> Language:
    """The language of a Report: that of the message's heading extension ``languages``, where we write it, else the configured one."""
    manners = around.manners
    if not manners.follow_sender or not isinstance(subject, Message):
        return manners.language
    content = _content(subject)
    extensions = content.ipm.heading.extensions or () if content is not None and content.ipm is not None else ()
    found = next((one.value for one in extensions if one.type_ == oids.ID_HEX_LANGUAGES), None)
    named: tuple[object, ...] = tuple(found) if isinstance(found, tuple | frozenset | list) else ()
    return language_of(str(tag) for tag in named) or manners.language
