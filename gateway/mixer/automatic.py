"""Autosubmitted (RFC 2156), Auto-Submitted (RFC 3834) and Autoforwarded <-> auto-submitted and auto-forwarded of the heading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.internet.tokens import without_comments
from gateway.mixer.descriptors import Scope
from gateway.mixer.rules import Bodies, Elements, UnmappedError
from gateway.x400 import oids
from gateway.x400.heading_extensions import AutoSubmitted

AUTO_SUBMITTED: Final = f"extension {oids.ID_HEX_AUTO_SUBMITTED}"
FIELDS: Final = ("Autosubmitted", "Auto-Submitted", "Autoforwarded", "Auto-Forwarded")

_WORDS: Final = {
    "not-auto-submitted": AutoSubmitted.NOT_AUTO_SUBMITTED,
    "auto-generated": AutoSubmitted.AUTO_GENERATED,
    "auto-replied": AutoSubmitted.AUTO_REPLIED,
}
_RFC_3834: Final = {0: "no", 1: "auto-generated", 2: "auto-replied"}
_READ: Final = {**_WORDS, "no": AutoSubmitted.NOT_AUTO_SUBMITTED}
_FORWARDED: Final = "auto-forwarded"


def _word(body: str) -> str:
    """The keyword, without the parameters that RFC 3834 5 allows."""
    return without_comments(body).partition(";")[0].strip().lower()


def automatic_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """Both spellings of both fields; Auto-Submitted, which today's programs write, comes before Autosubmitted."""
    found: dict[str, Any] = {}
    for body in (*bodies["autoforwarded"], *bodies["auto-forwarded"]):
        if body.upper() in ("TRUE", "FALSE"):
            found["auto_forwarded"] = body.upper() == "TRUE"
            break
    submitted = (*bodies["auto-submitted"], *bodies["autosubmitted"])
    if not submitted:
        return found
    word = _word(submitted[0])
    if word == _FORWARDED:
        text = "X.420 has no value auto-forwarded of auto-submitted; auto-forwarded of the heading says it"
        scope.notes.add("Auto-Submitted", "5.3.4", text)
        return found | {"auto_forwarded": True}
    # An unknown keyword other than "no" says that no person sent it (RFC 3834 5).
    return found | {AUTO_SUBMITTED: _READ.get(word, AutoSubmitted.AUTO_GENERATED)}


def carried_automatic(bodies: Bodies, scope: Scope) -> tuple[str, ...]:
    """The fields that say more than the elements: other words, parameters, or something else than the field that counts."""
    found: list[str] = []
    submitted = [(name, body) for name in ("auto-submitted", "autosubmitted") for body in bodies[name]]
    for name, body in submitted:
        word = _word(body)
        if word not in (*_READ, _FORWARDED) or body.strip().lower() != word or _READ.get(word) != _READ.get(_word(submitted[0][1])):
            found.append(name)
    forwarded = [(name, body.upper()) for name in ("autoforwarded", "auto-forwarded") for body in bodies[name]]
    known = [body for _, body in forwarded if body in ("TRUE", "FALSE")]
    for name, body in forwarded:
        if body not in known:
            scope.notes.add(name, "5.3.4", f"{body[:40]!r} is neither TRUE nor FALSE: carried as text")
        if body not in known or body != known[0]:
            found.append(name)
    return tuple(found)


def automatic_to_fields(elements: Elements, _scope: Scope) -> list[tuple[str, str]]:
    """Autosubmitted is what RFC 2156 wants, Auto-Submitted what programs look at."""
    found: list[tuple[str, str]] = []
    if elements.get("auto_forwarded"):
        found.append(("Autoforwarded", "TRUE"))
    if (value := elements.get(AUTO_SUBMITTED)) is not None:
        if value not in _RFC_3834:
            raise UnmappedError(f"auto-submitted has no value {value}")
        word = next(word for word, number in _WORDS.items() if number == value)
        found += [("Autosubmitted", word), ("Auto-Submitted", _RFC_3834[value])]
    return found
