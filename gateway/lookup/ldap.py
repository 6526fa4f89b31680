"""LDAP as a source: the rules of RFC 2164, and users with ``mail`` and ``mhsORAddresses``.

A look-up of a rule names the complete entry; when that is not there, the error names the longest match, which is read next (RFC 2164 3 and
4). Several collections are all asked, and the best match counts (5). Everything but a clear answer of a server, "here it is" or "no such
entry", is `Unreachable`: the message waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from queue import Empty, SimpleQueue
from typing import Final
from urllib.parse import urlsplit

from gateway import log
from gateway.errors import ConfigurationError
from gateway.lookup.ldap_rules import RULE_ATTRIBUTES, DirectoryEntryError, Path, length_below, paths_of, rule_of
from gateway.lookup.ldap_session import LDAPError, LDAPSettings, Session
from gateway.lookup.ldap_users import LDAPUsers, filter_of, user_of
from gateway.mixer.questions import NO_MATCH, Answer, DomainRule, NoMatch, ORAddressRule, Question, Rule, Unreachable

__all__ = ["LDAPError", "LDAPSettings", "LDAPSource", "LDAPUsers"]

_log = log.get("lookup")

_MOST_CACHED: Final = 10_000
_PAUSE_SECONDS: Final = 10.0
"""How long a server that could not be reached is left alone; questions are answered with `Unreachable` meanwhile."""


class LDAPSource:
    """Answers every kind of question from a directory; implements `sources.Oracle`.

    Raises:
        ConfigurationError: A URL is not of the schemes ldap and ldaps.
    """

    def __init__(self, settings: LDAPSettings) -> None:
        for url in settings.urls:
            if urlsplit(url).scheme not in ("ldap", "ldaps") or not urlsplit(url).hostname:
                raise ConfigurationError(f"{url!r} is no LDAP URL: expected ldap://host:port or ldaps://host:port")
        self._settings = settings
        self._idle: SimpleQueue[Session] = SimpleQueue()
        self._slots = asyncio.Semaphore(settings.connections)
        self._cache: OrderedDict[Question, tuple[float, Answer]] = OrderedDict()
        self._down: tuple[float, str] = (0.0, "")

    def cached(self, question: Question) -> bool:
        """Whether an answer is at hand without asking anybody."""
        kept = self._cache.get(question)
        return kept is not None and kept[0] > time.monotonic()

    async def answer(self, question: Question) -> Answer:
        """The answer; `Unreachable` where there is none at present."""
        kept = self._cache.get(question)
        if kept is not None and kept[0] > time.monotonic():
            self._cache.move_to_end(question)
            return kept[1]
        async with self._slots:
            until, reason = self._down
            if until > time.monotonic():
                return Unreachable(reason=reason)
            try:
                found = await asyncio.to_thread(self._look_up, question)
            except LDAPError as error:
                return self._unreachable(f"LDAP: {error}")
        self._keep(question, found)
        return found

    def _unreachable(self, reason: str) -> Unreachable:
        self._down = (time.monotonic() + _PAUSE_SECONDS, reason)
        _log.warning("lookup.unreachable", source="ldap", reason=reason)
        return Unreachable(reason=reason)

    def _keep(self, question: Question, answer: Answer) -> None:
        self._cache[question] = (time.monotonic() + self._settings.cache_seconds, answer)
        while len(self._cache) > _MOST_CACHED:
            self._cache.popitem(last=False)

    def close(self) -> None:
        """End idle connections."""
        while (session := self._taken()) is not None:
            session.close()

    def _taken(self) -> Session | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _look_up(self, question: Question) -> Answer:
        """Ask over a kept connection; when that fails, once more over a fresh one, since servers close idle connections.

        Raises:
            LDAPError: No clear answer.
        """
        session = self._taken()
        if session is not None:
            with contextlib.suppress(LDAPError):  # the fresh connection tells what is wrong
                return self._asked(session, question)
        return self._asked(Session(self._settings), question)

    def _asked(self, session: Session, question: Question) -> Answer:
        try:
            found = self._question(session, question)
        except LDAPError:
            session.close()
            raise
        self._idle.put(session)
        return found

    def _question(self, session: Session, question: Question) -> Answer:
        if isinstance(question, DomainRule | ORAddressRule):
            return self._best_rule(session, question)
        users = self._settings.users
        filter_ = filter_of(users, question) if users is not None else None
        if users is None or filter_ is None:
            return NO_MATCH
        return user_of(users, question, session.search(users.base, filter_, (users.mailbox_attribute, users.oraddress_attribute)))

    def _best_rule(self, session: Session, question: DomainRule | ORAddressRule) -> Rule | NoMatch:
        """The longest match of all collections; of equal ones that of the first (RFC 2164 5)."""
        best: tuple[int, Rule] | None = None
        for collection in self._settings.collections:
            for path in paths_of(question):
                found = _longest(session, question, path, collection)
                if found is not None and (best is None or found[0] > best[0]):
                    best = found
        return best[1] if best is not None else NO_MATCH


def _longest(session: Session, question: DomainRule | ORAddressRule, path: Path, collection: str) -> tuple[int, Rule] | None:
    """The deepest entry with a rule, and how much of the question it covers.

    Two look-ups as RFC 2164 3 has them, and one more for each entry on the way up that holds no rule itself.
    """
    length = len(path.names)
    while length > 0:
        name = path.name(length, collection)
        found = session.read(name, RULE_ATTRIBUTES)
        if isinstance(found, str):
            matched = length_below(found, path, collection)
            length = length - 1 if matched is None else min(length - 1, matched)
            continue
        try:
            rule = rule_of(question, path.depth(length), found.attributes, found.name)
        except DirectoryEntryError as error:
            _log.warning("lookup.odd_answer", source="ldap", name=found.name, reason=str(error))
            rule = None
        if rule is not None:
            return path.depth(length), rule
        length -= 1
    return None
