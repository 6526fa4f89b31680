"""The messages with which Python tests its own `email` package cross to P1 and back: real mail, spam, and mail that is broken on purpose.

They come with the Debian package ``libpython3.11-testsuite``.
"""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message as Email
from pathlib import Path

import pytest

from tests.corpus.crossing import here, there
from tests.corpus.test_mime_round_trip import text_of
from tests.shared import required

pytestmark = pytest.mark.peer

FOLDER = Path("/usr/lib/python3.11/test/test_email/data")
MESSAGES = [f"msg_{number}.txt" for number in ("12a", *(f"{each:02}" for each in range(1, 47)))]
BROKEN = {
    "msg_05.txt": "the header of its second part is no header",
    "msg_15.txt": "a nested multipart never begins",
    "msg_37.txt": "a multipart inside a multipart has the same boundary",
    "msg_39.txt": "boundaries that begin like each other",
}
"""Broken MIME, in which two readers may see different parts; it still crosses, and nothing is refused."""


@pytest.fixture(params=MESSAGES)
def raw(request: pytest.FixtureRequest) -> bytes:
    """One message with the line ends of the wire."""
    if not FOLDER.is_dir():
        (pytest.fail if required("peers") else pytest.skip)("the Debian package libpython3.11-testsuite is not installed")
    return (FOLDER / request.param).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def leaves(message: Email) -> list[bytes]:
    """Contents of all parts that have any; blanks at line ends and empty last lines are not promised (RFC 2045 6.7).

    Text parts without text are left out for the peers that refuse them (IC-090), with a Note.
    """
    parts = [part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart()]
    return [text for part in parts if (text := b"\n".join(line.rstrip() for line in part.splitlines()).strip())]


def test_it_comes_back_with_every_part(raw: bytes, request: pytest.FixtureRequest) -> None:
    across = there(raw)
    back, sent = here(across.message), message_from_bytes(raw)
    assert not back.email.defects or sent.defects
    assert _unfolded(text_of(back.email["Subject"])) == _unfolded(text_of(sent["Subject"]))
    if request.node.callspec.params["raw"] not in BROKEN:
        assert leaves(back.email) == leaves(sent)
    again = there(back.octets)
    assert leaves(here(again.message).email) == leaves(back.email)


def _unfolded(text: str) -> str:
    return " ".join(text.split())
