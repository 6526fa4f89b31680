"""A call to a peer, layer by layer, for an operator: what was good, what failed, what was sent, what came back, what to change.

FIELD rows 2, 3 and 19: names, passwords, selectors and modes that do not match are what keeps X.400 systems apart, and nobody says which.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.errors import GatewayError
from gateway.mta.association import Association, ConnectionFailedError
from gateway.mta.binding import argument_of_bind, bind_error_of, check_bind_result, refusal_text
from gateway.mta.call import open_request
from gateway.mta.connecting import connect
from gateway.mta.credentials import Authentication, selectors_text
from gateway.mta.pcap import Segment
from gateway.mta.peers import Peer
from gateway.mta.strong import fresh_random
from gateway.mta.trace import Trace
from gateway.mta.transcript import Line, transcript
from gateway.octets import Octets
from gateway.osi.service import (
    AbortReason,
    ConnectionReference,
    DialogueMode,
    Mode,
    RefusalKind,
    RTAbortIndication,
    RTCloseRequest,
    RTOpenConfirm,
    RTTransferConfirm,
    RTTransferRequest,
    RTUAbortRequest,
    StackTimers,
)
from gateway.osi.stack import Stack
from gateway.x400.bind import MTABindError

LAYERS = ("TCP", "TLS", "transport", "session", "presentation", "application context", "mode", "bind", "its name and password", "transfer")
"""In the order in which they are passed. ``mode``: dialogue mode and normal or X.410 mode; ``bind``: our MTA name and password."""

_MOST_HEX = 200
_OPERATOR = "ask its operator for"

_FAILED_AT: dict[RefusalKind, tuple[str, str]] = {
    RefusalKind.TRANSPORT: (
        "transport",
        f"{_OPERATOR} the transport selector (TSEL) that it listens to and set called.tsel; some also look at calling.tsel",
    ),
    RefusalKind.SSEL_UNKNOWN: ("session", f"{_OPERATOR} its session selector and set called.ssel, or leave it out"),
    RefusalKind.VERSION: ("session", "set session_version to 1 or 2: it speaks only one of them"),
    RefusalKind.PSEL_UNKNOWN: ("presentation", f"{_OPERATOR} its presentation selector and set called.psel, or leave it out"),
    RefusalKind.CONTEXT: ("presentation", "it does not offer P1 under this address: another selector may lead to its P1"),
    RefusalKind.UNREADABLE: ("presentation", "it cannot read our connect data: set mode to the one it speaks (1984, 88-x410 or 88-normal)"),
    RefusalKind.APPLICATION_CONTEXT: ("application context", "set application_context to the one it offers; 2.6.0.1.6 is mts-transfer"),
    RefusalKind.CANNOT_RECOVER: ("mode", "it does not recover associations; nothing asked it to"),
    RefusalKind.BUSY: ("session", "it is congested now: try again later"),
    RefusalKind.USER: ("bind", f"{_OPERATOR} the reason; the octets of the refusal are above"),
    RefusalKind.USER_TRANSIENT: ("bind", "try again later"),
    RefusalKind.NOT_SPECIFIED: ("session", "it gave no reason: try the other modes, and ask its operator what its log says"),
}

_ADVICE: dict[int, tuple[str, str]] = {
    MTABindError.BUSY: ("bind", "everything matches, but it has no room for one association more: lower associations here, or try later"),
    MTABindError.AUTHENTICATION_ERROR: (
        "bind",
        "compare, with case: our_mta_name with the name it has for us, our_password with the password it expects of us; if both are right, "
        "it may look callers up by calling selectors or network address (PP and Exchange do)",
    ),
    MTABindError.UNACCEPTABLE_DIALOGUE_MODE: ("mode", "set dialogue to the other mode, or to either"),
    MTABindError.UNACCEPTABLE_SECURITY_CONTEXT: ("bind", "it wants another security context than none"),
    MTABindError.INADEQUATE_ASSOCIATION_CONFIDENTIALITY: ("bind", "it wants the association encrypted: use tls"),
}

_TCP_ADVICE = "is the host right, does its MTA listen on this port, does a firewall between let it through?"
_TLS_ADVICE = "compare tls.authorities and tls.expects with the certificate that it shows; does it speak TLS on this port at all?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One layer.

    Attributes:
        layer: Of `LAYERS`.
        good: Whether it stands.
        text: What was found.
        advice: What to change when it does not stand.
    """

    layer: str
    good: bool
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What came of one call.

    Attributes:
        sent: What we proposed, in words, without the secret.
        steps: The layers that were reached, in order; the last one may have failed.
        offered: What the peer answered, by name.
        last_octets: The last octets of the peer, hexadecimal, passwords masked.
        lines: All that was said.
    """

    sent: str
    steps: tuple[Step, ...]
    offered: tuple[tuple[str, str], ...] = ()
    last_octets: str = ""
    lines: tuple[Line, ...] = ()

    @property
    def good(self) -> bool:
        """Whether mail could be sent like this."""
        return all(step.good for step in self.steps)

    @property
    def failed_at(self) -> str:
        """The layer that failed; empty when none did."""
        return next((step.layer for step in self.steps if not step.good), "")


async def check_up(
    peer: Peer, reference: Callable[[], ConnectionReference], timers: StackTimers | None = None, apdu: Octets | None = None
) -> Checkup:
    """Call a peer, and release the association at once.

    Args:
        peer: Whom to call.
        reference: Makes a session connection reference.
        timers: How long the peer may take.
        apdu: Something to transfer (a probe); None: nothing.
    """
    return await _Call(peer, reference(), timers or StackTimers(), apdu).made()


def alternatives(peer: Peer, failed_at: str) -> tuple[tuple[str, Peer], ...]:
    """Other settings that are worth a call after a failure: what to set, and the peer with it."""
    if failed_at not in ("session", "presentation", "mode", "application context"):
        return ()
    modes = (
        ('mode = "88-normal"', replace(peer, mode=Mode.NORMAL, application_protocol=None, session_versions=frozenset({1, 2}))),
        ('mode = "88-x410"', replace(peer, mode=Mode.X410_1984, application_protocol=12, session_versions=frozenset({1, 2}))),
        ('mode = "1984"', replace(peer, mode=Mode.X410_1984, application_protocol=1, session_versions=frozenset({1}))),
        (
            'mode = "1984", application_protocol = 8883',
            replace(peer, mode=Mode.X410_1984, application_protocol=8883, session_versions=frozenset({1})),
        ),
    )
    other = DialogueMode.MONOLOGUE if peer.dialogue is DialogueMode.TWO_WAY_ALTERNATE else DialogueMode.TWO_WAY_ALTERNATE
    dialogue = (f'dialogue = "{other.name.lower().replace("_", "-")}"', replace(peer, dialogue=other))
    return tuple((setting, changed) for setting, changed in (*modes, dialogue) if changed != peer)


class _Call:
    """One call under way."""

    def __init__(self, peer: Peer, reference: ConnectionReference, timers: StackTimers, apdu: Octets | None) -> None:
        self._peer = peer
        self._random = fresh_random() if Authentication.STRONG in (peer.ours.bind, peer.theirs.bind) else None
        self._request = open_request(peer, reference, argument_of_bind(peer, peer.mode, self._random))
        self._timers = timers
        self._apdu = apdu
        self._trace = Trace(frozenset({peer.name}))
        self._steps: list[Step] = []
        self._offered: list[tuple[str, str]] = []

    async def made(self) -> Checkup:
        """Make the call."""
        association = await self._connected()
        if association is not None:
            try:
                await self._opened(association)
            finally:
                await association.close(seconds=2)
                self._trace.closed(association)
        heard = self._heard()
        theirs = next((segment.data for segment in reversed(heard) if not segment.ours), b"")
        return Checkup(
            sent=self._sent(), steps=tuple(self._steps), offered=tuple(self._offered), last_octets=theirs[:_MOST_HEX].hex(),
            lines=tuple(transcript(heard)),
        )  # fmt: skip

    def _heard(self) -> tuple[Segment, ...]:
        return next((recording.masked() for recording in self._trace.recordings()), ())

    def _sent(self) -> str:
        request, ours = self._request, self._peer.ours
        normal = request.mode is Mode.NORMAL
        kind = f"application context {request.application_context}" if normal else f"application protocol {request.application_protocol}"
        proof = "a password" if ours.bind is Authentication.SIMPLE and ours.password else "an empty password"
        proof = {Authentication.STRONG: "a signed token", Authentication.NONE: "no name and no password"}.get(ours.bind, proof)
        versions = " and ".join(str(version) for version in sorted(request.session_versions))
        where = f"{self._peer.host}:{self._peer.port}{' under TLS' if self._peer.tls else ''}"
        return (
            f"{where}, calling {selectors_text(request.calling)}, called {selectors_text(request.called)}, "
            f"TPDU size {request.tpdu_size}, session version {versions}, mode {request.mode.value}, {kind}, "
            f"{request.dialogue.name.lower().replace('_', '-')}, checkpoint {request.checkpoint_size}, window {request.window_size}, "
            f"MTA name {ours.mta_name!r} with {proof}"
        )

    def _good(self, layer: str, text: str) -> None:
        self._steps.append(Step(layer=layer, good=True, text=text))

    def _bad(self, layer: str, text: str, advice: str) -> None:
        """A layer failed; those between it and the last good one stood."""
        reached = {step.layer for step in self._steps}
        for each in LAYERS[: LAYERS.index(layer)]:
            if each not in reached and each not in ("TLS", "TCP"):
                self._good(each, "no objection")
        self._steps.append(Step(layer=layer, good=False, text=text, advice=advice))

    async def _connected(self) -> Association | None:
        peer = self._peer
        stack = Stack.initiator(self._request, timers=self._timers)
        try:
            association = await connect(
                stack, peer.host, peer.port, seconds=peer.connect_timeout_seconds, tls=peer.tls,
                connected=lambda association: self._trace.connected(association, peer),
            )  # fmt: skip
        except ConnectionFailedError as error:
            if error.layer == "TLS":
                self._good("TCP", f"{peer.host}:{peer.port} answers")
            self._bad(error.layer, str(error), _TLS_ADVICE if error.layer == "TLS" else _TCP_ADVICE)
            return None
        except GatewayError as error:
            self._bad("TLS", str(error), "mend the files that it names")
            return None
        self._good("TCP", f"{association.peer_address} answers")
        if peer.tls is not None:
            self._good("TLS", f"it shows {association.certificate}")
        return association

    async def _opened(self, association: Association) -> None:
        event = await association.event()
        match event:
            case RTOpenConfirm(accepted=True):
                await self._accepted(association, event)
            case RTOpenConfirm():
                self._refused(event)
            case RTAbortIndication():
                self._broken(f"{event.layer}: {event.text}")
            case _:
                self._broken("it closed the connection")

    async def _accepted(self, association: Association, confirm: RTOpenConfirm) -> None:
        stack = association.stack
        self._offered = [
            ("responding selectors", selectors_text(confirm.responding)), ("session version", str(confirm.session_version)),
            ("checkpoint size", f"{stack.checkpoint_size} (of 1024 octets)"), ("window", str(stack.window_size)),
            ("turn", "ours" if confirm.our_turn else "its"),
        ]  # fmt: skip
        fault = check_bind_result(self._peer, confirm.user_data, self._random)
        for layer in ("transport", "session", "presentation", "application context", "mode", "bind"):
            self._good(layer, "accepted")
        if fault:
            advice = "set mta_name and password to what it answers (see what came back), or check_answer = false"
            self._bad("its name and password", fault, advice)
            association.request(RTUAbortRequest(reason=AbortReason.USER_ERROR))
            return
        self._good("its name and password", f"it is {self._peer.theirs.mta_name!r}")
        if self._apdu is None or await self._transferred(association, self._apdu):
            await self._released(association)

    async def _transferred(self, association: Association, apdu: Octets) -> bool:
        if not association.stack.our_turn:
            self._bad("transfer", "it keeps the turn", "set dialogue to the mode in which we may send")
            return False
        association.request(RTTransferRequest(apdu=apdu))
        while (event := await association.event()) is not None:
            if isinstance(event, RTTransferConfirm) and event.transferred:
                self._good("transfer", f"it has taken {len(apdu)} octets")
                return True
            if isinstance(event, RTTransferConfirm | RTAbortIndication):
                self._bad("transfer", event.text, f"{_OPERATOR} what its log says of this transfer")
                return False
        self._bad("transfer", "it closed the connection", f"{_OPERATOR} what its log says of this transfer")
        return False

    async def _released(self, association: Association) -> None:
        with contextlib.suppress(TimeoutError, GatewayError):
            async with asyncio.timeout(self._timers.release):
                association.request(RTCloseRequest())
                while await association.event() is not None:
                    pass

    def _refused(self, confirm: RTOpenConfirm) -> None:
        error = bind_error_of(confirm)
        text = refusal_text(confirm)
        if error in _ADVICE:
            layer, advice = _ADVICE[error]
        elif confirm.kind is RefusalKind.TRANSPORT and not any(line.startswith("DR") for line in self._answers()):
            self._broken(text)  # no word of the transport protocol: the connection is gone
            return
        else:
            layer, advice = _FAILED_AT[confirm.kind or RefusalKind.NOT_SPECIFIED]
        self._bad(layer, text, advice)

    def _answers(self) -> list[str]:
        """What the peer has said, line by line."""
        return [line.text for line in transcript(self._heard()) if not line.caller and not line.detail]

    def _broken(self, text: str) -> None:
        """It went away without the protocol's own words: the last thing that it said tells how far we came."""
        if not any(line.startswith("CC") for line in self._answers()):
            advice = "it took the connection and says nothing of RFC 1006: is this its X.400 port, and is it TLS that it waits for?"
            self._bad("transport", text, advice)
            return
        self._bad(
            "session", text,
            "it went away without a reason: mostly it speaks another mode (1984, 88-x410), another session version, or does not know our "
            "calling selectors or network address",
        )  # fmt: skip


def now_reference(name: str) -> ConnectionReference:
    """A session connection reference for one call by hand."""
    time = datetime.now(UTC).strftime("%y%m%d%H%M%SZ").encode("ascii")
    user = name.encode("ascii", "replace")[:32]
    return ConnectionReference(user=b"\x14" + bytes((len(user),)) + user, common=b"\x17" + bytes((len(time),)) + time)
