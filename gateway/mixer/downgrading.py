"""What a system of 1984 gets in place of the features of 1988 (RFC 2156 Appendix B, X.419 Annex B).

All of it is decided with the conversion, before anything is sent, and every step is a note: together they are the plan of the downgrade.
Addresses are mapped for 1984 where they are mapped (`address`), bodies by the policy of the peer (`body`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.internet.fields import Field
from gateway.mixer.descriptors import Scope
from gateway.mixer.envelope import ENVELOPE
from gateway.mixer.envelope import EXTENSION as P1_EXTENSION
from gateway.mixer.heading import EXTENSION, HEADING
from gateway.mixer.rules import JointRule, Rule, Table
from gateway.mixer.text import labelled_integer, text_from_oid
from gateway.x400 import oids, p1
from gateway.x400.extensions import ExtensionField, StandardExtension
from gateway.x400.mts import EncodedInformationTypes
from gateway.x400.mts_trace import TraceInformationElement

_UNDEFINED: Final = 0
"""Built-in type for what has no bit of its own (X.411 Figure 2)."""

_RULE: Final = "1984"


def fields_for_1984(heading: dict[str, Any], elements: dict[str, Any], fields: Sequence[Field], scope: Scope) -> tuple[Field, ...]:
    """Take the extensions out of the elements; the fields that would have made them are carried as text (Appendix B)."""
    gone: set[str] = set()
    for table, found, prefix in ((HEADING, heading, EXTENSION), (ENVELOPE, elements, P1_EXTENSION)):
        for name in [name for name in found if name.startswith(prefix)]:
            del found[name]
            gone |= _fields_of(table, name)
    kept = tuple(field for field in fields if field.name.lower() in gone)
    for field in kept:
        scope.notes.add(_RULE, "Appendix B", f"{field.name} goes as text, in a first body part RFC-822-Headers")
    return kept


def _fields_of(table: Table, element: str) -> set[str]:
    names: set[str] = set()
    for row in table:
        if isinstance(row, Rule) and row.element == element:
            names |= {row.field.lower(), *(alias.lower() for alias in row.aliases)}
        elif isinstance(row, JointRule) and element in row.elements:
            names |= {name.lower() for name in row.fields}
    return names


def note_headers_part(carried: Sequence[str], scope: Scope) -> None:
    """Say that the fields of the heading extension became a body part."""
    names = ", ".join(dict.fromkeys(text.partition(":")[0] for text in carried))
    rule = _RULE if scope.context.policy.x400_version == 84 else "heading extension"
    scope.notes.add(rule, "Appendix B", f"a first body part RFC-822-Headers carries {names[:400]}")


def downgraded(envelope: p1.MessageTransferEnvelope, scope: Scope) -> p1.MessageTransferEnvelope:
    """The envelope as X.411 (1984) has it: no extensions, built-in encoded information types, no other actions in the trace."""
    _note_extensions(envelope.extensions, scope)
    for each in envelope.per_recipient_fields:
        _note_extensions(each.extensions, scope)
    types = envelope.original_encoded_information_types
    return replace(
        envelope,
        original_encoded_information_types=_built_in(types, scope) if types is not None else None,
        trace_information=tuple(_trace_element(each, scope) for each in envelope.trace_information),
        extensions=(),
        per_recipient_fields=tuple(replace(each, extensions=()) for each in envelope.per_recipient_fields),
    )


def _note_extensions(extensions: Sequence[ExtensionField], scope: Scope) -> None:
    for each in extensions:
        number, oid = each.type_.standard_extension, each.type_.private_extension
        name = labelled_integer(number, StandardExtension) if number is not None else text_from_oid(oid or "0.0")
        scope.notes.add(_RULE, "X.419 B", f"the extension {name} is not sent")


def _built_in(types: EncodedInformationTypes, scope: Scope) -> EncodedInformationTypes:
    """Types that have no bit count as undefined; the mark of a MIXER conversion is only ever an object identifier, and is left out."""
    others = [oid for oid in types.extended_encoded_information_types or () if oid != oids.EIT_MIXER]
    for oid in others:
        scope.notes.add(_RULE, "X.419 B", f"the encoded information type {text_from_oid(oid)} is sent as undefined")
    bits = types.built_in_encoded_information_types | ({_UNDEFINED} if others else frozenset[int]())
    return replace(types, built_in_encoded_information_types=frozenset(bits), extended_encoded_information_types=None)


def _trace_element(element: TraceInformationElement, scope: Scope) -> TraceInformationElement:
    supplied = element.domain_supplied_information
    if supplied.other_actions:
        scope.notes.add(_RULE, "X.419 B", "redirections and list expansions are left out of the trace")
    converted = supplied.converted_encoded_information_types
    types = _built_in(converted, scope) if converted is not None else None
    changed = replace(supplied, other_actions=frozenset(), converted_encoded_information_types=types)
    return replace(element, domain_supplied_information=changed)
