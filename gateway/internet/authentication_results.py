"""Authentication-Results (RFC 8601): what a gateway says about the mail it took, and what nobody else may say in its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.internet.encoded_words import sanitise
from gateway.internet.fields import Field, field
from gateway.internet.message import Header, Message

NAME: Final = "Authentication-Results"
METHODS: Final = ("auth", "spf", "dkim", "dmarc")
"""Methods that are reported, in this order; a second result of a method has the key ``dkim/2``."""

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_IDENTIFIER = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@/-]+")
_DEEPEST = 8


def value_for(value: str) -> str:
    """A property's value as it stands in the field: ASCII, quoted where it is no token (RFC 8601 2.2 pvalue)."""
    text = sanitise(value)[:200].encode("ascii", "backslashreplace").decode("ascii")
    return text if _TOKEN.fullmatch(text) else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def comment_for(text: str) -> str:
    """A reason as a comment."""
    plain = sanitise(text)[:150].encode("ascii", "replace").decode("ascii")
    return f" ({plain.translate({ord(sign): ' ' for sign in '()' + chr(92)})})" if plain else ""


def identifier_of(value: str) -> str:
    """The authserv-id of a field, in lower case; empty where there is none (2.5)."""
    for _ in range(_DEEPEST):
        value, count = _COMMENT.subn(" ", value)
        if not count:
            break
    match = _IDENTIFIER.match(value)
    if match is None:
        return ""
    return (re.sub(r"\\(.)", r"\1", match.group(1)) if match.group(1) is not None else match.group(2)).lower().rstrip(".")


def is_of(item: Field, identifier: str) -> bool:
    """Whether a field speaks in the name of ``identifier``."""
    return item.name.lower() == NAME.lower() and identifier_of(item.value) == identifier.lower().rstrip(".")


def without_results_of(header: Header, identifier: str) -> Header:
    """The header without the fields that only ``identifier`` itself may write (RFC 8601 section 5)."""
    kept = [each for each in header if not is_of(each, identifier)]
    return header if len(kept) == len(header) else Header(kept)


def results_field(identifier: str, results: Mapping[str, str]) -> Field | None:
    """The field for results by method, such as ``{"spf": "pass smtp.mailfrom=example.org"}``; None without any."""
    found = [f"{method}={results[key]}" for method in METHODS for key in sorted(results) if key.partition("/")[0] == method]
    return field(NAME, "; ".join((identifier, *found))) if found else None


def stamped(message: Message, identifier: str, results: Mapping[str, str]) -> Message:
    """The message with our results on top, and without any that pretend to be ours."""
    header = without_results_of(message.header, identifier)
    ours = results_field(identifier, results)
    if ours is None and header is message.header:
        return message
    return replace(message, header=Header([*([ours] if ours is not None else []), *header]))
