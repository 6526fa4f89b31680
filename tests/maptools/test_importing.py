"""``mixer map import`` and ``export``: the forms of RFC 1506 3.6, of RFC 2163, and CSV."""

from __future__ import annotations

import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.maptools.exporting import ExportForm, export_rules
from gateway.maptools.importing import Form, Imported, form_of, import_rules
from gateway.maptools.problems import Severity
from gateway.maptools.sources import Row, SourceFile
from gateway.mixer.mcgam import MappingTable

TO_ORADDRESS, TO_DOMAIN = MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.ORADDRESS_TO_DOMAIN


def file(text: str | bytes, name: str = "rules") -> SourceFile:
    return SourceFile(name=name, octets=text if isinstance(text, bytes) else text.encode())


def said(imported: Imported) -> list[tuple[MappingTable, str, tuple[str | None, ...]]]:
    return [(row.table, row.entry.domain, row.entry.levels) for row in imported.rows]


# The examples of RFC 1506 3.6.
EXAMPLES = {
    Form.RFC: "# pure RFC 1327 format\nPRMD$tlec.ADMD$ade.C$nl#tlec.nl#\narcom.ch#ADMD$arcom.C$ch#\n",
    Form.EAN: "# EAN = format\nP=tlec; A=ade; C=nl;       # tlec.nl\narcom.ch                   # A=arcom; C=ch;\n",
    Form.PP: "# PP format\nPRMD$tlec.ADMD$ade.C$nl:tlec.nl\narcom.ch:ADMD$arcom.C$ch\n",
}


@pytest.mark.parametrize("form", EXAMPLES)
def test_the_three_forms_of_rfc_1506_say_the_same(form: Form) -> None:
    source = file(EXAMPLES[form])
    assert form_of(source) is form
    imported = import_rules([source])
    assert imported.problems == ()
    assert said(imported) == [(TO_DOMAIN, "tlec.nl", ("nl", "ade", "tlec")), (TO_ORADDRESS, "arcom.ch", ("ch", "arcom"))]


def test_csv_rows_name_their_table_and_without_one_count_both_ways() -> None:
    text = (
        "table,domain,oraddress\nrfc2or,tlec.nl,PRMD$tlec.ADMD$ade.C$nl\n"
        ",gmd.de,O$@.PRMD$GMD.ADMD$DBP.C$DE\n"
        'domain-to-gateway,uk.example,"/CN=relay/PRMD=p/ADMD= /C=gb/"\n'
    )
    imported = import_rules([file(text)])
    assert imported.problems == ()
    assert said(imported) == [
        (TO_ORADDRESS, "tlec.nl", ("nl", "ade", "tlec")),
        (TO_ORADDRESS, "gmd.de", ("DE", "DBP", "GMD", None)),
        (TO_DOMAIN, "gmd.de", ("DE", "DBP", "GMD", None)),
        (MappingTable.DOMAIN_TO_GATEWAY, "uk.example", ("gb", " ", "p")),
    ]
    assert imported.rows[3].entry.others == (("CN", "relay"),)


def test_a_file_named_after_a_gateway_table_is_one() -> None:
    imported = import_rules([file("alter.net:CN$relay.PRMD$p.ADMD$BTglobal.C$gb\n", "old/rfc1148gate")])
    assert [row.table for row in imported.rows] == [MappingTable.DOMAIN_TO_GATEWAY]
    named = import_rules([file("ADMD$x.C$gb#gw.example#\n")], table=MappingTable.DOMAIN_TO_GATEWAY)
    assert [row.table for row in named.rows] == [MappingTable.ORADDRESS_TO_GATEWAY], "the side of the O/R address decides the direction"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("no rule at all", "no rule"),
        ("a_b.example#PRMD$x.ADMD$ .C$gb#", "not a domain"),
        ("a.example#PRMD$x_y.ADMD$ .C$gb#", "no O/R address"),
        ("a.example#PRMD$Griddle MHS Providers.ADMD$ .C$gb#", "21 characters"),
        ("a.example#PRMD$x.ADMD$ .C$g#", "country code"),
        ("a.example#b.example#", "no rule"),
        ("#", None),
    ],
)
def test_an_illegal_row_is_named_and_the_rest_goes_on(line: str, complaint: str | None) -> None:
    imported = import_rules([file(f"{line}\ngood.example#PRMD$x.ADMD$ .C$gb#\n")], Form.RFC)
    assert [row.entry.domain for row in imported.rows] == ["good.example"]
    assert [one.line for one in imported.problems] == ([1] if complaint else [])
    assert all(complaint in one.text and one.severity is Severity.ERROR for one in imported.problems if complaint)


def test_of_two_rules_for_a_key_the_first_is_taken_from_whichever_file() -> None:
    imported = import_rules([file("a.example#C$gb#\n", "one"), file("A.example#C$de#\na.EXAMPLE#C$GB#\n", "two")])
    assert said(imported) == [(TO_ORADDRESS, "a.example", ("gb",))]
    assert [(one.file, one.line, one.code) for one in imported.problems] == [("two", 1, "duplicate-key"), ("two", 2, "duplicate")]


# --- PX ----------------------------------------------------------------------------------------------------------------------------------

# The file of RFC 2163 4.3, without its gate2 part that has no wildcards and the line whose table form is misprinted there.
RFC_2163_FILE = r"""
!
! MIXER table 1: X.400 --> RFC822
!
*.ADMD-acme.X42D.it.               IN  PX  50  it. ADMD-acme.C-it.
*.PRMD-accred.ADMD-tx400.X42D.it.  IN  PX  50   \
                           accred.it. PRMD-accred.ADMD-tx400.C-it.
*.O-u-h-newcity.PRMD-x4net.ADMDb.X42D.it.  IN  PX  50   \
                  cs.ncty.it. O-u-h-newcity.PRMD-x4net.ADMDb.C-it.
!
! MIXER table 2: RFC822 --> X.400
!
*.nrc.it.    IN  PX  50   nrc.it. PRMD-nrc.ADMD-acme.C-it.
*.ninp.it.   IN  PX  50   ninp.it. O.PRMD-ninp.ADMD-acme.C-it.
*.bd.it.     IN  PX  50   bd.it. PRMD-uk-d-bd.ADMDb.C-it.
!
! MIXER Gate 1 Table
!
*.ADMD-XKW-h-Mail.X42D.it.         IN  PX  50   \
                       XKW-gateway.it. ADMD-XKW-h-Mail.C-it.G.
*.PRMD-Super-b-Inc.ADMDb.X42D.it.  IN  PX  50   \
                       GlobalGw.it. PRMD-Super-b-Inc.ADMDb.C-it.G.
"""
RFC_2163_TABLES = {
    "oraddress-to-domain": "ADMD$acme.C$it#it#\nPRMD$accred.ADMD$tx400.C$it#accred.it#\n"
    "O$u-newcity.PRMD$x4net.ADMD$ .C$it#cs.ncty.it#\n",
    "domain-to-oraddress": "nrc.it#PRMD$nrc.ADMD$acme.C$it#\nninp.it#O$@.PRMD$ninp.ADMD$acme.C$it#\nbd.it#PRMD$uk\\.bd.ADMD$ .C$it#\n",
    "oraddress-to-gateway": "ADMD$XKW-Mail.C$it#XKW-gateway.it#\nPRMD$Super Inc.ADMD$ .C$it#GlobalGw.it#\n",
}


def test_the_zone_file_of_rfc_2163_gives_the_tables_that_it_prints() -> None:
    imported = import_rules([file(RFC_2163_FILE)])
    assert imported.problems == ()
    without_titles = {
        name: "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
        for name, text in export_rules(imported.rows, ExportForm.RFC).files.items()
    }
    assert without_titles == RFC_2163_TABLES


def test_a_name_server_reads_the_exported_zone_and_every_rule_is_there_with_and_without_wildcard() -> None:
    rows = import_rules([file(text, name) for name, text in RFC_2163_TABLES.items()]).rows
    text = export_rules(rows, ExportForm.PX).files["px.zone"]
    zone = dns.zone.from_text(text, origin="it.", relativize=False, check_origin=False)
    found = {str(name): str(data) for name, _, data in zone.iterate_rdatas(dns.rdatatype.PX)}
    assert len(found) == 2 * len(rows) == 16
    assert found["*.PRMD-Super-b-Inc.ADMDb.X42D.it."] == "50 GlobalGw.it. PRMD-Super-b-Inc.ADMDb.C-it.G."
    assert found["ninp.it."] == found["*.ninp.it."] == "50 ninp.it. O.PRMD-ninp.ADMD-acme.C-it."


def test_zone_files_of_today_are_read_with_origin_ttl_and_parentheses() -> None:
    text = (
        "$ORIGIN it.\n$TTL 3600\n@ IN SOA ns hostmaster ( 1 2 3\n 4 5 )\n"
        "net2 3600 IN PX 50 ( net2 ; a comment\n  PRMD-net2.ADMD-p400.C-it. )\n"
        "*.net2 PX 50 net2 PRMD-net2.ADMD-p400.C-it.\n IN MX 10 mail\n"
    )
    imported = import_rules([file(text)])
    assert imported.problems == ()
    assert said(imported) == [(TO_ORADDRESS, "net2.it", ("it", "p400", "net2"))]


@pytest.mark.parametrize(
    ("record", "complaint", "taken"),
    [
        ("*.a.it. PX 60 a.it. PRMD-b.C-it.\n*.a.it. PX 50 a.it. PRMD-a.C-it.", "preference 60", 1),
        ("a.it. PX 50 a.it. PRMD-a.C-it.", "no wildcard", 1),
        ("*.sub.a.it. PX 50 a.it. PRMD-a.C-it.", "a table can only hold", 0),
        ("*.a.it. PX 50 a PRMD-a.C-it.", "not complete", 0),
        ("*.a.it. PX x a.it. PRMD-a.C-it.", "this PX record", 0),
        ("*.a.it. PX 70000 a.it. PRMD-a.C-it.", "this PX record", 0),
        ("*.a.it. PX 50 a.it. PRMD-a-q-.C-it.", "hyphen", 0),
        ("*.a.it. PX 50 a.it. Q-a.C-it.", "no attribute", 0),
        ("*.PRMD-a.X42D.it. PX 50 a.it. PRMD-a.C-fr.", "a table can only hold", 0),
        ("*.a.it. PX 50 (a.it. PRMD-a.C-it.", "not complete when the file ends", 0),
        ("$INCLUDE other\n*.a.it. PX 50 a.it. PRMD-a.ADMDb.C-it.", "$INCLUDE", 1),
    ],
)
def test_what_a_table_cannot_say_or_a_record_is_not_is_named(record: str, complaint: str, taken: int) -> None:
    imported = import_rules([file(record)], Form.PX)
    assert len(imported.rows) == taken
    assert any(complaint in one.text for one in imported.problems), [str(one) for one in imported.problems]


def test_rules_that_have_no_px_record_are_named_and_left_out() -> None:
    text = f"a.it#CN$relay.PRMD$p.ADMD$a.C$it#\nb.it#O${'-' * 30}.PRMD$p.ADMD$a.C$it#\nc.it#PRMD$c.ADMD$a.C$it#\n"
    rows = import_rules([file(text, "gate2")]).rows
    numeric = import_rules([file("PRMD$x.ADMD$a.C$222#d.it#\n")]).rows
    exported = export_rules([*rows, *numeric], ExportForm.PX)
    assert [one.code for one in exported.problems] == ["not-written"] * 3
    assert "c.it." in exported.files["px.zone"]


# --- round trips and hostile files -------------------------------------------------------------------------------------------------------

_VALUE = st.text(alphabet="ABCabc019 '()+,-./:=?", min_size=1, max_size=12).filter(lambda text: text == text.strip() and "  " not in text)
_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9\-]{0,6}[a-z0-9])?", fullmatch=True)
_LEVELS = st.tuples(st.just("XX"), _VALUE | st.just(" "), st.none() | _VALUE, _VALUE)
_RULE = st.tuples(st.sampled_from([TO_ORADDRESS, TO_DOMAIN]), st.lists(_LABEL, min_size=2, max_size=3), _LEVELS)
_RULES = st.lists(_RULE, min_size=1, max_size=4)


Drawn = tuple[MappingTable, list[str], tuple[str | None, ...]]


def _rows(rules: list[Drawn]) -> tuple[Row, ...]:
    lines = []
    for table, labels, levels in rules:
        prefix = ".".join(
            f"{key}${'@' if value is None else value.replace('.', chr(92) + '.')}"
            for key, value in reversed(list(zip(("C", "ADMD", "PRMD", "O"), levels, strict=True)))
        )
        domain = ".".join(labels)
        lines.append(f"{domain}#{prefix}#" if table is TO_ORADDRESS else f"{prefix}#{domain}#")
    return import_rules([file("\n".join(lines))], Form.RFC).rows


@given(_RULES, st.sampled_from([ExportForm.RFC, ExportForm.CSV, ExportForm.PX]))
@settings(max_examples=100, deadline=None)
def test_every_legal_rule_survives_every_form(rules: list[Drawn], form: ExportForm) -> None:
    rows = _rows(rules)
    exported = export_rules(rows, form)
    again = import_rules(file(text, name) for name, text in exported.files.items())
    order = [row for table in MappingTable for row in rows if row.table is table] if form is not ExportForm.CSV else list(rows)
    kept = [row for row in order if not any(one.line == row.line for one in exported.problems)]
    assert [(row.table, row.entry.domain, row.entry.levels) for row in kept] == said(again)


@given(st.binary(max_size=200), st.sampled_from([None, *Form]))
@settings(max_examples=250, deadline=None)
def test_no_file_breaks_the_import(octets: bytes, form: Form | None) -> None:
    for problem in import_rules([file(octets)], form).problems:
        assert str(problem).isprintable()


@given(st.text(alphabet='ab.C$#:=;,"()\\ PX50*-@\n\t', max_size=120), st.sampled_from([None, *Form]))
@settings(max_examples=250, deadline=None)
def test_nothing_that_looks_like_rules_breaks_the_import(text: str, form: Form | None) -> None:
    for row in import_rules([file(text)], form).rows:
        assert row.entry.domain
        assert row.entry.levels[0]


def test_a_parenthesis_that_is_never_closed_costs_one_message() -> None:
    imported = import_rules([file("a.it. PX 50 (\n" + "x\n" * 100_000)], Form.PX)
    assert len(imported.problems) < 10
    assert imported.rows == ()
