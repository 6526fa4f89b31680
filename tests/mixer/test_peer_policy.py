"""What the policy of a peer changes outside bodies: 1984, the heading extension, names of people, carriers towards 1984."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.internet.message import parse
from gateway.mixer.body_policy import Carrier, carried_by
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import MappedMessage, ipm_of_message
from gateway.mixer.policy import PeerPolicy

HEADER = b"From: Anna Berg <a@widget.example>\r\nTo: b@widget.example\r\nX-Mood: fine\r\nMIME-Version: 1.0\r\n"
FILE = HEADER + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAP8=\r\n"
TEXT = HEADER + b"Content-Type: text/plain; charset=us-ascii\r\n\r\nHello\r\n"


def mapped(scope: Scope, content: bytes, policy: PeerPolicy) -> MappedMessage:
    return ipm_of_message(parse(content), replace(scope, context=replace(scope.context, policy=policy)))


def test_body_part_14_goes_to_1984_systems_in_p2(scope: Scope) -> None:
    """X.420 has it from 1988 on; those 1984 systems that take it expect it in content type 2 (Q105527)."""
    found = mapped(scope, FILE, PeerPolicy(x400_version=84, body=carried_by(Carrier.BP14)))
    assert found.content_type.value == 2
    assert [part.chosen for part in found.ipm.body] == ["ia5_text", "bilaterally_defined"]


@pytest.mark.parametrize("carrier", [Carrier.FTBP, Carrier.BP15, Carrier.IA5])
def test_every_other_carrier_is_text_to_1984_systems(scope: Scope, carrier: Carrier) -> None:
    """RFC 2157 3.1.3 (HARPOON): extended body parts came with 1988."""
    found = mapped(scope, FILE, PeerPolicy(x400_version=84, body=carried_by(carrier)))
    assert [part.chosen for part in found.ipm.body] == ["ia5_text", "ia5_text"]
    text = found.ipm.body[1].ia5_text
    assert text is not None and text.data.to_bytes().startswith(b"MIME-Version: 1.0")


def test_fields_go_as_a_first_text_where_the_heading_extension_is_refused(scope: Scope) -> None:
    """Q161948: Exchange 4.0 returned messages with it."""
    with_it, without = (mapped(scope, TEXT, PeerPolicy(heading_extension=each)).ipm for each in (True, False))
    assert with_it.heading.extensions and len(with_it.body) == 1
    assert not without.heading.extensions and len(without.body) == 2
    first = without.body[0].ia5_text
    assert first is not None and b"X-Mood: fine" in first.data.to_bytes()


def test_names_of_people_can_be_left_out_and_that_is_noted(scope: Scope) -> None:
    """Q161946: Sprint takes no free-form names."""
    found = mapped(scope, TEXT, PeerPolicy(free_form_names=False)).ipm.heading.originator
    assert found is not None and found.formal_name is not None and found.free_form_name is None
    assert any("Anna Berg" in note.text for note in scope.notes.taken())
