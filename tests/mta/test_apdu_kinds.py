"""O23: what an MTS-APDU may be, and what becomes of one that is nothing of that."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway import asn1
from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peers
from gateway.octets import MemoryOctets
from gateway.spool.transfer import Kind, RecipientState
from gateway.x400 import p1
from tests.interop.test_reports import report
from tests.mta.given import PATIENT, called, caller, sending, transferred
from tests.mta.letters import message, message_apdu
from tests.spool.given import open_store


def probe() -> bytes:
    """A probe to the recipient of the message."""
    envelope = message("880704-1").message.envelope
    fields = envelope.per_recipient_fields[0]
    recipient = p1.PerRecipientProbeTransferFields(
        recipient_name=fields.recipient_name,
        originally_specified_recipient_number=fields.originally_specified_recipient_number,
        per_recipient_indicators=fields.per_recipient_indicators,
    )
    made = p1.ProbeTransferEnvelope(
        probe_identifier=envelope.message_identifier, originator_name=envelope.originator_name, content_type=envelope.content_type,
        trace_information=envelope.trace_information, per_recipient_fields=(recipient,),
    )  # fmt: skip
    return asn1.encode(p1.MTSAPDU(probe=made))


@pytest.mark.parametrize(
    ("octets", "kind", "state"),
    [
        (message_apdu("880704-1").to_bytes(), Kind.MESSAGE, RecipientState.QUEUED),
        (asn1.encode(p1.MTSAPDU(report=report())), Kind.REPORT, RecipientState.QUEUED),
        (probe(), Kind.PROBE, RecipientState.QUEUED),
        (b"\xa3" + message_apdu("880704-1").to_bytes()[1:], Kind.MESSAGE, RecipientState.QUARANTINED),
    ],
    ids=["message [0]", "report [1]", "probe [2]", "unknown [3]"],
)
async def test_O23_an_apdu_that_is_no_mts_apdu_is_secured_and_set_aside_and_the_association_goes_on(
    tmp_path: Path, octets: bytes, kind: Kind, state: RecipientState
) -> None:
    """Neither exception nor abort: the peer would send it again for ever. An operator sees it, and the next transfer is as good as ever."""
    store = await open_store(tmp_path)
    listener = Listener(ListenerSettings(port=0, timers=PATIENT), Peers((caller(),)), X400Intake(store))
    await listener.start()
    with capture_logs() as logs:
        async with sending(called(listener.port, associations=1)) as sender:
            assert await transferred(sender, MemoryOctets(octets)) == "relayed"
            assert await transferred(sender, message_apdu("another")) == "relayed"
    found = {each.mts_identifier: each for each in await store.list()}
    (first,) = [each for name, each in found.items() if "another" not in name]
    assert (first.kind, first.recipients[0].state) == (kind, state)
    assert bool([line for line in logs if line["event"] == "relay.quarantined"]) is (state is RecipientState.QUARANTINED)
    assert len([line for line in logs if line["event"] == "association.opened"]) == 2, "one association, seen from both ends"
    await listener.stop()
    await store.close()
