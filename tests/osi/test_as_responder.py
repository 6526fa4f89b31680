"""As responder: the initiator's octets, whole and octet by octet, give the events and APDUs that the table of the captures lists.

The table is `tests.osi.recorded`. tshark reads the same files and has to come to the same list.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap
from gateway.osi.stack import Stack
from tests.captures import mts_apdus, streams
from tests.osi.recorded import NORMAL, RECORDED, Recorded, events
from tests.osi.stack_pair import Side, default_answers
from tests.shared import require_program, require_shared

BIND_ERROR_OF_PP = bytes.fromhex("020102")
WHOLE_AND_OCTETS = pytest.mark.parametrize("step", [0, 1], ids=["whole", "octets"])


class Listening(Side):
    """A responder that writes down everything, the lengths of the data between two events included."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__(Stack.responder(), default_answers())
        self.lines: list[str] = []
        self._data = 0
        if recorded.refused:
            self.answers[s.RTOpenIndication] = s.RTOpenReject(kind=s.RefusalKind.USER, user_data=BIND_ERROR_OF_PP)

    def _take(self, event: s.Primitive) -> None:
        if isinstance(event, s.RTTransferData):
            self._data += len(event.data)
        else:
            if self._data:
                self.lines.append(f"data {self._data}")
                self._data = 0
            self.lines.append(line(event))
        super()._take(event)


def line(event: s.Primitive) -> str:
    """An event in the words of the table; one that has none there stands as it is, and so fails the comparison."""
    match event:
        case s.TConnectIndication():
            return f"T-CONNECT {event.calling.decode()} -> {event.called.decode()}"
        case s.RTOpenIndication(mode=mode, checkpoint_size=checkpoint, window_size=window, dialogue=dialogue):
            name = next(mta for mta in ("PPA", "PPB", "GW") if mta.encode() in event.user_data)
            return f"RT-OPEN {mode.value} {name} checkpoint {checkpoint} window {window} {dialogue.name.lower()}"
        case s.RTTransferStart(activity=activity):
            return f"activity {activity.hex()}"
        case s.RTCheckpointIndication(serial=serial, confirm=True):
            return f"checkpoint {serial}"
        case s.RTTransferIndication():
            return "end"
        case s.RTCloseIndication(user_data=b""):
            return "RT-CLOSE"
    return repr(event)


def listen(recorded: Recorded, step: int) -> Listening:
    conversation = streams(require_shared() / "captures" / f"{recorded.capture}.pcap")[recorded.index]
    octets = conversation.octets("initiator")
    side = Listening(recorded)
    for at in range(0, len(octets), step or len(octets)):
        side.stack.receive_data(octets[at : at + (step or len(octets))])
        side.pull()
    while data := side.stack.data_to_send():
        side.sent += data
        side.pull()
    side.stack.receive_eof()
    side.pull()
    return side


@WHOLE_AND_OCTETS
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded.name)
def test_as_responder_every_event_is_the_listed_one(recorded, step):
    side = listen(recorded, step)
    assert side.lines == events(recorded)
    apdus = [MemoryOctets(bytes(data)) for data in side.transfers]
    found = [(unwrap(octets) if recorded.mode == NORMAL else octets).to_bytes() for octets in apdus]
    assert [apdu[:1] for apdu in found] == [first for first, _ in recorded.transfers]
    assert found == apdus_of(recorded)


def apdus_of(recorded: Recorded) -> list[bytes]:
    """The APDUs of one association, read by the little reader of the tests: those of the connections before it are counted off."""
    path = require_shared() / "captures" / f"{recorded.capture}.pcap"
    before = sum(len(other.transfers) for other in RECORDED if other.capture == recorded.capture and other.index < recorded.index)
    return [apdu.octets for apdu in mts_apdus(path)][before : before + len(recorded.transfers)]


def test_every_association_of_every_capture_is_in_the_table():
    found = {(path.stem, index) for path in (require_shared() / "captures").glob("*.pcap") for index in range(len(streams(path)))}
    assert found == {(recorded.capture, recorded.index) for recorded in RECORDED}


# --- tshark on the same table -------------------------------------------------------------------------------------------------------

FIELDS = (
    "tcp.stream", "tcp.dstport", "cotp.src-tsap", "cotp.dst-tsap", "ses.type", "ses.serial_number", "ses.activity_identifier",
    "pres.mode_value", "rtse.checkpointSize", "rtse.windowSize", "rtse.dialogueMode", "rtse.applicationProtocol", "_ws.col.Info",
    "rtse.reassembled.length",
)  # fmt: skip
PORTS = ("20011", "20012", "10200")
DIALOGUES, MODES = {"0": "monologue", "1": "two_way_alternate"}, {"0": "x410-1984", "1": "normal"}


def tshark_reads(capture: str) -> dict[int, tuple[list[str], list[int], int | None]]:
    """Of each connection: the lines for what its initiator said, the lengths of its transfers, applicationProtocol."""
    path = require_shared() / "captures" / f"{capture}.pcap"
    ports = [argument for port in PORTS for argument in ("-d", f"tcp.port=={port},tpkt")]
    shown = [argument for name in FIELDS for argument in ("-e", name)]
    command = [require_program("tshark"), "-r", str(path), *ports, "-Y", "cotp", "-T", "fields", "-E", "separator=|", *shown]
    found: dict[int, tuple[list[str], list[int], int | None]] = {}
    for row in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        frame = dict(zip(FIELDS, row.split("|"), strict=True))
        if frame["tcp.dstport"] in PORTS:
            lines, lengths, protocol = found.get(int(frame["tcp.stream"]), ([], [], None))
            lengths += [int(length) for length in frame["rtse.reassembled.length"].split(",") if length]
            protocol = int(frame["rtse.applicationProtocol"]) if frame["rtse.applicationProtocol"] else protocol
            found[int(frame["tcp.stream"])] = ([*lines, *_frame_lines(frame)], lengths, protocol)
    return found


def _frame_lines(frame: dict[str, str]) -> Iterator[str]:
    serials = iter(frame["ses.serial_number"].split(","))
    activities = iter(frame["ses.activity_identifier"].split(","))
    if frame["cotp.dst-tsap"]:
        yield f"T-CONNECT {frame['cotp.src-tsap']} -> {frame['cotp.dst-tsap']}"
    for kind in frame["ses.type"].split(","):
        match kind:
            case "13":
                # tshark does not name the initiator of the second association of p1-84-ndr.
                _, name, _ = f"{frame['_ws.col.Info']}  ".split(" ", 2)
                sizes = f"checkpoint {frame['rtse.checkpointSize']} window {frame['rtse.windowSize'] or 3}"
                yield f"RT-OPEN {MODES[frame['pres.mode_value']]} {name} {sizes} {DIALOGUES[frame['rtse.dialogueMode']]}"
            case "45":
                yield f"activity {next(activities)}"
            case "49":
                yield f"checkpoint {next(serials)}"
            case "41":
                next(serials)
                yield "end"
            case "9":
                yield "RT-CLOSE"
            case "" | "1":
                pass
            case other:
                yield f"SPDU {other}"


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("capture", sorted({recorded.capture for recorded in RECORDED}))
def test_tshark_reads_the_same_list(capture):
    read = tshark_reads(capture)
    for recorded in (recorded for recorded in RECORDED if recorded.capture == capture):
        lines, lengths, protocol = read[recorded.index]
        expected = [each for each in events(recorded) if not each.startswith("data ")]
        unnamed = [each.replace(f" {recorded.mta} ", "  ") for each in expected]
        assert lines in (expected, unnamed)
        assert protocol == recorded.protocol
        # Wireshark follows the transfers of normal mode only (p1-stack.md 9.3).
        assert lengths == ([octets for _, octets in recorded.transfers] if recorded.mode == NORMAL else [])
