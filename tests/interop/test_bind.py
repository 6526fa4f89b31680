"""Section 4 of the interoperability cases: names, passwords and identity in binds."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.building.mta import peers_from
from gateway.config import load
from gateway.errors import ConfigurationError
from gateway.mta.binding import argument_of_bind, read_bind_argument, refusal_text
from gateway.mta.checkup import check_up
from gateway.mta.credentials import Credentials, Offer
from gateway.mta.peers import BindFault, Expected, Peer, Peers
from gateway.osi import service as s
from tests.mta.given import PATIENT, THERE, called, caller, listening, reference, sending, transferred

CONFIG = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"
"""


def knowing(mta_name: str, password: bytes | None = b"secret", **changes: Any) -> Peer:
    theirs = {key: changes.pop(key) for key in ("caseless",) if key in changes}
    known: dict[str, Any] = {"name": mta_name, "ours": THERE, "theirs": Credentials(mta_name=mta_name, password=password, **theirs)}
    return Peer(**(known | changes))


def found(peers: Peers, **offer: Any) -> str:
    """The peer that an offer comes from, or why it comes from none."""
    known: dict[str, Any] = {"mta_name": "Exchsrv1", "password": b"secret", "address": "192.0.2.1"}
    answer = peers.authenticate(Offer(**(known | offer)))
    return answer.text if isinstance(answer, BindFault) else answer.name


def test_IC_017_names_are_compared_octet_by_octet_and_a_difference_in_case_is_told() -> None:
    peers = Peers((knowing("Exchsrv1"),))
    assert found(peers) == "Exchsrv1"
    assert "'Exchsrv1' differs only in case, and case counts" in found(peers, mta_name="EXCHSRV1")


def test_IC_017_a_peer_like_pp_may_be_known_without_regard_to_case() -> None:
    peers = Peers((knowing("Exchsrv1", caseless=True),))
    assert found(peers, mta_name="EXCHSRV1", password=b"SECRET") == "Exchsrv1"
    assert "wrong password" in found(peers, mta_name="EXCHSRV1", password=b"secrets")


def test_IC_017_a_name_has_32_characters_at_most(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG + f'[[mta.peer]]\nname = "a"\nmta_name = "{"x" * 33}"\n')
    with pytest.raises(ConfigurationError, match="at most 32 characters"):
        load(path)


async def test_IC_018_the_called_side_answers_with_the_credentials_of_that_peer() -> None:
    link = Credentials(mta_name="LINK-NAME", password=b"link password")
    async with listening(caller(answering=link)) as there, sending(called(there.port, theirs=link)) as sender:
        assert await transferred(sender) == "relayed"


async def test_IC_018_both_sides_of_a_refusal_are_logged_with_peer_field_and_direction() -> None:
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, ours=Credentials(mta_name="MTA-HERE", password=b"x"))) as sender:
            await transferred(sender)
    incoming, outgoing = [line for line in logs if line["event"] == "association.refused"]
    assert "MTA 'MTA-HERE' offered a wrong password" in incoming["reason"]
    assert incoming["expected"].startswith("MTA name 'MTA-HERE', its password")
    assert (outgoing["peer"], outgoing["direction"]) == ("called", "outgoing")
    assert "authentication-error" in outgoing["reason"]
    assert "our secret" not in str(logs)


@pytest.mark.parametrize(("password", "octets"), [(b" ", "a103160120"), (b"", "a1021600"), (None, "a1021600")])
def test_IC_019_a_password_of_one_blank_is_sent_as_it_is(password: bytes | None, octets: str) -> None:
    argument = argument_of_bind(called(102, ours=Credentials(mta_name="A", password=password)), s.Mode.NORMAL)
    assert argument.hex().endswith(octets)
    offer = read_bind_argument(argument)
    assert offer is not None
    assert offer.password == (password or b"")


@pytest.mark.parametrize("configured", [b" ", b"", b"x"])
def test_IC_019_one_blank_empty_and_absent_are_three_things(configured: bytes) -> None:
    peers = Peers((knowing("Exchsrv1", configured),))
    right = [offered for offered in (b" ", b"", None, b"x", b"  ") if found(peers, password=offered) == "Exchsrv1"]
    assert right == [configured]


def test_IC_019_a_password_is_read_from_a_file_without_trimming(tmp_path: Path) -> None:
    (tmp_path / "blank").write_bytes(b" \n")
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG + '[[mta.peer]]\nname = "a"\nmta_name = "A"\npassword = { file = "blank" }\n')
    (peer,) = peers_from(load(path))
    assert peer.theirs.password == b" "


@pytest.mark.parametrize("address", ["192.0.2.1", "198.51.100.7", "2001:db8::25"])
def test_IC_020_a_caller_is_known_from_any_address(address: str) -> None:
    assert found(Peers((knowing("Exchsrv1"),)), address=address) == "Exchsrv1"


def test_IC_020_an_address_is_an_additional_check_where_it_is_configured() -> None:
    peers = Peers((knowing("Exchsrv1", networks=(ip_network("192.0.2.0/24"),)),))
    assert found(peers) == "Exchsrv1"
    assert "called from 198.51.100.7, which is outside its networks" in found(peers, address="198.51.100.7")


async def test_IC_020_the_log_shows_the_address() -> None:
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port)) as sender:
            await transferred(sender)
    (opened,) = [line for line in logs if line["event"] == "association.opened" and "direction" not in line]
    assert opened["address"].startswith("127.0.0.1:")


@pytest.mark.parametrize("different", ["name", "called TSEL", "calling TSEL", "password"])
def test_IC_021_two_peers_on_one_address_are_told_apart(different: str) -> None:
    def expecting(side: str, tsel: bytes) -> Expected:
        return Expected(**({side.split()[0]: s.Selectors(tsel=tsel)} if "TSEL" in side else {}))

    one = knowing("Exchsrv1", name="one", expects=expecting(different, b"A"))
    password = b"other" if different == "password" else b"secret"
    other_name = "Exchsrv2" if different == "name" else "Exchsrv1"
    two = knowing(other_name, password, name="two", expects=expecting(different, b"B"))
    peers = Peers((one, two))
    for name, mta_name, secret, tsel in (("one", "Exchsrv1", b"secret", b"A"), ("two", other_name, password, b"B")):
        selectors = {different.split()[0]: s.Selectors(tsel=tsel)} if "TSEL" in different else {}
        assert found(peers, mta_name=mta_name, password=secret, **selectors) == name


def test_IC_021_an_overlap_is_found_when_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    peers = '[[mta.peer]]\nname = "one"\nmta_name = "A"\n[[mta.peer]]\nname = "two"\nmta_name = "A"\n'
    path.write_text(CONFIG + peers)
    with pytest.raises(ConfigurationError, match="calls of 'one' and 'two' look the same"):
        peers_from(load(path))
    path.write_text(CONFIG + peers + 'expects = { called = { tsel = "TWO" } }\n')
    assert [peer.name for peer in peers_from(load(path))] == ["one", "two"]


@pytest.mark.parametrize(
    ("confirm", "said"),
    [
        ({"refuse_reason": 2}, "does not accept our MTA name, our password or our calling address"),
        ({"refuse_reason": 3}, "it wants the other dialogue mode"),
        ({"refuse_reason": 0}, "it has no room for this association now; it is tried again later"),
        ({"user_data": bytes.fromhex("b203020102")}, "does not accept our MTA name, our password or our calling address"),
        ({"user_data": bytes.fromhex("020103")}, "it wants the other dialogue mode"),
        ({"kind": s.RefusalKind.CANNOT_RECOVER}, "recovery not offered"),
    ],
)
def test_IC_022_refusals_in_plain_words(confirm: dict[str, Any], said: str) -> None:
    assert said in refusal_text(s.RTOpenConfirm(accepted=False, **confirm))


async def test_IC_022_the_probe_says_what_to_change_and_shows_the_octets_of_the_refusal() -> None:
    async with listening() as there:
        wrong = await check_up(called(there.port, ours=Credentials(mta_name="MTA-HERE", password=b"x")), reference, PATIENT)
        twa = await check_up(called(there.port, dialogue=s.DialogueMode.TWO_WAY_ALTERNATE), reference, PATIENT)
    nobody = await check_up(called(1), reference, PATIENT)
    assert [each.failed_at for each in (wrong, twa, nobody)] == ["bind", "mode", "TCP"]
    assert "our_password" in wrong.steps[-1].advice
    assert "dialogue" in twa.steps[-1].advice
    assert "listen on this port" in nobody.steps[-1].advice
    assert "b203020102" in wrong.last_octets
    assert "b203020103" in twa.last_octets


