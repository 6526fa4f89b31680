"""SPF against the published test suite of RFC 7208 (openspf.org, 2014.04; its licence stands beside it), and what it does not try."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.lookup.dns import DNSError
from gateway.lookup.spf import SPFResult, check_host
from gateway.lookup.spf_record import parse_record

SUITE = Path(__file__).parent / "rfc7208" / "rfc7208-tests.yml"


class Zone:
    """Answers from the zone data of the suite: lists of records, or the word TIMEOUT."""

    def __init__(self, data: Mapping[str, Sequence[Any]]) -> None:
        self._data = {name.lower(): records for name, records in data.items()}
        self.asked: list[tuple[str, str]] = []

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        self.asked.append((name, kind))
        return tuple(text for _, text in sorted(self._found(name.lower(), kind, 0), key=lambda pair: pair[0]))

    def _found(self, name: str, kind: str, depth: int) -> list[tuple[int, str]]:
        if name.startswith("error."):
            raise DNSError("time-out")
        found: list[tuple[int, str]] = []
        records = self._data.get(name, [])
        has_txt = any(isinstance(record, dict) and "TXT" in record for record in records)
        for record in records:
            if record == "TIMEOUT":
                if not found:
                    raise DNSError("time-out")
                return found
            ((type_, value),) = record.items()
            if type_ == "SPF" and not has_txt:
                type_ = "TXT"  # as the suite's readme asks of its drivers
            if type_ == "CNAME" and depth < 5:
                found += self._found(value.lower(), kind, depth + 1)
            elif type_ == kind and value != "NONE":
                if value == "TIMEOUT":
                    raise DNSError("time-out")
                found.append(self._text(kind, value))
        return found

    def _text(self, kind: str, value: Any) -> tuple[int, str]:
        if kind == "TXT":
            strings = value if isinstance(value, list) else [value]
            return 0, b"".join(text.encode("utf-8") for text in strings).decode("latin-1")
        return (value[0], value[1]) if kind == "MX" else (0, value)


def cases() -> list[Any]:
    found = []
    for scenario in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")):
        for name, test in scenario["tests"].items():
            found.append(pytest.param(scenario["zonedata"], test, id=f"{scenario['description']}/{name}"))
    return found


@pytest.mark.parametrize(("zone", "test"), cases())
async def test_the_published_suite(zone: Mapping[str, Sequence[Any]], test: Mapping[str, Any]) -> None:
    sender = test["mailfrom"] or f"postmaster@{test['helo']}"
    domain = sender.rpartition("@")[2]
    outcome = await check_host(test["host"], domain, sender if "@" in sender else f"postmaster@{sender}", test["helo"], Zone(zone))
    allowed = test["result"] if isinstance(test["result"], list) else [test["result"]]
    assert outcome.result.value in allowed, outcome.reason


async def test_a_policy_that_asks_without_end_is_stopped() -> None:
    """RFC 7208 4.6.4: ten terms and two void look-ups, whatever the records say."""
    endless = Zone({f"d{n}.example": [{"TXT": f"v=spf1 include:d{n + 1}.example -all"}] for n in range(100)})
    assert (await check_host("192.0.2.1", "d0.example", "a@d0.example", "h", endless)).result is SPFResult.PERMERROR
    assert len(endless.asked) <= 12
    hollow = Zone({"v.example": [{"TXT": "v=spf1 " + " ".join(f"a:x{n}.example" for n in range(9)) + " +all"}]})
    assert (await check_host("192.0.2.1", "v.example", "a@v.example", "h", hollow)).result is SPFResult.PERMERROR
    assert len(hollow.asked) == 4


@settings(max_examples=80, deadline=None)
@given(st.text("v=spf1 aip46mxincludeexists:/%{}.-0123456789redirect=\x00é", max_size=60))
def test_any_text_is_a_policy_or_a_syntax_error(text: str) -> None:
    zone = Zone({"e.example": [{"TXT": "v=spf1 " + text}]})
    outcome = asyncio.run(check_host("2001:db8::1", "e.example", "a@e.example", "h.example", zone))
    assert isinstance(outcome.result, SPFResult) and len(zone.asked) < 200
    try:
        parse_record("v=spf1 " + text)
    except GatewayError:
        assert outcome.result is SPFResult.PERMERROR
