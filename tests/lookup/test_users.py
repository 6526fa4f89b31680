"""The users' directory: exact pairs both ways, refused whole when a line is wrong, replaced whole when not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.addresses import Mailbox
from gateway.lookup.user_rows import proxies
from gateway.lookup.users import HEADER, UserDirectory, UserDirectoryError
from gateway.lookup.users_compile import UsersError, activate, bench_users, check_users, compile_users, digest_of
from gateway.mixer.stdor import from_text, to_text

JANE = "/G=Jane/S=Doe/O=Acme/PRMD=P/ADMD=A/C=GB/"
JOHN = "/G=John/S=Roe/O=Acme/PRMD=P/ADMD=A/C=GB/"


def given_users(folder: Path, text: str, *, name: str = "users.csv", **options: bool) -> UserDirectory:
    source = folder / name
    source.write_text(text, encoding="utf-8")
    compile_users((source,), folder / "users.compiled", **options)
    return UserDirectory(folder / "users.compiled")


def x400_of(directory: UserDirectory, address: str) -> str | None:
    found = directory.of_mailbox(Mailbox.from_text(address))
    return None if found is None else to_text(found.oraddress)


def mailbox_of(directory: UserDirectory, address: str) -> str | None:
    found = directory.of_oraddress(from_text(address))
    return None if found is None else found.mailbox.address


def test_a_pair_is_found_both_ways_and_says_where_it_stands(tmp_path: Path) -> None:
    users = given_users(tmp_path, f"mailbox,oraddress\n\n# sales\njane@example.org,{JANE}\n")
    found = users.of_mailbox(Mailbox(local="jane", domain="EXAMPLE.org"))
    assert found is not None and found.oraddress == from_text(JANE) and found.where == f"{tmp_path / 'users.csv'}:4"
    assert mailbox_of(users, "/S=DOE/G=jane/O=acme/PRMD=p/ADMD=a/C=gb/") == "jane@example.org"
    assert x400_of(users, "john@example.org") is None and mailbox_of(users, JOHN) is None
    assert x400_of(users, "JANE@example.org") is None
    assert len(users) == 1


def test_aliases_lead_to_the_user_and_back_to_its_primary_address(tmp_path: Path) -> None:
    other = "/S=Doe/O=Old/PRMD=P/ADMD=A/C=GB/"
    users = given_users(tmp_path, f"jd@example.org,{JANE}\njane@example.org,{JANE},yes\njane@example.org,{other}\n")
    assert x400_of(users, "jd@example.org") == x400_of(users, "jane@example.org") == to_text(from_text(JANE))
    assert mailbox_of(users, JANE) == mailbox_of(users, other) == "jane@example.org"


def test_each_way_can_have_its_own_primary(tmp_path: Path) -> None:
    other = "/S=Doe/O=Old/PRMD=P/ADMD=A/C=GB/"
    users = given_users(tmp_path, f"a@x.org,{JANE},x400\na@x.org,{other}\nb@x.org,{JANE},internet\n")
    assert x400_of(users, "a@x.org") == to_text(from_text(JANE))
    assert mailbox_of(users, JANE) == "b@x.org"


def test_two_lines_for_one_address_need_a_primary(tmp_path: Path) -> None:
    with pytest.raises(UsersError) as refused:
        given_users(tmp_path, f"jane@example.org,{JANE}\njane@example.org,{JOHN}\n")
    (finding,) = refused.value.findings
    assert finding.where == f"{tmp_path / 'users.csv'}:2:1"
    assert finding.text == f"another O/R address for the mailbox of {tmp_path / 'users.csv'}:1, and neither line is primary: mark one"
    with pytest.raises(UsersError, match="second primary"):
        given_users(tmp_path, f"jane@example.org,{JANE},yes\njane@example.org,{JOHN},x400\n")


def test_the_same_pair_twice_is_one(tmp_path: Path) -> None:
    assert x400_of(given_users(tmp_path, f"j@x.org,{JANE}\nj@x.org,{JANE}\n"), "j@x.org") is not None


def test_every_wrong_line_is_named_with_line_and_column(tmp_path: Path) -> None:
    text = f'jane@example.org,{JANE}\nnobody,{JANE}\n"joe@x.org",/S=joe/\nx@y.org,{JOHN},perhaps\nonly@x.org\na,b,c,d\n'
    with pytest.raises(UsersError) as refused:
        given_users(tmp_path, text)
    places = [finding.where.removeprefix(str(tmp_path / "users.csv")) for finding in refused.value.findings]
    assert places == [":2:1", ":3:13", f":4:{len('x@y.org,') + len(JOHN) + 2}", ":5:1", ":6:1"]


def test_a_set_that_does_not_check_leaves_the_old_one(tmp_path: Path) -> None:
    users = given_users(tmp_path, f"jane@example.org,{JANE}\n")
    with pytest.raises(UsersError):
        given_users(tmp_path, "nonsense\n")
    assert x400_of(UserDirectory(tmp_path / "users.compiled"), "jane@example.org") is not None
    given_users(tmp_path, f"john@example.org,{JOHN}\n")
    assert x400_of(users, "jane@example.org") is not None, "an open directory stays as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["users.compiled", "users.csv"]


def test_activation_compiles_only_what_has_changed(tmp_path: Path) -> None:
    source, target = tmp_path / "users.csv", tmp_path / "var" / "users.compiled"
    source.write_text(f"jane@example.org,{JANE}\n")
    first = activate((source,), target)
    made = target.stat().st_mtime_ns
    assert activate((source,), target).version == first.version and target.stat().st_mtime_ns == made
    assert activate((source,), target, fold_local=True).of_mailbox(Mailbox(local="JANE", domain="example.org")) is not None
    source.write_text(f"john@example.org,{JOHN}\n")
    assert activate((source,), target).version != first.version
    assert digest_of((source,)) != digest_of((source,), fold_local=True)


def test_several_files_are_one_directory(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"jane@example.org,{JANE}\n")
    (tmp_path / "b").write_text(f"john@example.org,{JOHN}\n")
    compile_users((tmp_path / "a", tmp_path / "b"), tmp_path / "c")
    users = UserDirectory(tmp_path / "c")
    assert [pair.where.rpartition("/")[2] for pair in users.pairs()] == ["a:1", "b:1"]
    assert mailbox_of(users, JOHN) == "john@example.org"


def test_an_empty_set_is_a_directory_without_users(tmp_path: Path) -> None:
    assert x400_of(given_users(tmp_path, ""), "jane@example.org") is None


@pytest.mark.parametrize("damage", [0, 3, 10, 24, 40, 60])
def test_a_damaged_file_is_refused_or_known(tmp_path: Path, damage: int) -> None:
    given_users(tmp_path, f"jane@example.org,{JANE}\n")
    path = tmp_path / "users.compiled"
    octets = bytearray(path.read_bytes())
    octets[damage] ^= 0xFF
    path.write_bytes(octets)
    with pytest.raises(UserDirectoryError):
        UserDirectory(path)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_to_records_or_tables_gives_anything_but_an_error_or_a_miss(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("users")
    given_users(folder, f"jane@example.org,{JANE}\njohn@example.org,{JOHN}\n")
    path = folder / "users.compiled"
    octets = bytearray(path.read_bytes())
    for _ in range(3):
        octets[HEADER.size + data.draw(st.integers(0, 1 << 30)) % (len(octets) - HEADER.size)] = data.draw(st.integers(0, 255))
    path.write_bytes(octets)
    try:
        users = UserDirectory(path)
        users.of_mailbox(Mailbox(local="jane", domain="example.org"))
        users.of_oraddress(from_text(JOHN))
    except UserDirectoryError:
        pass


def test_a_shortened_or_missing_file_is_refused(tmp_path: Path) -> None:
    given_users(tmp_path, f"jane@example.org,{JANE}\n")
    path = tmp_path / "users.compiled"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserDirectoryError, match="compile it again"):
        UserDirectory(path)
    with pytest.raises(UserDirectoryError):
        UserDirectory(tmp_path / "none")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UserDirectoryError):
        UserDirectory(tmp_path / "empty")


# --- the export of Exchange --------------------------------------------------------------------------------------------------------

X400_JANE = "c=GB;a=A;p=P;o=Acme;s=Doe;g=Jane;"


@pytest.mark.parametrize(
    "line",
    [
        f'"CN=Jane,DC=x","smtp:jd@example.org;SMTP:jane@example.org;X400:{X400_JANE.replace(";", chr(92) + ";")}"',
        f'"CN=Jane,DC=x","smtp:jd@example.org SMTP:jane@example.org X400:{X400_JANE} x500:/o=x"',
        f'"CN=Jane,DC=x","{{smtp:jd@example.org, SMTP:jane@example.org, X400:{X400_JANE}}}"',
        f'"CN=Jane,DC=x","SMTP:jane@example.org%X400:{X400_JANE}%smtp:jd@example.org%MS:NET/PO/JANE"',
    ],
    ids=["csvde", "blanks", "braces", "percent"],
)
def test_the_proxy_addresses_of_one_user_are_pairs(tmp_path: Path, line: str) -> None:
    users = given_users(tmp_path, f"DN,proxyAddresses\n{line}\n")
    assert mailbox_of(users, JANE) == "jane@example.org"
    assert x400_of(users, "jd@example.org") == x400_of(users, "jane@example.org") == to_text(from_text(JANE))


def test_proxy_addresses_without_header_and_users_without_x400(tmp_path: Path) -> None:
    users = given_users(tmp_path, f"SMTP:jane@example.org;X400:{X400_JANE}\nSMTP:none@example.org\n")
    assert mailbox_of(users, JANE) == "jane@example.org" and x400_of(users, "none@example.org") is None


def test_a_dda_inside_an_x400_proxy_is_no_proxy_of_its_own() -> None:
    found = proxies("X400:c=US;a= ;p=P;o=O;dda:SMTP=x(a)y.org;;smtp:x@y.org")
    assert found == [("X400", "c=US;a= ;p=P;o=O;dda:SMTP=x(a)y.org;"), ("smtp", "x@y.org")]


def test_utf_16_exports_and_odd_octets(tmp_path: Path) -> None:
    source = tmp_path / "export.csv"
    source.write_text(f"proxyAddresses\nSMTP:jane@example.org;X400:{X400_JANE}\n", encoding="utf-16")
    assert compile_users((source,), tmp_path / "c").entries == 1
    source.write_bytes(f"j\xe4ne@example.org,{JANE}\nx,y\n".encode("latin-1"))
    assert [finding.where.rpartition("csv")[2] for finding in check_users((source,))] == [":1:1", ":2:1"]


def test_measurement(tmp_path: Path) -> None:
    measured = bench_users(500, tmp_path)
    assert measured["entries"] == 500 and measured["octets_per_entry"] < 250


@pytest.mark.slow
def test_a_hundred_thousand_users_all_are_found(tmp_path: Path) -> None:
    bench_users(100_000, tmp_path)
    users = UserDirectory(tmp_path / "users.compiled")
    for number, pair in enumerate(users.pairs()):
        if number % 9 == 0:
            assert users.of_mailbox(pair.mailbox) == pair and users.of_oraddress(pair.oraddress) == pair
