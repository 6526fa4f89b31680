"""What a P1 peer handed in, as it stands in the queue: the octets of the transfer, decoded again at every attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.conversions.jobs import received_mts_apdu
from gateway.errors import Failure
from gateway.mixer.display import shown_name
from gateway.mixer.envelope_fields import refused_recipients
from gateway.mixer.stdor import from_text
from gateway.spool.transfer import Claim, Recipient
from gateway.x400.oraddress import ORAddress, ORName, oraddress_from_orname
from gateway.x400.p1 import MTSAPDU, MessageTransferEnvelope, ProbeTransferEnvelope


def received_apdu(claim: Claim) -> MTSAPDU:
    """The MTS-APDU of a transfer from P1; large contents stay in the store.

    Raises:
        GatewayError: It does not decode, which the intake would have quarantined: somebody changed the decoder.
    """
    return received_mts_apdu(claim.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedNames:
    """The O/R addresses of a transfer as its envelope has them, which text cannot always express.

    Attributes:
        refused: Recipients of a message who cannot be served for what is asked for them, by their places from 1.
    """

    originator: ORAddress
    recipients: tuple[ORName, ...]
    refused: Mapping[int, Failure] = field(default_factory=dict)

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
    refused = refused_recipients(apdu.message.envelope) if apdu.message is not None else {}
    recipients = tuple(each.recipient_name for each in envelope.per_recipient_fields)
    return ReceivedNames(originator=originator, recipients=recipients, refused=refused)
