"""Users of the directory whom a rule of the tables contradicts.

The directory wins in this gateway. A contradiction still hurts: every other gateway with the same tables, and every person who writes
an address by the rules, reaches the address that the tables give.

A million users are no more than a few numbers each here: their lines are read twice (a third time for the names in errors), and what is
kept of an address is the hash of its key.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.maptools.problems import Problem, error, warning
from gateway.mixer.address import Mapped
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

MOST_PROBLEMS = 1000
"""Users that are named; of the others only the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One usable pair of a users' file.

    Attributes:
        key: Of the O/R address: one for all that match (X.402 18.4).
    """

    mailbox: Mailbox
    key: bytes
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLines:
    """The pairs of a users' file. The directory is no pure package, so its functions are handed in.

    Attributes:
        read: The pairs in their order, from the beginning at each call.
        key: The key of an O/R address.
    """

    read: Callable[[], Iterable[User]]
    key: Callable[[ORAddress], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The tables alone.

    Attributes:
        know: Whether any of them speaks of a domain.
        map: What they make of a mailbox.
    """

    know: Callable[[str], bool]
    map: Callable[[str], Mapped[ORAddress]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contradiction:
    user: User
    said: str
    owner: int
    """Line of the user who has the address; 0 where nobody has."""


def check_contradictions(users: UserLines, rules: Rules) -> Iterator[Problem]:
    """Pairs that the tables contradict; an error where the tables would send the mail of one user to another."""
    found: list[_Contradiction] = []
    number = 0
    for one in _contradictions(users, rules, _Owners(users.read())):
        number += 1
        if number <= MOST_PROBLEMS:
            found.append(one)
    wanted = {one.owner for one in found if one.owner}
    names = {user.line: user.mailbox.address for user in users.read() if user.line in wanted} if wanted else {}
    yield from (_problem(one, names) for one in found)
    if number > MOST_PROBLEMS:
        last = found[-1].user
        text = f"{number - MOST_PROBLEMS} more users whom a rule contradicts follow"
        yield warning("user-contradicts-rule", last.file, last.line, 0, text)


class _Owners:
    """Who has which O/R address first, and which pairs there are."""

    def __init__(self, users: Iterable[User]) -> None:
        self._lines: dict[int, int] = {}
        self._pairs: set[int] = set()
        self._mailboxes = array("q", [0])  # of the line with this number
        for user in users:
            self._lines.setdefault(hash(user.key), user.line)
            self._pairs.add(hash((user.mailbox.address, user.key)))
            self._mailboxes.extend([0] * (user.line + 1 - len(self._mailboxes)))
            self._mailboxes[user.line] = hash(user.mailbox.address)

    def has(self, user: User, key: bytes) -> bool:
        """Whether the address is one of the user's own."""
        return hash((user.mailbox.address, key)) in self._pairs

    def of(self, key: bytes, user: User) -> int:
        """Line of somebody else with the address; 0 for nobody."""
        line = self._lines.get(hash(key), 0)
        return line if self._mailboxes[line] != hash(user.mailbox.address) else 0


def _contradictions(users: UserLines, rules: Rules, owners: _Owners) -> Iterator[_Contradiction]:
    for user in users.read():
        # Without a rule, and without an O/R address in the local part (4.3.4 step 6), a mailbox is only wrapped.
        if not rules.know(user.mailbox.domain) and "=" not in user.mailbox.local:
            continue
        try:
            mapped = rules.map(user.mailbox.address)
        except GatewayError:
            continue
        key = users.key(mapped.result)
        if mapped.encapsulated or owners.has(user, key):
            continue
        rule = next((step.text for step in mapped.steps if step.clause.endswith("step 8")), "no rule")
        said = f"by the tables {user.mailbox.address} is {to_text(mapped.result)} ({rule})"
        yield _Contradiction(user=user, said=said, owner=owners.of(key, user))


def _problem(one: _Contradiction, names: dict[int, str]) -> Problem:
    if not one.owner:
        return warning("user-contradicts-rule", one.user.file, one.user.line, 0, f"{one.said}; this line wins here, and only here")
    text = f"{one.said}, which is the address of {names.get(one.owner, 'the user')} in line {one.owner}"
    return error("user-collides", one.user.file, one.user.line, 0, text, "an address that no rule gives to somebody else")
