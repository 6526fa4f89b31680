"""Users of the directory whom a rule of the tables contradicts.

The directory wins in this gateway. A contradiction still hurts: every other gateway with the same tables, and every person who writes
an address by the rules, reaches the address that the tables give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.maptools.problems import Problem, error, warning
from gateway.mixer.address import Mapped
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

ToORAddress = Callable[[str], Mapped[ORAddress]]
"""Maps a mailbox by the tables alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One usable pair of a users' file."""

    mailbox: Mailbox
    oraddress: ORAddress
    file: str
    line: int


def check_contradictions(users: Iterable[User], to_oraddress: ToORAddress) -> Iterator[Problem]:
    """Pairs that the tables contradict; an error where the tables would send the mail of one user to another."""
    found = list(users)
    owners: dict[object, User] = {}
    own: dict[Mailbox, set[object]] = {}
    for user in found:
        owners.setdefault(user.oraddress.key(), user)
        own.setdefault(user.mailbox, set()).add(user.oraddress.key())
    for user in found:
        yield from _contradiction(user, to_oraddress, owners, own[user.mailbox])


def _contradiction(user: User, to_oraddress: ToORAddress, owners: dict[object, User], own: set[object]) -> Iterator[Problem]:
    try:
        mapped = to_oraddress(user.mailbox.address)
    except GatewayError:
        return
    if mapped.encapsulated or mapped.result.key() in own:
        return
    rule = next((step.text for step in mapped.steps if step.clause.endswith("step 8")), "no rule")
    said = f"by the tables {user.mailbox.address} is {to_text(mapped.result)} ({rule})"
    other = owners.get(mapped.result.key())
    if other is not None and other.mailbox != user.mailbox:
        text = f"{said}, which is the address of {other.mailbox.address} in line {other.line}"
        yield error("user-collides", user.file, user.line, 0, text, "an address that no rule gives to somebody else")
    else:
        yield warning("user-contradicts-rule", user.file, user.line, 0, f"{said}; this line wins here, and only here")
