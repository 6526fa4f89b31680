r"""PX records in zone files: the master file format of RFC 1035 5.1, as far as PX records need it.

Read leniently: the marks that RFC 2163 4.3 prints, ``!`` before comments and ``\`` before a continued line, are taken too. Records of
other types are none of our business and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.maptools.problems import Problem, error
from gateway.maptools.sources import SourceFile, lines

LONGEST_RECORD: Final = 200
"""Lines between parentheses; more is a parenthesis that was forgotten."""

_TTL: Final = re.compile(r"[0-9]+(?:[SMHDWsmhdw][0-9]*)*")
_CLASSES: Final = frozenset({"IN", "CH", "HS", "CS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PXRecord:
    """One PX record, names complete and without the last full stop."""

    owner: str
    preference: int
    map822: str
    mapx400: str
    line: int


def px_records(source: SourceFile, problems: list[Problem]) -> Iterator[PXRecord]:
    """All PX records of a zone file; what cannot be read goes to ``problems``."""
    origin: str | None = None
    owner = ""
    for number, blank, tokens in _logical_lines(source, problems):
        if tokens[0].upper() == "$ORIGIN" and len(tokens) == 2:
            origin = _complete(tokens[1], origin)
            if origin is None:
                problems.append(error("syntax", source.name, number, 0, f"$ORIGIN {tokens[1][:80]} is not complete", "a last full stop"))
        elif tokens[0].upper() == "$INCLUDE":
            problems.append(error("syntax", source.name, number, 0, "$INCLUDE is not followed; name the file itself"))
        elif not tokens[0].startswith("$"):
            owner, rest = (owner, tokens) if blank else (tokens[0], tokens[1:])
            data = _after_ttl_and_class(rest)
            if data and data[0].upper() == "PX":
                yield from _record(owner, data[1:], origin, source.name, number, problems)


def _logical_lines(source: SourceFile, problems: list[Problem]) -> Iterator[tuple[int, bool, list[str]]]:
    """Number of the first line, whether it begins with a blank (same owner as before), and the words; parentheses join lines."""
    tokens: list[str] = []
    first, blank, depth, count = 0, False, 0, 0
    for number, line in lines(source, problems, comments=False):
        text = "" if line.startswith("!") else line.partition(";")[0].rstrip()
        if not tokens and not depth:
            first, blank, count = number, text[:1] in (" ", "\t"), 0
        continued = text.endswith("\\")
        words = text.removesuffix("\\").replace("(", " ( ").replace(")", " ) ").split()
        depth = max(0, depth + words.count("(") - words.count(")"))
        tokens += [word for word in words if word not in ("(", ")")]
        count += 1
        if count > LONGEST_RECORD:
            problems.append(error("syntax", source.name, first, 0, "the parenthesis that opens here is never closed"))
            tokens, depth = [], 0
        elif not depth and not continued and tokens:
            yield first, blank, tokens
            tokens = []
    if tokens:
        problems.append(error("syntax", source.name, first, 0, "the record is not complete when the file ends"))


def _after_ttl_and_class(words: list[str]) -> list[str]:
    at = 0
    while at < len(words) and (words[at].upper() in _CLASSES or _TTL.fullmatch(words[at]) is not None):
        at += 1
    return words[at:]


def _record(owner: str, data: list[str], origin: str | None, file: str, number: int, problems: list[Problem]) -> Iterator[PXRecord]:
    if len(data) != 3 or not data[0].isascii() or not data[0].isdigit() or len(data[0]) > 5 or int(data[0]) > 65535:
        expected = "PX, a preference of 0 to 65535, a domain and an O/R prefix as a domain (RFC 2163 4)"
        problems.append(error("syntax", file, number, 0, f"this PX record has {' '.join(data)[:120]!r}", expected))
        return
    names = [_complete(name, origin) for name in (owner, data[1], data[2])]
    if None in names or not owner:
        problems.append(error("syntax", file, number, 0, "a name is not complete and there is no $ORIGIN", "a full stop at its end"))
        return
    complete = [name or "" for name in names]
    yield PXRecord(owner=complete[0], preference=int(data[0]), map822=complete[1], mapx400=complete[2], line=number)


def _complete(name: str, origin: str | None) -> str | None:
    """A name with its origin and without the last full stop; None when it is relative to nothing."""
    if name.endswith("."):
        return name[:-1]
    if origin is None:
        return None
    return origin if name == "@" else f"{name}.{origin}" if origin else name
