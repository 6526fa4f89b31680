"""Writes the list of the shipped peer profiles in docs/peers.md from their files: ``python -m tests.profiles``; a test holds it there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "peers.md"
FOLDER = ROOT / "gateway" / "config" / "profiles"
MARK = "<!-- generated from gateway/config/profiles by python -m tests.profiles -->\n"
_LINE = re.compile(r"(?P<key>[\w.]+) = (?P<value>.+?)  # (?P<source>.+)")


class Line(NamedTuple):
    """One key of a profile, and where it is known from."""

    key: str
    value: str
    source: str


class Profile(NamedTuple):
    """One profile as its file has it."""

    name: str
    title: str
    base: str
    lines: tuple[Line, ...]


def profiles() -> list[Profile]:
    return [_read(path) for path in sorted(FOLDER.glob("*.toml"))]


def _read(path: Path) -> Profile:
    title, *rest = path.read_text(encoding="utf-8").splitlines()
    base, lines = "", []
    for line in rest:
        found = _LINE.fullmatch(line)
        if line.startswith("base = "):
            base = line.split('"')[1]
        if found is not None and found["key"] != "base":
            lines.append(Line(found["key"], found["value"], found["source"]))
        assert found is not None or line.startswith("base = "), f"{path.name}: no source in {line!r}"
    return Profile(path.stem, title.removeprefix("# "), base, tuple(lines))


def generated() -> str:
    return MARK + "".join(_section(one) for one in profiles())


def _section(profile: Profile) -> str:
    start = f"\n### {profile.name}\n\n{profile.title}\n"
    base = f"\nAs `{profile.base}`, and:\n" if profile.base and profile.lines else f"\nAs `{profile.base}`.\n" if profile.base else ""
    if not profile.lines:
        return start + base
    rows = "".join(f"| `{one.key}` | `{one.value}` | {one.source} |\n" for one in profile.lines)
    return f"{start}{base}\n| key | value | known from |\n|---|---|---|\n{rows}"


def document() -> str:
    """The whole document: what people wrote, and the list."""
    return DOCUMENT.read_text(encoding="utf-8").partition(MARK)[0] + generated()


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
