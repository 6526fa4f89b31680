"""What a P1 peer handed in, as it stands in the queue: the octets of the transfer, decoded again at every attempt."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import asn1
from gateway.mixer.display import shown_name
from gateway.mixer.stdor import from_text
from gateway.osi.rtse.external import unwrap
from gateway.spool.transfer import Claim, Recipient
from gateway.x400.oraddress import ORAddress, ORName, oraddress_from_orname
from gateway.x400.p1 import MTSAPDU, MessageTransferEnvelope, ProbeTransferEnvelope

_EXTERNAL = 0x28
"""First octet of an EXTERNAL: what normal mode wraps around an APDU; a bare one begins with its context tag."""


def received_apdu(claim: Claim) -> MTSAPDU:
    """The MTS-APDU of a transfer from P1; large contents stay in the store.

    Raises:
        GatewayError: It does not decode, which the intake would have quarantined: somebody changed the decoder.
    """
    octets = claim.content
    return asn1.decode(unwrap(octets) if octets.read(0, 1) == bytes([_EXTERNAL]) else octets, MTSAPDU)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedNames:
    """The O/R addresses of a transfer as its envelope has them, which text cannot always express."""

    originator: ORAddress
    recipients: tuple[ORName, ...]

    def of(self, recipient: Recipient) -> ORAddress:
        """The address of a recipient: from the envelope, unless an operator gave it another one.

        Raises:
            GatewayError: The operator's address cannot be read.
        """
        name = self.recipients[recipient.number - 1]
        return oraddress_from_orname(name) if shown_name(name) == recipient.address else from_text(recipient.address)


def received_names(claim: Claim) -> ReceivedNames:
    """The names in the envelope of a transfer from P1; for a report its destination."""
    apdu = received_apdu(claim)
    if apdu.report is not None:
        destination = apdu.report.envelope.report_destination_name
        return ReceivedNames(originator=oraddress_from_orname(destination), recipients=(destination,))
    envelope: MessageTransferEnvelope | ProbeTransferEnvelope
    envelope = apdu.message.envelope if apdu.message is not None else apdu.value
    originator = oraddress_from_orname(envelope.originator_name)
    return ReceivedNames(originator=originator, recipients=tuple(each.recipient_name for each in envelope.per_recipient_fields))
