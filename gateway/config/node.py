"""The gateway itself: who it is, its queue, its relay, its mapping, its log and its control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import File, ORAddressText, Section, anchored_url


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

    url: Annotated[str, AfterValidator(anchored_url)] = Field(default="sqlite:///var/queue.sqlite", validate_default=True)
    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL"
    low_water_octets: int = Field(default=64 << 20, ge=0)
    finished_days: float = Field(default=7, ge=0)
    audit_days: float = Field(default=30, gt=0)


class ConversionSection(Section):
    """The processes that convert large and suspect messages."""

    from_octets: int = Field(default=256 * 1024, ge=0)
    processes: int = Field(default=2, ge=1, le=64)
    memory_octets: int = Field(default=512 << 20, ge=128 << 20)
    processor_seconds: int = Field(default=120, ge=1)
    limit_seconds: float = Field(default=300, gt=0)
    idle_seconds: float = Field(default=30, ge=0)
    folder: File | None = None


class RelaySection(Section):
    """How hard the relay works, and when it tries again."""

    workers: int = Field(default=8, ge=1, le=256)
    lease_seconds: float = Field(default=300, gt=0)
    first_retry_seconds: float = Field(default=60, gt=0)
    longest_retry_seconds: float = Field(default=3600, gt=0)
    warn_after_hours: float = Field(default=4, gt=0)
    expire_after_hours: float = Field(default=120, gt=0)
    conversion: ConversionSection = ConversionSection()


class MixerSection(Section):
    """The mapping."""

    tables: File = Field(default=Path("mappings"), validate_default=True)
    watch_seconds: float = Field(default=5, ge=0)
    source_routes: Literal["strip", "strip-own", "keep"] = "strip"
    inverted_units: bool = False
    most_addresses: int = Field(default=5000, ge=1)


class LogSection(Section):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = False


class AdminSection(Section):
    """The control socket; ``mixer status`` and the health command talk to it. And the metrics."""

    socket: File = Field(default=Path("var/control.sock"), validate_default=True)
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
