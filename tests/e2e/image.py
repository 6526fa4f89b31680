"""The image of ``docker/Dockerfile`` in a test: built by buildah, or its instructions carried out by hand.

No registry of images is needed: the base is a root that debootstrap makes. How this machine reaches its packages (mirror, pip's
settings, certificates of its own, proxies) is asked of apt and pip when the test runs and put in that base; the Dockerfile knows
nothing of it, so that what is built is what a user builds.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import shutil
import signal
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.container import PATH, Mount, Sandbox

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = PROJECT / "docker" / "Dockerfile"

_PIP_SETTINGS = {
    "index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert", "client-cert", "timeout",
    "default-timeout", "retries",
}  # fmt: skip
_PROXIES = tuple(name for name in os.environ if name.lower() in ("http_proxy", "https_proxy", "no_proxy"))
_CERTIFICATES = Path("/usr/local/share/ca-certificates")


class NotPossibleError(Exception):
    """This machine does not allow it; the text says what, and what was said."""


class CommandError(Exception):
    """A command failed or took too long; the text has the end of its output, and no arguments: a proxy may have a password."""


def run(*command: str, seconds: float, environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end; what it printed. One that takes too long is ended with everything it started.

    If this process is killed, the command is too.
    """
    process = subprocess.Popen(
        ("setpriv", "--pdeathsig=KILL", *command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, text=True, env=environment, errors="replace",
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise CommandError(f"{command[0]}: not done after {seconds:.0f} seconds") from error
        raise
    if process.returncode:
        raise CommandError(f"{command[0]}: exit code {process.returncode}\n{output[-3000:]}")
    return output


def forget(folder: Path) -> None:
    """Remove a folder with everything in it; what is still mounted below is unmounted first."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in reversed(mounted):
        if Path(point).is_relative_to(folder):
            run("umount", "--lazy", point, seconds=30)
    run("rm", "--recursive", "--force", "--one-file-system", str(folder), seconds=120)


# --- the Dockerfile -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a Dockerfile."""

    word: str
    value: str


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile; lines that end in a backslash go on, comments are dropped wherever they stand."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for whole in re.sub(r"\\[ \t]*\n", "", "\n".join(lines)).splitlines():
        word, _, value = whole.strip().partition(" ")
        yield Instruction(word=word.upper(), value=value.strip())


def as_command(value: str) -> tuple[str, ...]:
    """The exec form (a JSON list) or the shell form of RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD."""
    return tuple(json.loads(value)) if value.startswith("[") else ("/bin/sh", "-c", value)


@dataclass(slots=True, kw_only=True)
class Image:
    """An image: its files and what it says about a container of it."""

    root: Path
    user: str = "root"
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


# --- the base -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A Debian root that reaches its packages as this machine does.

    Attributes:
        root: Its files.
        folders: Folders of this machine that pip's settings name; RUN sees them at the same place.
    """

    root: Path
    folders: tuple[Path, ...]


def make_base(folder: Path) -> Base:
    """The Debian release that the Dockerfile names, by debootstrap from this machine's own mirror.

    Raises:
        NotPossibleError: No mirror of that release is configured here, or debootstrap may not do its work.
    """
    release = _release()
    root = folder / "base"
    command = ("debootstrap", "--variant=minbase", "--include=ca-certificates", release, str(root), _mirror(release))
    try:
        run(*command, seconds=300)
    except CommandError as error:
        raise NotPossibleError(f"debootstrap makes no root here: {error}") from error
    _trust(root)
    return Base(root=root, folders=_set_up_pip(root))


def _release() -> str:
    found = re.search(r"^ARG BASE=debian:([a-z]+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert found, "the Dockerfile names no Debian release"
    return found[1]


def _mirror(release: str) -> str:
    """The mirror of a release that this machine's apt uses."""
    found = re.search(rf"^'(\S+)/dists/{release}/main/binary-", run("apt-get", "--print-uris", "update", seconds=60), re.MULTILINE)
    if found is None:
        raise NotPossibleError(f"apt of this machine has no source of Debian {release}")
    return found[1]


def _trust(root: Path) -> None:
    """Names, proxies and certificate authorities of this machine."""
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copyfile(f"/{name}", root / name)
    settings = run("apt-config", "dump", seconds=60).splitlines()
    proxies = [line for line in settings if re.match(r"(?i)acquire::https?::(.*::)?(proxy|cainfo|verify)", line)]
    (root / "etc/apt/apt.conf.d/99machine").write_text("".join(f"{line}\n" for line in proxies))
    if _CERTIFICATES.is_dir():
        shutil.copytree(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"), dirs_exist_ok=True)
        run("chroot", str(root), "/usr/bin/env", f"PATH={PATH}", "update-ca-certificates", seconds=120)


def _set_up_pip(root: Path) -> tuple[Path, ...]:
    """Give the root pip's settings of this machine; the folders that they name."""
    settings = _pip_settings()
    for name in ("cert", "client-cert"):
        file = Path(settings.get(name, ""))
        if file.is_file() and not (root / file.relative_to("/")).exists():
            (root / file.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, root / file.relative_to("/"))
    config = configparser.RawConfigParser()
    config["global"] = settings
    with (root / "etc/pip.conf").open("w") as file_of_pip:
        config.write(file_of_pip)
    links = [Path(word.removeprefix("file://")) for word in settings.get("find-links", "").split()]
    # An index names its files relative to itself, mostly in a folder beside it.
    indexes = [word.removeprefix("file://") for name in ("index-url", "extra-index-url") for word in settings.get(name, "").split()]
    return tuple(sorted({path for path in (*links, *(Path(word).parent for word in indexes)) if path.is_absolute() and path.is_dir()}))


def _pip_settings() -> dict[str, str]:
    """Where pip of this machine looks; what the environment says goes before what files say."""
    lines = [line.partition("=") for line in run(sys.executable, "-m", "pip", "config", "list", seconds=60).splitlines() if "=" in line]
    found: dict[str, str] = {}
    for key, _, value in sorted(lines, key=lambda line: line[0].startswith(":env:")):
        name = key.rpartition(".")[2].lower()
        if name in _PIP_SETTINGS:
            found[name] = str(ast.literal_eval(value))
    return found


# --- built by buildah -----------------------------------------------------------------------------------------------


class Buildah:
    """buildah with a storage of its own, without a container runtime: every RUN is a chroot."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._environment = os.environ | {"TMPDIR": str(folder), "BUILDAH_ISOLATION": "chroot"}

    def build(self, base: Base) -> Image:
        """Build the Dockerfile as it is on the base.

        Raises:
            NotPossibleError: buildah may not make or run a container here.
            CommandError: The build failed.
        """
        try:
            self._import(base)
        except CommandError as error:
            raise NotPossibleError(f"buildah makes no container here: {error}") from error
        volumes = [f"--volume={folder}:{folder}:ro" for folder in base.folders]
        ignored = DOCKERFILE.with_name("Dockerfile.dockerignore")
        self._run(
            "build", "--pull-never", "--format=docker", "--network=host", "--layers=false", *volumes, "--build-arg=BASE=localhost/base",
            f"--file={DOCKERFILE}", f"--ignorefile={ignored}", "--tag=localhost/mixer", str(PROJECT), seconds=400,
        )  # fmt: skip
        return self._inspect(Path(self._run("mount", self._run("from", "--pull-never", "localhost/mixer").strip()).strip()))

    def close(self) -> None:
        """Remove the storage, with every container and image in it."""
        forget(self._folder)

    def _import(self, base: Base) -> None:
        archive = self._folder / "base.tar"
        run("tar", "--create", f"--file={archive}", f"--directory={base.root}", "--exclude=./dev/*", "--exclude=./proc/*", ".", seconds=120)
        container = self._run("from", "scratch").strip()
        self._run("add", container, str(archive), "/")
        archive.unlink()
        self._run("run", container, "--", "/bin/true")
        self._run("commit", "--rm", container, "localhost/base")

    def _inspect(self, root: Path) -> Image:
        said: dict[str, Any] = json.loads(self._run("inspect", "--type=image", "localhost/mixer"))["Docker"]["config"]
        kind, *health = said["Healthcheck"]["Test"]
        return Image(
            root=root, user=said["User"], environment=dict(each.split("=", 1) for each in said["Env"]), folder=said["WorkingDir"],
            volumes=tuple(said["Volumes"]), ports=tuple(sorted(port.removesuffix("/tcp") for port in said["ExposedPorts"])),
            health=as_command(health[0]) if kind == "CMD-SHELL" else tuple(health), entrypoint=tuple(said["Entrypoint"]),
            command=tuple(said["Cmd"]),
        )  # fmt: skip

    def _run(self, word: str, *arguments: str, seconds: float = 120) -> str:
        storage = (f"--root={self._folder / 'root'}", f"--runroot={self._folder / 'run'}", "--storage-driver=vfs")
        return run("buildah", *storage, word, *arguments, seconds=seconds, environment=self._environment)


# --- by hand --------------------------------------------------------------------------------------------------------


class ByHand:
    """Carries out the instructions of a Dockerfile in a copy of the base, as a builder would."""

    def __init__(self, base: Base, folder: Path) -> None:
        run("cp", "--archive", str(base.root), str(folder), seconds=120)
        self.image = Image(root=folder)
        self._base = base
        self._arguments: dict[str, str] = {}

    def build(self) -> Image:
        """Carry out every instruction.

        Raises:
            CommandError: A RUN failed.
        """
        for instruction in instructions(DOCKERFILE.read_text()):
            getattr(self, f"_{instruction.word.lower()}")(instruction.value)
        return self.image

    def _arg(self, value: str) -> None:
        name, _, default = value.partition("=")
        self._arguments[name] = default

    def _from(self, value: str) -> None:
        assert self._expanded(value).startswith(f"debian:{_release()}")

    def _run(self, value: str) -> None:
        assert self.image.user == "root", "a RUN after USER is not known here"
        proxies = {name: os.environ[name] for name in _PROXIES}
        mounts = tuple(Mount(inside=str(folder), source=folder, read_only=True) for folder in self._base.folders)
        sandbox = Sandbox(self.image.root, mounts)
        command = sandbox.command(as_command(value), environment=self.image.environment | proxies, folder=self.image.folder)
        run(*command, seconds=400)

    def _copy(self, value: str) -> None:
        *sources, target = shlex.split(self._expanded(value))
        inside = self.image.root / target.lstrip("/")
        for source in (PROJECT / each for each in sources):
            if source.is_dir():
                shutil.copytree(source, inside, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
                run("chown", "--recursive", "0:0", str(inside), seconds=60)
            else:
                file = inside / source.name if target.endswith("/") else inside
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, file)

    def _env(self, value: str) -> None:
        self.image.environment |= dict(each.split("=", 1) for each in shlex.split(self._expanded(value)))

    def _user(self, value: str) -> None:
        self.image.user = value

    def _workdir(self, value: str) -> None:
        self.image.folder = value
        (self.image.root / value.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _volume(self, value: str) -> None:
        self.image.volumes = tuple(json.loads(value))

    def _expose(self, value: str) -> None:
        self.image.ports = tuple(sorted(value.split()))

    def _healthcheck(self, value: str) -> None:
        self.image.health = as_command(re.sub(r"^(--\S+\s+)*CMD\s+", "", value))

    def _entrypoint(self, value: str) -> None:
        self.image.entrypoint = as_command(value)

    def _cmd(self, value: str) -> None:
        self.image.command = as_command(value)

    def _expanded(self, value: str) -> str:
        return string.Template(value).safe_substitute(self._arguments | self.image.environment)


def users(root: Path) -> Sequence[tuple[str, int, int]]:
    """Name, user id and group id of everybody in ``/etc/passwd``."""
    rows = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
    return [(row[0], int(row[2]), int(row[3])) for row in rows]
