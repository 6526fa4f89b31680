"""Tag lists (RFC 6376 section 3.2), the signature header field and the key record made of them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import GatewayError

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*")
_NUMBER = re.compile(r"[0-9]{1,15}")
_BLANKS = re.compile(r"[ \t\r\n]+")
_MOST_TAGS = 40
_LONGEST_FIELD = 16 * 1024
_MOST_NAMES = 300


class DKIMError(GatewayError):
    """A signature or a key that cannot be used. ``result`` is the word of RFC 8601 2.7.1 for it."""

    def __init__(self, reason: str, result: str = "permerror") -> None:
        super().__init__(reason)
        self.result = result


def parse_tags(text: str) -> Mapping[str, str]:
    """The tags of a list, without the blanks around them.

    Raises:
        DKIMError: It is no tag list, or a tag stands twice.
    """
    found: dict[str, str] = {}
    parts = text.split(";")
    if len(parts) > _MOST_TAGS:
        raise DKIMError("too many tags")
    for number, part in enumerate(parts, 1):
        name, equals, value = (word.strip(" \t\r\n") for word in part.partition("="))
        if not part.strip(" \t\r\n") and number == len(parts):
            continue
        if not equals or not _TAG.fullmatch(name) or name in found:
            raise DKIMError("malformed tags")
        found[name] = value
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A DKIM-Signature field (RFC 6376 section 3.5).

    Attributes:
        field: As it stands in the header, with its CRLF.
        algorithm: ``rsa-sha256`` or ``ed25519-sha256``.
        signature, body_hash: Decoded.
        domain, selector: Tags ``d=`` and ``s=``, in lower case.
        agent: Tag ``i=``, or its default.
        names: Tag ``h=``, in lower case, in the order given.
        relaxed_header, relaxed_body: Tag ``c=``.
        limit: Tag ``l=``.
        expires: Tag ``x=``, seconds since 1970.
    """

    field: bytes
    algorithm: str
    signature: bytes
    body_hash: bytes
    domain: str
    selector: str
    agent: str
    names: tuple[str, ...]
    relaxed_header: bool
    relaxed_body: bool
    limit: int | None
    expires: int | None

    @property
    def key_name(self) -> str:
        """Where the key record stands (3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse_signature(field: bytes) -> Signature:
    """Read a DKIM-Signature field.

    Raises:
        DKIMError: It cannot be used, whatever the key says.
    """
    if len(field) > _LONGEST_FIELD:
        raise DKIMError("the signature field is too long")
    tags = parse_tags(field.partition(b":")[2].decode("utf-8", "replace"))
    missing = [name for name in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(name)]
    if missing:
        raise DKIMError(f"the tag {missing[0]} is missing")
    if tags["v"] != "1" or "dns/txt" not in tags.get("q", "dns/txt"):
        raise DKIMError("a version or a query method that is not known")
    algorithm = tags["a"].lower()
    if algorithm not in ("rsa-sha256", "ed25519-sha256"):
        # RFC 8301 3.1: rsa-sha1 is no signature any more.
        raise DKIMError(f"the algorithm {_shown(algorithm)} is not acceptable")
    header, _, body = (word.strip() for word in tags.get("c", "simple/simple").lower().partition("/"))
    if header not in ("simple", "relaxed") or body not in ("", "simple", "relaxed"):
        raise DKIMError("a canonicalisation that is not known")
    domain, selector = _domain(tags["d"]), _domain(tags["s"])
    return Signature(
        field=field, algorithm=algorithm, signature=_decoded(tags["b"]), body_hash=_decoded(tags["bh"]), domain=domain,
        selector=selector, agent=_agent(tags.get("i"), domain), names=_names(tags["h"]), relaxed_header=header == "relaxed",
        relaxed_body=body == "relaxed", limit=_number(tags.get("l")), expires=_number(tags.get("x")),
    )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip(" \t\r\n").lower() for name in text.split(":"))
    if len(names) > _MOST_NAMES or "from" not in names:
        raise DKIMError("From is not signed" if "from" not in names else "too many names in h=")
    return names


def _agent(text: str | None, domain: str) -> str:
    """The tag ``i=``, which must be of the domain or below it (3.5)."""
    agent = text or f"@{domain}"
    of = agent.rpartition("@")[2].lower()
    if of != domain and not of.endswith("." + domain):
        raise DKIMError("i= is not of the domain d=")
    return agent


def _domain(text: str) -> str:
    name = text.rstrip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")  # RFC 8616 section 3: U-labels in mail, A-labels in the DNS
        except UnicodeError:
            raise DKIMError("a domain that is no domain name") from None
    if not _DOMAIN.fullmatch(name):
        raise DKIMError("a domain that is no domain name")
    return name


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise DKIMError("a number that is no number")
    return int(text)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise DKIMError("malformed base64") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A key record (RFC 6376 3.6.1).

    Attributes:
        kind: ``rsa`` or ``ed25519``.
        key: The octets of ``p=``; empty means revoked.
        strict: The flag ``s``: the domain of ``i=`` must be that of ``d=`` itself.
        testing: The flag ``y``.
    """

    kind: str
    key: bytes
    strict: bool
    testing: bool


def parse_key(text: str) -> KeyRecord:
    """Read a key record.

    Raises:
        DKIMError: It is none, is for something else, or the key is revoked.
    """
    if len(text) > _LONGEST_FIELD:
        raise DKIMError("the key record is too long")
    tags = parse_tags(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        raise DKIMError("the key record is malformed")
    if "sha256" not in _words(tags.get("h", "sha256")) or not {"*", "email"} & _words(tags.get("s", "*")):
        raise DKIMError("the key is for something else")
    kind, flags = tags.get("k", "rsa").lower(), _words(tags.get("t", ""))
    if kind not in ("rsa", "ed25519"):
        raise DKIMError(f"a key of the kind {_shown(kind)}")
    key = _decoded(tags["p"])
    if not key:
        raise DKIMError("the key is revoked")
    return KeyRecord(kind=kind, key=key, strict="s" in flags, testing="y" in flags)


def _words(text: str) -> set[str]:
    return {word.strip(" \t\r\n").lower() for word in text.split(":")}


def _shown(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "?", word[:30])
