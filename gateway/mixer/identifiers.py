"""Identifiers: msg-id <-> IPMIdentifier (RFC 2156 4.7.3), MTS identifiers and global domain identifiers as text (4.6.3, 5.3.3.2, 5.3.6).

The mapping of message identifiers is algorithmic: no table is ever used, so that every gateway makes the same octets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.errors import GatewayError
from gateway.internet.fields import Phrase, quote, sanitise
from gateway.mixer.address import unquote
from gateway.mixer.policy import Context, GlobalDomain
from gateway.mixer.stdor import StdOrError, from_text, to_text
from gateway.mixer.text import TextError, ia5_form, is_printable, printable_form, ps_decode, ps_encode, ps_truncate
from gateway.x400 import bounds as ub
from gateway.x400.ipms_bounds import UB_LOCAL_IPM_IDENTIFIER
from gateway.x400.ipms_fields import IPMIdentifier
from gateway.x400.mts import GlobalDomainIdentifier, MTSIdentifier, PrivateDomainIdentifier
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress
from gateway.x400.orname import AdministrationDomainName, CountryName

X400_DOMAIN: Final = "MHS"
"""Domain of identifiers that were born in X.400 (4.7.3)."""

_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_MSG_ID: Final = re.compile(
    rf'(?:{_ATEXT}(?:\.{_ATEXT})*|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")@(?:{_ATEXT}(?:\.{_ATEXT})*|\[[^\[\]\\\x00-\x20\x7f]*\])'
)
_DOT_ATOM: Final = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_NO_TEXT: Final = re.compile(r"[^ -#%-~]")
"""What a peer may have put into a PrintableString although the grammar of 4.1.3 has no place for it."""
_MTS_IDENTIFIER: Final = re.compile(r"\s*\[\s*(.*?)\s*;\s*([^\[\]]*?)\s*\]\s*", re.DOTALL)


class IdentifierError(GatewayError):
    """An identifier cannot be expressed on the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that must be remembered before a converted message goes out.

    Attributes:
        kind: ``message-id``: ``key`` is a truncated IPM identifier, ``value`` the Message-ID it stands for. ``mts-identifier``: ``key``
            is the
            text of an identifier that we gave, ``value`` the Message-ID or the identifier of the subject.
    """

    kind: str
    key: str
    value: str


# --- 4.7.3: IPM identifiers ----------------------------------------------------------------------------------------------------------


def ipm_identifier_from_msg_id(msg_id: str, *, rfc_987: bool = False) -> IPMIdentifier:
    """Map ``<local@domain>`` to an IPM identifier (4.7.3.3), cut at 64 characters where it must be (5.1.3).

    Args:
        msg_id: The identifier.
        rfc_987: Read the form of RFC 987 too, in which the domain of an X.400 identifier is not MHS (4.7.3.6).

    Raises:
        IdentifierError: It holds what PrintableString encoding cannot express.
    """
    inner = msg_id.strip().removeprefix("<").removesuffix(">")
    born_here = _x400_born(inner, rfc_987=rfc_987)
    if born_here is not None:
        return born_here
    return _truncated(inner)


def is_truncated(msg_id: str) -> bool:
    """Whether the encoding of a msg-id is longer than an IPM identifier may be."""
    inner = msg_id.strip().removeprefix("<").removesuffix(">")
    try:
        return _x400_born(inner) is None and len(ps_encode(inner)) > UB_LOCAL_IPM_IDENTIFIER
    except TextError:
        return False


def _truncated(text: str) -> IPMIdentifier:
    try:
        encoded = ps_encode(text)
    except TextError as error:
        raise IdentifierError(f"the identifier {text[:100]!r} cannot be written in X.400: {error}") from error
    if not encoded:
        raise IdentifierError("the identifier is empty")
    return IPMIdentifier(user_relative_identifier=ps_truncate(encoded, UB_LOCAL_IPM_IDENTIFIER))


def _x400_born(inner: str, *, rfc_987: bool = False) -> IPMIdentifier | None:
    """``[printable] "*" [std-or] @ MHS``, under RFC 987 at any domain; None for every other identifier."""
    local, at, domain = inner.rpartition("@")
    if not at or (domain.upper() != X400_DOMAIN and not rfc_987):
        return None
    identifier, star, user = unquote(local).partition("*")
    if not star or not is_printable(identifier):
        return None
    if not user and len(identifier) <= UB_LOCAL_IPM_IDENTIFIER:
        return IPMIdentifier(user_relative_identifier=identifier)
    try:
        found = IPMIdentifier(user=orname_from_oraddress(from_text(user)), user_relative_identifier=identifier)
        asn1.encode(found)  # an identifier that only looks like one of X.400 breaks its bounds here
        return found
    except GatewayError:
        return None


def ipm_identifier_from_phrase(phrase: Phrase) -> IPMIdentifier:
    """Map a phrase of In-Reply-To or References (4.7.3.5)."""
    return IPMIdentifier(user_relative_identifier=printable_form(sanitise(phrase.text))[:UB_LOCAL_IPM_IDENTIFIER])


def msg_id_from_ipm_identifier(identifier: IPMIdentifier, context: Context | None = None) -> str:
    """Map an IPM identifier to ``<local@domain>`` (4.7.3.4).

    Args:
        identifier: The identifier.
        context: Its ``known`` facts restore a Message-ID that was truncated on the way to X.400.
    """
    text = identifier.user_relative_identifier
    if identifier.user is None or not (address := oraddress_from_orname(identifier.user)):
        if context is not None and text in context.known:
            return context.known[text]
        internet_born = _internet_born(text)
        return internet_born if internet_born is not None else _mhs(text, "")
    try:
        return _mhs(text, to_text(address))
    except StdOrError:
        return _mhs(text, "")


def _internet_born(text: str) -> str | None:
    try:
        decoded = ps_decode(text)
    except TextError:
        return None
    return f"<{decoded}>" if _MSG_ID.fullmatch(decoded) else None


def _mhs(identifier: str, user: str) -> str:
    local = sanitise(ia5_form(f"{identifier}*{user}"))
    return f"<{local if _DOT_ATOM.fullmatch(local) else quote(local)}@{X400_DOMAIN}>"


def reference_from_ipm_identifier(identifier: IPMIdentifier, context: Context) -> str:
    """For In-Reply-To and References: a msg-id, or a phrase where the policy asks for the letter of 4.7.3.5."""
    if context.policy.phrase_references and identifier.user is None and _internet_born(identifier.user_relative_identifier) is None:
        return quote(sanitise(ia5_form(identifier.user_relative_identifier)))
    return msg_id_from_ipm_identifier(identifier, context)


# --- identifiers that the other side cannot write ------------------------------------------------------------------------------------

_MOST_FACTS: Final = 20
"""Identifiers of one message that are remembered: its own, the one that it answers, and the first of those that it refers to."""


def short_identifier_facts(msg_ids: Iterable[str]) -> tuple[Fact, ...]:
    """What must be remembered of Message-IDs that are cut on their way to X.400, so that they come back whole (5.1.3)."""
    long = [one for one in dict.fromkeys(msg_ids) if one.isascii() and is_truncated(one)][:_MOST_FACTS]
    return tuple(Fact(kind="message-id", key=ipm_identifier_from_msg_id(one).user_relative_identifier, value=one) for one in long)


def ipm_identifier_facts(identifiers: Iterable[IPMIdentifier]) -> tuple[Fact, ...]:
    """What must be remembered of IPM identifiers that their msg-id does not hold, such as one whose user has no text form."""
    found: dict[str, Fact] = {}
    for one in identifiers:
        msg_id = msg_id_from_ipm_identifier(one)
        if len(found) < _MOST_FACTS and not _is_same(_read_back(msg_id), one):
            found.setdefault(msg_id, Fact(kind="message-id", key=f"{_IPM}{msg_id}", value=asn1.encode(one, strict=False).hex()))
    return tuple(found.values())


def ipm_identifier_key(msg_id: str) -> str | None:
    """Key of the fact about a msg-id that looks as if it was born in X.400; None for any other."""
    return f"{_IPM}{msg_id}" if msg_id.upper().endswith(f"@{X400_DOMAIN}>") else None


def known_ipm_identifier(msg_id: str, known: Mapping[str, str]) -> IPMIdentifier | None:
    """The IPM identifier that a msg-id was made of, where that was remembered; None for one that X.400 does not allow us to write."""
    encoded = known.get(f"{_IPM}{msg_id}")
    if encoded is None:
        return None
    try:
        found = asn1.decode(bytes.fromhex(encoded), IPMIdentifier)
        asn1.encode(found)
    except (ValueError, BERError):
        return None
    return found


_IPM: Final = "ipm-identifier "


def _read_back(msg_id: str) -> IPMIdentifier | None:
    try:
        return ipm_identifier_from_msg_id(msg_id)
    except IdentifierError:
        return None


def _is_same(one: IPMIdentifier | None, other: IPMIdentifier) -> bool:
    """Whether two identifiers are equal; letter case and the order of attributes of the user do not count, its directory name does not."""
    if one is None or one.user_relative_identifier != other.user_relative_identifier:
        return False
    users = [oraddress_from_orname(each.user).key() if each.user is not None else () for each in (one, other)]
    return users[0] == users[1]


# --- MTS identifiers -----------------------------------------------------------------------------------------------------------------


def global_domain_identifier(domain: GlobalDomain) -> GlobalDomainIdentifier:
    """The wire form of a management domain; digits only are NumericString (4.1.1)."""
    country = CountryName(x121_dcc_code=domain.country) if domain.country.isdigit() else CountryName(iso_3166_alpha2_code=domain.country)
    admd = AdministrationDomainName(numeric=domain.admd) if domain.admd.isdigit() else AdministrationDomainName(printable=domain.admd)
    if domain.prmd is None:
        return GlobalDomainIdentifier(country_name=country, administration_domain_name=admd)
    prmd = PrivateDomainIdentifier(numeric=domain.prmd) if domain.prmd.isdigit() else PrivateDomainIdentifier(printable=domain.prmd)
    return GlobalDomainIdentifier(country_name=country, administration_domain_name=admd, private_domain_identifier=prmd)


def global_domain(identifier: GlobalDomainIdentifier) -> GlobalDomain:
    """The inverse of `global_domain_identifier`."""
    prmd = identifier.private_domain_identifier
    return GlobalDomain(
        country=str(identifier.country_name.value or ""),
        admd=str(identifier.administration_domain_name.value or ""),
        prmd=str(prmd.value) if prmd is not None else None,
    )


def comparable(identifier: GlobalDomainIdentifier) -> GlobalDomain:
    """A management domain for comparison: letter case and the type of its strings do not count.

    # Peer: an ADMD of one space is written as PrintableString, NumericString, zero octets or the digit 0, a missing PRMD as zero octets.
    """
    domain = global_domain(identifier)
    country, admd, prmd = (text.strip().casefold() for text in (domain.country, domain.admd, domain.prmd or ""))
    return GlobalDomain(country=country, admd=" " if admd in ("", "0") else admd, prmd=prmd or None)


def is_same_domain(one: GlobalDomainIdentifier, other: GlobalDomainIdentifier) -> bool:
    """Whether two identifiers mean one management domain (`comparable`)."""
    return one == other or comparable(one) == comparable(other)


def text_from_global_domain(identifier: GlobalDomainIdentifier) -> str:
    """``EBNF.global-id`` (5.3.3.2): ``/PRMD=UK.AC/ADMD=Gold 400/C=GB/``.

    Never an error, since no message is held up for the sake of its trace: what has no text form (`has_text_form`) stands as ``?``.
    """
    domain = global_domain(identifier)
    country, admd = (_NO_TEXT.sub("?", value) for value in (domain.country, domain.admd))
    prmd = _NO_TEXT.sub("?", domain.prmd) if domain.prmd else None
    return to_text(GlobalDomain(country=country, admd=admd, prmd=prmd).address())


def has_text_form(identifier: GlobalDomainIdentifier) -> bool:
    """Whether `text_from_global_domain` writes the domain as it is."""
    domain = global_domain(identifier)
    return not any(_NO_TEXT.search(value) for value in (domain.country, domain.admd, domain.prmd or ""))


def global_domain_from_text(text: str) -> GlobalDomainIdentifier:
    """The inverse of `text_from_global_domain`.

    Raises:
        GatewayError: No address, or one without country.
    """
    address = from_text(text.strip())
    if address.country is None or address.admd is None:
        raise IdentifierError(f"{text[:80]!r} is no management domain: it needs C and ADMD")
    return global_domain_identifier(GlobalDomain(country=address.country, admd=address.admd, prmd=address.prmd))


def text_from_mts_identifier(identifier: MTSIdentifier) -> str:
    """``EBNF.mts-msg-id`` (5.3.6): ``[/PRMD=HMG/ADMD=GOLD 400/C=GB/;PC1000-910530172027-57D8]``."""
    return f"[{text_from_global_domain(identifier.global_domain_identifier)};{sanitise(ia5_form(identifier.local_identifier))}]"


def mts_identifier_from_text(text: str) -> MTSIdentifier:
    """The inverse of `text_from_mts_identifier`.

    Raises:
        GatewayError: Not of the form.
    """
    match = _MTS_IDENTIFIER.fullmatch(text)
    if match is None or not match.group(2):
        raise IdentifierError(f"{text[:100]!r} is no MTS identifier such as '[/ADMD=a/C=gb/;1]'")
    return MTSIdentifier(
        global_domain_identifier=global_domain_from_text(match.group(1)), local_identifier=match.group(2)[: ub.UB_LOCAL_ID_LENGTH]
    )


def mts_local_identifier_from_msg_id(msg_id: str) -> str:
    """The local identifier that 4.6.3 makes of a msg-id: as it is, with its angle brackets, cut at 32 characters; IA5, not ps-encoded.

    Raises:
        IdentifierError: It is not ASCII.
    """
    if not msg_id.isascii():
        raise IdentifierError(f"the identifier {msg_id[:100]!r} cannot be written in X.400: it is not ASCII")
    return sanitise(msg_id.strip())[: ub.UB_LOCAL_ID_LENGTH]


def new_mts_identifier(context: Context, purpose: str) -> MTSIdentifier:
    """An identifier of our own: the MTA's domain, the time of conversion and a token of the plan, 31 characters.

    A Message-ID is not used for it although 4.6.3 allows that: it would be cut at 32 characters, and two X.400 messages made from one
    Internet
    message would share it.
    """
    local = f"{context.now:%y%m%d%H%M%S}-{context.token(f'mts/{purpose}', 18)}"
    return MTSIdentifier(global_domain_identifier=global_domain_identifier(context.settings.global_domain), local_identifier=local)


def new_msg_id(context: Context, purpose: str) -> str:
    """A Message-ID of our own, the same for the same plan."""
    return f"<{context.token(f'message-id/{purpose}', 32)}@{context.settings.gateway_domain}>"
