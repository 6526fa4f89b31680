"""Files of individual users: our CSV, and the proxy-address export of Exchange.

| form | a line |
|---|---|
| CSV | ``mailbox,oraddress[,primary]``; a header line with these names may stand first |
| proxy addresses | one user: ``SMTP:jane@example.org;smtp:jd@example.org;X400:c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;`` |

``primary`` says which of several lines counts. ``yes`` (``true``, ``1``, ``primary``): for both ways; ``x400``: this line decides where
mail for the mailbox goes; ``internet``: this line decides which mailbox the O/R address becomes. In proxy addresses a type in capitals
marks the primary one. The columns ``proxyAddresses`` (csvde, Active Directory) and ``EmailAddresses`` (Exchange) are found by their header.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import ConfigurationError

MOST_FIELD_CHARACTERS: Final = 60_000
_BOTH: Final = frozenset({"yes", "true", "1", "primary", "both", "y"})
_NEITHER: Final = frozenset({"", "no", "false", "0", "n", "alias"})
_PROXY_COLUMNS: Final = frozenset({"proxyaddresses", "emailaddresses", "email addresses", "e-mail addresses", "proxy addresses"})
# Peer: csvde puts ';' between values and '\;' inside them; Export-Csv of Exchange joins with blanks or commas; Exchange 5.5 used '%'.
_PROXY: Final = re.compile(
    r"(?:^|[;,|%\s{\[])(smtp|x400|x500|sip|sips|eum|im|ms|ccmail|gwise|notes|mapi|spo|mrs|rfax|fax|tel):", re.IGNORECASE
)
_SMTP_OR_X400: Final = re.compile(r"(?:smtp|x400):", re.IGNORECASE)


class Row(NamedTuple):
    """One pair.

    Attributes:
        to_x400: The mailbox goes to this O/R address, whatever other lines say.
        to_internet: The O/R address goes to this mailbox, whatever other lines say.
        line: Counted from 1.
        columns: Of mailbox and O/R address in the line, counted from 1.
    """

    mailbox: str
    oraddress: str
    to_x400: bool
    to_internet: bool
    line: int
    columns: tuple[int, int]


class Fault(NamedTuple):
    """A line that cannot be used."""

    line: int
    column: int
    text: str


def open_text(path: Path) -> io.TextIOBase:
    """A file of users as text: UTF-8, or UTF-16 with a byte order mark; octets that are neither become lone surrogates.

    Raises:
        ConfigurationError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        # Peer: csvde -u and PowerShell's Unicode encoding write UTF-16 with a mark.
        encoding = "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        return path.open(encoding=encoding, errors="surrogateescape" if encoding == "utf-8-sig" else "replace", newline="")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


class RowReader:
    """Reads the lines of one file.

    Args:
        lines: The file, line by line.
    """

    def __init__(self, lines: Iterator[str] | io.TextIOBase) -> None:
        self._lines = lines
        self._raw = ""
        self._is_text = True
        self._csv = csv.reader(self._remembered(), strict=True)
        self._proxy_column: int | None = None

    def _remembered(self) -> Iterator[str]:
        for line in self._lines:
            self._raw = line
            self._is_text = line.isascii() or not any("\udc80" <= each <= "\udcff" for each in line)
            yield line

    def rows(self) -> Iterator[Row | Fault]:
        """All pairs, and a fault for each line that cannot be used."""
        first = True
        while True:
            try:
                fields = next(self._csv)
            except StopIteration:
                return
            except csv.Error as error:
                yield Fault(self._csv.line_num, 1, f"not a CSV line: {error}")
                continue
            if not self._is_text:
                yield Fault(self._csv.line_num, 1, "the line is not UTF-8 text")
                continue
            if not fields or fields == [""] or fields[0].lstrip().startswith("#"):
                continue
            if first:
                first = False
                if self._is_header(fields):
                    continue
            if self._proxy_column is None and len(fields) in (2, 3):
                yield self._pair(fields)
            elif self._proxy_column is None:
                yield Fault(self._csv.line_num, 1, _EXPECTED if len(fields) < 2 else f"{len(fields)} fields; {_EXPECTED}; {_QUOTE}")
            else:
                yield from self._proxies(fields)

    def _is_header(self, fields: Sequence[str]) -> bool:
        names = [name.strip().lower() for name in fields]
        column = next((at for at, name in enumerate(names) if name in _PROXY_COLUMNS), None)
        if column is not None:
            self._proxy_column = column
            return True
        if _SMTP_OR_X400.match(fields[0].strip()):
            self._proxy_column = -1
            return False
        return names[:2] == ["mailbox", "oraddress"]

    def _pair(self, fields: Sequence[str]) -> Row | Fault:
        word = fields[2].strip().lower() if len(fields) == 3 else ""
        line = self._csv.line_num
        if word not in _WAYS:
            return Fault(line, self._column(2), f"{fields[2][:40]!r} is no value for primary: expected yes, no, x400 or internet")
        mailbox = fields[0].strip()
        return Row(mailbox, fields[1], *_WAYS[word], line, (1, len(fields[0]) + 2 if self._raw[:1] != '"' else self._column(1)))

    def _column(self, index: int) -> int:
        """Where a field begins, counted from 1."""
        place, quoted = 0, False
        for at, character in enumerate(self._raw):
            if place == index:
                return at + 1
            if character == '"':
                quoted = not quoted
            elif character == "," and not quoted:
                place += 1
        return len(self._raw.rstrip("\r\n")) + 1

    def _proxies(self, fields: Sequence[str]) -> Iterator[Row | Fault]:
        """The pairs of one user: its primary addresses, and each alias with the primary of the other kind."""
        column = self._proxy_column or 0
        if column >= len(fields):
            yield Fault(self._csv.line_num, 1, f"only {len(fields)} fields, the proxy addresses should be in field {column + 1}")
            return
        found = proxies(fields[column] if column >= 0 else ",".join(fields))
        smtp = _primary_first([(type_.isupper(), value) for type_, value in found if type_.lower() == "smtp"])
        x400 = _primary_first([(type_.isupper(), value) for type_, value in found if type_.lower() == "x400"])
        if not smtp or not x400:
            return
        line, columns = self._csv.line_num, (self._column(max(column, 0)),) * 2
        yield Row(smtp[0], x400[0], True, True, line, columns)
        yield from (Row(alias, x400[0], False, False, line, columns) for alias in smtp[1:])
        yield from (Row(smtp[0], alias, False, False, line, columns) for alias in x400[1:])


_WAYS: Final = {
    **dict.fromkeys(_BOTH, (True, True)),
    **dict.fromkeys(_NEITHER, (False, False)),
    "x400": (True, False),
    "internet": (False, True),
}
_EXPECTED: Final = "expected mailbox,oraddress[,primary]"
_QUOTE: Final = 'a field with a comma stands in quotation marks ("...")'


def proxies(text: str) -> list[tuple[str, str]]:
    """Type and value of the proxy addresses of one user, in order; escapes taken away."""
    starts = list(_PROXY.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    found = []
    for match, end in zip(starts, ends, strict=True):
        value = re.sub(r"\\(.)", r"\1", text[match.end() : end])
        type_ = match.group(1)
        found.append((type_, value.strip(" \t{}[]|%,") if type_.lower() == "x400" else value.strip(" \t;,{}[]|%")))
    return found


def _primary_first(marked: Sequence[tuple[bool, str]]) -> list[str]:
    return [value for _, value in sorted(marked, key=lambda one: not one[0])]
