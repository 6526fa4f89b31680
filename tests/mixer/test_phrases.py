"""Reports in English and German: the structure of RFC 2156 stays, the words follow the configuration or the sender."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.errors import Failure
from gateway.internet.dsn import read_delivery_report
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.mixer.phrases import Language, language_of, phrases
from gateway.mixer.policy import Context
from gateway.mixer.reports import dsn_for_internet
from gateway.mixer.results import ReportedOutcome
from gateway.mixer.text import is_printable

UNKNOWN = Failure(reason=1, diagnostic=0, smtp_code=550, status="5.1.1", text="mail.example.org said: 550 nobody")
ORIGINAL = parse(b"From: ann@widget.example\r\nMessage-ID: <m@widget.example>\r\n\r\nx\r\n")


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        (["de"], Language.GERMAN), (["de-CH", "en"], Language.GERMAN), (["en-GB;q=0.8", " de;q=0.9"], Language.GERMAN),
        (["fr", "en"], Language.ENGLISH), (["de;q=0", "en;q=0.1"], Language.ENGLISH), (["fr", "x-klingon"], None), ([""], None),
        (["de;q=many"], Language.GERMAN),
    ],
)  # fmt: skip
def test_the_language_that_the_sender_likes_best_of_those_we_write(tags: list[str], language: Language | None) -> None:
    assert language_of(tags) is language


def test_what_goes_into_p1_is_printable_in_every_language() -> None:
    for language in Language:
        say = phrases(language)
        for name in (field.name for field in fields(say) if field.name.startswith("p1_")):
            assert is_printable(getattr(say, name).format(gateway="gw.example", text="x").replace(";", ",")), name


def dsn(context: Context, outcome: ReportedOutcome, language: Language, notify: str = "FAILURE,DELAY,SUCCESS"):  # type: ignore[no-untyped-def]
    recipient = SmtpRecipient(address="bob@x400.example", notify=frozenset(notify.split(",")))
    envelope = SmtpEnvelope(reverse_path="ann@widget.example", recipients=(recipient,))
    conversion = dsn_for_internet(envelope, ORIGINAL, {1: outcome}, context, language)
    return None if conversion is None else parse(conversion.result.message)


def text_of(message) -> str:  # type: ignore[no-untyped-def]
    return message.parts[0].content().to_bytes().decode()


def test_german_words_around_the_same_fields(context: Context) -> None:
    english, german = (dsn(context, ReportedOutcome(failure=UNKNOWN), language) for language in (Language.ENGLISH, Language.GERMAN))
    assert "Your message was not delivered to:" in text_of(english) and "there is no such address" in text_of(english)
    assert "Ihre Nachricht wurde nicht zugestellt an:" in text_of(german) and "diese Adresse gibt es nicht" in text_of(german)
    for message in (english, german):
        assert "X.411: unable-to-transfer, unrecognised-OR-name" in text_of(message)
        (group,) = read_delivery_report(message).status.recipients
        assert (group.action, group.status) == ("failed", "5.1.1")


def test_a_delay_is_a_warning_and_only_for_who_asked(context: Context) -> None:
    """RFC 3464 2.3.3, 2.3.9; RFC 3461 4.1."""
    until = datetime(2026, 11, 28, 12, tzinfo=UTC)
    late = ReportedOutcome(failure=replace(UNKNOWN, reason=0, diagnostic=None, status="5.4.4"), trying_until=until)
    message = dsn(context, late, Language.ENGLISH)
    (group,) = read_delivery_report(message).status.recipients
    assert (group.action, group.status) == ("delayed", "4.4.4")
    assert group.date("Will-Retry-Until") - until < timedelta(seconds=1)
    assert "you need not send the message again" in text_of(message)
    assert message.header.value("Subject") == "Delivery-Report (delay)"
    for notify in ("FAILURE", "SUCCESS,FAILURE", "NEVER"):
        assert dsn(context, late, Language.ENGLISH, notify) is None
