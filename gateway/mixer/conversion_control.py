"""Conversion control: what a sender forbids, honoured in both directions (X.411 8.2.1.1.1.8 and 9, RFC 2156 2.3.1.2, RFC 2157 6 and 8).

A message that must not be converted is carried whole where a carrier exists, and else refused with the reason: 2/9 where any conversion is
forbidden, 2/19 where a loss would be, 2/8 where a conversion that the sender demands was not done. A damaged copy is never sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.asn1 import BERError
from gateway.errors import ConversionError, Failure
from gateway.mixer.body_policy import Alternative, FaxForm, Signed
from gateway.mixer.descriptors import Scope
from gateway.mixer.policy import PeerPolicy
from gateway.mixer.rules import Note
from gateway.x400 import oids, p1
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extended_bodyparts import basic_of, parameters_of
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.ipm import IPM
from gateway.x400.mts import PerMessageIndicators

PROHIBITED: Final = f"indicator {int(PerMessageIndicators.IMPLICIT_CONVERSION_PROHIBITED)}"
NO_LOSS: Final = f"extension {int(StandardExtension.CONVERSION_WITH_LOSS_PROHIBITED)}"

_DEEPEST: Final = 16
_T61_SETS: Final = frozenset({102, 103, 142, 156})
"""Registrations of T.61 and ISO 6937 sets, whose text becomes another charset in MIME (RFC 2157 6.2, 6.7)."""

_HARMLESS: Final = (
    "travels as an attachment", "carried as", "is carried", "taken for", "comes back as", "is empty", "no text, since", "sent as multipart",
)  # fmt: skip
"""Notes about a body that name another form of the same octets; every other note names a loss."""

MUST_NOT_BE_CONVERTED: Final = Failure(
    reason=2, diagnostic=9, smtp_code=554, status="5.6.3", text="The sender forbids conversion, and the message cannot pass without one."
)
"""X.411 conversion-not-performed(2) / implicit-conversion-prohibited(9)."""

LOSS_IS_FORBIDDEN: Final = Failure(
    reason=2, diagnostic=19, smtp_code=554, status="5.6.2", text="The sender forbids conversion with loss, and something would be lost."
)
"""X.411 conversion-not-performed(2) / conversion-with-loss-prohibited(19)."""

EXPLICIT_CONVERSION: Final = Failure(
    reason=2, diagnostic=8, smtp_code=554, status="5.6.3",
    text="The sender demands an explicit conversion, which the X.400 system before this gateway has not made.",
)  # fmt: skip
"""X.411 conversion-not-performed(2) / conversion-impractical(8): RFC 2156 2.3.1.2 wants explicit conversion to be done before."""


# --- Internet -> X.400
# ---------------------------------------------------------------------------------------------------------------------------


def unconverted(scope: Scope, elements: Mapping[str, Any]) -> Scope:
    """The scope for the body of a message that forbids conversion: everything goes in the carrier that keeps it as it is."""
    if not elements.get(PROHIBITED):
        return scope
    context = scope.context
    return replace(scope, context=replace(context, policy=_keeping(context.policy)))


def _keeping(policy: PeerPolicy) -> PeerPolicy:
    body = replace(
        policy.body, convert_charsets=False, html_text=False, open_tnef=False, alternative=Alternative.ALL, text_wrap=0,
        fax_form=FaxForm.G3FAX, signed=Signed.HARPOON,
    )  # fmt: skip
    return replace(policy, body=body)


def forbids_loss(elements: Mapping[str, Any]) -> bool:
    """Whether header fields of an Internet message forbid conversion, or conversion with loss."""
    return bool(elements.get(PROHIBITED)) or elements.get(NO_LOSS) == 1


def refuse_losses(notes: Iterable[Note]) -> None:
    """Refuse what a body lost.

    Args:
        notes: Of the conversion of the body alone.

    Raises:
        ConversionError: 2/19, with the first loss in the detail.
    """
    lost = next((note for note in notes if not any(form in note.text for form in _HARMLESS)), None)
    if lost is not None:
        raise ConversionError(replace(LOSS_IS_FORBIDDEN, detail=str(lost)))


# --- X.400 -> Internet
# ---------------------------------------------------------------------------------------------------------------------------


def check_conversion(envelope: p1.MessageTransferEnvelope, ipm: IPM, scope: Scope) -> bool:
    """Refuse an IPM that must not be converted and would be; whether its losses matter (`refuse_losses`).

    IA5 text, general text in the sets of MIME charsets, files and everything that is encapsulated are passed on as they are; teletex, and
    text in the sets of T.61 and ISO 6937, changes its coding (RFC 2157 6.1 to 6.7).

    Raises:
        ConversionError: 2/9.
    """
    prohibited = PerMessageIndicators.IMPLICIT_CONVERSION_PROHIBITED in envelope.per_message_indicators
    keeps_teletex = scope.context.policy.body.teletex_charset == "teletex"
    if prohibited and (kind := _converted(ipm.body)) and not (kind == "teletex" and keeps_teletex):
        raise ConversionError(replace(MUST_NOT_BE_CONVERTED, detail=f"a body part of the type {kind} changes its coding"))
    return bool(extension_value(envelope.extensions, StandardExtension.CONVERSION_WITH_LOSS_PROHIBITED) == 1)


def _converted(parts: Sequence[BodyPart], depth: int = 0) -> str:
    """The kind of the first body part that would be converted, forwarded messages searched too; empty for none."""
    for part in parts:
        kind = _kind(part)
        if not kind and part.message is not None and depth < _DEEPEST:
            kind = _converted(part.message.data.body, depth + 1)
        if kind:
            return kind
    return ""


def _kind(part: BodyPart) -> str:
    try:
        basic = basic_of(part)
        if basic.teletex is not None:
            return "teletex"
        if basic.extended is not None and basic.extended.data.direct_reference == oids.ID_ET_GENERAL_TEXT:
            return "general-text" if _T61_SETS & frozenset(parameters_of(basic.extended) or ()) else ""
    except BERError:
        return ""  # what does not decode is carried as it is
    return ""
