"""One mail transaction on an open connection: parameters the server offers, a reply for each recipient, the data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.downgrade import Demand, demand, fit
from gateway.internet.envelope import DeliverBy, SmtpEnvelope, SmtpRecipient, encode_orcpt, encode_xtext
from gateway.internet.international import conventional
from gateway.internet.message import parse_header
from gateway.octets import Octets
from gateway.smtp.client import Connection, ConnectionFailed
from gateway.smtp.failures import NOT_INTERNATIONAL, Reply, Stage, connection_failure, failure_from_reply, x400_reason
from gateway.spool.transfer import Outcome, Result

_PIPELINED = 100  # commands written before replies are read
_LONGEST_BY = 999_999_999  # RFC 2852 section 4: nine digits
_TOO_LATE = Failure(
    reason=1, diagnostic=5, smtp_code=554, status="5.4.7", text="The time by which the message had to be delivered is over."
)  # fmt: skip
_ON_THE_LOOP = 64 * 1024  # octets of a message that is looked through at once


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A recipient that can be named to this server."""

    number: int
    command: str


class Transaction:
    """MAIL, RCPT, DATA for one message.

    Args:
        connection: Where to.
        envelope: For whom.
        message: As it is before what this server makes necessary.
        clock: The present time.
        signed: Puts signatures before what really leaves; may take long.

    Attributes:
        outcomes: One for each recipient of the envelope, after `run`.
        begun_data: DATA was sent, so the message may have been taken whatever happened then.
    """

    def __init__(
        self, connection: Connection, envelope: SmtpEnvelope, message: Octets, clock: Callable[[], datetime],
        signed: Callable[[Octets], Octets] = lambda message: message,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._envelope = envelope
        self._message = message
        self._clock = clock
        self._signed = signed
        self._eight_bit = envelope.body != "7BIT"
        self._found: dict[int, Outcome] = {}
        self.begun_data = False

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """By position in the envelope, from 0."""
        return [self._found[number] for number in range(len(self._envelope.recipients))]

    async def run(self) -> bool:
        """Carry it out; False when the connection broke (recipients without a reply are deferred then)."""
        ended = False
        try:
            await self._carry_out()
            ended = True
        except ConnectionFailed as error:
            status = "4.4.2" if self.begun_data else "4.4.1"
            self._rest(connection_failure(self._connection.name, str(error), status))
        finally:
            if not ended:  # broken, cancelled, or the message could not be read: what the server heard of it is unknown
                self._connection.abort()
        return ended

    async def _carry_out(self) -> None:
        failure = self._unfit()
        if failure is not None:
            self._rest(failure)
            return
        wanted = self._nameable()
        if not wanted:
            return
        self._message = await self._downgraded()
        accepted = await self._name_recipients(wanted)
        if accepted:
            await self._hand_over(accepted)
        else:
            await self._connection.command("RSET")

    def _unfit(self) -> Failure | None:
        """Why this message cannot go to this server at all, without asking it."""
        limit = self._connection.extensions.get("SIZE", "").strip()
        if limit.isdecimal() and 0 < int(limit) < len(self._message):
            reason, diagnostic = x400_reason("5.3.4")
            text = f"{self._connection.name} takes at most {int(limit)} octets, the message has {len(self._message)}"
            return Failure(reason=reason, diagnostic=diagnostic, smtp_code=552, status="5.3.4", text=text)
        by = self._envelope.by
        if by is not None and by.mode == "R" and self._time_left(by) <= 0:
            return _TOO_LATE
        if self._connection.offers("SMTPUTF8"):
            return None
        header_is_ascii = not self._envelope.smtputf8 or all(field.body.isascii() for field in parse_header(self._message))
        return None if header_is_ascii and _ascii(self._envelope.reverse_path) is not None else NOT_INTERNATIONAL

    def _nameable(self) -> list[_Wanted]:
        """The recipients with their commands; one whose local part needs SMTPUTF8 fails where that is not offered."""
        found: list[_Wanted] = []
        for number, recipient in enumerate(self._envelope.recipients):
            address = recipient.address if self._connection.offers("SMTPUTF8") else _ascii(recipient.address)
            if address is None:
                self._found[number] = self._outcome(NOT_INTERNATIONAL)
            else:
                found.append(_Wanted(number, f"RCPT TO:<{address}>{self._rcpt_parameters(recipient)}"))
        return found

    async def _downgraded(self) -> Octets:
        """RFC 6152 section 3: without 8BITMIME the content is made 7-bit; and nothing binary ever leaves by DATA. Signed after that.

        The envelope alone does not tell: a report returns the content of a message that came with BINARYMIME.
        """
        most = Demand.EIGHT_BIT if self._connection.offers("8BITMIME") else Demand.SEVEN_BIT

        international = self._connection.offers("SMTPUTF8")

        def downgraded() -> tuple[Octets, Demand]:
            original = self._message if international or not self._envelope.smtputf8 else conventional(self._message)
            asked = demand(original)
            message = original if asked <= most else fit(original, most)
            return self._signed(message), min(asked, most)

        small = len(self._message) <= _ON_THE_LOOP
        message, asked = downgraded() if small else await asyncio.to_thread(downgraded)
        self._eight_bit = self._eight_bit or asked is Demand.EIGHT_BIT
        return message

    async def _name_recipients(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """MAIL and RCPT; the recipients that the server took."""
        first, *replies = await self._connection.command(self._mail_command(), *(one.command for one in wanted[:_PIPELINED]))
        if first.code != 250:
            self._rest(failure_from_reply(first, Stage.MAIL, self._connection.name), reply=first)
            return []
        for start in range(_PIPELINED, len(wanted), _PIPELINED):
            replies += await self._connection.command(*(one.command for one in wanted[start : start + _PIPELINED]))
        accepted: list[_Wanted] = []
        for one, reply in zip(wanted, replies, strict=True):
            if reply.code in (250, 251, 252):
                accepted.append(one)
            else:
                self._found[one.number] = self._outcome(failure_from_reply(reply, Stage.RCPT, self._connection.name), reply)
        return accepted

    async def _hand_over(self, accepted: Sequence[_Wanted]) -> None:
        self.begun_data = True
        reply = await self._connection.data(self._message)
        if reply.code != 250:
            self._rest(failure_from_reply(reply, Stage.DATA, self._connection.name), reply=reply)
            await self._connection.command("RSET")
            return
        result = Result.DELIVERED if self._connection.offers("DSN") else Result.RELAYED
        for one in accepted:
            self._found[one.number] = Outcome(result=result, at=self._clock(), peer=self._connection.name, reply=str(reply))

    def _mail_command(self) -> str:
        envelope, offers = self._envelope, self._connection.offers
        found_by_envid = offers("DSN") and envelope.envid
        path = envelope.reverse_path if found_by_envid or not envelope.tagged_path else envelope.tagged_path
        address = path if offers("SMTPUTF8") else _ascii(path)
        words = [f"MAIL FROM:<{address}>"]
        if offers("SIZE"):
            words.append(f"SIZE={len(self._message)}")
        if offers("8BITMIME") and self._eight_bit:
            words.append("BODY=8BITMIME")
        if offers("SMTPUTF8") and self._needs_utf8():
            words.append("SMTPUTF8")
        if offers("DSN") and envelope.ret:
            words.append(f"RET={envelope.ret}")
        if offers("DSN") and envelope.envid:
            words.append(f"ENVID={encode_xtext(envelope.envid)}")
        if offers("MT-PRIORITY") and envelope.mt_priority is not None:
            words.append(f"MT-PRIORITY={envelope.mt_priority}")
        words += self._deliver_by()
        return " ".join(words)

    def _deliver_by(self) -> list[str]:
        """BY with the time that is left (RFC 2852 section 4.1.4), where the server offers it for so short a time."""
        by = self._envelope.by
        if by is None or not self._connection.offers("DELIVERBY"):
            return []
        left = self._time_left(by)
        minimum = self._connection.extensions["DELIVERBY"].partition(",")[0].strip()
        if by.mode == "R" and left < (int(minimum) if minimum.isdecimal() else 1):
            return []
        return [f"BY={max(left, -_LONGEST_BY)};{by.mode}{'T' if by.trace else ''}"]

    def _time_left(self, by: DeliverBy) -> int:
        return by.seconds if by.until is None else min(int((by.until - self._clock()).total_seconds()), _LONGEST_BY)

    def _needs_utf8(self) -> bool:
        envelope = self._envelope
        return envelope.smtputf8 or not all(
            text.isascii() for text in (envelope.reverse_path, *(one.address for one in envelope.recipients))
        )

    def _rcpt_parameters(self, recipient: SmtpRecipient) -> str:
        if not self._connection.offers("DSN"):
            return ""
        notify = f" NOTIFY={','.join(sorted(recipient.notify))}" if recipient.notify else ""
        return notify + (f" ORCPT={encode_orcpt(recipient.orcpt)}" if recipient.orcpt else "")

    def _rest(self, failure: Failure, *, reply: Reply | None = None) -> None:
        """The same outcome for every recipient that has none yet."""
        for number in range(len(self._envelope.recipients)):
            if number not in self._found:
                self._found[number] = self._outcome(failure, reply)

    def _outcome(self, failure: Failure, reply: Reply | None = None) -> Outcome:
        result = Result.FAILED if failure.permanent else Result.DEFERRED
        return Outcome(result=result, at=self._clock(), peer=self._connection.name, reply=str(reply) if reply else "", failure=failure)


def _ascii(address: str) -> str | None:
    """The address without SMTPUTF8: its domain in A-labels; None when the local part cannot be written."""
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        labels = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return replace(Mailbox.from_text(f"<{address}>"), domain=labels).address if local.isascii() else None
