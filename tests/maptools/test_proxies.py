"""``mixer map import --users``: address lists of Exchange, to the users' CSV that the gateway compiles."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.map_users import FORMS
from gateway.lookup.users_compile import check_users
from gateway.maptools.problems import Problem
from gateway.maptools.proxies import UserLine, csv_of_users, import_users
from gateway.maptools.sources import SourceFile

JANE = "/G=Jane/S=Doe/O=Exchange/PRMD=Acme/ADMD= /C=GB/"


def users(text: str | bytes) -> tuple[list[UserLine], list[Problem]]:
    problems: list[Problem] = []
    octets = text if isinstance(text, bytes) else text.encode()
    return list(import_users(SourceFile(name="export", octets=octets), FORMS, problems)), problems


EXPORTS = {
    "exchange 5.5": "Obj-Class,Display Name,E-mail Addresses\n"
    "Mailbox,Doe Jane,smtp:jd@acme.example%SMTP:Jane.Doe@acme.example%X400:c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;%MS:ACME/PO/JD\n",
    "columns": 'name,"Mail","X400"\n'
    'Jane,"SMTP:Jane.Doe@acme.example,smtp:jd@acme.example","X400:C=GB;A= ;P=Acme;O=Exchange;S=Doe;G=Jane;"\n',
    "csvde": "DN,proxyAddresses\n"
    "CN=Jane,X400:c=GB\\;a= \\;p=Acme\\;o=Exchange\\;s=Doe\\;g=Jane\\;;SMTP:Jane.Doe@acme.example;smtp:jd@acme.example\n",
    "ldif": "version: 1\ndn: CN=Jane\nproxyAddresses: X400:c=GB;a= ;p=Acme;o=Exchange;\n s=Doe;g=Jane;\n"
    "proxyAddresses:: " + base64.b64encode(b"SMTP:Jane.Doe@acme.example").decode() + "\nproxyAddresses: smtp:jd@acme.example\n",
    "ldif with the X.400 address apart": "dn: CN=Jane\nproxyAddresses: SMTP:Jane.Doe@acme.example\nproxyAddresses: smtp:jd@acme.example\n"
    "textEncodedORAddress: X400:c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;\n",
    "plain": "SMTP:Jane.Doe@acme.example;smtp:jd@acme.example;X400:c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;\n",
}


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_every_form_gives_the_primary_pair_and_the_alias(export: str) -> None:
    found, problems = users(export)
    assert problems == []
    assert found == [
        UserLine(mailbox="Jane.Doe@acme.example", oraddress=JANE, primary="yes"),
        UserLine(mailbox="jd@acme.example", oraddress=JANE, primary=""),
    ]


def test_an_export_in_utf_16_is_read() -> None:
    assert users(EXPORTS["exchange 5.5"].encode("utf-16"))[0] == users(EXPORTS["exchange 5.5"])[0]


@pytest.mark.parametrize(
    ("oraddress", "complaint"),
    [
        ("c=G;a= ;p=Acme;s=Doe;", "country code"),
        ("c=GB;a= ;p=Acme;s=Doe;s=Roe;", "twice"),
        ("c=GB;a= ;p=Acme;dt1=x;dv1=y;", "dt1"),
        ("c=GB;a= ;p=Acme;s=D_e;", "'_'"),
        ("c=GB;a= ;p=Acme;g=Jane;", "surname"),
        ("c=GB;a= ;p=A PRMD that is too long;s=Doe;", "PRMD"),
    ],
)
def test_what_imports_are_known_to_bring_is_named_and_never_repaired(oraddress: str, complaint: str) -> None:
    """FIELD row 8: one-letter country, duplicate surname, dt/dv keywords, underscores."""
    found, problems = users(f"smtp:a@acme.example%X400:{oraddress}\nsmtp:b@acme.example%X400:c=GB;a= ;p=Acme;s=Bee;\n")
    assert [user.mailbox for user in found] == ["b@acme.example"]
    assert {problem.line for problem in problems} == {1}
    assert complaint in problems[0].text


def test_one_bad_alias_does_not_cost_the_user() -> None:
    found, problems = users("SMTP:a@acme.example%smtp:a b@acme.example%X400:c=GB;a= ;p=Acme;s=Ay;\n")
    assert [user.mailbox for user in found] == ["a@acme.example"]
    assert len(problems) == 1


def test_a_user_with_one_kind_of_address_is_named_and_a_row_with_none_is_not() -> None:
    found, problems = users("name,mails\nJane,SMTP:jane@acme.example\nPrinter,MS:A/B/C\n")
    assert found == []
    assert [problem.line for problem in problems] == [2]


def test_the_csv_is_one_that_the_gateway_compiles(tmp_path: Path) -> None:
    bee = "CN=Bee,X400:c=GB\\;a= \\;p=Acme\\;o=A+B\\;s=Bee\\;;x400:c=GB\\;a= \\;p=Old\\;s=Bee\\;;SMTP:bee@acme.example\n"
    found, _ = users(EXPORTS["csvde"] + bee)
    path = tmp_path / "users.csv"
    path.write_text(csv_of_users(found), encoding="utf-8")
    assert len(found) == 4
    assert check_users((path,)) == ()


@given(st.text(alphabet='smtpX40:c=GB;a@.%,"\\ \n{}dn', max_size=120))
@settings(max_examples=200, deadline=None)
def test_no_list_breaks_the_import(text: str) -> None:
    for user in users(text)[0]:
        assert "@" in user.mailbox
        assert user.oraddress.startswith("/")
