"""X.227, association control: A-ASSOCIATE, A-RELEASE and A-ABORT around the RTSE; everything else passes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway import asn1
from gateway.octets import octets
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.acse_types import (
    AAREapdu,
    AARQapdu,
    ABRTapdu,
    ABRTSource,
    ACSEapdu,
    AssociateResult,
    AssociateSourceDiagnostic,
    ReleaseRequestReason,
    ReleaseResponseReason,
    RLREapdu,
    RLRQapdu,
    Version,
)
from gateway.osi.layer import Layer
from gateway.osi.presentation import BER
from gateway.osi.presentation_types import ProviderReason

ABSTRACT_SYNTAX = "2.2.1.0.1"
"""The abstract syntax of the ACSE APDUs, acse-as-id."""


@dataclass(slots=True)
class _Names:
    """What both sides know of the association once it was asked for."""

    context: int | None = None
    application_context: str = ""
    contexts: Mapping[int, str] = field(default_factory=dict)


class ACSE(Layer):
    """One association."""

    def __init__(self) -> None:
        super().__init__()
        self._names = _Names()
        self._gone = False

    # --- from above -------------------------------------------------------------------------------------------------

    def request(self, primitive: s.Primitive) -> None:
        """Take a request or response of the layer above; primitives of other layers pass."""
        match primitive:
            case u.AAssociateRequest():
                self._associate(primitive)
            case u.AAssociateResponse():
                self._respond(primitive)
            case u.AReleaseRequest():
                self._down.append(u.PReleaseRequest(values=self._pdv(ACSEapdu(rlrq=RLRQapdu(reason=ReleaseRequestReason.NORMAL)))))
            case u.AReleaseResponse():
                self._down.append(u.PReleaseResponse(values=self._pdv(ACSEapdu(rlre=RLREapdu(reason=ReleaseResponseReason.NORMAL)))))
            case u.AAbortRequest():
                self._abort(ABRTSource.ACSE_SERVICE_USER, _externals(primitive.user_context, primitive.user_information))
            case _:
                self._down.append(primitive)

    def _associate(self, request: u.AAssociateRequest) -> None:
        self._know(request.contexts, request.application_context)
        apdu = AARQapdu(
            aso_context_name=request.application_context,
            user_information=_externals(request.user_context, request.user_information),
        )
        self._down.append(
            u.PConnectRequest(
                calling=request.calling,
                called=request.called,
                contexts=request.contexts,
                values=self._pdv(ACSEapdu(aarq=apdu)),
                reference=request.reference,
                versions=request.versions,
                tokens=request.tokens,
            )
        )

    def _respond(self, response: u.AAssociateResponse) -> None:
        apdu = AAREapdu(
            aso_context_name=self._names.application_context,
            result=response.result,
            result_source_diagnostic=AssociateSourceDiagnostic(acse_service_user=response.diagnostic),
            user_information=_externals(response.user_context, response.user_information),
        )
        values = self._pdv(ACSEapdu(aare=apdu))
        if response.result == AssociateResult.ACCEPTED:
            self._down.append(u.PConnectResponse(values=values))
        else:
            self._gone = True
            self._down.append(u.PConnectReject(values=values))

    def _abort(self, source: ABRTSource, information: tuple[asn1.External, ...] | None = None) -> None:
        self._gone = True
        self._down.append(u.PUAbortRequest(values=self._pdv(ACSEapdu(abrt=ABRTapdu(abort_source=source, user_information=information)))))

    # --- from below -------------------------------------------------------------------------------------------------

    def receive(self, primitive: s.Primitive) -> None:
        """Take an indication or confirm of the presentation. A fault of the peer is answered with ABRT and goes up as abort."""
        if self._gone:
            return
        try:
            self._receive(primitive)
        except asn1.BERError as error:
            self._abort(ABRTSource.ACSE_SERVICE_PROVIDER)
            self._up.append(u.AAbortIndication(layer="ACSE", text=f"an APDU cannot be read: {error}", ours=True))

    def _receive(self, primitive: s.Primitive) -> None:
        match primitive:
            case u.PConnectIndication():
                self._indicate_associate(primitive)
            case u.PConnectConfirm():
                self._up.append(self._confirm(primitive))
            case u.PReleaseIndication():
                apdu = self._apdu(primitive.values)
                self._up.append(u.AReleaseIndication(user_information=_information(apdu.rlrq if apdu else None) or b""))
            case u.PReleaseConfirm():
                apdu = self._apdu(primitive.values)
                self._up.append(u.AReleaseConfirm(user_information=_information(apdu.rlre if apdu else None) or b""))
            case u.PUAbortIndication():
                self._gone = True
                self._up.append(self._user_abort(primitive))
            case u.PPAbortIndication():
                self._gone = True
                self._up.append(u.AAbortIndication(layer=primitive.layer, text=primitive.text, ours=primitive.ours))
            case _:
                self._up.append(primitive)

    def _indicate_associate(self, indication: u.PConnectIndication) -> None:
        self._know(indication.contexts, "")
        apdu = self._apdu(indication.values)
        request = apdu.aarq if apdu else None
        if request is None or Version.VERSION1 not in request.protocol_version:
            self._gone = True
            missing = self._names.context is None
            reason = ProviderReason.REASON_NOT_SPECIFIED if missing else ProviderReason.USER_DATA_NOT_READABLE
            text = "no presentation context for ACSE" if missing else "no AARQ APDU of version 1 in the connect user data"
            self._down.append(u.PConnectReject(provider_reason=reason))
            self._up.append(u.AAbortIndication(layer="ACSE", text=text, ours=True))
            return
        self._names.application_context = request.aso_context_name
        self._up.append(
            u.AAssociateIndication(
                calling=indication.calling,
                called=indication.called,
                contexts=indication.contexts,
                application_context=request.aso_context_name,
                user_information=_information(request),
                reference=indication.reference,
                version=indication.version,
                requirements=indication.requirements,
                tokens=indication.tokens,
            )
        )

    def _confirm(self, confirm: u.PConnectConfirm) -> u.AAssociateConfirm:
        apdu = self._answer(confirm)
        if apdu is None:
            if confirm.accepted:
                raise asn1.BERError("no AARE APDU in the user data of the accepted connection", offset=0)
            return u.AAssociateConfirm(accepted=False, lower=confirm, text=confirm.text)
        return u.AAssociateConfirm(
            accepted=confirm.accepted and apdu.result == AssociateResult.ACCEPTED,
            lower=confirm,
            application_context=apdu.aso_context_name,
            result=apdu.result,
            diagnostic=apdu.result_source_diagnostic.acse_service_user,
            user_information=_information(apdu),
        )

    def _answer(self, confirm: u.PConnectConfirm) -> AAREapdu | None:
        """The AARE; one that cannot be read in a refusal changes nothing: the association is refused."""
        try:
            apdu = self._apdu(confirm.values)
        except asn1.BERError:
            if confirm.accepted:
                raise
            return None
        return apdu.aare if apdu else None

    def _user_abort(self, indication: u.PUAbortIndication) -> u.AAbortIndication:
        """An abort that cannot be read is an abort all the same."""
        reason = indication.x410_abort_reason
        try:
            apdu = self._apdu(indication.values)
            information = _information(apdu.abrt if apdu else None)
        except asn1.BERError as error:
            return u.AAbortIndication(layer="ACSE", text=f"the peer aborted; its ABRT APDU cannot be read: {error}")
        source = apdu.abrt.abort_source if apdu and apdu.abrt else None
        who = "without saying why" if source is None else ("in its ACSE" if source == ABRTSource.ACSE_SERVICE_PROVIDER else "in its user")
        return u.AAbortIndication(layer="ACSE", text=f"the peer aborted {who}", user_information=information, x410_abort_reason=reason)

    # --- the APDUs --------------------------------------------------------------------------------------------------

    def _know(self, contexts: Mapping[int, str], application_context: str) -> None:
        own = [identifier for identifier, syntax in contexts.items() if syntax == ABSTRACT_SYNTAX]
        self._names = _Names(own[0] if own else None, application_context, contexts)

    def _pdv(self, apdu: ACSEapdu) -> tuple[u.PDV, ...]:
        """An APDU in the ACSE context; nothing where the peer did not give us one."""
        return () if self._names.context is None else (u.PDV(context=self._names.context, value=asn1.encode(apdu)),)

    def _apdu(self, values: tuple[u.PDV, ...]) -> ACSEapdu | None:
        """The APDU among the values of the ACSE context, None when there is none.

        Raises:
            BERError: There is one, and it cannot be read.
        """
        own = [pdv.value for pdv in values if pdv.context == self._names.context]
        return asn1.decode(own[0], ACSEapdu) if own else None


def _externals(context: int | None, value: bytes | None) -> tuple[asn1.External, ...] | None:
    """User information in the form of both known implementations: direct reference BER, indirect reference the context."""
    if value is None:
        return None
    encoding = asn1.ExternalEncoding(single_asn1_type=value)
    return (asn1.External(direct_reference=BER, indirect_reference=context, encoding=encoding),)


def _information(apdu: AARQapdu | AAREapdu | RLRQapdu | RLREapdu | ABRTapdu | None) -> bytes | None:
    """The first value of the user information, in whichever encoding (X.227 7.1.5.6)."""
    if apdu is None or not apdu.user_information:
        return None
    encoding = apdu.user_information[0].encoding
    if encoding.single_asn1_type is not None:
        return encoding.single_asn1_type
    return octets(encoding.octet_aligned if encoding.octet_aligned is not None else encoding.arbitrary.octets).to_bytes()  # type: ignore[union-attr]
