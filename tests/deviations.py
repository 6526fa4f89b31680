"""Collects what the source says of itself: departures from the standards, and what peers were seen to do.

``python -m tests.deviations`` writes docs/deviations.md; a test holds the file to the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "deviations.md"
_MARK = re.compile(r"(?:#|^)\s*(Deviation|Peer):\s*(.*)")
_HEAD = """# Conformance: where we leave the standards, and what we do for peers

Generated from the comments in the source (`python -m tests.deviations`). A *deviation* is a deliberate departure from the text
of a standard; a *peer* note says what some product was seen to do and what we do about it.
"""


def notes(path: Path) -> Iterator[tuple[str, str]]:
    """Kind and text of every mark in a file; lines of the same comment or docstring paragraph that follow belong to it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        found = _MARK.search(line)
        if found is None or ('"' in line[: found.start()] and not line.strip().startswith(("#", "Peer", "Deviation"))):
            continue
        comment = "#" in line[: found.start() + 1]
        text = [found.group(2)]
        for following in lines[index + 1 :]:
            stripped = following.strip()
            goes_on = stripped.startswith("#") if comment else bool(stripped) and not stripped.endswith('"""') and stripped[:1] != '"'
            if not goes_on or _MARK.search(following) or line.strip()[:1] != ("#" if comment else line.strip()[:1]):
                break
            text.append(stripped.lstrip("# "))
        yield found.group(1), " ".join(text).strip().removesuffix('"""')


def document() -> str:
    """The whole document."""
    parts = [_HEAD]
    for kind, title in (("Deviation", "Deviations"), ("Peer", "Peers")):
        parts.append(f"\n## {title}\n")
        for path in sorted((ROOT / "gateway").rglob("*.py")):
            parts += [f"* `{path.relative_to(ROOT)}`: {text}" for found, text in notes(path) if found == kind]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
