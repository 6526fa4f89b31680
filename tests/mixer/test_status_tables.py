"""Both status tables, row by row against the digest of RFC 2156 5.3.8.2 and 5.1.8.4, and every code of X.411 by its printed name."""

from __future__ import annotations

import re

import pytest

from gateway.mixer import codes
from gateway.mixer.status import STATUS_OF_DIAGNOSTIC, X400_OF_STATUS, status_from_x400, x400_from_status
from gateway.x400.mts import NonDeliveryDiagnosticCode, NonDeliveryReasonCode
from tests.shared import require_shared

_CELL = re.compile(r"(\d)/(\d+|any)(?:-(\d+))?$")


def table(start: str, end: str) -> list[list[str]]:
    """Cells of the table rows of the digest between two headings."""
    text = (require_shared() / "specs" / "messages.md").read_text()
    part = text[text.index(start) : text.index(end)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| ")]


def rows_to_status() -> dict[tuple[int, int | None], str]:
    found: dict[tuple[int, int | None], str] = {}
    for cells in table("**R26**", "Gaps and readings"):
        for code, status in ((cells[0], cells[2]), (cells[4], cells[6])):
            match = _CELL.match(code)
            if match is None:
                continue
            reason, first, last = int(match[1]), match[2], match[3]
            if first == "any":
                found[reason, None] = status
                continue
            for diagnostic in range(int(first), int(last or first) + 1):
                found.setdefault((reason, diagnostic), status)
            if not last:
                found[reason, int(first)] = status  # a row of its own counts more than a range
    return found


def rows_to_x400() -> dict[str, tuple[int, int | None] | None]:
    found: dict[str, tuple[int, int | None] | None] = {}
    for cells in table("**R39**", "Unknown detail"):
        for status, code in zip(cells[0::3], cells[1::3], strict=False):
            if not status.startswith("X."):
                continue
            match = re.fullmatch(r"(\d)/(\d+|-)", code)
            found[status] = None if match is None else (int(match[1]), None if match[2] == "-" else int(match[2]))
    return found


def test_x400_to_status_is_the_table_of_the_rfc() -> None:
    rows = rows_to_status()
    assert len(rows) == 8 + 37 + 14  # reasons, pairs, and the range of postal codes
    reasons = {reason: status for (reason, diagnostic), status in rows.items() if diagnostic is None}
    for reason in (*NonDeliveryReasonCode, 99):
        for diagnostic in (None, *NonDeliveryDiagnosticCode, 200):
            got = status_from_x400(int(reason), None if diagnostic is None else int(diagnostic))
            if (reason, diagnostic) in rows:
                assert got == rows[reason, diagnostic], (reason, diagnostic)
            elif diagnostic in STATUS_OF_DIAGNOSTIC:
                assert got == STATUS_OF_DIAGNOSTIC[diagnostic], (reason, diagnostic)
            else:
                assert got == reasons.get(reason, "5.7.0" if reason == 8 else "5.0.0"), (reason, diagnostic)


def test_status_to_x400_is_the_table_of_the_rfc() -> None:
    rows = rows_to_x400()
    assert len(rows) == 49
    for status, expected in rows.items():
        for digit in "245":
            got = x400_from_status(status.replace("X", digit))
            assert got == (expected or {"X.1.5": (1, None), "X.6.4": (2, 19)}[status]), status
    assert {f"X.{key}" for key in X400_OF_STATUS} == set(rows) - {"X.1.5"}


@pytest.mark.parametrize("subject", range(10))
def test_a_detail_without_a_row_counts_as_zero(subject: int) -> None:
    expected = x400_from_status(f"5.{subject}.0")
    for detail in (9, 37, 99, 999):
        assert x400_from_status(f"5.{subject}.{detail}") == expected


def names_of(type_name: str) -> dict[int, str]:
    """The named numbers of an INTEGER in the published module of X.411 (1999)."""
    module = (require_shared() / "specs" / "asn1" / "itu-t_x_x411_1999_MTSAbstractService.asn1").read_text()
    body = re.search(rf"^{type_name} ::= INTEGER \{{(.*?)\}}", module, re.M | re.S)
    assert body is not None
    return {int(number): name for name, number in re.findall(r"([a-z][A-Za-z0-9-]*)\((\d+)\)", body[1])}


def test_every_code_has_the_name_that_x411_prints_and_plain_words_in_both_languages() -> None:
    reasons, diagnostics = names_of("NonDeliveryReasonCode"), names_of("NonDeliveryDiagnosticCode")
    assert (len(reasons), len(diagnostics)) == (9, 79)
    assert {number: codes.reason_name(number) for number in reasons} == reasons
    assert {number: codes.diagnostic_name(number) for number in diagnostics} == diagnostics
    for german in (False, True):
        said = [codes.words(reason, None, german=german) for reason in reasons]
        said += [codes.words(1, diagnostic, german=german) for diagnostic in diagnostics]
        assert len(set(said)) == len(said) and all(said)


def test_codes_that_x411_does_not_know_are_numbers() -> None:
    assert codes.names(1, 200) == "unable-to-transfer, 200"
    assert codes.words(77, 200) == codes.words(1, None)
