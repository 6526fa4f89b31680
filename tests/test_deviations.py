"""docs/deviations.md is what the source says."""

from tests.deviations import DOCUMENT, document


def test_the_document_is_up_to_date():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tests.deviations"
