"""Wire traces over the control socket: which peers are traced, what is open, what was recorded, and the recordings themselves.

A recording is read in pieces, since an answer is one line: as a capture file with passwords masked, made anew for the first piece.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from gateway.errors import GatewayError

_PIECE_OCTETS = 24 * 1024


class Recording(Protocol):
    """What was heard of one association; `mta.trace.Recording`."""

    number: int
    peer: str
    address: str
    incoming: bool
    started: datetime
    octets: int
    cut_off: bool

    def pcap(self) -> bytes:
        """As a capture file, with passwords masked."""


class Traces(Protocol):
    """Who keeps wire traces; `mta.trace.Trace`."""

    @property
    def on(self) -> tuple[str, ...]:
        """Names of the peers that are traced."""

    def switch_on(self, peer: str) -> int:
        """Trace a peer; how many of its open associations are recorded from here."""

    def switch_off(self, peer: str) -> None:
        """Trace a peer no more."""

    def recordings(self) -> Iterator[Any]:
        """What was recorded, the oldest first."""

    def recording(self, number: int) -> Any:
        """One recording, None when there is none of that number."""

    def open_associations(self) -> Iterator[tuple[str, bool, str, datetime, str]]:
        """Peer, whether it called, address, since when, and how things stand."""


class TraceCommand:
    """The command ``trace`` of the control socket, with an ``action``: on, off, list, read."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._reading: tuple[int, bytes] = (0, b"")
        self._actions: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "on": self._on, "off": self._off, "list": self._list, "read": self._read,
        }  # fmt: skip

    async def __call__(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one request.

        Raises:
            GatewayError: There is no such action or recording.
        """
        action = self._actions.get(str(request.get("action")))
        if action is None:
            raise GatewayError(f"trace: the action is one of {', '.join(self._actions)}")
        return action(request)

    def _on(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"open": self._traces.switch_on(str(request.get("peer") or "*")), "on": list(self._traces.on)}

    def _off(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._traces.switch_off(str(request.get("peer") or "*"))
        return {"on": list(self._traces.on)}

    def _list(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "on": list(self._traces.on),
            "recordings": [_recorded(each) for each in self._traces.recordings()],
            "open": [
                {"peer": peer, "incoming": incoming, "address": address, "since": since.isoformat(timespec="seconds"), "state": state}
                for peer, incoming, address, since, state in self._traces.open_associations()
            ],
        }

    def _read(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        number, offset = int(request.get("recording", 0)), int(request.get("offset", 0))
        if offset == 0 or self._reading[0] != number:
            recording = self._traces.recording(number)
            if recording is None:
                raise GatewayError(f"there is no recording {number}; `mixer trace list` shows what there is")
            self._reading = (number, recording.pcap())
        whole = self._reading[1]
        piece = whole[offset : offset + _PIECE_OCTETS]
        if offset + len(piece) >= len(whole):
            self._reading = (0, b"")
        return {"octets": len(whole), "piece": base64.b64encode(piece).decode("ascii")}


def _recorded(recording: Recording) -> Mapping[str, Any]:
    return {
        "recording": recording.number, "peer": recording.peer, "incoming": recording.incoming, "address": recording.address,
        "started": recording.started.isoformat(timespec="seconds"), "octets": recording.octets, "cut_off": recording.cut_off,
    }  # fmt: skip
