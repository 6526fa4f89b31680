"""Real servers on loopback for the tests of look-ups: NSD with zones, slapd with a schema and entries."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shared import require_program

NSD_CONF = """
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  logfile: "{folder}/nsd.log"
  cookie-secret-file: ""
  server-count: 1
remote-control:
  control-enable: no
"""

SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include {folder}/mixer.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
maxsize 10485760
suffix "c=GB"
rootdn "cn=admin,c=GB"
rootpw geheim
directory {folder}/db
access to * by * read
"""

# RFC 2294 Figure 2 and Appendix A, RFC 2164 Figures 1, 2 and 4, for a server whose syntaxes are those of RFC 4517.
SCHEMA = """
objectidentifier tree 1.3.6.1.4.1.453.7.2
objectidentifier mapping 1.3.6.1.4.1.453.7.4
attributetype ( tree:2.1 NAME ( 'ADMD' 'aDMDName' ) SUP name )
attributetype ( tree:2.10 NAME ( 'PRMD' 'pRMDName' ) SUP name )
attributetype ( tree:2.6 NAME ( 'MHS-O' 'mHSOrganizationName' ) SUP organizationName )
attributetype ( tree:2.7 NAME ( 'MHS-OU' 'mHSOrganizationalUnitName' ) SUP organizationalUnitName )
attributetype ( mapping:2.6 NAME 'associatedORAddress' SUP distinguishedName SINGLE-VALUE )
attributetype ( mapping:2.3 NAME 'associatedX400Gateway' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( mapping:2.8 NAME 'associatedInternetGateway' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( mapping:2.7 NAME 'oRAddressComponentType' EQUALITY objectIdentifierMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 SINGLE-VALUE )
attributetype ( 2.6.5.2.6 NAME 'mhsORAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( tree:1.1 NAME 'aDMD' SUP top STRUCTURAL MUST ADMD )
objectclass ( tree:1.9 NAME 'pRMD' SUP top STRUCTURAL MUST PRMD )
objectclass ( tree:1.5 NAME 'mHSOrganization' SUP top STRUCTURAL MUST MHS-O )
objectclass ( tree:1.6 NAME 'mHSOrganizationalUnit' SUP top STRUCTURAL MUST MHS-OU )
objectclass ( mapping:1.1 NAME 'rFC822ToX400Mapping' SUP top STRUCTURAL MUST dc MAY ( associatedORAddress $ associatedX400Gateway ) )
objectclass ( mapping:1.2 NAME 'x400ToRFC822Mapping' SUP top AUXILIARY MAY ( associatedDomain $ associatedInternetGateway ) )
objectclass ( mapping:1.3 NAME 'omittedORAddressComponent' SUP top STRUCTURAL MUST oRAddressComponentType )
objectclass ( 1.3.6.1.4.1.4203.666.1.1 NAME 'testUser' SUP top STRUCTURAL MUST cn MAY ( mail $ mhsORAddresses ) )
"""


def free_port() -> int:
    """A port of loopback that nobody uses now, for TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the server does not answer")


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def nsd(folder: Path, zones: dict[str, str]) -> Iterator[int]:
    """NSD with zones (records below SOA and NS, which are added); gives its port."""
    program, port = require_program("nsd"), free_port()
    conf = NSD_CONF.format(port=port, folder=folder)
    for zone, records in zones.items():
        head = f"$ORIGIN {zone}.\n$TTL 300\n@ IN SOA ns.{zone}. admin.{zone}. 1 3600 600 86400 60\n@ IN NS ns.{zone}.\nns IN A 127.0.0.1\n"
        (folder / f"{zone}.zone").write_text(head + records)
        conf += f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone"\n'
    (folder / "nsd.conf").write_text(conf)
    with _running([program, "-d", "-c", str(folder / "nsd.conf")], port, folder):
        yield port


class Slapd:
    """slapd with its entries; can be started again on the same port."""

    def __init__(self, folder: Path, entries: str) -> None:
        self._program = require_program("slapd")
        self._folder = folder
        self.port = free_port()
        (folder / "db").mkdir()
        (folder / "mixer.schema").write_text(SCHEMA)
        (folder / "slapd.conf").write_text(SLAPD_CONF.format(folder=folder))
        (folder / "entries.ldif").write_text(entries)
        subprocess.run(
            [require_program("slapadd"), "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "entries.ldif")],
            check=True, capture_output=True,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"ldap://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server, while the context lasts."""
        with _running([self._program, "-d", "0", "-h", self.url, "-f", str(self._folder / "slapd.conf")], self.port, self._folder):
            yield
