"""What the configuration says of associations, as the peers and the listener get it; each mistake is named with its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.building.mta import p1_listener_settings, peers_from
from gateway.config import load
from gateway.errors import ConfigurationError
from gateway.mta.credentials import Authentication
from gateway.mta.peers import Peer
from gateway.osi.service import DialogueMode, Mode
from tests.mta.certificates import Authority

GATEWAY = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"
{mta}
[[mta.peer]]
name = "partner"
mta_name = "PARTNER"
{peer}
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ca")


def path_of(folder: Path, peer: str = "", mta: str = "") -> Path:
    for name in ("ours", "theirs", "answer", "calling"):
        (folder / name).write_text(f"{name} secret\n")
    path = folder / "gateway.toml"
    path.write_text(GATEWAY.format(peer=peer, mta=mta))
    return path


def peer_of(folder: Path, peer: str) -> Peer:
    (found,) = peers_from(load(path_of(folder, peer)))
    return found


def fault(folder: Path, peer: str = "", mta: str = "") -> str:
    with pytest.raises(ConfigurationError) as refused:
        loaded = load(path_of(folder, peer, mta))
        peers_from(loaded)
        p1_listener_settings(loaded)
    return str(refused.value)


def test_each_direction_has_names_and_passwords(tmp_path: Path) -> None:
    peer = peer_of(
        tmp_path,
        'our_password = { file = "ours" }\npassword = { file = "theirs" }\n'
        'answer_mta_name = "ANSWER"\nanswer_password = { file = "answer" }\n'
        'calling_password = { file = "calling" }\nname_match = "caseless"\noctet_string_password = true\n',
    )
    assert (peer.ours.mta_name, peer.ours.password, peer.ours.octet_string) == ("GATEWAY", b"ours secret", True)
    assert (peer.theirs.mta_name, peer.theirs.password) == ("PARTNER", b"theirs secret")
    assert (peer.we_answer_as.mta_name, peer.we_answer_as.password, peer.we_answer_as.octet_string) == ("ANSWER", b"answer secret", True)
    assert (peer.it_calls_as.mta_name, peer.it_calls_as.password, peer.it_calls_as.caseless) == ("PARTNER", b"calling secret", True)


def test_one_name_and_password_serve_both_directions_where_nothing_else_is_said(tmp_path: Path) -> None:
    peer = peer_of(tmp_path, 'our_password = { file = "ours" }\n')
    assert peer.we_answer_as is peer.ours
    assert peer.it_calls_as is peer.theirs


@pytest.mark.parametrize(
    ("text", "mode", "protocol", "versions"),
    [
        ("", Mode.NORMAL, None, {1, 2}),
        ('mode = "88-x410"', Mode.X410_1984, 12, {1, 2}),
        ('mode = "1984"', Mode.X410_1984, 1, {1}),
        ('mode = "1984"\napplication_protocol = 8883\nsession_version = "any"', Mode.X410_1984, 8883, {1, 2}),
        ('session_version = "2"', Mode.NORMAL, None, {2}),
    ],
)
def test_modes(tmp_path: Path, text: str, mode: Mode, protocol: int | None, versions: set[int]) -> None:
    peer = peer_of(tmp_path, text)
    assert (peer.mode, peer.application_protocol, peer.session_versions) == (mode, protocol, versions)


def test_numbers_and_times(tmp_path: Path) -> None:
    peer = peer_of(
        tmp_path,
        'dialogue = "either"\nassociations = 4\nurgent_associations = 0\nthreshold = 7\nlifetime_seconds = 300\nidle_timeout_seconds = 9\n'
        "connect_timeout_seconds = 5\nretry_seconds = 3\nlongest_retry_seconds = 30\nrecovery = true\ntrace = true\ncheck_answer = false\n",
    )
    assert (peer.dialogue, peer.either_dialogue) == (DialogueMode.MONOLOGUE, True)
    assert (peer.associations, peer.urgent_associations, peer.threshold) == (4, 0, 7)
    assert (peer.lifetime_seconds, peer.idle_timeout_seconds, peer.connect_timeout_seconds) == (300, 9, 5)
    assert (peer.retry_seconds, peer.longest_retry_seconds) == (3, 30)
    assert (peer.recovery, peer.trace, peer.checks_answer) == (True, True, False)


def test_tls_and_the_strong_bind(tmp_path: Path, authority: Authority) -> None:
    own = authority.issue("here.example", kind="rsa")
    files = f'certificate = "{own.certificate_file.name}", key = "{own.key_file.name}", authorities = "{authority.file.name}"'
    subject = 'expects = { subject = "CN=there.example,C=XX" }'
    peer = peer_of(
        tmp_path,
        f'authentication = "strong"\nits_authentication = "strong"\nstrong = {{ {files}, {subject} }}\ntls = {{ {files}, {subject} }}\n'
        f'certificate = {{ fingerprint = "{":".join(own.read.fingerprint[at : at + 2].upper() for at in range(0, 64, 2))}" }}\n',
    )
    assert (peer.ours.bind, peer.theirs.bind) == (Authentication.STRONG, Authentication.STRONG)
    assert peer.ours.identity is not None
    assert peer.ours.identity.certificate == own.certificate
    assert peer.theirs.trust is not None
    assert peer.theirs.trust.anchors == (authority.certificate,)
    assert peer.tls is not None
    assert peer.certificate is not None
    assert peer.certificate.fault(own.read) == ""
    listener = load(path_of(tmp_path, mta=f'[mta.tls]\nport = 0\n{files.replace(", ", chr(10))}\ncertificate_required = true\n'))
    settings = p1_listener_settings(listener)
    assert settings.tls is not None
    assert settings.tls.required


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        ('authentication = "strong"', "mta.peer partner.strong: a strong bind needs certificate and key"),
        ('its_authentication = "strong"', "a peer that binds with strong credentials needs authorities and expects"),
        ('authentication = "strong"\nstrong = { certificate = "none", key = "none" }', "none"),
        ('tls = { authorities = "none" }', "mta.peer partner.tls: TLS: "),
        ("certificate = {}", "mta.peer partner.certificate: name subject, fingerprint or both"),
        ('certificate = { fingerprint = "abc" }', "not the SHA-256 of a certificate: 64 hexadecimal digits are wanted"),
        ('answer_password = { environment = "NOT_SET_AT_ALL" }', "mta.peer partner.answer_password: the environment variable"),
        ('mode = "1988"', "mta.peer partner.mode: "),
        ('certificate = { subject = "x", serial = 5 }', "mta.peer partner.certificate.serial: unknown key"),
    ],
)
def test_mistakes_are_named_with_their_key(tmp_path: Path, peer: str, said: str) -> None:
    assert said in fault(tmp_path, peer)


def test_a_listener_whose_certificate_cannot_be_used(tmp_path: Path) -> None:
    assert "mta.tls: TLS: " in fault(tmp_path, mta='[mta.tls]\nport = 0\ncertificate = "none"\nkey = "none"\n')
