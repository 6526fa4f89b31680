"""What arrives over P1 becomes a transfer in the queue: envelope decoded, content untouched, acknowledged after the commit.

An APDU that arrived whole is always taken. Who may send what, loops and unknown content are judged later, by the relay,
because their answer in X.400 is a report and not a refusal. What does not even decode is quarantined with an alarm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from gateway import asn1, log
from gateway.errors import GatewayError
from gateway.mixer.display import shown_name
from gateway.mta.peers import Peer
from gateway.octets import Octets
from gateway.osi.rtse.external import unwrap
from gateway.spool.content import ContentWriter, StoredContent
from gateway.spool.store import Store
from gateway.spool.transfer import Event, Kind, Priority, Recipient, RecipientState, Side, Source, Transfer
from gateway.x400 import mts, p1
from gateway.x400.extensions import ExtensionField, StandardExtension, extension_value
from gateway.x400.mts import MTSIdentifier

_log = log.get("mta")

_PRIORITY: dict[int, Priority] = {mts.Priority.URGENT: Priority.URGENT, mts.Priority.NON_URGENT: Priority.NON_URGENT}
_SMALL = 64 * 1024
"""APDUs up to this many octets are decoded on the event loop, larger ones in a thread."""

_RESPONSIBILITY = mts.PerRecipientIndicators.RESPONSIBILITY
"""Only recipients with this bit are ours (p1-p22.md section 2)."""


_PerRecipient = p1.PerRecipientMessageTransferFields | p1.PerRecipientProbeTransferFields


class X400Intake:
    """Implements `reception.Intake` on the store."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    @property
    def ready(self) -> bool:
        """See `reception.Intake.ready`."""
        return self._store.has_space

    async def begin(self) -> ContentWriter:
        """See `reception.Intake.begin`."""
        return await self._store.begin()

    async def accept(self, content: StoredContent, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        """See `reception.Intake.accept`."""
        octets = self._store.content(content)
        try:
            apdu = await _decoded(octets, normal_mode)
            transfer = self._transfer(apdu, source, len(octets))
            events: tuple[Event, ...] = ()
        except GatewayError as error:
            transfer, events = self._undecodable(source, len(octets), str(error))
        accepted = await self._store.accept(transfer, content, events=events)
        if accepted.repeated:
            _log.warning("spool.repeated", id=accepted.id, peer=peer.name, session=source.session)
        elif not transfer.recipients:
            _log.error("relay.quarantined", id=accepted.id, peer=peer.name, reason="no recipient of it is ours (X.411 12.2.1.1)")
        if accepted.suppressed:
            _log.warning("transfer.received", id=accepted.id, peer=peer.name, duplicate_recipients=str(accepted.suppressed))
        return accepted.id

    def _transfer(self, apdu: p1.MTSAPDU, source: Source, size: int) -> Transfer:
        if apdu.message is not None:
            return self._message(apdu.message.envelope, source, size)
        if apdu.probe is not None:
            return self._probe(apdu.probe, source, size)
        assert apdu.report is not None
        return self._report(apdu.report, source, size)

    def _message(self, envelope: p1.MessageTransferEnvelope, source: Source, size: int) -> Transfer:
        return Transfer(
            id=self._store.new_id(), origin=Side.X400, kind=Kind.MESSAGE, arrived=self._clock(), size=size, source=source,
            sender=shown_name(envelope.originator_name), recipients=_recipients(envelope.per_recipient_fields, _history(envelope)),
            priority=_PRIORITY.get(envelope.priority, Priority.NORMAL),
            deferred_until=envelope.deferred_delivery_time,
            latest_delivery=_latest_delivery(envelope),
            mts_identifier=identifier_text(envelope.message_identifier), duplicate_key=identifier_text(envelope.message_identifier),
        )  # fmt: skip

    def _probe(self, envelope: p1.ProbeTransferEnvelope, source: Source, size: int) -> Transfer:
        return Transfer(
            id=self._store.new_id(), origin=Side.X400, kind=Kind.PROBE, arrived=self._clock(), size=size, source=source,
            sender=shown_name(envelope.originator_name), recipients=_recipients(envelope.per_recipient_fields, ""),
            mts_identifier=identifier_text(envelope.probe_identifier), duplicate_key=identifier_text(envelope.probe_identifier),
        )  # fmt: skip

    def _report(self, report: p1.Report, source: Source, size: int) -> Transfer:
        envelope = report.envelope
        destination = shown_name(envelope.report_destination_name)
        return Transfer(
            id=self._store.new_id(), origin=Side.X400, kind=Kind.REPORT, arrived=self._clock(), size=size, source=source, sender="",
            recipients=(Recipient(number=1, address=destination, target=Side.INTERNET, identity=f"report {destination}"),),
            mts_identifier=identifier_text(envelope.report_identifier), duplicate_key=identifier_text(envelope.report_identifier),
        )  # fmt: skip

    def _undecodable(self, source: Source, size: int, text: str) -> tuple[Transfer, tuple[Event, ...]]:
        now = self._clock()
        queue_id = self._store.new_id()
        _log.error("relay.quarantined", id=queue_id, peer=source.peer, reason=text)
        broken = Recipient(number=1, address="", target=Side.INTERNET, state=RecipientState.QUARANTINED, note=text)
        transfer = Transfer(
            id=queue_id, origin=Side.X400, kind=Kind.MESSAGE, arrived=now, size=size, source=source, sender="", recipients=(broken,)
        )
        return transfer, (Event(at=now, name="relay.quarantined", text=text, peer=source.peer),)


async def _decoded(octets: Octets, normal_mode: bool) -> p1.MTSAPDU:
    """`decode_apdu` without holding up the other associations: an envelope of a megabyte takes seconds."""
    if len(octets) <= _SMALL:
        return decode_apdu(octets, normal_mode=normal_mode)
    return await asyncio.to_thread(decode_apdu, octets, normal_mode=normal_mode)


def decode_apdu(octets: Octets, *, normal_mode: bool = True) -> p1.MTSAPDU:
    """The MTS-APDU of a transfer as RTSE delivered it, its content left where it is.

    Raises:
        GatewayError: It does not decode; the text names path and offset.
    """
    return asn1.decode(unwrap(octets) if normal_mode else octets, p1.MTSAPDU)


def identifier_text(identifier: MTSIdentifier) -> str:
    """An MTSIdentifier as text, the key for duplicates and tracking."""
    domain = identifier.global_domain_identifier
    private = domain.private_domain_identifier
    prmd = f"/PRMD={private.value}" if private is not None else ""
    return f"[{prmd}/ADMD={domain.administration_domain_name.value}/C={domain.country_name.value}/;{identifier.local_identifier}]"


def _recipients(fields: Sequence[_PerRecipient], history: str) -> tuple[Recipient, ...]:
    """The recipients that we are responsible for; the others are carried for information only.

    They are numbered by their place in the envelope: the members of an expanded distribution list share one
    originally-specified-recipient-number (X.411 14.3.10).
    """
    return tuple(
        Recipient(
            number=place,
            address=shown_name(each.recipient_name),
            target=Side.INTERNET,
            identity=f"{each.originally_specified_recipient_number} {shown_name(each.recipient_name)} {history}{_redirections(each)}",
        )
        for place, each in enumerate(fields, 1)
        if _RESPONSIBILITY in each.per_recipient_indicators
    )


def _history(envelope: p1.MessageTransferEnvelope) -> str:
    return _extension(envelope.extensions, StandardExtension.DL_EXPANSION_HISTORY)


def _latest_delivery(envelope: p1.MessageTransferEnvelope) -> datetime | None:
    value = extension_value(envelope.extensions, StandardExtension.LATEST_DELIVERY_TIME)
    return value if isinstance(value, datetime) else None


def _redirections(fields: _PerRecipient) -> str:
    return _extension(fields.extensions, StandardExtension.REDIRECTION_HISTORY)


def _extension(fields: tuple[ExtensionField, ...], number: StandardExtension) -> str:
    """The value of one extension as text that tells histories apart."""
    return "".join(repr(each.value) for each in fields if each.type_.standard_extension == number)
