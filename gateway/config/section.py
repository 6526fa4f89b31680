"""What all sections are made of: strict tables, and the kinds of values that several of them hold."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

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


def anchored_url(url: str, info: ValidationInfo) -> str:
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

_N = TypeVar("_N", bound="Named")


def unique(sections: tuple[_N, ...]) -> tuple[_N, ...]:
    """Sections whose names all differ."""
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


class Named(Section):
    """One of several of its kind; the name tells them apart."""

    name: str = Field(min_length=1)


class TLSSection(Section):
    """A certificate with its key (PEM files)."""

    certificate: File
    key: File
