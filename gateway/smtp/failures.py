"""What an SMTP reply means to an X.400 originator: reply -> `Failure`, by RFC 2156 5.1.8.4 read from the status code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.errors import Failure
from gateway.internet.encoded_words import sanitise

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
_LONGEST_TEXT = 400


class Stage(Enum):
    """Where in the transaction a reply came."""

    CONNECT = "connect"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply of an SMTP server: its code and the text of its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines as one, without control characters."""
        return sanitise(" ".join(self.lines))[:_LONGEST_TEXT]

    @property
    def status(self) -> str:
        """The enhanced status code (RFC 2034), empty where there is none or its class is not that of the reply."""
        match = _STATUS.match(self.lines[0]) if self.lines else None
        return match.group() if match and match.group(1) == str(self.code)[0] else ""

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


# RFC 2156 5.1.8.4: subject and detail -> X.411 reason and diagnostic. Directed; the way back is another table.
_X400: Mapping[tuple[int, int], tuple[int, int | None]] = {
    (0, 0): (1, None), (1, 0): (1, None), (1, 1): (1, 0), (1, 2): (1, 0), (1, 3): (1, 0), (1, 4): (1, 1), (1, 6): (1, 43),
    (1, 7): (1, 11), (1, 8): (1, 11), (2, 0): (1, None), (2, 1): (1, 4), (2, 2): (1, 4), (2, 3): (1, 7), (2, 4): (1, 30),
    (3, 0): (0, None), (3, 1): (1, 2), (3, 2): (1, 2), (3, 3): (1, 18), (3, 4): (1, 7), (3, 5): (1, None), (4, 0): (0, None),
    (4, 1): (0, None), (4, 2): (0, None), (4, 3): (6, None), (4, 4): (0, None), (4, 5): (1, 2), (4, 6): (1, 3), (4, 7): (1, 5),
    (5, 0): (1, None), (5, 1): (1, 14), (5, 2): (1, 14), (5, 3): (1, 16), (5, 4): (1, 14), (5, 5): (1, 18), (6, 0): (2, None),
    (6, 1): (1, 6), (6, 2): (1, 9), (6, 3): (2, 8), (6, 5): (2, 47), (7, 0): (1, 46), (7, 1): (1, 29), (7, 2): (1, 28), (7, 3): (1, 46),
    (7, 4): (1, 46), (7, 5): (1, 46), (7, 6): (1, 46), (7, 7): (1, 46),
    # RFC 6531 and RFC 7505 came later: an address that cannot be written, a domain that takes no mail.
    (6, 7): (1, 0), (1, 10): (1, 0),
}  # fmt: skip
# Without an enhanced status code: what the bare reply code says at each stage (RFC 5321 4.2.3).
_BARE: Mapping[tuple[Stage, int], str] = {
    (Stage.CONNECT, 421): "4.3.2",
    (Stage.MAIL, 452): "4.3.1",
    (Stage.MAIL, 552): "5.3.4",
    (Stage.MAIL, 553): "5.1.7",
    (Stage.MAIL, 555): "5.5.4",
    (Stage.RCPT, 450): "4.2.0",
    (Stage.RCPT, 452): "4.5.3",
    (Stage.RCPT, 550): "5.1.1",
    (Stage.RCPT, 551): "5.1.6",
    (Stage.RCPT, 552): "5.2.2",
    (Stage.RCPT, 553): "5.1.3",
    (Stage.RCPT, 556): "5.1.10",
    (Stage.DATA, 452): "4.3.1",
    (Stage.DATA, 552): "5.3.4",
}


def x400_reason(status: str) -> tuple[int, int | None]:
    """X.411 reason and diagnostic for an enhanced status code; unknown details mean the same as X.n.0."""
    _, subject, detail = (int(part) for part in status.split("."))
    return _X400.get((subject, detail)) or _X400.get((subject, 0)) or (1, None)


def failure_from_reply(reply: Reply, stage: Stage, server: str) -> Failure:
    """The failure behind a 4yz or 5yz reply; any other unexpected reply is a temporary protocol error."""
    code = reply.code if 400 <= reply.code <= 599 else 451
    status = reply.status if code == reply.code else "4.5.0"
    status = status or _BARE.get((stage, code)) or f"{str(code)[0]}.{'3' if code == 421 else '0'}.0"
    reason, diagnostic = x400_reason(status)
    return Failure(
        reason=reason,
        diagnostic=diagnostic,
        smtp_code=code,
        status=status,
        text=f"{server} said: {reply}",
        detail=f"in reply to {stage.value}",
    )


def connection_failure(server: str, text: str, status: str = "4.4.1") -> Failure:
    """A temporary failure to reach a server, or to stay connected (RFC 3463: 4.4.1 no answer, 4.4.2 bad connection)."""
    reason, diagnostic = x400_reason(status)
    return Failure(reason=reason, diagnostic=diagnostic, smtp_code=451, status=status, text=f"{server}: {sanitise(text)[:_LONGEST_TEXT]}")


NOT_INTERNATIONAL = Failure(
    reason=1,
    diagnostic=0,
    smtp_code=553,
    status="5.6.7",
    text="The address or a header field needs SMTPUTF8, which the next mail server does not offer.",
)
"""RFC 6531 3.2 and 3.5; to X.400 the name is one that cannot be reached."""
