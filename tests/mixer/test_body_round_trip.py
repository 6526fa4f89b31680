"""Generated MIME structures cross to P22 and back: attachments octet for octet, text character for character, structure by the rules."""

from __future__ import annotations

import base64
import email.message
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.message import Entity, Message, parse, serialise
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.mixer.policy import Context
from gateway.x400.ipm import InformationObject

SUBTYPES = ("mixed", "alternative", "related", "parallel", "digest", "report", "x-own")

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60)
leaves = st.one_of(
    st.tuples(st.just("text/plain; charset=utf-8"), texts.map(lambda text: (text + "\r\nend\r\n").encode())),
    st.tuples(st.sampled_from(["application/x-foo", "image/png", "application/octet-stream", "text/html"]), st.binary(max_size=80)),
)
trees = st.recursive(leaves, lambda inner: st.tuples(st.sampled_from(SUBTYPES), st.lists(inner, min_size=1, max_size=4)), max_leaves=8)


def written(tree: object, depth: int = 0) -> bytes:
    kind, content = tree  # type: ignore[misc]
    if isinstance(content, bytes):
        return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + base64.encodebytes(content)
    mark = f"=_{depth}"
    parts = b"".join(f"--{mark}\r\n".encode() + written(one, depth + 1) + b"\r\n" for one in content)
    return f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode() + parts + f"--{mark}--\r\n".encode()


def shape(item: Entity) -> object:
    if item.content_type.type == "multipart":
        return item.content_type.subtype, [shape(one) for one in item.parts]
    if item.content_type.essence == "text/plain":
        return "text/plain", "".join(item.text())
    return item.content_type.essence, item.content().to_bytes()


def flattened(found: object) -> object:
    """A multipart/mixed of one part at the outermost level leaves no trace (RFC 2157 6.6: the mark may be omitted)."""
    while isinstance(found, tuple) and found[0] == "mixed" and isinstance(found[1], list) and len(found[1]) == 1:
        found = found[1][0]
    return found


def crossed(message: Message, scope: Scope) -> Message:
    """To the octets of a P22 content, and back."""
    content = asn1.encode(InformationObject(ipm=ipm_of_message(message, scope).ipm))
    ipm = asn1.decode(content, InformationObject, limits=asn1.Limits(depth=100)).ipm
    assert ipm is not None
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))


@given(tree=trees)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_structures_come_back_as_they_were(tree: object, context: Context) -> None:
    head = b"From: a@b.example\r\nMIME-Version: 1.0\r\n"
    message = parse(head + written(tree))
    assert flattened(shape(crossed(message, Scope(context=context)))) == flattened(shape(message))


def test_data() -> Iterator[Path]:
    """The messages that Python tests its own email package with (Debian: libpython3.11-testsuite)."""
    for folder in (Path("/usr/lib/python3.11/test/test_email/data"), Path(email.__file__).parent.parent / "test/test_email/data"):
        if folder.is_dir():
            return folder.glob("msg_*.txt")
    return iter(())


MESSAGES = sorted(test_data())
del test_data


@pytest.mark.skipif(not MESSAGES, reason="the test data of Python's email package is not installed")
@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_the_messages_of_pythons_tests_cross_and_settle(path: Path, context: Context) -> None:
    """No exception on any of them; what came back once comes back the same again."""
    once = crossed(parse(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")), Scope(context=context))
    try:
        twice = crossed(once, Scope(context=context))
    except GatewayError as error:
        raise AssertionError("what we wrote ourselves does not cross") from error
    assert shape(twice) == shape(once)
