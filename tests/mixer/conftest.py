"""The gateway that these tests run: domain gw.example, domain widget.example mapped to PRMD=WIDGET."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.mixer import mcgam
from gateway.mixer.descriptors import Scope
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.x400.oraddress import ORAddress

MAP1 = (
    "PRMD$UK\\.AC.ADMD$ .C$GB#ac.uk#\nO$gosip-uk.PRMD$HMG.ADMD$GOLD 400.C$GB#gosip-uk.hmg.gold-400.gb#\n"
    "O$switch.PRMD$SWITCH.ADMD$ARCOM.C$CH#switch.ch#\nPRMD$WIDGET.ADMD$TESTMAIL.C$XX#widget.example#\n"
)
"""The addresses of the examples that the RFC prints."""
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def tables() -> mcgam.MappingTables:
    return mcgam.load(
        {
            "domain-to-oraddress": [("map2", "widget.example#PRMD$WIDGET.ADMD$TESTMAIL.C$XX#\n")],
            "oraddress-to-domain": [("map1", "PRMD$WIDGET.ADMD$TESTMAIL.C$XX#widget.example#\n")],
        }
    )


@pytest.fixture
def settings(tables: mcgam.MappingTables) -> Settings:
    return Settings(
        gateway_domain="gw.example",
        gateway_oraddress=ORAddress(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
        global_domain=GlobalDomain(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
        mta_name="gw.example",
        tables=tables,
    )


@pytest.fixture
def context(settings: Settings) -> Context:
    return Context(settings=settings, now=NOW, plan_seed="5eed", queue_id="Q1")


@pytest.fixture
def elsewhere(settings: Settings) -> Context:
    """Another gateway, with the same tables: a message that one gateway made may pass it."""
    other = Settings(
        gateway_domain="other.example",
        gateway_oraddress=ORAddress(country="YY", admd="OTHER"),
        global_domain=GlobalDomain(country="YY", admd="OTHER"),
        mta_name="other",
        tables=settings.tables,
    )
    return Context(settings=other, now=NOW, plan_seed="f00d", queue_id="Q2")


@pytest.fixture
def scope(context: Context) -> Scope:
    return Scope(context=context)


@pytest.fixture
def world(context: Context) -> Context:
    """The addresses of the examples that the RFC prints."""
    tables = mcgam.load(
        {
            "oraddress-to-domain": [("map1", MAP1)],
            "domain-to-oraddress": [("map2", "".join(f"{one.split('#')[1]}#{one.split('#')[0]}#\n" for one in MAP1.splitlines()))],
        }
    )
    return replace(context, settings=replace(context.settings, tables=tables))
