"""What a body part has no place for, named in Notes: fields of a MIME entity, their parameters, text outside the parts of a multipart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.internet.fields import Field, sanitise
from gateway.internet.message import Entity
from gateway.mixer.descriptors import Scope

SHOWN: Final = 80
"""Characters of a lost value that a Note quotes."""

_READ: Final = ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version")
"""Fields that are read for what they say; they are lost parameter by parameter."""
_OF_THE_BODY: Final = frozenset({"content-id", "content-description"})
"""Fields of a message that the heading leaves to the body (`heading.ELSEWHERE`) and that are not about its coding."""
_DATES: Final = ("creation-date", "modification-date", "read-date")


def shown(text: str) -> str:
    """A value as a Note quotes it."""
    return sanitise(text)[:SHOWN]


def note_fields(item: Entity, what: str, scope: Scope, section: str, *, whole: bool) -> None:
    """Note the fields of an entity beside those that are read; of a whole message what the heading does not carry either."""
    for one in item.header.without(*_READ):
        if not whole or one.name.lower() in _OF_THE_BODY:
            scope.notes.add(one.name, section, f"of a {what} was dropped: {shown(one.value)}")


def note_parameters(item: Entity, what: str, scope: Scope, section: str, *, known: Sequence[str]) -> None:
    """Note the parameters of Content-Type but ``known`` ones."""
    _note_lost("Content-Type", item.content_type.parameters, what, scope, section, known)


def note_disposition(item: Entity, what: str, scope: Scope, section: str, *, known: Sequence[str]) -> None:
    """Note the parameters of Content-Disposition but ``known`` ones; the file name is told apart, whichever field had it."""
    if item.filename and "filename" not in known:
        scope.notes.add("Content-Disposition", section, f"the file name of a {what} was dropped: {shown(item.filename)}")
    if item.disposition is not None:
        _note_lost("Content-Disposition", item.disposition.parameters, what, scope, section, ("filename", *known))


def _note_lost(field: str, parameters: Mapping[str, str], what: str, scope: Scope, section: str, known: Sequence[str]) -> None:
    lost = "; ".join(f"{name}={value}" for name, value in parameters.items() if name not in known)
    if lost:
        scope.notes.add(field, section, f"parameters of a {what} were dropped: {shown(lost)}")


def note_entity(
    item: Entity, what: str, scope: Scope, *, whole: bool, parameters: Sequence[str] = (), section: str = "RFC 2157 6.1"
) -> None:
    """Note everything about an entity but its content: what a text, a fax page or a forwarded message cannot hold.

    Args:
        item: The entity.
        what: For people, such as ``text part``.
        scope: Takes the Notes.
        whole: It is the body of a message, whose other fields the heading carries.
        parameters: Parameters of Content-Type that the body part does hold.
        section: Which says that there is no place for them.
    """
    note_fields(item, what, scope, section, whole=whole)
    note_parameters(item, what, scope, section, known=(*parameters, "name") if item.filename else parameters)
    note_disposition(item, what, scope, section, known=())
    if item.header_defects and not whole:
        scope.notes.add("header", "RFC 2046 5.1", f"of a {what}: {'; '.join(item.header_defects)}")


def note_file(item: Entity, scope: Scope) -> None:
    """Note what a file transfer whose application reference stands for the type does not hold (RFC 2157 2.3.2, 6.4)."""
    note_parameters(item, "file", scope, "RFC 2157 6.4", known=("name",))
    note_disposition(item, "file", scope, "RFC 2157 2.3.2", known=("filename", "size", *_DATES))
    if item.disposition is not None and item.disposition.kind != "attachment":
        scope.notes.add("Content-Disposition", "RFC 2157 2.3.2", f"{shown(item.disposition.kind)!r} comes back as attachment")


def note_outside_parts(item: Entity, scope: Scope) -> None:
    """Note the text before the first and behind the last part of a multipart: no body part holds it, and readers ignore it."""
    if item.layout is None:
        return
    for name, (start, end) in (("preamble", item.layout.preamble), ("epilogue", item.layout.epilogue)):
        text = item.body.read(start, min(end, start + 4 * SHOWN)).decode("latin-1").strip()
        if text or end - start > 4 * SHOWN:
            scope.notes.add(f"multipart {name}", "RFC 2046 5.1.1", f"was dropped ({end - start} octets): {shown(text)}")


def note_not_content(fields: Iterable[Field], scope: Scope, section: str) -> None:
    """Note the fields of a part that do not begin with Content-, where only those are carried."""
    for one in fields:
        if not one.name.lower().startswith("content-") and not one.is_named("MIME-Version"):
            scope.notes.add(one.name, section, f"of a part was dropped: {shown(one.value)}")
