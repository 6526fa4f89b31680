"""What a conversion is told besides the message: the gateway's settings, the peer's policy, the time and the seed of the plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from operator import attrgetter

from gateway.mixer.body_policy import BodyPolicy
from gateway.mixer.mcgam import MappingTables
from gateway.mixer.phrases import Language
from gateway.mixer.questions import NO_USERS, Asking, Knowledge, Users
from gateway.x400.charsets import Reading
from gateway.x400.oraddress import ORAddress
from gateway.x400.p1 import PerDomainBilateralInformation


class SourceRoutes(Enum):
    """The three treatments of a source route that 4.3.4 step 1 leaves open."""

    STRIP = "strip"
    STRIP_OWN = "strip-own"
    """Only the entries that name the gateway."""
    KEEP = "keep"


class InternalTrace(Enum):
    """How much of the internal trace a peer gets. It is for MTAs of one management domain (X.411 12.2.1.1.1.5)."""

    KEEP = "keep"
    FIRST = "first"
    """Only the first element of every domain."""
    STRIP = "strip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPolicy:
    """How one peer wants its mail.

    Attributes:
        x400_version: 84 or 88. To 84 goes content type 2 without heading extensions, general text and file transfer (RFC 2156 Appendix B).
        body: How it wants bodies.
        largest_octets: Size of an encoded MTS-APDU above which it takes none; 0 for any size.
        largest_received_octets: Size of an encoded MTS-APDU from it above which none is passed on; 0 for any size.
        heading_extension: It takes the fields that X.400 lacks as a heading extension; otherwise they are its first text, as in Appendix B.
        names_from_addresses: Who comes from it without a name is shown with the one in the O/R address. RFC 2156 4.7.2 shows the address
            alone.
        free_form_names: It takes the names of people beside their O/R addresses.
        t61_reading: What the octets of this peer's T.61 strings are; None guesses from each string, which can fail for short ones.
        report_extensions: Send private extensions in reports (only to partners of ISO/IEC 10021, RFC 2156 5.1.8.2).
        rfc_987_identifiers: Message identifiers of RFC 987 are recognised (RFC 2156 4.7.3.6).
        phrase_references: Write identifiers that are no msg-id as a phrase in In-Reply-To and References (4.7.3.5); threads break.
        keep_trace: Carry Received fields as trace information.
        internal_trace: How much internal trace it gets.
        other_domain: It belongs to another management domain than the gateway, so that our domain in the trace of what it sends means that
            the message was here, whether an MTA name says so or not.
        strict_trace: A message whose identifier and first trace element name different domains is refused (1/11); otherwise it is noted.
        universal_addresses: It takes universal attributes (X.411 1999) in O/R addresses; they hold mailboxes beyond ASCII. Not in the RFC.
        internet_labels: Types of domain-defined attributes that mean RFC-822 when they come from this peer, in upper case.
        repair_double_escapes: RFC-822 attributes of this peer that are still escaped when they are decoded are decoded once more.
        internet_label: Type of the domain-defined attribute in which it is sent mailboxes; all but Exchange know RFC-822 alone.
        drop_numeric_prmd: Towards 1984, addresses with an X.121 address or numeric identifier lose their PRMD instead of being refused.
        content_types: Content types that are taken from it, such as ``2``; none named: P2 and P22. Others are reported (1/15).
        bilateral: Per-domain bilateral information that goes with each message to it.
    """

    x400_version: int = 88
    body: BodyPolicy = field(default_factory=BodyPolicy)
    largest_octets: int = 0
    largest_received_octets: int = 0
    heading_extension: bool = True
    names_from_addresses: bool = False
    free_form_names: bool = True
    t61_reading: Reading | None = None
    report_extensions: bool = False
    rfc_987_identifiers: bool = False
    phrase_references: bool = False
    keep_trace: bool = True
    internal_trace: InternalTrace = InternalTrace.KEEP
    other_domain: bool = False
    strict_trace: bool = False
    universal_addresses: bool = False
    internet_labels: frozenset[str] = frozenset()
    repair_double_escapes: bool = False
    internet_label: str = "RFC-822"
    drop_numeric_prmd: bool = False
    content_types: frozenset[str] = frozenset()
    bilateral: PerDomainBilateralInformation | None = None


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
        internet_label: Type of the domain-defined attribute in which mailboxes are written; see `towards`.
        drop_numeric_prmd: Leave the PRMD out of numeric addresses towards 1984; see `towards`.
        inverted_units: Turn organizational units round where only that leads to a user who is known (4.3.4.1).
        source_routes: What becomes of source routes of envelope addresses (4.3.4 step 1); RFC 5321 wants them stripped.
        most_addresses: Mailboxes in the header fields of one message, with the messages inside it; a field above that travels as text.
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
    internet_label: str = "RFC-822"
    drop_numeric_prmd: bool = False
    inverted_units: bool = False
    source_routes: SourceRoutes = SourceRoutes.STRIP
    most_addresses: int = 5000
    max_conversions: int = 5

    def asking(self, *, envelope: bool) -> Asking:
        """What the mapping of one address asks: the knowledge of this run, else what is at hand.

        Args:
            envelope: The address is of the envelope and not of a header.
        """
        return (self.knowledge or Knowledge(tables=self.tables, users=self.users)).asking(envelope=envelope)

    def towards(self, policy: PeerPolicy) -> Settings:
        """These settings for what goes to one peer, or comes from it."""
        theirs = replace(
            self,
            universal_addresses=policy.universal_addresses and policy.x400_version != 84,
            # A label that they are sent comes back with their replies.
            internet_labels=policy.internet_labels | ({policy.internet_label.upper()} - {"RFC-822"}),
            repair_double_escapes=policy.repair_double_escapes,
            internet_label=policy.internet_label,
            drop_numeric_prmd=policy.drop_numeric_prmd,
        )
        return self if _dialect(theirs) == _dialect(self) else theirs

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


_dialect = attrgetter("universal_addresses", "internet_labels", "repair_double_escapes", "internet_label", "drop_numeric_prmd")
"""What is different from peer to peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What one conversion may use; the same context gives the same octets.

    Attributes:
        now: Time of conversion, aware; from the plan.
        plan_seed: Random text of the plan; identifiers and boundaries are derived from it.
        queue_id: Identifier of the transfer, for the Received field.
        known: Facts from the ledger, such as long Message-IDs by their truncated IPM identifier.
        arrived: When the gateway took the message, for times that count from there; None: now.
        language: Of texts for people that the gateway writes itself.
        delivery_options: The source is authorised to defer its message, to set a deadline or a return address, and to be urgent.
    """

    settings: Settings
    now: datetime
    plan_seed: str
    queue_id: str = ""
    policy: PeerPolicy = field(default_factory=PeerPolicy)
    known: Mapping[str, str] = field(default_factory=dict)
    arrived: datetime | None = None
    delivery_options: bool = True
    language: Language = Language.ENGLISH

    def token(self, purpose: str, length: int = 20) -> str:
        """Hexadecimal text of this plan, different for every purpose, at most 64 characters."""
        return hashlib.sha256(f"{self.plan_seed}/{self.queue_id}/{purpose}".encode()).hexdigest()[:length]
