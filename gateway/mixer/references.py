"""Message-ID, In-Reply-To, References and Supersedes <-> identifiers of IPMs (RFC 2156 4.7.3, 5.1.3, 5.3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.internet.fields import Phrase, parse_message_ids
from gateway.internet.tokens import without_comments
from gateway.mixer.descriptors import Scope
from gateway.mixer.identifiers import (
    IdentifierError,
    ipm_identifier_from_msg_id,
    ipm_identifier_from_phrase,
    is_truncated,
    known_ipm_identifier,
    msg_id_from_ipm_identifier,
    reference_from_ipm_identifier,
)
from gateway.mixer.rules import Bodies, Codec, Elements, UnmappedError
from gateway.x400.ipm import IPMIdentifier


def identifiers_from_text(text: str, scope: Scope, rule: str = "identifier") -> tuple[IPMIdentifier, ...]:
    """All identifiers of a field, phrases among them, in order.

    Raises:
        GatewayError: There is none, or one cannot be written in X.400.
    """
    found = tuple(_identifier(one, scope, rule) for one in parse_message_ids(text))
    if not found:
        raise UnmappedError("no identifier")
    return found


def _identifier(one: str | Phrase, scope: Scope, rule: str) -> IPMIdentifier:
    if isinstance(one, Phrase):
        if _is_damaged(one):
            scope.notes.add(rule, "4.7.3.5", f"the phrase {one.text[:200]!r} does not fit an identifier as it is")
        return ipm_identifier_from_phrase(one)
    known = known_ipm_identifier(one, scope.context.known)
    if known is not None:
        return known
    if is_truncated(one):
        scope.notes.add(rule, "4.7.3.1", f"{one[:200]} was cut at 64 characters")
    return ipm_identifier_from_msg_id(one, rfc_987=scope.context.policy.rfc_987_identifiers)


def _is_damaged(phrase: Phrase) -> bool:
    """Whether a phrase is longer than an identifier may be, or has characters that PrintableString lacks."""
    return ipm_identifier_from_phrase(phrase).user_relative_identifier != phrase.text


def _message_id(text: str, scope: Scope) -> IPMIdentifier:
    found = [one for one in parse_message_ids(text) if isinstance(one, str)]
    if len(found) != 1:
        raise IdentifierError(f"{text[:100]!r} is not one identifier")
    return _identifier(found[0], scope, "Message-ID")


def _is_same(one: str, _other: str) -> bool:
    """Whether a field is nothing but identifiers: a remark has no place in them (5.3.4)."""
    return without_comments(one) == one


MESSAGE_ID: Final[Codec[Any, Scope]] = Codec(
    to_element=_message_id, to_field=lambda value, scope: msg_id_from_ipm_identifier(value, scope.context), same=_is_same
)
def _identifiers(text: str, scope: Scope) -> tuple[IPMIdentifier, ...]:
    """Only In-Reply-To and References may hold phrases (4.7.3.5)."""
    if any(isinstance(one, Phrase) for one in parse_message_ids(text)):
        raise UnmappedError(f"{text[:100]!r} is not a list of identifiers")
    return identifiers_from_text(text, scope)


IDENTIFIERS: Final[Codec[Any, Scope]] = Codec(
    to_element=_identifiers,
    to_field=lambda value, scope: " ".join(msg_id_from_ipm_identifier(one, scope.context) for one in value) or None,
    same=_is_same,
)


def replies_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """In-Reply-To with one value -> replied-to-IPM; more than one go to related-IPMs with the References (5.1.3)."""
    replied = identifiers_from_text(" ".join(bodies["in-reply-to"]), scope, "In-Reply-To") if any(bodies["in-reply-to"]) else ()
    related = identifiers_from_text(" ".join(bodies["references"]), scope, "References") if any(bodies["references"]) else ()
    for name in ("In-Reply-To", "References"):
        if not all(_is_same(body, "") for body in bodies[name.lower()]):
            scope.notes.add(name, "5.1.3", "comments in it were dropped")
    if len(replied) == 1:
        return {"replied_to_ipm": replied[0]} | ({"related_ipms": related} if related else {})
    if replied:
        text = f"its {len(replied)} values became references: an IPM replies to one message only"
        scope.notes.add("In-Reply-To", "5.1.3", text)
    together = (*related, *(one for one in replied if one not in related))
    return {"related_ipms": together} if together else {}


def carried_replies(bodies: Bodies, _scope: Scope) -> tuple[str, ...]:
    """The fields whose phrases the elements do not hold, so that they are carried too.

    A phrase alone is an identifier (4.7.3.5). One beside others is a remark about them, and one that was cut is not itself any more.
    """
    found = []
    for name, several in (("in-reply-to", 1), ("references", 0)):
        values = parse_message_ids(" ".join(bodies[name]))
        phrases = [one for one in values if isinstance(one, Phrase)]
        if any(map(_is_damaged, phrases)) or (phrases and len(values) > several):
            found.append(name)
    return tuple(found)


def replies_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    """The inverse: related-IPMs come back as References only."""
    found: list[tuple[str, str]] = []
    if "replied_to_ipm" in elements:
        found.append(("In-Reply-To", reference_from_ipm_identifier(elements["replied_to_ipm"], scope.context)))
    if elements.get("related_ipms"):
        found.append(("References", " ".join(reference_from_ipm_identifier(one, scope.context) for one in elements["related_ipms"])))
    return found


def completes_references(carried: tuple[str, str], fields: Sequence[tuple[str, str]], scope: Scope) -> bool:
    """Whether a carried In-Reply-To is the one whose values went among the references: everything in it is named there."""
    if carried[0].lower() != "in-reply-to" or any(name.lower() == "in-reply-to" for name, _ in fields):
        return False
    named = " ".join(body for name, body in fields if name.lower() == "references")
    quiet = Scope(context=scope.context)
    try:
        return set(identifiers_from_text(carried[1], quiet)) <= set(identifiers_from_text(named, quiet))
    except (UnmappedError, IdentifierError):
        return False
