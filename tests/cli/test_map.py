"""``mixer map``: what reaches the tables and the queue only through the commands."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from rich.console import Console

from gateway.building.queue import open_store
from gateway.config import load
from gateway.spool.transfer import Kind, Recipient, Side, Source, Transfer

JOERG = "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"


def given_on_stdin(monkeypatch: pytest.MonkeyPatch, octets: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(octets)))


def test_explain_takes_a_stream_and_writes_a_line_for_each(mixer, config, monkeypatch):
    given_on_stdin(monkeypatch, f"# a list\n\njoerg.mueller@partner.example\r\n{JOERG}\nx400:c=zz;s=x\n".encode())
    ran = mixer("map", "explain", "-", "-c", config)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f"joerg.mueller@partner.example -> {JOERG} (the same)",
        f"{JOERG} -> joerg.mueller@partner.example (the same)",
        'x400:c=zz;s=x -> "/S=x/ADMD= /C=zz/"@x400.example.org (wrapped, the same)',
    ]
    assert ran.err.startswith("3 addresses, ")
    assert ran.err.endswith("0 refused, 0 not returned by the way back\n")


def test_a_progress_bar_on_the_terminal_leaves_standard_output_alone(mixer, config, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr("gateway.cli.map_stream.Console", lambda stderr: Console(file=terminal, force_terminal=True))
    given_on_stdin(monkeypatch, b"anna@example.org\n")
    ran = mixer("map", "explain", "-", "-c", config)
    assert ran.out == "anna@example.org -> /S=anna/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/ (the same)\n"
    assert "explaining" in terminal.getvalue()
    assert "anna" not in terminal.getvalue()


def test_explain_of_a_stream_in_json_is_an_object_a_line_and_fails_for_one(mixer, config, monkeypatch):
    given_on_stdin(monkeypatch, b"anna@example.org\nnot an address\n\xff@example.org\n")
    ran = mixer("map", "explain", "-", "--json", "-c", config)
    assert ran.code == 1
    assert ["error" in json.loads(line) for line in ran.out.splitlines()] == [False, True, True]


def test_explain_needs_tables_from_somewhere(mixer, config):
    assert mixer("map", "explain", "anna@example.org").code == 2
    folder = config.parent / "mappings"
    ran = mixer("map", "explain", "anna@example.org", "--tables", folder)
    assert f"by {folder}/domain-to-oraddress:2" in ran.out


def test_explain_test_and_diff_take_the_users_beside_the_tables(mixer, config, tmp_path):
    folder = config.parent / "mappings"
    new = tmp_path / "new"
    new.mkdir()
    for path in folder.iterdir():
        (new / path.name).write_text(path.read_text())
    (new / "users.csv").write_text("mailbox,oraddress,primary\nboss@example.org,/S=Big/PRMD=EXAMPLE/ADMD=DEMO/C=XX/,\n")
    assert f"by {new}/users.csv:2" in mixer("map", "explain", "boss@example.org", "--tables", new).out
    (new / "expected.txt").write_text("boss@example.org <-> /S=Big/PRMD=EXAMPLE/ADMD=DEMO/C=XX/\n")
    assert mixer("map", "test", new / "expected.txt").out == "2 passed, 0 failed\n"
    (tmp_path / "list").write_text("boss@example.org\nanna@example.org\n")
    ran = mixer("map", "diff", folder, new, "--addresses", tmp_path / "list")
    assert ran.code == 1
    assert ran.out == "boss@example.org: /S=boss/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/ -> /S=Big/PRMD=EXAMPLE/ADMD=DEMO/C=XX/\n"


async def put(config, days: int, sender: str, recipient: str) -> None:
    store = await open_store(load(config))
    transfer = Transfer(
        id=store.new_id(), origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=datetime.now(UTC) - timedelta(days=days), size=1,
        sender=sender, source=Source(side=Side.INTERNET, peer="anyone", address="192.0.2.1"),
        recipients=(Recipient(number=1, address=recipient, target=Side.X400),),
    )  # fmt: skip
    await store.accept(transfer, b"x")
    await store.close()


@pytest.fixture
async def queued(config):
    await put(config, 1, "anna@example.org", "joerg@partner.example")
    await put(config, 1, "", "joerg@partner.example")
    await put(config, 9, "old@partner.example", "anna@example.org")
    return config


def test_diff_over_the_addresses_of_the_last_days(mixer, queued, tmp_path):
    folder, new = queued.parent / "mappings", tmp_path / "new"
    new.mkdir()
    (new / "domain-to-oraddress").write_text("partner.example#PRMD$P.ADMD$DEMO.C$XX#\nexample.org#O$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#\n")
    ran = mixer("map", "diff", folder, new, "--audit", 2, "-c", queued, "--json")
    assert ran.code == 1
    assert [change["address"] for change in ran.json["addresses"]] == ["joerg@partner.example"]
    ran = mixer("map", "diff", folder, new, "--audit", 30, "-c", queued, "--json")
    assert [change["address"] for change in ran.json["addresses"]] == ["joerg@partner.example", "old@partner.example"]
    assert mixer("map", "diff", folder, folder, "--audit", 30, "-c", queued).out == "no difference\n"
    assert mixer("map", "diff", folder, new, "--audit", 30).code == 2
