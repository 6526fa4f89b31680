"""What ``mixer convert --explain`` says: the rules that ran, the plan of the body for each profile, the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from gateway import asn1
from gateway.building.policy import profile_policy
from gateway.cli.conversion import Result, to_internet, to_x400, under
from gateway.cli.recognise import Recognised
from gateway.config import profile_names
from gateway.errors import ConversionError
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import decode_text
from gateway.internet.message import Message
from gateway.mixer.display import shown_name
from gateway.mixer.plans import Line, lines_of_body, lines_of_entity
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.stdor import to_text
from gateway.x400.ipm import IPM, InformationObject
from gateway.x400.oraddress import ORAddress, orname_from_oraddress
from gateway.x400.p1 import MTSAPDU

_TRACE = frozenset({"received", "x400-received"})
Convert = Callable[[PeerPolicy], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All of it, as facts; `text` makes lines for people of it."""

    rules: tuple[str, ...]
    addresses: tuple[Mapping[str, Any], ...]
    given: tuple[str, ...]
    made: tuple[str, ...]
    profiles: tuple[Mapping[str, Any], ...]
    downgrading: Mapping[str, Any] | None
    back: Mapping[str, Any]

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def explain_to_x400(message: Message, envelope: SmtpEnvelope, context: Context, policy: PeerPolicy, result: Result) -> Explanation:
    """Explain a conversion to X.400."""

    def convert(each: PeerPolicy) -> Result:
        return to_x400(message, envelope, under(context, each))

    given = tuple(lines_of_entity(message))
    return Explanation(
        rules=tuple(map(str, result.steps)),
        addresses=_addresses(result),
        given=tuple(map(str, given)),
        made=_x400_lines(result),
        profiles=tuple(_profiles(convert, result, _x400_lines)),
        downgrading=None if policy.x400_version == 84 else _downgrading(convert, policy, result),
        back=_back_from_x400(message, given, result, context, policy),
    )


def explain_to_internet(found: Recognised, context: Context, policy: PeerPolicy, result: Result) -> Explanation:
    """Explain a conversion to the Internet."""

    def convert(each: PeerPolicy) -> Result:
        return to_internet(found, under(context, each))

    ipm = asn1.decode_prefix(found.message.content, InformationObject)[0].ipm
    given = tuple(lines_of_body(ipm.body)) if ipm is not None else ()
    return Explanation(
        rules=tuple(map(str, result.steps)),
        addresses=_addresses(result),
        given=tuple(map(str, given)),
        made=_internet_lines(result),
        profiles=tuple(_profiles(convert, result, _internet_lines)),
        downgrading=None,
        back=_back_from_internet(ipm, given, result, context, policy),
    )


def _addresses(result: Result) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"address": _address_text(given), "result": _address_text(made.result), "steps": tuple(map(str, made.steps))}
        for given, made in result.mapped.items()
    )


def _address_text(value: object) -> str:
    if isinstance(value, ORAddress):
        return to_text(value) or shown_name(orname_from_oraddress(value))
    return str(getattr(value, "address", value))


def _x400_lines(result: Result) -> tuple[str, ...]:
    ipm = result.ipm
    return tuple(map(str, lines_of_body(ipm.body))) if ipm is not None else ("notification",)


def _internet_lines(result: Result) -> tuple[str, ...]:
    return tuple(map(str, lines_of_entity(result.message)))


# --- other peers ---------------------------------------------------------------------------------------------------------


def _profiles(convert: Convert, result: Result, lines: Callable[[Result], tuple[str, ...]]) -> Iterator[Mapping[str, Any]]:
    """What each shipped profile makes of the message; of its notes those that the conversion at hand has not."""
    for name in profile_names():
        try:
            made = convert(profile_policy(name))
        except ConversionError as error:
            yield {"profile": name, "refused": str(error)}
        else:
            yield {"profile": name, **_content_type(made), "octets": len(made.octets), "body": lines(made), "notes": _new(made, result)}


def _content_type(made: Result) -> dict[str, Any]:
    return {} if made.apdu is None else {"content_type": made.apdu.envelope.content_type.value}


def _new(made: Result, result: Result) -> tuple[str, ...]:
    return tuple(str(note) for note in made.notes if note not in result.notes)


def _downgrading(convert: Convert, policy: PeerPolicy, result: Result) -> Mapping[str, Any]:
    """What would become of it towards X.400 (1984), if a system on the way asked for that (RFC 2156 Appendix B)."""
    try:
        made = convert(replace(policy, x400_version=84))
    except ConversionError as error:
        return {"refused": str(error)}
    return {**_content_type(made), "body": _x400_lines(made), "notes": _new(made, result)}


# --- the way back --------------------------------------------------------------------------------------------------------


def _back_from_x400(
    message: Message, given: Sequence[Line], result: Result, context: Context, policy: PeerPolicy
) -> Mapping[str, Any]:
    again = asn1.decode(result.octets, MTSAPDU).message
    assert again is not None
    try:
        made = to_internet(Recognised(message=again, form="MTS-APDU"), under(context, policy))
    except ConversionError as error:
        return {"refused": str(error)}
    return {
        **_fields(_field_bodies(message), _field_bodies(made.message)),
        "body": tuple(map(str, lines_of_entity(made.message))),
        "contents": _contents(given, tuple(lines_of_entity(made.message))),
        "notes": tuple(map(str, made.notes)),
    }


def _back_from_internet(
    ipm: IPM | None, given: Sequence[Line], result: Result, context: Context, policy: PeerPolicy
) -> Mapping[str, Any]:
    assert result.internet is not None
    elsewhere = replace(context, settings=replace(context.settings, mta_name="BACK"))
    try:
        made = to_x400(result.message, result.internet.envelope, under(elsewhere, policy))
    except ConversionError as error:
        return {"refused": str(error)}
    back = made.ipm
    lines = tuple(lines_of_body(back.body)) if back is not None else ()
    return {
        **_fields(_elements(ipm), _elements(back)),
        "body": tuple(map(str, lines)),
        "contents": _contents(given, lines),
        "notes": tuple(map(str, made.notes)),
    }


def _field_bodies(message: Message) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for field in message.header:
        if field.name.lower() not in _TRACE:
            found.setdefault(field.name.lower(), []).append(" ".join(decode_text(field.value).split()))
    return dict(found)


def _elements(ipm: IPM | None) -> dict[str, Any]:
    """The elements of a heading that are there."""
    if ipm is None:
        return {}
    values = {one.name.replace("_", "-"): getattr(ipm.heading, one.name) for one in fields(ipm.heading)}
    return {name: value for name, value in values.items() if value not in (None, ())}


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Which fields or elements are the same after both ways, which are not, which are new."""
    return {
        "same": tuple(name for name, value in before.items() if after.get(name) == value),
        "changed": tuple(name for name, value in before.items() if name in after and after[name] != value),
        "lost": tuple(name for name in before if name not in after),
        "added": tuple(name for name in after if name not in before),
    }


def _contents(given: Sequence[Line], back: Sequence[Line]) -> tuple[str, ...]:
    """Whether each part came back: octet for octet, and text character for character."""
    present = {line.digest for line in back if line.digest}
    return tuple(
        f"{line.kind}{f' ({line.detail})' if line.detail else ''}: {'the same' if line.digest in present else 'not the same'}"
        for line in given
        if line.digest
    )


# --- for people ----------------------------------------------------------------------------------------------------------


def text(found: Explanation) -> str:
    """The explanation as lines."""
    parts = [
        _section("Rules that ran", found.rules),
        _section("Addresses", [line for each in found.addresses for line in _address_lines(each)]),
        _section("Body", [*found.given, "becomes", *found.made]),
        _section("What each profile makes of it", [line for names, plan in _alike(found.profiles) for line in _plan_lines(names, plan)]),
    ]
    if found.downgrading is not None:
        parts.append(_section("Towards X.400 (1984)", list(_plan_lines("downgraded", found.downgrading))))
    parts.append(_section("The way back", list(_back_lines(found.back))))
    return "\n\n".join(parts)


def _alike(plans: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Plans that say the same, once, with the names of their profiles."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for plan in plans:
        said = {name: value for name, value in plan.items() if name not in ("profile", "octets")}
        groups.setdefault(repr(said), []).append(plan)
    for group in groups.values():
        yield ", ".join(str(plan["profile"]) for plan in group), group[0]


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"== {title}", *(f"   {line}" for line in lines or ("none",))])


def _address_lines(each: Mapping[str, Any]) -> Iterator[str]:
    yield f"{each['address']} -> {each['result']}"
    yield from (f"   {step}" for step in each["steps"])


def _plan_lines(name: str, plan: Mapping[str, Any]) -> Iterator[str]:
    if "refused" in plan:
        yield f"{name}: refused: {plan['refused']}"
        return
    kind = f" content type {plan['content_type']}" if "content_type" in plan else ""
    yield f"{name}:{kind}"
    yield from (f"   {line}" for line in plan["body"])
    yield from (f"   Note: {note}" for note in plan["notes"])


def _back_lines(back: Mapping[str, Any]) -> Iterator[str]:
    if "refused" in back:
        yield f"refused: {back['refused']}"
        return
    for name in ("same", "changed", "lost", "added"):
        yield f"{name}: {', '.join(back[name]) or 'none'}"
    yield from back["contents"]
    yield from (f"Note: {note}" for note in back["notes"])
