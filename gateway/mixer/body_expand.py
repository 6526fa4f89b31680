"""What the policy of a peer makes of a MIME entity before it is mapped: variants chosen, HTML with text, winmail.dat opened, signatures.

Every function gives entities in place of one; what is left out is named in a Note.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.internet.fields import encode_text, sanitise, serialise_date
from gateway.internet.html_text import LONGEST, text_of_html
from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType, Disposition, parse_content_type
from gateway.internet.tnef import TNEFContent, TNEFError, TNEFFile, open_tnef
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.body_files import OCTET_STREAM, safe_filename
from gateway.mixer.body_losses import shown
from gateway.mixer.body_policy import Alternative, Signed
from gateway.mixer.body_text import text_entity
from gateway.mixer.descriptors import Scope
from gateway.octets import octets

TNEF_TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_WINMAIL: Final = re.compile(r"winmail\.dat", re.IGNORECASE)
_HAVE_TEXT: Final = frozenset({"alternative", "related"})
"""Multiparts whose HTML is one variant, or the root of pictures: the text stands beside it, or beside the whole."""
_TEXT: Final = frozenset({"text/plain"})


def expanded(item: Entity, scope: Scope, *, whole: bool = False, within: str = "") -> tuple[Entity, ...]:
    """The entities that are sent in place of one, by the peer's policy; usually the entity itself.

    Args:
        item: The entity.
        scope: Policy and notes.
        whole: It is the body of a message: something must be left of it.
        within: Subtype of the multipart that it is a part of.
    """
    policy = scope.context.policy.body
    if policy.open_tnef and is_tnef(item):
        return _opened(item, scope, whole=whole)
    if item.content_type.essence == "multipart/signed" and item.is_multipart and policy.signed is not Signed.HARPOON:
        return _unsigned(item, scope)
    return (_chosen(item, scope, within),)


def _chosen(item: Entity, scope: Scope, within: str = "") -> Entity:
    """An alternative with the variants that the policy sends, HTML with its text; any other entity as it is."""
    policy = scope.context.policy.body
    if item.content_type.essence == "multipart/alternative" and item.is_multipart and policy.alternative is Alternative.CHOOSE:
        return _best(item, scope)
    if policy.html_text and within not in _HAVE_TEXT and _needs_text(item):
        return _with_text(item)
    return item


# --- alternatives -------------------------------------------------------------------------------------------------------------------------


def _best(item: Entity, scope: Scope) -> Entity:
    """The plain text and the last, richest variant; the only one where there is no more (RFC 2046 5.1.4)."""
    texts = [one for one in item.parts if one.content_type.essence in _TEXT][:1]
    kept = [*texts, *([item.parts[-1]] if item.parts[-1] not in texts else [])]
    dropped = [one.content_type.essence for one in item.parts if all(one is not other for other in kept)]
    if not dropped:
        return item
    scope.notes.add("multipart/alternative", "RFC 2046 5.1.4", f"variants were left out by the peer's policy: {', '.join(dropped)[:200]}")
    return kept[0] if len(kept) == 1 else entity(item.header.without("Content-Transfer-Encoding"), kept)


def _needs_text(item: Entity) -> bool:
    """Whether this is HTML, or what belongs to HTML, without a text for those who cannot show it."""
    kind = item.content_type
    is_file = item.disposition is not None and item.disposition.kind == "attachment"
    if kind.essence == "text/html":
        return item.decodable and not is_file
    return kind.essence == "multipart/related" and item.is_multipart and item.parts[0].content_type.essence == "text/html"


def _with_text(item: Entity) -> Entity:
    """multipart/alternative of the text of HTML and the HTML (RFC 2157 6.6 then maps it as any other)."""
    html = item if item.content_type.type == "text" else item.parts[0]
    text = text_of_html(_start_of(html))
    rendered = text_entity(octets(text.encode()), "us-ascii" if text.isascii() else "utf-8")
    described = [one for one in item.header if one.name.lower().startswith("content-")]
    kind = ContentType(type="multipart", subtype="alternative").to_text()
    outer = [one for one in item.header if not one.name.lower().startswith("content-")]
    return entity([*outer, ("Content-Type", kind)], [rendered, entity(described, item.body)])


def _start_of(html: Entity) -> str:
    found: list[str] = []
    length = 0
    for piece in html.text():
        found.append(piece)
        length += len(piece)
        if length >= LONGEST:
            break
    return "".join(found)


# --- signatures ---------------------------------------------------------------------------------------------------------------------------


def _unsigned(item: Entity, scope: Scope) -> tuple[Entity, ...]:
    """What was signed, in the clear; with the signed form behind it where the policy wants both (RFC 2157 7.3)."""
    content = item.parts[0]
    if scope.context.policy.body.signed is Signed.BOTH:
        scope.notes.add("multipart/signed", "RFC 2157 7.3", "is sent twice: in the clear, and whole for those who can check it")
        return _chosen(content, scope), item
    scope.notes.add("multipart/signed", "RFC 2157 7.3", "the signature was removed by the peer's policy")
    return (_chosen(content, scope),)


# --- winmail.dat --------------------------------------------------------------------------------------------------------------------------


def is_tnef(item: Entity) -> bool:
    """Whether an entity says that it is TNEF, by its type or by the name that Outlook gives it."""
    kind = item.content_type
    return kind.essence in TNEF_TYPES or (kind.essence == OCTET_STREAM and bool(_WINMAIL.fullmatch(item.filename.strip())))


def _opened(item: Entity, scope: Scope, *, whole: bool) -> tuple[Entity, ...]:
    """The files of a winmail.dat; the winmail.dat itself on any doubt, for there is no message that it could be worth (IC-088)."""
    try:
        found = open_tnef(item.content())
    except TNEFError as error:
        scope.notes.add("winmail.dat", "MS-OXTNEF", f"travels as it is: {error}")
        return (item,)
    if not found.is_note or (whole and not found.files):
        scope.notes.add("winmail.dat", "MS-OXTNEF", f"travels as it is: it holds a {shown(found.message_class) or 'text'}")
        return (item,)
    scope.notes.add("winmail.dat", "MS-OXTNEF", _told(found))
    return tuple(_file_entity(one) for one in found.files)


def _told(found: TNEFContent) -> str:
    lost = " and the formatting of the text was dropped" if found.formatted else " and properties of Outlook were dropped"
    names = ", ".join(shown(one.name) for one in found.files[:10])
    return f"was opened;{lost}; files: {names or 'none'}"


def _file_entity(file: TNEFFile) -> Entity:
    kind = parse_content_type(file.media_type) if file.media_type else None
    if kind is None or kind.type in ("multipart", "message"):
        kind = ContentType(type="application", subtype="octet-stream")
    name = safe_filename(file.name)
    parameters = {"filename": name} if name else {}
    if file.modified is not None:
        parameters["modification-date"] = serialise_date(file.modified)
    fields = [("Content-Type", ContentType(type=kind.type, subtype=kind.subtype).to_text())]
    if file.content_id and re.fullmatch(r"[!-;=?-~]{1,200}", file.content_id):
        fields.append(("Content-ID", f"<{file.content_id}>"))
    fields.append(("Content-Disposition", Disposition(kind="attachment", parameters=parameters).to_text()))
    if name != sanitise(file.name):
        fields.append(("Content-Description", encode_text(shown(file.name))))
    return entity([*fields, ("Content-Transfer-Encoding", "base64")], base64_body(file.content))
