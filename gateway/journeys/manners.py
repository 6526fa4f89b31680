"""How the gateway behaves where reports are concerned: what the configuration says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from gateway.mixer.phrases import Language


class ReturnPaths(Enum):
    """What stands in MAIL FROM of an X.400 user's message.

    TAGGED: the mapped originator where the next server offers DSN, else a reverse path of our own that finds the message again.
    STRICT: always the mapped originator (RFC 2156 4.6.2.1); bounces of servers without DSN are ordinary messages then.
    """

    TAGGED = "tagged"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """The manners.

    Attributes:
        language: Of reports.
        follow_sender: Write in the sender's language where the message names one that we know.
        return_paths: What stands in MAIL FROM.
        report_relayed: Answer a request for a delivery report when an SMTP server without DSN has taken the message, saying so (RFC 2156
            4.6.2.3); else it only stands in the ledger.
        lifetime: How long it is remembered what was sent: reports that come later are about nothing that we know.
        report_patience: How long after handing over a delivery report may take before it counts as overdue.
        notification_patience: The same for a receipt notification.
    """

    language: Language = Language.ENGLISH
    follow_sender: bool = True
    return_paths: ReturnPaths = ReturnPaths.TAGGED
    report_relayed: bool = True
    lifetime: timedelta = timedelta(days=30)
    report_patience: timedelta = timedelta(days=3)
    notification_patience: timedelta = timedelta(days=14)
