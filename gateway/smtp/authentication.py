"""Who a message is really from: SPF, DKIM and DMARC on entry, each with an answer in bounded time.

Nothing here ever holds mail: who cannot be asked is a ``temperror``, and what a DMARC policy asks for is done only where
the configuration says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address

from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.addresses import mailboxes
from gateway.internet.authentication_results import comment_for, value_for
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.message import parse_header
from gateway.lookup.dmarc import Disposition, find_policy
from gateway.lookup.spf import RecordSource, SPFOutcome, SPFResult, check_host
from gateway.octets import Octets
from gateway.smtp.dkim.verifying import SignatureResult, verify
from gateway.spool.transfer import Source

REFUSED = Failure(
    reason=1,
    diagnostic=46,
    smtp_code=550,
    status="5.7.1",
    text="The policy (DMARC) of the author's domain asks to reject this message: neither SPF nor DKIM speaks for that domain.",
)
"""RFC 7489 10.3; X.411 unable-to-transfer(1) / secure-messaging-error(46)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSettings:
    """How mail is verified.

    Attributes:
        seconds: Limit for all questions about one message; what has no answer then is a temperror.
        refuse: Refuse what fails under a policy of reject; otherwise that is only recorded.
        exempt: Names of the classes of clients whose mail is not verified.
    """

    seconds: float = 10
    refuse: bool = False
    exempt: frozenset[str] = frozenset()


class Verifier:
    """Verifies messages.

    Args:
        settings: How.
        records: Where DNS records come from.
        clock: The present time, for signatures that expire.
    """

    def __init__(
        self, settings: VerificationSettings, records: RecordSource, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._settings = settings
        self._records = records
        self._clock = clock

    async def results(self, envelope: SmtpEnvelope, source: Source, message: Octets) -> Mapping[str, str]:
        """What was found, by method, in the words of Authentication-Results (RFC 8601 2.7).

        A client that authenticated is known by that; its own mail needs no other proof.

        Raises:
            ConversionError: The message is to be refused.
        """
        if source.identity:
            return {"auth": f"pass smtp.auth={value_for(source.identity)}"}
        if source.peer in self._settings.exempt:
            return {}
        deadline = asyncio.get_running_loop().time() + self._settings.seconds
        spf, signatures = await asyncio.gather(self._spf(envelope, source, deadline), self._dkim(message, deadline))
        found = {"spf": _spf_text(spf, envelope, source)}
        for number, each in enumerate(signatures, 1):
            found["dkim" if number == 1 else f"dkim/{number}"] = _dkim_text(each)
        if not signatures:
            found["dkim"] = "none"
        spf_domain = _spf_domain(envelope, source)[0] if spf.result is SPFResult.PASS else None
        dkim_domains = tuple(each.domain for each in signatures if each.result == "pass")
        found["dmarc"] = await self._dmarc(message, spf_domain, dkim_domains, deadline, _unsure(spf, signatures))
        return found

    async def _spf(self, envelope: SmtpEnvelope, source: Source, deadline: float) -> SPFOutcome:
        domain, sender = _spf_domain(envelope, source)
        try:
            ip_address(source.address)
            async with asyncio.timeout_at(deadline):
                return await check_host(source.address, domain, sender, source.authentication.get("helo", ""), self._records)
        except ValueError:
            return SPFOutcome(result=SPFResult.NONE, reason="the client has no address")
        except TimeoutError:
            return SPFOutcome(result=SPFResult.TEMPERROR, reason="the DNS took too long")

    async def _dkim(self, message: Octets, deadline: float) -> tuple[SignatureResult, ...]:
        return await verify(message, partial(self._key, deadline), self._clock())

    async def _key(self, deadline: float, name: str) -> tuple[str, ...]:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._records.records(name, "TXT")
        except TimeoutError as error:
            raise GatewayError("the DNS took too long") from error

    async def _dmarc(self, message: Octets, spf: str | None, dkim: tuple[str, ...], deadline: float, unsure: bool) -> str:
        """The verdict on the author's domain (RFC 7489 6.6).

        Raises:
            ConversionError: It asks to reject, and that is done here.
        """
        author = author_domain(message)
        if author is None:
            return "permerror (not one author domain)"
        suffix = f" header.from={value_for(author)}"
        try:
            async with asyncio.timeout_at(deadline):
                policy = await find_policy(author, self._records)
        except TimeoutError:
            return f"temperror (the DNS took too long){suffix}"
        except GatewayError as error:
            return f"temperror{comment_for(str(error))}{suffix}"
        if policy is None:
            return f"none{suffix}"
        asked = f" (p={policy.disposition.value})"
        if policy.aligned(author, spf=spf, dkim=dkim):
            return f"pass{asked}{suffix}"
        if unsure:
            return f"temperror{asked}{suffix}"
        if self._settings.refuse and policy.disposition is Disposition.REJECT and policy.percent == 100:
            raise ConversionError(REFUSED)
        return f"fail{asked}{suffix}"


def author_domain(message: Octets) -> str | None:
    """The one domain of the authors of a message (RFC 7489 6.6.1), as A-labels; None where there is not just one."""
    fields = parse_header(message).all("From")
    if len(fields) != 1:
        return None
    try:
        domains = {each.domain.lower().rstrip(".").encode("idna").decode("ascii") for each in mailboxes(fields[0].value)}
    except (GatewayError, UnicodeError):
        return None
    return domains.pop() if len(domains) == 1 and "" not in domains else None


def _spf_domain(envelope: SmtpEnvelope, source: Source) -> tuple[str, str]:
    """Domain and sender to check: of the reverse path, or of HELO where that is null (RFC 7208 2.4)."""
    helo = source.authentication.get("helo", "")
    sender = envelope.reverse_path or f"postmaster@{helo}"
    local, _, domain = sender.rpartition("@")
    try:
        return domain.encode("idna").decode("ascii"), f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return domain, sender


def _unsure(spf: SPFOutcome, signatures: tuple[SignatureResult, ...]) -> bool:
    """Whether what could not be asked might have spoken for the author."""
    return spf.result is SPFResult.TEMPERROR or any(each.result == "temperror" for each in signatures)


def _spf_text(outcome: SPFOutcome, envelope: SmtpEnvelope, source: Source) -> str:
    who = ("smtp.mailfrom", envelope.reverse_path) if envelope.reverse_path else ("smtp.helo", source.authentication.get("helo", ""))
    return f"{outcome.result.value}{comment_for(outcome.reason)} {who[0]}={value_for(who[1])}"


def _dkim_text(result: SignatureResult) -> str:
    properties = (("header.d", result.domain), ("header.i", result.agent), ("header.s", result.selector), ("header.b", result.mark))
    shown = "".join(f" {name}={value_for(value)}" for name, value in properties if value)
    return f"{result.result}{comment_for(result.reason)}{shown}"
