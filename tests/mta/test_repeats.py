"""Law 5, second key: a repeat of an unconfirmed P1 activity is confirmed again and stored once; what only looks like one is taken."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peer, Peers
from gateway.octets import Octets
from gateway.osi import service as s
from gateway.spool.store import Store
from gateway.spool.transfer import RecipientState, Source
from tests.mta.given import PATIENT, apdu, associate, caller, pull
from tests.mta.letters import message_apdu
from tests.spool.given import open_store

REFERENCE = s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123144607Z")
"""As PP builds it: host name and a time in seconds, nothing that tells two associations of one second apart."""


class _DiesBeforeConfirming(X400Intake):
    """Commits, and then never says so: what a crash looks like between the commit and the activity-end response."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.committed = asyncio.Event()

    async def accept(self, content: Any, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        await super().accept(content, source, peer, normal_mode=normal_mode)
        self.committed.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")


async def _listener(intake: X400Intake) -> Listener:
    listener = Listener(ListenerSettings(port=0, timers=PATIENT), Peers((caller(),)), intake)
    await listener.start()
    return listener


async def _begun(port: int, sent: Octets) -> Any:
    association = await associate(port, timers=PATIENT, reference=REFERENCE)
    assert (await pull(association, s.RTOpenConfirm)).accepted
    association.request(s.RTTransferRequest(apdu=sent))
    return association


async def _transferred(port: int, sent: Octets) -> bool:
    association = await _begun(port, sent)
    confirm = await pull(association, s.RTTransferConfirm)
    await association.close()
    return bool(confirm.transferred)


async def _crash_after_commit(folder: Path, sent: Octets) -> str:
    """Transfer, and lose the gateway after its commit and before its confirm; the queue id of what was taken."""
    store = await open_store(folder)
    intake = _DiesBeforeConfirming(store)
    listener = await _listener(intake)
    association = await _begun(listener.port, sent)
    waiting = asyncio.create_task(pull(association, s.RTTransferConfirm))
    await asyncio.wait_for(intake.committed.wait(), 5)
    await listener.stop()
    waiting.cancel()
    await association.close()
    (taken,) = await store.list()
    await store.close()
    return taken.id


async def test_a_repeat_after_a_crash_between_commit_and_confirm_is_confirmed_and_not_stored_again(tmp_path):
    first = await _crash_after_commit(tmp_path, message_apdu("880704-1"))
    store = await open_store(tmp_path, ids=iter(f"R{number}" for number in range(20)).__next__)
    listener = await _listener(X400Intake(store))
    assert await _transferred(listener.port, message_apdu("880704-1"))
    assert [each.id for each in await store.list()] == [first]
    assert "spool.repeated" in [each.name for each in await store.events(first)]
    await listener.stop()
    await store.close()


async def test_a_repeat_of_large_content_leaves_no_orphan_behind(tmp_path):
    sent = apdu(200_000)  # more than goes with the accept itself, and no MTS-APDU: kept in quarantine, once
    first = await _crash_after_commit(tmp_path, sent)
    store = await open_store(tmp_path, ids=iter(f"R{number}" for number in range(20)).__next__)
    listener = await _listener(X400Intake(store))
    assert await _transferred(listener.port, sent)
    (kept,) = await store.list()
    assert (kept.id, kept.recipients[0].state) == (first, RecipientState.QUARANTINED)
    assert await store._reader.run(_unclaimed_contents) == 0
    await listener.stop()
    await store.close()


async def test_two_associations_of_one_second_with_equal_references_are_both_taken(tmp_path):
    store = await open_store(tmp_path)
    listener = await _listener(X400Intake(store))
    sent = [message_apdu("880704-1"), message_apdu("880704-2")]
    assert await asyncio.gather(*(_transferred(listener.port, each) for each in sent)) == [True, True]
    kept = await store.list()
    assert len(kept) == 2
    assert len({each.source.session for each in kept}) == 1  # nothing but the octets tells them apart
    await listener.stop()
    await store.close()


async def test_the_same_octets_on_another_association_are_no_repeat_of_the_activity_but_a_duplicate(tmp_path):
    store = await open_store(tmp_path)
    listener = await _listener(X400Intake(store))
    for reference in (REFERENCE, s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123144608Z")):
        association = await associate(listener.port, timers=PATIENT, reference=reference)
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTransferRequest(apdu=message_apdu("880704-1")))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        await association.close()
    (kept,) = await store.list()  # the second is finished at once: its recipient is suppressed
    assert "spool.repeated" not in [each.name for each in await store.events(kept.id)]
    await listener.stop()
    await store.close()


def _unclaimed_contents(connection: Any) -> int:
    return int(connection.exec_driver_sql("select count(*) from unclaimed").scalar())
