"""The whole story of a message, found by any of its names or addresses: what was taken, what was done, and what was said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.log import printable
from gateway.mixer import codes
from gateway.spool.expectations import Expectation, Fate, Known
from gateway.spool.store import Store
from gateway.spool.transfer import ENDS, Event, Transfer

_MOST = 50
_WORDS = {
    "spool.accepted": "taken",
    "spool.suppressed": "a copy that came before; not delivered twice",
    "spool.repeated": "handed in again; known already",
    "spool.quarantined": "set aside",
    "relay.quarantined": "set aside",
    "relay.converted": "converted",
    "relay.reported": "reported",
    "recipient.delivered": "handed over; the next system will report",
    "recipient.relayed": "handed over",
    "recipient.deferred": "not yet; it will be tried again",
    "recipient.failed": "failed",
}
"""Events in plain words; others speak for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One transfer.

    Attributes:
        id: Queue identifier.
        transfer: As it stands in the queue, None when it has been swept.
        events: What happened, oldest first.
        awaited: What was or is expected to be heard of it.
    """

    id: str
    transfer: Transfer | None
    events: tuple[Event, ...]
    awaited: tuple[Known, ...]


async def stories(store: Store, name: str) -> tuple[Story, ...]:
    """The stories of all transfers with a name or address, and of the reports about them, in the order in which they began."""
    found = await store.named(name, _MOST)
    awaited = await store.expectations.of_address(name)
    ids = dict.fromkeys((*found, *(known.subject.transfer for known in awaited)))
    for each in tuple(ids):
        held = [one.id for one in await store.track(each)]
        # What has been swept from the queue is found in the audit trail, which takes longer.
        ids |= dict.fromkeys(held or await store.named(each, _MOST))
    told = [await _story(store, each) for each in ids]
    return tuple(sorted((story for story in told if story.events), key=lambda story: story.events[0].at))


async def _story(store: Store, transfer_id: str) -> Story:
    return Story(
        id=transfer_id, transfer=await store.get(transfer_id), events=await store.events(transfer_id),
        awaited=await store.expectations.of_transfers((transfer_id,)),
    )  # fmt: skip


# --- for people -----------------------------------------------------------------------------------------------------------------


def lines(story: Story, now: datetime) -> Iterator[str]:
    """A story in lines."""
    accepted = story.events[0].fields
    recipients = json.loads(accepted.get("recipients", "[]"))
    to = ", ".join(map(printable, recipients))
    yield f"{story.id}  {accepted.get('kind', 'transfer')} from {printable(accepted.get('sender', '')) or '<>'} to {to}"
    for title, key in (("Message-ID", "message_id"), ("MTS identifier", "mts_identifier"), ("about", "subject_of")):
        if accepted.get(key):
            yield f"    {title}: {printable(accepted[key])}"
    for event in story.events:
        yield f"    {event.at:%Y-%m-%d %H:%M:%S}  {event_line(event, recipients)}"
    for known in story.awaited:
        yield f"    sent as {printable(known.subject.key)}"
        for each in known.recipients:
            yield f"    {_awaited_line(known, each, now)}"
    yield from _waiting(story)


def _waiting(story: Story) -> Iterator[str]:
    for each in story.transfer.recipients if story.transfer is not None else ():
        if each.state not in ENDS:
            due = f", next attempt {each.due:%Y-%m-%d %H:%M:%S}" if each.due is not None else ""
            yield f"    {printable(each.address)}: {each.state.value}, {each.attempts} attempts{due}"


def event_line(event: Event, recipients: Sequence[str]) -> str:
    """One event in plain words, with peer and code."""
    words = [_WORDS.get(event.name, event.name)]
    if event.recipient is not None:
        address = recipients[event.recipient - 1] if 0 < event.recipient <= len(recipients) else f"recipient {event.recipient}"
        words.append(f"for {printable(address)}")
    if event.peer:
        words.append(f"{'from' if event.name == 'spool.accepted' else 'at'} {printable(event.peer)}")
    said = printable(event.text)
    tail = f": {said}" if said and event.name != "spool.accepted" else ""
    return " ".join(words) + tail + _code(event.fields)


def _code(fields: Mapping[str, str]) -> str:
    """Both codes of a failure, that of X.411 by name and in plain words."""
    if "reason" not in fields:
        return ""
    reason, diagnostic = int(fields["reason"]), int(fields["diagnostic"]) if fields["diagnostic"] else None
    return f" [{fields['status']}; X.411 {codes.names(reason, diagnostic)}: {codes.words(reason, diagnostic)}]"


def _awaited_line(known: Known, each: Expectation, now: datetime) -> str:
    what = "notification" if known.subject.fields.get("kind") == "notification" else "report"
    head = f"{what} on {printable(each.address)}"
    if each.fate is not Fate.OPEN:
        at = f" {each.ended:%Y-%m-%d %H:%M:%S}" if each.ended is not None else ""
        return f"{head}: {each.fate.value}{at} {printable(each.peer)} {printable(each.said)}".rstrip()
    if each.due is None:
        return f"{head}: none is expected" if each.patience is None else f"{head}: not handed over yet"
    late = "OVERDUE since" if each.due <= now else "expected until"
    return f"{head}: {late} {each.due:%Y-%m-%d %H:%M:%S}, handed to {printable(each.peer)}"


def overdue_lines(known: Known, now: datetime) -> Iterator[str]:
    """The recipients of a subject whose answer is overdue."""
    for each in known.recipients:
        if each.fate is Fate.OPEN and each.due is not None and each.due <= now:
            yield f"{known.subject.transfer}  {printable(known.subject.sender)}  {_awaited_line(known, each, now)}"


# --- for programs ---------------------------------------------------------------------------------------------------------------


def exported(transfer_id: str, event: Event) -> dict[str, Any]:
    """One event as a flat object: one line of the exported audit trail."""
    found: dict[str, Any] = {"at": event.at.isoformat(), "id": transfer_id, "event": event.name}
    if event.recipient is not None:
        found["recipient"] = event.recipient
    if event.peer:
        found["peer"] = event.peer
    if event.text:
        found["text"] = event.text
    fields = dict(event.fields)
    if "recipients" in fields:
        found["recipients"] = json.loads(fields.pop("recipients"))
    return {**fields, **found}
