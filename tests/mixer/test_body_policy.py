"""What RFC 2157 leaves to the policy of a peer: carriers, body parts without an equivalence, charsets that only name octets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import ConversionError
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.body_policy import BodyPolicy, Carrier, UnknownBody, carried_by
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.mixer.policy import PeerPolicy
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, TeletexBodyPart, TeletexParameters
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, data_of, extended, parameters_of
from gateway.x400.ipm import IPM, Heading, IPMIdentifier

FOO = b"MIME-Version: 1.0\r\nContent-Type: application/x-foo\r\nContent-Transfer-Encoding: base64\r\n\r\nAP8=\r\n"
STREAM = FOO.replace(b"x-foo", b"octet-stream")
VIDEOTEX = b"\xa6\x05\x31\x00\x15\x01A"


def under(scope: Scope, **policy: Any) -> Scope:
    return replace(scope, context=replace(scope.context, policy=PeerPolicy(body=BodyPolicy(**policy))))


def parts(scope: Scope, content: bytes) -> tuple[BodyPart, ...]:
    return ipm_of_message(parse(b"From: a@b.example\r\n" + content), scope).ipm.body


def mail(scope: Scope, *body: BodyPart) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=body)
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))


def videotex() -> BodyPart:
    from gateway import asn1

    return asn1.decode(VIDEOTEX, BodyPart)


@pytest.mark.parametrize("carrier", list(Carrier))
def test_one_carrier_stands_for_both_kinds_of_attachment(carrier: Carrier) -> None:
    found = carried_by(carrier)
    assert (found.octet_stream, found.unknown_mime) == (carrier, carrier)


def test_octets_and_other_types_have_carriers_of_their_own(scope: Scope) -> None:
    mixed = under(scope, octet_stream=Carrier.BP14, unknown_mime=Carrier.FTBP)
    assert parts(mixed, STREAM)[0].chosen == "bilaterally_defined"
    assert parts(mixed, FOO)[0].chosen == "extended"
    assert parts(under(scope, unknown_mime=Carrier.IA5), FOO)[0].chosen == "ia5_text"
    assert parts(under(scope, unknown_mime=Carrier.BP14), FOO)[0].chosen == "bilaterally_defined"


def test_what_has_no_equivalence_can_be_dropped_with_a_marker_either_way(scope: Scope) -> None:
    """RFC 2157 2 step 5."""
    drop = under(scope, unknown_body=UnknownBody.DROP)
    marker = parts(drop, FOO)[0].ia5_text
    assert marker is not None
    assert b"application/x-foo was removed" in marker.data.to_bytes()
    assert "was removed" in "".join(mail(drop, videotex()).text())
    assert len(drop.notes.taken()) >= 2


def test_what_has_no_equivalence_can_reject_the_message_either_way(scope: Scope) -> None:
    reject = under(scope, unknown_body=UnknownBody.REJECT)
    with pytest.raises(ConversionError) as caught:
        parts(reject, FOO)
    assert (caught.value.failure.reason, caught.value.failure.diagnostic) == (2, 8)
    with pytest.raises(ConversionError):
        mail(reject, videotex())
    assert parts(reject, STREAM)[0].chosen == "extended"


def test_text_in_sets_that_nobody_can_read_keeps_its_octets_both_ways(scope: Scope) -> None:
    """RFC 2157 6.2: charset x-iso with the sorted numbers."""
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(b"A\x0eB\x0f\r\n"), (155, 6))
    message = mail(scope, part)
    assert (message.charset, message.content().to_bytes()) == ("x-iso-6-155", b"A\x0eB\x0f\r\n")
    back = ipm_of_message(message, scope).ipm.body[0].extended
    assert back is not None
    assert data_of(back).to_bytes() == b"A\x0eB\x0f\r\n"


def test_teletex_can_keep_its_octets_and_pages(scope: Scope) -> None:
    """RFC 2157 6.7: a form feed is added to every page without one, and divides the pages on the way back."""
    keep = under(scope, teletex_charset="teletex")
    pages = (octets(b"\xc8u"), octets(b"two\x0c"))
    message = mail(keep, BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=pages)))
    assert (message.charset, message.content().to_bytes()) == ("teletex", b"\xc8u\x0ctwo\x0c")
    back = ipm_of_message(message, keep).ipm.body[0].teletex
    assert back is not None
    assert [page.to_bytes() for page in back.data] == [b"\xc8u", b"two"]


def test_a_configured_application_reference_names_a_type_both_ways(scope: Scope) -> None:
    """RFC 2157 3.3."""
    named = under(scope, applications={"1.2.3.4": "application/x-foo"})
    message = mail(named, parts(named, FOO)[0])
    assert message.content_type.essence == "application/x-foo"
    assert mail(under(scope, applications={}), parts(named, FOO)[0]).content_type.essence == "application/x-ftbp.1.2.3.4"


def test_the_charset_of_the_text_names_its_sets(scope: Scope) -> None:
    """RFC 2157 6.2: the table decides, although Latin-1 would have the letter too."""
    head = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-9\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    part = parts(scope, head + b"caf\xe9\r\n")[0].extended
    assert part is not None
    assert frozenset(parameters_of(part)) == {6, 148}
