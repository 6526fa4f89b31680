"""What a P1 peer handed in, as it stands in the queue: the octets of the transfer, decoded again at every attempt."""

from __future__ import annotations

from gateway import asn1
from gateway.osi.rtse.external import unwrap
from gateway.spool.transfer import Claim
from gateway.x400.p1 import MTSAPDU

_EXTERNAL = 0x28
"""First octet of an EXTERNAL: what normal mode wraps around an APDU; a bare one begins with its context tag."""


def received_apdu(claim: Claim) -> MTSAPDU:
    """The MTS-APDU of a transfer from P1; large contents stay in the store.

    Raises:
        GatewayError: It does not decode, which the intake would have quarantined: somebody changed the decoder.
    """
    octets = claim.content
    return asn1.decode(unwrap(octets) if octets.read(0, 1) == bytes([_EXTERNAL]) else octets, MTSAPDU)
