"""TCP to a peer, and TLS where it is wanted: what comes before the first octet of the stack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.mta.association import Association, ConnectionFailedError
from gateway.mta.tls import CallerTLS
from gateway.osi.stack import Stack


async def connect(
    stack: Stack,
    host: str,
    port: int,
    *,
    seconds: float,
    stall_seconds: float = 300.0,
    tls: CallerTLS | None = None,
    connected: Callable[[Association], None] = lambda association: None,
) -> Association:
    """Open TCP to a peer (and TLS, where it is wanted) and start an initiator's stack on it.

    Args:
        stack: An initiator's.
        host: Where the peer listens.
        port: The same.
        seconds: How long TCP may take, and TLS once more.
        stall_seconds: How long the peer may take none of the octets that wait for it.
        tls: How to call under TLS; None: in the clear.
        connected: Called when TCP is up, before anything is said.

    Raises:
        ConnectionFailedError: TCP could not be opened within ``seconds``, or the TLS handshake failed.
        ConfigurationError: The certificates for TLS cannot be used.
    """
    association = await _connected(stack, host, port, seconds=seconds, stall_seconds=stall_seconds, secured=tls is not None)
    connected(association)
    if tls is not None:
        await _under_tls(association, tls, host, seconds)
    return association


async def _under_tls(association: Association, tls: CallerTLS, host: str, seconds: float) -> None:
    secured = False
    try:
        await association.start_tls(tls.context(), server_side=False, seconds=seconds, hostname=host)
        if tls.expected is not None and (fault := tls.expected.fault(association.certificate)):
            raise ConnectionFailedError(f"the other side shows {fault}", layer="TLS")
        secured = True
    finally:
        if not secured:
            await association.close(seconds=0)


async def _connected(stack: Stack, host: str, port: int, *, seconds: float, stall_seconds: float, secured: bool) -> Association:
    """An association on a TCP connection."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, association = await loop.create_connection(
                lambda: Association(stack, stall_seconds=stall_seconds, secured=secured), host, port
            )
    except TimeoutError as error:
        raise ConnectionFailedError(f"{host}:{port} did not answer within {seconds:g} seconds") from error
    except OSError as error:
        raise ConnectionFailedError(f"{host}:{port}: {error.strerror or error}") from error
    except UnicodeError as error:
        raise ConnectionFailedError(f"{host!r} is no host name: {error}") from error
    return association
