"""Section 6 of the interoperability cases: P1 envelopes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway import asn1
from gateway.building.policy import policy_from
from gateway.config import PolicySection
from gateway.errors import ConfigurationError, ConversionError
from gateway.mixer.convert import message_to_internet
from gateway.mixer.identifiers import new_mts_identifier
from gateway.octets import MemoryOctets
from gateway.spool.transfer import RecipientState
from gateway.x400 import mts, p1
from gateway.x400.extensions import Criticality, ExtensionField, ExtensionType
from gateway.x400.mts import MTSIdentifier, PerMessageIndicators
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress
from tests.e2e.harness import ANNA_OR, JOERG_OR, Arrangement, arrangement, failures, settled
from tests.interop.envelopes import decoded, element, encoded, fault, plain, queue, swapped
from tests.interop.mixing import BOB, CAROL, CONTEXT, header_of, ipm, noted, p1_message, p1_of, peer, to_internet, to_x400

BIT = mts.PerRecipientIndicators
INDICATORS = asn1.tagged(mts.PER_RECIPIENT_INDICATORS, asn1.context(1))
PRIVATE = "1.3.6.1.4.1.99999.1"


def private_extension(oid: str = PRIVATE, *, critical: bool = False) -> ExtensionField:
    criticality = frozenset({Criticality.FOR_DELIVERY}) if critical else frozenset()
    return ExtensionField(type_=ExtensionType(private_extension=oid), criticality=criticality, value=asn1.Raw(b"\x04\x01x"))


def listed(conversion: Any) -> str:
    """What stands in Discarded-X400-MTS-Extensions, numbers separated by blanks."""
    return " ".join(shown(conversion, "Discarded-X400-MTS-Extensions").replace("(", " ").replace(")", " ").split())


def shown(conversion: Any, name: str) -> str:
    """The body of a header field, empty when it is not there."""
    field = header_of(conversion).get(name)
    return "" if field is None else field.body.decode().strip()


# --- IC-032 .. IC-038: what strange encoders write --------------------------------------------------------------------


@pytest.mark.parametrize("octets", ["810203a8", "810200a8", "810203af", "810300a8ff", "810204a0"])
def test_IC_032_five_to_eight_bits_and_more_are_read(octets: str) -> None:
    read = asn1.decode(bytes.fromhex(octets), INDICATORS)
    assert {BIT.RESPONSIBILITY, BIT.ORIGINATING_MTA_NON_DELIVERY_REPORT} <= read


def test_IC_032_eight_bits_and_none_unused_are_written() -> None:
    message = p1_of(to_x400("Subject: x"))
    octets = encoded(message)
    at = octets.index(b"\x81\x02", octets.index(message.envelope.message_identifier.local_identifier.encode()))
    assert octets[at : at + 3] == b"\x81\x02\x00"


def test_IC_033_a_content_identifier_of_length_zero_counts_as_absent() -> None:
    octets = swapped(plain(content_identifier="abc"), bytes.fromhex("4a03616263"), bytes.fromhex("4a00"))
    conversion = to_internet(decoded(octets))
    assert shown(conversion, "X400-Content-Identifier") == ""


def test_IC_033_no_empty_optional_string_is_sent() -> None:
    octets = encoded(p1_of(to_x400("Subject: x\r\nX400-Content-Identifier: ")))
    assert b"\x4a\x00" not in octets
    assert b"\x13\x00" not in octets


@pytest.mark.parametrize("arcs", [9, 33, 60])
def test_IC_034_a_long_object_identifier_is_data(arcs: int) -> None:
    oid = "1.3.6.1.4.1." + ".".join(["200"] * arcs)
    message = decoded(plain(extensions=(private_extension(oid),)))
    assert message.envelope.extensions[0].type_.private_extension == oid
    assert "1 3 6 1 4 1 200 200" in listed(to_internet(message))


def test_IC_034_a_critical_one_is_1_18() -> None:
    with pytest.raises(ConversionError) as refused:
        to_internet(decoded(plain(extensions=(private_extension(critical=True),))))
    assert (refused.value.failure.reason, refused.value.failure.diagnostic) == (1, 18)


async def test_IC_034_an_absurd_one_is_quarantined(tmp_path: Path) -> None:
    absurd = element(b"\x83", b"\x2a" + b"\x81" * 3000 + b"\x01")
    octets = swapped(plain(extensions=(private_extension(),)), element(b"\x83", bytes.fromhex("2b06010401868d1f01")), absurd)
    async with queue(tmp_path) as intake:
        taken = await intake.take(octets)
        assert taken.recipients[0].state is RecipientState.QUARANTINED
        assert (await intake.take(plain())).recipients[0].state is RecipientState.QUEUED


async def test_IC_035_an_element_that_overruns_its_parent_is_quarantined_and_the_next_is_served(tmp_path: Path) -> None:
    good = plain(content_identifier="abc")
    octets = good.replace(bytes.fromhex("4a03616263"), bytes.fromhex("4a7f616263"))
    with capture_logs() as logs:
        async with queue(tmp_path) as intake:
            taken = await intake.take(octets)
            assert taken.recipients[0].state is RecipientState.QUARANTINED
            assert "octet 2" in taken.recipients[0].note, "the place is named"
            assert (await intake.take(good)).recipients[0].state is RecipientState.QUEUED
    assert [line["log_level"] for line in logs if line["event"] == "relay.quarantined"] == ["error"]


@pytest.mark.parametrize("length", [1, 20, 100, 200])
async def test_IC_036_a_truncated_apdu_is_kept_with_an_alarm(tmp_path: Path, length: int) -> None:
    with capture_logs() as logs:
        async with queue(tmp_path) as intake:
            taken = await intake.take(plain()[:length], normal_mode=False)
            assert taken.recipients[0].state is RecipientState.QUARANTINED
    assert "relay.quarantined" in [line["event"] for line in logs]


BAD_NAMES = {
    "braces": "300c310a30080603550403140149",
    "trailing NUL": "30 0f 31 0d 30 0b 06 03 55 04 03 14 04 42 4d 49 00",
    "value of 200 octets": "3081d53181d23081cf0603550403 1481c7" + "41" * 199,
    "underscore in PrintableString": "3012311030 0e 0603 55040b 1307 4d795f73697465",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_IC_037_IC_038_a_strange_directory_name_does_not_keep_a_message(name: str) -> None:
    octets = bytes.fromhex(BAD_NAMES[name].replace(" ", ""))
    odd = replace(orname_from_oraddress(oraddress_from_orname(p1_message(ipm()).envelope.originator_name)), directory_name=octets)
    message = decoded(plain(originator_name=odd))
    assert message.envelope.originator_name.directory_name == octets
    conversion = to_internet(message)
    assert conversion.result.envelope.reverse_path == "Ann.Lee@widget.example"


def test_IC_037_no_directory_name_is_sent_in_an_envelope() -> None:
    envelope = p1_of(to_x400("Subject: x\r\nFrom: Bob (a comment) <bob@example.org>")).envelope
    names = (envelope.originator_name, *(each.recipient_name for each in envelope.per_recipient_fields))
    assert [name.directory_name for name in names] == [None] * len(names)


# --- IC-039, IC-040: addresses ----------------------------------------------------------------------------------------

UNUSABLE = orname_from_oraddress(ORAddress(domain_defined=(("MS", "Net/PO/User"),)))


def test_IC_039_an_originator_without_usable_address_is_accepted() -> None:
    found = to_internet(decoded(plain(originator_name=UNUSABLE)))
    assert found.result.message.to_bytes()


def test_IC_040_an_originator_of_a_dda_alone_is_accepted_and_shown() -> None:
    conversion = to_internet(decoded(plain(originator_name=UNUSABLE)))
    assert "Net" in shown(conversion, "X400-Originator")


@pytest.mark.parametrize("mailbox", ["bob@example.org", "a/b=c;d@example.org", '"two words"@example.org'])
def test_IC_040_what_we_send_has_the_mandatory_attributes(mailbox: str) -> None:
    envelope = p1_of(to_x400(f"Subject: x\r\nFrom: {mailbox}", reverse_path=mailbox)).envelope
    for name in (envelope.originator_name, *(each.recipient_name for each in envelope.per_recipient_fields)):
        address = oraddress_from_orname(name)
        assert address.country
        assert address.admd


# --- IC-041, IC-042: identifiers --------------------------------------------------------------------------------------


def test_IC_041_identifiers_are_unique_however_the_clock_goes() -> None:
    found = set()
    for number in range(2000):
        context = replace(CONTEXT, plan_seed=f"{number:032x}", now=CONTEXT.now - timedelta(hours=number % 2))
        identifier = new_mts_identifier(context, "message").local_identifier
        assert len(identifier) <= 32
        assert identifier.isascii()
        found.add(identifier)
    assert len(found) == 2000


ODD = (
    "1905031430101996/A33827/ADA1", "7705001613031996/A07679/LSPT", "97082616584041+20201E53", "<s5b5a62a.027@mta.test.example>",
    "NET/PO/00000123", "a;b=c", 'q"uote', "x[1]",
)  # fmt: skip


@pytest.mark.parametrize("local", ODD)
async def test_IC_042_odd_characters_in_identifiers_survive(tmp_path: Path, local: str) -> None:
    identifier = replace(p1_message(ipm()).envelope.message_identifier, local_identifier=local)
    octets = plain(message_identifier=identifier)
    async with queue(tmp_path) as intake:
        taken = await intake.take(octets)
        assert (await intake.store.track(taken.mts_identifier))[0].id == taken.id
        assert local in taken.mts_identifier
    message = decoded(octets)
    assert asn1.decode(asn1.encode(message.envelope.message_identifier), MTSIdentifier).local_identifier == local
    assert shown(to_internet(message), "X400-MTS-Identifier")


# --- IC-043 .. IC-047: extensions, bilateral information, flags -------------------------------------------------------


@pytest.mark.parametrize("place", ["message", "recipient"])
def test_IC_043_an_unknown_private_extension_is_listed_and_not_sent_on(place: str) -> None:
    message = p1_message(ipm())
    fields = message.envelope.per_recipient_fields
    if place == "message":
        message = replace(message, envelope=replace(message.envelope, extensions=(private_extension(),)))
    else:
        changed = (replace(fields[0], extensions=(private_extension(),)),)
        message = replace(message, envelope=replace(message.envelope, per_recipient_fields=changed))
    assert "1 3 6 1 4 1 99999 1" in listed(to_internet(decoded(encoded(message))))


def test_IC_043_a_critical_one_is_1_18_for_the_message() -> None:
    with pytest.raises(ConversionError) as refused:
        to_internet(p1_message(ipm(), extensions=(private_extension(critical=True),)))
    assert (refused.value.failure.reason, refused.value.failure.diagnostic) == (1, 18)


def test_IC_044_no_private_extension_leaves_the_gateway() -> None:
    header = "Subject: x\r\nDiscarded-X400-MTS-Extensions: 1.3.6.1.4.1.99999.1\r\nLatest-Delivery-Time: Mon, 23 Nov 2026 20:00:00 +0000"
    envelope = p1_of(to_x400(header)).envelope
    fields = (*envelope.extensions, *(each for one in envelope.per_recipient_fields for each in one.extensions))
    assert all(each.type_.private_extension is None for each in fields)


def bilateral(prmd: str | None = "WIDGET") -> p1.PerDomainBilateralInformation:
    domain = mts.GlobalDomainIdentifier
    known = p1_message(ipm()).envelope.message_identifier.global_domain_identifier
    assert isinstance(known, domain)
    return p1.PerDomainBilateralInformation(
        country_name=known.country_name,
        domain=p1.BilateralDomainName(administration_domain_name=known.administration_domain_name),
        bilateral_information=asn1.Raw(b"\x04\x03abc"),
    )


def test_IC_045_bilateral_information_is_taken_ignored_and_never_sent() -> None:
    conversion = to_internet(decoded(plain(per_domain_bilateral_information=(bilateral(),))))
    assert noted(conversion, "per-domain-bilateral-information") == ["dropped"]
    for context in (CONTEXT, peer(x400_version=84)):
        assert p1_of(to_x400("Subject: x", context=context)).envelope.per_domain_bilateral_information is None


def test_IC_046_an_empty_prmd_counts_as_absent() -> None:
    octets = plain()
    read = decoded(swapped(octets, bytes.fromhex("1306574944474554"), bytes.fromhex("1300")))
    assert shown(to_internet(read), "X400-MTS-Identifier")


def test_IC_046_a_gateway_without_prmd_never_writes_an_empty_one() -> None:
    settings = CONTEXT.settings
    without = replace(
        settings,
        gateway_oraddress=replace(settings.gateway_oraddress, prmd=None),
        global_domain=replace(settings.global_domain, prmd=None),
    )
    octets = encoded(p1_of(to_x400("Subject: x", context=replace(CONTEXT, settings=without))))
    assert b"\x13\x00" not in octets
    assert b"\xa2\x02\x13\x00" not in octets


@pytest.mark.parametrize(("flags", "ret"), [({PerMessageIndicators.CONTENT_RETURN_REQUEST}, "FULL"), (set(), "HDRS")])
def test_IC_047_the_flag_is_honoured_as_ret_of_the_dsn(flags: set[int], ret: str) -> None:
    found = to_internet(decoded(plain(per_message_indicators=frozenset(flags))))
    assert found.result.envelope.ret == ret


def test_IC_047_the_content_is_always_asked_back_and_ret_counts_when_the_dsn_is_built() -> None:
    """RFC 2156 5.2 and rule S3 of the digest; the case itself would ask for RET=FULL only."""
    for ret in ("FULL", "HDRS", None):
        assert PerMessageIndicators.CONTENT_RETURN_REQUEST in p1_of(to_x400("Subject: x", ret=ret)).envelope.per_message_indicators


# --- IC-048, IC-049: who is served, and when --------------------------------------------------------------------------


async def test_IC_048_a_deferred_message_is_held_until_its_instant_in_any_time_zone(tmp_path: Path) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    octets = plain(BOB, CAROL, deferred_delivery_time=due)
    async with queue(tmp_path) as intake:
        taken = await intake.take(octets)
        assert taken.deferred_until == due
        assert {each.due for each in taken.recipients} == {due}
        before, after = due - timedelta(seconds=1), due
        assert await intake.store.claim("w", before, lease_seconds=9) == ()
        (claim,) = await intake.store.claim("w", after, lease_seconds=9)
        assert len(claim.due) == 2, "per message, not per recipient"


@pytest.mark.parametrize("responsible", [(1,), (2, 5, 11), ()])
async def test_IC_049_only_the_responsible_recipients_are_served(tmp_path: Path, responsible: tuple[int, ...]) -> None:
    addresses = tuple(f"/RFC-822=user{number}(a)example.org/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/" for number in range(1, 13))
    message = p1_message(ipm(), *addresses, responsible=responsible)
    async with queue(tmp_path) as intake:
        taken = await intake.take(encoded(message))
        assert tuple(each.number for each in taken.recipients) == responsible
        claims = await intake.store.claim("w", datetime.now(UTC), lease_seconds=9)
        assert len(claims) == bool(responsible)
    if responsible:
        served = [one.address for one in to_internet(message, *responsible).result.envelope.recipients]
        assert served == [f"user{number}@example.org" for number in responsible]


# --- IC-050 .. IC-052: through the whole gateway ----------------------------------------------------------------------


def from_joerg(*to: str, **changes: Any) -> bytes:
    """A message of the correspondent's user to ours."""
    own = p1_message(ipm(), *to).envelope
    domain = replace(
        own.message_identifier.global_domain_identifier,
        private_domain_identifier=mts.PrivateDomainIdentifier(printable="PARTNER"),
        administration_domain_name=mts.AdministrationDomainName(printable="DEMO"),
    )
    known: dict[str, Any] = {
        "originator_name": orname_from_oraddress(_address(JOERG_OR)),
        "message_identifier": replace(own.message_identifier, global_domain_identifier=domain, local_identifier=changes.pop("name", "m1")),
        "trace_information": (replace(own.trace_information[0], global_domain_identifier=domain),),
    }
    return plain(*to, **(known | changes))


def _address(text: str) -> ORAddress:
    from gateway.mixer.stdor import from_text

    return from_text(text)


async def transferred(running: Arrangement, octets: bytes) -> None:
    outcome = await running.correspondent._sender.transfer("gateway", MemoryOctets(octets))
    assert outcome.result.value == "relayed", outcome


OTHER_OR = "/G=other/S=user/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
NOWHERE_OR = "/G=no/S=body/PRMD=NOWHERE/ADMD=ELSEWHERE/C=YY/"


async def test_IC_050_IC_051_bad_recipients_and_contents_are_reported_and_the_rest_is_served(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as running:
        await transferred(running, from_joerg(ANNA_OR, NOWHERE_OR, OTHER_OR, name="five"))
        async with asyncio.timeout(20):
            arrived = await running.sink.received.get()
            report = await running.correspondent.received.get()
        assert arrived.recipients == ("anna.berg@example.org", "other.user@example.org")
        assert {number: code and code[0] for number, code in failures(report.apdu).items()} == {2: 1}
        unknown = mts.ContentType(extended="2.16.840.1.101.2.1.2.74")
        await transferred(running, from_joerg(ANNA_OR, name="msp", content_type=unknown))
        async with asyncio.timeout(20):
            report = await running.correspondent.received.get()
        assert failures(report.apdu) == {1: (1, 15)}
        await settled(running.gateway.store)


def test_IC_052_thousands_of_recipients_are_read_and_more_than_the_bound_is_a_fault() -> None:
    message = p1_message(ipm(), BOB)
    (field,) = message.envelope.per_recipient_fields

    def with_recipients(number: int) -> bytes:
        one = asn1.encode(field)
        octets = encoded(message)
        return swapped(octets, element(b"\xa2", one), element(b"\xa2", one * number))

    assert len(decoded(with_recipients(3000)).envelope.per_recipient_fields) == 3000
    assert fault(with_recipients(40_000))




def test_IC_045_bilateral_information_goes_only_to_whom_it_is_configured_for() -> None:
    """Off by default; to the domain that is named, as was agreed; never to a 1984 system."""
    section = PolicySection(bilateral_domain="/PRMD=P/ADMD=A/C=XX/", bilateral_information="hex:0403616263")
    told = policy_from(section).bilateral
    assert told is not None
    for version, expected in ((88, (told,)), (84, None)):
        sent = p1_of(to_x400("Subject: x", context=peer(x400_version=version, bilateral=told)))
        assert sent.envelope.per_domain_bilateral_information == expected
    octets = encoded(p1_of(to_x400("Subject: x", context=peer(bilateral=told))))
    assert bytes.fromhex("0403616263") in octets
    (read,) = decoded(octets).envelope.per_domain_bilateral_information or ()
    assert read.domain.private_domain is not None
    for wrong in ({"bilateral_information": "hex:04"}, {"bilateral_domain": None}):
        given = {"bilateral_domain": "/PRMD=P/ADMD=A/C=XX/", "bilateral_information": "hex:0403616263"} | wrong
        with pytest.raises(ConfigurationError):
            policy_from(PolicySection(**given))


def test_IC_051_content_types_are_a_setting_of_the_peer() -> None:
    only_p2 = peer(content_types=policy_from(PolicySection(content_types=("2",))).content_types)
    assert to_internet(decoded(plain())).result
    with pytest.raises(ConversionError) as refused:
        message_to_internet(decoded(plain()), (1,), only_p2)
    assert (refused.value.failure.reason, refused.value.failure.diagnostic) == (1, 15)
