"""``mixer map explain -``: a list of addresses in one run, a line for each, with a progress bar on standard error."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gateway.maptools.diff import addresses_in
from gateway.maptools.explaining import Explained, Explainer

_LINES_A_STEP = 200
"""The bar moves after so many lines; it costs more than an address."""


def explain_stream(explainer: Explainer, *, as_json: bool) -> int:
    """Explain every address of standard input: a JSON object a line, or a line of text. How many were refused.

    Addresses are left out as `gateway.maptools.diff.addresses_in` leaves out comments. A summary goes to standard error.
    """
    began = time.perf_counter()
    number = refused = other = 0
    with _lines(sys.stdin.buffer) as lines:
        for explained in map(explainer.explain, addresses_in(lines)):
            number += 1
            refused += bool(explained.error)
            other += not explained.same and not explained.error
            sys.stdout.write(f"{_written(explained, as_json)}\n")
    rate = number / max(time.perf_counter() - began, 1e-9)
    print(f"{number} addresses, {rate:.0f} a second; {refused} refused, {other} not returned by the way back", file=sys.stderr)
    return refused


def _written(explained: Explained, as_json: bool) -> str:
    return json.dumps(explained.facts(), separators=(",", ":")) if as_json else explained.line()


@contextmanager
def _lines(file: BinaryIO) -> Iterator[Iterator[str]]:
    """The lines of a file, with a bar where standard error is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeRemainingColumn())
    # Standard output is the result: it must not go through the console, as rich would have it.
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        task = progress.add_task("explaining", total=_size(file))

        def read() -> Iterator[str]:
            octets = 0
            for number, line in enumerate(file):
                octets += len(line)
                if number % _LINES_A_STEP == 0:
                    progress.update(task, completed=octets)
                yield line.decode("utf-8", "replace")
            progress.update(task, completed=octets)

        yield read()


def _size(file: BinaryIO) -> int | None:
    """Octets of what is redirected from a file; None for a pipe."""
    try:
        return os.fstat(file.fileno()).st_size or None
    except (OSError, ValueError):
        return None
