"""What a conversion is told besides the message: the gateway's settings, the peer's policy, the time and the seed of the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from gateway.mixer.mcgam import MappingTables
from gateway.mixer.questions import NO_USERS, Asking, Knowledge, Users
from gateway.x400.charsets import Reading
from gateway.x400.oraddress import ORAddress


class Carrier(Enum):
    """What carries a MIME attachment to X.400 (RFC 2157 2)."""

    BP14 = "bp14"
    BP15 = "bp15"
    FTBP = "ftbp"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPolicy:
    """How one peer wants its mail.

    Attributes:
        x400_version: 84 or 88. To 84 goes content type 2 without heading extensions, general text and file transfer (RFC 2156 Appendix B).
        carrier: What carries attachments without an equivalent body part.
        eight_bit_ia5: Charset in which 8-bit octets of ia5-text from this peer are read.
        t61_reading: What the octets of this peer's T.61 strings are; None guesses from each string, which can fail for short ones.
        convert_charsets: Write text as general-text where ISO 8859 suffices; False sends it as an attachment.
        report_extensions: Send private extensions in reports (only to partners of ISO/IEC 10021, RFC 2156 5.1.8.2).
        phrase_references: Write identifiers that are no msg-id as a phrase in In-Reply-To and References (4.7.3.5); threads break.
        keep_trace: Carry Received fields as trace information.
        universal_addresses: It takes universal attributes (X.411 1999) in O/R addresses; they hold mailboxes beyond ASCII. Not in the RFC.
        internet_labels: Types of domain-defined attributes that mean RFC-822 when they come from this peer, in upper case.
        repair_double_escapes: RFC-822 attributes of this peer that are still escaped when they are decoded are decoded once more.
    """

    x400_version: int = 88
    carrier: Carrier = Carrier.FTBP
    eight_bit_ia5: str = "iso-8859-1"
    t61_reading: Reading | None = None
    convert_charsets: bool = True
    report_extensions: bool = False
    phrase_references: bool = False
    keep_trace: bool = True
    universal_addresses: bool = False
    internet_labels: frozenset[str] = frozenset()
    repair_double_escapes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalDomain:
    """A management domain: country, ADMD and, for a private domain, PRMD (X.411 GlobalDomainIdentifier)."""

    country: str
    admd: str = " "
    prmd: str | None = None

    def address(self) -> ORAddress:
        """As the O/R address that RFC 2156 5.3.3.2 writes it as."""
        return ORAddress(country=self.country, admd=self.admd, prmd=self.prmd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the gateway is, the same for every message.

    Attributes:
        gateway_domain: Domain of addresses that encode an O/R address on the left-hand side.
        gateway_oraddress: O/R address of the gateway: base of RFC-822 domain-defined attributes.
        global_domain: Our management domain, for trace and identifiers.
        mta_name: Our MTA name, at most 32 characters.
        tables: The mapping tables.
        users: The directory of individual users.
        users_version: Short digest of what the directory was made from; empty without one.
        knowledge: Of one run of a conversion: tables and users with the answers of other sources laid over them. None: only what
            is at hand counts.
        postmaster: Address of the administrator; author of DSNs and sender where X.400 needs one and SMTP has none.
        universal_addresses: A mailbox beyond ASCII may become universal attributes; see `towards`.
        internet_labels: Types of domain-defined attributes that mean RFC-822 too, in upper case; see `towards`.
        repair_double_escapes: Decode an RFC-822 attribute twice where it was escaped twice; see `towards`.
        strip_source_routes: Remove source routes of envelope addresses (RFC 5321); False keeps them in the address (4.3.4 step 1).
        max_conversions: Conversions by MIXER gateways in one direction that are accepted before a message counts as looping (5.1.5).
    """

    gateway_domain: str
    gateway_oraddress: ORAddress
    global_domain: GlobalDomain
    mta_name: str
    tables: MappingTables = field(default_factory=MappingTables)
    users: Users = NO_USERS
    users_version: str = ""
    knowledge: Knowledge | None = None
    postmaster: str = ""
    universal_addresses: bool = False
    internet_labels: frozenset[str] = frozenset()
    repair_double_escapes: bool = False
    strip_source_routes: bool = True
    max_conversions: int = 5

    def asking(self, *, envelope: bool) -> Asking:
        """What the mapping of one address asks: the knowledge of this run, else what is at hand.

        Args:
            envelope: The address is of the envelope and not of a header.
        """
        return (self.knowledge or Knowledge(tables=self.tables, users=self.users)).asking(envelope=envelope)

    def towards(self, policy: PeerPolicy) -> Settings:
        """These settings for what goes to one peer, or comes from it."""
        universal = policy.universal_addresses and policy.x400_version != 84
        theirs = (universal, policy.internet_labels, policy.repair_double_escapes)
        if theirs == (self.universal_addresses, self.internet_labels, self.repair_double_escapes):
            return self
        return replace(
            self, universal_addresses=universal, internet_labels=policy.internet_labels, repair_double_escapes=policy.repair_double_escapes
        )

    @property
    def mapping_version(self) -> str:
        """Names the set of tables and users; goes into the plan of a conversion."""
        return f"{self.tables.version}+{self.users_version}" if self.users_version else self.tables.version

    @property
    def administrator(self) -> str:
        """The administrator's mailbox."""
        return self.postmaster or f"postmaster@{self.gateway_domain}"

    def is_postmaster(self, address: str) -> bool:
        """Whether a mailbox means our postmaster: ``postmaster`` alone or at our domain, in any case (RFC 5321 4.5.1)."""
        return address.lower() in ("postmaster", f"postmaster@{self.gateway_domain.lower()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one conversion may use; the same context gives the same octets.

    Attributes:
        now: Time of conversion, aware; from the plan.
        plan_seed: Random text of the plan; identifiers and boundaries are derived from it.
        queue_id: Identifier of the transfer, for the Received field.
        known: Facts from the ledger, such as long Message-IDs by their truncated IPM identifier.
    """

    settings: Settings
    now: datetime
    plan_seed: str
    queue_id: str = ""
    policy: PeerPolicy = field(default_factory=PeerPolicy)
    known: Mapping[str, str] = field(default_factory=dict)

    def token(self, purpose: str, length: int = 20) -> str:
        """Hexadecimal text of this plan, different for every purpose, at most 64 characters."""
        return hashlib.sha256(f"{self.plan_seed}/{self.queue_id}/{purpose}".encode()).hexdigest()[:length]
