"""Damage, as it comes from broken programs and bad lines: the same seed gives the same octets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

_NUMBERS = (0, 1, 2, 0x1F, 0x20, 0x30, 0x7F, 0x80, 0x81, 0x84, 0x88, 0xA0, 0xBF, 0xFE, 0xFF)
_BIG = (b"\x84\xff\xff\xff\xff", b"\x88" + b"\x7f" * 8, b"\x80", b"\x00\x00", b"\xff" * 9, b"\xbf\xff\xff\xff\x7f")
_WORDS = (
    b"\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"=?utf-8?q?",
    b"--",
    b"\x1b$B",
    b"\x1b%G",
    b"\x0e",
    b"(",
    b'"',
    b"@",
    b"/",
    b";",
    b"<>",
    b"%s",
    b"\x9b",
)


def _flip(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)


def _set(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    octets[random.randrange(len(octets))] = random.choice(_NUMBERS)


def _cut(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    del octets[random.randrange(len(octets)) :]


def _drop(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    start = random.randrange(len(octets))
    del octets[start : start + random.randint(1, 16)]


def _insert(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    start = random.randrange(len(octets) + 1)
    octets[start:start] = random.choice((*_BIG, *_WORDS))


def _repeat(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    start = random.randrange(len(octets))
    piece = octets[start : start + random.randint(1, 64)]
    octets[start:start] = piece * random.choice((1, 2, 3, 50))


def _splice(octets: bytearray, random: Random, others: Sequence[bytes]) -> None:
    other = random.choice(others)
    start, theirs = random.randrange(len(octets)), random.randrange(len(other) + 1)
    octets[start : start + random.randint(0, 64)] = other[theirs : theirs + random.randint(1, 200)]


_DAMAGE: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    _flip,
    _flip,
    _set,
    _set,
    _cut,
    _drop,
    _insert,
    _repeat,
    _splice,
)


def mutated(seeds: Sequence[bytes], random: Random) -> bytes:
    """One of the seeds with one to eight kinds of damage; at most 64 KiB."""
    octets = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        if octets:
            random.choice(_DAMAGE)(octets, random, seeds)
    return bytes(octets[: 1 << 16])
