"""``mixer map import --users``: the address lists of Exchange and Active Directory, to the users' CSV of the gateway.

Taken are CSV exports (Exchange 5.5 directory export, csvde, Export-Csv), LDIF (ldifde, ldapsearch), and plain lines with the addresses of
one user each: ``SMTP:jane@example.org%X400:c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;``. A type in capitals marks the primary address of
its kind; where none is marked the first counts. What a user lacks and what is illegal is named by user and line; nothing is repaired.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.maptools.problems import Problem, error, warning
from gateway.maptools.sources import SourceFile
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

LONGEST_RECORD: Final = 200_000
"""Characters of one user; the longest seen in practice are some thousand."""

_ANY: Final = re.compile(r"(?:smtp|x400):", re.IGNORECASE)
_LDIF: Final = re.compile(r"^dn::? ", re.MULTILINE | re.IGNORECASE)
_PROXY_ATTRIBUTES: Final = frozenset({"proxyaddresses", "othermailbox"})
_X400_ATTRIBUTES: Final = frozenset({"textencodedoraddress"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UserForms:
    """How the users' directory reads addresses. The directory is no pure package, so its functions are handed in.

    Attributes:
        split: Type and value of the proxy addresses of one user, from one text.
        mailbox: A mailbox; raises a `GatewayError` for one that the directory would refuse.
        oraddress: An O/R address, likewise.
    """

    split: Callable[[str], list[tuple[str, str]]]
    mailbox: Callable[[str], Mailbox]
    oraddress: Callable[[str], ORAddress]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLine:
    """One line of the users' CSV (`gateway.lookup.user_rows`)."""

    mailbox: str
    oraddress: str
    primary: str


def import_users(source: SourceFile, forms: UserForms, problems: list[Problem]) -> Iterator[UserLine]:
    """The pairs of all users: both primaries first, then each alias with the primary of the other kind."""
    text = _text(source.octets)
    records = _ldif(text, forms) if _LDIF.search(text[:65536]) else _rows(text, forms, source.name, problems)
    for number, addresses in records:
        yield from _user(addresses, forms, source.name, number, problems)


def csv_of_users(users: Iterable[UserLine]) -> str:
    """The users' CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("mailbox", "oraddress", "primary"))
    writer.writerows((user.mailbox, user.oraddress, user.primary) for user in users)
    return text.getvalue()


def _text(octets: bytes) -> str:
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Peer: Exchange 5.5 writes display names in the ANSI code page; addresses are ASCII in any of them.
        return octets.decode("latin-1")


Record = tuple[int, list[tuple[str, str]]]
"""Line, and the addresses of one user as type and value."""


def _rows(text: str, forms: UserForms, file: str, problems: list[Problem]) -> Iterator[Record]:
    """One user a row, whatever the columns are called: addresses are known by their type."""
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            problems.append(error("not-taken", file, reader.line_num, 0, f"the row is not CSV: {fault}"))
            continue
        joined = ",".join(cell for cell in cells if _ANY.search(cell))
        if len(joined) > LONGEST_RECORD:
            problems.append(error("not-taken", file, reader.line_num, 0, f"the row has {len(joined)} characters"))
        elif joined:
            yield reader.line_num, forms.split(joined)


def _ldif(text: str, forms: UserForms) -> Iterator[Record]:
    """Entries of LDIF (RFC 2849), folded lines joined."""
    first, addresses, seen = 0, list[tuple[str, str]](), False
    lines = list(_unfolded(text))
    for number, line in [*lines, (0, "")]:
        if not line:
            if seen and addresses:
                yield first, addresses
            first, addresses, seen = 0, [], False
            continue
        first, seen = first or number, True
        name, value = _attribute(line)
        if name in _PROXY_ATTRIBUTES:
            addresses += forms.split(value)
        elif name in _X400_ATTRIBUTES:
            addresses.append(("x400", value.removeprefix("X400:").strip()))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(" ") and whole and len(whole) < LONGEST_RECORD:
            whole += line[1:]
            continue
        if first:
            yield first, whole
        whole, first = line, number
    if first:
        yield first, whole


def _attribute(line: str) -> tuple[str, str]:
    name, _, rest = line.partition(":")
    if not rest.startswith(":"):
        return name.strip().lower(), rest.strip()
    try:
        return name.strip().lower(), base64.b64decode(rest[1:].strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return name.strip().lower(), ""


def _user(
    addresses: list[tuple[str, str]], forms: UserForms, file: str, number: int, problems: list[Problem]
) -> Iterator[UserLine]:
    mailboxes = list(_legal(addresses, "smtp", partial(_mailbox, forms), file, number, problems))
    oraddresses = list(_legal(addresses, "x400", partial(_oraddress, forms), file, number, problems))
    if not mailboxes or not oraddresses:
        there = next((value for type_, value in addresses if type_.lower() in ("smtp", "x400")), "")
        lacks = "mailbox" if not mailboxes else "O/R address"
        if there:
            problems.append(warning("not-taken", file, number, 0, f"the user {there[:120]} has no usable {lacks}"))
        return
    yield UserLine(mailbox=mailboxes[0], oraddress=oraddresses[0], primary="yes")
    yield from (UserLine(mailbox=alias, oraddress=oraddresses[0], primary="") for alias in mailboxes[1:])
    yield from (UserLine(mailbox=mailboxes[0], oraddress=alias, primary="") for alias in oraddresses[1:])


def _legal(
    addresses: list[tuple[str, str]], kind: str, read: Callable[[str], tuple[str, object]], file: str, number: int, problems: list[Problem]
) -> Iterator[str]:
    """The legal addresses of a kind, each once, the primary one first."""
    marked = sorted((one for one in addresses if one[0].lower() == kind), key=lambda one: not one[0].isupper())
    seen: set[object] = set()
    for type_, value in marked:
        try:
            text, key = read(value)
        except GatewayError as fault:
            problems.append(error("not-taken", file, number, 0, f"{type_}:{value[:120]}: {fault}"))
            continue
        if key not in seen:
            seen.add(key)
            yield text


def _mailbox(forms: UserForms, value: str) -> tuple[str, object]:
    mailbox = forms.mailbox(value)
    return mailbox.address, mailbox


def _oraddress(forms: UserForms, value: str) -> tuple[str, object]:
    address = forms.oraddress(value)
    return to_text(address), address.key()
