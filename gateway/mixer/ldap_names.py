"""RFC 2164 and 2294: where O/R addresses and domains stand in the directory, as distinguished names in text form (RFC 4514)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.errors import GatewayError
from gateway.mixer.legality import present
from gateway.x400.directory_names import escaped
from gateway.x400.oraddress import ATTRIBUTE_BY_NAME, ORAddress

__all__ = ["TO_RFC_822", "TO_X400", "DirectoryNameError", "escaped", "name_of_domain", "name_of_oraddress"]

TO_RFC_822: Final = "CN=X.400 to RFC 822"
"""Subtree of a collection with the entries that hold associatedDomain or associatedInternetGateway (RFC 2164 1)."""

TO_X400: Final = "CN=RFC 822 to X.400"
"""Subtree of a collection with the entries that hold associatedORAddress or associatedX400Gateway (RFC 2164 1)."""

_KEYWORDS: Final = {
    "country": "C",
    "admd": "ADMD",
    "prmd": "PRMD",
    "x121": "MHS-X121",
    "numeric_user_id": "MHS-UA-ID",
    "organization": "MHS-O",
    "organizational_units": "MHS-OU",
    "common_name": "MHS-CN",
    "terminal_id": "MHS-T-ID",
}
_PERSON: Final = {"given_name": "MHS-G", "initials": "MHS-I", "surname": "MHS-S", "generation": "MHS-GQ"}


class DirectoryNameError(GatewayError):
    """An address or domain has no place in the directory tree of RFC 2294."""


def name_of_oraddress(address: ORAddress, collection: str | None = None) -> str:
    """The name of an O/R address (RFC 2294), and with a collection that of the entry which maps it (RFC 2164 3).

    Raises:
        DirectoryNameError: The address has no country or ADMD, or attributes that the tree does not represent (postal, network).
    """
    if address.country is None or address.admd is None:
        raise DirectoryNameError("an O/R address in the directory has a country and an ADMD (RFC 2294 1)")
    odd = present(address) - {*_KEYWORDS, *_PERSON, "domain_defined"}
    if odd:
        raise DirectoryNameError(f"{ATTRIBUTE_BY_NAME[min(odd)].key} is not represented in the directory (RFC 2294 1)")
    parts = list(_parts(address))[::-1]
    return ", ".join(parts if collection is None else [*parts, TO_RFC_822, *([collection] if collection else [])])


def _parts(address: ORAddress) -> Iterator[str]:
    """One relative name for each node, the most significant first: C, ADMD, PRMD, X121, UA-ID, O, OU, PN, CN, T-ID, DDA."""
    for name in ("country", "admd", "prmd", "x121", "numeric_user_id", "organization"):
        if (value := getattr(address, name)) is not None:
            numeric = name == "country" and value.isdigit()
            yield f"{'MHS-Numeric-Country' if numeric else _KEYWORDS[name]}={escaped(value)}"
    yield from (f"{_KEYWORDS['organizational_units']}={escaped(unit)}" for unit in address.organizational_units)
    person = [f"{word}={escaped(value)}" for name, word in _PERSON.items() if (value := getattr(address, name)) is not None]
    if person:
        yield " + ".join(person)
    for name in ("common_name", "terminal_id"):
        if (value := getattr(address, name)) is not None:
            yield f"{_KEYWORDS[name]}={escaped(value)}"
    yield from (f"MHS-DDA-Type={escaped(type_)} + MHS-DDA-Value={escaped(value)}" for type_, value in address.domain_defined)


def name_of_domain(domain: str, collection: str = "") -> str:
    """The name of the entry that maps a domain (RFC 2164 4).

    Raises:
        DirectoryNameError: An empty label.
    """
    labels = domain.removesuffix(".").split(".")
    if not all(labels):
        raise DirectoryNameError(f"{domain[:200]!r} is no domain")
    return ", ".join([*(f"DomainComponent={escaped(label)}" for label in labels), TO_X400, *([collection] if collection else [])])
