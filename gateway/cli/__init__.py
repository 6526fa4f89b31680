"""The command line: ``mixer``. One small file for each group of commands, each command a thin call into the library.

Exit codes: 0 good, 1 findings or failure, 2 usage.
"""

from __future__ import annotations

import sys

from gateway.cli import conformance, convert, demo, mail, map_, map_diff, map_tools, peer, probe, queue, serve, trace, track
from gateway.cli.common import app
from gateway.errors import GatewayError

__all__ = [
    "app", "conformance", "convert", "demo", "mail", "main", "map_", "map_diff", "map_tools", "peer", "probe", "queue", "serve", "trace",
    "track",
]  # fmt: skip


def main() -> None:
    """Run the command line. This is an edge: an error is one line on standard error and exit code 1."""
    try:
        app()
    except GatewayError as error:
        print(f"mixer: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        print(f"mixer: {error}", file=sys.stderr)
        sys.exit(1)
