"""Everything of the gateway that reads what strangers write: decoders, parsers, state machines, and the conversions behind them.

A target takes octets and returns, or raises a `GatewayError`; anything else is a fault of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from gateway import asn1
from gateway.cli.decoding import decoded
from gateway.internet import fields, message
from gateway.internet.addresses import parse_addresses
from gateway.internet.dsn import read_delivery_report
from gateway.internet.mdn import read_disposition_report
from gateway.mixer import mcgam
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.convert import message_to_internet, message_to_x400, report_to_internet
from gateway.mixer.stdor import from_text, to_text
from gateway.octets import MemoryOctets
from gateway.osi.acse_types import ACSEapdu
from gateway.osi.presentation_types import CPAPPDU, CPRPPDU, AbortType, CPType, UserData
from gateway.osi.rtse.apdu import RTSEapdus
from gateway.osi.session.reader import TSDUReader
from gateway.osi.stack import Stack
from gateway.osi.tpdu import decode_tpdu, encode_tpdu
from gateway.osi.tpkt import TPKTReader
from gateway.smtp.parameters import Offer, parse_mail, parse_rcpt
from gateway.x400 import bodyparts, p1
from gateway.x400.charsets import text_from_general, text_from_t61
from gateway.x400.ipm import InformationObject
from gateway.x400.orname import ORName
from tests.corpus.crossing import ENVELOPE, FAR, NEAR
from tests.osi.stack_pair import Side, default_answers, opening_request

Target = Callable[[bytes], object]
_NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
_OFFER: Final = Offer(size_limit=1 << 20, hostname="gw.example", deliver_by=True, mt_priority=True, future_release=True, authorised=True)


def _type(kind: Any) -> Target:
    """A type of ASN.1: what decodes can be printed, and encodes to what decodes to the same value."""

    def run(octets: bytes) -> None:
        value = asn1.decode(octets, kind)
        asn1.to_notation(value)
        again = asn1.encode(value, strict=False)
        assert asn1.decode(again, kind) == value

    return run


def _tpkt(octets: bytes) -> None:
    reader = TPKTReader()
    for at in range(0, len(octets), 7):
        reader.receive_data(octets[at : at + 7])
        while reader.next_packet() is not None:
            pass


def _tpdu(octets: bytes) -> None:
    found = decode_tpdu(octets)
    assert decode_tpdu(encode_tpdu(found)) == found


def _spdus(octets: bytes) -> None:
    reader = TSDUReader(limit=1 << 20)
    reader.receive(octets, end=True)
    while reader.next() is not None:
        pass


def _run(stack: Stack, octets: bytes) -> None:
    """A stack and a user who answers everything; it may end in any state, but it must not raise, nor speak after it closed."""
    side = Side(stack, default_answers())
    stack.start(1000.0)
    for at in range(0, len(octets), 100):
        stack.receive_data(octets[at : at + 100])
        side.pull()
        stack.data_to_send()
    stack.receive_eof()
    side.pull()
    stack.data_to_send()
    assert stack.closed


def _responder(octets: bytes) -> None:
    _run(Stack.responder(), octets)


def _initiator(octets: bytes) -> None:
    _run(Stack.initiator(opening_request()), octets)


def _mime(octets: bytes) -> None:
    found = message.parse(octets)
    for field in found.header:
        parse_addresses(field.value)
        fields.decode_text(field.value)
    read_delivery_report(found)
    read_disposition_report(found)


def _crosses_to_x400(octets: bytes) -> None:
    made = message_to_x400(message.parse(octets), ENVELOPE, [1], NEAR).result
    written = asn1.encode_octets(made)
    assert asn1.decode(written, p1.MTSAPDU) is not None


def _crosses_to_internet(octets: bytes) -> None:
    apdu = asn1.decode(MemoryOctets(octets), p1.MTSAPDU)
    if apdu.message is not None:
        places = range(1, len(apdu.message.envelope.per_recipient_fields) + 1)
        written = message_to_internet(apdu.message, places, FAR).result.message.to_bytes()
        _check_lines(written)
    if apdu.report is not None:
        report_to_internet(apdu.report, FAR)


def _check_lines(written: bytes) -> None:
    """Lines end with CR LF, no other control character makes one, and none is longer than RFC 5322 2.1.1 allows."""
    assert b"\0" not in written
    header = written.partition(b"\r\n\r\n")[0]
    assert b"\n" not in header.replace(b"\r\n", b"")
    assert b"\r" not in header.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in header.split(b"\r\n"))


def _oraddress(octets: bytes) -> None:
    address = from_text(octets.decode("utf-8", "replace"))
    from_text(to_text(address))
    _check_mailbox(oraddress_to_mailbox(address, NEAR.settings, Role.RECIPIENT).result.address)


def _mailbox(octets: bytes) -> None:
    address = mailbox_to_oraddress(octets.decode("utf-8", "replace"), NEAR.settings, Role.RECIPIENT).result
    _check_mailbox(oraddress_to_mailbox(address, FAR.settings, Role.RECIPIENT).result.address)


def _check_mailbox(address: str) -> None:
    assert not set(address) & set("\r\n\0")


def _table(octets: bytes) -> None:
    mcgam.load({"domain-to-oraddress": [("map2", octets.decode("utf-8", "replace"))]})


def _smtp(octets: bytes) -> None:
    text = octets.decode("ascii", "surrogateescape")
    parse_mail(text, _OFFER, _NOW) if octets[:1] in b"Ff" else parse_rcpt(text, _OFFER, utf8=True)


def _dump(octets: bytes) -> None:
    list(decoded(MemoryOctets(octets)))


TARGETS: Final[dict[str, Target]] = {
    "tpkt": _tpkt,
    "tpdu": _tpdu,
    "tsdu": _spdus,
    "cp": _type(CPType),
    "cpa": _type(CPAPPDU),
    "cpr": _type(CPRPPDU),
    "abort": _type(AbortType),
    "user-data": _type(UserData),
    "acse": _type(ACSEapdu),
    "rtse": _type(RTSEapdus),
    "responder": _responder,
    "initiator": _initiator,
    "mts-apdu": _type(p1.MTSAPDU),
    "content": _type(InformationObject),
    "body-part": _type(bodyparts.BodyPart),
    "or-name": _type(ORName),
    "teletex": lambda octets: text_from_t61(octets),
    "general-text": lambda octets: text_from_general(octets),
    "to-internet": _crosses_to_internet,
    "to-x400": _crosses_to_x400,
    "mime": _mime,
    "or-address": _oraddress,
    "mailbox": _mailbox,
    "table": _table,
    "smtp": _smtp,
    "dump": _dump,
}
"""Each target has a folder of its name in ``corpus``."""
