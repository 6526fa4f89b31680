"""The P1 sender: one line to each peer, with persistent associations, opened when there is mail and released when they stay idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.errors import Failure
from gateway.mta.call import Call
from gateway.mta.conversation import TransferFailedError
from gateway.mta.line import Line
from gateway.mta.peers import Peer, Peers
from gateway.mta.places import Places
from gateway.mta.reception import Intake
from gateway.mta.shelf import StoredProgress
from gateway.mta.trace import Trace
from gateway.octets import Octets
from gateway.osi.service import ConnectionReference, StackTimers
from gateway.spool.transfer import Outcome, Priority, Result

__all__ = ["Sender", "TransferFailedError"]


class Sender:
    """Delivers encoded MTS-APDUs to peers.

    Args:
        peers: The peers; those with a host can be called, the others have to call us (two-way alternate).
        intake: Where goes what a peer sends over an association of ours (two-way alternate).
        reference: Makes a session connection reference that no other association ever had.
        timers: How long a peer may take.
        largest_octets: Largest APDU that is received.
        associations: The most that are open to all peers together.
        trace: Who listens in.
        progress: Where the progress of transfers outlives the process; None: it does not.
    """

    def __init__(
        self,
        peers: Peers,
        intake: Intake,
        *,
        reference: Callable[[], ConnectionReference],
        timers: StackTimers | None = None,
        largest_octets: int = 1 << 30,
        associations: int = 200,
        trace: Trace | None = None,
        progress: StoredProgress | None = None,
    ) -> None:
        found = timers or StackTimers()
        tapping = trace or Trace()
        places = Places(associations, lambda: self._lines.values())
        self._lines = {
            peer.name: Line(peer, intake, Call(peer, reference, found, largest_octets, tapping), places, found, largest_octets, progress)
            for peer in peers
        }

    async def transfer(self, peer_name: str, apdu: Octets, priority: Priority = Priority.NORMAL) -> Outcome:
        """Hand one APDU to a peer and wait until the peer has secured it.

        Args:
            peer_name: The configured name of the peer.
            apdu: The encoded MTS-APDU.
            priority: Its place in the queue of the peer; reports go as urgent (IC-115).

        Returns:
            RELAYED when it has; DEFERRED with the reason in words otherwise.
        """
        line = self._lines.get(peer_name)
        if line is None:
            return _deferred(peer_name, f"there is no peer {peer_name}")
        try:
            await line.transfer(apdu, priority)
        except TransferFailedError as error:
            return _deferred(peer_name, str(error))
        return Outcome(result=Result.RELAYED, at=datetime.now(UTC), peer=peer_name, reply="transferred")

    def associations(self) -> dict[str, int]:
        """How many associations we have opened, by peer."""
        return {name: line.opened for name, line in self._lines.items()}

    def line_to(self, peer: Peer) -> Line | None:
        """The line to a peer, for an association that the peer has opened."""
        return self._lines.get(peer.name)

    async def stop(self) -> None:
        """Release what is idle and abort what is not; who waits for a transfer learns that it is deferred."""
        await asyncio.gather(*(line.stop() for line in self._lines.values()))


def _deferred(peer: str, text: str) -> Outcome:
    failure = Failure(reason=0, smtp_code=451, status="4.4.1", text=f"The X.400 system {peer} cannot be reached.", detail=text)
    return Outcome(result=Result.DEFERRED, at=datetime.now(UTC), peer=peer, reply=text, failure=failure)
