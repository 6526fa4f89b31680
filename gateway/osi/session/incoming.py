"""Actions of the session tables that answer the peer: from SPDU to indication or confirm (X.225 7)."""

from __future__ import annotations

from gateway.errors import ProtocolError
from gateway.osi.service import (
    ConnectionReference,
    LinkingInformation,
    SActivityDiscardConfirm,
    SActivityDiscardIndication,
    SActivityEndConfirm,
    SActivityEndIndication,
    SActivityInterruptConfirm,
    SActivityInterruptIndication,
    SActivityResumeIndication,
    SActivityStartIndication,
    SConnectConfirm,
    SConnectIndication,
    SControlGiveConfirm,
    SControlGiveIndication,
    SPAbortIndication,
    SPExceptionReportIndication,
    SReleaseConfirm,
    SReleaseIndication,
    SSyncMinorConfirm,
    SSyncMinorIndication,
    STokenPleaseIndication,
    SUAbortIndication,
    SUExceptionReportIndication,
)
from gateway.osi.session.connection import BEGIN, DEFAULT_REQUIREMENTS, END, SUPPORTED, Connection, side_of
from gateway.osi.session.outgoing import refuse
from gateway.osi.session.parameters import Field, serial_from_octets
from gateway.osi.session.predicates import offered_versions
from gateway.osi.session.spdu import SPDU, Kind

USER_BIT, PROVIDER_BITS = 0x02, 0x1C  # of the transport disconnect parameter of AB (X.225 8.3.9.2)
_AB_TEXTS = {0x04: "protocol error", 0x08: "no reason", 0x10: "implementation restriction"}
NO_COMMON_VERSION, RESTRICTION = 132, 134


def _tsdu_sizes(spdu: SPDU) -> tuple[int, int]:
    """TSDU maximum sizes: towards the acceptor, towards the requestor; 0 is no limit."""
    octets = spdu.octets(Field.TSDU_SIZE) or bytes(4)
    return int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:], "big")


def _keep_connect(connection: Connection, spdu: SPDU) -> None:
    """What a CN says that the answer to it needs."""
    connection.reference = ConnectionReference(
        user=spdu.octets(Field.CALLING_REFERENCE),
        common=spdu.octets(Field.COMMON_REFERENCE),
        additional=spdu.octets(Field.ADDITIONAL_REFERENCE),
    )
    connection.version = max(offered_versions(spdu) & connection.versions, default=2)
    connection.requirements = spdu.number(Field.REQUIREMENTS, DEFAULT_REQUIREMENTS)
    connection.setting = spdu.number(Field.TOKEN_SETTING)
    connection.peer_tsdu_size = _tsdu_sizes(spdu)


def connect_indication(connection: Connection, spdu: SPDU) -> None:
    """SCONind."""
    _keep_connect(connection, spdu)
    connection.indicate(
        SConnectIndication(
            calling=spdu.octets(Field.CALLING_SELECTOR),
            called=spdu.octets(Field.SELECTOR),
            reference=connection.reference,
            version=connection.version,
            requirements=connection.requirements,
            tokens=side_of(connection.setting),
            user_data=spdu.user_data,
        )
    )


def refuse_version(connection: Connection, spdu: SPDU) -> None:
    """RF 132; our user hears of the attempt for the log only."""
    _keep_connect(connection, spdu)
    refuse(connection, NO_COMMON_VERSION)
    connection.indicate(SPAbortIndication(reason=NO_COMMON_VERSION, text="no session version in common", ours=True))


def refuse_overflow(connection: Connection, spdu: SPDU) -> None:
    """RF 134: connect user data above 10240 octets would follow in CDO SPDUs, which we do not take (X.225 8.3.5.9)."""
    _keep_connect(connection, spdu)
    refuse(connection, RESTRICTION)
    connection.indicate(SPAbortIndication(reason=RESTRICTION, text="CN announces data overflow", ours=True))


def connect_confirm(connection: Connection, spdu: SPDU) -> None:
    """SCONcnf+: the functional units in effect are those that both sides named."""
    answered = spdu.number(Field.TOKEN_SETTING)
    chosen = (connection.setting & 0xAA) >> 1
    setting = (connection.setting & 0x55 & ~chosen) | (answered & chosen)
    connection.version = max(offered_versions(spdu) & connection.versions)
    connection.send_limit = _tsdu_sizes(spdu)[0]
    connection.settle_tokens(connection.requirements & spdu.number(Field.REQUIREMENTS, DEFAULT_REQUIREMENTS), setting)
    connection.indicate(
        SConnectConfirm(
            accepted=True,
            version=connection.version,
            requirements=connection.requirements,
            tokens=side_of(setting),
            responding=spdu.octets(Field.SELECTOR),
            reference=_answered_reference(spdu),
            user_data=spdu.user_data,
        )
    )


def _answered_reference(spdu: SPDU) -> ConnectionReference:
    return ConnectionReference(
        user=spdu.octets(Field.CALLED_REFERENCE),
        common=spdu.octets(Field.COMMON_REFERENCE),
        additional=spdu.octets(Field.ADDITIONAL_REFERENCE),
    )


def connect_refused(connection: Connection, spdu: SPDU) -> None:
    """SCONcnf-: the reason octet, and behind it the user data."""
    connection.indicate(
        SConnectConfirm(
            accepted=False,
            reason=spdu.reason,
            version=connection.version,
            requirements=spdu.number(Field.REQUIREMENTS, SUPPORTED),
            reference=_answered_reference(spdu),
            user_data=spdu.octets(Field.REASON)[1:],
        )
    )


def release_indication(connection: Connection, spdu: SPDU) -> None:
    """SRELind."""
    connection.indicate(SReleaseIndication(user_data=spdu.user_data))


def release_confirm(connection: Connection, spdu: SPDU) -> None:
    """SRELcnf+."""
    connection.indicate(SReleaseConfirm(user_data=spdu.user_data))


def abort_indication(connection: Connection, spdu: SPDU) -> None:
    """SUABind or SPABind, by the bits of the transport disconnect parameter; data without any bit is a user's."""
    connection.vact = connection.taking = False
    bits = spdu.number(Field.TRANSPORT_DISCONNECT)
    if bits & USER_BIT or (spdu.user_data and not bits & PROVIDER_BITS):
        connection.indicate(SUAbortIndication(user_data=spdu.user_data))
    else:
        text = next((text for bit, text in _AB_TEXTS.items() if bits & bit), "no reason")
        connection.indicate(SPAbortIndication(reason=bits, text=f"AB SPDU of the peer: {text}"))


def transport_lost(connection: Connection, text: str) -> None:
    """SPABind after T-DISCONNECT."""
    connection.vact = connection.taking = False
    connection.indicate(SPAbortIndication(text=text))


def data_indication(connection: Connection, spdu: SPDU) -> None:
    """SDTind: the user information that follows goes up. Segments have to come in order (X.225 6.3.5)."""
    enclosure = spdu.number(Field.ENCLOSURE, BEGIN | END)
    if bool(enclosure & BEGIN) is connection.ssdu_in:
        raise ProtocolError("session", f"DT with enclosure item {enclosure} out of order", clause="X.225 6.3.5")
    connection.taking = True
    connection.data_ends = bool(enclosure & END)
    connection.ssdu_in = not connection.data_ends


def token_please_indication(connection: Connection, spdu: SPDU) -> None:
    """SPTind; nothing comes up when neither tokens nor data were asked for."""
    if spdu.number(Field.TOKENS) or spdu.user_data:
        connection.indicate(STokenPleaseIndication(user_data=spdu.user_data))


def tokens_given(connection: Connection, spdu: SPDU) -> None:
    """SGTind: once all are ours between activities it is a control-give to our user."""
    given = spdu.number(Field.TOKENS) & connection.available
    connection.mine |= given
    if given and connection.owns(connection.available) and not connection.vact:
        connection.indicate(SControlGiveIndication())


def control_given(connection: Connection, _: SPDU) -> None:
    """GTA and SCGind."""
    connection.send(Kind.GTA)
    connection.mine = connection.available
    connection.just_ended = False


def control_give_indication(connection: Connection, _: SPDU) -> None:
    """SCGind."""
    connection.indicate(SControlGiveIndication())


def control_give_confirm(connection: Connection, _: SPDU) -> None:
    """The peer has the tokens."""
    connection.indicate(SControlGiveConfirm())


def sync_minor_indication(connection: Connection, spdu: SPDU) -> None:
    """SSYNmind."""
    connection.mark_point(ours=False)
    confirm = not spdu.number(Field.SYNC_TYPE) & 1
    connection.indicate(SSyncMinorIndication(serial=spdu.serial, confirm=confirm, user_data=spdu.user_data))


def sync_minor_confirm(connection: Connection, spdu: SPDU) -> None:
    """SSYNmcnf: this and all before it are confirmed."""
    connection.va = spdu.serial + 1
    connection.indicate(SSyncMinorConfirm(serial=spdu.serial, user_data=spdu.user_data))


def activity_start_indication(connection: Connection, spdu: SPDU) -> None:
    """SACTSind."""
    connection.begin_activity()
    connection.indicate(SActivityStartIndication(activity=_activity(spdu, Field.ACTIVITY), user_data=spdu.user_data))


def _activity(spdu: SPDU, field: Field) -> bytes:
    """An activity identifier, which must be there: an activity without a name cannot be resumed or told apart."""
    activity = spdu.octets(field)
    if not activity:
        raise ProtocolError("session", f"{spdu.kind.name} without activity identifier", clause="X.225 8.3.28")
    return activity


def activity_resume_indication(connection: Connection, spdu: SPDU) -> None:
    """SACTRind with the linking information."""
    linking = LinkingInformation(
        activity=_activity(spdu, Field.LINK_ACTIVITY),
        serial=serial_from_octets(spdu.octets(Field.LINK_SERIAL)),
        called=spdu.octets(Field.LINK_CALLED),
        calling=spdu.octets(Field.LINK_CALLING),
        common=spdu.octets(Field.LINK_COMMON),
        additional=spdu.octets(Field.LINK_ADDITIONAL),
    )
    activity = _activity(spdu, Field.ACTIVITY)
    connection.begin_activity(linking.serial)
    connection.indicate(SActivityResumeIndication(activity=activity, linking=linking, user_data=spdu.user_data))


def activity_end_indication(connection: Connection, spdu: SPDU) -> None:
    """SACTEind."""
    connection.mark_point(ours=False)
    connection.indicate(SActivityEndIndication(serial=spdu.serial, user_data=spdu.user_data))


def activity_end_confirm(connection: Connection, spdu: SPDU) -> None:
    """SACTEcnf."""
    connection.end_activity()
    connection.indicate(SActivityEndConfirm(serial=spdu.serial, user_data=spdu.user_data))


def activity_interrupt_indication(connection: Connection, spdu: SPDU) -> None:
    """SACTIind; a slice of data on its way is dropped."""
    connection.taking = False
    connection.indicate(SActivityInterruptIndication(reason=spdu.reason))


def activity_discard_indication(connection: Connection, spdu: SPDU) -> None:
    """SACTDind; as SACTIind."""
    connection.taking = False
    connection.indicate(SActivityDiscardIndication(reason=spdu.reason))


def activity_interrupt_confirm(connection: Connection, _: SPDU) -> None:
    """SACTIcnf: all tokens are ours (X.225 7.32)."""
    connection.end_activity()
    connection.mine = connection.available
    connection.indicate(SActivityInterruptConfirm())


def activity_discard_confirm(connection: Connection, _: SPDU) -> None:
    """SACTDcnf: all tokens are ours."""
    connection.end_activity()
    connection.mine = connection.available
    connection.indicate(SActivityDiscardConfirm())


def user_exception_indication(connection: Connection, spdu: SPDU) -> None:
    """SUERind."""
    connection.indicate(SUExceptionReportIndication(reason=spdu.reason, user_data=spdu.user_data))


def provider_exception_indication(connection: Connection, _: SPDU) -> None:
    """SPERind: the peer's provider saw a protocol error and did not abort."""
    connection.taking = False
    connection.indicate(SPExceptionReportIndication())
