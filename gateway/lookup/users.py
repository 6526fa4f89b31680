"""The users' directory: exact pairs of mailbox and O/R address in one indexed read-only file.

The file is mapped into memory and shared by all processes through the page cache, so a million users cost no memory per process; a look-up
touches one or two slots of a hash table and one record. It is made by `gateway.lookup.users_compile` and replaced whole.

```
header   magic, version of the form, flags, number of records and slots, offsets, digest of what it was made from
records  flags, file, line, lengths; mailbox and O/R address as they were written (UTF-8)
tables   two of `slots` 64-bit words, by mailbox and by O/R address: 24 bits of the key's hash, 40 bits offset of the record
names    of the files it was made from (JSON)
```
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Final

from gateway.errors import ConfigurationError, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.lookup.user_keys import mailbox_from, mailbox_key, oraddress_from, oraddress_key
from gateway.mixer.questions import UserPair
from gateway.x400.oraddress import ORAddress

MAGIC: Final = b"MIXUSERS"
FORM_VERSION: Final = 4
FOLD_LOCAL: Final = 1
"""Flag of the file: the case of local parts does not count."""
HEADER: Final = Struct("<8sIIQQQQQQ32s")
"""Magic, version, flags, records, slots, offset of records, of the tables, of the names, size of the file, digest."""
RECORD: Final = Struct("<BHIHH")
"""Flags, number of the file, line, octets of the mailbox, octets of the O/R address."""
SLOT: Final = Struct("<Q")
OFFSET_BITS: Final = 40
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1


class UserDirectoryError(ConfigurationError):
    """The compiled directory cannot be used: it is not there, damaged, or of another version."""


def hash_of(key: bytes) -> int:
    """64 bits of a key; the same everywhere and always, since they are in the file."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the file says of itself; offsets in octets."""

    flags: int
    records: int
    slots: int
    records_at: int
    tables_at: int
    names_at: int
    size: int
    digest: bytes

    def encode(self) -> bytes:
        """As it stands in the file."""
        return HEADER.pack(
            MAGIC, FORM_VERSION, self.flags, self.records, self.slots, self.records_at, self.tables_at, self.names_at, self.size,
            self.digest,
        )  # fmt: skip

    @classmethod
    def decode(cls, octets: bytes, where: str) -> Header:
        """Read it.

        Raises:
            UserDirectoryError: It is no such file, of another version, or not consistent.
        """
        if len(octets) < HEADER.size or not octets.startswith(MAGIC):
            raise UserDirectoryError(f"{where}: not a compiled users' directory")
        _, version, flags, records, slots, records_at, tables_at, names_at, size, digest = HEADER.unpack(octets[: HEADER.size])
        if version != FORM_VERSION:
            raise UserDirectoryError(f"{where}: made by another version of this program ({version}, not {FORM_VERSION}); compile it again")
        if not (slots and slots & (slots - 1) == 0 and records < slots and records_at == HEADER.size):
            raise UserDirectoryError(f"{where}: the header is damaged; compile it again")
        if not records_at <= tables_at <= tables_at + 2 * slots * SLOT.size == names_at <= size:
            raise UserDirectoryError(f"{where}: the header is damaged; compile it again")
        return cls(
            flags=flags, records=records, slots=slots, records_at=records_at, tables_at=tables_at, names_at=names_at, size=size,
            digest=digest,
        )  # fmt: skip


class UserDirectory:
    """The compiled directory; implements `gateway.mixer.questions.Users`. Immutable: a new set is a new object.

    Args:
        path: The compiled file. It stays mapped, and so readable, when another one replaces it.

    Raises:
        UserDirectoryError: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._header = Header.decode(file.read(HEADER.size), str(path))
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise UserDirectoryError(f"{path}: {error}") from error
        if len(self._map) != self._header.size:
            raise UserDirectoryError(f"{path}: {len(self._map)} octets, but it was made with {self._header.size}; compile it again")
        try:
            self._names: tuple[str, ...] = tuple(json.loads(self._map[self._header.names_at :]))
        except ValueError as error:
            raise UserDirectoryError(f"{path}: damaged at its end; compile it again") from error
        self._fold_local = bool(self._header.flags & FOLD_LOCAL)
        self._mask = self._header.slots - 1

    def __len__(self) -> int:
        """Number of pairs."""
        return self._header.records

    @property
    def version(self) -> str:
        """Short digest of what the directory was made from; goes into the plan of a conversion."""
        return self._header.digest.hex()[:16]

    @property
    def digest(self) -> bytes:
        """Digest of the source files, see `users_compile.digest_of`."""
        return self._header.digest

    @property
    def octets(self) -> int:
        """Size of the file."""
        return self._header.size

    def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        """The user of a mailbox: the same local part, the same domain in any case."""
        key = mailbox_key(mailbox, fold_local=self._fold_local)
        for offset in self._candidates(self._header.tables_at, hash_of(key)):
            pair = self._pair(offset)
            if mailbox_key(pair.mailbox, fold_local=self._fold_local) == key:
                return pair
        return None

    def of_oraddress(self, address: ORAddress) -> UserPair | None:
        """The user of an O/R address, matched by X.402 18.4."""
        key = address.key()
        table = self._header.tables_at + self._header.slots * SLOT.size
        for offset in self._candidates(table, hash_of(oraddress_key(address))):
            pair = self._pair(offset)
            if pair.oraddress.key() == key:
                return pair
        return None

    def pairs(self) -> Iterator[UserPair]:
        """All pairs in the order of the source files, for checks and exports."""
        offset = self._header.records_at
        for _ in range(self._header.records):
            yield self._pair(offset)
            *_, mailbox_octets, oraddress_octets = RECORD.unpack_from(self._map, offset)
            offset += RECORD.size + mailbox_octets + oraddress_octets

    def _candidates(self, table: int, hashed: int) -> Iterator[int]:
        """Offsets of the records whose key has these bits of the hash."""
        print_, place = hashed >> OFFSET_BITS, hashed & self._mask
        for _ in range(self._header.slots):
            (word,) = SLOT.unpack_from(self._map, table + place * SLOT.size)
            if not word:
                return
            if word >> OFFSET_BITS == print_:
                yield word & OFFSET_MASK
            place = (place + 1) & self._mask

    def _pair(self, offset: int) -> UserPair:
        mailbox, oraddress, where = self._texts(offset)
        try:
            return UserPair(mailbox=mailbox_from(mailbox), oraddress=oraddress_from(oraddress), where=where)
        except ConfigurationError:
            raise
        except GatewayError as error:
            raise UserDirectoryError(f"{where}: the compiled directory does not fit this version any more: {error}") from error

    def _texts(self, offset: int) -> tuple[str, str, str]:
        start = offset + RECORD.size
        try:
            if not self._header.records_at <= offset <= start <= self._header.tables_at:
                raise ValueError("a record is outside")
            _, name, line, mailbox_octets, oraddress_octets = RECORD.unpack_from(self._map, offset)
            middle = start + mailbox_octets
            if middle + oraddress_octets > self._header.tables_at:
                raise ValueError("a record is outside")
            mailbox = self._map[start:middle].decode()
            return mailbox, self._map[middle : middle + oraddress_octets].decode(), f"{self._names[name]}:{line}"
        except (ValueError, IndexError, OSError) as error:
            raise UserDirectoryError(f"the compiled users' directory is damaged: {error}; compile it again") from error
