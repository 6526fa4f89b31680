"""Exit codes of every command (0 good, 1 findings or failure, 2 usage), what it says, and that its JSON is JSON."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.building.queue import open_store
from gateway.config import load
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.spool.transfer import Event, Kind, Recipient, RecipientState, Side, Source, Transfer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def queued(path: Path, *states: RecipientState, note: str = "") -> list[str]:
    """Put transfers into the queue of a configuration, one for each state; their identifiers."""

    async def put() -> list[str]:
        store = await open_store(load(path))
        found = []
        for state in states:
            envelope = SmtpEnvelope(reverse_path="anna@example.org", recipients=(SmtpRecipient(address="joerg@partner.example"),))
            transfer = Transfer(
                id=store.new_id(), origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=NOW, size=5, sender="anna@example.org",
                source=Source(side=Side.INTERNET, peer="anyone", address="192.0.2.1", authentication={"helo": "client"}),
                envelope=envelope.to_json(),
                recipients=(Recipient(number=1, address="joerg@partner.example", target=Side.X400, state=state, note=note),),
            )  # fmt: skip
            await store.accept(transfer, b"hello", events=(Event(at=NOW, name="smtp.accepted", text="from a test"),))
            found.append(transfer.id)
        await store.close()
        return found

    return asyncio.run(put())


# --- check, status ------------------------------------------------------------------------------------------------------


def test_check_of_a_good_configuration(mixer, config):
    ran = mixer("check", "-c", config)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{config}: good; peers: partner; tables ")
    assert mixer("check", "-c", config, "--json").json["peers"] == ["partner"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("domain =", "domian =", "gateway.domian: unknown key"),
        ('"GATEWAY"', "7", "gateway.mta_name: Input should be a valid string"),
        ("routes", "password = { environment = 'NOT_SET_AT_ALL' }\nroutes", "mta.peer partner.password: the environment variable NOT_"),
        ("[[mta.peer]]", "[smtp.tls]\ncertificate = 'none.pem'\nkey = 'none.pem'\n[[mta.peer]]", "smtp.tls: "),
        ("[[mta.peer]]", "[mixer]\ntables = 'nowhere'\n[[mta.peer]]", "mixer.tables: "),
        ('"/PRMD=PARTNER/ADMD=DEMO/C=XX/"', '"partner"', "mta.peer partner.routes 0: not an O/R address"),
    ],
)
def test_check_names_file_and_key(mixer, config, old, new, said):
    config.write_text(config.read_text().replace(old, new, 1))
    ran = mixer("check", "-c", config)
    assert ran.code == 1
    assert f"{config}: {said}" in ran.err
    assert ran.out == ""


def test_check_names_file_and_line_of_a_table(mixer, config):
    table = config.parent / "mappings" / "domain-to-oraddress"
    table.write_text("# good\npartner.example PRMD$PARTNER\n")
    ran = mixer("check", "-c", config)
    assert ran.code == 1
    assert str(table) in ran.err
    assert "2" in ran.err.partition(str(table))[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "-c", "no-such-file.toml"),
        ("serve",),
        ("no-such-command",),
        ("check", "--no-such-option"),
        ("map", "explain", "-c", "no-such-file.toml", "a@b.example"),
        ("queue", "list", "-c", "no-such-file.toml"),
        ("convert", "no-such-file", "-c", "no-such-file.toml"),
        ("decode", "no-such-file"),
        ("decode", "/"),
        ("send", "--to", "/S=x/C=XX/"),
        ("receive",),
    ],
)
def test_wrong_usage_is_two(mixer, arguments):
    ran = mixer(*arguments)
    assert ran.code == 2
    assert "Usage" in ran.err


def test_status_without_a_gateway(mixer, config):
    ran = mixer("status", "-c", config)
    assert ran.code == 1
    assert "no gateway answers on" in ran.err


def test_serve_with_a_bad_configuration(mixer, config):
    config.write_text(config.read_text() + "password = { environment = 'NOT_SET_AT_ALL' }\n")
    ran = mixer("serve", "-c", config)
    assert ran.code == 1
    assert f"{config}: mta.peer partner.password" in ran.err


# --- map ----------------------------------------------------------------------------------------------------------------


def test_map_explain_both_ways(mixer, config):
    ran = mixer("map", "explain", "joerg.mueller@partner.example", "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/", "-c", config)
    assert ran.code == 0
    assert "= /G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/" in ran.out
    assert "= joerg.mueller@partner.example" in ran.out
    assert ran.out.count("(the same)") == 2


def test_map_explain_in_json(mixer, config):
    (facts,) = mixer("map", "explain", "joerg.mueller@partner.example", "-c", config, "--json").json
    assert facts["result"] == "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    assert facts["same"] is True
    assert facts["steps"]


def test_map_explain_tells_of_every_address_and_fails_for_one(mixer, config):
    ran = mixer("map", "explain", "/XYZ=1/C=XX/", "anna@example.org", "not an address", "-c", config, "--json")
    assert ran.code == 1
    assert ["error" in facts for facts in ran.json] == [True, False, True]


# --- queue --------------------------------------------------------------------------------------------------------------


def test_an_empty_queue(mixer, config):
    assert mixer("queue", "list", "-c", config).out == "nothing waits\n"
    assert mixer("queue", "list", "-c", config, "--json").json == []


def test_queue_list_tells_what_waits_and_why(mixer, config):
    waiting, broken = queued(config, RecipientState.QUEUED, RecipientState.QUARANTINED, note="bad\x1b[31m")
    ran = mixer("queue", "list", "-c", config)
    assert ran.code == 0
    first, second = ran.out.splitlines()
    assert first.startswith(waiting)
    assert "anna@example.org" in first
    assert second.startswith(broken)
    assert "quarantined" in second
    assert "\x1b" not in ran.out, "what a stranger wrote does not reach the terminal"
    shown = mixer("queue", "list", "-c", config, "--json").json
    assert [transfer["id"] for transfer in shown] == [waiting, broken]
    only = mixer("queue", "list", "-c", config, "--state", "quarantined", "--json").json
    assert [transfer["id"] for transfer in only] == [broken]


def test_queue_show(mixer, config):
    (waiting,) = queued(config, RecipientState.QUEUED)
    ran = mixer("queue", "show", waiting, "-c", config)
    assert ran.code == 0
    assert "recipient 1 joerg@partner.example: queued" in ran.out
    assert "smtp.accepted" in ran.out
    facts = mixer("queue", "show", waiting, "-c", config, "--json").json
    assert facts["recipients"][0]["address"] == "joerg@partner.example"
    assert [event["name"] for event in facts["events"]] == ["spool.accepted", "smtp.accepted"]


def test_queue_show_of_what_is_not_there(mixer, config):
    ran = mixer("queue", "show", "0000", "-c", config)
    assert (ran.code, ran.err) == (1, "mixer: no transfer 0000 is in the queue\n")


# --- send, receive ------------------------------------------------------------------------------------------------------

SEND = ("send", "--from", "/S=a/PRMD=P/C=XX/", "--mta-name", "A", "--peer-mta-name", "B", "--text", "x")


@pytest.mark.parametrize("place", ["nowhere", "host:", ":102", "host:http", "127.0.0.1:99999"])
def test_places_are_host_and_port(mixer, place):
    ran = mixer(*SEND, "--to", "/S=b/C=XX/", "--connect", place)
    assert ran.code == 2
    assert "host:port" in ran.err


def test_send_to_what_is_no_oraddress(mixer):
    ran = mixer(*SEND, "--to", "anna@example.org", "--connect", "127.0.0.1:1")
    assert ran.code == 1
    assert ran.err.startswith("mixer: ")


def test_send_when_nobody_listens(mixer):
    ran = mixer(*SEND, "--to", "/S=b/C=XX/", "--connect", "127.0.0.1:1")
    assert ran.code == 1
    assert "the transfer did not succeed: TCP: 127.0.0.1:1: Connect call failed" in ran.err
