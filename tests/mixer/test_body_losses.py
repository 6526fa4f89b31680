"""Nothing of a MIME entity is lost without a Note: text outside the parts, fields and parameters that a carrier has no place for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.internet.message import parse
from gateway.mixer.body_policy import Carrier, carried_by
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message

MULTIPART = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\nbefore\r\n--A\r\n%s\r\n\r\nx\r\n--A--\r\n%s"
)


def texts(scope: Scope, content: bytes, carrier: Carrier = Carrier.FTBP, version: int = 88) -> list[str]:
    policy = replace(scope.context.policy, body=carried_by(carrier), x400_version=version)
    told = replace(scope, context=replace(scope.context, policy=policy))
    ipm_of_message(parse(b"From: a@b.example\r\n" + content), told)
    return [str(note) for note in told.notes.taken()]


def test_text_before_and_behind_the_parts_is_named(scope: Scope) -> None:
    found = texts(scope, MULTIPART % (b"Content-Type: text/plain", b"after\r\n"))
    assert any("preamble" in one and "before" in one for one in found)
    assert any("epilogue" in one and "after" in one for one in found)


def test_empty_lines_around_the_parts_are_nothing(scope: Scope) -> None:
    assert texts(scope, (MULTIPART % (b"Content-Type: text/plain", b"\r\n")).replace(b"before", b"")) == []


def test_text_around_the_parts_of_a_nested_multipart_is_named(scope: Scope) -> None:
    inner = b'Content-Type: multipart/mixed; boundary=B\r\n\r\ninside\r\n--B\r\n\r\nx\r\n--B--'
    assert any("inside" in one for one in texts(scope, MULTIPART % (inner, b"")))


PARAMETERS = {
    b'Content-Type: application/octet-stream; type=tar; padding="4"': ("type=tar", "padding=4"),
    b"Content-Type: application/x-foo; version=2": ("version=2",),
    b'Content-Type: image/png\r\nContent-Disposition: inline; filename=a.png; size=1; x-thing="y z"': ("a.png", "x-thing=y z", "size=1"),
    b'Content-Type: image/png\r\nContent-Disposition: attachment; creation-date="Fri, 1 Mar 2024 09:00:00 +0000"': ("creation-date",),
}


@pytest.mark.parametrize(("fields", "left"), PARAMETERS.items())
def test_what_body_part_14_cannot_hold_is_named(fields: bytes, left: tuple[str, ...], scope: Scope) -> None:
    found = texts(scope, MULTIPART % (fields, b""), Carrier.BP14)
    assert all(any(one in text for text in found) for one in left)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        (b"Content-Type: application/octet-stream; padding=4; name=a.bin", "padding=4"),
        (b"Content-Type: image/jpeg; x-quality=9", "x-quality=9"),
        (b"Content-Type: image/jpeg\r\nContent-Disposition: attachment; filename=a.jpg; x-thing=y", "x-thing=y"),
        (b"Content-Type: image/jpeg\r\nContent-Disposition: inline; filename=a.jpg", "'inline' comes back as attachment"),
        (b"Content-Type: image/g3fax\r\nX-Of-The-Part: why", "why"),
    ],
)
def test_what_a_file_of_a_known_type_or_a_fax_cannot_hold_is_named(fields: bytes, left: str, scope: Scope) -> None:
    assert any(left in text for text in texts(scope, MULTIPART % (fields, b"")))


def test_fields_of_a_part_that_harpoon_leaves_out_are_named(scope: Scope) -> None:
    found = texts(scope, MULTIPART % (b"Content-Type: application/x-foo\r\nX-Of-The-Part: why", b""), version=84)
    assert any("X-Of-The-Part" in one for one in found)


def test_a_tunnel_loses_nothing(scope: Scope) -> None:
    """RFC 2157 3.1.1 and 3.1.2: all fields of the part travel."""
    fields = b"Content-Type: application/x-foo; version=2\r\nContent-Disposition: inline; x-thing=y\r\nX-Of-The-Part: why"
    for carrier in (Carrier.FTBP, Carrier.BP15):
        assert not any("dropped" in one for one in texts(scope, (MULTIPART % (fields, b"")).replace(b"before", b""), carrier))
