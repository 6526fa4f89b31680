"""``mixer map test``: pairs of addresses that the tables have to give, kept in a text file beside them.

::

    # Head office
    Jane.Doe@sales.widget.example <-> /G=Jane/S=Doe/OU=Sales/O=Head Office/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/
    joe@example.org               ->  wrapped
    info@widget.example           <-  /S=info/PRMD=WIDGET LTD/ADMD=TESTMAIL/C=XX/

``<->`` means both ways, ``->`` from left to right, ``<-`` from right to left. In the place of the expected address may stand ``wrapped``
(not translated, but carried inside an address of the gateway) or ``refused``. Two lines set what holds for those below them:
``as originator`` (or ``recipient``, which it is at first, or ``header``) and ``gateway DOMAIN /O/R ADDRESS/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.maptools.mapper import Answer, answer, same
from gateway.maptools.problems import Problem, error
from gateway.maptools.sources import SourceFile, lines
from gateway.mixer.address import Role
from gateway.mixer.policy import Settings
from gateway.mixer.product_forms import is_oraddress, oraddress_from
from gateway.x400.oraddress import ORAddress

WRAPPED: Final = "wrapped"
REFUSED: Final = "refused"
_ARROW: Final = re.compile(r"\s(<->|->|<-)\s")
_COMMENT: Final = re.compile(r"\s#\s.*$")
_ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Whose tables the following cases speak of."""

    domain: str
    oraddress: ORAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One direction of one line.

    Attributes:
        address: What is mapped.
        expected: What has to come: an address, `WRAPPED` or `REFUSED`.
        gateway: From the file; None where it says nothing.
    """

    address: str
    expected: str
    role: Role
    gateway: Gateway | None
    file: str
    line: int

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one case."""

    case: Case
    came: Answer
    passed: bool


# --- reading ---------------------------------------------------------------------------------------------------------------------------


def read_cases(source: SourceFile, problems: list[Problem]) -> Iterator[Case]:
    """All cases of a file; lines that are none go to ``problems``."""
    role, gateway = Role.RECIPIENT, None
    for number, line in lines(source, problems, comments=False):
        text = _COMMENT.sub("", f" {line} ").strip()
        if not text or text.startswith("#"):
            continue
        try:
            if text.lower().startswith("as "):
                role = _role(text[3:].strip())
            elif text.lower().startswith("gateway "):
                gateway = _gateway(text[8:].strip())
            else:
                yield from _cases(text, role, gateway, source.name, number)
        except (ValueError, GatewayError) as fault:
            problems.append(error("syntax", source.name, number, 0, str(fault)))


def _role(word: str) -> Role:
    if word.lower() not in _ROLES:
        raise ValueError(f"{word[:40]!r} is no role; expected one of {', '.join(_ROLES)}")
    return _ROLES[word.lower()]


def _gateway(text: str) -> Gateway:
    domain, _, oraddress = text.partition(" ")
    if "@" in domain or "=" in domain or not oraddress.strip():
        raise ValueError("expected 'gateway', a domain and an O/R address, such as: gateway gateway.example /PRMD=GATEWAY/ADMD= /C=XX/")
    return Gateway(domain=domain, oraddress=oraddress_from(oraddress.strip()))


def _cases(text: str, role: Role, gateway: Gateway | None, file: str, number: int) -> Iterator[Case]:
    match = _ARROW.search(text)
    if match is None:
        raise ValueError("expected two addresses with <->, -> or <- and blanks between them")
    left, right = text[: match.start()].strip(), text[match.end() :].strip()
    directions = {"<->": ((left, right), (right, left)), "->": ((left, right),), "<-": ((right, left),)}[match.group(1)]
    for address, expected in directions:
        _check_address(address)
        if expected not in (WRAPPED, REFUSED):
            _check_address(expected)
            if is_oraddress(address) == is_oraddress(expected):
                raise ValueError("both sides are of the same kind; expected a mailbox and an O/R address")
        yield Case(address=address, expected=expected, role=role, gateway=gateway, file=file, line=number)


def _check_address(text: str) -> None:
    if text in (WRAPPED, REFUSED):
        raise ValueError(f"{text!r} can only be what is expected, at the head of the arrow")
    if is_oraddress(text):
        oraddress_from(text)
    else:
        Mailbox.from_text(text)


# --- running ---------------------------------------------------------------------------------------------------------------------------


def run_cases(cases: Iterable[Case], settings: Settings) -> Iterator[Verdict]:
    """Map every address and compare; the gateway that a file names goes before that of the settings."""
    for case in cases:
        own = settings
        if case.gateway is not None:
            own = replace(settings, gateway_domain=case.gateway.domain, gateway_oraddress=case.gateway.oraddress)
        came = answer(case.address, own, case.role)
        yield Verdict(case=case, came=came, passed=_fits(case.expected, came))


def _fits(expected: str, came: Answer) -> bool:
    if expected == REFUSED:
        return came.refused
    if expected == WRAPPED:
        return came.wrapped
    return not came.refused and same(expected, came.text)


def problem_of(verdict: Verdict) -> Problem:
    """A failed case in the form of all problems."""
    case = verdict.case
    text = f"{case.address} gives {verdict.came}{' (wrapped)' * verdict.came.wrapped}"
    return error("case", case.file, case.line, 0, text, case.expected)
