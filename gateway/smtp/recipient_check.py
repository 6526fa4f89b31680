"""Asking a mail server whether it takes a recipient, without sending anything: MAIL, RCPT, RSET (RFC 2156 5.3.9, RFC 5321 3.5)."""

from __future__ import annotations

from gateway.errors import Failure
from gateway.smtp.client import Connection, ConnectionFailed, Timeouts, open_connection
from gateway.smtp.failures import Stage, failure_from_reply
from gateway.smtp.routing import NoRoute, SMTPRouter


async def check_recipient(address: str, router: SMTPRouter, *, hostname: str, timeouts: Timeouts) -> Failure | None:
    """Why mail for this address would be refused for good; None when it would be taken, or nobody can say at present.

    Args:
        address: An ASCII mailbox.
        router: Where its mail goes.
        hostname: Our name in EHLO.
        timeouts: Seconds to wait at each step.
    """
    try:
        targets = await router.targets(address.rpartition("@")[2])
    except NoRoute as error:
        return error.failure if error.failure.permanent else None
    for target in targets:
        try:
            connection = await open_connection(target, hostname=hostname, timeouts=timeouts)
        except ConnectionFailed:
            continue
        return await _asked(connection, address)
    return None


async def _asked(connection: Connection, address: str) -> Failure | None:
    try:
        mail, recipient = await connection.command("MAIL FROM:<>", f"RCPT TO:<{address}>")
        await connection.command("RSET")
    except ConnectionFailed:
        connection.abort()
        return None
    connection.quit()
    if mail.code != 250 or recipient.code in (250, 251, 252):
        return None
    failure = failure_from_reply(recipient, Stage.RCPT, connection.name)
    return failure if failure.permanent else None
