"""Names of files that body part 14 has no place for: a text part that lists them, and names that are made up.

# Peer: products of 1984 links send such a list beside their attachments: Boldon James with name, date and time, Mail.D beside an OCIS
# part, the gateway of Microsoft Mail after parts called BDYn.P00. Their forms were never published; what they have in common is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gateway.internet.fields import as_ascii
from gateway.mixer.body_files import safe_filename
from gateway.octets import Octets, octets
from gateway.x400.bodyparts import BodyPart
from gateway.x400.charsets import text_from_ia5, text_from_t61

TITLE: Final = "File names of the attachments:"
_LONGEST_LIST: Final = 64 * 1024
_LONGEST_LINE: Final = 400
_NAMED: Final = re.compile(
    r"\s*(?:\d{1,3}[.):]?\s+)?(?:[A-Za-z ]{1,20}:\s*)?(?P<quote>\"?)(?P<name>[^\"/\\\t]{1,200}?\.[A-Za-z0-9]{1,8})(?P=quote)"
    r"(?:[\s,;]+[0-9./:\-]{4,20}(?:[AaPp][Mm])?){0,4}\s*"
)
"""A name with an extension, perhaps numbered and labelled before it, with date and time behind it."""


def names_text(names: Sequence[str]) -> Octets:
    """The text of a list, for people too: a title, and a line for each attachment in order."""
    lines = [f"{number}. {as_ascii(safe_filename(name)) or invented_name(number)}" for number, name in enumerate(names, 1)]
    return octets("".join(f"{line}\r\n" for line in (TITLE, *lines)).encode("ascii", "replace"))


def names_in(part: BodyPart) -> tuple[str, ...] | None:
    """The names in a text part that is nothing but a list of them; None for any other part."""
    text = _text_of(part)
    if text is None:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and (lines[0].strip() == TITLE or lines[0].rstrip().endswith(":")):
        lines = lines[1:]
    found = [_NAMED.fullmatch(line) if len(line) <= _LONGEST_LINE else None for line in lines]
    return tuple(safe_filename(one["name"]) for one in found if one) if found and all(found) else None


def _text_of(part: BodyPart) -> str | None:
    if part.ia5_text is not None and len(part.ia5_text.data) <= _LONGEST_LIST:
        return text_from_ia5(part.ia5_text.data.to_bytes())
    if part.teletex is not None and sum(map(len, part.teletex.data)) <= _LONGEST_LIST:
        return "\r\n".join(text_from_t61(page.to_bytes()) for page in part.teletex.data)
    return None


def invented_name(number: int) -> str:
    """The name of the body part at a place (from 1) that came without one; always the same."""
    return f"part-{number}.bin"
