"""BER framing of what is too large to be held: an element is taken apart while it arrives, in slices of any size.

A transfer without checkpoints is one RTTR of perhaps 100 MB inside ``61 30 02 A0 04``, each of them with a definite or an
indefinite length (X.690 8.1.3), and each layer peels off its own part. `TLVStream` finds the borders, `PDVReader` reads
Fully-encoded-data (X.226 8.4.2) and `OctetStringReader` the octet strings inside; all keep a few octets and no content.
`gateway.asn1` decodes whatever arrives whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError

MAXIMUM_DEPTH = 32
_MAXIMUM_HEADER = 24
_END_OF_CONTENTS = b"\x00\x00"


class FramingError(GatewayError):
    """The octets are not the BER they should be; the text says where, counted in octets from the start of the data unit."""


@dataclass(frozen=True, slots=True)
class Start:
    """The identifier and length octets of an element; ``length`` is None for the indefinite form."""

    depth: int
    identifier: bytes
    length: int | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """Contents octets of an element that is not taken apart any further."""

    depth: int
    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The end of an element; ``raw`` holds the end-of-contents octets of the indefinite form."""

    depth: int
    raw: bytes


Token = Start | Content | End


@dataclass(slots=True)
class _Frame:
    """An element that is open.

    Attributes:
        end: Where it ends, None for the indefinite form.
        bound: The nearest end of an element around it or itself, beyond which nothing inside may reach.
        opaque: Its contents are passed on as they are.
    """

    end: int | None
    bound: int | None
    opaque: bool


class TLVStream:
    """Takes one or several elements apart while they arrive.

    The reader of a `Start` may call `keep_whole` before it asks for the next token; the contents then come as `Content`.
    """

    def __init__(self) -> None:
        self._header = bytearray()
        self._frames: list[_Frame] = []
        self._position = 0

    @property
    def between_elements(self) -> bool:
        """Whether every element that began has ended."""
        return not self._frames and not self._header

    def keep_whole(self) -> None:
        """Do not take the element apart that the last `Start` began. One of indefinite length is taken apart all the same."""
        if self._frames[-1].end is not None:
            self._frames[-1].opaque = True

    def feed(self, data: bytes) -> Iterator[Token]:
        """Yield the tokens of ``data``.

        Raises:
            FramingError: Octets that no BER encoder can have meant.
        """
        at = 0
        while at < len(data):
            if self._frames and self._frames[-1].opaque:
                content = data[at : at + self._remaining()]
                at, self._position = at + len(content), self._position + len(content)
                yield Content(len(self._frames) - 1, content)
            else:
                self._header.append(data[at])
                at, self._position = at + 1, self._position + 1
                parsed = _parse_header(self._header, self._position)
                if parsed is None:
                    continue
                raw = bytes(self._header)
                self._header.clear()
                yield self._end_of_contents() if raw == _END_OF_CONTENTS else self._open(raw, *parsed)
            while self._frames and self._frames[-1].end == self._position:
                self._frames.pop()
                yield End(len(self._frames), b"")

    def _remaining(self) -> int:
        end = self._frames[-1].end
        assert end is not None, "only elements of definite length are kept whole"
        return end - self._position

    def _open(self, raw: bytes, identifier: bytes, length: int | None) -> Start:
        constructed = bool(identifier[0] & 0x20)
        bound = self._frames[-1].bound if self._frames else None
        end = None if length is None else self._position + length
        if length is None and not constructed:
            raise FramingError(f"indefinite length of a primitive element before octet {self._position}")
        if bound is not None and (end if end is not None else self._position) > bound:
            raise FramingError(f"an element reaches beyond the one around it before octet {self._position}")
        if len(self._frames) >= MAXIMUM_DEPTH:
            raise FramingError(f"more than {MAXIMUM_DEPTH} elements inside each other before octet {self._position}")
        self._frames.append(_Frame(end, bound if end is None else end, opaque=not constructed))
        return Start(len(self._frames) - 1, identifier, length, raw)

    def _end_of_contents(self) -> End:
        if not self._frames or self._frames[-1].end is not None:
            raise FramingError(f"end-of-contents where no indefinite length is open before octet {self._position}")
        self._frames.pop()
        return End(len(self._frames), _END_OF_CONTENTS)


def _parse_header(header: bytearray, position: int) -> tuple[bytes, int | None] | None:
    """Identifier and length, None when octets are missing (X.690 8.1.2, 8.1.3)."""
    if len(header) > _MAXIMUM_HEADER:
        raise FramingError(f"identifier and length of more than {_MAXIMUM_HEADER} octets before octet {position}")
    split = 1
    if header[0] & 0x1F == 0x1F:
        while split < len(header) and header[split] & 0x80:
            split += 1
        split += 1
    if len(header) <= split:
        return None
    identifier, first = bytes(header[:split]), header[split]
    if first < 0x80:
        return identifier, first
    if first == 0x80:
        return identifier, None
    if first == 0xFF:
        raise FramingError(f"reserved length octet FF before octet {position}")
    octets = header[split + 1 :]
    return (identifier, int.from_bytes(octets, "big")) if len(octets) == first & 0x7F else None


@dataclass(frozen=True, slots=True)
class PDVSlice:
    """A slice of a presentation data value; ``end`` with its last one, which may be empty."""

    context: int
    data: bytes
    end: bool


_FULLY_ENCODED = b"\x61"
_PDV_LIST = b"\x30"
_TRANSFER_SYNTAX = b"\x06"
_CONTEXT = b"\x02"
_SINGLE_ASN1_TYPE = b"\xa0"
_OCTET_ALIGNED = (b"\x81", b"\xa1")
_CONTEXT_OCTETS = 4


class PDVReader:
    """Reads the Fully-encoded-data of one data unit: PDV-lists, in any number, of any length (X.226 8.4.2)."""

    def __init__(self) -> None:
        self._stream = TLVStream()
        self._context_octets = b""
        self._context: int | None = None
        self._member = b""

    def feed(self, data: bytes) -> Iterator[PDVSlice]:
        """Yield the slices of presentation data values in ``data``, at most one for each value that it touches.

        Raises:
            FramingError: The octets are no Fully-encoded-data.
        """
        pieces: list[bytes] = []
        for token in self._stream.feed(data):
            if isinstance(token, Start):
                self._start(token, pieces)
            elif isinstance(token, Content):
                self._content(token, pieces)
            elif token.depth == 2 and self._is_value:
                yield PDVSlice(self._known_context(), b"".join(pieces), end=True)
                pieces, self._member = [], b""
            elif token.depth == 2 and self._member == _CONTEXT:
                self._context = int.from_bytes(self._context_octets, "big", signed=True)
            elif token.depth > 2 and self._member == _SINGLE_ASN1_TYPE:
                pieces.append(token.raw)
        if any(pieces):
            yield PDVSlice(self._known_context(), b"".join(pieces), end=False)

    def finish(self) -> None:
        """Declare the data unit complete.

        Raises:
            FramingError: It ends inside an element.
        """
        if not self._stream.between_elements:
            raise FramingError("the data unit ends inside an element")

    @property
    def _is_value(self) -> bool:
        return self._member == _SINGLE_ASN1_TYPE or self._member in _OCTET_ALIGNED

    def _known_context(self) -> int:
        if self._context is None:
            raise FramingError("a presentation data value before its context identifier")
        return self._context

    def _start(self, token: Start, pieces: list[bytes]) -> None:
        if token.depth < 2:
            expected = (_FULLY_ENCODED, _PDV_LIST)[token.depth]
            if token.identifier != expected:
                raise FramingError(f"identifier {token.identifier.hex()} where {expected.hex()} belongs in a presentation data unit")
            self._context = None if token.depth else self._context
        elif token.depth == 2:
            self._begin_member(token)
        elif self._member == _SINGLE_ASN1_TYPE:
            pieces.append(token.raw)
            self._stream.keep_whole()

    def _begin_member(self, token: Start) -> None:
        self._member = token.identifier
        if self._member == _CONTEXT:
            self._context_octets = b""
        elif self._member == _SINGLE_ASN1_TYPE:
            self._stream.keep_whole()
        elif self._member != _TRANSFER_SYNTAX and self._member not in _OCTET_ALIGNED:
            raise FramingError(f"identifier {token.identifier.hex()} in a PDV-list")

    def _content(self, token: Content, pieces: list[bytes]) -> None:
        if self._is_value:
            pieces.append(token.data)
        elif self._member == _CONTEXT:
            self._context_octets += token.data
            if len(self._context_octets) > _CONTEXT_OCTETS:
                raise FramingError(f"a presentation context identifier of more than {_CONTEXT_OCTETS} octets")


class OctetStringReader:
    """Reads octet strings, primitive or in segments, one after the other: RTTR APDUs (X.228, RTTRapdu)."""

    def __init__(self) -> None:
        self._stream = TLVStream()

    def feed(self, data: bytes) -> bytes:
        """The contents octets in ``data``.

        Raises:
            FramingError: Something else than an octet string.
        """
        pieces: list[bytes] = []
        for token in self._stream.feed(data):
            if isinstance(token, Start) and token.identifier not in (b"\x04", b"\x24"):
                raise FramingError(f"identifier {token.identifier.hex()} where an octet string belongs")
            if isinstance(token, Content):
                pieces.append(token.data)
        return b"".join(pieces)

    @property
    def between_elements(self) -> bool:
        """Whether every octet string that began has ended."""
        return self._stream.between_elements
