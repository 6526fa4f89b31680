"""The container image: the real Dockerfile is built, its entrypoint started as compose.yml says, and one message passes through it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import smtplib
import tempfile
import tomllib
import warnings
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import asn1
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.user import Domain
from gateway.mixer.stdor import from_text, to_text
from gateway.mta.peers import Credentials, Peer
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.container import Container, Identity, Mount, Sandbox, has_mount_namespaces
from tests.e2e.image import (
    Base,
    Buildah,
    ByHand,
    CommandError,
    Image,
    NotPossibleError,
    as_command,
    forget,
    instructions,
    make_base,
    run,
    users,
)
from tests.shared import require_program

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = {"MIXER_PARTNER_PASSWORD": "what the partner says", "MIXER_OUR_PASSWORD": "what we say"}
RECIPIENT = "/G=Eva/S=Sand/PRMD=PARTNER/ADMD= /C=XX/"


# --- what is built --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for roots and storages; gigabytes, so it does not stay as pytest's own would."""
    path = Path(tempfile.mkdtemp(prefix="mixer-image-"))
    try:
        yield path
    finally:
        forget(path)


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    if os.geteuid() != 0:
        pytest.skip("an image is built by root alone: a root of Debian needs chroot and device files")
    for program in ("debootstrap", "buildah", "unshare", "nsenter", "setpriv"):
        require_program(program)
    try:
        return make_base(folder)
    except NotPossibleError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=["buildah", "by hand"])
def image(request: pytest.FixtureRequest, base: Base, folder: Path) -> Iterator[Image]:
    """The image. Where the kernel does not let buildah work, that is said, and the instructions by hand stand for it."""
    if request.param == "by hand":
        if not has_mount_namespaces():
            warnings.warn("no mount namespaces here: the container is a plain chroot, with a root that can be written", stacklevel=1)
        yield ByHand(base, folder / "by-hand").build()
        return
    buildah = Buildah(folder / "buildah")
    try:
        yield buildah.build(base)
    except NotPossibleError as reason:
        warnings.warn(f"the image is not built by buildah: {reason}", stacklevel=1)
        pytest.skip(str(reason))
    finally:
        buildah.close()


# --- how it is started ----------------------------------------------------------------------------------------------


def service() -> dict[str, Any]:
    """The service of compose.yml."""
    found: dict[str, Any] = yaml.safe_load((PROJECT / "docker" / "compose.yml").read_text())["services"]["mixer"]
    return found


def seconds_of_grace() -> float:
    return float(service()["stop_grace_period"].removesuffix("s"))


def identity_of(image: Image) -> Identity:
    """The user of the image, looked up in the image's own list of users."""
    (found,) = [Identity(user=user, group=group) for name, user, group in users(image.root) if name == image.user]
    return found


def shipped_configuration(partner_port: int) -> str:
    """The configuration that is shipped; only where it listens and where the partner is are of this test."""
    text = (PROJECT / "docker" / "gateway.toml").read_text()
    changes = {
        'host = "0.0.0.0"\nport = 2525': 'host = "127.0.0.1"\nport = 0',
        'host = "0.0.0.0"\nport = 10102': 'host = "127.0.0.1"\nport = 0',
        'host = "mta.partner.example"\nport = 102': f'host = "127.0.0.1"\nport = {partner_port}',
    }
    for old, new in changes.items():
        assert text.count(old) == 1, f"docker/gateway.toml has no longer: {old}"
        text = text.replace(old, new)
    return text


def mounts(image: Image, config: Path, queue: Path) -> Iterator[Mount]:
    """The volumes and tmpfs of compose.yml, with our configuration in the place of its own."""
    for each in service()["volumes"]:
        source, inside, *mode = each.split(":")
        if not source.startswith("."):
            # A new named volume takes its owner and mode from the folder of the image.
            taken = (image.root / inside.lstrip("/")).stat()
            queue.mkdir()
            queue.chmod(taken.st_mode & 0o7777)
            os.chown(queue, taken.st_uid, taken.st_gid)
            yield Mount(inside=inside, source=queue)
        else:
            path = config if Path(source).name == "gateway.toml" else (PROJECT / "docker" / source).resolve()
            yield Mount(inside=inside, source=path, read_only=mode == ["ro"])
    for each in service()["tmpfs"]:
        inside, _, options = each.partition(":")
        yield Mount(inside=inside, options=options)


@contextlib.asynccontextmanager
async def partner(folder: Path) -> AsyncIterator[Correspondent]:
    """The MTA of the partner that docker/gateway.toml names."""
    gateway = Peer(
        name="gateway", host="127.0.0.1", port=1,
        ours=Credentials(mta_name="PARTNER", password=SECRETS["MIXER_PARTNER_PASSWORD"].encode()),
        theirs=Credentials(mta_name="MIXER-EXAMPLE", password=SECRETS["MIXER_OUR_PASSWORD"].encode()),
    )  # fmt: skip
    domain = Domain(address=from_text("/PRMD=PARTNER/ADMD= /C=XX/"), mta_name="PARTNER")
    correspondent = Correspondent(domain, gateway, folder, answers=False)
    await correspondent.start()
    try:
        yield correspondent
    finally:
        await correspondent.stop()


@contextlib.contextmanager
def container(image: Image, folder: Path, partner_port: int) -> Iterator[Container]:
    """A container of the image, not started yet; killed at the end if it is still there."""
    config = folder / "gateway.toml"
    config.write_text(shipped_configuration(partner_port))
    sandbox = Sandbox(image.root, tuple(mounts(image, config, folder / "queue")), read_only=service()["read_only"])
    environment = image.environment | SECRETS
    made = Container(sandbox, folder / "log", environment=environment, folder=image.folder, identity=identity_of(image))
    try:
        yield made
    finally:
        made.close()


async def healthy(made: Container, health: tuple[str, ...]) -> None:
    """Wait as Docker does: the health check is tried until it answers 0."""
    while (answer := await asyncio.to_thread(made.execute, *health)).returncode != 0:
        assert made.process.poll() is None, made.log.read_text()
        assert "no gateway answers" in answer.stderr, answer.stderr
        await asyncio.sleep(0.5)


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "anna.berg@example.org"
    message["To"] = f'"{RECIPIENT}"@x400.example.com'
    message["Subject"] = "Grüße aus dem Container"
    message.set_content("One message passes.\n")
    return message


def hand_in(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.send_message(letter())


# --- the promises ---------------------------------------------------------------------------------------------------


def test_dockerfile_lines_that_go_on_are_one_instruction() -> None:
    text = "# comment\nFROM a\nRUN one \\\n  # within\n && two\n\nCMD [\"x\"]\n"
    assert [(each.word, each.value) for each in instructions(text)] == [("FROM", "a"), ("RUN", "one  && two"), ("CMD", '["x"]')]
    assert as_command("one  && two") == ("/bin/sh", "-c", "one  && two")
    assert as_command('["x"]') == ("x",)


def test_compose_gives_the_container_no_rights_and_a_root_that_cannot_be_written() -> None:
    assert service()["cap_drop"] == ["ALL"]
    assert service()["security_opt"] == ["no-new-privileges:true"]
    assert service()["read_only"] is True


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(600)
class TestImage:
    def test_its_user_is_not_root_and_owns_nothing_of_the_program(self, image: Image) -> None:
        user = identity_of(image).user
        assert user != 0
        owned = [path for path in (image.root / "opt/mixer").rglob("*") if path.lstat().st_uid == user]
        assert owned == []

    def test_its_queue_is_a_volume_of_that_user_alone(self, image: Image) -> None:
        shipped = tomllib.loads((image.root / "etc/mixer/gateway.toml").read_text())
        (volume,) = image.volumes
        assert Path(shipped["spool"]["url"].removeprefix("sqlite:///")).is_relative_to(volume)
        state = (image.root / volume.lstrip("/")).stat()
        assert (state.st_uid, state.st_mode & 0o077) == (identity_of(image).user, 0)

    def test_its_ports_are_those_of_its_configuration_and_need_no_rights(self, image: Image) -> None:
        shipped = tomllib.loads((image.root / "etc/mixer/gateway.toml").read_text())
        ports = {str(shipped["smtp"]["port"]), str(shipped["mta"]["port"])}
        assert set(image.ports) == ports == {each.split(":")[1] for each in service()["ports"]}
        assert all(int(port) >= 1024 for port in ports)

    def test_a_secret_that_is_missing_is_named_before_anything_starts(self, image: Image, tmp_path: Path) -> None:
        with container(image, tmp_path, 1) as made:
            command = (*image.entrypoint, *image.command)
            bare = made.sandbox.command(command, environment=image.environment, folder=image.folder, identity=identity_of(image))
            with pytest.raises(CommandError, match=r"exit code 1\nmixer: .*mta.peer partner.*MIXER_\w+ is not set"):
                run(*bare, seconds=60)

    async def test_one_message_passes_through_it(self, image: Image, tmp_path: Path) -> None:
        async with partner(tmp_path / "mailbox") as correspondent:
            with container(image, tmp_path, correspondent.port) as made:
                made.start((*image.entrypoint, *image.command))
                async with asyncio.timeout(60):
                    await healthy(made, image.health)
                status = made.execute("mixer", "status", "--json", "-c", "/etc/mixer/gateway.toml")
                await asyncio.to_thread(hand_in, json.loads(status.stdout)["smtp_port"])
                async with asyncio.timeout(60):
                    received = await correspondent.received.get()
                code = await asyncio.to_thread(made.stop, seconds_of_grace())
                log = made.log.read_text()
                queue = made.sandbox.file("/var/lib/mixer/queue.sqlite").stat()
        message = received.apdu.message
        assert message is not None
        recipients = [to_text(oraddress_from_orname(each.recipient_name)) for each in message.envelope.per_recipient_fields]
        assert [from_text(each) for each in recipients] == [from_text(RECIPIENT)]
        ipm = asn1.decode(message.content, InformationObject).ipm
        assert ipm is not None
        assert text_from_t61(ipm.heading.subject or b"") == "Grüße aus dem Container"
        assert code == 0, log
        assert "gateway.stopped" in log
        assert queue.st_uid == identity_of(image).user

    def test_its_health_check_fails_where_no_gateway_runs(self, image: Image, tmp_path: Path) -> None:
        with container(image, tmp_path, 1) as made:
            made.start(("/bin/sleep", "60"))
            assert made.execute(*image.health).returncode == 1

    def test_its_root_is_not_written(self, image: Image, tmp_path: Path) -> None:
        """Only the volume and the two tmpfs are."""
        if not has_mount_namespaces():
            pytest.skip("a plain chroot has no root of its own that cannot be written")
        writable = {"/var/lib/mixer": True, "/run/mixer": True, "/tmp": True, "/etc/mixer": False, "/opt/mixer": False}
        with container(image, tmp_path, 1) as made:
            made.start(("/bin/sleep", "60"))
            found = {inside: made.execute("/usr/bin/touch", f"{inside}/file").returncode == 0 for inside in writable}
        assert found == writable
