"""The strong bind (X.411 8.2.1.1.1.2): tokens that prove who calls and who answers, and everything that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.testing import capture_logs

from gateway import asn1
from gateway.mta.certificates import Expected
from gateway.mta.credentials import Authentication, Credentials
from gateway.mta.strong import Replays, Trust, fresh_random, random_of, strong_credentials, strong_fault
from gateway.octets import MemoryOctets
from gateway.x400 import bind
from gateway.x400.security import AlgorithmIdentifier, AsymmetricToken
from gateway.x400.security import Credentials as MTSCredentials
from tests.mta.certificates import DAY, Authority, Issued
from tests.mta.given import called, caller, listening, sending, transferred

NOW = datetime.now(UTC).replace(microsecond=0)
US = "MTA-US"
SETS = asn1.SequenceOf(asn1.SetOf(asn1.Any()))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def them(authority: Authority) -> Issued:
    return authority.issue("mta.them.example")


def trust(authority: Authority, subject: str = "CN=mta.them.example,C=XX") -> Trust:
    return Trust(expected=Expected(subject=subject), anchors=(authority.certificate,))


def fault(authority: Authority, credentials: MTSCredentials, **changes: object) -> str:
    known = {"our_name": US, "now": NOW, "replays": Replays()} | changes
    return strong_fault(changes.pop("trust", trust(authority)), credentials, **{k: v for k, v in known.items() if k != "trust"})


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_token_that_its_certificate_has_signed_is_believed(authority: Authority, kind: str) -> None:
    issued = authority.issue("mta.them.example", kind=kind)
    assert fault(authority, strong_credentials(issued.identity, US, fresh_random(), NOW)) == ""


def test_a_strong_bind_survives_the_wire(authority: Authority, them: Issued) -> None:
    credentials = strong_credentials(them.identity, US, fresh_random(), NOW)
    argument = bind.MTABindArgument(authenticated=bind.MTABindInitiator(initiator_name="THEM", initiator_credentials=credentials))
    read = bind.decode_bind_argument(bind.encode_bind_argument(argument, normal_mode=True)).authenticated
    assert read is not None
    assert fault(authority, read.initiator_credentials) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"our_name": "MTA-OTHER"}, "its token is for 'MTA-US', we are 'MTA-OTHER'"),
        ({"now": NOW + timedelta(minutes=6)}, "compare the clocks"),
        ({"now": NOW - timedelta(minutes=6)}, "compare the clocks"),
        ({"trust": None}, "instead of CN=somebody else"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(authority: Authority, them: Issued, change: dict[str, object], said: str) -> None:
    credentials = strong_credentials(them.identity, US, fresh_random(), NOW)
    if "trust" in change:
        change = {"trust": trust(authority, "CN=somebody else")}
    assert said in fault(authority, credentials, **change)


def test_a_token_counts_once(authority: Authority, them: Issued) -> None:
    credentials, replays = strong_credentials(them.identity, US, fresh_random(), NOW), Replays()
    assert fault(authority, credentials, replays=replays) == ""
    assert "a replay" in fault(authority, credentials, replays=replays)


def test_a_certificate_of_another_authority_or_of_yesterday_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Stranger").issue("mta.them.example")
    assert "issued by none of the authorities" in fault(authority, strong_credentials(stranger.identity, US, fresh_random(), NOW))
    old = authority.issue("mta.them.example", valid=-DAY / 2)
    assert "is valid from" in fault(authority, strong_credentials(old.identity, US, fresh_random(), NOW))


def test_a_pinned_certificate_needs_no_authority(tmp_path: Path) -> None:
    issued = Authority(tmp_path).issue("mta.them.example")
    pinned = Trust(expected=Expected(fingerprint=issued.read.fingerprint), anchors=(issued.certificate,))
    assert strong_fault(pinned, strong_credentials(issued.identity, US, fresh_random(), NOW), US, NOW, Replays()) == ""


def test_another_signature_or_algorithm_is_not_believed(authority: Authority, them: Issued) -> None:
    good = strong_credentials(them.identity, US, fresh_random(), NOW)
    assert good.strong is not None
    assert good.strong.bind_token is not None
    token = good.strong.bind_token.token
    assert isinstance(token, AsymmetricToken)

    def with_token(changed: AsymmetricToken) -> MTSCredentials:
        assert good.strong is not None
        assert good.strong.bind_token is not None
        return MTSCredentials(strong=replace(good.strong, bind_token=replace(good.strong.bind_token, token=changed)))

    other = replace(token, encrypted=asn1.Bits(octets=MemoryOctets(token.encrypted.octets.to_bytes()[:-1] + b"\x00")))
    assert "the signature of its token is wrong" in fault(authority, with_token(other))
    md5 = replace(token, algorithm_identifier=AlgorithmIdentifier(algorithm="1.2.840.113549.1.1.4"))
    assert "which is not believed" in fault(authority, with_token(md5))
    absurd = replace(token, encrypted=asn1.Bits(octets=MemoryOctets(b"x" * 9000)))
    assert "absurdly long" in fault(authority, with_token(absurd))


def test_an_answer_carries_the_number_of_the_call(authority: Authority, them: Issued) -> None:
    random = fresh_random()
    call = strong_credentials(them.identity, "THEM", random, NOW)
    assert random_of(call) == random
    answer = strong_credentials(them.identity, US, random, NOW)
    assert fault(authority, answer, replays=None, answer_to=random) == ""
    assert "does not carry the number of our call" in fault(authority, answer, replays=None, answer_to=fresh_random())


@pytest.mark.parametrize("octets", [b"\x05\x00", b"\x30\x80", b"", b"\x30\x03\x02\x01\x01"])
def test_certificates_that_are_none_are_a_fault_and_no_crash(authority: Authority, them: Issued, octets: bytes) -> None:
    good = strong_credentials(them.identity, US, fresh_random(), NOW)
    assert good.strong is not None
    assert good.strong.certificate is not None
    broken = replace(good.strong, certificate=replace(good.strong.certificate, user_certificate=octets))
    assert "do not decode" in fault(authority, MTSCredentials(strong=broken))
    assert fault(authority, MTSCredentials(strong=replace(good.strong, certificate=None)))
    assert fault(authority, MTSCredentials(strong=replace(good.strong, bind_token=None)))


async def test_two_mtas_bind_with_tokens_both_ways(authority: Authority, them: Issued) -> None:
    us = authority.issue("mta.us.example")
    strong = {"bind": Authentication.STRONG}
    ours = Credentials(mta_name="MTA-HERE", identity=us.identity, trust=trust(authority, "CN=mta.us.example,C=XX"), **strong)
    theirs = Credentials(mta_name="MTA-THERE", identity=them.identity, trust=trust(authority), **strong)
    async with listening(caller(ours=theirs, theirs=ours)) as there, sending(called(there.port, ours=ours, theirs=theirs)) as sender:
        assert await transferred(sender) == "relayed"


async def test_a_password_is_no_token(authority: Authority, them: Issued) -> None:
    expected = Credentials(mta_name="MTA-HERE", trust=trust(authority), bind=Authentication.STRONG)
    with capture_logs() as logs:
        async with listening(caller(theirs=expected)) as there, sending(called(there.port)) as sender:
            assert "authentication-error" in await transferred(sender)
    (refused,) = [line for line in logs if line["event"] == "association.refused" and "offered" in line]
    assert "offered no strong credentials" in refused["reason"]
    assert refused["expected"].startswith("MTA name 'MTA-HERE', strong credentials of CN=mta.them.example,C=XX")
    assert "a password as IA5String" in refused["offered"]


def along(issued: Issued, *path: Authority) -> MTSCredentials:
    identity = replace(issued.identity, path=tuple(each.certificate for each in path))
    return strong_credentials(identity, US, fresh_random(), NOW)


def test_a_certification_path_leads_to_the_authority_that_is_trusted(authority: Authority, tmp_path: Path) -> None:
    """X.509 ForwardCertificationPath in the bind, in whatever order its certificates come."""
    middle = Authority(tmp_path, "Middle", over=authority)
    low = Authority(tmp_path, "Low", over=middle)
    issued = low.issue("mta.them.example")
    assert fault(authority, along(issued, low, middle)) == ""
    assert fault(authority, along(issued, middle, low)) == ""
    assert "issued by none of the authorities" in fault(authority, along(issued, low)), "a step is missing"
    assert "issued by none of the authorities" in fault(authority, along(issued))


def test_a_certification_path_gives_no_right_that_it_does_not_have(authority: Authority, them: Issued, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Stranger")
    assert "issued by none" in fault(authority, along(stranger.issue("mta.them.example"), stranger)), "its own root counts for nothing"
    narrow = Authority(tmp_path, "Narrow", over=authority, below=0)
    low = Authority(tmp_path, "Low", over=narrow)
    assert fault(authority, along(narrow.issue("mta.them.example"), narrow)) == ""
    assert "issued by none" in fault(authority, along(low.issue("mta.them.example"), low, narrow)), "pathLenConstraint 0"
    good = along(them)
    assert good.strong is not None
    assert good.strong.certificate is not None
    user = them.certificate.public_bytes(Encoding.DER)
    for octets in (b"\x30\x03\x31\x01\x05", b"\x05\x00", asn1.encode(tuple((user,) for _ in range(9)), SETS)):
        broken = replace(good.strong, certificate=replace(good.strong.certificate, certification_path=octets))
        assert "do not decode" in fault(authority, MTSCredentials(strong=broken))
