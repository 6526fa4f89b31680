"""X.410-1984 mode: what stands between the session and the RTSE there, in place of X.226 and X.227 (X.226 8.4.3, p1-stack.md 4.2).

There is no association control and no negotiation, and after the connection nothing of presentation is on the wire. The components
of RTORQ, RTOAC, RTORJ and RTAB travel inside CP, CPA, CPR and ARU, which are the PConnect, PAccept, PRefuse and AbortInformation of
X.410 bit for bit; a chunk of a transfer is the user information of DT as it is, and RTTP that of PT.

Upward the layer speaks the service of association control with the RTSE APDUs in their tags, so the RTSE is the same in both modes.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway import asn1
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.acse_types import AssociateResult
from gateway.osi.layer import DataLayer
from gateway.osi.presentation_types import CPAPPDU, CPRPPDU, CPType, ModeSelector, ModeValue
from gateway.osi.rtse.apdu import (
    NO_USER_DATA,
    ConnectionData,
    RTABapdu,
    RTORJapdu,
    RTSEapdus,
    decode_apdu,
    encode_apdu,
)

_REFUSED_WITH_DATA = 2
_SET = b"\x31"
_X410 = ModeSelector(mode_value=ModeValue.X410_1984_MODE)


class X410(DataLayer):
    """One connection.

    Args:
        contexts: What is said to be there, as nothing is negotiated: every presentation context that the RTSE knows.
        context: The one of them that RTSE APDUs are said to have come in.
    """

    def __init__(self, contexts: Mapping[int, str], context: int) -> None:
        super().__init__()
        self._contexts = contexts
        self._context = context
        self._application_context = ""
        self._gone = False

    # --- from above -------------------------------------------------------------------------------------------------

    def request(self, primitive: s.Primitive) -> None:
        """Take a request or response of the RTSE; session primitives pass."""
        match primitive:
            case u.AAssociateRequest():
                self._connect(primitive)
            case u.AAssociateResponse():
                self._answer(primitive)
            case s.SConnectReject():
                self._gone = True
                self._down.append(primitive)
            case u.PDataRequest():
                self._send_value(primitive.value)
            case u.PTokenPleaseRequest():
                self._down.append(s.STokenPleaseRequest(user_data=b"".join(pdv.value for pdv in primitive.values)))
            case u.AReleaseRequest():
                self._down.append(s.SReleaseRequest())
            case u.AReleaseResponse():
                self._down.append(s.SReleaseResponse())
            case u.AAbortRequest():
                self._abort(_retagged(primitive.user_information or b""))
            case s.SActivityInterruptRequest() | s.SActivityDiscardRequest():
                self._drop_value()
                self._down.append(primitive)
            case _:
                self._down.append(primitive)

    def _connect(self, request: u.AAssociateRequest) -> None:
        self._application_context = request.application_context
        rtorq = decode_apdu(request.user_information).rtorq_apdu
        assert rtorq is not None, "the RTSE opens with RTORQ"
        connect = CPType(mode_selector=_X410, x410_mode_parameters=rtorq)
        self._down.append(
            s.SConnectRequest(
                calling=request.calling.ssel,
                called=request.called.ssel,
                reference=request.reference,
                versions=request.versions,
                tokens=request.tokens,
                user_data=asn1.encode(connect, dialects=_dialects(rtorq.connection_data_rq)),
            )
        )

    def _answer(self, response: u.AAssociateResponse) -> None:
        apdu = decode_apdu(response.user_information or b"")
        if response.result == AssociateResult.ACCEPTED:
            assert apdu.rtoac_apdu is not None, "the RTSE accepts with RTOAC"
            accept = CPAPPDU(mode_selector=_X410, x410_mode_parameters=apdu.rtoac_apdu)
            octets = asn1.encode(accept, dialects=_dialects(apdu.rtoac_apdu.connection_data_ac))
            self._down.append(s.SConnectResponse(user_data=octets))
        else:
            self._gone = True
            reject = asn1.encode(CPRPPDU(x400_mode_parameters=apdu.rtorj_apdu or RTORJapdu()))
            self._down.append(s.SConnectReject(reason=_REFUSED_WITH_DATA, user_data=reject))

    def _abort(self, user_data: bytes) -> None:
        self._gone = True
        self._drop_value()
        self._down.append(s.SUAbortRequest(user_data=user_data))

    # --- from below -------------------------------------------------------------------------------------------------

    def receive(self, primitive: s.Primitive) -> None:
        """Take an indication or confirm of the session; what cannot be read of a connection ends it."""
        if self._gone:
            return
        match primitive:
            case s.SDataIndication():
                self._up.append(u.PDataIndication(context=self._context, data=primitive.data, end=primitive.end))
            case s.SConnectIndication():
                self._indicate(primitive)
            case s.SConnectConfirm():
                self._confirm(primitive)
            case s.STokenPleaseIndication():
                values = (u.PDV(context=self._context, value=primitive.user_data),) if primitive.user_data else ()
                self._up.append(u.PTokenPleaseIndication(values=values))
            case s.SReleaseIndication():
                self._up.append(u.AReleaseIndication())
            case s.SReleaseConfirm():
                self._up.append(u.AReleaseConfirm())
            case s.SUAbortIndication():
                self._gone = True
                self._up.append(_abort_indication(primitive.user_data))
            case s.SPAbortIndication():
                self._gone = True
                self._up.append(u.AAbortIndication(layer="session", text=primitive.text or "session abort", ours=primitive.ours))
            case _:
                self._up.append(primitive)

    def _indicate(self, indication: s.SConnectIndication) -> None:
        try:
            rtorq = asn1.decode(indication.user_data, CPType).x410_mode_parameters
        except asn1.BERError as error:
            self._fail(f"the connect user data of X.410-1984 mode cannot be read: {error}")
            return
        if rtorq is None:
            self._fail("connect user data of X.410-1984 mode without its parameters")
            return
        information = encode_apdu(RTSEapdus(rtorq_apdu=rtorq), user_data=rtorq.connection_data_rq.open != b"")
        self._up.append(
            u.AAssociateIndication(
                calling=s.Selectors(),  # Peer: some send a session selector, of any value; it identifies nobody in this mode.
                called=s.Selectors(),
                contexts=self._contexts,
                application_context="",
                user_information=information,
                reference=indication.reference,
                version=indication.version,
                requirements=indication.requirements,
                tokens=indication.tokens,
            )
        )

    def _confirm(self, confirm: s.SConnectConfirm) -> None:
        if not confirm.accepted:
            self._gone = True
            self._up.append(_refused(confirm, self._contexts))
            return
        try:
            answer = asn1.decode(confirm.user_data, CPAPPDU)
        except asn1.BERError as error:
            self._fail(f"the answer to our connect in X.410-1984 mode cannot be read: {error}")
            return
        if answer.x410_mode_parameters is None:
            self._fail("the peer answers in normal mode, X.410-1984 mode was asked for")
            return
        rtoac = answer.x410_mode_parameters
        self._up.append(
            u.AAssociateConfirm(
                accepted=True,
                lower=u.PConnectConfirm(
                    accepted=True,
                    contexts=self._contexts,
                    version=confirm.version,
                    requirements=confirm.requirements,
                    tokens=confirm.tokens,
                ),
                application_context=self._application_context,
                user_information=encode_apdu(RTSEapdus(rtoac_apdu=rtoac), user_data=rtoac.connection_data_ac.open != b""),
            )
        )

    def _fail(self, text: str) -> None:
        rtab = RTSEapdus(rtab_apdu=RTABapdu(abort_reason=s.AbortReason.PROTOCOL_ERROR))
        self._abort(_retagged(encode_apdu(rtab)))
        self._up.append(u.AAbortIndication(layer="presentation", text=text, ours=True))


def _dialects(data: ConnectionData) -> frozenset[str]:
    """Without user data an ``open`` is written as [0] IMPLICIT NULL (X.228 ConnectionData)."""
    return frozenset({NO_USER_DATA}) if data.open == b"" else frozenset()


def _retagged(apdu: bytes) -> bytes:
    """The components of an RTSE APDU as a plain SET, in which they travel in this mode."""
    return _SET + apdu[1:] if apdu else b""


def _refused(confirm: s.SConnectConfirm, contexts: Mapping[int, str]) -> u.AAssociateConfirm:
    """A refusal: the RTORJ where RF carries one, else the reason of the session."""
    reason, text = None, ""
    if confirm.reason == _REFUSED_WITH_DATA and confirm.user_data:
        try:
            reject = asn1.decode(confirm.user_data, CPRPPDU)
        except asn1.BERError as error:
            text = f"the refusal cannot be read: {error}"
        else:
            reason = reject.x400_mode_parameters.refuse_reason if reject.x400_mode_parameters else None
            text = "" if reject.x400_mode_parameters else "the peer refuses in normal mode, X.410-1984 mode was asked for"
    lower = u.PConnectConfirm(accepted=False, contexts=contexts, session_reason=confirm.reason, refuse_reason=reason)
    return u.AAssociateConfirm(accepted=False, lower=lower, text=text)


def _abort_indication(user_data: bytes) -> u.AAbortIndication:
    """AbortInformation is an RTAB for the RTSE to read; an abort without it is an abort all the same."""
    text = "the peer aborted" if user_data else "the peer aborted without reason"
    return u.AAbortIndication(layer="RTSE", text=text, user_information=user_data or None)
