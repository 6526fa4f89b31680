"""TLS under RFC 1006: mail crosses inside it, certificates say who is who, and each failure has its layer and its words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.errors import ConfigurationError
from gateway.mta.certificates import Expected
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peer, Peers
from gateway.mta.tls import CallerTLS, ListenerTLS
from gateway.osi.service import StackTimers
from tests.mta.certificates import DAY, Authority
from tests.mta.given import PATIENT, QUICK, MemoryIntake, There, called, caller, eventually, listening, sending, transferred


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


class _Secured(There):
    @property
    def port(self) -> int:
        return self.listener.tls_port


@contextlib.asynccontextmanager
async def secured(authority: Authority, *peers: Peer, timers: StackTimers = PATIENT, **tls: Any) -> AsyncIterator[_Secured]:
    own = authority.issue("there.example", host="there.example")
    settings = ListenerTLS(certificate=own.certificate_file, key=own.key_file, authorities=authority.file, **tls)
    intake = MemoryIntake()
    listener = Listener(ListenerSettings(port=0, timers=timers, tls=settings, unbound=3), Peers(peers or (caller(),)), intake)
    await listener.start()
    try:
        yield _Secured(listener, intake)
    finally:
        await listener.stop()


THERE = Expected(subject="there.example")


async def test_mail_crosses_under_tls(authority: Authority) -> None:
    async with secured(authority) as there:
        tls = CallerTLS(authorities=authority.file, expected=THERE)
        async with sending(called(there.port, tls=tls)) as sender:
            assert await transferred(sender) == "relayed"


async def test_a_peer_is_known_by_its_client_certificate(authority: Authority) -> None:
    right, wrong = authority.issue("here.example"), authority.issue("elsewhere.example")
    peer = caller(certificate=Expected(subject="CN=here.example,C=XX"))
    async with secured(authority, peer) as there:
        for shown, end in ((right, "relayed"), (wrong, "authentication-error"), (None, "authentication-error")):
            files = {"certificate": shown.certificate_file, "key": shown.key_file} if shown else {}
            tls = CallerTLS(authorities=authority.file, expected=THERE, **files)
            with capture_logs() as logs:
                async with sending(called(there.port, tls=tls)) as sender:
                    assert end in await transferred(sender)
            reasons = [line["reason"] for line in logs if "expected" in line]
            assert not reasons or "instead of CN=here.example,C=XX (TLS)" in reasons[0]


async def test_a_peer_with_a_certificate_is_not_known_without_tls(authority: Authority) -> None:
    async with listening(caller(certificate=Expected(subject="CN=here.example,C=XX"))) as there, sending(called(there.port)) as sender:
        assert "authentication-error" in await transferred(sender)


async def test_a_listener_can_ask_every_caller_for_a_certificate(authority: Authority) -> None:
    with capture_logs() as logs:
        async with (
            secured(authority, required=True) as there,
            sending(called(there.port, tls=CallerTLS(authorities=authority.file, expected=THERE))) as sender,
        ):
            assert "relayed" not in await transferred(sender)
            await eventually(lambda: [line for line in logs if line["event"] == "connection.refused"])
    (refused,) = [line for line in logs if line["event"] == "connection.refused"]
    assert refused["reason"].startswith("TLS: ")


@pytest.mark.parametrize(
    ("subject", "strangers", "said"),
    [("other.example", False, "the other side shows the certificate"), ("there.example", True, "the certificate is not believed")],
)
async def test_a_wrong_server_gets_no_password(
    authority: Authority, tmp_path: Path, subject: str, strangers: bool, said: str
) -> None:
    believed = Authority(tmp_path, "Stranger") if strangers else authority
    tls = CallerTLS(authorities=believed.file, expected=Expected(subject=subject))
    async with secured(authority) as there, sending(called(there.port, tls=tls)) as sender:
        reason = await transferred(sender)
    assert reason.startswith("TLS: ")
    assert said in reason


async def test_without_an_expected_certificate_the_host_name_counts(authority: Authority) -> None:
    async with secured(authority) as there, sending(called(there.port, tls=CallerTLS(authorities=authority.file))) as sender:
        assert "the certificate is not believed: IP address mismatch" in await transferred(sender)


async def test_calls_with_and_without_tls_to_the_wrong_port_end_with_words(authority: Authority) -> None:
    async with listening(timers=QUICK) as there:
        tls = CallerTLS(authorities=authority.file, expected=THERE)
        async with sending(called(there.port, tls=tls)) as sender:
            assert (await transferred(sender)).startswith("TLS: the handshake ")
    async with secured(authority, timers=QUICK) as there, sending(called(there.port)) as sender:
        assert "relayed" not in await transferred(sender)


async def test_handshakes_that_are_never_finished_count_and_end(authority: Authority) -> None:
    async with secured(authority, timers=QUICK) as there:
        held = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(3)]
        await eventually(lambda: there.listener._unbound["127.0.0.1"] == 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        assert await reader.read() == b""
        await eventually(lambda: not there.listener._tasks)
        for _, each in (*held, (reader, writer)):
            each.close()


def test_files_that_cannot_be_used_are_named(authority: Authority, tmp_path: Path) -> None:
    own = authority.issue("some.example", valid=DAY)
    with pytest.raises(ConfigurationError, match="none"):
        CallerTLS(authorities=tmp_path / "none").context()
    with pytest.raises(ConfigurationError, match=r"(?i)key.values.mismatch"):
        ListenerTLS(certificate=own.certificate_file, key=authority.issue("other").key_file).context()
