"""Bounces from before RFC 3464, in the words of the programs that wrote them; what is not final, or not about us, is none."""

from __future__ import annotations

import pytest

from gateway.internet.bounces import read_bounce
from gateway.internet.message import parse

NOBODY = "nobody@example.org"

QMAIL = """\
Hi. This is the qmail-send program at mail.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<nobody@example.org>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 User unknown
Giving up on 192.0.2.1.

<other@example.net>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <x@gw.example>
<faked@example.org>:
550 in the returned message
"""
SENDMAIL = """\
The original message was received at Mon, 23 Nov 1998 10:00:00 GMT
from gw.example [192.0.2.7]

   ----- The following addresses had permanent fatal errors -----
<nobody@example.org>

   ----- Transcript of session follows -----
... while talking to mail.example.org.:
>>> RCPT To:<nobody@example.org>
<<< 550 <nobody@example.org>... User unknown
550 <nobody@example.org>... User unknown

   ----- Original message follows -----

Subject: hello
"""
EXIM = """\
This message was created automatically by mail delivery software (Exim).

A message that you sent could not be delivered to one or more of its
recipients.
This is a permanent error. The following address(es) failed:

  nobody@example.org
    SMTP error from remote mail server after RCPT TO:<nobody@example.org>:
    host mail.example.org [192.0.2.1]: 552 5.3.4 message too big

------ This is a copy of the message, including all the headers. ------
"""
EXCHANGE = """\
Your message did not reach some or all of the intended recipients.

      Subject:\thello
      Sent:\t11/23/98 10:00:00 AM

The following recipient(s) could not be reached:

      nobody@example.org on 11/23/98 10:00:01 AM
            The recipient name is not recognized
\tThe MTS-ID of the original message is: c=xx;a=test;l=SERVER-981123
            MSEXCH:IMS:Example:Site:SERVER 0 (000C05A6) Unknown Recipient
"""


def bounce(text: str, header: str = "From: MAILER-DAEMON@example.org\r\n"):  # type: ignore[no-untyped-def]
    return parse((header + "\r\n" + text.replace("\n", "\r\n")).encode())


@pytest.mark.parametrize(("text", "status"), [(QMAIL, "5.1.1"), (SENDMAIL, "5.1.1"), (EXIM, "5.3.4"), (EXCHANGE, "5.1.1")])
def test_known_forms(text: str, status: str) -> None:
    found = read_bounce(bounce(text), [NOBODY])
    assert found is not None
    (group,) = found.status.recipients
    final = group.typed("Final-Recipient")
    assert final is not None and (final.type, final.value) == ("rfc822", NOBODY)
    assert (group.action, group.status) == ("failed", status)


def test_the_words_of_the_other_system_are_kept() -> None:
    (group,) = read_bounce(bounce(QMAIL), [NOBODY]).status.recipients
    assert "550 5.1.1 User unknown" in group.typed("Diagnostic-Code").value
    assert group.typed("Diagnostic-Code").type == "smtp"


def test_several_recipients_and_none_but_those_asked_for() -> None:
    found = read_bounce(bounce(QMAIL), [NOBODY, "Other@Example.NET", "faked@example.org"])
    assert [group.typed("Final-Recipient").value for group in found.status.recipients] == [NOBODY, "Other@Example.NET"]
    assert read_bounce(bounce(QMAIL), ["somebody@else.example"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "I am on holiday until Monday. Your mail to nobody@example.org will be read then.\n",
        "The following addresses had permanent fatal errors: nobody@example.org\n",
        SENDMAIL.replace("The original", "**      THIS IS A WARNING MESSAGE ONLY      **\n\nThe original"),
        EXIM.replace("This is a permanent error. The following address(es) failed:", "The message has been delayed for 24 hours:"),
        "",
    ],
)  # fmt: skip
def test_everything_else_is_a_message_like_any_other(text: str) -> None:
    assert read_bounce(bounce(text), [NOBODY]) is None


def test_the_first_part_of_a_multipart_is_read_and_html_is_not() -> None:
    header = 'From: x@y.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    assert read_bounce(bounce(f"--b\n\n{QMAIL}\n--b--\n", header), [NOBODY]) is not None
    html = "From: x@y.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n"
    assert read_bounce(bounce(QMAIL, html), [NOBODY]) is None


def test_hostile_text_takes_no_time() -> None:
    for piece in ("<a@b>:\n", "550 <a@b>... x\n", "   a@b on x\n", "<" * 100):
        text = QMAIL.partition("<nobody")[0] + piece * 20_000
        assert read_bounce(bounce(text), [NOBODY]) is None
