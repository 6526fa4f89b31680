"""The cost of a look-up does not grow with the tables: the promise of ``make bench``."""

from __future__ import annotations

import pytest

from gateway.maptools.mapper import settings_for
from gateway.maptools.watching import Watch
from tests.bench_addresses import asked, domain_rate, levels_rate, tables_of


@pytest.mark.parametrize("entries", [20, 200, 2_000])
def test_a_look_up_asks_for_one_key_for_each_component_whatever_the_size(entries: int) -> None:
    watch = Watch(settings_for(tables_of(entries)))
    for domain, levels in asked(entries, 20):
        assert watch.settings.tables.oraddress_of_domain(domain)
        assert len(watch.taken()) <= domain.count(".") + 1
        assert list(watch.settings.tables.domains_of_oraddress(levels))
        assert len(watch.taken()) == 8


@pytest.mark.slow
def test_the_time_of_a_look_up_is_flat_from_100_to_100_000_entries() -> None:
    # The processor's caches hold the small tables and not the large ones, which costs a factor of three.
    small, large = tables_of(100), tables_of(100_000)
    assert len(large) == 100_000
    assert domain_rate(large, 100_000) > domain_rate(small, 100) / 10
    assert levels_rate(large, 100_000) > levels_rate(small, 100) / 10
