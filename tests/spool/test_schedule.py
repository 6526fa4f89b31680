"""When the next attempt is made, the sender warned, the transfer given up."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.spool.schedule import Expire, Limit, Pace, Retry, RetryPolicy, Warn, back_off, next_step
from gateway.spool.transfer import Priority
from tests.spool.given import DAY, HOUR, MINUTE, NOW

POLICY = RetryPolicy()


def step(attempts=1, after=timedelta(0), priority=Priority.NORMAL, warned=False, **times):
    return next_step(
        attempts=attempts, arrived=NOW, now=NOW + after, priority=priority, policy=POLICY, warned=warned, **times
    )


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (10_000, 60)]
)
def test_the_wait_doubles_from_one_minute_to_one_hour(attempts, minutes):
    assert back_off(attempts, POLICY.normal) == minutes * MINUTE


def test_a_failed_attempt_is_repeated_after_its_wait():
    assert step(attempts=3) == Retry(at=NOW + 4 * MINUTE)


def test_the_sender_is_warned_once_after_four_hours():
    assert step(attempts=9, after=4 * HOUR) == Warn(at=NOW + 5 * HOUR)
    assert step(attempts=9, after=4 * HOUR, warned=True) == Retry(at=NOW + 5 * HOUR)


def test_an_attempt_is_made_when_the_warning_falls_due():
    assert step(attempts=9, after=3.5 * HOUR) == Retry(at=NOW + 4 * HOUR)


def test_the_last_attempt_is_made_at_the_end_of_five_days_and_then_the_transfer_expires():
    assert step(attempts=99, after=5 * DAY - MINUTE, warned=True) == Retry(at=NOW + 5 * DAY)
    assert step(attempts=100, after=5 * DAY, warned=True) == Expire(reason=Limit.LIFETIME)


def test_urgent_transfers_are_tried_warned_about_and_given_up_sooner():
    assert step(priority=Priority.URGENT) == Retry(at=NOW + timedelta(seconds=30))
    assert isinstance(step(attempts=9, after=HOUR, priority=Priority.URGENT), Warn)
    assert step(after=DAY, priority=Priority.URGENT, warned=True) == Expire(reason=Limit.LIFETIME)


def test_latest_delivery_ends_it_whatever_the_policy_says():
    limit = NOW + 10 * MINUTE
    assert step(attempts=6, latest_delivery=limit) == Retry(at=limit)
    assert step(attempts=6, after=10 * MINUTE, latest_delivery=limit) == Expire(reason=Limit.LATEST_DELIVERY)


def test_deferred_delivery_is_waited_for_and_its_time_does_not_count_as_delay():
    until = NOW + 10 * DAY
    assert step(attempts=0, deferred_until=until) == Retry(at=until)
    assert step(attempts=1, after=10 * DAY, deferred_until=until) == Retry(at=until + MINUTE)
    assert step(attempts=1, after=15 * DAY, deferred_until=until) == Expire(reason=Limit.LIFETIME)


@settings(max_examples=100)
@given(attempts=st.integers(0, 200), minutes=st.integers(0, 9000), warned=st.booleans(), priority=st.sampled_from(Priority))
def test_no_attempt_lies_in_the_past_or_beyond_the_lifetime(attempts, minutes, warned, priority):
    found = step(attempts=attempts, after=minutes * MINUTE, warned=warned, priority=priority)
    if not isinstance(found, Expire):
        assert NOW + minutes * MINUTE <= found.at <= NOW + POLICY.pace(priority).expire_after


def test_a_policy_can_be_set_for_each_priority():
    quick = Pace(first=MINUTE, longest=MINUTE, warn_after=MINUTE, expire_after=2 * MINUTE)
    policy = RetryPolicy(non_urgent=quick)
    assert policy.pace(Priority.NON_URGENT) is quick
    assert policy.pace(Priority.NORMAL) is POLICY.normal


def test_who_named_a_time_is_told_of_the_delay_at_that_time_once():
    """RFC 2852 4: BY with mode N."""
    assert step(attempts=9, after=10 * MINUTE, notify_at=NOW + 30 * MINUTE) == Retry(at=NOW + 30 * MINUTE)
    assert step(attempts=3, after=30 * MINUTE, notify_at=NOW + 30 * MINUTE) == Warn(at=NOW + 34 * MINUTE)
    assert step(attempts=3, after=31 * MINUTE, notify_at=NOW + 30 * MINUTE, warned=True) == Retry(at=NOW + 35 * MINUTE)
