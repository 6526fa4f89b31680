"""The two status tables of RFC 2156 5.3.8.2 and 5.1.8.4."""

from __future__ import annotations

import re

import pytest

from gateway.mixer.status import STATUS_OF_PAIR, X400_OF_STATUS, status_from_x400, x400_from_status
from gateway.x400.mts import NonDeliveryDiagnosticCode, NonDeliveryReasonCode


@pytest.mark.parametrize(
    ("reason", "diagnostic", "status"),
    [
        (1, 0, "5.1.1"), (1, 3, "5.4.6"), (1, 5, "4.4.7"), (2, 9, "5.6.3"), (1, 9, "5.0.0"), (0, 2, "4.4.0"),
        (4, 35, "5.1.0"), (1, 43, "5.1.6"),
        (2, 47, "5.3.3"), (0, 48, "5.3.4"), (5, None, "5.7.1"), (77, None, "5.0.0"), (8, 99, "5.7.0"),
    ],
)  # fmt: skip
def test_the_pair_counts_first_then_the_reason(reason: int, diagnostic: int | None, status: str) -> None:
    assert status_from_x400(reason, diagnostic) == status


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("5.1.1", (1, 0)), ("4.1.1", (1, 0)), ("5.2.2", (1, 4)), ("5.2.37", (1, None)), ("5.4.9", (0, None)), ("5.7.26", (1, 46)),
        ("5.6.2", (1, 9)), ("5.9.1", (1, None)), ("rubbish", (1, None)),
    ],
)  # fmt: skip
def test_the_class_does_not_count_and_unknown_details_fall_back(status: str, expected: tuple[int, int | None]) -> None:
    assert x400_from_status(status) == expected


def test_the_tables_are_not_inverse() -> None:
    assert status_from_x400(*x400_from_status("5.6.2")) == "5.0.0"
    assert status_from_x400(*x400_from_status("5.5.3")) == "5.5.3"


def test_every_code_of_x411_has_a_status() -> None:
    pairs = [(reason, diagnostic) for reason in NonDeliveryReasonCode for diagnostic in (None, *NonDeliveryDiagnosticCode)]
    assert all(re.fullmatch(r"[45]\.\d\.\d", status_from_x400(*pair)) for pair in pairs)


def test_every_row_uses_codes_of_x411() -> None:
    reasons, diagnostics = set(NonDeliveryReasonCode), set(NonDeliveryDiagnosticCode)
    assert all(reason in reasons and diagnostic in diagnostics for reason, diagnostic in STATUS_OF_PAIR)
    assert all(reason in reasons and (diagnostic is None or diagnostic in diagnostics) for reason, diagnostic in X400_OF_STATUS.values())
