"""Mapping tables: the format of RFC 2156 Appendix F, longest match, errors with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.mixer.mcgam import MappingTable, MappingTableError, load, read_table
from tests.shared import require_shared

TABLES = {
    "domain-to-oraddress": [("two", "k.l#ADMD$K.C$L#\nj.k.l#PRMD$J.ADMD$K.C$L#\n")],
    "oraddress-to-domain": [("one", "ADMD$K.C$L#k.l#\nPRMD$J\\.x.ADMD$ .C$L#j.k.l#\nO$@.PRMD$GMD.ADMD$D.C$DE#gmd.de#\n")],
}


def test_the_longest_match_counts_whole_components() -> None:
    tables = load(TABLES)
    assert tables.oraddress_of_domain("I.J.K.L").domain == "j.k.l"  # type: ignore[union-attr]
    assert tables.oraddress_of_domain("XJ.K.L").domain == "k.l"  # type: ignore[union-attr]
    assert tables.oraddress_of_domain("a.b.c") is None


def test_an_omitted_level_fits_only_addresses_without_it() -> None:
    tables = load(TABLES)
    assert [one.domain for one in tables.domains_of_oraddress(("de", "d", "gmd"))] == ["gmd.de"]
    assert list(tables.domains_of_oraddress(("de", "d", "gmd", "o"))) == []


def test_a_full_stop_in_a_value_is_quoted_and_a_blank_admd_is_data() -> None:
    tables = load(TABLES)
    assert [one.domain for one in tables.domains_of_oraddress(("L", "", "J.x"))] == ["j.k.l"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("widget.example", "key#value#"),
        ("widget.example#PRMD$X.ADMD$Y#", "country"),
        ("bad_name.example#C$XX#", "bad_name"),
        ("widget.example#C$XX.ADMD$Y#", "wrong place"),
        ("widget.example#S$Doe.C$XX#", "S is not allowed"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_line(line: str, complaint: str) -> None:
    with pytest.raises(MappingTableError) as error:
        load({"domain-to-oraddress": [("rules", f"# comment\n\n{line}\n")]})
    assert "rules:3" in str(error.value)
    assert complaint in str(error.value)


def test_one_key_in_a_table_and_its_gateway_table_is_refused() -> None:
    with pytest.raises(MappingTableError, match="same key"):
        load({"domain-to-oraddress": [("m", "a.example#C$XX#")], "domain-to-gateway": [("g", "a.example#C$XX#")]})


def test_later_files_overlay_earlier_ones() -> None:
    tables = load({"domain-to-oraddress": [("base", "a.example#C$XX#"), ("local", "a.example#C$YY#")]})
    assert tables.oraddress_of_domain("a.example").levels == ("YY",)  # type: ignore[union-attr]


def test_the_version_changes_with_the_contents_only() -> None:
    first = load({"domain-to-oraddress": [("a", "a.example#C$XX#\nb.example#C$YY#")]})
    same = load({"domain-to-oraddress": [("b", "# moved\nb.example#C$YY#\na.example#C$XX#")]})
    other = load({"domain-to-oraddress": [("a", "a.example#C$ZZ#")]})
    assert first.version == same.version != other.version


def test_the_demo_tables_of_the_project_load() -> None:
    folder = Path(__file__).resolve().parents[2] / "mappings"
    tables = load({table.value: [(table.value, (folder / table.value).read_text())] for table in MappingTable})
    assert tables.oraddress_of_domain("lab.widget.example") is not None
    assert len(tables) >= 10


@pytest.mark.parametrize(("name", "table"), [("or2rfc", MappingTable.ORADDRESS_TO_DOMAIN), ("rfc2or", MappingTable.DOMAIN_TO_ORADDRESS)])
def test_the_european_tables_of_1991_load_or_are_named_line_by_line(name: str, table: MappingTable) -> None:
    text = (require_shared() / "tables" / name).read_text("latin-1")
    entries, findings = read_table(table, [(name, text)])
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(entries) > 0.9 * len({line.lower() for line in lines})
    assert all(finding.where.startswith(f"{name}:") for finding in findings)
