"""The words of notifications for people, in English (those of RFC 2156 5.3.5) and German."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.mixer.phrases import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationPhrases:
    """What the text of a notification says.

    Attributes:
        message_to, somebody: Whose message, when nobody is named.
        received, generated, automatically, manually, extra: Of a receipt notification; ``received`` is followed by the time.
        converted: Before the information types that were converted.
        forwarded, comment, discarded: Of a non-receipt notification; ``reasons`` by discard-reason, ``unknown`` for any other.
        follows, not_available: Of the returned message.
        absent, available, moved, valid_from, said, other: Of the notifications of X.420 8.4.
    """

    message_to: str
    somebody: str
    received: str
    generated: str
    automatically: str
    manually: str
    extra: str
    converted: str
    forwarded: str
    comment: str
    discarded: str
    reasons: tuple[str, ...]
    unknown: str
    follows: str
    not_available: str
    absent: str
    available: str
    moved: str
    valid_from: str
    said: str
    other: str


ENGLISH: Final = NotificationPhrases(
    message_to="Your message to:",
    somebody="an X.400 user",
    received="was received at",
    generated="This notification was generated",
    automatically="Automatically",
    manually="Manually",
    extra="The following extra information was given:",
    converted="The following information types were converted:",
    forwarded="was automatically forwarded.",
    comment="The following comment was made:",
    discarded="was discarded for the following reason:",
    reasons=("Expired", "Obsoleted", "User Subscription Terminated", "IPM Deleted"),
    unknown="Unknown",
    follows="The Original Message follows:",
    not_available="The Original Message is not available",
    absent="reached somebody who is absent.",
    available="Available again:",
    moved="reached somebody who has a new address:",
    valid_from="It is valid from",
    said="The following was said:",
    other="was the subject of another notification",
)
_GERMAN: Final = NotificationPhrases(
    message_to="Ihre Nachricht an:",
    somebody="einen X.400-Benutzer",
    received="wurde empfangen am",
    generated="Diese Benachrichtigung entstand",
    automatically="automatisch",
    manually="von Hand",
    extra="Dazu wurde mitgeteilt:",
    converted="Diese Informationsarten wurden umgewandelt:",
    forwarded="wurde automatisch weitergeleitet.",
    comment="Dazu wurde bemerkt:",
    discarded="wurde ungelesen verworfen. Grund:",
    reasons=("Abgelaufen", "Überholt", "Teilnahme des Benutzers beendet", "Nachricht gelöscht"),
    unknown="unbekannt",
    follows="Die ursprüngliche Nachricht folgt:",
    not_available="Die ursprüngliche Nachricht liegt nicht vor",
    absent="hat jemanden erreicht, der abwesend ist.",
    available="Wieder erreichbar:",
    moved="hat jemanden erreicht, der eine neue Adresse hat:",
    valid_from="Sie gilt ab",
    said="Dazu wurde gesagt:",
    other="war Gegenstand einer anderen Benachrichtigung",
)


def notification_phrases(language: Language) -> NotificationPhrases:
    """The words of a language."""
    return _GERMAN if language is Language.GERMAN else ENGLISH
