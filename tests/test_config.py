"""The configuration: every fault is named with file and key, relative names count from the file, the manual tells the truth."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gateway import config
from gateway.building.mapping import settings_from, user_files
from gateway.building.mta import peers_from
from gateway.errors import ConfigurationError

MANUAL = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"

GATEWAY = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"
"""
PEER = """
[[mta.peer]]
name = "partner"
mta_name = "PARTNER"
"""


def load(folder: Path, text: str) -> config.Config:
    path = folder / "gateway.toml"
    path.write_text(text)
    return config.load(path)


def fault(folder: Path, text: str) -> str:
    """What is said about a file, without its name, which must stand at the beginning of every line."""
    with pytest.raises(ConfigurationError) as refusal:
        load(folder, text)
    start = f"{folder / 'gateway.toml'}: "
    lines = str(refusal.value).splitlines()
    assert all(line.startswith(start) for line in lines)
    return "\n".join(line.removeprefix(start) for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GATEWAY + "[smpt]\n", "smpt: unknown key; look for a spelling mistake"),
        (GATEWAY + "[smtp]\nprot = 25\n", "smtp.prot: unknown key; look for a spelling mistake"),
        (GATEWAY + "[smtp]\nport = 'smtp'\n", "smtp.port: Input should be a valid integer"),
        (GATEWAY + "[smtp]\nport = 70000\n", "smtp.port: Input should be less than or equal to 65535 (given: 70000)"),
        (GATEWAY + "[relay]\nworkers = 0\n", "relay.workers: Input should be greater than or equal to 1 (given: 0)"),
        (GATEWAY + "[spool]\nsynchronous = 'MAYBE'\n", "spool.synchronous: Input should be 'FULL', 'NORMAL' or 'OFF' (given: 'MAYBE')"),
        (GATEWAY + "[log]\njson_lines = 'perhaps'\n", "log.json_lines: Input should be a valid boolean"),
        (GATEWAY + PEER + "tpdu_size_octets = 1000\n", "mta.peer partner.tpdu_size_octets: Input should be 128, 256, 512,"),
        (GATEWAY + PEER + "profile = 'exchange'\n", "mta.peer partner.profile: there is no such profile; known are "),
        (GATEWAY + PEER + "policy.attachments = 'bp16'\n", "mta.peer partner.policy.attachments: Input should be 'ftbp', 'bp15', 'ia5'"),
        (GATEWAY + PEER + "policy.body.eight_bit_ia5 = 'x'\n", "mta.peer partner.policy.body.eight_bit_ia5: not the name of a charset"),
        (GATEWAY + PEER + "port = 'x'\n", "mta.peer partner.port: Input should be a valid integer"),
        (GATEWAY + PEER + "networks = ['10.0.0.300']\n", "mta.peer partner.networks 0."),
        (GATEWAY + PEER + "called = { tsel = 'hex:xyz' }\n", "mta.peer partner.called.tsel: non-hexadecimal number found"),
        (GATEWAY + "[[mta.peer]]\nname = 'x'\n", "mta.peer x.mta_name: must be given"),
        (GATEWAY + "[[mta.peer]]\nmta_name = 'x'\n", "mta.peer 0.name: must be given"),
        (GATEWAY + PEER + f"mta_name_2 = '{'x' * 9}'\n", "mta.peer partner.mta_name_2: unknown key"),
        (GATEWAY + "[mta]\npeer = 5\n", "mta.peer: Input should be a valid tuple"),
        (GATEWAY + "[lookup]\nsources = ['dns']\n", "lookup.sources 0: Input should be 'directory', 'tables', 'px' or 'ldap'"),
        (GATEWAY + "[lookup]\nsources = ['px', 'px']\n", "lookup.sources: 'px' is named twice"),
        (GATEWAY + "[lookup]\nsources = ['ldap']\n", "lookup: 'ldap' is among the sources, but there is no section [lookup.ldap]"),
        (GATEWAY + "[lookup.ldap]\nbind_name = 'x'\n", "lookup.ldap.urls: must be given"),
        (GATEWAY + "[lookup]\npx = 5\n", "lookup.px: "),
        ("gateway = 1\n", "gateway: a table is wanted here"),
        ("", "gateway: must be given"),
        ("[gateway\n", "not valid TOML: "),
        (GATEWAY + GATEWAY, "not valid TOML: "),
    ],
)
def test_a_fault_is_named_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    assert fault(tmp_path, text).startswith(said)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = fault(tmp_path, GATEWAY.replace("domain =", "domian =", 1) + "[smtp]\nport = -1\n").splitlines()
    assert [line.partition(":")[0] for line in sorted(said)] == ["gateway.domain", "gateway.domian", "smtp.port"]


@pytest.mark.parametrize("value", ["EXAMPLE", "anna@example.org", "/XYZ=1/C=XX/", ""])
def test_bad_oraddresses(tmp_path: Path, value: str) -> None:
    assert fault(tmp_path, GATEWAY.replace("/PRMD=EXAMPLE/ADMD=DEMO/C=XX/", value, 1)).startswith("gateway.oraddress: not an O/R address")
    assert fault(tmp_path, GATEWAY + PEER + f"routes = ['{value}']\n").startswith("mta.peer partner.routes 0: not an O/R address")
    grant = f"grant = {{ originators = ['{value}'] }}\n"
    assert fault(tmp_path, GATEWAY + PEER + grant).startswith("mta.peer partner.grant.originators 0: not an O/R address")


def test_a_global_domain_needs_a_country(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    loaded = load(tmp_path, GATEWAY.replace('global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"', 'global_domain = "/PRMD=EXAMPLE/"'))
    with pytest.raises(ConfigurationError, match=r"^gateway\.global_domain: a country \(C\) is needed"):
        settings_from(loaded)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (PEER + PEER, "mta.peer"),
        ("[[smtp.client]]\nname = 'partner'\n[[smtp.client]]\nname = 'partner'\n", "smtp.client"),
        (2 * "[[smtp.users]]\nname = 'partner'\npassword = { environment = 'X' }\n", "smtp.users"),
    ],
)
def test_names_are_unique(tmp_path: Path, text: str, key: str) -> None:
    assert fault(tmp_path, GATEWAY + text) == f"{key}: the name 'partner' is used twice"


@pytest.mark.parametrize("secret", ["{}", "{ file = 'x', environment = 'X' }"])
def test_a_secret_names_one_source(tmp_path: Path, secret: str) -> None:
    assert fault(tmp_path, GATEWAY + PEER + f"password = {secret}\n") == "mta.peer partner.password: name either file or environment"


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = fault(tmp_path, GATEWAY + PEER + "password = { value = 'hunter2' }\n")
    assert "mta.peer partner.password.value: unknown key" in said
    assert "hunter2" not in said


def test_a_bare_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = fault(tmp_path, GATEWAY + PEER + "password = 'hunter2'\n")
    assert said.startswith("mta.peer partner.password: ")
    assert "hunter2" not in said


def test_missing_secrets_are_named_with_key_and_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(ConfigurationError, match=r"mta\.peer partner\.password: the environment variable NOT_SET is not set"):
        peers_from(load(tmp_path, GATEWAY + PEER + "password = { environment = 'NOT_SET' }\n"))
    with pytest.raises(ConfigurationError, match=rf"mta\.peer partner\.our_password: {tmp_path}/none: No such file"):
        peers_from(load(tmp_path, GATEWAY + PEER + "our_password = { file = 'none' }\n"))


def test_secrets_from_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_SECRET", "theirs ")
    (tmp_path / "ours").write_bytes(b"ours\r\n")
    loaded = load(tmp_path, GATEWAY + PEER + "password = { environment = 'PARTNER_SECRET' }\nour_password = { file = 'ours' }\n")
    peer = peers_from(loaded).get("partner")
    assert peer is not None
    assert (peer.theirs.password, peer.ours.password) == (b"theirs ", b"ours"), "only the line end is no part of it"


def test_relative_names_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    tls = "[smtp.tls]\ncertificate = 'c.pem'\nkey = '/etc/k.pem'\n"
    loaded = load(tmp_path, GATEWAY + "[spool]\nurl = 'sqlite:///q/queue.sqlite'\n" + tls)
    assert loaded.spool.url == f"sqlite:///{tmp_path}/q/queue.sqlite"
    assert loaded.mixer.tables == tmp_path / "mappings"
    assert loaded.admin.socket == tmp_path / "var/control.sock"
    assert loaded.smtp.tls is not None
    assert (loaded.smtp.tls.certificate, loaded.smtp.tls.key) == (tmp_path / "c.pem", Path("/etc/k.pem"))
    assert load(tmp_path, GATEWAY).spool.url == f"sqlite:///{tmp_path}/var/queue.sqlite", "defaults too"
    assert load(tmp_path, GATEWAY + "[spool]\nurl = 'sqlite:////var/queue.sqlite'\n").spool.url == "sqlite:////var/queue.sqlite"


def test_the_users_file_is_beside_the_tables_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    assert user_files(load(tmp_path, GATEWAY)) == ()
    (tmp_path / "mappings" / "users.csv").write_text("joe@b.example,/S=joe/PRMD=P/ADMD=A/C=GB/\n")
    found = load(tmp_path, GATEWAY)
    assert user_files(found) == (tmp_path / "mappings/users.csv",) and found.lookup.directory.compiled == tmp_path / "var/users.compiled"
    named = "[lookup.directory]\nfiles = ['a.csv', '/b.csv']\n"
    assert user_files(load(tmp_path, GATEWAY + named)) == (tmp_path / "a.csv", Path("/b.csv"))
    assert user_files(load(tmp_path, GATEWAY + "[lookup]\nsources = ['tables']\n")) == ()


def test_only_the_gateway_keeps_the_compiled_users(tmp_path: Path) -> None:
    """A command that another user runs leaves no files behind which the gateway could not replace."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "users.csv").write_text("joe@b.example,/S=joe/PRMD=P/ADMD=A/C=GB/\n")
    loaded = load(tmp_path, GATEWAY)
    version = settings_from(loaded).users_version
    assert version and not (tmp_path / "var").exists()
    assert settings_from(loaded, keep_users=True).mapping_version.endswith(f"+{version}")
    assert (tmp_path / "var" / "users.compiled").is_file()


def test_selectors_are_text_or_hexadecimal(tmp_path: Path) -> None:
    peer = load(tmp_path, GATEWAY + PEER + "called = { tsel = 'MIXER', ssel = 'hex:00ff' }\n").mta.peer[0]
    assert (peer.called.tsel, peer.called.ssel, peer.called.psel) == (b"MIXER", b"\x00\xff", b"")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: No such file"):
        config.load(tmp_path / "none.toml")
    (tmp_path / "gateway.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"gateway\.toml: not valid TOML"):
        config.load(tmp_path / "gateway.toml")


# --- the manual ---------------------------------------------------------------------------------------------------------


def sections(model: type[BaseModel] = config.Config, name: str = "") -> dict[str, type[BaseModel]]:
    """All tables of the file by their dotted name. A secret is a value and no table."""
    found = {name: model} if name else {}
    for key, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            if inner is not config.Secret:
                found |= sections(inner, f"{name}.{key}".lstrip("."))
    return found


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def manual() -> dict[str, dict[str, str]]:
    """Section -> key -> default, as the manual has them."""
    found: dict[str, dict[str, str]] = {}
    current: list[dict[str, str]] = []
    for line in MANUAL.read_text().splitlines():
        if line.startswith("## "):
            current = [found.setdefault(name, {}) for name in re.findall(r"\[([\w.]+)\]", line)]
        elif match := re.fullmatch(r"\| `(\w+)` \| (.+?) \|(?: (.*?))? ?\|", line):
            for section in current:
                section[match[1]] = match[3] or ""
    return found


def shown(value: Any) -> str:
    """A default as the manual writes it."""
    if value in (None, (), "", b"", {}):
        return "-"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{each if isinstance(each, str) else each.decode()}"' for each in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("name", sorted(sections()))
def test_the_manual_has_every_key_and_its_default(name: str) -> None:
    described, model = manual()[name], sections()[name]
    assert described.keys() == model.model_fields.keys()
    for key, field in model.model_fields.items():
        if _models_in(field.annotation) and field.default:
            continue  # a table in itself, or in words
        assert described[key] == ("" if field.is_required() else shown(field.default)), f"{name}.{key}"


def test_the_manual_has_no_other_section() -> None:
    assert manual().keys() == sections().keys()


@pytest.mark.parametrize("name", ["docker/gateway.toml", "docs/example.toml"])
def test_the_examples_are_good(name: str) -> None:
    example = MANUAL.parent.parent / name
    assert config.load(example).gateway.mta_name
