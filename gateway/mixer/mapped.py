"""What the mapping of an address gives: the result and the record of the steps that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from gateway.errors import ConversionError, Failure
from gateway.internet.fields import Mailbox
from gateway.mixer.questions import Asking

T = TypeVar("T")


class Role(Enum):
    """What an address is for: 4.3.4 falls back differently for a return path."""

    RECIPIENT = "recipient"
    ORIGINATOR = "originator"
    HEADER = "header"


class AddressError(ConversionError):
    """An address cannot be mapped; carries the `Failure` to report."""

    def __init__(self, text: str, *, diagnostic: int = 0, status: str = "5.1.1") -> None:
        # RFC 6531 3.5: 553 for a mailbox that needs what is not there (5.6.7).
        code = 553 if status == "5.6.7" else 550
        super().__init__(Failure(reason=1, diagnostic=diagnostic, smtp_code=code, status=status, text=text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage or step of the algorithm that ran, and what it found."""

    clause: str
    text: str

    def __str__(self) -> str:
        return f"{self.clause}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped(Generic[T]):
    """A mapped address and the steps that led to it."""

    result: T
    steps: tuple[Step, ...]

    @property
    def encapsulated(self) -> bool:
        """Whether the address was wrapped (RFC-822 attribute or full left-hand side) rather than translated."""
        return any(step.clause in ("4.3.4 stage II", "4.3.5 encapsulation") for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedMailbox(Mapped[Mailbox]):
    """A mailbox, and the source route of an ``EBNF.822-address`` (with its colon) where one is kept."""

    route: str = ""

    @property
    def address(self) -> str:
        """``[route] addr-spec``."""
        return f"{self.route}{self.result.address}"


class Trail:
    """Collects the steps of one mapping, and has the rules that it asks for."""

    def __init__(self, prefix: str, rules: Asking) -> None:
        self._prefix = prefix
        self.rules = rules
        self.steps: list[Step] = []

    def add(self, clause: str, text: str) -> None:
        """One more step."""
        self.steps.append(Step(clause=f"{self._prefix} {clause}", text=text))
