"""What the spool's tests begin with: a queue in a temporary folder, and transfers to put into it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from gateway.spool.store import Store
from gateway.spool.transfer import Kind, Outcome, Recipient, Result, Side, Source, Transfer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

PLENTY = 1 << 40


def counting_ids(prefix="Q"):
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers):06d}"


async def open_store(folder, **settings):
    settings = {"ids": counting_ids(), "clock": lambda: NOW, "free_space": lambda folder: PLENTY, "reserve_octets": 0} | settings
    return await Store.open(f"sqlite:///{folder}/queue.sqlite", **settings)


def recipient(number=1, address=None, **values):
    return Recipient(number=number, address=address or f"user{number}@example.org", target=Side.INTERNET, **values)


def transfer(store, *recipients, **values):
    defaults = {
        "id": store.new_id(),
        "origin": Side.X400,
        "kind": Kind.MESSAGE,
        "arrived": NOW,
        "size": 10,
        "source": Source(side=Side.X400, peer="pp-mta", address="192.0.2.7", identity="PP", authentication={"bind": "password"}),
        "sender": "/G=Ada/S=Lovelace/O=Analytic/PRMD=Engine/ADMD=Town/C=GB/",
        "recipients": recipients or (recipient(),),
    }
    return Transfer(**(defaults | values))


def outcome(result=Result.DELIVERED, **values):
    return Outcome(result=result, at=NOW, **values)


async def claim_one(store, worker="w1", now=NOW, lease_seconds=60.0):
    claims = await store.claim(worker, now, lease_seconds=lease_seconds)
    assert len(claims) == 1
    return claims[0]


async def story(store, transfer_id):
    """What happened to a transfer after it was accepted; that it was is the first event of every story."""
    first, *rest = await store.events(transfer_id)
    assert first.name == "spool.accepted"
    return tuple(rest)
