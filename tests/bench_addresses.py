"""``make bench``, second part: mapping tables of 100 to 100,000 entries, and a users' directory of a million.

Everything runs in this process and takes about a minute; nothing is asserted. That the cost of a look-up does not grow with the tables
is held by ``tests/maptools/test_lookup_cost.py``.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.lookup.users_compile import bench_users
from gateway.maptools.explaining import Explainer
from gateway.maptools.mapper import settings_for
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import Levels, MappingTables, load
from gateway.x400.oraddress import ORAddress

SIZES = (100, 1_000, 10_000, 100_000)
USERS = 1_000_000
LOOKUPS = 20_000
MAPPINGS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One size of tables.

    Attributes:
        load_seconds: From text to tables.
        octets_each: Memory by entry.
        domains, levels, misses: Look-ups a second: of a domain, of an O/R hierarchy, of a domain that no entry covers.
        there, back: Whole mappings a second, mailbox to O/R address and the other way.
    """

    entries: int
    load_seconds: float
    octets_each: float
    domains: float
    levels: float
    misses: float
    there: float
    back: float


# --- what is measured -------------------------------------------------------------------------------------------------------------------


def tables_of(entries: int) -> MappingTables:
    """Tables with so many entries: half of them map domains, half of them O/R prefixes, PRMDs and organizations mixed."""
    pairs = [_pair(number) for number in range(entries // 2)]
    return load(
        {
            "domain-to-oraddress": [("d2o", "".join(f"{domain}#{prefix}#\n" for domain, prefix in pairs))],
            "oraddress-to-domain": [("o2d", "".join(f"{prefix}#{domain}#\n" for domain, prefix in pairs))],
        }
    )


def _pair(number: int) -> tuple[str, str]:
    prmd = number // 10
    if number % 10:
        return f"o{number}.p{prmd}.example", f"O$Org {number}.PRMD$PRMD {prmd}.ADMD$A{prmd % 50}.C$XX"
    return f"p{prmd}.example", f"PRMD$PRMD {prmd}.ADMD$A{prmd % 50}.C$XX"


def asked(entries: int, number: int = LOOKUPS) -> Iterator[tuple[str, Levels]]:
    """Domains and hierarchies two levels below entries all over the tables."""
    for each in range(number):
        at = each * 7919 % (entries // 2)
        prmd = at // 10
        organization = f"Org {at}" if at % 10 else f"own{each}"
        domain = f"o{at}.p{prmd}.example" if at % 10 else f"own{each}.p{prmd}.example"
        yield f"b.a.{domain}", ("XX", f"A{prmd % 50}", f"PRMD {prmd}", organization, "a", "b")


def rate(number: int, work: Callable[[], object], rounds: int = 3) -> float:
    """How often a second, in the best of some rounds."""
    best = 0.0
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = max(best, number / max(time.perf_counter() - began, 1e-9))
    return best


def domain_rate(tables: MappingTables, entries: int) -> float:
    """Look-ups of a domain a second."""
    domains = [domain for domain, _ in asked(entries)]
    assert all(map(tables.oraddress_of_domain, domains))
    return rate(len(domains), lambda: [tables.oraddress_of_domain(domain) for domain in domains])


def levels_rate(tables: MappingTables, entries: int) -> float:
    """Look-ups of an O/R hierarchy a second."""
    levels = [levels for _, levels in asked(entries)]
    assert all(next(tables.domains_of_oraddress(one), None) for one in levels)
    return rate(len(levels), lambda: [next(tables.domains_of_oraddress(one), None) for one in levels])


def measured(entries: int) -> Measured:
    """All of one size."""
    octets = memory(entries) / entries
    began = time.perf_counter()
    tables = tables_of(entries)
    seconds = time.perf_counter() - began
    settings = settings_for(tables)
    some = list(asked(entries, MAPPINGS))
    mailboxes = [f"joe.doe{at}@{domain}" for at, (domain, _) in enumerate(some)]
    names = [_address(levels, f"doe{at}") for at, (_, levels) in enumerate(some)]
    strangers = [f"b.a.x{at}.nowhere" for at in range(LOOKUPS)]
    return Measured(
        entries=len(tables), load_seconds=seconds, octets_each=octets,
        domains=domain_rate(tables, entries), levels=levels_rate(tables, entries),
        misses=rate(LOOKUPS, lambda: [tables.oraddress_of_domain(domain) for domain in strangers]),
        there=rate(MAPPINGS, lambda: [mailbox_to_oraddress(one, settings, Role.RECIPIENT) for one in mailboxes], 1),
        back=rate(MAPPINGS, lambda: [oraddress_to_mailbox(one, settings, Role.RECIPIENT) for one in names], 1),
    )  # fmt: skip


def _address(levels: Levels, surname: str) -> ORAddress:
    country, admd, prmd, organization, *units = levels
    return ORAddress(
        country=country, admd=admd, prmd=prmd, organization=organization,
        organizational_units=tuple(unit for unit in units if unit), surname=surname, given_name="joe",
    )  # fmt: skip


def memory(entries: int) -> int:
    """Octets that tables of a size hold; measured on tables of their own, since it slows the loading down."""
    gc.collect()
    tracemalloc.start()
    try:
        tables = tables_of(entries)
        gc.collect()
        assert len(tables)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


# --- tables -----------------------------------------------------------------------------------------------------------------------------


def show_tables() -> None:
    """Mapping tables by size, and addresses a second of `mixer map explain`."""
    print("\nmapping tables: look-ups and whole mappings a second")
    titles = ("entries", "load s", "octets each", "domains", "O/R", "misses", "to X.400", "to Internet")
    print(("{:>10}" + "{:>12}" * 7).format(*titles))
    for entries in SIZES:
        one = measured(entries)
        numbers = (one.octets_each, one.domains, one.levels, one.misses, one.there, one.back)
        print(f"{one.entries:>10}{one.load_seconds:>12.2f}" + "".join(f"{number:>12.0f}" for number in numbers))
    explainer = Explainer(settings_for(tables_of(SIZES[-1])), Role.RECIPIENT)
    addresses = [f"joe.doe{at}@{domain}" for at, (domain, _) in enumerate(asked(SIZES[-1], MAPPINGS))]
    explained = rate(MAPPINGS, lambda: [explainer.explain(address).line() for address in addresses], 1)
    print(f"map explain -, both ways with {SIZES[-1]} entries: {explained:.0f} addresses a second")


def show_users() -> None:
    """The users' directory."""
    found = bench_users(USERS)
    print("\nusers' directory (a file that all processes share; no memory by process)")
    print("{:>10}{:>12}{:>12}{:>12}{:>12}{:>12}".format("users", "compile s", "octets each", "mailboxes", "O/R", "misses"))
    rates = ("octets_per_entry", "mailbox_lookups_per_second", "oraddress_lookups_per_second", "misses_per_second")
    print(f"{found['entries']:>10.0f}{found['compile_seconds']:>12.1f}" + "".join(f"{found[name]:>12.0f}" for name in rates))


if __name__ == "__main__":
    show_tables()
    show_users()
