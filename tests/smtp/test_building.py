"""What the configuration says of SMTP becomes what listener, verifier and sender do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from typer.testing import CliRunner

from gateway import config
from gateway.building.smtp import departure_from, signing_keys, smtp_listener_settings, verifier_from
from gateway.cli import app
from gateway.errors import ConfigurationError

GATEWAY = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"
[mixer]
tables = "tables"
"""
SIGNING = """
[smtp.signing]
keys = [{ selector = "2026a", key = { file = "key.pem" } }, { selector = "b", domain = "Partner.Example", key = { file = "key.pem" } }]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "tables").mkdir()
    return tmp_path


def load(folder: Path, text: str) -> config.Config:
    path = folder / "gateway.toml"
    path.write_text(GATEWAY + text)
    return config.load(path)


def test_delivery_options_are_off_and_for_nobody(folder: Path) -> None:
    settings = smtp_listener_settings(load(folder, ""))
    assert settings.chunking and not (settings.mt_priority or settings.deliver_by or settings.future_release)
    assert settings.may_set_delivery_options == frozenset()


def test_delivery_options_are_for_the_classes_named(folder: Path) -> None:
    text = """
[smtp]
chunking = false
mt_priority = true
deliver_by = true
deliver_by_minimum_seconds = 60
future_release_seconds = 86400
client = [{ name = "staff", users = ["ann"], may_set_delivery_options = true }, { name = "anyone" }]
"""
    settings = smtp_listener_settings(load(folder, text))
    assert (settings.chunking, settings.mt_priority, settings.deliver_by, settings.deliver_by_minimum) == (False, True, True, 60)
    assert settings.future_release == 86_400 and settings.may_set_delivery_options == {"staff"}


def test_verification_is_switched_on_by_its_section(folder: Path) -> None:
    assert verifier_from(load(folder, "")) is None
    assert verifier_from(load(folder, "[smtp.verification]\n")) is not None


def test_keys_sign_for_the_gateway_or_the_domain_named(folder: Path) -> None:
    keys = signing_keys(load(folder, SIGNING))
    assert [(key.selector, key.domain, key.algorithm) for key in keys] == [
        ("2026a", "x400.example.org", "ed25519-sha256"), ("b", "partner.example", "ed25519-sha256"),
    ]  # fmt: skip
    departure_from(load(folder, SIGNING))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SIGNING.replace("key.pem", "none.pem"), r"smtp.signing.keys 2026a.key: .*none.pem"),
        (SIGNING.replace("key.pem", "gateway.toml"), r"DKIM key of 2026a._domainkey.x400.example.org cannot be read"),
        (SIGNING + "from_mailbox = 'nobody'\n", "smtp.signing.from_mailbox: "),
        (SIGNING.replace("2026a", "a b"), r"smtp.signing.keys 0.selector: "),
        ("[smtp.signing]\nkeys = []\n", "smtp.signing.keys: "),
        ("[smtp.verification]\ndmarc_reject = 'drop'\n", "smtp.verification.dmarc_reject: Input should be 'record' or 'refuse'"),
    ],
)
def test_faults_are_named(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        departure_from(load(folder, text))


def test_check_prints_the_records_to_publish(folder: Path) -> None:
    load(folder, SIGNING)
    arguments = ["check", "-c", str(folder / "gateway.toml")]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    assert '\npublish: 2026a._domainkey.x400.example.org. IN TXT "v=DKIM1; k=ed25519; p=' in ran.stdout
    records = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)["dkim_records"]
    assert records.keys() == {"2026a._domainkey.x400.example.org", "b._domainkey.partner.example"}
