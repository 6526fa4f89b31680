"""The log: one form for every line, nothing secret, nothing that a peer said as it said it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    found = io.StringIO()
    before, root = structlog.get_config(), logging.getLogger()
    handlers = list(root.handlers)
    log.configure(json=True, stream=found)
    yield found
    structlog.configure(**before)
    root.handlers[:] = handlers


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_what_libraries_log_has_the_same_form_and_is_escaped(stream: io.StringIO) -> None:
    logging.getLogger("asyncio").warning("the peer said %s", "\x1b[31m\r\nforged")
    line, = lines(stream)
    assert (line["event"], line["component"], line["level"]) == ("library.warning", "asyncio", "warning")
    assert line["text"] == "the peer said \\x1b[31m\\r\\nforged"


def test_a_second_set_up_does_not_double_the_lines(stream: io.StringIO) -> None:
    log.configure(json=True, stream=stream)
    logging.getLogger("asyncio").error("once")
    assert len(lines(stream)) == 1


def test_secrets_and_long_values_are_not_written(stream: io.StringIO) -> None:
    log.get("test").info("smtp.refused", password="hush", reply="x" * 2000)
    line, = lines(stream)
    assert line["password"] == "***"
    assert len(str(line["reply"])) < 600
