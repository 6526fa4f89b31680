"""Trace and internal trace (X.411 8.3.1.1.1.x and 12.3.1): which domains and MTAs an object has passed, and what they did."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400.mts import MTA_NAME, TIME, EncodedInformationTypes, GlobalDomainIdentifier


class RoutingAction(IntEnum):
    """X.411 RoutingAction."""

    RELAYED = 0
    REROUTED = 1


class OtherActions(IntEnum):
    """X.411 OtherActions, bits."""

    REDIRECTED = 0
    DL_OPERATION = 1


ROUTING_ACTION: Final = asn1.Enumerated(RoutingAction)
OTHER_ACTIONS: Final = asn1.NamedBitString(OtherActions, size=(0, ub.UB_BIT_OPTIONS))


@asn1.set_()
class AdditionalActions(asn1.Members):
    """X.411 AdditionalActions; its components stand at the end of both kinds of supplied information."""

    deferred_time: datetime | None = asn1.member(TIME, tag=asn1.context(1), optional=True)
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    other_actions: frozenset[int] = asn1.member(OTHER_ACTIONS, tag=asn1.context(3), default=frozenset())


@asn1.set_()
class DomainSuppliedInformation(asn1.Members):
    """X.411 DomainSuppliedInformation."""

    arrival_time: datetime = asn1.member(TIME, tag=asn1.context(0))
    routing_action: int = asn1.member(ROUTING_ACTION, tag=asn1.context(2))
    attempted_domain: GlobalDomainIdentifier | None = asn1.member(GlobalDomainIdentifier, optional=True)
    deferred_time: datetime | None = asn1.member(TIME, tag=asn1.context(1), optional=True)
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    other_actions: frozenset[int] = asn1.member(OTHER_ACTIONS, tag=asn1.context(3), default=frozenset())


@asn1.sequence()
class TraceInformationElement(asn1.Members):
    """X.411 TraceInformationElement: one domain."""

    global_domain_identifier: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
    domain_supplied_information: DomainSuppliedInformation = asn1.member(DomainSuppliedInformation)


TRACE_INFORMATION: Final = asn1.SequenceOf(TraceInformationElement, size=(1, ub.UB_TRANSFERS), tag=asn1.application(9))


@asn1.choice()
class Attempted(asn1.Choice):
    """X.411 MTASuppliedInformation.attempted: the MTA or domain to which a transfer was tried before the object was rerouted."""

    mta: str | None = asn1.alternative(MTA_NAME)
    domain: GlobalDomainIdentifier | None = asn1.alternative(GlobalDomainIdentifier)


@asn1.set_()
class MTASuppliedInformation(asn1.Members):
    """X.411 MTASuppliedInformation."""

    arrival_time: datetime = asn1.member(TIME, tag=asn1.context(0))
    routing_action: int = asn1.member(ROUTING_ACTION, tag=asn1.context(2))
    attempted: Attempted | None = asn1.member(Attempted, optional=True)
    deferred_time: datetime | None = asn1.member(TIME, tag=asn1.context(1), optional=True)
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    other_actions: frozenset[int] = asn1.member(OTHER_ACTIONS, tag=asn1.context(3), default=frozenset())


@asn1.sequence()
class InternalTraceInformationElement(asn1.Members):
    """X.411 InternalTraceInformationElement: one MTA."""

    global_domain_identifier: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
    mta_name: str = asn1.member(MTA_NAME)
    mta_supplied_information: MTASuppliedInformation = asn1.member(MTASuppliedInformation)


INTERNAL_TRACE_INFORMATION: Final = asn1.SequenceOf(InternalTraceInformationElement, size=(1, ub.UB_TRANSFERS))
