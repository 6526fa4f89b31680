"""A Postfix of the test's own: queue, configuration and mailboxes in one folder, loopback ports, no DNS, ended by pid."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.shared import require_program, required

_START_SECONDS = 20
_STOP_SECONDS = 10
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """One instance: it takes mail on ``port``, delivers to maildirs, and hands the X.400 domains to the gateway.

    Attributes:
        gateway_port: Where the gateway's SMTP listener will be.
        users: Mailboxes that exist; others of their domains are refused at RCPT.
        relayed: Domains that go to the gateway.
        routes: Transports of further domains, whose recipients Postfix does not know.
    """

    gateway_port: int
    port: int
    users: tuple[str, ...] = ("anna.berg@example.org",)
    relayed: tuple[str, ...] = ("partner.example", "x400.example.org")
    routes: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="mixer-postfix-")))
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Write the configuration, start the master process, wait until it answers."""
        self._write()
        command = ["postfix", "-c", str(self.folder / "etc"), "start-fg"]
        with (self.folder / "start.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        ends = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"Postfix did not start: {self.log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the master, which ends its children, and remove the folder."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._master(), signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What Postfix said."""
        return "".join(path.read_text(errors="replace") for path in (self.folder / "start.log", self.folder / "mail.log") if path.exists())

    def mail(self, user: str = "anna.berg@example.org", *, seconds: float = 20) -> EmailMessage:
        """The next message in a maildir, read by Python's email; it is taken out. Blocking."""
        new = self.folder / "mail" / user / "new"
        ends = time.monotonic() + seconds
        while True:
            for path in sorted(new.glob("*")) if new.exists() else ():
                octets = path.read_bytes()
                path.unlink()
                message = email.message_from_bytes(octets, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                return message
            if time.monotonic() > ends:
                raise AssertionError(f"no mail for {user}: {self.log()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
            return client.recv(4).startswith(b"220")
        return False

    def _master(self) -> int:
        return int((self.folder / "queue" / "pid" / "master.pid").read_text())

    def _write(self) -> None:
        self.folder.chmod(0o755)  # the processes of Postfix run as users of their own
        for name in ("etc", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.folder / "mail", "nobody")
        (self.folder / "etc" / "main.cf").write_text(self._main())
        (self.folder / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))

    def _main(self) -> str:
        nobody = pwd.getpwnam("nobody").pw_uid
        routes = {**dict.fromkeys(self.relayed, f"smtp:[127.0.0.1]:{self.gateway_port}"), **self.routes}
        return f"""\
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.folder}/mail.log
maillog_file_prefixes = {self.folder}
myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
smtputf8_enable = yes
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {" ".join(sorted({user.partition("@")[2] for user in self.users}))}
virtual_mailbox_base = {self.folder}/mail
virtual_mailbox_maps = inline:{{ {", ".join(f"{{ {user} = {user}/ }}" for user in self.users)} }}
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
relay_domains = {" ".join((*self.relayed, *self.routes))}
transport_maps = inline:{{ {", ".join(f"{{ {domain} = {route} }}" for domain, route in routes.items())} }}
default_transport = error:5.1.2 this test has no other domains
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""


def require_postfix() -> None:
    """Skip where Postfix cannot be had; fail where ``MIXER_REQUIRE`` asks for peers."""
    require_program("postfix")
    require_program("swaks")
    if os.geteuid() != 0:
        if required("peers"):
            pytest.fail("Postfix needs root to start, and MIXER_REQUIRE asks for peers")
        pytest.skip("Postfix needs root to start")


@contextlib.contextmanager
def running(gateway_port: int, port: int, routes: Mapping[str, str] | None = None) -> Iterator[Postfix]:
    """A Postfix that runs while the block does."""
    postfix = Postfix(gateway_port, port, routes=routes or {})
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()
