"""Compiles files of users into the directory that `gateway.lookup.users` reads; measured by `bench_users`.

Two passes. The first reads the lines, checks both addresses and writes the records; it keeps 24 octets an entry in memory. The second
enters the records into the two hash tables and settles which of several lines for one address counts. Nothing replaces the old file
before all of it is written and on disk; a set with one faulty line is refused whole.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from gateway.errors import ConfigurationError
from gateway.internet.addresses import Mailbox
from gateway.lookup.user_keys import UserAddressError, mailbox_text_key, oraddress_text_key
from gateway.lookup.user_rows import Fault, Row, RowReader, open_text
from gateway.lookup.users import (
    FOLD_LOCAL,
    FORM_VERSION,
    HEADER,
    OFFSET_BITS,
    OFFSET_MASK,
    RECORD,
    SLOT,
    Header,
    UserDirectory,
    UserDirectoryError,
    hash_of,
)
from gateway.mixer.mcgam import Finding

_MOST_FINDINGS: Final = 1000
_TO_X400: Final = 1
_TO_INTERNET: Final = 2


class UsersError(ConfigurationError):
    """The users cannot be compiled; ``findings`` has the lines that are wrong (at most 1000), the text the first ones."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        more = f" (and {len(findings) - 10} more)" if len(findings) > 10 else ""
        super().__init__("; ".join(str(finding) for finding in findings[:10]) + more)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What compiling cost and gave.

    Attributes:
        entries: Pairs.
        octets: Size of the file.
        seconds: It took.
    """

    entries: int
    octets: int
    seconds: float

    @property
    def octets_per_entry(self) -> float:
        """Size of the file by pairs."""
        return self.octets / self.entries if self.entries else 0.0


def digest_of(sources: Sequence[Path], *, fold_local: bool = False) -> bytes:
    """Digest of the source files, their names and the options: the same digest, the same directory.

    Raises:
        ConfigurationError: One cannot be read.
    """
    total = hashlib.sha256(f"{FORM_VERSION}/{fold_local}".encode())
    for path in sources:
        try:
            with path.open("rb") as file:
                total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from error
    return total.digest()


def activate(sources: Sequence[Path], target: Path, *, fold_local: bool = False) -> UserDirectory:
    """The directory of these files, compiled if that was not done before. For start and reload; takes seconds for a million users.

    Args:
        sources: Files in the forms of `gateway.lookup.user_rows`.
        target: The compiled file.
        fold_local: Ignore the case of local parts.

    Raises:
        UsersError: Lines that cannot be used; an older compiled file stays as it is.
        ConfigurationError: A file cannot be read or written.
    """
    present = compiled_from(sources, target, fold_local=fold_local)
    if present is not None:
        return present
    compile_users(sources, target, fold_local=fold_local)
    return UserDirectory(target)


def compiled_from(sources: Sequence[Path], target: Path, *, fold_local: bool = False) -> UserDirectory | None:
    """The compiled directory where it was made from these files as they are now; else None.

    Raises:
        ConfigurationError: A file cannot be read.
    """
    digest = digest_of(sources, fold_local=fold_local)
    try:
        present = UserDirectory(target)
    except UserDirectoryError:
        return None  # not there yet, or of another version
    return present if present.digest == digest else None


def check_users(sources: Sequence[Path], *, fold_local: bool = False) -> tuple[Finding, ...]:
    """Every line of the files that cannot be used, without making anything (``mixer map check``)."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            compile_users(sources, Path(folder) / "users", fold_local=fold_local)
        except UsersError as error:
            return error.findings
    return ()


def compile_users(sources: Sequence[Path], target: Path, *, fold_local: bool = False) -> Compiled:
    """Compile files of users.

    Args:
        sources: Files in the forms of `gateway.lookup.user_rows`.
        target: The compiled file; replaced at once and whole.
        fold_local: Ignore the case of local parts.

    Raises:
        UsersError: Lines that cannot be used, with file, line and column.
        ConfigurationError: A file cannot be read or written.
    """
    began = time.perf_counter()
    digest = digest_of(sources, fold_local=fold_local)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise ConfigurationError(f"{target}: {error.strerror}") from error
    work = Path(name)
    try:
        with os.fdopen(handle, "w+b", buffering=1 << 20) as file:
            header = _Compiler(sources, file, fold_local).run(digest)
            os.fsync(file.fileno())
        work.chmod(0o644)
        work.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise ConfigurationError(f"{target}: {error.strerror}") from error
    finally:
        work.unlink(missing_ok=True)
    return Compiled(entries=header.records, octets=header.size, seconds=time.perf_counter() - began)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class _Compiler:
    """One compilation."""

    def __init__(self, sources: Sequence[Path], file: IO[bytes], fold_local: bool) -> None:
        self._sources = sources
        self._file = file
        self._fold_local = fold_local
        self._findings: list[Finding] = []
        self._offsets = array("Q")
        self._by_mailbox = array("Q")
        self._by_oraddress = array("Q")
        self._at = HEADER.size

    def run(self, digest: bytes) -> Header:
        """Write everything; returns the header that was written."""
        self._file.write(bytes(HEADER.size))
        for number, path in enumerate(self._sources):
            with open_text(path) as lines:
                for row in RowReader(lines).rows():
                    self._take(number, row)
        self._check()
        header = self._layout(digest)
        self._file.write(bytes(header.tables_at - self._at))
        self._file.flush()
        tables = self._tables(header)
        self._check()
        for table in tables:
            table.tofile(self._file)
        self._file.write(json.dumps([str(path) for path in self._sources]).encode())
        size = self._file.tell()
        header = replace(header, size=size)
        self._file.seek(0)
        self._file.write(header.encode())
        self._file.flush()
        return header

    def _take(self, number: int, row: Row | Fault) -> None:
        if isinstance(row, Fault):
            self._find(number, row.line, row.column, row.text)
            return
        try:
            mailbox_key = mailbox_text_key(row.mailbox, fold_local=self._fold_local)
        except UserAddressError as error:
            self._find(number, row.line, row.columns[0], str(error))
            return
        try:
            oraddress_key = oraddress_text_key(row.oraddress)
        except UserAddressError as error:
            self._find(number, row.line, row.columns[1], str(error))
            return
        self._write(number, row, hash_of(mailbox_key), hash_of(oraddress_key))

    def _write(self, number: int, row: Row, by_mailbox: int, by_oraddress: int) -> None:
        mailbox, oraddress = row.mailbox.encode(), row.oraddress.encode()
        if len(mailbox) > 0xFFFF or len(oraddress) > 0xFFFF:
            self._find(number, row.line, 1, "the line is too long")
            return
        flags = row.to_x400 * _TO_X400 | row.to_internet * _TO_INTERNET
        self._file.write(RECORD.pack(flags, number, row.line, len(mailbox), len(oraddress)) + mailbox + oraddress)
        self._offsets.append(self._at)
        self._by_mailbox.append(by_mailbox)
        self._by_oraddress.append(by_oraddress)
        self._at += RECORD.size + len(mailbox) + len(oraddress)

    def _find(self, number: int, line: int, column: int, text: str) -> None:
        self._findings.append(Finding(where=f"{self._sources[number]}:{line}:{column}", text=text))
        if len(self._findings) >= _MOST_FINDINGS:
            raise UsersError(self._findings)

    def _check(self) -> None:
        if self._findings:
            raise UsersError(self._findings)

    def _layout(self, digest: bytes) -> Header:
        slots = 8
        while slots * 2 < len(self._offsets) * 3:
            slots *= 2
        tables_at = -(-self._at // SLOT.size) * SLOT.size
        return Header(
            flags=FOLD_LOCAL if self._fold_local else 0, records=len(self._offsets), slots=slots, records_at=HEADER.size,
            tables_at=tables_at, names_at=tables_at + 2 * slots * SLOT.size, size=0, digest=digest,
        )  # fmt: skip

    def _tables(self, header: Header) -> tuple[array[int], array[int]]:
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as records:
            by_mailbox = _Table(records, header.slots, _TO_X400, lambda texts: mailbox_text_key(texts[0], fold_local=self._fold_local))
            for hashed, offset in zip(self._by_mailbox, self._offsets, strict=True):
                by_mailbox.enter(hashed, offset)
            self._settle(records, by_mailbox, "mailbox")
            by_oraddress = _Table(records, header.slots, _TO_INTERNET, lambda texts: oraddress_text_key(texts[1]))
            for hashed, offset in zip(self._by_oraddress, self._offsets, strict=True):
                by_oraddress.enter(hashed, offset)
            self._settle(records, by_oraddress, "O/R address")
        return by_mailbox.words, by_oraddress.words

    def _settle(self, records: mmap.mmap, table: _Table, kind: str) -> None:
        """Where several lines have one address, exactly one has to be marked as primary."""
        other = "O/R address" if kind == "mailbox" else "mailbox"
        for first, second in table.several_primary:
            self._find_two(records, first, second, f"a second primary line for this {kind}: {{first}} has the first")
        for first, second in table.undecided.values():
            text = f"another {other} for the {kind} of {{first}}, and neither line is primary: mark one"
            self._find_two(records, first, second, text)

    def _find_two(self, records: mmap.mmap, first: int, second: int, text: str) -> None:
        _, first_file, first_line, _, _ = RECORD.unpack_from(records, first)
        _, number, line, _, _ = RECORD.unpack_from(records, second)
        self._find(number, line, 1, text.format(first=f"{self._sources[first_file]}:{first_line}"))


class _Table:
    """One hash table while it is filled; open addressing, linear probing."""

    def __init__(self, records: mmap.mmap, slots: int, primary: int, key: Callable[[tuple[str, str]], bytes]) -> None:
        self.words: array[int] = array("Q", bytes(slots * SLOT.size))
        self.undecided: dict[int, tuple[int, int]] = {}
        self.several_primary: list[tuple[int, int]] = []
        self._records = records
        self._mask = slots - 1
        self._primary = primary
        self._key = key

    def enter(self, hashed: int, offset: int) -> None:
        """One record under its key."""
        words, mask = self.words, self._mask
        word = hashed >> OFFSET_BITS << OFFSET_BITS | offset
        place = hashed & mask
        while present := words[place]:
            if (present ^ word) >> OFFSET_BITS == 0 and self._same(present & OFFSET_MASK, offset):
                self._again(place, present & OFFSET_MASK, offset, word)
                return
            place = (place + 1) & mask
        words[place] = word

    def _texts(self, offset: int) -> tuple[str, str]:
        *_, mailbox, oraddress = RECORD.unpack_from(self._records, offset)
        start = offset + RECORD.size
        return self._records[start : start + mailbox].decode(), self._records[start + mailbox : start + mailbox + oraddress].decode()

    def _same(self, one: int, other: int) -> bool:
        return self._key(self._texts(one)) == self._key(self._texts(other))

    def _again(self, place: int, first: int, second: int, word: int) -> None:
        """A second line for an address: the primary one counts."""
        first_primary = self._records[first] & self._primary
        if not self._records[second] & self._primary:
            if not first_primary and self._texts(first) != self._texts(second):
                self.undecided.setdefault(place, (first, second))
        elif first_primary and self._texts(first) != self._texts(second):
            self.several_primary.append((first, second))
        else:
            self.words[place] = word
            self.undecided.pop(place, None)


# --- measurement ---------------------------------------------------------------------------------------------------------------------


def bench_users(count: int = 1_000_000, folder: Path | None = None) -> dict[str, float]:
    """Compile ``count`` users and look some of them up; for ``make bench``.

    Args:
        count: Users.
        folder: Where to work; a temporary one by default.

    Returns:
        ``entries``, ``compile_seconds``, ``octets_per_entry``, ``mailbox_lookups_per_second``, ``oraddress_lookups_per_second``,
        ``misses_per_second``.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return bench_users(count, Path(temporary))
    source, target = folder / "users.csv", folder / "users.compiled"
    with source.open("w", encoding="utf-8") as file:
        file.write("mailbox,oraddress,primary\n")
        for number in range(count):
            file.write(
                f"user.{number}@d{number % 97}.example.org,"
                f"/G=User/S=Name{number}/OU=Unit {number % 89}/O=Org {number % 97}/PRMD=Example/ADMD=A/C=GB/,\n"
            )
    compiled = compile_users((source,), target)
    directory = UserDirectory(target)
    some = range(0, count, max(1, count // 5000))
    pairs = [directory.of_mailbox(Mailbox(local=f"user.{number}", domain=f"d{number % 97}.example.org")) for number in some]
    known = [pair for pair in pairs if pair is not None]
    return {
        "entries": float(compiled.entries),
        "compile_seconds": compiled.seconds,
        "octets_per_entry": compiled.octets_per_entry,
        "mailbox_lookups_per_second": _rate(len(known), lambda: [directory.of_mailbox(pair.mailbox) for pair in known]),
        "oraddress_lookups_per_second": _rate(len(known), lambda: [directory.of_oraddress(pair.oraddress) for pair in known]),
        "misses_per_second": _rate(len(known), lambda: [directory.of_mailbox(replace(pair.mailbox, local="?")) for pair in known]),
    }


def _rate(number: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return number / max(time.perf_counter() - began, 1e-9)
