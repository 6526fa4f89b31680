"""The check reads a file as the gateway does: the same lines under the same numbers, whatever editor wrote it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.building.mapping import tables_from
from gateway.errors import ConfigurationError
from gateway.maptools.check import check
from gateway.maptools.mapper import same_mailbox, settings_for
from gateway.maptools.problems import Severity
from gateway.maptools.sources import read, sources_of_folder
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import MappingTables
from gateway.mixer.stdor import from_text, to_text

D2O, O2D = "domain-to-oraddress", "oraddress-to-domain"
RULE = "widget.example#PRMD$WIDGET.ADMD$TEST.C$XX#"


def folder_with(folder: Path, octets: bytes, name: str = D2O) -> Path:
    (folder / name).write_bytes(octets)
    return folder


def read_by_the_gateway(folder: Path) -> MappingTables | None:
    try:
        return tables_from(folder)
    except ConfigurationError:
        return None


def refused(folder: Path) -> bool:
    return any(problem.severity is Severity.ERROR for problem in check(sources_of_folder(folder)))


@pytest.mark.parametrize(
    "octets",
    [
        f"\ufeff{RULE}\n".encode(),
        f"# one\r\n{RULE}\r\n".encode(),
        f"# one\r{RULE}\r".encode(),
        f"# a page\x0c ends, a line does not\n{RULE}".encode(),
        f"# caf\u00e9\u2028 and on\u0085 it goes\n{RULE}\n".encode(),
    ],
)
def test_what_editors_put_around_lines_is_nothing_to_either(tmp_path: Path, octets: bytes) -> None:
    folder = folder_with(tmp_path, octets)
    tables = read_by_the_gateway(folder)
    assert tables is not None and not refused(folder)
    assert [row.where for row in read(sources_of_folder(folder)).rows] == [entry.where for entry in tables.by_domain.values()]


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_comment_hides_no_rule_from_the_check(tmp_path: Path, end: str) -> None:
    """Unicode has more ends of lines than a text file; a rule behind one in a comment would have been active and unseen."""
    folder = folder_with(tmp_path, f"# harmless{end}com#PRMD$MINE.ADMD$TEST.C$XX#\n".encode())
    tables = read_by_the_gateway(folder)
    assert tables is not None and len(tables) == 0


def test_the_gateway_refuses_what_is_not_utf_8_as_the_check_does(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, b"# caf\xe9\n" + RULE.encode())
    assert read_by_the_gateway(folder) is None
    assert refused(folder)


_LINES = st.lists(
    st.sampled_from([RULE, "# c", "", " ", "\ufeff", "a.example#C$XX#", "b\u00fc.example#C$XX#", "a.example#O$\u00fc.C$XX#", "a.b:C$XX"])
    | st.text("ab.#$@\\ CX:\x0b\x0c\x85\u2028\u00fc\u3002", max_size=24),
    max_size=5,
)


@given(_LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@limits(max_examples=150, deadline=None)
def test_what_the_check_lets_pass_the_gateway_reads_the_same(lines: list[str], end: str, mark: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = folder_with(Path(name), ("\ufeff" * mark + end.join(lines)).encode())
        tables = read_by_the_gateway(folder)
        if tables is None:
            assert refused(folder)
            return
        rows = {(row.entry.domain.lower(), row.entry.levels) for row in read(sources_of_folder(folder)).rows}
        problems = {problem.line for problem in check(sources_of_folder(folder)) if problem.severity is Severity.ERROR}
        missing = [one for one in tables.by_domain.values() if (one.domain.lower(), one.levels) not in rows]
        assert all(int(one.where.rpartition(":")[2]) in problems for one in missing)


# --- domains beyond ASCII ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["b\u00fccher.example", "bu\u0308cher.example", "B\u00dcCHER.example", "xn--bcher-kva.example"])
def test_a_domain_may_be_written_as_people_write_it_and_is_normalised(tmp_path: Path, written: str) -> None:
    """RFC 5890: all of these are one domain, which the wire has in A-labels; an accent may be a character of its own."""
    folder_with(tmp_path, f"{written}#PRMD$B.ADMD$TEST.C$XX#\n".encode())
    folder = folder_with(tmp_path, f"PRMD$B.ADMD$TEST.C$XX#{written}#\n".encode(), O2D)
    assert check(sources_of_folder(folder)) == ()
    settings = settings_for(tables_from(folder))
    for domain in ("b\u00fccher.example", "xn--bcher-kva.example"):
        found = mailbox_to_oraddress(f"joe@{domain}", settings, Role.RECIPIENT).result
        assert to_text(found) == "/S=joe/PRMD=B/ADMD=TEST/C=XX/"
    back = oraddress_to_mailbox(from_text("/S=joe/PRMD=B/ADMD=TEST/C=XX/"), settings, Role.RECIPIENT).result
    assert back.address == "joe@xn--bcher-kva.example"
    assert same_mailbox(back.address, f"joe@{written}")


@pytest.mark.parametrize("written", ["b\u00fc_cher.example", "b\u00fccher..example", "\u00fc" * 70 + ".example"])
def test_one_that_has_no_a_labels_is_named_in_its_place(tmp_path: Path, written: str) -> None:
    folder = folder_with(tmp_path, f"{written}#PRMD$B.ADMD$TEST.C$XX#\n".encode())
    (problem,) = check(sources_of_folder(folder))
    assert (problem.code, problem.line) == ("syntax", 1)
    assert read_by_the_gateway(folder) is None


def test_a_fault_behind_such_a_domain_has_its_own_place(tmp_path: Path) -> None:
    (problem,) = check(sources_of_folder(folder_with(tmp_path, "b\u00fccher.example#PRMD$B_C.ADMD$TEST.C$XX#\n".encode())))
    assert (problem.code, problem.column) == ("string-type", 22)
