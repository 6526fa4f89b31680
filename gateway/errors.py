"""The root of every error, and the one value in which a failure crosses from one mail world to the other."""

from __future__ import annotations

from dataclasses import dataclass


class GatewayError(Exception):
    """Whatever this program refuses, with a text that says what, where and what to do."""


class ConfigurationError(GatewayError):
    """The configuration or a mapping table cannot be used; the text names file, key or line, and what was expected."""


class SpoolError(GatewayError):
    """The queue refused an operation: a stale fencing number, a full disk, an unknown identifier."""


class StaleLeaseError(SpoolError):
    """A worker recorded an outcome with a lease that somebody else holds by now; nothing was written."""


class NoSpaceError(SpoolError):
    """The queue is below its low-water mark: try again later (SMTP 452 4.3.1, S-U-EXCEPTION, bind error *busy*)."""


class ProtocolError(GatewayError):
    """A peer, or our own user, broke a protocol.

    Attributes:
        layer: ``TPKT``, ``COTP``, ``session``, ``presentation``, ``ACSE``, ``RTSE``, ``P1``, ``SMTP``.
        clause: The rule that was broken, such as ``X.225 7.9``.
        ours: True when the fault is on our side (a request that the state does not allow).
    """

    def __init__(self, layer: str, text: str, *, clause: str = "", ours: bool = False) -> None:
        super().__init__(f"{layer}: {text}" + (f" [{clause}]" if clause else ""))
        self.layer = layer
        self.clause = clause
        self.ours = ours


class ConversionError(GatewayError):
    """A message, address or body part cannot be mapped; carries the `Failure` to report to its sender."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a recipient did not get a message, in the words of both mail worlds. Made once, rendered twice.

    Attributes:
        reason: X.411 non-delivery-reason-code (X.411 8.3.1.2.1.10).
        diagnostic: X.411 non-delivery-diagnostic-code, None when there is none.
        smtp_code: SMTP reply code, 4yz or 5yz (RFC 5321 4.2).
        status: Enhanced status code such as ``5.1.1`` (RFC 3463).
        text: One sentence for a stranger: what happened and, where possible, what to do.
        detail: For the log only: octets, peers, stack of causes. Never shown to the outside.
    """

    reason: int
    diagnostic: int | None = None
    smtp_code: int = 550
    status: str = "5.0.0"
    text: str
    detail: str = ""

    @property
    def permanent(self) -> bool:
        """True when trying again cannot help (class 5)."""
        return self.status.startswith("5")
