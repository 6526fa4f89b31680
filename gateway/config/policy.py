"""What the mixer may send to a peer: the tables ``[mta.peer.policy]`` and ``[mta.peer.policy.body]``.

The keys of the second are the attributes of `mixer.body_policy.BodyPolicy`, which says what they mean.
"""

from __future__ import annotations

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import ORAddressText, Section, Selector
from gateway.mixer.body_policy import EMA_UNKNOWN, Alternative, Carrier, FaxForm, FileNames, Signed, TextForm, UnknownBody
from gateway.x400.charsets import Reading


def _charset(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError("not the name of a charset") from error
    return name.lower()


Charset = Annotated[str, AfterValidator(_charset)]
ObjectIdentifier = Annotated[str, Field(pattern=r"^[0-2](\.[0-9]+)+$")]
"""Dotted."""
ContentTypeText = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$")]

DDAType = Annotated[str, Field(min_length=1, max_length=8)]
"""Type of a domain-defined attribute (X.411 Annex B)."""


class BodySection(Section):
    """Bodies (RFC 2157)."""

    octet_stream: Carrier | None = None
    unknown_mime: Carrier | None = None
    unknown_body: UnknownBody = UnknownBody.ENCAPSULATE
    applications: dict[ObjectIdentifier, ContentTypeText] = Field(default={}, validate_default=True)
    alternative: Alternative = Alternative.ALL
    html_text: bool = False
    open_tnef: bool = True
    convert_charsets: bool = True
    general_text_charsets: tuple[Charset, ...] = ()
    utf8_general_text: bool = False
    teletex_charset: Literal["", "teletex"] = ""
    eight_bit_ia5: Charset = "iso-8859-1"
    strict_bodies: bool = False
    text_form: TextForm = TextForm.GENERAL_TEXT
    text_preamble: Selector | None = None
    ia5_variant: int = Field(default=6, ge=1)
    iso6937_chunks: bool = False
    empty_text: bool = False
    text_wrap: int = Field(default=0, ge=0)
    text_longest_line: int = Field(default=0, ge=0)
    file_names: FileNames = FileNames.NONE
    bilateral_extended: bool = False
    file_reference: ObjectIdentifier = EMA_UNKNOWN
    join_files: bool = False
    native_parts: bool = False
    fax_form: FaxForm = FaxForm.G3FAX
    signed: Signed = Signed.HARPOON


class PolicySection(Section):
    """What the mixer may send to a peer."""

    x400_version: Literal[84, 88] = 88
    attachments: Carrier = Carrier.FTBP
    largest_octets: int = Field(default=0, ge=0)
    largest_received_octets: int = Field(default=0, ge=0)
    body: BodySection = BodySection()
    heading_extension: bool = True
    names_from_addresses: bool = False
    free_form_names: bool = True
    t61_reading: Reading | None = None
    report_extensions: bool = False
    rfc_987_identifiers: bool = False
    phrase_references: bool = False
    keep_trace: bool = True
    internal_trace: Literal["own-domain", "keep", "first", "strip"] = "own-domain"
    other_domain: bool = False
    strict_trace: bool = False
    extensions: Literal["published", "draft"] = "published"
    universal_addresses: bool = False
    internet_labels: tuple[DDAType, ...] = ()
    repair_double_escapes: bool = False
    internet_label: DDAType = "RFC-822"
    drop_numeric_prmd: bool = False
    content_types: tuple[Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)*$")], ...] = ()
    bilateral_domain: ORAddressText | None = None
    bilateral_information: Selector = b""
