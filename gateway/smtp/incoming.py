"""A message on its way in, by DATA or in the chunks of BDAT: into the store while it arrives, judged while it passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import log
from gateway.errors import ConversionError, GatewayError, NoSpaceError
from gateway.internet.encoded_words import sanitise
from gateway.smtp.data import LineCheck
from gateway.smtp.intake import ContentSink
from gateway.smtp.parameters import Refusal

if TYPE_CHECKING:
    from gateway.smtp.listener import ListenerSettings

_log = log.get("smtp")


@dataclass(slots=True)
class Incoming:
    """Where a message goes, what is known of it, and why it is no longer wanted, if so.

    Attributes:
        sink: Where it goes.
        lines: What passed.
        settings: The limits that hold.
        deadline: When the client must have ended it, in the loop's time.
        refusal: Why the message is refused; it is read to its end all the same, since only then a reply is due.
    """

    sink: ContentSink
    lines: LineCheck
    settings: ListenerSettings
    deadline: float
    refusal: Refusal | None = None

    async def take(self, content: bytes) -> None:
        """Store octets that passed `lines`, unless the message is refused already, or now."""
        if self.refusal is None:
            self.refusal = self._judged()
        if self.refusal is not None or not content:
            return
        try:
            await self.sink.write(content)
        except GatewayError as error:
            self.refusal = refusal_for(error)

    def _judged(self) -> Refusal | None:
        settings, lines = self.settings, self.lines
        if lines.length > settings.size_limit:
            return too_large(settings.size_limit)
        if lines.stray and settings.refuse_stray_line_ends:
            return Refusal(550, "5.6.11", "a CR or LF stands alone in the message; every line must end with both")
        if lines.longest_line > settings.line_limit:
            return Refusal(554, "5.6.0", f"a line of the message is longer than {settings.line_limit} octets")
        return None


def too_large(limit: int) -> Refusal:
    """The refusal of a message above ``limit`` octets (RFC 1870 section 6.3)."""
    return Refusal(552, "5.3.4", f"the message is larger than the {limit} octets accepted here")


def refusal_for(error: GatewayError) -> Refusal:
    """The reply for an error on our side: temporary unless it carries a `Failure` that says otherwise."""
    if isinstance(error, ConversionError):
        failure = error.failure
        return Refusal(failure.smtp_code, failure.status, sanitise(failure.text))
    if isinstance(error, NoSpaceError):
        return Refusal(452, "4.3.1", "the queue is full; try again later")
    _log.warning("smtp.refused", reply="451 4.3.0", detail=str(error))
    return Refusal(451, "4.3.0", "the message cannot be taken now; try again later")
