"""Small sets of tables, written as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gateway.maptools.sources import SourceFile, Sources
from gateway.mixer.mcgam import MappingTable

Make = Callable[..., Sources]


def make(**files: str | Mapping[str, str]) -> Sources:
    """``make(domain_to_oraddress="a.example#C$XX#")``; a mapping gives several files of one table, in order."""
    found: dict[MappingTable, list[SourceFile]] = {}
    for word, texts in files.items():
        name = word.replace("_", "-")
        named = {name: texts} if isinstance(texts, str) else texts
        found[MappingTable(name)] = [SourceFile(name=file, octets=text.encode()) for file, text in named.items()]
    return found


@pytest.fixture
def sources() -> Make:
    return make
