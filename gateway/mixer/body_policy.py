"""What RFC 2157 leaves to configuration about bodies, as part of the policy of a peer (RFC 2157 2 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from gateway.mixer.policy import Carrier, PeerPolicy

MICROSOFT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.2.840.113556.4.2": "application/msword",
        "1.2.840.113556.4.3": "application/vnd.ms-excel",
        "1.2.840.113556.3.10.1": "application/ms-tnef",
        "1.2.840.113556.3.10.2": "application/octet-stream",
    }
)
"""What Microsoft's mail systems write."""


class MimeCarrier(Enum):
    """What carries an encapsulated MIME entity to X.400 (RFC 2157 3.1)."""

    FTBP = "ftbp"
    BP15 = "bp15"
    IA5 = "ia5"
    BP14 = "bp14"


class UnknownBody(Enum):
    """What becomes of a body part without an equivalence, in both directions (RFC 2157 2 step 5)."""

    ENCAPSULATE = "encapsulate"
    DROP = "drop"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPolicy(PeerPolicy):
    """The policy of a peer with every choice of RFC 2157; a plain `PeerPolicy` is read as the one that `body_policy` makes of it.

    Attributes:
        octet_stream: What application/octet-stream becomes, body part 14 or FTBP (6.3, 6.4).
        unknown_mime: What carries any other MIME entity without an equivalence (3.1).
        unknown_body: Whether such an entity, or body part, is carried, dropped with a marker, or rejects the message (2).
        applications: Content types by the application reference of a file, beside those of RFC 2157 and RFC 2158 (3.3).
        teletex_charset: ``teletex`` keeps the octets of a teletex body part as charset=teletex (6.7); otherwise they are converted.
        rfc_987_identifiers: Message identifiers of RFC 987 are recognised (RFC 2156 4.7.3.6).
    """

    octet_stream: Carrier = Carrier.FTBP
    unknown_mime: MimeCarrier = MimeCarrier.FTBP
    unknown_body: UnknownBody = UnknownBody.ENCAPSULATE
    applications: Mapping[str, str] = field(default_factory=lambda: MICROSOFT)
    teletex_charset: str = ""
    rfc_987_identifiers: bool = False


_CARRIERS: Final = {Carrier.FTBP: MimeCarrier.FTBP, Carrier.BP15: MimeCarrier.BP15, Carrier.BP14: MimeCarrier.BP14}


def body_policy(policy: PeerPolicy) -> BodyPolicy:
    """The choices about bodies of a policy; its one carrier stands for both kinds of attachment where it makes none of its own."""
    if isinstance(policy, BodyPolicy):
        return policy
    return BodyPolicy(x400_version=policy.x400_version, octet_stream=policy.carrier, unknown_mime=_CARRIERS[policy.carrier])
