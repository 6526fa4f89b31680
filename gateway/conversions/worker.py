"""The process that converts large or suspect messages: ``python -m gateway.conversions.worker SOCKET MEMORY_OCTETS``.

It has no queue, no network and no tables; it can be killed at any moment. Processor time is limited for each job by the kernel, memory
for the whole process. It ends when the gateway closes the socket, and after anything that is not a plain result.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final

from gateway.conversions import scratch
from gateway.conversions.protocol import Ask, Begin, Broken, Done, Ready, Refused, asking_context
from gateway.errors import ConversionError
from gateway.octets import MemoryOctets

_NICE: Final = 2
"""Mail that flows comes before a conversion that takes long."""
_RESERVE_OCTETS: Final = 4 << 20
"""Memory that is let go when there is no more, so that this can still be said."""
OUT_OF_MEMORY: Final = "out of memory"


def main(descriptor: int, memory_octets: int) -> None:
    """Convert until the gateway closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the gateway decides
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (memory_octets, memory_octets))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=descriptor) as channel:
        connection = Connection(os.dup(channel.fileno()))
        sys.excepthook = _telling(connection)
        connection.send(Ready())
        while _job(channel, connection):
            pass


def _telling(connection: Any) -> Any:
    """A hook that tells the gateway of a fault in the program, which ends this process."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        place = traceback.extract_tb(trace)[-1:]
        where = f" ({place[0].filename.rpartition('gateway/')[2]}:{place[0].lineno})" if place else ""
        connection.send(Broken(reason=f"{kind.__name__}: {error}"[:1000] + where))

    return tell


def _job(channel: socket.socket, connection: Any) -> bool:
    """One job; False when there is none any more, or must not be one."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 2)
    if len(descriptors) != 2:
        return False
    begin: Begin = connection.recv()
    _allow(begin.processor_seconds)
    reserve: bytearray | None = bytearray(_RESERVE_OCTETS)
    with os.fdopen(descriptors[0], "rb", buffering=0) as content, os.fdopen(descriptors[1], "wb", buffering=0) as result:
        try:
            connection.send(_converted(begin, scratch.FileOctets(content), result, connection))
        except MemoryError:
            reserve = None
            connection.send(Broken(reason=OUT_OF_MEMORY))
            return False
    return reserve is not None


def _allow(seconds: int) -> None:
    """Processor time from now on; the kernel kills a process that takes more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _converted(begin: Begin, content: scratch.FileOctets, result: Any, connection: Any) -> Done | Refused:
    def asking(ask: Ask) -> Any:
        connection.send(ask)
        return connection.recv()

    try:
        converted = begin.job.run(content if len(content) else MemoryOctets(), asking_context(begin.context, asking))
        scratch.write(result, converted.octets)
    except ConversionError as error:
        return Refused(failure=error.failure)
    return Done(envelope=converted.envelope, notes=converted.notes, remember=converted.remember)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
