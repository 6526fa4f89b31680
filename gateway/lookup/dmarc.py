"""DMARC (RFC 7489): the policy of an author's domain, and whether SPF or DKIM speaks for that domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from publicsuffixlist import PublicSuffixList

from gateway.lookup.spf import RecordSource


class Disposition(Enum):
    """What a domain asks to be done with mail that fails (6.3, tag ``p``)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A published policy, as it holds for one author domain.

    Attributes:
        disposition: ``p``, or ``sp`` where the record is that of the organizational domain.
        strict_dkim, strict_spf: Alignment (tags ``adkim``, ``aspf``).
        percent: Tag ``pct``.
    """

    disposition: Disposition
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100

    def aligned(self, author: str, *, spf: str | None, dkim: Iterable[str]) -> bool:
        """Whether a domain for which SPF passed, or one of a good signature, is that of the author (3.1)."""
        if spf is not None and _agree(author, spf, strict=self.strict_spf):
            return True
        return any(_agree(author, domain, strict=self.strict_dkim) for domain in dkim)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organizational_domain(domain: str) -> str:
    """The organizational domain (3.2), by the public suffix list that the library publicsuffixlist ships."""
    name = domain.lower().rstrip(".")
    return _suffixes().privatesuffix(name) or name


def _agree(author: str, other: str, *, strict: bool) -> bool:
    one, two = author.lower().rstrip("."), other.lower().rstrip(".")
    return one == two or (not strict and organizational_domain(one) == organizational_domain(two))


async def find_policy(domain: str, source: RecordSource) -> Policy | None:
    """The policy that holds for an author domain (6.6.3), None where there is none.

    Raises:
        DNSError: Nobody answered.
    """
    found = await _record(domain, source)
    if found is not None:
        return _policy(found, "p")
    organization = organizational_domain(domain)
    if organization == domain.lower().rstrip("."):
        return None
    found = await _record(organization, source)
    return None if found is None else _policy(found, "sp" if "sp" in found else "p")


async def _record(domain: str, source: RecordSource) -> dict[str, str] | None:
    """The tags of the one record at a domain; several count as none."""
    texts = [text for text in await source.records(f"_dmarc.{domain}", "TXT") if text.replace(" ", "").startswith("v=DMARC1")]
    if len(texts) != 1:
        return None
    pairs = (part.partition("=") for part in texts[0][:4096].split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def _policy(tags: dict[str, str], tag: str) -> Policy | None:
    words = {each.value: each for each in Disposition}
    disposition = words.get(tags.get(tag, "").lower())
    if disposition is None:
        # 6.6.3 (6): a record without a good p= counts as p=none where it asks for reports, else not at all.
        if "rua" not in tags:
            return None
        disposition = Disposition.NONE
    percent = tags.get("pct", "100")
    return Policy(
        disposition=disposition, strict_dkim=tags.get("adkim", "r").lower() == "s", strict_spf=tags.get("aspf", "r").lower() == "s",
        percent=min(int(percent), 100) if percent.isascii() and percent.isdecimal() and len(percent) < 4 else 100,
    )  # fmt: skip
