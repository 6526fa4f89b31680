"""Every P1 and P22 value that the golden cases produce, on the wire and read by tshark: nothing malformed, no expert error."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import asn1
from gateway.mixer.convert import Context
from gateway.octets import Octets
from gateway.x400 import p1
from tests.e2e.p1_capture import Recording, write_pcap
from tests.e2e.tshark import seen
from tests.mixer.test_cases import CASES, converted
from tests.osi.stack_pair import StackPair
from tests.shared import require_program

pytestmark = [pytest.mark.peer, pytest.mark.slow]
PORT = 102


def apdu_of(case: Path, world: Context) -> Octets:
    if (case / "x400.ber").exists():
        return asn1.encode_octets(asn1.decode((case / "x400.ber").read_bytes(), p1.MTSAPDU))
    return asn1.encode_octets(converted(case, world).result)


def recorded(apdu: Octets) -> Recording:
    """One association, opened, used for one transfer, and released."""
    pair = StackPair().run()
    pair.transfer(apdu)
    recording = Recording(PORT, 40_000)
    for side, data in pair.wire:
        recording.add(side is pair.initiator, data)
    return recording


async def test_wireshark_reads_every_case(world: Context, tmp_path: Path) -> None:
    require_program("tshark")
    for case in CASES:
        file = tmp_path / f"{case.name}.pcap"
        write_pcap(file, [recorded(apdu_of(case, world))])
        found = await seen(file, PORT)
        expected = {"p1"} if (case / "subject.json").exists() else {"p1", "p22"}
        assert expected <= found.layers, case.name
        assert not found.errors, (case.name, found.errors)
