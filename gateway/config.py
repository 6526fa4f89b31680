"""The configuration: one TOML file, validated whole; every error names file, key and what was expected.

Sections are named as the packages; units stand in the key (``idle_timeout_seconds``); unknown keys are errors; secrets
come from files or from the environment, never from the file itself.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from gateway.errors import ConfigurationError, GatewayError
from gateway.mixer.stdor import from_text

Networks = tuple[IPv4Network | IPv6Network, ...]


def _octets(value: object) -> object:
    """A selector: text for ASCII octets, or ``hex:`` and hexadecimal digits."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("hex:")) if value.startswith("hex:") else value.encode("ascii")
    return value


Selector = Annotated[bytes, BeforeValidator(_octets)]

_SQLITE = "sqlite:///"


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """Relative file names count from the folder of the configuration file."""
    # Not resolved: a symbolic link may be turned to another set of tables, and a reload follows it then.
    return path if info.context is None else Path(os.path.normpath((info.context / path).absolute()))


def _anchored_url(url: str, info: ValidationInfo) -> str:
    """The same for the file in a URL of the queue."""
    if info.context is None or not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{_anchored(Path(url.removeprefix(_SQLITE)), info)}"


File = Annotated[Path, AfterValidator(_anchored)]


def _oraddress(text: str) -> str:
    try:
        from_text(text)
    except GatewayError as error:
        raise ValueError(f"not an O/R address such as /PRMD=ACME/ADMD=TEST/C=DE/: {error}") from error
    return text


ORAddressText = Annotated[str, AfterValidator(_oraddress)]

_N = TypeVar("_N", bound="_Named")


def _unique(sections: tuple[_N, ...]) -> tuple[_N, ...]:
    names = [section.name for section in sections]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the name {name!r} is used twice")
    return sections


class Section(BaseModel):
    """A table of the file; a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Section):
    """Where a secret comes from: exactly one of a file and an environment variable."""

    file: File | None = None
    environment: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if (self.file is None) == (self.environment is None):
            raise ValueError("name either file or environment")
        return self

    def read(self, where: str) -> bytes:
        """The secret as octets; a final line end is not part of it.

        Raises:
            ConfigurationError: The file or the variable is not there.
        """
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
    oraddress: ORAddressText
    global_domain: ORAddressText
    mta_name: str = Field(min_length=1, max_length=32)
    postmaster: str


class SpoolSection(Section):
    """The queue."""

    url: Annotated[str, AfterValidator(_anchored_url)] = Field(default="sqlite:///var/queue.sqlite", validate_default=True)
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

    certificate: File
    key: File


class _Named(Section):
    """One of several of its kind; the name tells them apart."""

    name: str = Field(min_length=1)


class SMTPUser(_Named):
    """A user that may authenticate to the SMTP listener."""

    password: Secret


class SMTPClient(_Named):
    """A class of SMTP clients and what it may do. The first class that fits a client counts."""

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
    users: Annotated[tuple[SMTPUser, ...], AfterValidator(_unique)] = ()
    client: Annotated[tuple[SMTPClient, ...], AfterValidator(_unique)] = (SMTPClient(name="anyone"),)
    smart_host: SmartHost | None = None
    accept_bare_line_feeds: bool = False


class GrantSection(Section):
    """What a P1 peer may hand in."""

    to_internet: bool = False
    originators: tuple[ORAddressText, ...] = ()
    domains: tuple[str, ...] = ()


class SelectorSection(Section):
    """Selectors: text, or ``hex:`` and digits."""

    tsel: Selector = b""
    ssel: Selector = b""
    psel: Selector = b""


class ExpectedSection(Section):
    """Selectors in the calls of a peer; what is left out may be anything."""

    calling: SelectorSection = SelectorSection()
    called: SelectorSection = SelectorSection()


DDAType = Annotated[str, Field(min_length=1, max_length=8)]
"""Type of a domain-defined attribute (X.411 Annex B)."""


class PolicySection(Section):
    """What the mixer may send to a peer."""

    x400_version: Literal[84, 88] = 88
    attachments: Literal["bp14", "bp15", "ftbp"] = "ftbp"
    extensions: Literal["published", "draft"] = "published"
    universal_addresses: bool = False
    internet_labels: tuple[DDAType, ...] = ()
    repair_double_escapes: bool = False


class PeerSection(_Named):
    """One adjacent MTA."""

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
    expects: ExpectedSection = ExpectedSection()
    routes: tuple[ORAddressText, ...] = ()
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
    idle_timeout_seconds: float = Field(default=600, gt=0)
    unbound_connections: int = Field(default=20, ge=1)
    peer: Annotated[tuple[PeerSection, ...], AfterValidator(_unique)] = ()


class MixerSection(Section):
    """The mapping."""

    tables: File = Field(default=Path("mappings"), validate_default=True)
    watch_seconds: float = Field(default=5, ge=0)


SourceName = Literal["directory", "tables", "px", "ldap"]


def _once(names: tuple[SourceName, ...]) -> tuple[SourceName, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named twice")
    return names


class DirectorySection(Section):
    """The users' directory: individual users from files."""

    files: tuple[File, ...] | None = None
    compiled: File = Field(default=Path("var/users.compiled"), validate_default=True)
    fold_local_parts: bool = False


class PXSection(Section):
    """PX records of the DNS (RFC 2163)."""

    nameservers: tuple[IPv4Address | IPv6Address, ...] = ()
    port: int = Field(default=53, ge=1, le=65535)
    timeout_seconds: float = Field(default=10, gt=0)
    trees: dict[str, str] | None = None
    authenticated_only: bool = False


class LDAPUsersSection(Section):
    """Individual users in an LDAP directory."""

    base: str
    mailbox_filter: str = "(mail={})"
    oraddress_filter: str = "(mhsORAddresses={})"
    mailbox_attribute: str = "mail"
    oraddress_attribute: str = "mhsORAddresses"
    domains: tuple[str, ...] = ()


class LDAPSection(Section):
    """An LDAP directory (RFC 2164)."""

    urls: tuple[str, ...] = Field(min_length=1)
    bind_name: str = ""
    bind_password: Secret | None = None
    start_tls: bool = False
    ca_file: File | None = None
    collections: tuple[str, ...] = ()
    users: LDAPUsersSection | None = None
    timeout_seconds: float = Field(default=5, gt=0)
    cache_seconds: float = Field(default=300, ge=0)
    connections: int = Field(default=4, ge=1, le=100)


class LookupSection(Section):
    """Where mappings come from besides the tables."""

    sources: Annotated[tuple[SourceName, ...], AfterValidator(_once)] = ("directory", "tables")
    header_lookup_limit_seconds: float = Field(default=3600, ge=0)
    most_questions: int = Field(default=200, ge=1)
    timeout_seconds: float = Field(default=30, gt=0)
    directory: DirectorySection = DirectorySection()
    px: PXSection = PXSection()
    ldap: LDAPSection | None = None

    @model_validator(mode="after")
    def _complete(self) -> LookupSection:
        if "ldap" in self.sources and self.ldap is None:
            raise ValueError("'ldap' is among the sources, but there is no section [lookup.ldap]")
        return self


class LogSection(Section):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class AdminSection(Section):
    """The control socket; ``mixer status`` and the health command talk to it."""

    socket: File = Field(default=Path("var/control.sock"), validate_default=True)


class Config(Section):
    """The whole file."""

    gateway: GatewaySection
    spool: SpoolSection = SpoolSection()
    relay: RelaySection = RelaySection()
    smtp: SMTPSection = SMTPSection()
    mta: MTASection = MTASection()
    mixer: MixerSection = MixerSection()
    lookup: LookupSection = LookupSection()
    log: LogSection = LogSection()
    admin: AdminSection = AdminSection()


_SAID = {
    "extra_forbidden": "unknown key; look for a spelling mistake",
    "missing": "must be given",
    "model_type": "a table is wanted here: { key = value, ... }",
}
"""Types of faults with words of our own. The value is not repeated: it may be a secret in the wrong place."""


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
        return Config.model_validate(_completed(Config, table), context=path.absolute().parent)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_faults(path, table, error))) from error


def _completed(model: type[BaseModel], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the sections that are left out, which are validated too: their defaults hold relative paths."""
    found = dict(table)
    for name, field in model.model_fields.items():
        inner = found.get(name, {})
        if isinstance(field.default, Section) and isinstance(inner, dict):
            found[name] = _completed(type(field.default), inner)
    return found


def _faults(path: Path, table: Mapping[str, Any], error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        key = _key(table, fault["loc"])
        said = _SAID.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        plain = isinstance(fault["input"], str | int | float) and fault["type"] not in _SAID
        given = f" (given: {fault['input']!r})" if plain else ""
        lines.append(f"{path}: {key}: {said}{given}")
    return lines


def _key(table: Any, steps: Sequence[str | int]) -> str:
    """The key as people say it: ``mta.peer partner.port``, with the number of a section that has no name."""
    words = ""
    for step in steps:
        table = _inside(table, step)
        name = table.get("name") if isinstance(step, int) and isinstance(table, dict) else None
        words += f" {step if name is None else name}" if isinstance(step, int) else f".{step}" if words else step
    return words


def _inside(table: Any, step: str | int) -> Any:
    try:
        return table[step]
    except (KeyError, IndexError, TypeError):
        return None
