"""What tshark reads in a capture of P1: an independent decoder of every layer. Wireshark calls X.411 p1 and X.420 p22."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.shared import require_program


@dataclass(frozen=True)
class Seen:
    """A capture as tshark reads it."""

    root: ET.Element

    @cached_property
    def layers(self) -> set[str]:
        return {proto.get("name", "") for proto in self.root.iter("proto")}

    @cached_property
    def complaints(self) -> list[str]:
        """Malformed packets, and expert information worse than a note of any layer above TCP."""
        found = [proto.get("showname", "malformed") for proto in self.root.iter("proto") if proto.get("name") == "_ws.malformed"]
        for proto in self.root.iter("proto"):
            if proto.get("name") in ("geninfo", "frame", "raw", "ip", "tcp", "eth"):
                continue
            for field in proto.iter("field"):
                if field.get("name") == "_ws.expert.severity" and int(field.get("show", "0"), 0) >= 0x600000:
                    found.append(f"{proto.get('name')}: {proto.get('showname')}")
                if "undecoded" in field.get("name", "") or "Malformed" in field.get("showname", ""):
                    found.append(f"{proto.get('name')}: {field.get('showname')}")
        return found

    @cached_property
    def errors(self) -> list[str]:
        """Malformed packets and expert errors. What Wireshark has no dissector for, such as RFC 2156's own extensions, is none."""
        malformed = [proto.get("showname", "malformed") for proto in self.root.iter("proto") if proto.get("name") == "_ws.malformed"]
        severe = [field for field in self.root.iter("field") if field.get("name") == "_ws.expert.severity"]
        return malformed + [field.get("showname", "") for field in severe if int(field.get("show", "0"), 0) >= 0x800000]

    def values(self, name: str) -> list[str]:
        """What a field is shown as, every time it comes."""
        return [field.get("show", "") for field in self.root.iter("field") if field.get("name") == name]

    def octets(self, name: str) -> list[bytes]:
        """The octets of a field, every time it comes."""
        return [bytes.fromhex(field.get("value", "")) for field in self.root.iter("field") if field.get("name") == name]

    def names(self, kind: str) -> list[str]:
        """Every showname that begins with ``kind``."""
        return [name for field in self.root.iter("field") if (name := field.get("showname", "")).startswith(kind)]


async def seen(file: Path, port: int) -> Seen:
    """Let tshark read a capture."""
    process = await asyncio.create_subprocess_exec(
        require_program("tshark"), "-r", str(file), "-d", f"tcp.port=={port},tpkt", "-T", "pdml",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0
    return Seen(ET.fromstring(output))
