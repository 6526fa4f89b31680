"""The policy of a peer, as the mixer takes it, from its tables in the configuration or from a profile."""

from __future__ import annotations

from typing import Any

from gateway import asn1
from gateway.building.addresses import oraddress_at
from gateway.config import PeerSection, PolicySection, profile
from gateway.errors import ConfigurationError, GatewayError
from gateway.mixer.bilateral import bilateral_for
from gateway.mixer.body_policy import MICROSOFT, BodyPolicy
from gateway.mixer.policy import GlobalDomain, InternalTrace, PeerPolicy
from gateway.x400.p1 import PerDomainBilateralInformation

_CARRIERS = ("octet_stream", "unknown_mime")


def policy_from(section: PolicySection, *, in_our_domain: bool = False) -> PeerPolicy:
    """The policy; a carrier that is not chosen for itself is the one of all attachments.

    Args:
        section: The table of the configuration.
        in_our_domain: It belongs to our management domain, whose MTAs see the internal trace.
    """
    given: dict[str, Any] = {name: getattr(section, name) for name in PolicySection.model_fields if name in PeerPolicy.__dataclass_fields__}
    labels = frozenset(label.upper() for label in section.internet_labels)
    own_domain = InternalTrace.KEEP if in_our_domain else InternalTrace.STRIP
    trace = own_domain if section.internal_trace == "own-domain" else InternalTrace(section.internal_trace)
    made: dict[str, Any] = {
        "body": _body_policy(section), "internet_labels": labels, "internal_trace": trace,
        "content_types": frozenset(section.content_types), "bilateral": _bilateral(section),
    }  # fmt: skip
    return PeerPolicy(**given | made)


def _bilateral(section: PolicySection) -> PerDomainBilateralInformation | None:
    """Bilateral information, tried now: what does not encode is a mistake of the configuration, and not of every message."""
    where = "policy.bilateral_information"
    if section.bilateral_domain is None or not section.bilateral_information:
        if section.bilateral_domain is not None or section.bilateral_information:
            raise ConfigurationError(f"{where}: it needs bilateral_domain, and bilateral_domain needs it")
        return None
    domain = oraddress_at(section.bilateral_domain, "policy.bilateral_domain")
    try:
        named = GlobalDomain(country=domain.country or "", admd=domain.admd or " ", prmd=domain.prmd)
        found = bilateral_for(named, asn1.Raw(section.bilateral_information))
        asn1.decode(asn1.encode(found), PerDomainBilateralInformation)
    except GatewayError as error:
        raise ConfigurationError(f"{where}: one BER value and a management domain are wanted: {error}") from error
    return found


def _body_policy(section: PolicySection) -> BodyPolicy:
    body = section.body
    given: dict[str, Any] = {name: getattr(body, name) for name in BodyPolicy.__dataclass_fields__}
    for name in _CARRIERS:
        given[name] = given[name] or section.attachments
    # A table of its own adds to the types that Microsoft's systems write; it may take one back by another type.
    given["applications"] = {**MICROSOFT, **body.applications}
    return BodyPolicy(**given | {"general_text_charsets": frozenset(body.general_text_charsets)})


def profile_section(name: str) -> PeerSection:
    """What a profile says of a peer of which nothing else is known.

    Raises:
        KeyError: There is no such profile.
    """
    profile(name)
    return PeerSection(name=name, mta_name="MTA", profile=name)


def profile_policy(name: str) -> PeerPolicy:
    """The policy of a shipped profile.

    Raises:
        KeyError: There is no such profile.
    """
    return policy_from(profile_section(name).policy)
