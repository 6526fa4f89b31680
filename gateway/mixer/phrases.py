"""The words of reports for people, in English and German (RFC 2156 Appendix G: the structure stays, the language may differ)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Language(Enum):
    """A language that reports can be written in."""

    ENGLISH = "en"
    GERMAN = "de"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What reports say. Those for P1 are plain ASCII: supplementary-information is a PrintableString.

    Attributes:
        gateway: Who speaks; ``{gateway}`` is its domain.
        p1_failed, p1_probe, p1_relayed, p1_delivered: Supplementary information of a Report.
    """

    gateway: str
    delivered: str
    at: str
    not_delivered: str
    because: str
    relayed: str
    delayed: str
    trying_until: str
    no_need: str
    relates: str
    of: str
    follows: str
    not_available: str
    p1_failed: str
    p1_probe: str
    p1_relayed: str
    p1_delivered: str


_ENGLISH: Final = Phrases(
    gateway="This is the mail gateway {gateway}. It reports on a message that you sent.",
    delivered="Your message was successfully delivered to:",
    at="at",
    not_delivered="Your message was not delivered to:",
    because="for the following reason:",
    relayed="Your message was handed on to a system that does not confirm delivery, for:",
    delayed="Your message has not been delivered yet to:",
    trying_until="Delivery will be tried until",
    no_need="This is a warning only: you need not send the message again.",
    relates="This report relates to your message:",
    of="of",
    follows="The Original Message follows:",
    not_available="The Original Message is not available",
    p1_failed="{text} (reported by the MIXER gateway {gateway})",
    p1_probe="The probe was serviced by the MIXER gateway {gateway}",
    p1_relayed="Relayed to Internet mail by the MIXER gateway {gateway}; delivery is not confirmed",
    p1_delivered="Delivered through the MIXER gateway {gateway}",
)
_GERMAN: Final = Phrases(
    gateway="Hier ist das Mail-Gateway {gateway}. Es berichtet über eine Nachricht, die Sie gesandt haben.",
    delivered="Ihre Nachricht wurde zugestellt an:",
    at="am",
    not_delivered="Ihre Nachricht wurde nicht zugestellt an:",
    because="aus folgendem Grund:",
    relayed="Ihre Nachricht wurde an ein System übergeben, das die Zustellung nicht bestätigt, für:",
    delayed="Ihre Nachricht konnte noch nicht zugestellt werden an:",
    trying_until="Die Zustellung wird weiter versucht bis",
    no_need="Dies ist nur eine Warnung: Sie brauchen die Nachricht nicht noch einmal zu senden.",
    relates="Dieser Bericht gehört zu Ihrer Nachricht:",
    of="vom",
    follows="Die ursprüngliche Nachricht folgt:",
    not_available="Die ursprüngliche Nachricht liegt nicht vor",
    p1_failed="{text} (gemeldet vom MIXER-Gateway {gateway})",
    p1_probe="Die Probe wurde vom MIXER-Gateway {gateway} beantwortet",
    p1_relayed="Vom MIXER-Gateway {gateway} ins Internet weitergegeben; die Zustellung ist nicht bestaetigt",
    p1_delivered="Zugestellt durch das MIXER-Gateway {gateway}",
)


def phrases(language: Language) -> Phrases:
    """The words of a language."""
    return _GERMAN if language is Language.GERMAN else _ENGLISH


def language_of(tags: Iterable[str]) -> Language | None:
    """The first language of a list of tags, such as ``de-CH;q=0.9``, that reports can be written in; None for none of them.

    A tag with the weight 0 means that the language is not wanted (RFC 4647, RFC 3282).
    """
    weighted = []
    for place, tag in enumerate(tags):
        name, _, weight = tag.partition(";")
        known = next((one for one in Language if name.strip().lower().partition("-")[0] == one.value), None)
        quality = _quality(weight)
        if known is not None and quality > 0:
            weighted.append((-quality, place, known))
    return min(weighted, key=lambda each: each[:2])[2] if weighted else None


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 1.0
