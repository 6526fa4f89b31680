"""The gateway as a process of its own (``mixer serve``); the correspondent and the sink run in the process of the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.correspondent.agent import Correspondent
from gateway.correspondent.demo import free_ports
from gateway.correspondent.sink import Sink
from tests.e2e.harness import Setting, partner

_START_SECONDS = 30
_STOP_SECONDS = 20


@dataclass
class GatewayProcess:
    """A ``mixer serve`` that can be started, killed and started again on the same queue and the same ports."""

    setting: Setting
    wrapper: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    pid: int = field(default=0, init=False)
    highest: int = field(default=0, init=False)

    @property
    def log(self) -> Path:
        return self.setting.folder / "gateway.log"

    async def start(self) -> None:
        """Start and wait until both listeners are up; ``self.pid`` is the gateway itself, not what it is wrapped in."""
        config = self.setting.write()
        began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.wrapper, sys.executable, "-m", "gateway", "serve", "-c", str(config), stdout=log, stderr=log,
                env=os.environ | self.setting.environment,
            )  # fmt: skip
        async with asyncio.timeout(_START_SECONDS):
            while b"gateway.started" not in self.log.read_bytes()[began:]:
                if self.process.returncode is not None:
                    raise AssertionError(self.log.read_text(errors="replace")[-4000:])
                await asyncio.sleep(0.05)
        self.pid = _child_of(self.process.pid) if self.wrapper else self.process.pid

    async def kill(self) -> None:
        """SIGKILL: no chance to finish anything."""
        assert self.process is not None
        os.kill(self.pid, signal.SIGKILL)
        await self.process.wait()
        self.process = None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not obey."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid or self.process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        self.process = None

    def peak_memory(self) -> int:
        """The most memory that the process ever had resident, in octets (VmHWM)."""
        return _status(self.pid, "VmHWM")

    def peak_memory_with_children(self) -> int:
        """The same with the peaks of the processes that it had at any call of this, which need not have been at one time."""
        lists = Path(f"/proc/{self.pid}/task").glob("*/children")
        children = [child for each in lists for child in each.read_text().split()]
        found = self.peak_memory()
        for child in children:
            with contextlib.suppress(FileNotFoundError, AssertionError):  # it ends just now
                found += _status(int(child), "VmHWM")
        self.highest = max(self.highest, found)
        return self.highest

    def memory(self) -> int:
        """The resident memory of the process, in octets."""
        return _status(self.pid, "VmRSS")

    def processor_seconds(self) -> float:
        """Processor time of the process so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"/proc has no {name}")


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@dataclass
class Apart:
    """A gateway process with the other ends in this one."""

    gateway: GatewayProcess
    correspondent: Correspondent
    sink: Sink
    setting: Setting


@contextlib.asynccontextmanager
async def apart(folder: Path, *, wrapper: tuple[str, ...] = (), retry_seconds: float = 60, **changes: object) -> AsyncIterator[Apart]:
    """Start everything on free ports; keyword arguments change the `Setting`.

    Args:
        folder: For everything.
        wrapper: The command that runs the gateway, such as strace with its options.
        retry_seconds: How long the correspondent waits after a call that failed.
        changes: To the `Setting`.
    """
    sink = Sink()
    await sink.start()
    smtp_port, p1_port, partner_port = free_ports(3)
    setting = Setting(folder, smtp_port, p1_port, partner_port, sink.port)
    for name, value in changes.items():
        setattr(setting, name, value)
    correspondent = partner(p1_port, folder / "mailbox", listen_port=partner_port, retry_seconds=retry_seconds)
    await correspondent.start()
    gateway = GatewayProcess(setting, wrapper)
    try:
        await gateway.start()
        yield Apart(gateway, correspondent, sink, setting)
    finally:
        await correspondent.stop()
        await gateway.stop()
        await sink.stop()
