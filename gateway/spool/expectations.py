"""What was sent and what is to be heard of it: every recipient of every subject, until its report or notification has come.

A *subject* is something that a report or notification may come about, under the name by which the other world will call it:
the MTS identifier of a message or probe, or the identifier of an IPM that asked for notifications. It is written before the
subject is sent, in the commit of its plan, and it is the only thing that makes a report count: what names no subject of ours,
or nobody to whom that subject was sent, changes nothing.

Each *expectation* is one recipient of a subject. It ends as delivered, relayed or failed; one that was to be answered and is
not, after its time, is overdue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update

from gateway.spool.reader import Reader
from gateway.spool.schema import expectation, subject, ticks, time_of
from gateway.spool.transfer import Outcome, Result, Side


class Fate(Enum):
    """What became of a recipient, as far as it is known here. The last three are ends."""

    OPEN = "open"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    FAILED = "failed"


class Asked(Enum):
    """What somebody asked to be told."""

    SUCCESS = "success"
    FAILURE = "failure"
    DELAY = "delay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a report or notification may come about.

    Attributes:
        key: Its name in the world that answers: text of an MTS identifier, or `mixer.correlation`'s key of an IPM identifier.
        transfer: Queue identifier of the transfer that was sent under this name.
        origin: The side of the originator, who is to be told.
        sender: Where to: a reverse path, or an O/R address in the std-or form (the last expanded list, else the originator).
        expires: When it is forgotten; whatever comes later is about nothing that we know.
        fields: What the answer needs besides, such as ``envid``, ``ret``, ``message_id``; and ``kind`` where it is a probe.
    """

    key: str
    transfer: str
    origin: Side
    sender: str
    expires: datetime
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One recipient of a subject.

    Attributes:
        number: Of the recipient in its transfer.
        address: To whom it was sent, in the text form of the side that answers.
        original: The same recipient as the originator wrote it, in the text form of the other side.
        asked: What the originator wants to be told.
        patience: How long after handing over an answer may take; None where none is expected.
        fields: What the answer needs of this recipient, such as ``orcpt``, ``indicators``, ``name``.
        fate, due, ended: What is known by now; ``due`` is when an answer that has not come is overdue.
        peer: Who took it, or who answered.
        said: The answer in words.
        heard: Every fate that was ever told of it: systems contradict themselves, and the same is not told twice.
    """

    number: int
    address: str
    original: str
    asked: frozenset[Asked] = frozenset()
    patience: timedelta | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    fate: Fate = Fate.OPEN
    due: datetime | None = None
    ended: datetime | None = None
    peer: str = ""
    said: str = ""
    heard: frozenset[Fate] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A subject with its recipients."""

    subject: Subject
    recipients: tuple[Expectation, ...]

    def recipient(self, number: int) -> Expectation | None:
        """One of its recipients by number."""
        return next((each for each in self.recipients if each.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a report or notification said of one recipient of a subject."""

    key: str
    transfer: str
    number: int
    fate: Fate
    at: datetime
    peer: str = ""
    said: str = ""


_THIS = (
    expectation.c.subject == bindparam("of_key"),
    expectation.c.transfer == bindparam("of_transfer"),
    expectation.c.number == bindparam("of_number"),
)
_HAS_SUBJECT = select(subject.c.subject).where(subject.c.subject == bindparam("of_key"), subject.c.transfer == bindparam("of_transfer"))
_NUMBERS = select(expectation.c.number).where(
    expectation.c.subject == bindparam("of_key"), expectation.c.transfer == bindparam("of_transfer")
)
_SUBJECTS = select(subject).where(subject.c.subject == bindparam("of_key"), subject.c.expires_at > bindparam("now"))
_SUBJECT_OF = select(subject).where(subject.c.subject == bindparam("of_key"), subject.c.transfer == bindparam("of_transfer"))
_RECIPIENTS = (
    select(expectation)
    .where(expectation.c.subject == bindparam("of_key"), expectation.c.transfer == bindparam("of_transfer"))
    .order_by(expectation.c.number)
)
_OPEN_OF = select(expectation).where(expectation.c.transfer == bindparam("of_transfer"), expectation.c.fate == Fate.OPEN.value)
_OPEN_OF_ONE = _OPEN_OF.where(expectation.c.number == bindparam("of_number"))
_ANSWERED = update(expectation).where(*_THIS).values(
    fate=bindparam("new_fate"), due_at=None, ended_at=bindparam("new_ended"), peer=bindparam("new_peer"), said=bindparam("new_said"),
    heard=expectation.c.heard + bindparam("new_heard"),
)  # fmt: skip
_WAITS = update(expectation).where(*_THIS).values(due_at=bindparam("new_due"), peer=bindparam("new_peer"))
_LATE = (expectation.c.fate == Fate.OPEN.value, expectation.c.due_at <= bindparam("now"))
_OVERDUE = select(expectation.c.subject, expectation.c.transfer).where(*_LATE).order_by(expectation.c.due_at).limit(bindparam("at_most"))
_COUNTED = select(expectation.c.fate, func.count()).where(or_(expectation.c.patience.is_not(None), expectation.c.fate != Fate.OPEN.value))
_ADDRESSED = select(expectation.c.subject, expectation.c.transfer).where(
    or_(func.lower(expectation.c.address) == bindparam("address"), func.lower(expectation.c.original) == bindparam("address"))
)
_SENT_BY = select(subject.c.subject, subject.c.transfer).where(func.lower(subject.c.sender) == bindparam("address"))
_OF_ANY_TRANSFER = select(subject).where(subject.c.transfer.in_(bindparam("ids", expanding=True))).order_by(subject.c.subject)
_FORGET_RECIPIENTS = delete(expectation).where(
    select(subject.c.subject)
    .where(
        subject.c.subject == expectation.c.subject, subject.c.transfer == expectation.c.transfer, subject.c.expires_at < bindparam("now")
    )
    .exists()
)
_FORGET = delete(subject).where(subject.c.expires_at < bindparam("now"))


def promise(connection: Connection, found: Iterable[Known]) -> None:
    """Write subjects with their recipients, in the caller's transaction; what was written before stands."""
    for known in found:
        here = {"of_key": known.subject.key, "of_transfer": known.subject.transfer}
        if connection.execute(_HAS_SUBJECT, here).one_or_none() is None:
            connection.execute(insert(subject), _subject_row(known.subject))
        standing = set(connection.execute(_NUMBERS, here).scalars())
        if added := [_row(known.subject, each) for each in known.recipients if each.number not in standing]:
            connection.execute(insert(expectation), added)


def handed_over(connection: Connection, transfer_id: str, outcomes: Mapping[int, Outcome]) -> None:
    """The ends of recipients here: who failed is told by us; who was handed on may be answered for from now on."""
    if all(outcome.result is Result.DEFERRED for outcome in outcomes.values()):
        return
    answered: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for row in connection.execute(_OPEN_OF, {"of_transfer": transfer_id}).all():
        outcome = outcomes.get(row.number)
        if outcome is None or outcome.result is Result.DEFERRED:
            continue
        here = {"of_key": row.subject, "of_transfer": transfer_id, "of_number": row.number}
        end = _end_here(row, outcome)
        if end is None:
            due = None if row.patience is None else ticks(outcome.at) + row.patience
            waiting.append({**here, "new_due": due, "new_peer": outcome.peer})
        else:
            said = outcome.failure.text if outcome.failure is not None else outcome.reply
            answered.append({**here, **_end_values(end, outcome.at, outcome.peer, said)})
    if answered:
        connection.execute(_ANSWERED, answered)
    if waiting:
        connection.execute(_WAITS, waiting)


def _end_values(fate: Fate, at: datetime, peer: str, said: str) -> dict[str, Any]:
    return {"new_fate": fate.value, "new_ended": ticks(at), "new_peer": peer, "new_said": said, "new_heard": f"{fate.value} "}


def _end_here(row: Row[Any], outcome: Outcome) -> Fate | None:
    """The fate that needs no answer: a failure, or an SMTP server that took it and will not report (RFC 3461 5.2.2)."""
    if outcome.result is Result.FAILED:
        return Fate.FAILED
    return Fate.RELAYED if outcome.result is Result.RELAYED and row.ends_relayed else None


def settle(connection: Connection, answers: Iterable[Answer]) -> None:
    """What reports and notifications said. A failed message will not be read either: its notification is not waited for."""
    for each in answers:
        here = {"of_key": each.key, "of_transfer": each.transfer, "of_number": each.number}
        values = _end_values(each.fate, each.at, each.peer, each.said)
        connection.execute(_ANSWERED, {**here, **values})
        if each.fate is Fate.FAILED:
            for row in connection.execute(_OPEN_OF_ONE, {"of_transfer": each.transfer, "of_number": each.number}).all():
                connection.execute(_ANSWERED, {**here, **values, "of_key": row.subject})


def recall(connection: Connection, key: str, now: datetime) -> tuple[Known, ...]:
    """What was sent under a name: several transfers where an MTA split a message and kept its identifier."""
    rows = connection.execute(_SUBJECTS, {"of_key": key, "now": ticks(now)}).all()
    return tuple(_known(connection, row) for row in rows)


def of_transfers(connection: Connection, ids: Sequence[str]) -> tuple[Known, ...]:
    """What is expected about transfers."""
    return tuple(_known(connection, row) for row in connection.execute(_OF_ANY_TRANSFER, {"ids": list(ids)}).all())


def overdue(connection: Connection, now: datetime, limit: int) -> tuple[Known, ...]:
    """Subjects with a recipient whose answer is overdue, the longest first."""
    found = connection.execute(_OVERDUE, {"now": ticks(now), "at_most": limit}).all()
    return _each(connection, dict.fromkeys((row.subject, row.transfer) for row in found))


def of_address(connection: Connection, address: str) -> tuple[Known, ...]:
    """Subjects that an address sent or that were sent to it, in either world's form and in any case."""
    values = {"address": address.lower()}
    found = [*connection.execute(_ADDRESSED, values).all(), *connection.execute(_SENT_BY, values).all()]
    return _each(connection, dict.fromkeys((row.subject, row.transfer) for row in found))


def _each(connection: Connection, pairs: Iterable[tuple[str, str]]) -> tuple[Known, ...]:
    rows = [connection.execute(_SUBJECT_OF, {"of_key": key, "of_transfer": transfer}).one_or_none() for key, transfer in pairs]
    return tuple(_known(connection, row) for row in rows if row is not None)


def counts(connection: Connection, now: datetime) -> Mapping[str, int]:
    """Recipients whose originators are told of their fate: ``awaited`` and not overdue, ``overdue``, and the ends."""
    by_fate = {row[0]: row[1] for row in connection.execute(_COUNTED.group_by(expectation.c.fate))}
    late = connection.execute(select(func.count()).select_from(expectation).where(*_LATE), {"now": ticks(now)}).scalar_one()
    ends = {fate.value: by_fate.get(fate.value, 0) for fate in (Fate.DELIVERED, Fate.RELAYED, Fate.FAILED)}
    return {"awaited": by_fate.get(Fate.OPEN.value, 0) - late, "overdue": late, **ends}


def expire(connection: Connection, now: datetime) -> None:
    """Forget subjects whose time is over."""
    connection.execute(_FORGET_RECIPIENTS, {"now": ticks(now)})
    connection.execute(_FORGET, {"now": ticks(now)})


def _subject_row(each: Subject) -> dict[str, Any]:
    return {
        "subject": each.key, "transfer": each.transfer, "origin": each.origin.value, "sender": each.sender,
        "expires_at": ticks(each.expires), "fields": json.dumps(dict(each.fields), separators=(",", ":")),
    }  # fmt: skip


def _row(about: Subject, each: Expectation) -> dict[str, Any]:
    return {
        "subject": about.key, "transfer": about.transfer, "number": each.number, "address": each.address, "original": each.original,
        "asked": " ".join(sorted(one.value for one in each.asked)), "fate": each.fate.value,
        "patience": None if each.patience is None else each.patience // timedelta(microseconds=1),
        "ends_relayed": int(about.origin is Side.X400), "fields": json.dumps(dict(each.fields), separators=(",", ":")),
        "due_at": None if each.due is None else ticks(each.due), "ended_at": None, "peer": each.peer, "said": each.said, "heard": "",
    }  # fmt: skip


def _known(connection: Connection, row: Row[Any]) -> Known:
    about = Subject(
        key=row.subject, transfer=row.transfer, origin=Side(row.origin), sender=row.sender, expires=time_of(row.expires_at),
        fields=json.loads(row.fields),
    )  # fmt: skip
    found = connection.execute(_RECIPIENTS, {"of_key": row.subject, "of_transfer": row.transfer}).all()
    return Known(subject=about, recipients=tuple(_expectation(each) for each in found))


def _expectation(row: Row[Any]) -> Expectation:
    return Expectation(
        number=row.number, address=row.address, original=row.original, asked=frozenset(Asked(one) for one in row.asked.split()),
        patience=None if row.patience is None else timedelta(microseconds=row.patience), fields=json.loads(row.fields),
        fate=Fate(row.fate), due=None if row.due_at is None else time_of(row.due_at),
        ended=None if row.ended_at is None else time_of(row.ended_at), peer=row.peer, said=row.said,
        heard=frozenset(Fate(one) for one in row.heard.split()),
    )  # fmt: skip


class Expectations:
    """The expectations of a queue, for callers on the event loop. `Store.expectations` is the one of the store."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def recall(self, key: str, now: datetime) -> tuple[Known, ...]:
        """See `recall`."""
        return await self._reader.run(lambda connection: recall(connection, key, now))

    async def of_transfers(self, ids: Sequence[str]) -> tuple[Known, ...]:
        """See `of_transfers`."""
        return await self._reader.run(lambda connection: of_transfers(connection, ids))

    async def overdue(self, now: datetime, limit: int = 100) -> tuple[Known, ...]:
        """See `overdue`."""
        return await self._reader.run(lambda connection: overdue(connection, now, limit))

    async def of_address(self, address: str) -> tuple[Known, ...]:
        """See `of_address`."""
        return await self._reader.run(lambda connection: of_address(connection, address))

    async def counts(self, now: datetime) -> Mapping[str, int]:
        """See `counts`."""
        return await self._reader.run(lambda connection: counts(connection, now))
