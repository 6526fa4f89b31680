"""Every worked example that RFC 2156 and RFC 2157 print is held by something: a golden case, or vectors that run through production code.

The sections are found by reading the RFCs, so that none is forgotten.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.shared import require_shared

CASES = {one.name for one in (Path(__file__).parent / "cases").iterdir()}
_HEADING = re.compile(r"(\d+(?:\.\d+)*)\.  [A-Z]")
_APPENDIX = re.compile(r"Appendix ([A-Z])(?: - |: )\S")

CASE, VECTORS, PROSE = "case ", "vectors ", "prose: "
HELD = {
    "2156": {
        "2.1.1": (PROSE + "what supported means",),
        "3.1.1": (PROSE + "how the document writes element names",),
        "3.1.2": (PROSE + "how the document writes element names",),
        "3.3.4": (VECTORS + "3.3.4",),
        "3.3.7": (VECTORS + "5.3.4.2", CASE + "5.3.4.2-example-message"),
        "3.4": (VECTORS + "3.4",),
        "4.1.1": (VECTORS + "4.1.1",),
        "4.1.2": (VECTORS + "4.1.2",),
        "4.1.3": (VECTORS + "4.1.3",),
        "4.2": (VECTORS + "4.2",),
        "4.3.1": (VECTORS + "4.3.1",),
        "4.3.2": (VECTORS + "4.3.2",),
        "4.3.4": (VECTORS + "4.3.4",),
        "4.3.5": (VECTORS + "4.3.5",),
        "4.4.1": (VECTORS + "4.4.1",),
        "4.4.2": (VECTORS + "4.4.2",),
        "4.6.2.2": (CASE + "4.6.2.2-recipients",),
        "4.7.2": (VECTORS + "4.7.2", CASE + "4.7.2-descriptors"),
        "4.7.3.2": (VECTORS + "4.7.3.2", CASE + "4.7.3-identifiers"),
        "5.1.6": (CASE + "5.1.6-received",),
        "5.3.4.2": (CASE + "5.3.4.2-example-message",),
        "5.3.5": (CASE + "5.3.5-example-notification",),
        "5.3.7": (CASE + "5.3.7-trace",),
        "5.3.8.4": (CASE + "5.3.8.4-delivery-report-1", CASE + "5.3.8.4-delivery-report-2"),
        "F.3": (VECTORS + "App F.3",),
        "F.5": (VECTORS + "App F.5",),
        "F.6": (VECTORS + "App F.6",),
        "I.1": (PROSE + "change history",),
    },
    "2157": {
        "2.3.2": (CASE + "rfc2157-2.3.2-filename-1", CASE + "rfc2157-2.3.2-filename-2"),
        "3.2": (CASE + "rfc2157-3.2-videotex-basic", CASE + "rfc2157-3.2-videotex-extended"),
        "3.3": (CASE + "rfc2157-3.3-x-ftbp",),
        "4.1": (
            CASE + "rfc2157-4.1-word-in-ftbp", CASE + "rfc2157-4.1-tunnel-in-bp14", CASE + "rfc2157-4.1-in-bp14",
            CASE + "rfc2157-4.1-word-in-a-multipart",
        ),
        "5.2": (PROSE + "how body part types are registered",),
        "5.5": (PROSE + "refers to RFC 2158", CASE + "rfc2158-3.1-jpeg-body"),
        "6.6": (CASE + "rfc2157-2.2-digest", CASE + "rfc2157-6.6-multipart"),
    },
}  # fmt: skip
"""Sections with an example, and what holds it."""


def sections_with_examples(number: str) -> set[str]:
    section, appendix, found = "", "", set()
    for line in (require_shared() / "specs" / "rfc" / f"rfc{number}.txt").read_text("latin-1").splitlines():
        if (named := _APPENDIX.match(line)) is not None:
            section = appendix = named[1]
        elif (headed := _HEADING.match(line)) is not None:
            section = f"{appendix}.{headed[1]}" if appendix else headed[1]
        if re.search(r"\b[Ee]xamples?\b", line) and section:
            found.add(section)
    return found


@pytest.mark.parametrize("number", HELD)
def test_every_section_with_an_example_is_held(number: str) -> None:
    assert sections_with_examples(number) == set(HELD[number])


@pytest.mark.parametrize(("number", "section"), [(number, section) for number, sections in HELD.items() for section in sections])
def test_what_holds_it_is_there(number: str, section: str) -> None:
    held = HELD[number][section]
    for one in held:
        if one.startswith(CASE):
            assert one.removeprefix(CASE) in CASES
        elif one.startswith(VECTORS):
            vectors = yaml.safe_load((require_shared() / "vectors" / "addresses.yaml").read_text())
            assert any(str(each["section"]).startswith(one.removeprefix(VECTORS)) for each in _entries(vectors))


def _entries(vectors: object) -> list[dict[str, object]]:
    if isinstance(vectors, dict):
        return [vectors] if "section" in vectors else [each for one in vectors.values() for each in _entries(one)]
    return [each for one in vectors for each in _entries(one)] if isinstance(vectors, list) else []
