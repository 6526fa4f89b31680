"""What a session connection consists of between two events: the variables of X.225 A.5.3, the tokens, what waits to go up or down."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from gateway.errors import ProtocolError
from gateway.osi.service import ConnectionReference, StackLimits, TokenSide
from gateway.osi.session.parameters import Field
from gateway.osi.session.spdu import Kind, encode_tsdu

HALF_DUPLEX, MINOR, MAJOR, ACTIVITY, RELEASE, EXCEPTIONS = 0x0001, 0x0008, 0x0010, 0x0040, 0x0080, 0x0200
SUPPORTED = HALF_DUPLEX | MINOR | ACTIVITY | EXCEPTIONS
DEFAULT_REQUIREMENTS = 0x0349  # X.225 8.3.1.18

DATA_TOKEN, MINOR_TOKEN, MAJOR_TOKEN, RELEASE_TOKEN = 0x01, 0x04, 0x10, 0x40
_TOKEN_OF = {HALF_DUPLEX: DATA_TOKEN, MINOR: MINOR_TOKEN, MAJOR: MAJOR_TOKEN, ACTIVITY: MAJOR_TOKEN, RELEASE: RELEASE_TOKEN}

V1_USER_DATA, V1_ABORT_DATA, CONNECT_USER_DATA = 512, 9, 10240
DT_SEGMENT_HEADER = 7  # 01 00 01 03 19 01 0x
BEGIN, END = 1, 2  # bits of the enclosure item


def available_tokens(requirements: int) -> int:
    """The tokens that exist under these functional units, as the bits of the token item (X.215 7.3)."""
    return sum({token for unit, token in _TOKEN_OF.items() if requirements & unit})


class Connection:
    """The state of one session connection other than its state in the tables.

    Attributes:
        initiator: We opened the transport connection, and so are the only one who may send CN.
        va: V(A), lowest serial number to which a confirmation may still come.
        vm: V(M), next serial number.
        vr: V(R), lowest serial number to which a restart may go.
        vsc: Vsc, we are the side that confirms.
        vact: Vact, an activity is in progress.
        just_ended: Our AEA was the last thing that happened to activities.
        mine: Tokens of ours, as the bits of the token item; ``available`` those that exist.
        send_limit: TSDU maximum size for what we send, in octets; 0 means no segmenting.
        taking: The user information of the present DT goes up.
        ssdu_out: An SSDU of ours is not complete yet; ``ssdu_in`` the same of the peer's.
        data_ends: The present DT is the last or only one of its SSDU.
    """

    def __init__(self, *, initiator: bool, limits: StackLimits, versions: frozenset[int], tsdu_size: int) -> None:
        self.initiator = initiator
        self.limits = limits
        self.versions = versions
        self.tsdu_size = tsdu_size
        self.version = max(versions, default=2)
        self.requirements = SUPPORTED
        self.reference = ConnectionReference()
        self.setting = 0
        self.peer_tsdu_size = (0, 0)
        self.send_limit = 0
        self.available = self.mine = 0
        self.va = self.vm = self.vr = 1
        self.vsc = self.vact = self.just_ended = False
        self.taking = self.data_ends = self.ssdu_in = self.ssdu_out = False
        self.timer = self.disconnect = False
        self.events: deque[object] = deque()
        self.output: deque[tuple[bytes, bool]] = deque()
        self._tsdu_open = False
        self._segment = bytearray()
        self._begun = False

    # --- tokens ---------------------------------------------------------------------------------------------------

    def owns(self, tokens: int) -> bool:
        """I(t) of X.225 A.5.4.1 for each of them: it does not exist, or is ours."""
        return not (tokens & self.available & ~self.mine)

    def peer_owns(self, tokens: int) -> bool:
        """A(t) of X.225 A.5.4.1 for none of them being ours."""
        return not (tokens & self.mine)

    def settle_tokens(self, requirements: int, setting: int) -> None:
        """After CN and AC: the functional units in effect, and who has which token (X.225 8.3.1.15)."""
        self.requirements = requirements
        self.available = available_tokens(requirements)
        acceptors = self.available & (setting & 0x55)
        self.mine = self.available & ~acceptors if self.initiator else acceptors

    # --- activities and synchronisation points ----------------------------------------------------------------------

    def begin_activity(self, serial: int = 0) -> None:
        """AS, or AR after the checkpoint ``serial`` (X.225 table A.4)."""
        self.va = self.vm = serial + 1
        self.vr = 1
        self.vact, self.just_ended = True, False

    def mark_point(self, *, ours: bool) -> None:
        """MIP or AE was sent or received: the next serial number is used up."""
        if self.vsc is ours:
            self.va = self.vm
        self.vm += 1
        self.vsc = not ours

    def end_activity(self) -> None:
        """AEA, AIA or ADA: no activity is in progress."""
        self.vact = self.ssdu_in = self.taking = self.just_ended = False
        self.va = self.vm

    # --- downward -------------------------------------------------------------------------------------------------

    def send(self, kind: Kind, fields: Mapping[Field, bytes] | None = None) -> None:
        """Queue a TSDU with this SPDU. An SSDU that is still open ends here, cut short.

        Raises:
            ProtocolError: A parameter is too long (ours); nothing was queued.
        """
        size = len((fields or {}).get(Field.USER_DATA, b""))
        if self.version == 1 and size > V1_USER_DATA:
            raise ProtocolError("session", f"{size} octets in {kind.name}, version 1 has room for 512", clause="X.225 8.3", ours=True)
        tsdu = encode_tsdu(kind, fields)
        if self._tsdu_open:
            self.output.append((b"", True))
        self._tsdu_open = self.ssdu_out = self._begun = False
        self._segment.clear()
        self.output.append((tsdu, True))

    def send_data(self, data: bytes, end: bool) -> None:
        """Queue a piece of an SSDU as DT SPDUs."""
        if self.send_limit:
            self._send_segments(data, end)
        else:
            header = b"" if self.ssdu_out else encode_tsdu(Kind.DT)
            self.output.append((header + data, end))
            self._tsdu_open = not end
        self.ssdu_out = not end

    def _send_segments(self, data: bytes, end: bool) -> None:
        """As many DT SPDUs with an enclosure item as the TSDU maximum size asks for (X.225 6.3.5)."""
        room = max(1, self.send_limit - DT_SEGMENT_HEADER)
        self._segment += data
        complete = False
        while len(self._segment) > room or (end and not complete):
            complete = end and len(self._segment) <= room
            enclosure = (0 if self._begun else BEGIN) | (END if complete else 0)
            header = encode_tsdu(Kind.DT, {Field.ENCLOSURE: bytes((enclosure,))})
            self.output.append((header + bytes(self._segment[:room]), True))
            del self._segment[:room]
            self._begun = not complete

    def indicate(self, primitive: object) -> None:
        """Queue a primitive for the user."""
        self.events.append(primitive)


def side_of(setting: int) -> TokenSide:
    """Where a token setting item puts the data token, which RTSE keeps together with the others."""
    return TokenSide(setting & 3) if setting & 3 != 3 else TokenSide.REQUESTOR


def setting_from_side(side: TokenSide, requirements: int) -> int:
    """Token setting item that puts every token that exists on one side."""
    return available_tokens(requirements) * int(side)
