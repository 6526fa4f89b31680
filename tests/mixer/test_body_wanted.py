"""Wanted-X400-Conversion (RFC 2157 4.1), and the letter of RFC 2157 where practice differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.internet.message import parse
from gateway.mixer.body_policy import BodyPolicy
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extended_bodyparts import parameters_of

HEAD = "From: a@b.example\r\nMIME-Version: 1.0\r\n"
WORD = "Content-Type: application/msword\r\n{}Content-Transfer-Encoding: base64\r\n\r\n0M8=\r\n"
WISH = "Wanted-X400-Conversion: {}\r\n"


def parts(scope: Scope, text: str) -> tuple[BodyPart, ...]:
    return ipm_of_message(parse((HEAD + text).encode()), scope).ipm.body


def kind_of(part: BodyPart) -> str:
    return (part.extended.data.direct_reference or "") if part.extended is not None else part.chosen


def multipart(fields: str, *children: str) -> str:
    body = "".join(f"--A\r\n{one}" for one in children)
    return f"Content-Type: multipart/mixed; boundary=A\r\n{fields}\r\n{body}--A--\r\n"


@pytest.mark.parametrize(
    ("wish", "kind"),
    [
        ("in bp14", "bilaterally_defined"),
        ("IN BP14 (please)", "bilaterally_defined"),
        ("in ia5", "ia5_text"),
        ("to tunnel in bp15", oids.ID_MIME_BP_DATA),
        ("to tunnel in ftbp", oids.ID_ET_FILE_TRANSFER),
        ("to 1.3.6.1.7.1.2.1.3 in bp15", oids.ID_MIME_JPEG_BODY),
        ("from application/msword to 1.2.840.113556.4.2 in ftbp", oids.ID_ET_FILE_TRANSFER),
    ],
)
def test_a_part_becomes_what_its_own_field_says(wish: str, kind: str, scope: Scope) -> None:
    assert kind_of(parts(scope, WORD.format(WISH.format(wish)))[0]) == kind


def test_the_identifier_is_the_application_reference(scope: Scope) -> None:
    part = parts(scope, WORD.format(WISH.format("to 1.2.3 (ours) in ftbp")))[0].extended
    assert part is not None
    assert parameters_of(part).environment.application_reference.registered_identifier == "1.2.3"


def test_a_multipart_speaks_for_the_parts_in_it_however_deep(scope: Scope) -> None:
    inner = multipart("", WORD.format("")).replace("=A", "=B").replace("--A", "--B")
    wish = WISH.format("from application/msword in bp14")
    nested, plain = parts(scope, multipart(wish, inner, WORD.format("").replace("msword", "x-foo")))
    assert nested.message is not None
    assert nested.message.data.body[0].bilaterally_defined is not None
    assert kind_of(plain) == oids.ID_ET_FILE_TRANSFER


def test_the_field_of_a_part_takes_precedence(scope: Scope) -> None:
    wish = WISH.format("from application/msword in bp14")
    (part,) = parts(scope, multipart(wish, WORD.format(WISH.format("in ia5"))))
    assert part.ia5_text is not None


@pytest.mark.parametrize("wish", ["in bp16", "to in bp14", "nonsense", "from x in bp14", "to " + "1." * 300 + " in ftbp", ""])
def test_what_is_not_understood_is_noted_and_ignored(wish: str, scope: Scope) -> None:
    assert kind_of(parts(scope, WORD.format(WISH.format(wish)))[0]) == oids.ID_ET_FILE_TRANSFER
    assert any("is not understood" in note.text for note in scope.notes.taken())


def test_a_1984_peer_gets_nothing_that_it_does_not_have(scope: Scope) -> None:
    old = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, x400_version=84)))
    assert parts(old, WORD.format(WISH.format("to tunnel in ftbp")))[-1].ia5_text is not None
    assert parts(old, WORD.format(WISH.format("in bp14")))[-1].bilaterally_defined is not None


def test_the_letter_keeps_the_path_of_a_file_name(scope: Scope) -> None:
    """2.3.2: no special significance is assumed for / and \\; by default a bare name goes out."""
    text = "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=/etc/passwd\r\n\r\nx"
    letter = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(strict_bodies=True))))
    for told, name in ((scope, b"passwd"), (letter, b"/etc/passwd")):
        part = parts(told, text)[0].extended
        assert part is not None
        assert parameters_of(part).file_attributes.pathname.incomplete_pathname == (name,)
