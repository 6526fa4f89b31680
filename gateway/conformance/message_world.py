"""The gateway that a message vector runs on, and the completion of its input from the baseline (the conformance schema, 2.1 and 2.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from gateway.conformance.message_values import oraddress
from gateway.conformance.vector import VectorError, list_of, load_tables, mapping_of, text_of
from gateway.mixer import mcgam
from gateway.mixer.body_policy import BodyPolicy, Carrier, UnknownBody
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.x400.oraddress import ORAddress

NOW: Final = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
"""Time of every run: the vectors' messages were sent shortly before."""

_CHOICES: Final[Mapping[str, tuple[object, ...]]] = MappingProxyType(
    {
        "octet_stream_choice": ("bp14", "ftbp"),
        "unknown_body_part": ("encapsulate", "drop", "reject"),
        "unknown_mime": ("ftbp", "bp15", "ia5", "bp14"),
        "dsn_extensions": ("none", "iso-10021"),
        "rfc987_ids": (True, False),
        "x400_version": (84, 88),
    }
)
_KEYS: Final = frozenset(
    {"mcgam", "gateway_domain", "gateway_or", "gateway_global_domain", "postmaster", "unmapped_822_default_or", *_CHOICES}
)
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "mcgam": [], "octet_stream_choice": "bp14", "unknown_body_part": "encapsulate", "unknown_mime": "ftbp", "dsn_extensions": "none",
        "rfc987_ids": False, "x400_version": 88, "postmaster": "",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MessageWorld:
    """What all vectors of a file share.

    Attributes:
        config: Settings of the gateway.
        baseline: What inputs leave out, by direction group.
    """

    config: Mapping[str, Any]
    baseline: Mapping[str, Any]


def world_from(raw: object) -> MessageWorld:
    """Read ``meta``.

    Raises:
        VectorError: An unknown key.
    """
    parts = mapping_of(raw, "meta")
    unknown = parts.keys() - {"version", "config", "baseline"}
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r} of meta")
    return MessageWorld(mapping_of(parts.get("config", {}), "config"), mapping_of(parts.get("baseline", {}), "baseline"))


def context_from(config: Mapping[str, Any], given: Mapping[str, Any]) -> Context:
    """The gateway of a configuration, with what an input says about it.

    Raises:
        VectorError: An unknown key or value.
    """
    unknown = config.keys() - _KEYS
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r} of config")
    made = {**_DEFAULTS, **config}
    for key, values in _CHOICES.items():
        if not any(made[key] == value and type(made[key]) is type(value) for value in values):
            raise VectorError(f"{key} {made[key]!r} is unknown: {', '.join(map(str, values))}")
    return Context(settings=_settings(made), now=NOW, plan_seed="conformance", queue_id="Q1", policy=_policy(made, given))


def _settings(made: Mapping[str, Any]) -> Settings:
    gateway = oraddress(made["gateway_or"])
    if oraddress(made.get("unmapped_822_default_or", made["gateway_or"])) != gateway:
        # RFC 2156 4.3.4 stage II: the base is that of the gateway, unless a table names another one.
        gateway = oraddress(made["unmapped_822_default_or"])
    domain = text_of(made["gateway_domain"], "gateway_domain")
    home = oraddress(made.get("gateway_global_domain", made["gateway_or"]))
    return Settings(
        gateway_domain=domain,
        gateway_oraddress=gateway,
        global_domain=GlobalDomain(country=home.country or "", admd=home.admd or " ", prmd=home.prmd),
        mta_name=domain,
        tables=_tables(list_of(made["mcgam"], "mcgam")),
        postmaster=text_of(made["postmaster"], "postmaster"),
    )


def _tables(pairs: list[Any]) -> mcgam.MappingTables:
    to_domain, to_address = [], []
    for one in pairs:
        pair = mapping_of(one, "mcgam")
        if pair.keys() != {"domain", "or"}:
            raise VectorError("mcgam: pairs of 'domain' and 'or'")
        domain, prefix = text_of(pair["domain"], "domain"), _prefix(oraddress(pair["or"]))
        to_domain.append(f"{prefix}#{domain}#\n")
        to_address.append(f"{domain}#{prefix}#\n")
    return load_tables(
        {mcgam.MappingTable.ORADDRESS_TO_DOMAIN: "".join(to_domain), mcgam.MappingTable.DOMAIN_TO_ORADDRESS: "".join(to_address)}
    )


def _prefix(address: ORAddress) -> str:
    """Appendix F: the attributes from the most specific to the country."""
    units = [("OU", one) for one in reversed(address.organizational_units)]
    pairs = [*units, ("O", address.organization), ("PRMD", address.prmd), ("ADMD", address.admd), ("C", address.country)]
    return ".".join(f"{key}${_escaped(value)}" for key, value in pairs if value is not None)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(".", "\\.")


def _policy(made: Mapping[str, Any], given: Mapping[str, Any]) -> PeerPolicy:
    body = BodyPolicy(
        octet_stream=Carrier(made["octet_stream_choice"]),
        unknown_mime=Carrier(made["unknown_mime"]),
        unknown_body=UnknownBody(made["unknown_body_part"]),
        teletex_charset=text_of(given.get("output_charset", ""), "output_charset"),
    )
    if "configured_reference_table" in given:
        body = replace(body, applications=mapping_of(given["configured_reference_table"], "configured_reference_table"))
    return PeerPolicy(
        x400_version=made["x400_version"],
        body=body,
        report_extensions=made["dsn_extensions"] == "iso-10021",
        rfc_987_identifiers=made["rfc987_ids"],
    )


# --- baseline -----------------------------------------------------------------------------------------------------------------------------

_ONE_LEVEL: Final = frozenset({"heading", "envelope", "ipn"})
_FIELD_LISTS: Final = frozenset({"header", "outer_header", "dsn_per_message"})


def completed(given: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """An input with what the baseline adds."""
    base = {key: value for key, value in baseline.items() if key not in _replaced(given)}
    found = {**base, **given}
    for key in _ONE_LEVEL & given.keys() & base.keys():
        found[key] = {**mapping_of(base[key], key), **mapping_of(given[key], key)}
    for key in _FIELD_LISTS & base.keys():
        found[key] = merged_fields(list_of(given.get(key, []), key), _followed(base[key], given))
    for key in _MERGES.keys() & baseline.keys():
        _MERGES[key](found, given, base)
    return found


def _replaced(given: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the baseline that have no meaning beside others that were given."""
    gone: set[str] = set()
    if "ipn" not in given:
        gone.add("ipn")
    for key, others in (
        ("mime", {"body"}), ("body_hex", {"body"}), ("rcpt", {"rcpt_to"}), ("probe", {"heading", "body_parts"}), ("ipn", {"body_parts"}),
        ("internal_trace", {"trace"}), ("g3_non_basic_bits", {"body_parts"}),
    ):  # fmt: skip
        gone |= others if key in given else set()
    return frozenset(gone)


def _followed(fields: list[Any], given: Mapping[str, Any]) -> list[str]:
    """From and To of the baseline follow the envelope that a vector gives."""
    recipients = given.get("rcpt_to") or [one["to"] for one in given.get("rcpt", [])]
    found = []
    for one in fields:
        name = field_name(one)
        if name == "from" and given.get("mail_from", "<>") != "<>" and "dsn_recipients" not in given:
            found.append(f"From: {given['mail_from']}")
        elif name == "to" and recipients:
            found.append(f"To: {', '.join(recipients)}")
        else:
            found.append(one)
    return found


def field_name(line: object) -> str:
    """Name of a field in lower case.

    Raises:
        VectorError: The text is no field.
    """
    name, colon, _ = text_of(line, "a header field").partition(":")
    if not colon:
        raise VectorError(f"{line!r:.60} is no header field")
    return name.strip().lower()


def merged_fields(given: list[Any], base: list[str]) -> list[str]:
    """Fields that were given, and the others of the baseline behind them."""
    names = {field_name(one) for one in given}
    return [*given, *(one for one in base if field_name(one) not in names)]


def _merge_report(found: dict[str, Any], given: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    model = mapping_of(base["report_recipients"][0], "report_recipients")
    found["report_recipients"] = [
        {"originally-specified-recipient-number": number, **model, **mapping_of(one, "a report recipient")}
        for number, one in enumerate(list_of(given.get("report_recipients", [{}]), "report_recipients"), 1)
    ]


def _merge_dsn(found: dict[str, Any], given: Mapping[str, Any], base: Mapping[str, Any]) -> None:
    if "dsn_recipients" in given:
        model = list_of(base["dsn_recipients"][0], "dsn_recipients")
        found["dsn_recipients"] = [merged_fields(list_of(one, "dsn_recipients"), model) for one in given["dsn_recipients"]]


_MERGES: Final[Mapping[str, Callable[[dict[str, Any], Mapping[str, Any], Mapping[str, Any]], None]]] = {
    "report_recipients": _merge_report,
    "dsn_recipients": _merge_dsn,
}
