"""The command line: ``mixer``. One small file for each group of commands, each command a thin call into the library.

Exit codes: 0 good, 1 findings or failure, 2 usage.
"""

from __future__ import annotations

import sys

from gateway.cli import convert, demo, mail, map_, queue, serve
from gateway.cli.common import app
from gateway.errors import GatewayError

__all__ = ["app", "convert", "demo", "mail", "main", "map_", "queue", "serve"]


def main() -> None:
    """Run the command line. This is an edge: an error of the gateway is one line on standard error and exit code 1."""
    try:
        app()
    except GatewayError as error:
        print(f"mixer: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
