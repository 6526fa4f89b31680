"""The processes that convert: started when there is something to convert, kept for the next message, killed when they take too much."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway import log
from gateway.conversions.jobs import Converted, Job
from gateway.conversions.protocol import Ask, Begin, Broken, Done, Refused, answer, bare
from gateway.conversions.scratch import FileOctets, scratch_file, write
from gateway.conversions.worker import OUT_OF_MEMORY
from gateway.errors import ConversionError, GatewayError
from gateway.mixer.policy import Context
from gateway.octets import Octets

T = TypeVar("T")
_log = log.get("conversions")

_MOST_SUSPECTS: Final = 10_000
_START_SECONDS: Final = 60
_JOBS_OF_A_PROCESS: Final = 100
"""A process is replaced after so many, so that what leaks does not stay."""


class WorkerError(GatewayError):
    """A conversion was killed, or its process ended: a fault of ours, or a message that was made to cause one. The message is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take.

    Attributes:
        memory_octets: Address space of a process.
        processor_seconds: For one conversion.
        seconds: Of the clock, for one conversion.
        idle_seconds: After so long without a message a process is ended.
        processes: The most at once.
        from_octets: Messages of this size and more are converted in a worker.
    """

    memory_octets: int = 512 << 20
    processor_seconds: int = 120
    seconds: float = 300
    idle_seconds: float = 30
    processes: int = 2
    from_octets: int = 256 * 1024


class _Process:
    """One worker and our end of its socket."""

    def __init__(self, memory_octets: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = (sys.executable, "-m", "gateway.conversions.worker", str(theirs.fileno()), str(memory_octets))
            self._process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)
        self.channel = ours
        self.connection: Any = Connection(socket.dup(ours.fileno()))
        self.jobs = 0
        self.idle_since = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """Kill it; whoever waits for it will notice."""
        self._process.kill()

    def end(self) -> int:
        """Kill it and forget it; how it ended, as `subprocess` says it."""
        self._process.kill()
        return self._close()

    def ended(self) -> int:
        """How it ended by itself, which it is about to."""
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._close()

    def _close(self) -> int:
        self.channel.close()
        self.connection.close()
        return self._process.wait()


class Workers:
    """Runs jobs apart from this process.

    Args:
        limits: What each may take.
        folder: For what a worker reads and writes; files in it have no name.
    """

    def __init__(self, limits: Limits, folder: Path) -> None:
        self.limits = limits
        self._folder = folder
        self._seats = asyncio.Semaphore(limits.processes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._stopped = False
        self._suspects: OrderedDict[str, None] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def takes(self, transfer_id: str, size: int, unended: int = 0) -> bool:
        """Whether a message is converted apart: a large one, or one whose conversion failed before.

        Args:
            transfer_id: Its queue identifier.
            size: In octets.
            unended: Attempts at it that began and never ended.
        """
        return size >= self.limits.from_octets or unended > 0 or transfer_id in self._suspects

    def suspect(self, transfer_id: str) -> None:
        """Remember a message whose conversion ended in a fault."""
        self._suspects[transfer_id] = None
        if len(self._suspects) > _MOST_SUSPECTS:
            self._suspects.popitem(last=False)

    async def seated(self, work: Callable[[], T]) -> T:
        """Do work that calls `run`, in a thread, as soon as a process may be had."""
        async with self._seats:
            try:
                return await asyncio.to_thread(work)
            finally:
                asyncio.get_running_loop().call_later(self.limits.idle_seconds + 0.1, self._reap)

    def run(self, job: Job, content: Octets, context: Context) -> Converted:
        """Run a job in a worker and wait for it; not on the event loop.

        Args:
            job: What to do.
            content: The message.
            context: Its knowledge is asked here, on the calling thread.

        Raises:
            ConversionError: The message cannot be converted.
            WorkerError: The conversion was killed or failed.
            ScratchError: The disk is full.
        """
        with scratch_file(self._folder) as given:
            result = scratch_file(self._folder)
            write(given, content)
            with self._process() as process:
                self.counts["conversions"] += 1
                reply = self._dialogue(process, (given.fileno(), result.fileno()), job, context)
        if isinstance(reply, Refused):
            result.close()
            raise ConversionError(reply.failure)
        return Converted(octets=FileOctets(result), envelope=reply.envelope, notes=reply.notes, remember=reply.remember)

    @contextmanager
    def _process(self) -> Iterator[_Process]:
        """A process for one job; it is kept only when the job comes to a proper end."""
        process, proper = self._taken(), False
        try:
            yield process
            proper = True
        finally:
            with self._lock:
                self._busy.discard(process)
                keep = proper and not self._stopped and process.jobs < _JOBS_OF_A_PROCESS
                if keep:
                    process.idle_since = time.monotonic()
                    self._idle.append(process)
            if not keep:
                process.end()

    def _taken(self) -> _Process:
        with self._lock:
            if self._stopped:
                raise WorkerError("the gateway is being stopped")
            process = self._idle.pop() if self._idle else self._started()
            self._busy.add(process)
            process.jobs += 1
            return process

    def _started(self) -> _Process:
        try:
            process = _Process(self.limits.memory_octets)
        except OSError as error:
            raise WorkerError(f"no process for a conversion: {error.strerror}") from error
        self.counts["started"] += 1
        _log.info("worker.started", pid=process.pid)
        return process

    def _dialogue(self, process: _Process, files: tuple[int, int], job: Job, context: Context) -> Done | Refused:
        try:
            self._await_start(process)
            until = time.monotonic() + self.limits.seconds
            socket.send_fds(process.channel, [b"\0"], files)
            begin = Begin(job=job, context=bare(context), processor_seconds=self.limits.processor_seconds)
            process.connection.send(begin)
            while True:
                if not process.connection.poll(max(0.0, until - time.monotonic())):
                    raise self._killed(process, f"it took longer than {self.limits.seconds:g} seconds")
                said = process.connection.recv()
                if isinstance(said, Done | Refused):
                    return said
                if isinstance(said, Broken):
                    raise self._broken(process, said.reason)
                assert isinstance(said, Ask)
                process.connection.send(answer(said, context))
        except (EOFError, OSError) as error:
            raise self._died(process) from error

    def _await_start(self, process: _Process) -> None:
        """Its start is not the message's time: on a machine with much to do it takes a while."""
        if process.jobs == 1:
            if not process.connection.poll(_START_SECONDS):
                raise self._killed(process, f"it did not start within {_START_SECONDS} seconds")
            process.connection.recv()

    def _killed(self, process: _Process, reason: str) -> WorkerError:
        self.counts["killed"] += 1
        _log.warning("worker.killed", pid=process.pid, reason=reason)
        return WorkerError(f"the conversion was killed: {reason}")

    def _broken(self, process: _Process, reason: str) -> WorkerError:
        if reason == OUT_OF_MEMORY:
            return self._killed(process, f"it needs more memory than the {self.limits.memory_octets} octets of a worker")
        self.counts["failed"] += 1
        _log.error("worker.failed", pid=process.pid, reason=reason)
        return WorkerError(f"the conversion failed: {reason}")

    def _died(self, process: _Process) -> WorkerError:
        code = process.ended()
        if code == -signal.SIGXCPU:
            return self._killed(process, f"it took more than {self.limits.processor_seconds} seconds of processor time")
        return self._killed(process, f"its process ended by signal {-code}" if code < 0 else f"its process ended with {code}")

    def _reap(self) -> None:
        """End processes that were idle for long: their memory is wanted elsewhere."""
        limit = time.monotonic() - self.limits.idle_seconds
        with self._lock:
            old = [process for process in self._idle if process.idle_since <= limit]
            self._idle = [process for process in self._idle if process not in old]
        for process in old:
            process.end()

    def status(self) -> Mapping[str, int]:
        """Processes and counters, for people and metrics."""
        return {"processes": len(self._idle) + len(self._busy), "busy": len(self._busy), **self.counts}

    def stop(self) -> None:
        """Kill all processes; conversions under way end in a `WorkerError`."""
        with self._lock:
            self._stopped = True
            idle, busy, self._idle = tuple(self._idle), tuple(self._busy), []
        for process in idle:
            process.end()
        for process in busy:
            process.kill()
