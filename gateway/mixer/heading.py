"""IPM heading <-> header fields (RFC 2156 5.1.3, 5.1.7, 5.3.4): the table `HEADING` and what surrounds it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway import asn1
from gateway.internet.addresses import left_out
from gateway.internet.authentication_results import is_of
from gateway.internet.fields import (
    Field,
    Group,
    as_ascii,
    decode_text,
    encode_text,
    parse_addresses,
    parse_date,
    sanitise,
    serialise_date,
)
from gateway.mixer import automatic
from gateway.mixer.automatic import AUTO_SUBMITTED
from gateway.mixer.descriptors import (
    LATIN_1,
    Scope,
    count_addresses,
    descriptors_from_text,
    names_are_cut,
    specifiers_from_text,
    t61,
    text_from_descriptor,
    text_from_descriptors,
    text_from_specifiers,
)
from gateway.mixer.identifiers import is_truncated
from gateway.mixer.references import (
    IDENTIFIERS,
    MESSAGE_ID,
    carried_replies,
    completes_references,
    replies_to_elements,
    replies_to_fields,
)
from gateway.mixer.rules import (
    Bodies,
    Codec,
    Elements,
    JointRule,
    Law,
    Rule,
    UnmappedError,
    covered,
    elements_from_fields,
    fields_from_elements,
    same_text,
)
from gateway.mixer.text import in_utc_time, one_line, text_from_oid
from gateway.x400 import oids
from gateway.x400.charsets import t61_from_text, text_from_t61
from gateway.x400.heading_extensions import text_of
from gateway.x400.ipm import Heading, Importance, IPMIdentifier, IPMSExtension, ORDescriptor, RecipientSpecifier, Sensitivity
from gateway.x400.ipms_bounds import UB_SUBJECT_FIELD

EXTENSION: Final = "extension "
"""Prefix of an element name that is a heading extension: its object identifier follows."""

LANGUAGES, INCOMPLETE_COPY, EXTENDED_SUBJECT = (
    EXTENSION + oids.ID_HEX_LANGUAGES,
    EXTENSION + oids.ID_HEX_INCOMPLETE_COPY,
    EXTENSION + oids.ID_HEX_EXTENDED_SUBJECT,
)

NEVER_BACK: Final = frozenset(
    {
        "discarded-x400-mts-extensions", "discarded-x400-ipms-extensions", "message-type", "x400-content-type", "x400-originator",
        "x400-recipients", "x400-mts-identifier",
    }
)  # fmt: skip
"""Fields that tell of X.400 and are never mapped back (5.1.7); they are dropped."""

ELSEWHERE: Final = frozenset(
    {
        "received", "x400-received", "date", "mime-version", "content-type", "content-transfer-encoding", "content-disposition",
        "content-id", "content-description", "return-path",
    }
)  # fmt: skip
"""Fields that trace, body and envelope consume."""

TRACE: Final = frozenset({"received", "x400-received", "date"})
"""Fields that become trace."""

FALSE_AFTERWARDS: Final = frozenset(
    {"dkim-signature", "domainkey-signature", "arc-seal", "arc-message-signature", "arc-authentication-results", "authentication-results"}
)
# Deviation: RFC 2156 5.1.3 carries them under their own names, where they would speak of octets that exist no more.
FALSE_PREFIX: Final = "X-Original-"

_NOT_FROM_LIST: Final = frozenset(
    {
        "from", "sender", "to", "cc", "bcc", "date", "message-id", "subject", "received", "x400-received", "return-path", "mime-version",
        "content-type", "content-transfer-encoding", "content-disposition", "reply-to", "in-reply-to", "references",
    }
)  # fmt: skip
"""Fields that the list in the heading extension may not bring in beside those that the heading itself makes."""


_GROUP_OR_ROUTE: Final = re.compile(r"[:;]|<\s*>")
"""What only groups, source routes and names without an address have, of all address lists."""

# --- codecs
# ----------------------------------------------------------------------------------------------------------------------------------


def _date_from_text(text: str, _scope: Scope) -> Any:
    found = in_utc_time(parse_date(text))
    if found is None:
        raise UnmappedError(f"{text[:60]!r} is no date of the years 1980 to 2079")
    return found


def _is_same_date(one: str, other: str) -> bool:
    """Whether two dates are one instant with one offset, neither with a remark; the day of the week may be missing or wrong (3.3.5)."""
    return "(" not in one and _offset_and_time(one) == _offset_and_time(other)


def _offset_and_time(text: str) -> tuple[object, object]:
    at = parse_date(text)
    return at, at.utcoffset() if at is not None else None


DATE: Final[Codec[Any, Scope]] = Codec(
    to_element=_date_from_text, to_field=lambda value, _scope: serialise_date(value), same=_is_same_date
)


def _names(names: Mapping[str, Any], default: Any = None) -> Codec[Any, Scope]:
    """A codec between a few words, in any case, and the members of an enumeration; the default is not written."""
    words = {word.lower(): value for word, value in names.items()}
    texts = {value: word for word, value in names.items()}

    def to_element(text: str, _scope: Scope) -> Any:
        if text.lower() not in words:
            raise UnmappedError(f"{text[:40]!r} is none of {', '.join(names)}")
        return words[text.lower()]

    def to_field(value: Any, _scope: Scope) -> str | None:
        if value == default:
            return None
        if value not in texts:
            raise UnmappedError(f"the value {value} has no name")
        return texts[value]

    return Codec(to_element=to_element, to_field=to_field)


def _languages(text: str, _scope: Scope) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.split("(")[0].strip()[:2].lower() for part in text.split(",")))
    if not found or not all(len(one) == 2 and one.isalpha() and one.isascii() for one in found):
        raise UnmappedError(f"{text[:60]!r} is no list of languages")
    return found


def _languages_text(value: Sequence[str], _scope: Scope) -> str | None:
    return ", ".join(sanitise(one) for one in value) or None


def _languages_are_longer(text: str, _scope: Scope) -> bool:
    return any(len(part.strip()) != 2 for part in text.split(","))


def _check_list(text: str, scope: Scope) -> None:
    """Count the addresses of a list, and name what an address list loses: the structure of groups (4.7.1), and what is no address."""
    count_addresses(text, scope)
    if not _GROUP_OR_ROUTE.search(text):
        return
    for one in parse_addresses(text):
        if isinstance(one, Group):
            scope.notes.add("group", "4.7.1", f"the group {one.name[:200]!r} became its {len(one.members)} members and a name")
    if lost := left_out(text):
        scope.notes.add("address", "4.7.1", f"what is no address was dropped: {', '.join(lost)[:200]}")


def _descriptors(text: str, scope: Scope) -> tuple[ORDescriptor, ...]:
    _check_list(text, scope)
    return descriptors_from_text(text, scope)


def _specifiers(text: str, scope: Scope) -> tuple[RecipientSpecifier, ...]:
    _check_list(text, scope)
    return specifiers_from_text(text, scope)


def _reply_recipients(text: str, scope: Scope) -> tuple[ORDescriptor, ...]:
    found = tuple(one for one in _descriptors(text, scope) if one.formal_name is not None)
    if not found:
        raise UnmappedError("reply recipients need an address")
    return found


def _blind(text: str, scope: Scope) -> tuple[RecipientSpecifier, ...]:
    return _specifiers(text, scope) if text else ()


_BCC_NAME: Final = b"BCC"


def _blind_text(value: Sequence[RecipientSpecifier], scope: Scope) -> str:
    named = [one for one in value if one.recipient.formal_name is not None or one.recipient.free_form_name != _BCC_NAME]
    return _recipients_text(named, scope) or ""


def _recipients_text(value: Sequence[RecipientSpecifier], scope: Scope) -> str | None:
    """The addresses alone: what is asked of the recipients is a field of its own (`notification_requests`)."""
    return text_from_specifiers([replace(one, notification_requests=frozenset()) for one in value], scope)


RECIPIENTS: Final[Codec[Any, Scope]] = Codec(to_element=_specifiers, to_field=_recipients_text)

# --- joint rules
# -----------------------------------------------------------------------------------------------------------------------------


def _authors_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """From -> originator; with Sender, or with several authors, From -> authorizing-users and Sender -> originator (5.1.3)."""
    authors = _descriptors(", ".join(bodies["from"]), scope) if bodies["from"] else ()
    senders = _descriptors(bodies["sender"][0], scope) if bodies["sender"] else ()
    if not senders and len(authors) <= 1:
        return {"originator": authors[0]} if authors else {}
    if len(senders) > 1:
        scope.notes.add("Sender", "5.1.3", f"names {len(senders)} users; an IPM has one originator, the first")
    if not authors:
        scope.notes.add("Sender", "5.1.3", "stands without From: it became the originator, which is From on the way back")
    found: dict[str, Any] = {"originator": (senders or authors)[0]}
    return found | ({"authorizing_users": authors} if authors else {})


def _carried_authors(bodies: Bodies, scope: Scope) -> tuple[str, ...]:
    """Of From and Sender those whose names the heading does not hold."""
    return tuple(name for name in ("from", "sender") if len(bodies[name]) == 1 and names_are_cut(bodies[name][0], scope))


def _authors_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    originator, authors = elements.get("originator"), elements.get("authorizing_users")
    if not authors:
        return [("From", text_from_descriptor(originator, scope))] if originator is not None else []
    sender = [("Sender", text_from_descriptor(originator, scope))] if originator is not None else []
    return [("From", text_from_descriptors(authors, scope) or ""), *sender]


def _subject_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    text = one_line(decode_text(bodies["subject"][0]))
    # Peer: an empty subject is refused by some and shown as a NUL by others, so there is none.
    return {"subject": t61(text, UB_SUBJECT_FIELD, scope, "Subject").strip()} if text else {}


def _subject_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    extended = elements.get(EXTENDED_SUBJECT)
    text = text_of(extended) if extended is not None else text_from_t61(elements["subject"], scope.context.policy.t61_reading)
    # Peer: an empty subject comes as one NUL, a long one filled up with blanks.
    shown = one_line(text)
    return [("Subject", encode_text(shown, charset=LATIN_1))] if shown else []


def subject_is_cut(text: str) -> bool:
    """Whether a subject does not survive in a T.61 string of 128 characters, so that the field itself is carried too.

    That includes a string which a reader that guesses takes for Latin-1, such as the octets of a capital O with stroke before letters.
    """
    encoded = t61_from_text(text)
    return bool(encoded.losses) or len(encoded.octets) > UB_SUBJECT_FIELD or text_from_t61(encoded.octets) != text


# --- the table
# -------------------------------------------------------------------------------------------------------------------------------

_IMPORTANCE: Final = _names({"low": Importance.LOW, "normal": Importance.NORMAL, "high": Importance.HIGH}, default=Importance.NORMAL)
_SENSITIVITY: Final = _names(
    {"Personal": Sensitivity.PERSONAL, "Private": Sensitivity.PRIVATE, "Company-Confidential": Sensitivity.COMPANY_CONFIDENTIAL}
)
_NAMES_LOST: Final = "4.7.1: phrase and comments become one free-form name, cut at 64 characters"

HEADING: Final[tuple[Rule | JointRule, ...]] = (
    JointRule(
        fields=("From", "Sender"), elements=("originator", "authorizing_users"), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause=_NAMES_LOST,
        to_elements=_authors_to_elements, to_fields=_authors_to_fields, repeatable=("From",), also_carried=_carried_authors,
    ),
    Rule(
        field="To", element="primary_recipients", codec=RECIPIENTS, joiner=", ", section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause=_NAMES_LOST, also_carried=names_are_cut,
    ),
    Rule(
        field="Cc", element="copy_recipients", codec=RECIPIENTS, joiner=", ", section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST,
        also_carried=names_are_cut,
    ),
    Rule(
        field="Bcc", element="blind_copy_recipients", codec=Codec(to_element=_blind, to_field=_blind_text), joiner=", ",
        section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST,
    ),
    Rule(
        field="Reply-To", element="reply_recipients", joiner=", ",
        codec=Codec(to_element=_reply_recipients, to_field=text_from_descriptors),
        section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST,
        also_carried=lambda text, scope: (":" in text and ";" in text) or names_are_cut(text, scope),
    ),
    JointRule(
        fields=("Subject",), elements=("subject", EXTENDED_SUBJECT), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="3.3.4: what T.61 lacks is approximated, 5.1.3: cut at 128 characters",
        to_elements=_subject_to_elements, to_fields=_subject_to_fields,
    ),
    Rule(
        field="Message-ID", element="this_ipm", codec=MESSAGE_ID, section="4.7.3, 5.1.3", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters", also_carried=lambda text, _scope: is_truncated(text),
    ),
    JointRule(
        fields=("In-Reply-To", "References"), elements=("replied_to_ipm", "related_ipms"), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters", to_elements=replies_to_elements, to_fields=replies_to_fields,
        repeatable=("In-Reply-To", "References"), also_carried=carried_replies,
    ),
    Rule(
        field="Supersedes", aliases=("Obsoletes",), element="obsoleted_ipms", codec=IDENTIFIERS, section="5.3.4", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters", joiner=" ",
    ),
    Rule(field="Expires", aliases=("Expiry-Date",), element="expiry_time", codec=DATE, section="5.3.4"),
    Rule(field="Reply-By", element="reply_time", codec=DATE, section="5.3.4"),
    Rule(field="Importance", element="importance", codec=_IMPORTANCE, section="5.3.4"),
    Rule(field="Sensitivity", element="sensitivity", codec=_SENSITIVITY, section="5.3.4"),
    JointRule(
        fields=automatic.FIELDS, elements=(AUTO_SUBMITTED, "auto_forwarded"), section="5.3.4, RFC 3834",
        to_elements=automatic.automatic_to_elements, to_fields=automatic.automatic_to_fields, also_carried=automatic.carried_automatic,
    ),
    Rule(
        field="Incomplete-Copy", element=INCOMPLETE_COPY, section="5.3.4",
        codec=Codec(to_element=lambda _text, _scope: asn1.NULL, to_field=lambda _value, _scope: "", same=same_text),
    ),
    Rule(
        field="Content-Language", aliases=("Language",), element=LANGUAGES, section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="5.1.3: only two letters of a tag", also_carried=_languages_are_longer, joiner=", ",
        codec=Codec(to_element=_languages, to_field=_languages_text, same=same_text),
    ),
)  # fmt: skip
"""Every row of heading mapping, in the order in which fields are written."""


# --- RFC 822 -> X.400
# ------------------------------------------------------------------------------------------------------------------------


def heading_elements(fields: Sequence[Field], scope: Scope) -> tuple[dict[str, Any], tuple[Field, ...]]:
    """Heading elements of a header, and the fields that they do not hold."""
    result = elements_from_fields(HEADING, fields, scope, scope.notes)
    left = list(result.left)
    subject = next((field for field in fields if field.is_named("Subject")), None)
    if subject is not None and subject_is_cut(one_line(subject.text)):
        left.append(subject)
    return dict(result.elements), tuple(left)


def _is_no_date(field: Field) -> bool:
    """Whether it is a Date that the trace cannot take, and so a field as any other (5.1.3)."""
    return field.is_named("Date") and in_utc_time(parse_date(field.value)) is None


def carried_fields(left: Sequence[Field], scope: Scope, *, embedded: bool = False) -> tuple[str, ...]:
    """What goes into the heading extension rfc-822-field-list (5.1.2): every field that nothing else has consumed, unfolded, in ASCII.

    Args:
        left: Those fields.
        scope: Notes.
        embedded: The message is inside another one: it has no envelope that could hold its date and trace, so they are carried too.
    """
    elsewhere = ELSEWHERE - TRACE if embedded else ELSEWHERE
    found: list[str] = []
    for field in left:
        name = field.name.lower()
        if name in elsewhere and not _is_no_date(field):
            if name == "return-path":
                scope.notes.add(field.name, "RFC 5321 4.4", f"is the word of a delivery that is over: dropped: {field.value[:80]}")
            continue
        if name in NEVER_BACK:
            scope.notes.add(field.name, "5.1.7", "tells of X.400 and is not mapped back: dropped")
            continue
        # What this gateway found out on entry stays true; an embedded message cannot speak for it.
        ours = not embedded and is_of(field, scope.context.settings.gateway_domain)
        shown = f"{FALSE_PREFIX}{field.name}" if name in FALSE_AFTERWARDS and not ours else field.name
        found.append(f"{shown}: {as_ascii(field.value)}".rstrip() if field.value else f"{shown}:")
    return tuple(found)


def heading_from_elements(elements: Mapping[str, Any], this_ipm: IPMIdentifier, carried: Sequence[str]) -> Heading:
    """Build the heading.

    Args:
        elements: From `heading_elements`.
        this_ipm: Used when the message has no identifier of its own.
        carried: For the extension rfc-822-field-list; none makes no extension.
    """
    members = {name: value for name, value in elements.items() if not name.startswith(EXTENSION)}
    extensions = [
        IPMSExtension(type_=name.removeprefix(EXTENSION), value=value) for name, value in elements.items() if name.startswith(EXTENSION)
    ]
    if carried:
        extensions.append(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=tuple(carried)))
    return Heading(**{"this_ipm": this_ipm, **members}, extensions=tuple(extensions))


# --- X.400 -> RFC 822
# ------------------------------------------------------------------------------------------------------------------------

_KNOWN_ELSEWHERE: Final = frozenset(
    {
        oids.ID_RFC_822_FIELD_LIST, oids.ID_RFC_822_FIELD_LIST_1327, oids.ID_HEX_MULTIPART_MESSAGE, oids.ID_HEX_MULTIPART_MESSAGE_V2,
    }
)  # fmt: skip
"""Extensions that this module and the body consume without a row."""


def elements_of_heading(heading: Heading) -> dict[str, Any]:
    """All elements of a heading by the names that the table uses; an empty list counts as absent, except of blind copies."""
    found: dict[str, Any] = {}
    for description in asn1.describe(Heading).members:
        value = getattr(heading, description.attribute)
        if (
            description.attribute != "extensions"
            and value is not None
            and (value != () or description.attribute == "blind_copy_recipients")
        ):
            found[description.attribute] = value
    for extension in heading.extensions:
        found.setdefault(EXTENSION + extension.type_, extension.value)
    return found


def fields_of_heading(heading: Heading, scope: Scope, *, embedded: bool = False) -> list[tuple[str, str]]:
    """Header fields of a heading, those of the extension rfc-822-field-list behind the others; the discarded extensions last (5.3.4)."""
    elements = elements_of_heading(heading)
    fields = list(fields_from_elements(HEADING, _decoded(elements, scope), scope, scope.notes))
    fields = _with_carried(fields, carried_of(heading), _NOT_FROM_LIST - TRACE if embedded else _NOT_FROM_LIST, scope)
    known = covered(HEADING) | {EXTENSION + oid for oid in _KNOWN_ELSEWHERE}
    discarded = [name.removeprefix(EXTENSION) for name in elements if name.startswith(EXTENSION) and name not in known]
    if discarded:
        scope.notes.add("heading extensions", "5.3.4", f"not mapped: {', '.join(discarded)}")
        fields.append(("Discarded-X400-IPMS-Extensions", ", ".join(text_from_oid(oid) for oid in discarded)))
    if heading.unknown:
        scope.notes.add("heading", "5.3.4", f"{len(heading.unknown)} members that X.420 does not know were dropped")
    return fields


def _decoded(elements: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Without the values that did not decode: an extension of a known type whose contents are garbage stays raw octets."""
    found: dict[str, Any] = {}
    for name, value in elements.items():
        if name.startswith(EXTENSION) and isinstance(value, bytes | asn1.Raw):
            scope.notes.add(name, "5.3.4", "does not decode and was dropped")
            continue
        found[name] = value
    return found


def carried_of(heading: Heading) -> tuple[str, ...]:
    """The fields in the extension rfc-822-field-list, also under the identifier of RFC 1327."""
    found: list[str] = []
    for extension in heading.extensions:
        if extension.type_ in (oids.ID_RFC_822_FIELD_LIST, oids.ID_RFC_822_FIELD_LIST_1327) and isinstance(extension.value, tuple):
            found += extension.value
    return tuple(found)


def _with_carried(fields: list[tuple[str, str]], carried: Sequence[str], refused: frozenset[str], scope: Scope) -> list[tuple[str, str]]:
    """Add the carried fields; one that means the same as a generated one replaces it, since it is the original (5.1.3)."""
    generated = {name.lower(): at for at, (name, _) in reversed([*enumerate(fields)])}
    for text in carried:
        pair = carried_field(text, scope)
        if pair is None:
            continue
        name = pair[0].lower()
        at = generated.get(name)
        if at is not None and _means_the_same(pair, fields[at], scope):
            fields[at] = pair
        elif completes_references(pair, fields, scope):
            fields.append(pair)
        elif name in refused or (at is not None and name not in TRACE):
            scope.notes.add(pair[0], "5.1.2", "the carried field contradicts the heading, or may not come from a list: dropped")
        else:
            fields.append(pair)
    return fields


def carried_field(text: str, scope: Scope) -> tuple[str, str] | None:
    """Name and body of one carried field; None for what could break the header."""
    name, colon, body = text.partition(":")
    if not colon or not name.strip() or any(not 33 <= ord(character) <= 126 for character in name.strip()):
        scope.notes.add("rfc-822-field-list", "5.1.2", f"{sanitise(text)[:60]!r} is no field: dropped")
        return None
    if any(character in body for character in "\r\n\0"):
        scope.notes.add("rfc-822-field-list", "5.1.2", f"the field {name.strip()} holds a line end or NUL: dropped")
        return None
    return name.strip(), body.strip()


def _means_the_same(carried: tuple[str, str], generated: tuple[str, str], scope: Scope) -> bool:
    """Whether two bodies of one field come to the same elements, that is the carried one is what the element was cut from."""
    quiet = Scope(context=scope.context)
    both = [
        elements_from_fields(HEADING, [Field(name, f" {body}".encode())], quiet, quiet.notes).elements
        for name, body in (carried, generated)
    ]
    # A name such as "a{b}" reads a(b) in T.61, and so becomes a phrase and a comment: then the field that its elements give is compared.
    return bool(both[0]) and (both[0] == both[1] or generated in fields_from_elements(HEADING, both[0], quiet, quiet.notes))
