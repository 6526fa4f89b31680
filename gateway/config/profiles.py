"""Named profiles of peers: what ``[[mta.peer]]`` says by default for one product or service, each key to be overridden there.

A profile is one TOML file in the folder ``profiles``, with keys of ``[[mta.peer]]``. ``base`` names the profile that it starts from;
a comment beside each value says where it is known from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

_FOLDER: Final = resources.files("gateway.config") / "profiles"
_SUFFIX: Final = ".toml"
_BASE: Final = "base"


@cache
def profile_names() -> tuple[str, ...]:
    """The profiles that are shipped, in order of their names."""
    return tuple(sorted(one.name.removesuffix(_SUFFIX) for one in _FOLDER.iterdir() if one.name.endswith(_SUFFIX)))


@cache
def profile(name: str) -> Mapping[str, Any]:
    """The keys of one profile, those of its bases under its own.

    Raises:
        KeyError: There is none of that name.
    """
    if name not in profile_names():
        raise KeyError(name)
    own = tomllib.loads((_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8"))
    base = own.pop(_BASE, None)
    return MappingProxyType(own if base is None else overlaid(profile(base), own))


def overlaid(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Two tables as one: keys of ``upper`` count, tables in both are laid over each other, anything else is replaced whole."""
    found = dict(lower)
    for key, value in upper.items():
        below = found.get(key)
        found[key] = overlaid(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return found
