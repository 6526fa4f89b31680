"""The configuration: one TOML file, validated whole; every error names file, key and what was expected.

Sections are named as the packages; units stand in the key (``idle_timeout_seconds``); unknown keys are errors; secrets
come from files or from the environment, never from the file itself.
"""

from __future__ import annotations

import os
import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gateway.errors import ConfigurationError

Networks = tuple[IPv4Network | IPv6Network, ...]


def _octets(value: object) -> object:
    """A selector: text for ASCII octets, or ``hex:`` and hexadecimal digits."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("hex:")) if value.startswith("hex:") else value.encode("ascii")
    return value


Selector = Annotated[bytes, BeforeValidator(_octets)]


class Section(BaseModel):
    """A table of the file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Section):
    """Where a secret comes from: exactly one of a file and an environment variable."""

    file: Path | None = None
    environment: str | None = None

    def read(self, where: str) -> bytes:
        """The secret as octets; a final line end is not part of it.

        Raises:
            ConfigurationError: The file or the variable is not there, or neither or both are named.
        """
        if (self.file is None) == (self.environment is None):
            raise ConfigurationError(f"{where}: name either file or environment")
        if self.environment is not None:
            value = os.environ.get(self.environment)
            if value is None:
                raise ConfigurationError(f"{where}: the environment variable {self.environment} is not set")
            return value.encode()
        assert self.file is not None
        try:
            return self.file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise ConfigurationError(f"{where}: {self.file}: {error.strerror}") from error


class GatewaySection(Section):
    """Who this gateway is.

    Attributes:
        domain: Internet domain of the gateway; addresses that no table maps are encapsulated in it.
        oraddress: O/R address of the gateway in std-or form; base of addresses with an RFC-822 domain-defined attribute.
        global_domain: C, ADMD and PRMD (std-or form) that trace elements and MTS identifiers carry.
        mta_name: Name in internal trace and, unless a peer says otherwise, in binds.
    """

    domain: str
    oraddress: str
    global_domain: str
    mta_name: str = Field(min_length=1, max_length=32)
    postmaster: str


class SpoolSection(Section):
    """The queue."""

    url: str = "sqlite:///var/queue.sqlite"
    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL"
    low_water_octets: int = Field(default=64 << 20, ge=0)


class RelaySection(Section):
    """How hard the relay works, and when it tries again."""

    workers: int = Field(default=8, ge=1, le=256)
    lease_seconds: float = Field(default=300, gt=0)
    first_retry_seconds: float = Field(default=60, gt=0)
    longest_retry_seconds: float = Field(default=3600, gt=0)
    warn_after_hours: float = Field(default=4, gt=0)
    expire_after_hours: float = Field(default=120, gt=0)


class TLSSection(Section):
    """A certificate with its key (PEM files)."""

    certificate: Path
    key: Path


class SMTPUser(Section):
    """A user that may authenticate to the SMTP listener."""

    name: str
    password: Secret


class SMTPClient(Section):
    """A class of SMTP clients and what it may do. The first class that fits a client counts."""

    name: str
    networks: Networks = ()
    users: tuple[str, ...] = ()
    may_send_to_x400: bool = True


class SmartHost(Section):
    """Where outgoing Internet mail goes."""

    host: str
    port: int = Field(default=25, ge=1, le=65535)
    tls: Literal["none", "opportunistic", "required", "implicit"] = "opportunistic"
    user: str | None = None
    password: Secret | None = None


class SMTPSection(Section):
    """The Internet side."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=0, le=65535)
    hostname: str | None = None
    largest_octets: int = Field(default=50 << 20, ge=1024)
    connections: int = Field(default=200, ge=1)
    recipients: int = Field(default=1000, ge=1)
    command_timeout_seconds: float = Field(default=300, gt=0)
    tls: TLSSection | None = None
    users: tuple[SMTPUser, ...] = ()
    client: tuple[SMTPClient, ...] = (SMTPClient(name="anyone"),)
    smart_host: SmartHost | None = None
    accept_bare_line_feeds: bool = False


class GrantSection(Section):
    """What a P1 peer may hand in."""

    to_internet: bool = False
    originators: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


class SelectorSection(Section):
    """Selectors: text, or ``hex:`` and digits."""

    tsel: Selector = b""
    ssel: Selector = b""
    psel: Selector = b""


class PolicySection(Section):
    """What the mixer may send to a peer."""

    x400_version: Literal[84, 88] = 88
    attachments: Literal["bp14", "bp15", "ftbp"] = "ftbp"
    extensions: Literal["published", "draft"] = "published"


class PeerSection(Section):
    """One adjacent MTA."""

    name: str
    host: str = ""
    port: int = Field(default=102, ge=1, le=65535)
    calling: SelectorSection = SelectorSection()
    called: SelectorSection = SelectorSection()
    our_mta_name: str | None = None
    our_password: Secret | None = None
    mta_name: str = Field(min_length=1, max_length=32)
    password: Secret | None = None
    octet_string_password: bool = False
    networks: Networks = ()
    routes: tuple[str, ...] = ()
    grant: GrantSection = GrantSection()
    policy: PolicySection = PolicySection()
    checkpoint_size_kilobytes: int = Field(default=10, ge=0, le=1024)
    window_size: int = Field(default=3, ge=1, le=100)
    tpdu_size_octets: Literal[128, 256, 512, 1024, 2048, 4096, 8192] = 8192
    dialogue: Literal["monologue", "two-way-alternate"] = "monologue"
    associations: int = Field(default=2, ge=1, le=32)
    incoming: int = Field(default=10, ge=1, le=200)
    idle_timeout_seconds: float = Field(default=60, gt=0)
    retry_seconds: float = Field(default=60, ge=0)


class MTASection(Section):
    """The X.400 side."""

    host: str = "127.0.0.1"
    port: int = Field(default=102, ge=0, le=65535)
    tsels: tuple[Selector, ...] = (b"",)
    ssels: tuple[Selector, ...] = ()
    psels: tuple[Selector, ...] = ()
    connections: int = Field(default=200, ge=1)
    largest_octets: int = Field(default=1 << 30, ge=1024)
    bind_timeout_seconds: float = Field(default=30, gt=0)
    progress_timeout_seconds: float = Field(default=300, gt=0)
    peer: tuple[PeerSection, ...] = ()


class MixerSection(Section):
    """The mapping."""

    tables: Path = Path("mappings")
    strict: bool = False


class LogSection(Section):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class AdminSection(Section):
    """The control socket; ``mixer status`` and the health command talk to it."""

    socket: Path = Path("var/control.sock")


class Config(Section):
    """The whole file."""

    gateway: GatewaySection
    spool: SpoolSection = SpoolSection()
    relay: RelaySection = RelaySection()
    smtp: SMTPSection = SMTPSection()
    mta: MTASection = MTASection()
    mixer: MixerSection = MixerSection()
    log: LogSection = LogSection()
    admin: AdminSection = AdminSection()


def load(path: Path) -> Config:
    """Read and validate a configuration file. Relative paths in it are relative to the file.

    Raises:
        ConfigurationError: With file, key and what was expected, one line for each fault.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    try:
        config = Config.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_faults(path, error))) from error
    return _anchored(config, path.parent)


def _faults(path: Path, error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        key = ".".join(str(step) for step in fault["loc"])
        said = "unknown key; look for a spelling mistake" if fault["type"] == "extra_forbidden" else fault["msg"]
        given = "" if fault["type"] in ("missing", "extra_forbidden") else f" (given: {fault['input']!r})"
        lines.append(f"{path}: {key}: {said}{given}")
    return lines


def _anchored(config: Config, folder: Path) -> Config:
    """Relative file names count from the folder of the configuration file."""
    spool = config.spool
    prefix = "sqlite:///"
    if spool.url.startswith(prefix) and not spool.url.removeprefix(prefix).startswith("/"):
        spool = spool.model_copy(update={"url": prefix + str((folder / spool.url.removeprefix(prefix)).resolve())})
    return config.model_copy(
        update={
            "spool": spool,
            "mixer": config.mixer.model_copy(update={"tables": (folder / config.mixer.tables).resolve()}),
            "admin": config.admin.model_copy(update={"socket": (folder / config.admin.socket).resolve()}),
        }
    )
