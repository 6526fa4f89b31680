"""The correspondent's MTA: receives, answers with reports and notifications, and sends what its users write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway import asn1, log
from gateway.correspondent.mailbox import FileWriter, Mailbox, octets_of_file
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter, ipn_for
from gateway.errors import GatewayError
from gateway.mixer.convert import ReportedOutcome, report_for_x400
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.mta.intake import decode_apdu
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peer, Peers
from gateway.mta.sender import Sender
from gateway.octets import Octets
from gateway.osi.service import ConnectionReference
from gateway.spool.transfer import Outcome, Result, Source
from gateway.x400 import mts, p1
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import IPM, InformationObject, NotificationRequests
from gateway.x400.oraddress import ORAddress, oraddress_from_orname

_log = log.get("correspondent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One transfer that came."""

    apdu: p1.MTSAPDU
    path: Path


class Correspondent:
    """A small MTA with one adjacent MTA, the gateway.

    Args:
        domain: Its management domain.
        gateway: How the gateway is called and what it is called.
        folder: Its mailbox.
        listen: Host and port to listen on; port 0 takes any.
        answers: Whether delivery reports and receipt notifications are sent where they are asked for.
    """

    def __init__(
        self,
        domain: Domain,
        gateway: Peer,
        folder: Path,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        answers: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._domain = domain
        self._gateway = gateway
        self._mailbox = Mailbox(folder)
        self._answers = answers
        self._clock = clock
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.received: asyncio.Queue[Received] = asyncio.Queue()
        peers = Peers((gateway,))
        self._sender = Sender(peers, self, reference=self._reference)
        self._listener = Listener(ListenerSettings(host=listen[0], port=listen[1], tsels=_Any()), peers, self)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    async def start(self) -> None:
        """Listen."""
        await self._listener.start()

    async def stop(self) -> None:
        """Finish what is being answered, then close."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)
        await self._sender.stop()
        await self._listener.stop()

    # --- reception.Intake ---------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """See `mta.reception.Intake`."""
        return True

    async def begin(self) -> FileWriter:
        """See `mta.reception.Intake`."""
        return self._mailbox.begin()

    async def accept(self, content: Path, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        """See `mta.reception.Intake`."""
        try:
            apdu = decode_apdu(octets_of_file(content), normal_mode=normal_mode)
        except GatewayError as error:
            _log.error("relay.quarantined", id=content.stem, reason=str(error))
            return content.stem
        self.received.put_nowait(Received(apdu=apdu, path=content))
        if self._answers and apdu.report is None:
            task = asyncio.get_running_loop().create_task(self._answer(apdu))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return content.stem

    # --- sending ------------------------------------------------------------------------------------------------

    async def send(self, letter: Letter, *, report: bool = False) -> str:
        """Send a letter; returns the local part of its MTS identifier.

        Raises:
            GatewayError: The gateway did not take it; the text says why.
        """
        identifier = self._identifier()
        await self._transfer(self._written(letter, identifier, report=report))
        return identifier

    def _written(self, letter: Letter, identifier: str, *, report: bool) -> p1.MTSAPDU:
        content = InformationObject(ipm=ipm_from_letter(letter, identifier))
        envelope = envelope_for(self._domain, letter.originator, letter.recipients, identifier, self._clock(), report=report)
        return p1.MTSAPDU(message=p1.Message(envelope=envelope, content=asn1.encode_octets(content)))

    async def reply(self, apdu: p1.MTSAPDU, text: str) -> p1.MTSAPDU | None:
        """Answer a message to its originator, from its first recipient in our domain; anything but a message is left alone.

        Returns:
            What was sent, None when nothing was.

        Raises:
            GatewayError: The gateway did not take the reply.
        """
        ipm = asn1.decode(apdu.message.content, InformationObject).ipm if apdu.message is not None else None
        if apdu.message is None or ipm is None:
            return None
        subject = text_from_t61(ipm.heading.subject or b"")
        letter = Letter(
            originator=oraddress_from_orname(apdu.message.envelope.per_recipient_fields[0].recipient_name),
            recipients=(oraddress_from_orname(apdu.message.envelope.originator_name),),
            subject=subject if subject.lower().startswith("re:") else f"Re: {subject}",
            text=text,
            replied_to=ipm.heading.this_ipm,
        )
        answer = self._written(letter, self._identifier(), report=True)
        await self._transfer(answer)
        return answer

    async def send_apdu(self, apdu: p1.MTSAPDU) -> None:
        """Send any MTS-APDU.

        Raises:
            GatewayError: The gateway did not take it.
        """
        await self._transfer(apdu)

    async def _transfer(self, apdu: p1.MTSAPDU) -> Outcome:
        octets: Octets = asn1.encode_octets(apdu, dialects=self._gateway.dialects)
        outcome = await self._sender.transfer(self._gateway.name, octets)
        if outcome.result is not Result.RELAYED:
            raise GatewayError(f"the transfer did not succeed: {outcome.reply}")
        return outcome

    # --- answering ----------------------------------------------------------------------------------------------

    async def _answer(self, apdu: p1.MTSAPDU) -> None:
        """What a delivering MTA and a reading user send back (X.411 12.2.1.3, X.420 8.3); every probe would be delivered."""
        try:
            if apdu.probe is not None:
                await self._report(apdu.probe)
            if apdu.message is not None:
                await self._report(apdu.message)
                await self._notify(apdu.message)
        except GatewayError as error:
            _log.warning("transfer.failed", reason=str(error))

    async def _report(self, subject: p1.Message | p1.Probe) -> None:
        ours = mts.PerRecipientIndicators.RESPONSIBILITY
        if isinstance(subject, p1.Message):
            indicators = [each.per_recipient_indicators for each in subject.envelope.per_recipient_fields]
        else:
            indicators = [each.per_recipient_indicators for each in subject.per_recipient_fields]
        outcomes = {
            place: ReportedOutcome(delivered_at=self._clock()) for place, bits in enumerate(indicators, 1) if ours in bits
        }  # fmt: skip
        conversion = report_for_x400(subject, outcomes, self._context())
        if conversion is not None:
            await self._transfer(conversion.result)

    async def _notify(self, message: p1.Message) -> None:
        ipm = asn1.decode(message.content, InformationObject).ipm
        if ipm is None:
            return
        for reader in _asked_for_receipt(ipm, self._domain.address):
            now, identifier = self._clock(), self._identifier()
            content = InformationObject(ipn=ipn_for(ipm, reader, now))
            originator = oraddress_from_orname(message.envelope.originator_name)
            envelope = envelope_for(self._domain, reader, (originator,), identifier, now, report=False)
            await self._transfer(p1.MTSAPDU(message=p1.Message(envelope=envelope, content=asn1.encode_octets(content))))

    def _context(self) -> Context:
        address = self._domain.address
        settings = Settings(
            gateway_domain="correspondent.invalid",
            gateway_oraddress=address,
            global_domain=GlobalDomain(country=address.country or "XX", admd=address.admd or " ", prmd=address.prmd),
            mta_name=self._domain.mta_name,
        )
        return Context(settings=settings, now=self._clock(), plan_seed=self._identifier())

    def _identifier(self) -> str:
        self._count += 1
        return f"{self._domain.mta_name[:8]}.{self._clock():%y%m%d%H%M%S%f}.{self._count}"[:32]

    def _reference(self) -> ConnectionReference:
        self._count += 1
        user = asn1.encode(self._domain.mta_name.encode("ascii", "replace"), asn1.TeletexString())
        common = asn1.encode(self._clock().replace(microsecond=0), asn1.UTCTime())
        return ConnectionReference(user=user, common=common, additional=asn1.encode(f"{self._count % 100}".encode(), asn1.TeletexString()))


class _Any(Sequence[bytes]):
    """Every selector: a test partner takes every call."""

    def __contains__(self, value: object) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: object) -> bytes:  # type: ignore[override]
        return b""


def _asked_for_receipt(ipm: IPM, domain: ORAddress) -> list[ORAddress]:
    """Recipients of our domain from whom a receipt notification was requested."""
    key = dict(domain.key())
    found = []
    for specifier in (*ipm.heading.primary_recipients, *ipm.heading.copy_recipients):
        name = specifier.recipient.formal_name
        if name is None or NotificationRequests.RN not in specifier.notification_requests:
            continue
        address = oraddress_from_orname(name)
        if key.items() <= dict(address.key()).items():
            found.append(address)
    return found
