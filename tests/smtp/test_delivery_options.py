"""MT-PRIORITY, DELIVERBY and FUTURERELEASE on the listener: who is offered them, what is taken, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.internet.envelope import DeliverBy, SmtpEnvelope
from gateway.smtp.parameters import Offer, Refusal, asked_priority, parse_mail

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
ALL = Offer(
    size_limit=1000, hostname="gw.example", deliver_by=True, mt_priority=True, future_release=True, deliver_by_minimum=60,
    hold_limit=86_400, authorised=True,
)  # fmt: skip
SWITCHES = {"deliver_by": True, "mt_priority": True, "future_release": 86_400, "deliver_by_minimum": 60}


async def test_they_are_off_by_default(start) -> None:
    client = await (await start(may_set_delivery_options=frozenset({"smtp"}))).client()
    offered = await client.say("EHLO c")
    assert not any(word in offered for word in ("DELIVERBY", "MT-PRIORITY", "FUTURERELEASE"))
    for parameter in ("BY=100;R", "MT-PRIORITY=1", "HOLDFOR=60"):
        assert (await client.say(f"MAIL FROM:<a@b> {parameter}")).startswith("555 5.5.4")


async def test_only_classes_that_may_are_offered_them(start) -> None:
    """Anybody may ask for less than normal (RFC 6710 4.1); the rest is for clients that are trusted with it."""
    running = await start(**SWITCHES)
    client = await running.client()
    offered = await client.say("EHLO c")
    assert "MT-PRIORITY MIXER" in offered and "DELIVERBY" not in offered and "FUTURERELEASE" not in offered
    assert (await client.say("MAIL FROM:<a@b> HOLDFOR=60")).startswith("555 5.5.4")
    assert (await client.say("MAIL FROM:<a@b> BY=100;R")).startswith("555 5.5.4")
    assert (await client.say("MAIL FROM:<a@b> MT-PRIORITY=6")).startswith("250 2.3.6 0 ")  # RFC 6710 4.1: X.3.6 and the new priority
    await client.say("RCPT TO:<c@d>", "DATA", b"x\r\n.")
    assert (await client.say("MAIL FROM:<a@b> MT-PRIORITY=-4")).startswith("250 2.1.0")
    await client.say("RCPT TO:<c@d>", "DATA", b"x\r\n.")
    assert [envelope.mt_priority for envelope, _, _ in running.intake.taken] == [0, -4]


async def test_a_trusted_class_is_offered_all(start) -> None:
    running = await start(**SWITCHES, may_set_delivery_options=frozenset({"smtp"}))
    client = await running.client()
    offered = (await client.say("EHLO c")).split("\n")
    assert "250-DELIVERBY 60" in offered and "250-MT-PRIORITY MIXER" in offered
    release = next(line for line in offered if "FUTURERELEASE" in line).split()
    until = datetime.fromisoformat(release[-1])
    assert release[-2] == "86400" and abs(until - datetime.now(UTC) - timedelta(days=1)) < timedelta(minutes=1)
    mail = "MAIL FROM:<a@b> BY=7200;RT MT-PRIORITY=6 HOLDFOR=60"
    assert (await client.say(mail, "RCPT TO:<c@d>", "DATA", b"x\r\n.")).startswith("250")
    envelope = running.intake.taken[0][0]
    assert envelope.mt_priority == 6
    assert envelope.by is not None and (envelope.by.seconds, envelope.by.mode, envelope.by.trace) == (7200, "R", True)
    assert envelope.by.until is not None and envelope.hold_until is not None and envelope.hold_until < envelope.by.until


def test_what_parameters_mean() -> None:
    envelope = parse_mail("FROM:<a@b> HOLDUNTIL=2026-08-01T14:00:00+01:00 BY=7200;N", ALL, NOW)
    assert envelope.hold_until == NOW + timedelta(hours=1)
    assert envelope.by == DeliverBy(seconds=7200, mode="N", until=NOW + timedelta(hours=2))
    assert parse_mail("FROM:<a@b> HOLDFOR=86400", ALL, NOW).hold_until == NOW + timedelta(days=1)
    assert parse_mail("FROM:<a@b> BY=-60;N", ALL, NOW).by == DeliverBy(seconds=-60, mode="N", until=NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("parameters", "reply"),
    [
        ("HOLDFOR=86401", "501 5.5.4"),  # RFC 4865 4.2 (7), (10), (11): above what was offered
        ("HOLDUNTIL=2026-08-02T12:00:01Z", "501 5.5.4"),
        ("HOLDUNTIL=2026-08-01T11:59:59Z", "501 5.5.4"),
        ("HOLDUNTIL=tomorrow", "501 5.5.4"),
        ("HOLDFOR=0", "501 5.5.4"),
        ("HOLDFOR=60 HOLDUNTIL=2026-08-01T13:00:00Z", "501 5.5.4"),
        ("HOLDFOR=7200 BY=3600;R", "501 5.5.4"),  # RFC 4865 5.2
        ("BY=59;R", "555 5.5.4"),  # RFC 2852 section 3: below min-by-time
        ("BY=0;R", "501 5.5.4"),  # RFC 2852 section 4
        ("BY=1000", "501 5.5.4"),
        ("BY=1000;X", "501 5.5.4"),
        ("BY=1000000000;R", "501 5.5.4"),
        ("MT-PRIORITY=10", "501 5.5.4"),
        ("MT-PRIORITY=+1", "501 5.5.4"),
        ("MT-PRIORITY=-0", "501 5.5.4"),
    ],
)
def test_what_is_refused(parameters: str, reply: str) -> None:
    with pytest.raises(Refusal, match=f"^{reply}"):
        parse_mail(f"FROM:<a@b> {parameters}", ALL, NOW)


def test_a_report_is_not_held() -> None:
    """RFC 4865 5.1.1: FUTURERELEASE and the null reverse path exclude each other."""
    with pytest.raises(Refusal, match="report"):
        parse_mail("FROM:<> HOLDFOR=60", ALL, NOW)


def test_the_deadline_survives_the_store() -> None:
    by = DeliverBy(seconds=7200, mode="R", trace=True, until=NOW)
    envelope = SmtpEnvelope(reverse_path="a@b", recipients=(), by=by)
    assert SmtpEnvelope.from_json(envelope.to_json()).by == by
    old = envelope.to_json().replace(b',"2026-08-01T12:00:00+00:00"]', b"]")  # as versions before wrote it
    assert SmtpEnvelope.from_json(old).by == DeliverBy(seconds=7200, mode="R", trace=True)


def test_what_priority_was_asked_for() -> None:
    assert asked_priority("FROM:<\"x MT-PRIORITY=5\"@b> mt-priority=-3") == -3
    assert asked_priority("FROM:<a@b>") == asked_priority(None) == 0
