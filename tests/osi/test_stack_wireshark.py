"""What we put on the wire, read by Wireshark: nothing malformed, nothing undecoded, and every layer seen for what it is (checklist O1)."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.stack import Stack
from tests.captures import mts_apdus
from tests.osi.stack_pair import BIND, BIND_RESULT, StackPair, opening_request
from tests.shared import require_program, require_shared

PORT = 102


def write_pcap(path: Path, pair: StackPair) -> None:
    """The conversation as TCP over IPv4 over Ethernet, one packet for at most 8000 octets."""
    numbers = {id(side): 1 for side in pair.sides}
    packets = []
    for side, data in pair.wire:
        other = pair.responder if side is pair.initiator else pair.initiator
        ports = (40000, PORT) if side is pair.initiator else (PORT, 40000)
        for at in range(0, len(data), 8000):
            part = data[at : at + 8000]
            tcp = struct.pack(">HHIIBBHHH", *ports, numbers[id(side)], numbers[id(other)], 0x50, 0x18, 65535, 0, 0) + part
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, b"\x7f\0\0\1", b"\x7f\0\0\1")
            packets.append(bytes(12) + b"\x08\x00" + ip + tcp)
            numbers[id(side)] += len(part)
    records = b"".join(struct.pack("<IIII", at, 0, len(packet), len(packet)) + packet for at, packet in enumerate(packets))
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + records)


def tshark(path: Path, *arguments: str) -> str:
    command = [require_program("tshark"), "-r", str(path), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("checkpoint", [0, 1, 63])
def test_O1_wireshark_follows_an_association(tmp_path, checkpoint):
    apdus = [apdu.octets for apdu in mts_apdus(require_shared() / "captures/p1-88-big40000.pcap")]
    pair = StackPair(opening_request(checkpoint_size=checkpoint)).run()
    for apdu in apdus:
        pair.transfer(MemoryOctets(apdu))
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    write_pcap(tmp_path / "ours.pcap", pair)
    assert tshark(tmp_path / "ours.pcap", "-Y", "_ws.malformed") == ""
    seen = tshark(tmp_path / "ours.pcap", "-T", "fields", "-e", "frame.protocols", "-e", "_ws.col.Info")
    assert "cotp:ses:pres:acse:rtse:ros:p1\tBind-Argument PPA simple" in seen
    for line in ("Bind-Result PPB simple", "InterPersonal Message (big)", "Release-Request (normal)", "Release-Response (normal)"):
        assert line in seen
    experts = tshark(tmp_path / "ours.pcap", "-T", "fields", "-e", "_ws.expert.message", "-Y", "_ws.expert")
    assert set(experts.split("\n")) <= {"Unknown standard-extension", ""}, "PP's draft form of an extension type, in its own APDU"


OWN_FAULT_OF_WIRESHARK = "Internal error:can't get spdu type from session dissector"


def malformed(path: Path, *arguments: str) -> set[str]:
    """What tshark calls malformed."""
    shown = tshark(path, *arguments, "-Y", "_ws.malformed", "-T", "fields", "-E", "aggregator=|", "-e", "_ws.expert.message")
    return {message for line in shown.splitlines() for message in line.split("|") if message}


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 2041], ids=["whole", "segments"])
@pytest.mark.parametrize(("name", "protocol", "version"), [("p1-88-x410mode", 12, 2), ("p1-84-plain", 1, 1), ("p1-88-x410mode", 12, 1)])
def test_O4_wireshark_reads_our_x410_mode(tmp_path, name, protocol, version, room):
    """It follows the bind and the session, and has nothing to say against them.

    It cannot follow the transfer (p1-stack 9.3): about the bare octets in DT it reports a fault of its own, in its group Malformed.
    It reports the same, and no other, about the traffic of PP. Without its presentation dissector nothing is left to report.
    """
    (apdu,) = [apdu.octets for apdu in mts_apdus(require_shared() / f"captures/{name}.pcap")]
    request = opening_request(
        mode=s.Mode.X410_1984,
        user_data=BIND[2:],
        application_protocol=protocol,
        session_versions=frozenset({version}),
        checkpoint_size=1,
        tsdu_size=room,
    )
    pair = StackPair(request, accept=s.RTOpenResponse(user_data=BIND_RESULT[2:]))
    pair.responder.stack = Stack.responder(tsdu_size=room)
    pair.run()
    for each in (apdu, bytes(3000)):
        pair.transfer(MemoryOctets(each))
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    path = tmp_path / "ours.pcap"
    write_pcap(path, pair)
    recorded = require_shared() / f"captures/{name}.pcap"
    assert malformed(path) == malformed(recorded, "-d", "tcp.port==20012,tpkt") == {OWN_FAULT_OF_WIRESHARK}
    assert malformed(path, "--disable-protocol", "pres") == set()
    shown = ("ses.type", "pres.mode_value", "rtse.checkpointSize", "rtse.applicationProtocol", "_ws.col.Info")
    rows = tshark(path, "-Y", "ses", "-T", "fields", *(argument for name in shown for argument in ("-e", name))).splitlines()
    assert rows[0].split("\t") == ["13", "0", "1", str(protocol), "Bind-Argument PPA simple"]
    assert rows[1].split("\t")[:3] == ["14", "0", "1"] and "Bind-Result PPB simple" in rows[1]
    kinds = [kind for row in rows for kind in row.split("\t")[0].split(",") if kind not in ("1", "2")]
    assert kinds == ["13", "14", "45", "41", "42", "45", "49", "49", "41", "50", "50", "42", "9", "10"]
    enclosed = tshark(path, "-Y", "ses.enclosure.flags", "-T", "fields", "-e", "ses.enclosure.flags")
    assert bool(enclosed.strip()) is (room > 0)
