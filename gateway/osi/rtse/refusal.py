"""How an association is refused on the wire, and what a refusal of a peer means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway import asn1
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.acse_types import AssociateResult, UserDiagnostic
from gateway.osi.presentation_types import ProviderReason
from gateway.osi.rtse.apdu import RefuseReason, RTORJapdu, RTSEapdus, decode_apdu, encode_apdu
from gateway.osi.service import RefusalKind


@dataclass(frozen=True, slots=True)
class ByAssociation:
    """Refused by an AARE; with ``rtorj`` an RTORJ is in it."""

    result: AssociateResult
    diagnostic: UserDiagnostic = UserDiagnostic.NO_REASON_GIVEN
    rtorj: bool = False


_PERMANENT, _TRANSIENT = AssociateResult.REJECTED_PERMANENT, AssociateResult.REJECTED_TRANSIENT

REFUSALS: Mapping[RefusalKind, ByAssociation | ProviderReason | int] = {
    RefusalKind.USER: ByAssociation(_PERMANENT, rtorj=True),
    RefusalKind.USER_TRANSIENT: ByAssociation(_TRANSIENT, rtorj=True),
    RefusalKind.APPLICATION_CONTEXT: ByAssociation(_PERMANENT, UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
    RefusalKind.CONTEXT: ByAssociation(_PERMANENT),
    RefusalKind.CANNOT_RECOVER: ByAssociation(_PERMANENT, rtorj=True),
    RefusalKind.SSEL_UNKNOWN: 129,
    RefusalKind.PSEL_UNKNOWN: ProviderReason.CALLED_PRESENTATION_ADDRESS_UNKNOWN,
    RefusalKind.VERSION: 132,
    RefusalKind.UNREADABLE: ProviderReason.USER_DATA_NOT_READABLE,
    RefusalKind.BUSY: ProviderReason.TEMPORARY_CONGESTION,
    RefusalKind.TRANSPORT: ProviderReason.REASON_NOT_SPECIFIED,
    RefusalKind.NOT_SPECIFIED: ProviderReason.REASON_NOT_SPECIFIED,
}
"""Where each kind is said: in the AARE, as provider-reason of the CPR PPDU, or (a number) as reason of the RF SPDU (X.225 8.3.5.9)."""

X410_REFUSALS: Mapping[RefusalKind, RefuseReason | int] = {
    RefusalKind.USER: RefuseReason.VALIDATION_FAILURE,
    RefusalKind.USER_TRANSIENT: RefuseReason.RTS_BUSY,
    RefusalKind.APPLICATION_CONTEXT: RefuseReason.VALIDATION_FAILURE,
    RefusalKind.CONTEXT: RefuseReason.VALIDATION_FAILURE,
    RefusalKind.CANNOT_RECOVER: RefuseReason.CANNOT_RECOVER,
    RefusalKind.SSEL_UNKNOWN: 129,
    RefusalKind.PSEL_UNKNOWN: RefuseReason.VALIDATION_FAILURE,
    RefusalKind.VERSION: 132,
    RefusalKind.UNREADABLE: RefuseReason.VALIDATION_FAILURE,
    RefusalKind.BUSY: RefuseReason.RTS_BUSY,
    RefusalKind.TRANSPORT: RefuseReason.RTS_BUSY,
    RefusalKind.NOT_SPECIFIED: RefuseReason.VALIDATION_FAILURE,
}
"""The same in X.410-1984 mode: refuseReason of RTORJ, or (a number) the reason of the RF SPDU."""

_PROVIDER_KINDS: Mapping[int, RefusalKind] = {
    ProviderReason.TEMPORARY_CONGESTION: RefusalKind.BUSY,
    ProviderReason.LOCAL_LIMIT_EXCEEDED: RefusalKind.BUSY,
    ProviderReason.CALLED_PRESENTATION_ADDRESS_UNKNOWN: RefusalKind.PSEL_UNKNOWN,
    ProviderReason.NO_PSAP_AVAILABLE: RefusalKind.PSEL_UNKNOWN,
    ProviderReason.USER_DATA_NOT_READABLE: RefusalKind.UNREADABLE,
}

_SESSION_KINDS: Mapping[int, RefusalKind] = {
    1: RefusalKind.BUSY,
    129: RefusalKind.SSEL_UNKNOWN,
    130: RefusalKind.SSEL_UNKNOWN,
    131: RefusalKind.BUSY,
    132: RefusalKind.VERSION,
}

_RTORJ_KINDS: Mapping[int, RefusalKind] = {
    RefuseReason.RTS_BUSY: RefusalKind.USER_TRANSIENT,
    RefuseReason.CANNOT_RECOVER: RefusalKind.CANNOT_RECOVER,
    RefuseReason.VALIDATION_FAILURE: RefusalKind.USER,
    RefuseReason.UNACCEPTABLE_DIALOGUE_MODE: RefusalKind.USER,
}

_RESULT_KINDS: Mapping[int | None, RefusalKind] = {_PERMANENT: RefusalKind.USER, _TRANSIENT: RefusalKind.USER_TRANSIENT}

_BIND_ERROR = asn1.tagged(asn1.Integer(), asn1.context(18, explicit=True))
_BUSY = 0


def refusal(
    reject: s.RTOpenReject, rtse_context: int | None, mode: s.Mode
) -> u.AAssociateResponse | u.PConnectReject | s.SConnectReject:
    """The primitive of the layer that says the refusal."""
    return _x410_refusal(reject) if mode is s.Mode.X410_1984 else _normal_refusal(reject, rtse_context)


def _x410_refusal(reject: s.RTOpenReject) -> u.AAssociateResponse | s.SConnectReject:
    """RTORJ in the refusing presentation; a reason that the user names goes before that of the kind."""
    form = X410_REFUSALS[reject.kind]
    if reject.refuse_reason is None and not isinstance(form, RefuseReason):
        return s.SConnectReject(reason=form)
    reason = form if reject.refuse_reason is None else reject.refuse_reason
    rtorj = encode_apdu(RTSEapdus(rtorj_apdu=RTORJapdu(refuse_reason=reason)))
    return u.AAssociateResponse(result=_PERMANENT, user_information=rtorj)


def _normal_refusal(
    reject: s.RTOpenReject, rtse_context: int | None
) -> u.AAssociateResponse | u.PConnectReject | s.SConnectReject:
    form = REFUSALS[reject.kind]
    if isinstance(form, ByAssociation):
        rtorj = form.rtorj and rtse_context is not None
        information = encode_apdu(RTSEapdus(rtorj_apdu=RTORJapdu(user_data_rj=reject.user_data or None))) if rtorj else None
        return u.AAssociateResponse(
            result=form.result, diagnostic=form.diagnostic, user_context=rtse_context, user_information=information
        )
    if isinstance(form, ProviderReason):
        return u.PConnectReject(provider_reason=form)
    return s.SConnectReject(reason=form)


def classify(confirm: u.AAssociateConfirm, wanted: frozenset[str], *, recovering: bool) -> s.RTOpenConfirm:
    """What the refusal in a confirm means.

    Args:
        confirm: The refusing confirm.
        wanted: The abstract syntaxes without which there is no association.
        recovering: We asked for the recovery of an old association.
    """
    rtorj = _rtorj(confirm.user_information)
    user_data = (rtorj.user_data_rj if rtorj else None) or b""
    refuse_reason = rtorj.refuse_reason if rtorj and rtorj.refuse_reason is not None else confirm.lower.refuse_reason
    kind = _kind(confirm, wanted, user_data, refuse_reason, recovering=recovering and rtorj is not None)
    return s.RTOpenConfirm(
        accepted=False, kind=kind, user_data=user_data, refuse_reason=refuse_reason, text=_text(confirm, kind, refuse_reason)
    )


def _kind(
    confirm: u.AAssociateConfirm, wanted: frozenset[str], user_data: bytes, refuse_reason: int | None, *, recovering: bool
) -> RefusalKind:
    """The bind error speaks first.

    Peer: a Nexor MTA of 2005 sends the bind error busy with the AARE result rejected-permanent.
    """
    lower = confirm.lower
    if user_data and (error := bind_error(user_data)) is not None:
        return RefusalKind.USER_TRANSIENT if error == _BUSY else RefusalKind.USER
    if refuse_reason is not None:
        return _RTORJ_KINDS.get(refuse_reason, RefusalKind.USER)
    if lower.provider_reason is not None and lower.provider_reason in _PROVIDER_KINDS:
        return _PROVIDER_KINDS[lower.provider_reason]
    if lower.session_reason is not None and lower.session_reason in _SESSION_KINDS:
        return _SESSION_KINDS[lower.session_reason]
    if confirm.diagnostic == UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED:
        return RefusalKind.APPLICATION_CONTEXT
    if not wanted <= set(lower.contexts.values()):
        return RefusalKind.CONTEXT
    if recovering:
        return RefusalKind.CANNOT_RECOVER
    return _RESULT_KINDS.get(confirm.result, RefusalKind.NOT_SPECIFIED)


def bind_error(user_data: bytes) -> int | None:
    """The number in an MTABindError, None when there is none to read (X.411).

    Peer: PP leaves the tag [18] around the number out.
    """
    for element in (_BIND_ERROR, asn1.Integer()):
        try:
            return int(asn1.decode(user_data, element))
        except asn1.BERError:
            continue
    return None


def _rtorj(information: bytes | None) -> RTORJapdu | None:
    """The RTORJ in a refusal; one that cannot be read changes nothing, the association is refused."""
    try:
        return decode_apdu(information).rtorj_apdu if information else None
    except asn1.BERError:
        return None


def _text(confirm: u.AAssociateConfirm, kind: RefusalKind, refuse_reason: int | None) -> str:
    facts = {
        "RF reason": confirm.lower.session_reason,
        "CPR provider reason": confirm.lower.provider_reason,
        "AARE result": confirm.result,
        "diagnostic": confirm.diagnostic,
        "RTORJ refuse reason": refuse_reason,
    }
    said = ", ".join(f"{name} {int(value)}" for name, value in facts.items() if value is not None)
    return "; ".join(part for part in (kind.value, said, confirm.text) if part)
