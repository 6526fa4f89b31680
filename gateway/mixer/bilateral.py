"""Per-domain bilateral information (X.411 12.2.1.1.1.3): what we tell a management domain because it wants to be told; off by default.

# Peer: ISODE's, Sprint's and MCI's systems put messages with it aside or refuse them (IC-045), so only whom it is configured for gets it.
"""

from __future__ import annotations

from gateway.mixer.identifiers import global_domain_identifier
from gateway.mixer.policy import GlobalDomain, PeerPolicy
from gateway.x400.p1 import BilateralDomainName, BilateralPrivateDomain, PerDomainBilateralInformation


def bilateral_for(domain: GlobalDomain, value: bytes) -> PerDomainBilateralInformation:
    """Information for one management domain; an empty PRMD is never written (IC-046).

    Args:
        domain: Whom it is for.
        value: One BER value, as was agreed.
    """
    named = global_domain_identifier(domain)
    admd, prmd = named.administration_domain_name, named.private_domain_identifier
    if prmd is None:
        name = BilateralDomainName(administration_domain_name=admd)
    else:
        name = BilateralDomainName(private_domain=BilateralPrivateDomain(administration_domain_name=admd, private_domain_identifier=prmd))
    return PerDomainBilateralInformation(country_name=named.country_name, domain=name, bilateral_information=value)


def bilateral_information(policy: PeerPolicy) -> tuple[PerDomainBilateralInformation, ...] | None:
    """What goes with a message to a peer; nothing to a 1984 system (IC-045)."""
    return None if policy.x400_version == 84 or policy.bilateral is None else (policy.bilateral,)
