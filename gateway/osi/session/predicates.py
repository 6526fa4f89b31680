"""The conditions in the cells of the session tables (X.225 A.5.4 and table A.6), under names that say what they ask.

``I(t)``: the token is ours or does not exist. ``dk``, ``mi``, ``ma``: data, minor synchronise, major and activity token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.osi.session.connection import DATA_TOKEN, MAJOR_TOKEN, MINOR_TOKEN, Connection
from gateway.osi.session.parameters import Field
from gateway.osi.session.spdu import SPDU

ALL_TOKENS = 0xFF
Predicate = Callable[[Connection, Any], bool]


def offered_versions(spdu: SPDU) -> frozenset[int]:
    """The versions of a version number parameter; absent means version 1 (X.225 8.3.1.13)."""
    mask = spdu.number(Field.VERSION, 1)
    return frozenset(version for version in (1, 2) if mask & version)


def _cn_acceptable(connection: Connection, spdu: SPDU) -> bool:
    return _common_version(connection, spdu) and not spdu.number(Field.DATA_OVERFLOW) & 1


def _common_version(connection: Connection, spdu: SPDU) -> bool:
    return not connection.initiator and bool(offered_versions(spdu) & connection.versions)


def _overflow(connection: Connection, spdu: SPDU) -> bool:
    return not connection.initiator and bool(spdu.number(Field.DATA_OVERFLOW) & 1)


def _serial_is_next(connection: Connection, spdu: SPDU) -> bool:
    return connection.vact and connection.peer_owns(DATA_TOKEN | MINOR_TOKEN) and spdu.serial == connection.vm


def _end_is_next(connection: Connection, spdu: SPDU) -> bool:
    return connection.vact and connection.peer_owns(ALL_TOKENS) and spdu.serial == connection.vm


def _confirmable(connection: Connection, item: Any, *, ours: bool, end: int = 0) -> bool:
    """The condition of table A.4 on MIA; ``end`` 1 where the last number belongs to AE, which AEA confirms."""
    in_range = connection.va <= item.serial < connection.vm - end
    return connection.vact and connection.vsc is ours and in_range


def _tokens_given(spdu: SPDU) -> int:
    return spdu.number(Field.TOKENS)


PREDICATES: Mapping[str, Predicate] = {
    "": lambda c, _: True,
    "we opened the transport connection": lambda c, _: c.initiator,
    "CN acceptable": _cn_acceptable,
    "no common version": lambda c, spdu: not c.initiator and not _common_version(c, spdu),
    "data overflow": _overflow,
    "AC selects an offered version": lambda c, spdu: bool(offered_versions(spdu) & c.versions),
    "I(dk)": lambda c, _: c.owns(DATA_TOKEN),
    "not I(dk)": lambda c, _: not c.owns(DATA_TOKEN),
    "I(dk) and activity": lambda c, _: c.owns(DATA_TOKEN) and c.vact,
    "not I(dk) and activity": lambda c, _: not c.owns(DATA_TOKEN) and c.vact,
    "I(dk) and I(mi) and activity": lambda c, _: c.owns(DATA_TOKEN | MINOR_TOKEN) and c.vact,
    "I(ma) and activity": lambda c, _: c.owns(MAJOR_TOKEN) and c.vact,
    "I(all) and activity": lambda c, _: c.owns(ALL_TOKENS) and c.vact,
    "I(all) and no activity": lambda c, _: c.owns(ALL_TOKENS) and not c.vact,
    "peer has dk and activity": lambda c, _: c.peer_owns(DATA_TOKEN) and c.vact,
    "peer has dk and mi, activity, serial = V(M)": _serial_is_next,
    # Deviation: X.225 wants Vact here. An AI or AD that crossed our AEA is the user's to judge: RTSE answers transfer-completed.
    "peer has ma, and activity or it just ended": lambda c, _: c.peer_owns(MAJOR_TOKEN) and (c.vact or c.just_ended),
    "peer has all tokens and no activity": lambda c, _: c.peer_owns(ALL_TOKENS) and not c.vact,
    "peer has all tokens, activity, serial = V(M)": _end_is_next,
    "peer has the tokens given": lambda c, spdu: c.peer_owns(_tokens_given(spdu)),
    "peer gives dk": lambda c, spdu: bool(_tokens_given(spdu) & DATA_TOKEN) and c.peer_owns(_tokens_given(spdu)),
    "Vsc and V(A) <= serial < V(M)": lambda c, item: _confirmable(c, item, ours=True),
    "Vsc and V(A) <= serial < V(M) - 1": lambda c, item: _confirmable(c, item, ours=True, end=1),
    "not Vsc and V(A) <= serial < V(M)": lambda c, item: _confirmable(c, item, ours=False),
    "not Vsc and V(A) <= serial < V(M) - 1": lambda c, item: _confirmable(c, item, ours=False, end=1),
    "serial = V(M) - 1": lambda c, spdu: spdu.serial == c.vm - 1,
}
