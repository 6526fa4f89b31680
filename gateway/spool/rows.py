"""How the values of `spool.transfer` stand in the tables, and how they are read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from gateway.spool.schema import ticks, time_of
from gateway.spool.transfer import Event, Kind, Plan, Priority, Recipient, RecipientState, Side, Source, Transfer

_SIDES = {side.value: side for side in Side}
_STATES = {state.value: state for state in RecipientState}
_KINDS = {kind.value: kind for kind in Kind}


def record_json(transfer: Transfer) -> str:
    """All of a transfer but its recipients and its envelope, which have columns of their own."""
    source = transfer.source
    return json.dumps(
        {
            "origin": transfer.origin.value,
            "kind": transfer.kind.value,
            "arrived": transfer.arrived.isoformat(),
            "size": transfer.size,
            "source": [
                source.side.value, source.peer, source.address, source.identity, source.session, dict(source.authentication),
            ],
            "digest": source.digest,
            "sender": transfer.sender,
            "priority": transfer.priority.value,
            "deferred_until": transfer.deferred_until and transfer.deferred_until.isoformat(),
            "latest_delivery": transfer.latest_delivery and transfer.latest_delivery.isoformat(),
            "message_id": transfer.message_id,
            "mts_identifier": transfer.mts_identifier,
            "ipm_identifier": transfer.ipm_identifier,
            "duplicate_key": transfer.duplicate_key,
            "subject_of": transfer.subject_of,
        },
        separators=(",", ":"),
    )  # fmt: skip


def transfer_from_row(row: Row[Any], recipients: Iterable[Recipient]) -> Transfer:
    """The transfer of a row with the columns ``id``, ``record`` and ``envelope``."""
    record: Mapping[str, Any] = json.loads(row.record)
    side, peer, address, identity, session, authentication = record["source"]
    return Transfer(
        id=row.id,
        origin=_SIDES[record["origin"]],
        kind=_KINDS[record["kind"]],
        arrived=datetime.fromisoformat(record["arrived"]),
        size=record["size"],
        source=Source(
            side=_SIDES[side],
            peer=peer,
            address=address,
            identity=identity,
            session=session,
            digest=record.get("digest", ""),
            authentication=authentication,
        ),
        sender=record["sender"],
        recipients=tuple(recipients),
        priority=Priority(record["priority"]),
        deferred_until=_time(record["deferred_until"]),
        latest_delivery=_time(record["latest_delivery"]),
        message_id=record["message_id"],
        mts_identifier=record["mts_identifier"],
        ipm_identifier=record["ipm_identifier"],
        envelope=row.envelope,
        duplicate_key=record["duplicate_key"],
        subject_of=record["subject_of"],
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def recipient_row(transfer_id: str, recipient: Recipient) -> dict[str, Any]:
    """The row of one recipient."""
    return {
        "transfer": transfer_id,
        "number": recipient.number,
        "address": recipient.address,
        "target": recipient.target.value,
        "state": recipient.state.value,
        "attempts": recipient.attempts,
        "due": None if recipient.due is None else ticks(recipient.due),
        "warned": int(recipient.warned),
        "note": recipient.note,
        "identity": recipient.identity,
    }


def recipient_from_row(row: Row[Any]) -> Recipient:
    """The recipient of a row of the table ``recipient``."""
    return Recipient(
        number=row.number,
        address=row.address,
        target=_SIDES[row.target],
        state=_STATES[row.state],
        attempts=row.attempts,
        due=None if row.due is None else time_of(row.due),
        warned=bool(row.warned),
        note=row.note,
        identity=row.identity,
    )


def event_row(transfer_id: str, event: Event) -> dict[str, Any]:
    """The row of one event, without its serial."""
    return {
        "transfer": transfer_id,
        "at": ticks(event.at),
        "name": event.name,
        "text": event.text,
        "recipient": event.recipient,
        "peer": event.peer,
        "fields": json.dumps(dict(event.fields), separators=(",", ":")) if event.fields else "",
    }


def event_from_row(row: Row[Any]) -> Event:
    """The event of a row of ``outbox`` or ``event``."""
    fields = json.loads(row.fields) if row.fields else {}
    return Event(at=time_of(row.at), name=row.name, text=row.text, recipient=row.recipient, peer=row.peer, fields=fields)


def plan_from_row(row: Row[Any]) -> Plan:
    """The plan of a row of the table ``plan``."""
    return Plan(group=row.recipients, seed=row.seed, made_at=time_of(row.made_at), tables=row.tables)
