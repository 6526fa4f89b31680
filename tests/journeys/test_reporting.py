"""The context of a report speaks the dialect of the peer that gets it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from gateway.journeys.common import Surroundings
from gateway.mixer.policy import GlobalDomain, PeerPolicy, Settings
from gateway.mixer.stdor import from_text

OWN = from_text("/PRMD=P/ADMD=A/C=XX/")
SETTINGS = Settings(gateway_domain="gw.example", gateway_oraddress=OWN, global_domain=GlobalDomain(country="XX"), mta_name="GW")


def test_a_report_knows_the_labels_of_the_peer() -> None:
    around: Any = SimpleNamespace(settings=lambda: SETTINGS, policy_of=lambda peer: PeerPolicy(internet_labels=frozenset({"SMTP"})))
    transfer: Any = SimpleNamespace(id="Q1", arrived=datetime(2026, 11, 23, tzinfo=UTC))
    context = Surroundings.reporting(around, transfer, (1,), datetime(2026, 11, 23, tzinfo=UTC), "exchange")
    assert context.settings.internet_labels == {"SMTP"}
    assert context.settings == SETTINGS.towards(context.policy)
