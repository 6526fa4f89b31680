"""IPM heading <-> header fields (RFC 2156 5.1.3, 5.1.7, 5.3.4): the table `HEADING` and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway import asn1
from gateway.internet.fields import (
    Field,
    Phrase,
    as_ascii,
    decode_text,
    encode_text,
    parse_date,
    parse_message_ids,
    sanitise,
    serialise_date,
)
from gateway.mixer.descriptors import (
    LATIN_1,
    Scope,
    descriptors_from_text,
    specifiers_from_text,
    t61,
    text_from_descriptor,
    text_from_descriptors,
    text_from_specifiers,
)
from gateway.mixer.identifiers import (
    IdentifierError,
    ipm_identifier_from_msg_id,
    ipm_identifier_from_phrase,
    is_truncated,
    msg_id_from_ipm_identifier,
    reference_from_ipm_identifier,
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
)
from gateway.mixer.text import in_utc_time, text_from_oid
from gateway.x400 import oids
from gateway.x400.charsets import t61_from_text, text_from_t61
from gateway.x400.heading_extensions import AutoSubmitted, text_of
from gateway.x400.ipm import Heading, Importance, IPMIdentifier, IPMSExtension, ORDescriptor, RecipientSpecifier, Sensitivity
from gateway.x400.ipms_bounds import UB_SUBJECT_FIELD

EXTENSION: Final = "extension "
"""Prefix of an element name that is a heading extension: its object identifier follows."""

LANGUAGES, AUTO_SUBMITTED, INCOMPLETE_COPY, EXTENDED_SUBJECT = (
    EXTENSION + oids.ID_HEX_LANGUAGES,
    EXTENSION + oids.ID_HEX_AUTO_SUBMITTED,
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


# --- codecs
# ----------------------------------------------------------------------------------------------------------------------------------


def _date_from_text(text: str, _scope: Scope) -> Any:
    found = in_utc_time(parse_date(text))
    if found is None:
        raise UnmappedError(f"{text[:60]!r} is no date of the years 1980 to 2079")
    return found


DATE: Final[Codec[Any, Scope]] = Codec(to_element=_date_from_text, to_field=lambda value, _scope: serialise_date(value))


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


def _identifiers_from_text(text: str, scope: Scope) -> tuple[IPMIdentifier, ...]:
    found = tuple(_identifier(one, scope) for one in parse_message_ids(text))
    if not found:
        raise UnmappedError("no identifier")
    return found


def _identifier(one: str | Phrase, scope: Scope) -> IPMIdentifier:
    if isinstance(one, Phrase):
        return ipm_identifier_from_phrase(one)
    if is_truncated(one):
        scope.notes.add("identifier", "4.7.3.1", f"{one[:200]} was cut at 64 characters")
    return ipm_identifier_from_msg_id(one)


def _message_id(text: str, scope: Scope) -> IPMIdentifier:
    found = [one for one in parse_message_ids(text) if isinstance(one, str)]
    if len(found) != 1:
        raise IdentifierError(f"{text[:100]!r} is not one identifier")
    return _identifier(found[0], scope)


def _languages(text: str, _scope: Scope) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.split("(")[0].strip()[:2].lower() for part in text.split(",")))
    if not found or not all(len(one) == 2 and one.isalpha() and one.isascii() for one in found):
        raise UnmappedError(f"{text[:60]!r} is no list of languages")
    return found


def _languages_are_longer(text: str, _scope: Scope) -> bool:
    return any(len(part.strip()) != 2 for part in text.split(","))


def _reply_recipients(text: str, scope: Scope) -> tuple[ORDescriptor, ...]:
    found = tuple(one for one in descriptors_from_text(text, scope) if one.formal_name is not None)
    if not found:
        raise UnmappedError("reply recipients need an address")
    return found


def _blind(text: str, scope: Scope) -> tuple[RecipientSpecifier, ...]:
    return specifiers_from_text(text, scope) if text else ()


_BCC_NAME: Final = b"BCC"


def _blind_text(value: Sequence[RecipientSpecifier], scope: Scope) -> str:
    named = [one for one in value if one.recipient.formal_name is not None or one.recipient.free_form_name != _BCC_NAME]
    return _recipients_text(named, scope) or ""


def _recipients_text(value: Sequence[RecipientSpecifier], scope: Scope) -> str | None:
    """The addresses alone: what is asked of the recipients is a field of its own (`notification_requests`)."""
    return text_from_specifiers([replace(one, notification_requests=frozenset()) for one in value], scope)


RECIPIENTS: Final[Codec[Any, Scope]] = Codec(to_element=specifiers_from_text, to_field=_recipients_text)

# --- joint rules
# -----------------------------------------------------------------------------------------------------------------------------


def _authors_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """From -> originator; with Sender, or with several authors, From -> authorizing-users and Sender -> originator (5.1.3)."""
    authors = descriptors_from_text(", ".join(bodies["from"]), scope) if bodies["from"] else ()
    senders = descriptors_from_text(bodies["sender"][0], scope) if bodies["sender"] else ()
    if not senders and len(authors) <= 1:
        return {"originator": authors[0]} if authors else {}
    found: dict[str, Any] = {"originator": (senders or authors)[0]}
    return found | ({"authorizing_users": authors} if authors else {})


def _authors_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    originator, authors = elements.get("originator"), elements.get("authorizing_users")
    if not authors:
        return [("From", text_from_descriptor(originator, scope))] if originator is not None else []
    sender = [("Sender", text_from_descriptor(originator, scope))] if originator is not None else []
    return [("From", text_from_descriptors(authors, scope) or ""), *sender]


def _replies_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """In-Reply-To with one value -> replied-to-IPM; more than one go to related-IPMs with the References (5.1.3)."""
    replied = _identifiers_from_text(bodies["in-reply-to"][0], scope) if bodies["in-reply-to"] else ()
    related = _identifiers_from_text(" ".join(bodies["references"]), scope) if bodies["references"] else ()
    if len(replied) == 1:
        return {"replied_to_ipm": replied[0]} | ({"related_ipms": related} if related else {})
    together = (*related, *(one for one in replied if one not in related))
    return {"related_ipms": together} if together else {}


def _replies_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if "replied_to_ipm" in elements:
        found.append(("In-Reply-To", reference_from_ipm_identifier(elements["replied_to_ipm"], scope.context)))
    if elements.get("related_ipms"):
        found.append(("References", " ".join(reference_from_ipm_identifier(one, scope.context) for one in elements["related_ipms"])))
    return found


_AUTO_WORDS: Final = {
    "not-auto-submitted": AutoSubmitted.NOT_AUTO_SUBMITTED,
    "auto-generated": AutoSubmitted.AUTO_GENERATED,
    "auto-replied": AutoSubmitted.AUTO_REPLIED,
}
_RFC_3834: Final = {0: "no", 1: "auto-generated", 2: "auto-replied"}


def _automatic_to_elements(bodies: Bodies, _scope: Scope) -> Mapping[str, Any]:
    """Autosubmitted, Auto-Submitted (RFC 3834, preferred) and Autoforwarded."""
    found: dict[str, Any] = {}
    forwarded = (*bodies["autoforwarded"], *bodies["auto-forwarded"])
    if forwarded:
        if forwarded[0].upper() not in ("TRUE", "FALSE"):
            raise UnmappedError(f"{forwarded[0][:40]!r} is neither TRUE nor FALSE")
        found["auto_forwarded"] = forwarded[0].upper() == "TRUE"
    submitted = (*bodies["auto-submitted"], *bodies["autosubmitted"])
    if submitted:
        word = submitted[0].partition(";")[0].partition("(")[0].strip().lower()
        if word == "auto-forwarded":
            # X.420 has no such value of auto-submitted; the heading field says the same.
            return found | {"auto_forwarded": True}
        # An unknown keyword other than "no" says that no person sent it (RFC 3834 5).
        automatic = AutoSubmitted.NOT_AUTO_SUBMITTED if word == "no" else _AUTO_WORDS.get(word, AutoSubmitted.AUTO_GENERATED)
        found[AUTO_SUBMITTED] = automatic
    return found


def _automatic_to_fields(elements: Elements, _scope: Scope) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if elements.get("auto_forwarded"):
        found.append(("Autoforwarded", "TRUE"))
    if (value := elements.get(AUTO_SUBMITTED)) is not None:
        if value not in _RFC_3834:
            raise UnmappedError(f"auto-submitted has no value {value}")
        word = next(word for word, number in _AUTO_WORDS.items() if number == value)
        found += [("Autosubmitted", word), ("Auto-Submitted", _RFC_3834[value])]
    return found


def _subject_to_elements(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    text = decode_text(bodies["subject"][0]).strip()
    return {"subject": t61(text, UB_SUBJECT_FIELD, scope, "Subject").strip() if text else b""}


def _subject_to_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    extended = elements.get(EXTENDED_SUBJECT)
    text = text_of(extended) if extended is not None else text_from_t61(elements["subject"], scope.context.policy.t61_reading)
    return [("Subject", encode_text(sanitise(text), charset=LATIN_1))]


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
_IDENTIFIERS: Final[Codec[Any, Scope]] = Codec(
    to_element=_identifiers_from_text,
    to_field=lambda value, scope: " ".join(msg_id_from_ipm_identifier(one, scope.context) for one in value) or None,
)
_MESSAGE_ID: Final[Codec[Any, Scope]] = Codec(
    to_element=_message_id, to_field=lambda value, scope: msg_id_from_ipm_identifier(value, scope.context)
)
_NAMES_LOST: Final = "4.7.1: phrase and comments become one free-form name, cut at 64 characters"

HEADING: Final[tuple[Rule | JointRule, ...]] = (
    JointRule(
        fields=("From", "Sender"), elements=("originator", "authorizing_users"), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause=_NAMES_LOST,
        to_elements=_authors_to_elements, to_fields=_authors_to_fields,
    ),
    Rule(
        field="To", element="primary_recipients", codec=RECIPIENTS, joiner=", ", section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause=_NAMES_LOST,
    ),
    Rule(field="Cc", element="copy_recipients", codec=RECIPIENTS, joiner=", ", section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST),
    Rule(
        field="Bcc", element="blind_copy_recipients", codec=Codec(to_element=_blind, to_field=_blind_text), joiner=", ",
        section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST,
    ),
    Rule(
        field="Reply-To", element="reply_recipients", joiner=", ",
        codec=Codec(to_element=_reply_recipients, to_field=text_from_descriptors),
        section="5.1.3, 5.3.4", law=Law.SETTLES, clause=_NAMES_LOST, also_carried=lambda text, _scope: ":" in text and ";" in text,
    ),
    JointRule(
        fields=("Subject",), elements=("subject", EXTENDED_SUBJECT), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="3.3.4: what T.61 lacks is approximated, 5.1.3: cut at 128 characters",
        to_elements=_subject_to_elements, to_fields=_subject_to_fields,
    ),
    Rule(
        field="Message-ID", element="this_ipm", codec=_MESSAGE_ID, section="4.7.3, 5.1.3", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters", also_carried=lambda text, _scope: is_truncated(text),
    ),
    JointRule(
        fields=("In-Reply-To", "References"), elements=("replied_to_ipm", "related_ipms"), section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters", to_elements=_replies_to_elements, to_fields=_replies_to_fields,
    ),
    Rule(
        field="Supersedes", aliases=("Obsoletes",), element="obsoleted_ipms", codec=_IDENTIFIERS, section="5.3.4", law=Law.SETTLES,
        clause="4.7.3.1: cut at 64 characters",
    ),
    Rule(field="Expires", aliases=("Expiry-Date",), element="expiry_time", codec=DATE, section="5.3.4"),
    Rule(field="Reply-By", element="reply_time", codec=DATE, section="5.3.4"),
    Rule(field="Importance", element="importance", codec=_IMPORTANCE, section="5.3.4"),
    Rule(field="Sensitivity", element="sensitivity", codec=_SENSITIVITY, section="5.3.4"),
    JointRule(
        fields=("Autosubmitted", "Auto-Submitted", "Autoforwarded", "Auto-Forwarded"), elements=(AUTO_SUBMITTED, "auto_forwarded"),
        section="5.3.4, RFC 3834", to_elements=_automatic_to_elements, to_fields=_automatic_to_fields,
    ),
    Rule(
        field="Incomplete-Copy", element=INCOMPLETE_COPY, section="5.3.4",
        codec=Codec(to_element=lambda _text, _scope: asn1.NULL, to_field=lambda _value, _scope: ""),
    ),
    Rule(
        field="Content-Language", aliases=("Language",), element=LANGUAGES, section="5.1.3, 5.3.4", law=Law.SETTLES,
        clause="5.1.3: only two letters of a tag", also_carried=_languages_are_longer, joiner=", ",
        codec=Codec(to_element=_languages, to_field=lambda value, _scope: ", ".join(sanitise(one) for one in value) or None),
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
    if subject is not None and subject_is_cut(subject.text):
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
        shown = f"{FALSE_PREFIX}{field.name}" if name in FALSE_AFTERWARDS else field.name
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
    for text in carried:
        pair = carried_field(text, scope)
        if pair is None:
            continue
        name = pair[0].lower()
        at = next((at for at, (other, _) in enumerate(fields) if other.lower() == name), None)
        if at is not None and _means_the_same(pair, fields[at], scope):
            fields[at] = pair
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
    return bool(both[0]) and both[0] == both[1]
