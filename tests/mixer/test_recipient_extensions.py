"""What X.420 7.1.3 lets an originator say of one recipient, and no header field can: it is named (RFC 2156 5.3.4)."""

from __future__ import annotations

from dataclasses import replace

from gateway import asn1
from gateway.mixer.descriptors import Scope, text_from_specifiers
from gateway.x400.ipms_fields import IPMSExtension, ORDescriptor, RecipientSpecifier
from gateway.x400.oraddress import ORAddress, orname_from_oraddress

JANE = RecipientSpecifier(
    recipient=ORDescriptor(formal_name=orname_from_oraddress(ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", surname="Doe")))
)


def test_extensions_of_a_recipient_are_noted_by_their_identifiers(scope: Scope) -> None:
    marked = replace(JANE, recipient_extensions=(IPMSExtension(type_="1.2.3.4", value=asn1.NULL),))
    assert text_from_specifiers((JANE, marked), scope) == "Doe@widget.example, Doe@widget.example"
    assert [(note.rule, note.text) for note in scope.notes.taken()] == [
        ("recipient-extensions", "of a recipient were dropped: (1)(2)(3)(4)"),
    ]
