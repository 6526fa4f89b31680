"""DMARC policies (RFC 7489): where they are found, which tag holds, and what is aligned."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.lookup.dmarc import Disposition, Policy, find_policy, organizational_domain


class Texts:
    def __init__(self, texts: Mapping[str, str | tuple[str, ...]]) -> None:
        self.texts, self.asked = texts, []

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        self.asked.append(name)
        found = self.texts.get(name, ())
        return (found,) if isinstance(found, str) else found


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("mail.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("Example.COM.", "example.com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("gw.widget.example", "widget.example"),
    ],
)
def test_organizational_domains(domain: str, organization: str) -> None:
    """RFC 7489 3.2: one label below a public suffix."""
    assert organizational_domain(domain) == organization


@pytest.mark.parametrize(
    ("texts", "disposition"),
    [
        ({"_dmarc.mail.example.com": "v=DMARC1; p=reject"}, Disposition.REJECT),
        ({"_dmarc.example.com": "v=DMARC1; p=reject"}, Disposition.REJECT),
        ({"_dmarc.example.com": "v=DMARC1;p=reject;sp=quarantine"}, Disposition.QUARANTINE),
        ({"_dmarc.mail.example.com": "v=DMARC1; p=none", "_dmarc.example.com": "v=DMARC1; p=reject"}, Disposition.NONE),
        ({"_dmarc.mail.example.com": ("v=DMARC1; p=reject", "unrelated")}, Disposition.REJECT),
        ({"_dmarc.mail.example.com": "v = DMARC1 ; p = Reject ;"}, Disposition.REJECT),
        ({"_dmarc.mail.example.com": ("v=DMARC1; p=reject", "v=DMARC1; p=none")}, None),  # 6.6.3 (5)
        ({"_dmarc.mail.example.com": "v=DMARC1; p=odd; rua=mailto:x@example.com"}, Disposition.NONE),  # 6.6.3 (6)
        ({"_dmarc.mail.example.com": "v=DMARC1; p=odd"}, None),
        ({"_dmarc.mail.example.com": "v=DMARC2; p=reject"}, None),
        ({}, None),
    ],
)
async def test_which_policy_holds(texts: Mapping[str, str | tuple[str, ...]], disposition: Disposition | None) -> None:
    found = await find_policy("mail.example.com", Texts(texts))
    assert (found.disposition if found else None) is disposition


async def test_other_tags() -> None:
    found = await find_policy("example.com", Texts({"_dmarc.example.com": "v=DMARC1; p=reject; adkim=s; aspf=S; pct=20"}))
    assert found == Policy(disposition=Disposition.REJECT, strict_dkim=True, strict_spf=True, percent=20)
    odd = await find_policy("example.com", Texts({"_dmarc.example.com": "v=DMARC1; p=reject; pct=9999999999"}))
    assert odd is not None and odd.percent == 100
    alone = Texts({})
    assert await find_policy("example.com", alone) is None and alone.asked == ["_dmarc.example.com"]


@pytest.mark.parametrize(
    ("spf", "dkim", "strict", "aligned"),
    [
        ("example.com", (), False, True),
        ("bounces.example.com", (), False, True),
        ("bounces.example.com", (), True, False),
        (None, ("other.example", "example.com"), True, True),
        (None, ("mail.example.com",), False, True),
        ("other.example", ("another.example",), False, False),
        (None, (), False, False),
        ("notexample.com", (), False, False),
    ],
)
def test_alignment(spf: str | None, dkim: tuple[str, ...], strict: bool, aligned: bool) -> None:
    """RFC 7489 3.1: the same organizational domain, or strictly the same domain."""
    policy = Policy(disposition=Disposition.REJECT, strict_dkim=strict, strict_spf=strict)
    assert policy.aligned("example.com", spf=spf, dkim=dkim) is aligned
