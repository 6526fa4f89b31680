"""What the Internet wrote crosses to P1 and comes back: attachments octet for octet, subjects and names character for character.

The messages are made, and what comes back is read, by the standard library: neither our parser nor our writer judges itself.
"""

from __future__ import annotations

import os
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Email
from email.utils import parseaddr

from hypothesis import HealthCheck, given
from hypothesis import settings as limits

from gateway.mixer.policy import PeerPolicy
from tests.corpus.crossing import here, there
from tests.corpus.mime_structures import Structure, structures

EXAMPLES = 1500 if os.environ.get("MIXER_LONG") else 60


def text_of(header: str | None) -> str:
    return str(make_header(decode_header(header or "")))


def shape(part: Email) -> object:
    """The tree of content types."""
    if part.is_multipart():
        return (part.get_content_type(), *(shape(one) for one in part.get_payload()))
    return part.get_content_type()


def contents(message: Email) -> list[tuple[str, str, object]]:
    """Type, file name and content of every leaf: characters of text, octets of anything else."""
    return [(part.get_content_type(), part.get_filename() or "", _content(part)) for part in message.walk() if not part.is_multipart()]


def files(message: Email) -> list[object]:
    """The contents of what is no text."""
    return [content for kind, _, content in contents(message) if not kind.startswith("text/")]


def _content(part: Email) -> object:
    octets = part.get_payload(decode=True)
    if part.get_content_maintype() != "text":
        return octets
    text = octets.decode(part.get_content_charset("us-ascii"), "replace")
    return text.replace("\r\n", "\n")


@limits(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(structure=structures())
def test_a_message_comes_back_as_it_was(structure: Structure) -> None:
    across = there(structure.octets)
    back, sent = here(across.message).email, message_from_bytes(structure.octets)
    # Compared is what was sent: Python's writer drops the blank between two words that it encodes.
    assert text_of(back["Subject"]) == text_of(sent["Subject"])
    assert shape(back) == shape(sent)
    assert contents(back) == contents(sent)
    # A free-form name is a TeletexString of 64 characters (RFC 2156 3.3.4): what it cannot say, the carried field says (5.1.3).
    assert text_of(parseaddr(back["From"])[0]) == text_of(parseaddr(sent["From"])[0])


@limits(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(structure=structures())
def test_by_way_of_a_peer_of_1984_every_octet_of_every_file_comes_back(structure: Structure) -> None:
    across = there(structure.octets, PeerPolicy(x400_version=84))
    assert across.message.envelope.content_type.built_in == 2
    back, sent = here(across.message).email, message_from_bytes(structure.octets)
    assert files(back) == files(sent)
