"""X.226, the presentation protocol: kernel functional unit, normal mode.

Contexts are negotiated once, with the connection. After that the layer puts the number of the context around each value and
takes it off again; S-ACTIVITY, S-SYNC-MINOR and S-CONTROL-GIVE primitives are the same in both services and pass untouched.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.octets import ConcatOctets, Octets
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.framing import FramingError, PDVReader
from gateway.osi.layer import DataLayer
from gateway.osi.presentation_types import (
    ARPPPDU,
    ARUPPDU,
    CPAPPDU,
    CPRPPDU,
    AbortType,
    ARUNormalModeParameters,
    ContextDefinition,
    ContextIdentifier,
    ContextRejection,
    ContextResult,
    CPANormalModeParameters,
    CPNormalModeParameters,
    CPRNormalModeParameters,
    CPType,
    EventIdentifier,
    ModeSelector,
    ModeValue,
    PDVList,
    PPDUAbortReason,
    PresentationDataValues,
    ProviderReason,
    Result,
    UserData,
    Version,
)
from gateway.osi.rtse.external import length_octets

BER = "2.1.1"
"""The transfer syntax {joint-iso-itu-t asn1(1) basic-encoding(1)}."""

_PP_REJECTED = 2  # RF reason of X.225 8.3.5.9 with which a CPR travels


@asn1.set_()
class _AnyModeCP(asn1.Members):
    """CP-type with nothing but its mode known."""

    mode_selector: ModeSelector = asn1.member(ModeSelector, tag=asn1.context(0))


class PresentationFault(ProtocolError):
    """The peer broke X.226; carries what the ARP PPDU says of it."""

    def __init__(self, text: str, reason: PPDUAbortReason, event: EventIdentifier) -> None:
        super().__init__("presentation", text, clause="X.226 6.4.3")
        self.reason = reason
        self.event = event


def mode_of(user_data: bytes) -> s.Mode:
    """The mode in which a CP PPDU asks for the connection (X.226 8.2, mode-selector).

    Only the selector is looked at: a peer of 1984 may encode the rest in its own way. What cannot be read counts as normal mode,
    where the layer refuses it.
    """
    try:
        connect, _ = asn1.decode_prefix(user_data, _AnyModeCP)
    except asn1.BERError:
        return s.Mode.NORMAL
    return s.Mode.X410_1984 if connect.mode_selector.mode_value == ModeValue.X410_1984_MODE else s.Mode.NORMAL


class Presentation(DataLayer):
    """One presentation connection.

    Args:
        supported: Abstract syntaxes that we accept when the peer proposes them; all others are rejected one by one.
    """

    def __init__(self, supported: frozenset[str]) -> None:
        super().__init__()
        self._supported = supported
        self._contexts: dict[int, str] = {}
        self._results: tuple[ContextResult, ...] = ()
        self._proposed: Mapping[int, str] = {}
        self._responding = b""
        self._reader: PDVReader | None = None
        self._gone = False

    # --- from above -------------------------------------------------------------------------------------------------

    def request(self, primitive: s.Primitive) -> None:
        """Take a request or response of the layer above; session primitives pass."""
        match primitive:
            case u.PConnectRequest():
                self._connect(primitive)
            case u.PConnectResponse():
                self._down.append(s.SConnectResponse(responding=b"", user_data=asn1.encode(self._accept(primitive))))
            case u.PConnectReject():
                self._gone = True
                self._down.append(s.SConnectReject(reason=_PP_REJECTED, user_data=asn1.encode(self._refusal(primitive))))
            case u.PDataRequest():
                self._send_value(_frame(primitive))
            case u.PTokenPleaseRequest():
                self._down.append(s.STokenPleaseRequest(user_data=_encode_values(primitive.values)))
            case u.PReleaseRequest():
                self._down.append(s.SReleaseRequest(user_data=_encode_values(primitive.values)))
            case u.PReleaseResponse():
                self._down.append(s.SReleaseResponse(user_data=_encode_values(primitive.values)))
            case u.PUAbortRequest():
                self._abort(self._user_abort(primitive.values))
            case s.SActivityInterruptRequest() | s.SActivityDiscardRequest():
                self._drop_value()
                self._down.append(primitive)
            case _:
                self._down.append(primitive)

    def _connect(self, request: u.PConnectRequest) -> None:
        self._proposed = dict(request.contexts)
        connect = CPType(
            mode_selector=ModeSelector(mode_value=ModeValue.NORMAL_MODE),
            normal_mode_parameters=CPNormalModeParameters(
                calling_presentation_selector=request.calling.psel or None,
                called_presentation_selector=request.called.psel or None,
                presentation_context_definition_list=tuple(
                    ContextDefinition(
                        presentation_context_identifier=identifier, abstract_syntax_name=syntax, transfer_syntax_name_list=(BER,)
                    )
                    for identifier, syntax in request.contexts.items()
                ),
                user_data=_user_data(request.values),
            ),
        )
        self._down.append(
            s.SConnectRequest(
                calling=request.calling.ssel,
                called=request.called.ssel,
                reference=request.reference,
                versions=request.versions,
                tokens=request.tokens,
                user_data=asn1.encode(connect),
            )
        )

    def _accept(self, response: u.PConnectResponse) -> CPAPPDU:
        return CPAPPDU(
            mode_selector=ModeSelector(mode_value=ModeValue.NORMAL_MODE),
            normal_mode_parameters=CPANormalModeParameters(
                responding_presentation_selector=self._responding or None,
                presentation_context_definition_result_list=self._results,
                user_data=_user_data(response.values),
            ),
        )

    def _refusal(self, reject: u.PConnectReject) -> CPRPPDU:
        return CPRPPDU(
            normal_mode_parameters=CPRNormalModeParameters(
                presentation_context_definition_result_list=self._results or None,
                provider_reason=reject.provider_reason,
                user_data=_user_data(reject.values),
            )
        )

    def _user_abort(self, values: tuple[u.PDV, ...]) -> AbortType:
        return AbortType(
            aru_ppdu=ARUPPDU(
                normal_mode_parameters=ARUNormalModeParameters(
                    presentation_context_identifier_list=tuple(
                        ContextIdentifier(presentation_context_identifier=context, transfer_syntax_name=BER)
                        for context in sorted(self._contexts)
                    )
                    or None,
                    user_data=_user_data(values),
                )
            )
        )

    def _abort(self, ppdu: AbortType) -> None:
        self._gone = True
        self._drop_value()
        self._down.append(s.SUAbortRequest(user_data=asn1.encode(ppdu)))

    # --- from below -------------------------------------------------------------------------------------------------

    def receive(self, primitive: s.Primitive) -> None:
        """Take an indication or confirm of the session. A fault of the peer is answered with ARP and goes up as abort."""
        if self._gone:
            return
        try:
            self._receive(primitive)
        except PresentationFault as fault:
            self._abort(AbortType(arp_ppdu=ARPPPDU(provider_reason=fault.reason, event_identifier=fault.event)))
            self._up.append(u.PPAbortIndication(layer="presentation", text=str(fault), ours=True))

    def _receive(self, primitive: s.Primitive) -> None:
        match primitive:
            case s.SDataIndication():
                self._take_data(primitive)
            case s.SConnectIndication():
                self._indicate_connect(primitive)
            case s.SConnectConfirm():
                self._up.append(self._confirm(primitive) if primitive.accepted else _refused(primitive, self._proposed))
                self._gone = not primitive.accepted
            case s.STokenPleaseIndication():
                values = self._values(primitive.user_data, EventIdentifier.S_TOKEN_PLEASE_INDICATION)
                self._up.append(u.PTokenPleaseIndication(values=values))
            case s.SReleaseIndication():
                values = self._values(primitive.user_data, EventIdentifier.S_RELEASE_INDICATION)
                self._up.append(u.PReleaseIndication(values=values))
            case s.SReleaseConfirm():
                values = self._values(primitive.user_data, EventIdentifier.S_RELEASE_CONFIRM)
                self._up.append(u.PReleaseConfirm(values=values))
            case s.SUAbortIndication():
                self._gone = True
                self._up.append(_abort_indication(primitive.user_data))
            case s.SPAbortIndication():
                self._gone = True
                self._up.append(u.PPAbortIndication(layer="session", text=primitive.text or "session abort", ours=primitive.ours))
            case s.SActivityInterruptIndication() | s.SActivityDiscardIndication():
                self._reader = None  # its last data unit may have been cut short
                self._up.append(primitive)
            case _:
                self._up.append(primitive)

    def _take_data(self, primitive: s.SDataIndication) -> None:
        """A slice of an S-DATA indication: what it holds of each value (X.226 8.4.2)."""
        if self._reader is None:
            self._reader = PDVReader()
        try:
            for piece in self._reader.feed(primitive.data):
                if piece.context not in self._contexts:
                    raise _unreadable(f"data in context {piece.context}, which is not defined", EventIdentifier.TD_PPDU)
                self._up.append(u.PDataIndication(context=piece.context, data=piece.data, end=piece.end))
            if primitive.end:
                self._reader.finish()
                self._reader = None
        except FramingError as error:
            raise _unreadable(str(error), EventIdentifier.TD_PPDU) from error

    def _indicate_connect(self, primitive: s.SConnectIndication) -> None:
        try:
            connect, _ = asn1.decode_prefix(primitive.user_data, CPType)  # CPC-type values may follow (X.226 8.2)
            parameters = connect.normal_mode_parameters
            values = _decode_values(parameters.user_data) if parameters else ()
        except asn1.BERError as error:
            self._refuse_connect(f"CP PPDU: {error}", ProviderReason.USER_DATA_NOT_READABLE)
            return
        if parameters is None:
            self._refuse_connect("CP PPDU without parameters of normal mode", ProviderReason.USER_DATA_NOT_READABLE)
        elif Version.VERSION_1 not in parameters.protocol_version:
            self._refuse_connect("no common version of X.226", ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED)
        else:
            self._define_contexts(parameters.presentation_context_definition_list or ())
            self._responding = parameters.called_presentation_selector or b""
            self._up.append(
                u.PConnectIndication(
                    calling=s.Selectors(ssel=primitive.calling, psel=parameters.calling_presentation_selector or b""),
                    called=s.Selectors(ssel=primitive.called, psel=parameters.called_presentation_selector or b""),
                    contexts=dict(self._contexts),
                    values=values,
                    reference=primitive.reference,
                    version=primitive.version,
                    requirements=primitive.requirements,
                    tokens=primitive.tokens,
                )
            )

    def _define_contexts(self, definitions: tuple[ContextDefinition, ...]) -> None:
        results: list[ContextResult] = []
        for definition in definitions:
            rejection = self._rejection(definition)
            if rejection is None:
                self._contexts[definition.presentation_context_identifier] = definition.abstract_syntax_name
                results.append(ContextResult(result=Result.ACCEPTANCE, transfer_syntax_name=BER))
            else:
                results.append(ContextResult(result=Result.PROVIDER_REJECTION, provider_reason=rejection))
        self._results = tuple(results)

    def _rejection(self, definition: ContextDefinition) -> ContextRejection | None:
        identifier = definition.presentation_context_identifier
        if definition.abstract_syntax_name not in self._supported:
            return ContextRejection.ABSTRACT_SYNTAX_NOT_SUPPORTED
        if BER not in definition.transfer_syntax_name_list:
            return ContextRejection.PROPOSED_TRANSFER_SYNTAXES_NOT_SUPPORTED
        if identifier in self._contexts or definition.abstract_syntax_name in self._contexts.values():
            return ContextRejection.REASON_NOT_SPECIFIED
        return None

    def _refuse_connect(self, text: str, reason: ProviderReason) -> None:
        self.request(u.PConnectReject(provider_reason=reason))
        self._up.append(u.PPAbortIndication(layer="presentation", text=text, ours=True))

    def _confirm(self, confirm: s.SConnectConfirm) -> u.PConnectConfirm:
        try:
            parameters = asn1.decode(confirm.user_data, CPAPPDU).normal_mode_parameters
            values = _decode_values(parameters.user_data) if parameters else ()
        except asn1.BERError as error:
            raise _unreadable(f"CPA PPDU: {error}", EventIdentifier.CPA_PPDU) from error
        if parameters is None:
            raise _unreadable("the peer answers in X.410-1984 mode, normal mode was asked for", EventIdentifier.CPA_PPDU)
        self._contexts = _accepted(self._proposed, parameters.presentation_context_definition_result_list)
        return u.PConnectConfirm(
            accepted=True,
            contexts=dict(self._contexts),
            values=values,
            responding=s.Selectors(ssel=confirm.responding, psel=parameters.responding_presentation_selector or b""),
            version=confirm.version,
            requirements=confirm.requirements,
            tokens=confirm.tokens,
        )

    def _values(self, user_data: bytes, event: EventIdentifier) -> tuple[u.PDV, ...]:
        if not user_data:
            return ()
        try:
            return _decode_values(asn1.decode(user_data, UserData))
        except asn1.BERError as error:
            raise _unreadable(f"user data: {error}", event) from error


def _unreadable(text: str, event: EventIdentifier) -> PresentationFault:
    return PresentationFault(text, PPDUAbortReason.INVALID_PPDU_PARAMETER_VALUE, event)


def _accepted(proposed: Mapping[int, str], results: tuple[ContextResult, ...] | None) -> dict[int, str]:
    """The contexts that the responder accepted. A CPA without the list accepts all (X.226 6.2.5.4)."""
    if results is None:
        return dict(proposed)
    accepted = (result.result == Result.ACCEPTANCE for result in results)
    return {identifier: syntax for (identifier, syntax), taken in zip(proposed.items(), accepted, strict=False) if taken}


def _refused(confirm: s.SConnectConfirm, proposed: Mapping[int, str]) -> u.PConnectConfirm:
    """A refused connection: the CPR where the RF carries one, else the reason of the session."""
    if confirm.reason != _PP_REJECTED or not confirm.user_data:
        return u.PConnectConfirm(accepted=False, session_reason=confirm.reason, contexts=dict(proposed))
    try:
        reject = asn1.decode(confirm.user_data, CPRPPDU)
        normal = reject.normal_mode_parameters or CPRNormalModeParameters()
        values = _decode_values(normal.user_data)
    except asn1.BERError as error:
        return u.PConnectConfirm(
            accepted=False, session_reason=confirm.reason, contexts=dict(proposed), text=f"the CPR PPDU cannot be read: {error}"
        )
    return u.PConnectConfirm(
        accepted=False,
        contexts=_accepted(proposed, normal.presentation_context_definition_result_list),
        values=values,
        session_reason=confirm.reason,
        provider_reason=normal.provider_reason,
        refuse_reason=reject.x400_mode_parameters.refuse_reason if reject.x400_mode_parameters else None,
        text="the peer refuses in X.410-1984 mode, normal mode was asked for" if reject.x400_mode_parameters else "",
    )


def _abort_indication(user_data: bytes) -> u.PUAbortIndication | u.PPAbortIndication:
    """An abort without user data, or with some that cannot be read, is an abort all the same."""
    try:
        ppdu = asn1.decode(user_data, AbortType) if user_data else None
        if ppdu is None:
            return u.PUAbortIndication()
        if ppdu.arp_ppdu is not None:
            return u.PPAbortIndication(layer="presentation", text=_arp_text(ppdu.arp_ppdu))
        assert ppdu.aru_ppdu is not None
        if ppdu.aru_ppdu.x400_mode_parameters is not None:
            return u.PUAbortIndication(x410_abort_reason=ppdu.aru_ppdu.x400_mode_parameters.abort_reason)
        assert ppdu.aru_ppdu.normal_mode_parameters is not None
        return u.PUAbortIndication(values=_decode_values(ppdu.aru_ppdu.normal_mode_parameters.user_data))
    except asn1.BERError:
        return u.PUAbortIndication()


def _arp_text(ppdu: ARPPPDU) -> str:
    reason = ppdu.provider_reason
    name = reason.name.lower().replace("_", "-") if isinstance(reason, PPDUAbortReason) else str(reason)
    return f"the peer aborted with ARP: {name}" + (f" at event {int(ppdu.event_identifier)}" if ppdu.event_identifier is not None else "")


def _user_data(values: tuple[u.PDV, ...]) -> UserData | None:
    if not values:
        return None
    return UserData(
        fully_encoded_data=tuple(
            PDVList(
                presentation_context_identifier=pdv.context,
                presentation_data_values=PresentationDataValues(single_asn1_type=pdv.value),
            )
            for pdv in values
        )
    )


def _encode_values(values: tuple[u.PDV, ...]) -> bytes:
    user_data = _user_data(values)
    return b"" if user_data is None else asn1.encode(user_data)


def _decode_values(user_data: UserData | None) -> tuple[u.PDV, ...]:
    """Every value in User-data; Simply-encoded-data has no context and is left out (X.226 8.4.1)."""
    if user_data is None or user_data.fully_encoded_data is None:
        return ()
    return tuple(
        u.PDV(context=each.presentation_context_identifier, value=_value(each.presentation_data_values))
        for each in user_data.fully_encoded_data
    )


def _value(values: PresentationDataValues) -> bytes:
    if values.single_asn1_type is not None:
        return values.single_asn1_type
    if values.octet_aligned is not None:
        return values.octet_aligned
    assert values.arbitrary is not None
    return values.arbitrary.octets.to_bytes()


def _frame(request: u.PDataRequest) -> Octets:
    """``61 30 02 A0`` around a value of any size, with definite lengths (X.226 8.4.2)."""
    context = asn1.encode(request.context, asn1.Integer())
    single = b"\xa0" + length_octets(len(request.value))
    pdv_length = len(context) + len(single) + len(request.value)
    pdv = b"\x30" + length_octets(pdv_length)
    return ConcatOctets((b"\x61" + length_octets(len(pdv) + pdv_length) + pdv + context + single, request.value))
