"""MT-PRIORITY (RFC 6710), FUTURERELEASE (RFC 4865) and DELIVERBY (RFC 2852) <-> the P1 envelope (messages.md S13 to S15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import ConversionError
from gateway.internet.envelope import DeliverBy
from gateway.mixer.convert import message_to_internet
from gateway.mixer.policy import Context
from gateway.x400.extensions import Criticality, StandardExtension, extension_value
from tests.mixer.test_convert import PLAIN, envelope, to_x400

LATEST = StandardExtension.LATEST_DELIVERY_TIME


@pytest.mark.parametrize(("number", "priority", "back"), [(-9, 1, -4), (-4, 1, -4), (-3, 0, None), (0, 0, None), (1, 2, 4), (9, 2, 4)])
def test_S13_mt_priority_by_the_mixer_policy(number: int, priority: int, back: int | None, context: Context, elsewhere: Context) -> None:
    message = to_x400(PLAIN, context, envelope(mt_priority=number))
    assert message.envelope.priority == priority
    assert message_to_internet(message, [1], elsewhere).result.envelope.mt_priority == back


def test_S13_the_parameter_comes_before_the_field_and_importance_never(context: Context) -> None:
    assert to_x400(b"Priority: urgent\r\n" + PLAIN, context, envelope(mt_priority=-4)).envelope.priority == 1
    assert to_x400(b"Importance: high\r\n" + PLAIN, context).envelope.priority == 0


def test_S14_a_hold_becomes_deferred_delivery_and_one_that_is_over_nothing(context: Context, elsewhere: Context) -> None:
    later = context.now + timedelta(hours=3)
    message = to_x400(PLAIN, context, envelope(hold_until=later))
    assert message.envelope.deferred_delivery_time == later
    header = message_to_internet(message, [1], elsewhere).result.message.to_bytes()
    assert b"Deferred-Delivery: Mon, 23 Nov 2026 15:00:00 +0000" in header
    held = replace(context, now=later + timedelta(seconds=1))
    assert to_x400(PLAIN, held, envelope(hold_until=later)).envelope.deferred_delivery_time is None


def test_S15_a_deadline_counts_from_the_transaction_and_is_critical_for_delivery(context: Context, elsewhere: Context) -> None:
    arrived = context.now - timedelta(minutes=10)
    smtp = envelope(by=DeliverBy(seconds=3600, mode="R"))
    message = to_x400(PLAIN, replace(context, arrived=arrived), smtp)
    field = next(one for one in message.envelope.extensions if one.number == LATEST)
    assert field.value == arrived + timedelta(hours=1)
    assert field.criticality == {Criticality.FOR_DELIVERY}
    by = message_to_internet(message, [1], elsewhere).result.envelope.by
    assert by is not None
    assert (by.seconds, by.mode) == (3000, "R")


def test_S15_the_parameter_comes_before_the_field(context: Context) -> None:
    raw = b"Latest-Delivery-Time: Wed, 25 Nov 2026 12:00:00 +0000\r\n" + PLAIN
    message = to_x400(raw, context, envelope(by=DeliverBy(seconds=60, mode="R")))
    assert extension_value(message.envelope.extensions, LATEST) == context.now + timedelta(seconds=60)


def test_S15_a_wish_to_be_told_has_no_element(context: Context) -> None:
    message = to_x400(PLAIN, context, envelope(by=DeliverBy(seconds=60, mode="N")))
    assert extension_value(message.envelope.extensions, LATEST) is None


def test_S15_a_deadline_that_has_passed_is_the_end(context: Context) -> None:
    late = replace(context, arrived=context.now - timedelta(hours=2))
    with pytest.raises(ConversionError) as refusal:
        to_x400(PLAIN, late, envelope(by=DeliverBy(seconds=3600, mode="R")))
    assert (refusal.value.failure.reason, refusal.value.failure.diagnostic, refusal.value.failure.status) == (1, 5, "5.4.7")


def test_M40_a_field_whose_time_has_passed_holds_nothing(context: Context) -> None:
    raw = b"Deferred-Delivery: Sun, 1 Nov 2026 12:00:00 +0000\r\nLatest-Delivery-Time: Sun, 1 Nov 2026 12:00:00 +0000\r\n" + PLAIN
    transfer = to_x400(raw, context).envelope
    assert transfer.deferred_delivery_time is None
    assert extension_value(transfer.extensions, LATEST) is None
