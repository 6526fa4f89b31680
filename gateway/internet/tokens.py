"""The lexical tokens of structured header fields: RFC 5322 section 3.2 with the obsolete forms, RFC 6532, RFC 2045."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

_WHITE = " \t\r\n"
_ADDRESS_SPECIALS = '()<>[]:;@\\,."'


class Kind(Enum):
    """What a token is."""

    ATOM = "atom"
    QUOTED = "quoted-string"
    LITERAL = "domain-literal"
    COMMENT = "comment"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        text: The meaning: quotes, brackets of comments and backslashes are gone.
        spaced: White space stood before it.
    """

    kind: Kind
    text: str
    spaced: bool = False

    def is_special(self, characters: str) -> bool:
        """Whether this is one of these special characters."""
        return self.kind is Kind.SPECIAL and self.text in characters


def address_tokens(value: str) -> Iterator[Token]:
    """Tokens of address, date and message identifier fields (specials of RFC 5322 3.2.3)."""
    return _tokens(value, _ADDRESS_SPECIALS, literals=True)


@cache
def _atom(specials: str) -> re.Pattern[str]:
    return re.compile("[^" + re.escape(specials + _WHITE) + "]+")


def _tokens(value: str, specials: str, *, literals: bool) -> Iterator[Token]:
    atom = _atom(specials)
    position, spaced = 0, False
    while position < len(value):
        character = value[position]
        if character in _WHITE:
            position, spaced = position + 1, True
            continue
        if character == '"':
            text, position = _quoted(value, position + 1, '"')
            yield Token(Kind.QUOTED, text, spaced)
        elif character == "(":
            text, position = _comment(value, position + 1)
            yield Token(Kind.COMMENT, text, spaced)
        elif character == "[" and literals:
            text, position = _quoted(value, position + 1, "]")
            yield Token(Kind.LITERAL, f"[{text}]", spaced)
        elif match := atom.match(value, position):
            position = match.end()
            yield Token(Kind.ATOM, match.group(), spaced)
        else:
            position += 1
            yield Token(Kind.SPECIAL, character, spaced)
        spaced = False


def _quoted(value: str, position: int, closing: str) -> tuple[str, int]:
    """The text up to an unescaped closing character; a missing one is taken to stand at the end."""
    found: list[str] = []
    while position < len(value) and value[position] != closing:
        if value[position] == "\\" and position + 1 < len(value):
            position += 1
        found.append(value[position])
        position += 1
    return "".join(found), position + 1


def _comment(value: str, position: int) -> tuple[str, int]:
    found: list[str] = []
    depth = 1
    while position < len(value):
        character = value[position]
        if character == "\\" and position + 1 < len(value):
            position += 1
            character = value[position]
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return "".join(found), position + 1
        found.append(character)
        position += 1
    return "".join(found), position


def without_comments(value: str) -> str:
    """The value with its comments replaced by a space each; quoted strings keep theirs."""
    if "(" not in value:
        return value
    found: list[str] = []
    position = 0
    while position < len(value):
        if value[position] == '"':
            _, end = _quoted(value, position + 1, '"')
            found.append(value[position:end])
        elif value[position] == "(":
            _, end = _comment(value, position + 1)
            found.append(" ")
        else:
            end = position + 1
            found.append(value[position])
        position = end
    return "".join(found)
