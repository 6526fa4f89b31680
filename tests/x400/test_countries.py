"""X.121 data country codes, by what Annex J says."""

from __future__ import annotations

import re

import pytest

from gateway.x400.countries import ISO_3166_OF_X121
from gateway.x400.oraddress import ORAddress


def test_codes_are_three_digits_and_two_letters() -> None:
    assert all(re.fullmatch(r"[2-7][0-9]{2}", code) and re.fullmatch(r"[A-Z]{2}", letters) for code, letters in ISO_3166_OF_X121.items())


@pytest.mark.parametrize(("codes", "letters"), [
    ("208 209 210 211", "FR"), ("234 235 236 237", "GB"), ("262 263 264 265", "DE"),
    ("310 311 312 313 314 315 316", "US"), ("302 303", "CA"),
    ("440 441 442 443", "JP"), ("505", "AU"), ("222 223 224", "IT"), ("424 430 431", "AE"), ("450 480 481", "KR"), ("724 725", "BR"),
])  # fmt: skip
def test_countries_with_their_codes(codes: str, letters: str) -> None:
    """X.121 (10/2000) Annex J."""
    assert {ISO_3166_OF_X121[code] for code in codes.split()} == {letters}


@pytest.mark.parametrize("code", ["200", "340", "362", "999", "000"])
def test_what_has_no_single_country_stays_a_number(code: str) -> None:
    assert code not in ISO_3166_OF_X121
    assert dict(ORAddress(country=code).key())["country"] == code
