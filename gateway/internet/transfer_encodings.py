"""Content transfer encodings as lazy filters over `Octets`: base64, quoted-printable (RFC 2045 6.7, 6.8), uuencode."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping

from gateway.octets import MATERIALISE_LIMIT, FilterOctets, MemoryOctets, Octets

IDENTITIES = frozenset({"7bit", "8bit", "binary", ""})
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_LINE = 57
_PIECE = _LINE * 1024
_LONGEST_LINE = 64 * 1024


def decoded(octets: Octets, encoding: str) -> Octets:
    """The content behind a transfer encoding; small content at once, large content read as it is asked for.

    Args:
        octets: The body as transmitted.
        encoding: Value of Content-Transfer-Encoding in lower case; an unknown one gives the octets as they are.
    """
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        return octets
    if len(octets) <= MATERIALISE_LIMIT:
        return MemoryOctets(b"".join(decoder(octets.chunks())))
    run = decoder
    return FilterOctets(lambda: run(octets.chunks()))


def is_known(encoding: str) -> bool:
    """Whether we can read this transfer encoding; if not, the entity is opaque (RFC 2045 6.4)."""
    return encoding in IDENTITIES or encoding in _DECODERS


def base64_body(content: Octets) -> Octets:
    """Content in base64: lines of 76 characters, each with its CRLF, the last one too."""
    full, rest = divmod(len(content), _LINE)
    length = full * 78 + ((rest + 2) // 3 * 4 + 2 if rest else 0)
    return FilterOctets(lambda: _encode_base64(content), length)


def _encode_base64(content: Octets) -> Iterator[bytes]:
    for piece in _pieces(content.chunks(), _PIECE):
        lines = (piece[at : at + _LINE] for at in range(0, len(piece), _LINE))
        yield b"".join(binascii.b2a_base64(line, newline=False) + b"\r\n" for line in lines)


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same octets in pieces of exactly ``size``, the last one shorter."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        whole = len(pending) // size * size
        for at in range(0, whole, size):
            yield pending[at : at + size]
        pending = pending[whole:]
    if pending:
        yield pending


def quoted_printable_body(content: Octets, *, text: bool = True) -> Octets:
    """Content in quoted-printable, lines of at most 76 characters.

    Args:
        content: With CRLF or LF line ends where it is text.
        text: Line ends stay line ends (as CRLF); otherwise CR and LF are octets like others and are encoded.
    """
    return FilterOctets(lambda: _encode_quoted_printable(content.chunks(), text))


def _encode_quoted_printable(chunks: Iterable[bytes], text: bool) -> Iterator[bytes]:
    for lines, complete in _lines(chunks):
        encoded = _encode_lines(lines) if text else binascii.b2a_qp(lines, istext=False)
        joined = encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        # A line that did not fit into one piece, or binary content, goes on after a soft line break.
        yield joined if complete and text else joined + b"=\r\n"


def _encode_lines(octets: bytes) -> bytes:
    flat = octets.replace(b"\r\n", b"\n")
    if b"\r" not in flat:
        return binascii.b2a_qp(flat, istext=True)
    return b"\n".join(binascii.b2a_qp(line, istext=False) for line in flat.split(b"\n"))


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Runs of whole lines; a line above the limit comes in pieces, marked as not complete unless it is the last."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        cut = pending.rfind(b"\n") + 1
        if cut:
            yield pending[:cut], True
            pending = pending[cut:]
        while len(pending) > _LONGEST_LINE:
            cut = _LONGEST_LINE - (pending[_LONGEST_LINE - 1 : _LONGEST_LINE] == b"\r")
            yield pending[:cut], False
            pending = pending[cut:]
    if pending:
        yield pending, True


def _decode_base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lenient: foreign octets are skipped, padding may stand anywhere, a lone last character is dropped."""
    pending = b""
    for chunk in chunks:
        *ended, pending = (pending + chunk.translate(None, _NOT_BASE64)).split(b"=")
        found = [_decode_quads(run) for run in ended]
        whole = len(pending) // 4 * 4
        found.append(_decode_quads(pending[:whole]))
        pending = pending[whole:]
        if any(found):
            yield b"".join(found)
    if len(pending) > 1:
        yield _decode_quads(pending)


def _decode_quads(run: bytes) -> bytes:
    usable = run[:-1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def _decode_quoted_printable(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """RFC 2045 6.7: blanks at line ends were added on the way and go; what is no escape stays as it is."""
    held = b""
    for run, complete in _lines(chunks):
        lines = (held + run).split(b"\n")
        held = b""
        if not complete:
            cut = max(len(lines[-1].rstrip(b" \t\r")) - 2, 0)
            lines[-1], held = lines[-1][:cut], lines[-1][cut:]
        found = [_stripped(line) for line in lines[:-1]]
        last = lines[-1].rstrip(b" \t") if complete else lines[-1]
        yield binascii.a2b_qp(b"\n".join([*found, last]))


def _stripped(line: bytes) -> bytes:
    return line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")


def _decode_uuencode(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """uuencode, which some old systems name as a transfer encoding; lines that do not fit are skipped."""
    for run, _ in _lines(chunks):
        found: list[bytes] = []
        for line in run.splitlines():
            if line and not line.startswith((b"begin ", b"end")):
                found.append(_uu_line(line))
        if any(found):
            yield b"".join(found)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""


_DECODERS: Mapping[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "base64": _decode_base64,
    "quoted-printable": _decode_quoted_printable,
    "x-uuencode": _decode_uuencode,
    "x-uue": _decode_uuencode,
    "uuencode": _decode_uuencode,
}
