"""A container without a container runtime: a mount namespace of its own, a root that cannot be written, a user without rights.

The namespace, and so every mount in it, ends with the last process in it: nothing is left to clean up. Where the kernel gives us
no namespace of mounts, the same root is used by chroot alone, writable, with copies in place of mounts.
"""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Something that a container finds at ``inside``: a folder or a file of the host, or without ``source`` a tmpfs."""

    inside: str
    source: Path | None = None
    read_only: bool = False
    options: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user without capabilities and without a way to gain any (``cap_drop: [ALL]``, ``no-new-privileges``)."""

    user: int
    group: int

    def command(self) -> tuple[str, ...]:
        """The command that becomes this user, to be followed by what it runs; that does not outlive whoever started it."""
        ids = (f"--reuid={self.user}", f"--regid={self.group}", "--clear-groups")
        return ("/usr/bin/setpriv", *ids, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--pdeathsig=KILL", "--")


@functools.cache
def has_mount_namespaces() -> bool:
    """Whether the kernel allows us mounts of our own."""
    attempt = "mount -t tmpfs tmpfs /mnt && mount -t proc proc /mnt"
    return subprocess.run(["unshare", "--mount", "sh", "-c", attempt], capture_output=True, timeout=30, check=False).returncode == 0


class Sandbox:
    """A root with mounts over it.

    Args:
        root: The files.
        mounts: What is mounted over them.
        read_only: The files themselves cannot be written.
    """

    def __init__(self, root: Path, mounts: Sequence[Mount] = (), *, read_only: bool = False) -> None:
        self._root = root
        self._mounts = tuple(mounts)
        self._read_only = read_only
        for mount in self._mounts:
            if mount.source is None or mount.source.is_dir():
                self._place(mount.inside).mkdir(parents=True, exist_ok=True)
            else:
                self._place(mount.inside).touch()

    def command(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: str, identity: Identity | None = None
    ) -> tuple[str, ...]:
        """The command of the host that runs ``command`` in a new container; its process becomes that of ``command``."""
        inside = self._inside(command, environment, folder, identity)
        if not has_mount_namespaces():
            self._copy_instead()
            return inside
        return ("unshare", "--mount", "/bin/sh", "-euc", "\n".join((*self._script(), f"exec {shlex.join(inside)}")))

    def beside(
        self, process: int, command: Sequence[str], *, environment: Mapping[str, str], folder: str, identity: Identity | None
    ) -> tuple[str, ...]:
        """The command of the host that runs ``command`` in the container of a process, as ``docker exec`` does."""
        inside = self._inside(command, environment, folder, identity)
        return ("nsenter", f"--target={process}", "--mount", "--", *inside) if has_mount_namespaces() else inside

    def holds(self, process: int) -> bool:
        """Whether a process has come as far as having our root as its own; the mounts are there before."""
        try:
            return Path(f"/proc/{process}/root/.").stat().st_ino == self._root.stat().st_ino
        except FileNotFoundError:
            return False

    def file(self, inside: str) -> Path:
        """Where the host finds a file of the container that does not lie on a tmpfs."""
        for mount in self._mounts if has_mount_namespaces() else ():
            if mount.source is not None and Path(inside).is_relative_to(mount.inside):
                return mount.source / Path(inside).relative_to(mount.inside)
        return self._place(inside)

    def _place(self, inside: str) -> Path:
        return self._root / inside.lstrip("/")

    def _inside(
        self, command: Sequence[str], environment: Mapping[str, str], folder: str, identity: Identity | None
    ) -> tuple[str, ...]:
        variables = [f"{name}={value}" for name, value in environment.items()]
        become = identity.command() if identity is not None else ()
        return ("chroot", str(self._root), "/usr/bin/env", "-i", f"--chdir={folder}", *variables, *become, *command)

    def _script(self) -> list[str]:
        """The mounts, in the words of a shell."""
        root = shlex.quote(str(self._root))
        lines = [f"mount --bind {root} {root}", f"mount -t proc proc {root}/proc", f"mount --rbind /dev {root}/dev"]
        for mount in self._mounts:
            place = shlex.quote(str(self._place(mount.inside)))
            if mount.source is None:
                lines.append(f"mount -t tmpfs -o {shlex.quote(mount.options or 'mode=1777')} tmpfs {place}")
                continue
            lines.append(f"mount --bind {shlex.quote(str(mount.source))} {place}")
            if mount.read_only:
                lines.append(f"mount -o remount,bind,ro {place}")
        return [*lines, f"mount -o remount,bind,ro {root}"] if self._read_only else lines

    def _copy_instead(self) -> None:
        """What a mount would show, copied to its place; folders that are only read as links to the same octets."""
        for mount in self._mounts:
            place = self._place(mount.inside)
            if mount.source is None:
                settings = dict(each.split("=") for each in (mount.options or "mode=1777").split(","))
                place.chmod(int(settings["mode"], 8))
                os.chown(place, int(settings.get("uid", 0)), int(settings.get("gid", 0)))
            elif mount.source.is_file():
                shutil.copyfile(mount.source, place)
            elif mount.read_only and not any(place.iterdir()):
                subprocess.run(["cp", "--archive", "--link", f"{mount.source}/.", str(place)], check=True, timeout=300)


class Container:
    """One container; its first process is a child of ours.

    Args:
        sandbox: Its files.
        log: Where its standard error and output go.
        environment: Its environment.
        folder: Its working directory.
        identity: Who it runs as.
    """

    def __init__(self, sandbox: Sandbox, log: Path, *, environment: Mapping[str, str], folder: str, identity: Identity) -> None:
        self.sandbox = sandbox
        self.log = log
        self._environment = environment
        self._folder = folder
        self._identity = identity
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] = log.open("wb")

    def start(self, command: Sequence[str]) -> None:
        """Start its first process; returns when it is inside."""
        whole = self.sandbox.command(command, environment=self._environment, folder=self._folder, identity=self._identity)
        self._process = subprocess.Popen(whole, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)
        for _ in range(1000):
            if self._process.poll() is not None or self.sandbox.holds(self._process.pid):
                return
            time.sleep(0.01)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its first process."""
        assert self._process is not None, "not started"
        return self._process

    def execute(self, *command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command beside the first process, as ``docker exec`` and the health check do."""
        whole = self.sandbox.beside(
            self.process.pid, command, environment=self._environment, folder=self._folder, identity=self._identity
        )
        return subprocess.run(whole, capture_output=True, text=True, timeout=seconds, check=False)

    def stop(self, seconds: float) -> int:
        """SIGTERM, as ``docker stop`` sends it; the exit code.

        Raises:
            subprocess.TimeoutExpired: It did not end in that time.
        """
        self.process.terminate()
        return self.process.wait(timeout=seconds)

    def close(self) -> None:
        """It is gone, whatever it was doing."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()
