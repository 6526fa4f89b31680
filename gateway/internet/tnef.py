"""TNEF, the ``winmail.dat`` of Microsoft mail systems (MS-OXTNEF): the files in it, each a slice of the octets it came in.

The framing is read here and not by a library: the one for Python asks for the whole file as one ``bytes``, and counts that a hostile file
claims keep it busy for hours. The tests hold this reader to that library.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from gateway.errors import GatewayError
from gateway.octets import MATERIALISE_LIMIT, MemoryOctets, Octets

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_OBJECTS: Final = 10_000
_PROPERTIES: Final = 2_000
_HEADER: Final = 6
_PROLOGUE: Final = struct.Struct("<BII")

_MESSAGE_CLASS, _BODY, _PROPERTIES_OF_MESSAGE, _CODEPAGE = 0x8008, 0x800C, 0x9003, 0x9007
_DATA, _TITLE, _MODIFIED, _RENDERING, _ATTACHMENT = 0x800F, 0x8010, 0x8013, 0x9002, 0x9005
_LONG_NAME, _MIME_TYPE, _CONTENT_ID, _METHOD, _OBJECT = 0x3707, 0x370E, 0x3712, 0x3705, 0x3701
_RTF, _HTML = 0x1009, 0x1013
_BY_VALUE: Final = 1
_TEXT_8, _TEXT_16, _BINARY, _AN_OBJECT = 0x1E, 0x1F, 0x0102, 0x0D
_FIXED: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""MAPI type -> octets of a value, fill included."""


class TNEFError(GatewayError):
    """The octets are no TNEF, or not one whose content can be told without doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TNEFFile:
    """One attachment.

    Attributes:
        name: As its sender wrote it; it may hold anything.
        content: Its octets.
        media_type: ``type/subtype`` where the sender said it.
        content_id: Without angle brackets; pictures of an HTML text have one.
        modified: Local time of the sender, taken for UTC.
    """

    name: str
    content: Octets
    media_type: str = ""
    content_id: str = ""
    modified: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TNEFContent:
    """What is in a TNEF.

    Attributes:
        message_class: Such as ``IPM.Microsoft Mail.Note``; anything but a note has meaning beyond its files.
        files: The attachments in order.
        formatted: It holds RTF or HTML of the text.
    """

    message_class: str
    files: tuple[TNEFFile, ...]
    formatted: bool

    @property
    def is_note(self) -> bool:
        """Whether it is an ordinary message, and no meeting, task or report."""
        return self.message_class.lower() in ("", "ipm.note", "ipm.microsoft mail.note")


@dataclass(slots=True)
class _Draft:
    """An attachment while its attributes come in."""

    name: str = ""
    content: Octets | None = None
    media_type: str = ""
    content_id: str = ""
    modified: datetime | None = None
    odd: bool = False


@dataclass(slots=True)
class _State:
    codec: str = "cp1252"
    message_class: str = ""
    formatted: bool = False
    drafts: list[_Draft] = field(default_factory=list)


def open_tnef(octets: Octets) -> TNEFContent:
    """Read a TNEF.

    Raises:
        TNEFError: It is damaged, or an attachment is not simply a file (a message, an OLE object, a reference).
    """
    if octets.read(0, 4) != SIGNATURE:
        raise TNEFError("the octets do not begin with the TNEF signature")
    state = _State()
    for level, name, data in _attributes(octets):
        if level == 1:
            _of_message(name, data, state)
        else:
            _of_attachment(name, data, state)
    return TNEFContent(
        message_class=state.message_class, files=tuple(_finished(one) for one in state.drafts), formatted=state.formatted
    )


def _attributes(octets: Octets) -> Iterator[tuple[int, int, Octets]]:
    """Level, name and data of each attribute."""
    position, end = _HEADER, len(octets)
    for _ in range(_OBJECTS):
        if position == end:
            return
        head = octets.read(position, position + _PROLOGUE.size)
        if len(head) < _PROLOGUE.size:
            raise TNEFError(f"an attribute is cut at octet {position}")
        level, kind, length = _PROLOGUE.unpack(head)
        start = position + _PROLOGUE.size
        if level not in (1, 2) or start + length + 2 > end:
            raise TNEFError(f"the attribute at octet {position} does not fit")
        data = octets.slice(start, start + length)
        _check(data, octets.read(start + length, start + length + 2), position)
        yield level, kind & 0xFFFF, data
        position = start + length + 2
    raise TNEFError(f"there are more than {_OBJECTS} attributes")


def _check(data: Octets, told: bytes, position: int) -> None:
    total = sum(sum(chunk) for chunk in data.chunks())
    if total & 0xFFFF != int.from_bytes(told, "little"):
        raise TNEFError(f"the checksum of the attribute at octet {position} is wrong")


def _of_message(name: int, data: Octets, state: _State) -> None:
    if name == _MESSAGE_CLASS:
        state.message_class = _text(_small(data), state.codec)
    elif name == _CODEPAGE:
        state.codec = _codec(int.from_bytes(_small(data)[:4], "little"))
    elif name == _PROPERTIES_OF_MESSAGE and len(data) <= MATERIALISE_LIMIT:
        state.formatted = any(one in (_RTF, _HTML) for one, _, _ in _properties(_small(data)))
    elif name == _PROPERTIES_OF_MESSAGE:
        state.formatted = True


def _of_attachment(name: int, data: Octets, state: _State) -> None:
    if name == _RENDERING:
        state.drafts.append(_Draft())
        return
    if not state.drafts:
        raise TNEFError("an attribute of an attachment stands before the attachment")
    draft = state.drafts[-1]
    if name == _TITLE:
        draft.name = draft.name or _text(_small(data), state.codec)
    elif name == _DATA:
        draft.content = data
    elif name == _MODIFIED:
        draft.modified = _time(_small(data))
    elif name == _ATTACHMENT:
        _described(draft, _small(data), state.codec)


def _described(draft: _Draft, data: bytes, codec: str) -> None:
    for name, kind, value in _properties(data):
        if name == _LONG_NAME:
            draft.name = _string(value, kind, codec) or draft.name
        elif name == _MIME_TYPE:
            draft.media_type = _string(value, kind, codec)
        elif name == _CONTENT_ID:
            draft.content_id = _string(value, kind, codec)
        elif name == _METHOD:
            draft.odd = draft.odd or int.from_bytes(value[:4], "little") != _BY_VALUE
        elif name == _OBJECT:
            draft.odd = True


def _finished(draft: _Draft) -> TNEFFile:
    if draft.odd:
        raise TNEFError("an attachment is no file but a message, an object or a reference")
    content = draft.content if draft.content is not None else MemoryOctets(b"")
    return TNEFFile(
        name=draft.name, content=content, media_type=draft.media_type, content_id=draft.content_id, modified=draft.modified
    )


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Name, type and value of the properties that have one value; the others are passed over."""
    cursor = _Cursor(data)
    count = cursor.number()
    if count > _PROPERTIES:
        raise TNEFError(f"there are {count} properties")
    for _ in range(count):
        tag = cursor.number()
        kind, name = tag & 0xFFFF, tag >> 16
        if name >= 0x8000:
            cursor.take(16)
            cursor.take(4 if cursor.number() == 0 else cursor.padded())
        many, kind = bool(kind & 0x1000), kind & 0x0FFF
        values = cursor.number() if many or kind not in _FIXED else 1
        if values > len(data):
            raise TNEFError(f"a property has {values} values")
        if many and kind in _FIXED:
            cursor.take((values * (2 if kind == 2 else _FIXED[kind]) + 3) & ~3)
            continue
        for _ in range(values):
            value = cursor.take(_FIXED[kind]) if kind in _FIXED else cursor.take_counted(kind)
            if not many:
                yield name, kind, value


class _Cursor:
    """A position in some octets; reading behind their end is an error."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise TNEFError("the properties are cut")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def padded(self) -> int:
        """A length, with the fill to four octets."""
        return (self.number() + 3) & ~3

    def take_counted(self, kind: int) -> bytes:
        if kind not in (_TEXT_8, _TEXT_16, _BINARY, _AN_OBJECT):
            raise TNEFError(f"a property has the unknown type {kind:04x}")
        length = self.number()
        return self.take((length + 3) & ~3)[:length]


def _small(data: Octets) -> bytes:
    if len(data) > MATERIALISE_LIMIT:
        raise TNEFError(f"an attribute that should be small has {len(data)} octets")
    return data.to_bytes()


def _string(value: bytes, kind: int, codec: str) -> str:
    return value.decode("utf-16-le", "replace").split("\0")[0] if kind == _TEXT_16 else _text(value, codec)


def _text(value: bytes, codec: str) -> str:
    return value.split(b"\0")[0].decode(codec, "replace")


def _codec(codepage: int) -> str:
    name = {65001: "utf-8", 20127: "ascii", 28591: "iso-8859-1", 20866: "koi8-r"}.get(codepage, f"cp{codepage}")
    try:
        return name if b"a".decode(name) == "a" else "cp1252"
    except (LookupError, ValueError):
        return "cp1252"


def _time(data: bytes) -> datetime | None:
    try:
        year, month, day, hour, minute, second = struct.unpack("<6H", data[:12])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (ValueError, struct.error):
        return None
