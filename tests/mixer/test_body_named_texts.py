"""A text part with a file name is a file: name and characters come back, whatever its character set (FIELD row 9)."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from gateway.internet.message import parse, serialise
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm

TEXTS = {
    "us-ascii": "plain\n", "iso-8859-1": "Grüße\n", "iso-8859-5": "Привет\n", "iso-8859-7": "αβγ\n", "iso-8859-15": "5 €\n",
    "windows-1252": "“5 €”\n", "koi8-r": "Привет\n", "iso-2022-jp": "日本語\n", "shift_jis": "日本語\n", "utf-8": "Привет, 日本 😀\n",
    "utf-16": "both\n",
}  # fmt: skip
NAMES = ["notes.txt", "Übersicht 1.txt", "日本.txt"]


def with_file(charset: str, name: str, disposition: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "a@example.org", "Jane.Doe@widget.example"
    message.set_content("See the file.\n")
    message.add_attachment(TEXTS[charset].encode(charset), maintype="text", subtype="plain", filename=name, disposition=disposition or None)
    part = message.get_payload()[1]
    part.set_param("charset", charset)
    if not disposition:
        del part["Content-Disposition"]
        part.set_param("name", name)
    return message.as_bytes()


@pytest.mark.parametrize("disposition", ["attachment", "inline", ""])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("charset", TEXTS)
def test_name_and_characters_come_back(charset: str, name: str, disposition: str, scope: Scope) -> None:
    ipm = ipm_of_message(parse(with_file(charset, name, disposition)), scope).ipm
    back = message_from_bytes(serialise(message_of_ipm(ipm, scope, defaults=[("From", "a@b.example")])).to_bytes(), policy=policy.default)
    part = list(back.iter_attachments())[-1]
    assert part.get_filename() == name
    assert part.get_content_type() == "text/plain"
    octets = part.get_payload(decode=True)
    assert octets.decode(part.get_content_charset()).replace("\r\n", "\n") == TEXTS[charset]


def test_a_body_that_is_only_a_named_text_stays_readable(scope: Scope) -> None:
    raw = b"MIME-Version: 1.0\r\nContent-Type: text/plain; name=body.txt\r\n\r\nHello\r\n"
    assert ipm_of_message(parse(raw), scope).ipm.body[0].ia5_text is not None
