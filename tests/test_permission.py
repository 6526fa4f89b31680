"""Who may send what where: decided on what an address finally means, however deeply it is wrapped (DESIGN section 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.building.permissions import directions_from, granted_to_peer
from gateway.errors import ConversionError, Failure
from gateway.internet.addresses import Mailbox
from gateway.mixer.convert import map_smtp_recipient
from gateway.mixer.mcgam import load
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.mixer.stdor import from_text
from gateway.mta.peers import Credentials, Grant, Peer, Peers
from gateway.mta.routing import X400Router
from gateway.permission import (
    NO_ROUTE,
    NO_SUCH_MAILBOX,
    NOT_GRANTED,
    RELAYING,
    TOO_DEEP,
    Granted,
    Meaning,
    ToInternet,
    ToX400,
    from_p1,
    from_smtp,
)

GATEWAY = "x400.example.org"
OWN = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
JOERG = "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"
UNROUTED = "/G=no/S=body/PRMD=NOWHERE/ADMD=DEMO/C=XX/"
SETTINGS = Settings(
    gateway_domain=GATEWAY,
    gateway_oraddress=from_text(OWN),
    global_domain=GlobalDomain(country="XX", admd="DEMO", prmd="EXAMPLE"),
    mta_name="TEST-GATEWAY",
    tables=load(
        {
            "domain-to-oraddress": [
                ("t", "partner.example#PRMD$PARTNER.ADMD$DEMO.C$XX#\nexample.org#O$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#\n"),
            ],
            "oraddress-to-domain": [
                ("t", "PRMD$PARTNER.ADMD$DEMO.C$XX#partner.example#\nO$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#example.org#\n"),
            ],
        }
    ),
)


def peer(**grant: object) -> Peer:
    return Peer(
        name="partner", ours=Credentials(mta_name="A"), theirs=Credentials(mta_name="B"),
        routes=(from_text("/PRMD=PARTNER/ADMD=DEMO/C=XX/"),), grant=Grant(**grant),  # type: ignore[arg-type]
    )  # fmt: skip


DIRECTIONS = directions_from(SETTINGS, X400Router(Peers((peer(),))))
CLIENT, NOBODY = Granted(to_x400=True), Granted()


def wrapped(mailbox: str) -> str:
    """A mailbox as the RFC-822 attribute of the gateway's own O/R address (RFC 2156 4.3.2), in std-or form."""
    encoded = "".join({"@": "(a)", "%": "(p)", "!": "(b)", '"': "(q)", "_": "(u)", "(": "(l)", ")": "(r)"}.get(c, c) for c in mailbox)
    return f"/DD.RFC-822={encoded.replace('/', '$/').replace('=', '$=')}{OWN}"


def at_gateway(oraddress: str) -> str:
    """An O/R address on the left-hand side of the gateway's domain (RFC 2156 4.3.1)."""
    return Mailbox(local=oraddress, domain=GATEWAY).address


def mailbox_means(text: str) -> Meaning | Failure:
    try:
        return DIRECTIONS.of_mailbox(Mailbox.from_text(text))
    except ConversionError as error:
        return error.failure


def oraddress_means(text: str) -> Meaning | Failure:
    try:
        return DIRECTIONS.of_oraddress(from_text(text))
    except ConversionError as error:
        return error.failure


def smtp_verdict(text: str, granted: Granted = CLIENT) -> Failure | None:
    meaning = mailbox_means(text)
    return meaning if isinstance(meaning, Failure) else from_smtp(granted, meaning)


def p1_verdict(text: str, *, originator: str = JOERG, **grant: object) -> Failure | None:
    meaning = oraddress_means(text)
    if isinstance(meaning, Failure):
        return meaning
    return from_p1(granted_to_peer(peer(**({"to_internet": True} | grant))), from_text(originator), meaning)


# --- from SMTP


@pytest.mark.parametrize(
    "recipient",
    [
        "joerg.mueller@partner.example",
        "Joerg.Mueller@PARTNER.Example",
        at_gateway(JOERG),
        at_gateway(wrapped("joerg.mueller@partner.example")),
        at_gateway(wrapped(at_gateway(JOERG))),
    ],
)
def test_smtp_client_class_reaches_routed_x400(recipient: str) -> None:
    assert smtp_verdict(recipient) is None
    assert smtp_verdict(recipient, NOBODY) is NOT_GRANTED


@pytest.mark.parametrize(
    "recipient",
    [
        "someone@elsewhere.example",
        "someone@[192.0.2.1]",
        "anna.berg@example.org",
        at_gateway(wrapped("someone@elsewhere.example")),
        at_gateway(wrapped(at_gateway(wrapped("someone@elsewhere.example")))),
        at_gateway("/RFC-822=someone(a)elsewhere.example" + OWN),
        at_gateway("/dd.rfc-822=someone(a)elsewhere.example" + OWN),
        at_gateway("/G=anna/S=berg/O=Example" + OWN),
        f"someone%elsewhere.example@{GATEWAY}",
        f"elsewhere.example!someone@{GATEWAY}",
        f'"someone@elsewhere.example"@{GATEWAY}',
        f"joerg.mueller%partner.example@{GATEWAY}",
        f"<@{GATEWAY}:someone@elsewhere.example>",
        "someone%elsewhere.example@example.org",
    ],
)
def test_whatever_finally_means_the_internet_is_relaying(recipient: str) -> None:
    assert smtp_verdict(recipient) is RELAYING
    assert smtp_verdict(recipient, NOBODY) is RELAYING
    assert (RELAYING.smtp_code, RELAYING.status, RELAYING.reason, RELAYING.diagnostic) == (550, "5.7.1", 1, 29)


@pytest.mark.parametrize("recipient", [at_gateway(UNROUTED), at_gateway(wrapped(at_gateway(UNROUTED)))])
def test_unrouted_x400_is_an_unknown_domain_and_never_sent_to_the_internet(recipient: str) -> None:
    assert smtp_verdict(recipient) is NO_ROUTE
    assert (NO_ROUTE.smtp_code, NO_ROUTE.status, NO_ROUTE.reason, NO_ROUTE.diagnostic) == (550, "5.1.2", 1, 0)


@pytest.mark.parametrize("local", ["nobody", '"no body"', "a+b"])
def test_the_gateways_domain_has_no_mailboxes_of_its_own(local: str) -> None:
    """They would leave for the Internet and come straight back."""
    away = replace(SETTINGS, gateway_domain="gw.elsewhere.example")  # no table covers it
    directions = directions_from(away, X400Router(Peers((peer(),))))
    with pytest.raises(ConversionError) as refusal:
        directions.of_mailbox(Mailbox.from_text(f"{local}@gw.elsewhere.example"))
    assert refusal.value.failure is NO_SUCH_MAILBOX
    with pytest.raises(ConversionError):  # here a table does: as if the gateway were a unit of the organization
        DIRECTIONS.of_mailbox(Mailbox.from_text(f"{local}@{GATEWAY}"))


# --- from P1


@pytest.mark.parametrize(
    ("recipient", "mailbox"),
    [
        ("/G=anna/S=berg/O=Example" + OWN, "anna.berg@example.org"),
        (wrapped("someone@elsewhere.example"), "someone@elsewhere.example"),
        (wrapped(at_gateway(wrapped("someone@elsewhere.example"))), "someone@elsewhere.example"),
        (wrapped(at_gateway("/G=anna/S=berg/O=Example" + OWN)), "anna.berg@example.org"),
        (wrapped("@relay.example:someone@elsewhere.example"), "someone@elsewhere.example"),
    ],
)
def test_granted_peer_reaches_the_internet(recipient: str, mailbox: str) -> None:
    meaning = oraddress_means(recipient)
    assert isinstance(meaning, ToInternet) and meaning.address.address == mailbox
    assert p1_verdict(recipient) is None
    assert p1_verdict(recipient, to_internet=False) is NOT_GRANTED
    assert (NOT_GRANTED.reason, NOT_GRANTED.diagnostic, NOT_GRANTED.status) == (1, 29, "5.7.1")


@pytest.mark.parametrize(
    "recipient",
    [
        JOERG,
        wrapped("joerg.mueller@partner.example"),
        wrapped(at_gateway(JOERG)),
        wrapped(at_gateway(wrapped("joerg.mueller@partner.example"))),
        "/DD.RFC-822=someone(a)elsewhere.example/PRMD=PARTNER/ADMD=DEMO/C=XX/",
    ],
)
def test_what_finally_means_x400_is_relaying_for_a_peer(recipient: str) -> None:
    assert p1_verdict(recipient) is RELAYING


@pytest.mark.parametrize("recipient", [UNROUTED, wrapped(at_gateway(UNROUTED))])
def test_unrouted_x400_is_unrecognised_for_a_peer(recipient: str) -> None:
    assert p1_verdict(recipient) is NO_ROUTE


def test_percent_hack_inside_an_attribute_does_not_reach_the_internet() -> None:
    assert p1_verdict(wrapped(f"someone%elsewhere.example@{GATEWAY}")) is RELAYING


@pytest.mark.parametrize(
    ("originators", "originator", "verdict"),
    [
        ((), JOERG, None),
        (("/PRMD=PARTNER/ADMD=DEMO/C=XX/",), JOERG, None),
        (("/PRMD=partner/ADMD=demo/C=xx/",), JOERG, None),  # X.402 18.4: case does not count
        (("/PRMD=OTHER/ADMD=DEMO/C=XX/",), JOERG, NOT_GRANTED),
        (("/O=Head Office/PRMD=PARTNER/ADMD=DEMO/C=XX/",), JOERG, NOT_GRANTED),
        (("/PRMD=OTHER/ADMD=DEMO/C=XX/", "/PRMD=PARTNER/ADMD=DEMO/C=XX/"), JOERG, None),
        (("/PRMD=PARTNER/ADMD=DEMO/C=XX/",), UNROUTED, NOT_GRANTED),
    ],
)
def test_originators_of_a_grant(originators: tuple[str, ...], originator: str, verdict: Failure | None) -> None:
    prefixes = tuple(from_text(each) for each in originators)
    assert p1_verdict(wrapped("someone@elsewhere.example"), originator=originator, originators=prefixes) is verdict


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        ("elsewhere.example", None),
        ("ELSEWHERE.Example", None),
        ("sub.elsewhere.example", None),
        ("notelsewhere.example", NOT_GRANTED),
        ("elsewhere.example.attacker.example", NOT_GRANTED),
        ("other.example", NOT_GRANTED),
    ],
)
def test_domains_of_a_grant(domain: str, verdict: Failure | None) -> None:
    assert p1_verdict(wrapped(f"someone@{domain}"), domains=("elsewhere.example",)) is verdict


def test_domain_limits_count_for_the_innermost_address() -> None:
    """A wrapper at an allowed domain must not carry an address of another one."""
    inner = wrapped(at_gateway(wrapped("someone@other.example")))
    assert p1_verdict(inner, domains=("elsewhere.example", GATEWAY)) is NOT_GRANTED


# --- nesting


def nested(mailbox: str, depth: int) -> str:
    for _ in range(depth):
        mailbox = at_gateway(wrapped(mailbox))
    return mailbox


def test_depth_bomb_is_refused() -> None:
    """Each level is legal, and so deep nobody writes in good faith; length alone stops it too."""
    verdicts = [smtp_verdict(nested("x@partner.example", depth)) for depth in range(12)]
    assert verdicts[:2] == [None, None]
    assert all(each is not None for each in verdicts[6:])
    assert {each.smtp_code for each in verdicts if each is not None} == {550}
    assert TOO_DEEP.status == "5.1.3"


def test_a_nested_mailbox_tells_which_one_maps_to_the_address() -> None:
    meaning = mailbox_means(at_gateway(wrapped("joerg.mueller@partner.example")))
    assert isinstance(meaning, ToX400)
    assert meaning.mailbox == Mailbox.from_text("joerg.mueller@partner.example")
    context = Context(settings=SETTINGS, now=datetime(2026, 11, 23, tzinfo=UTC), plan_seed="")
    assert map_smtp_recipient(meaning.mailbox.address, context).result == meaning.address


def test_a_peer_that_is_no_longer_configured_may_nothing() -> None:
    meaning = oraddress_means(wrapped("someone@elsewhere.example"))
    assert isinstance(meaning, ToInternet)
    assert from_p1(granted_to_peer(None), from_text(JOERG), meaning) is NOT_GRANTED


@pytest.mark.parametrize(
    ("local", "said"),
    [
        ("/S=x/PRMD=PARTNER/ADMD=DEMO/C=X/", "country"),
        (f"/S={'y' * 41}/PRMD=PARTNER/ADMD=DEMO/C=XX/", "S is empty or longer than 40 characters"),
        ("/S=x/QQ=y/PRMD=PARTNER/ADMD=DEMO/C=XX/", "'QQ' is not a keyword"),
        ("/S=x/PRMD=PARTNER/ADMD=DEMO/", "country"),
        ("/S=body", "country or ADMD is missing"),
    ],
)
def test_whoever_mistypes_an_x400_address_is_told_what_is_wrong_with_it(local: str, said: str) -> None:
    away = replace(SETTINGS, gateway_domain="gw.elsewhere.example")  # no table covers it
    directions = directions_from(away, X400Router(Peers((peer(),))))
    with pytest.raises(ConversionError) as refusal:
        directions.of_mailbox(Mailbox(local=local, domain="gw.elsewhere.example"))
    failure = refusal.value.failure
    assert (failure.smtp_code, failure.status, failure.diagnostic) == (550, "5.1.1", 0)
    assert said in failure.text and failure.text.startswith("This is not an X.400 address that can be used")
