"""What the configuration means: sections in, the objects and settings of the packages out. `app` puts them together."""

from __future__ import annotations

import hmac
import re
import secrets
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from gateway.config import Config, LDAPSection, PeerSection, PXSection, SelectorSection, SMTPClient, SMTPUser, TLSSection
from gateway.errors import ConfigurationError, GatewayError
from gateway.lookup.dns import DNSResolver
from gateway.lookup.ldap import LDAPSettings, LDAPSource, LDAPUsers
from gateway.lookup.px import PXResolver
from gateway.lookup.sources import Oracle, Sources
from gateway.lookup.users import UserDirectory
from gateway.lookup.users_compile import activate, compiled_from
from gateway.mixer.convert import map_smtp_recipient, map_x400_recipient
from gateway.mixer.mcgam import MappingTable, MappingTables, load
from gateway.mixer.policy import Carrier, Context, GlobalDomain, PeerPolicy, Settings
from gateway.mixer.questions import NO_USERS, Source
from gateway.mixer.stdor import from_text
from gateway.mixer.universal import universal_mailbox
from gateway.mta.listener import ListenerSettings
from gateway.mta.peers import Credentials, Expected, Grant, Peer, Peers
from gateway.mta.routing import X400Router, within
from gateway.osi.service import DialogueMode, Selectors, StackTimers
from gateway.permission import Directions, Granted
from gateway.smtp import listener as smtp_listener
from gateway.smtp.routing import Route, SmartHost, SMTPRouter, TLSMode
from gateway.smtp.sender import SenderSettings, SMTPSender
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store
from gateway.x400.oraddress import ORAddress

_NAMES_ADMD = re.compile(r"(?:^|[/;])\s*A(?:DMD)?\s*=", re.IGNORECASE)


USERS_FILE = "users.csv"
"""The users' file in the folder of the tables; taken when the configuration names none."""


def settings_from(config: Config, *, keep_users: bool = False) -> Settings:
    """The settings of the mapping, with the tables and the users read from their files.

    Args:
        config: The configuration.
        keep_users: Write the compiled users' directory to its place, for the running gateway.

    Raises:
        ConfigurationError: An address, a table or a user cannot be used; the text says where and why.
    """
    gateway = config.gateway
    domain = _oraddress(gateway.global_domain, "gateway.global_domain")
    if domain.country is None:
        raise ConfigurationError("gateway.global_domain: a country (C) is needed")
    users = users_from(config, keep=keep_users)
    return Settings(
        gateway_domain=gateway.domain,
        gateway_oraddress=_oraddress(gateway.oraddress, "gateway.oraddress"),
        global_domain=GlobalDomain(country=domain.country, admd=domain.admd or " ", prmd=domain.prmd),
        mta_name=gateway.mta_name,
        tables=tables_from(config.mixer.tables),
        users=users if users is not None else NO_USERS,
        users_version=users.version if users is not None else "",
        postmaster=gateway.postmaster,
    )


def peers_from(config: Config) -> Peers:
    """The P1 peers of the configuration.

    Raises:
        ConfigurationError: A name is used twice, a route is no O/R address, or a secret cannot be read.
    """
    names = [section.name for section in config.mta.peer]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"mta.peer: the name {name!r} is used twice")
    return Peers(tuple(_peer(section, config) for section in config.mta.peer))


def users_from(config: Config, *, keep: bool) -> UserDirectory | None:
    """The users' directory, compiled where its files have changed; None when there is none.

    Args:
        config: The configuration.
        keep: Write what is compiled to its place; else it is for this process alone, and nothing is written there.

    Raises:
        ConfigurationError: Lines that cannot be used, or a file that cannot be read or written.
    """
    files = user_files(config)
    if not files:
        return None
    section = config.lookup.directory
    if keep:
        return activate(files, section.compiled, fold_local=section.fold_local_parts)
    present = compiled_from(files, section.compiled, fold_local=section.fold_local_parts)
    if present is not None:
        return present
    with tempfile.TemporaryDirectory() as folder:
        return activate(files, Path(folder) / "users", fold_local=section.fold_local_parts)  # it stays mapped when the file has gone


def user_files(config: Config) -> tuple[Path, ...]:
    """The users' files that the configuration means; none where the directory is no source."""
    if Source.DIRECTORY.value not in config.lookup.sources:
        return ()
    if config.lookup.directory.files is not None:
        return config.lookup.directory.files
    beside = config.mixer.tables / USERS_FILE
    return (beside,) if beside.is_file() else ()


def stamps_from(config: Config) -> tuple[tuple[str, int, int], ...]:
    """How the files of tables and users look now: path, time of change in nanoseconds, size; one that is not there has -1."""
    tables = [path for table in MappingTable for path in table_files(config.mixer.tables, table)]
    return tuple(_stamp(path) for path in (*tables, *user_files(config)))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_mtime_ns, found.st_size


def sources_from(config: Config) -> Sources:
    """The sources of look-ups in their order.

    Raises:
        ConfigurationError: A URL or the password of the LDAP directory cannot be used.
    """
    lookup = config.lookup
    order = tuple(Source(name) for name in lookup.sources)
    oracles: dict[Source, Oracle] = {}
    if Source.PX in order:
        oracles[Source.PX] = _px(lookup.px)
    if Source.LDAP in order and lookup.ldap is not None:
        oracles[Source.LDAP] = LDAPSource(_ldap(lookup.ldap))
    return Sources(
        order, oracles, ldap_users=lookup.ldap is not None and lookup.ldap.users is not None, most_questions=lookup.most_questions,
        seconds=lookup.timeout_seconds,
    )  # fmt: skip


def _px(section: PXSection) -> PXResolver:
    return PXResolver(
        nameservers=[str(address) for address in section.nameservers], port=section.port, lifetime_seconds=section.timeout_seconds,
        trees=section.trees, authenticated_only=section.authenticated_only,
    )  # fmt: skip


def _ldap(section: LDAPSection) -> LDAPSettings:
    password = section.bind_password.read("lookup.ldap.bind_password").decode() if section.bind_password is not None else ""
    return LDAPSettings(
        urls=section.urls, bind_name=section.bind_name, bind_password=password, start_tls=section.start_tls, ca_file=section.ca_file,
        collections=section.collections, users=LDAPUsers(**section.users.model_dump()) if section.users is not None else None,
        timeout_seconds=section.timeout_seconds, cache_seconds=section.cache_seconds, connections=section.connections,
    )  # fmt: skip


def directions_from(settings: Settings, router: X400Router, peers: Iterable[Peer] = ()) -> Directions:
    """What addresses finally mean under these settings and routes; ``peers`` are asked whether they take universal attributes."""
    takes_universal = {peer.name for peer in peers if settings.towards(peer.policy).universal_addresses}
    settings = replace(settings, universal_addresses=bool(takes_universal))
    context = Context(settings=settings, now=datetime.now(UTC), plan_seed="")
    base = settings.gateway_oraddress

    def is_gateway(address: ORAddress) -> bool:
        labels = {"RFC-822", *settings.internet_labels}
        wraps = any(type_.upper() in labels for type_, _ in address.domain_defined) or universal_mailbox(address) is not None
        return wraps and within(address, (base,))

    return Directions(
        route=router.route,
        to_oraddress=lambda mailbox: map_smtp_recipient(mailbox.address, context).result,
        to_mailbox=lambda address: map_x400_recipient(address, context).result,
        is_gateway=is_gateway,
        is_gateway_domain=lambda domain: domain.lower() == settings.gateway_domain.lower(),
        takes_universal=lambda peer: peer in takes_universal,
    )


def granted_to_peer(peer: Peer | None) -> Granted:
    """What a P1 peer may do; nothing for one that is no longer configured."""
    if peer is None:
        return Granted()
    grant = peer.grant
    domains = tuple(domain.lower() for domain in grant.domains)
    return Granted(
        to_internet=grant.to_internet,
        originator=(lambda address: within(address, grant.originators)) if grant.originators else None,
        domain=(lambda name: any(name.lower() == each or name.lower().endswith("." + each) for each in domains)) if domains else None,
    )


def _peer(section: PeerSection, config: Config) -> Peer:
    where = f"mta.peer {section.name}"
    return Peer(
        name=section.name,
        host=section.host,
        port=section.port,
        calling=_selectors(section.calling),
        called=_selectors(section.called),
        ours=Credentials(
            mta_name=section.our_mta_name or config.gateway.mta_name,
            password=section.our_password.read(f"{where}.our_password") if section.our_password else None,
            octet_string=section.octet_string_password,
        ),
        theirs=Credentials(
            mta_name=section.mta_name, password=section.password.read(f"{where}.password") if section.password else None
        ),
        networks=section.networks,
        expects=Expected(calling=_selectors(section.expects.calling), called=_selectors(section.expects.called)),
        routes=tuple(_prefix(text, f"{where}.routes") for text in section.routes),
        grant=Grant(
            to_internet=section.grant.to_internet,
            originators=tuple(_prefix(text, f"{where}.grant.originators") for text in section.grant.originators),
            domains=section.grant.domains,
        ),
        policy=PeerPolicy(
            x400_version=section.policy.x400_version, carrier=Carrier(section.policy.attachments),
            universal_addresses=section.policy.universal_addresses,
            internet_labels=frozenset(label.upper() for label in section.policy.internet_labels),
            repair_double_escapes=section.policy.repair_double_escapes,
        ),
        dialects=frozenset({"draft-extension-type"}) if section.policy.extensions == "draft" else frozenset(),
        checkpoint_size=section.checkpoint_size_kilobytes,
        window_size=section.window_size,
        tpdu_size=section.tpdu_size_octets,
        dialogue=DialogueMode.MONOLOGUE if section.dialogue == "monologue" else DialogueMode.TWO_WAY_ALTERNATE,
        associations=section.associations,
        incoming=section.incoming,
        idle_timeout_seconds=section.idle_timeout_seconds,
        retry_seconds=section.retry_seconds,
    )


def _selectors(section: SelectorSection) -> Selectors:
    return Selectors(tsel=section.tsel, ssel=section.ssel, psel=section.psel)


def _oraddress(text: str, where: str) -> ORAddress:
    try:
        return from_text(text)
    except GatewayError as error:
        raise ConfigurationError(f"{where}: {text!r}: {error}") from error


def _prefix(text: str, where: str) -> ORAddress:
    """A part of the O/R tree: an ADMD that is not named may be any, where an address would get one of one space (4.1.3)."""
    address = _oraddress(text, where)
    return address if _NAMES_ADMD.search(text) else replace(address, admd=None)


def tables_from(folder: Path) -> MappingTables:
    """The tables of a folder: for each one a file of its name, then the files of the folder ``NAME.d``, in order of their names."""
    if not folder.is_dir():
        raise ConfigurationError(f"mixer.tables: {folder} is no folder")
    files: dict[str, list[tuple[str, str]]] = {}
    for table in MappingTable:
        files[table.value] = [(str(path), _text_of(path)) for path in table_files(folder, table)]
    return load(files)


def table_files(folder: Path, table: MappingTable) -> tuple[Path, ...]:
    """The files of one table in their order. What editors leave behind in ``NAME.d`` (hidden files, ``*~``) is no table."""
    more = sorted((folder / f"{table.value}.d").glob("*"))
    paths = [folder / table.value, *(path for path in more if not path.name.startswith(".") and not path.name.endswith("~"))]
    return tuple(path for path in paths if path.is_file())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


async def open_store(config: Config) -> Store:
    """Open the queue of the configuration; created where there is none."""
    url = config.spool.url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return await Store.open(
        url, ids=queue_ids(), synchronous=config.spool.synchronous, low_water_octets=config.spool.low_water_octets
    )


def queue_ids() -> Callable[[], str]:
    """A source of queue identifiers: time and chance, in the 32 letters of Crockford's alphabet, sorted by time."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def new() -> str:
        number = (time.time_ns() // 1_000_000) << 40 | secrets.randbits(40)
        return "".join(alphabet[number >> shift & 31] for shift in range(80, -1, -5))

    return new


def retry_policy(config: Config) -> RetryPolicy:
    """The pace of attempts by priority."""
    relay = config.relay
    pace = Pace(
        first=timedelta(seconds=relay.first_retry_seconds),
        longest=timedelta(seconds=relay.longest_retry_seconds),
        warn_after=timedelta(hours=relay.warn_after_hours),
        expire_after=timedelta(hours=relay.expire_after_hours),
    )
    urgent = Pace(first=pace.first / 2, longest=pace.longest / 4, warn_after=pace.warn_after / 4, expire_after=pace.expire_after / 5)
    return RetryPolicy(urgent=urgent, normal=pace, non_urgent=pace)


def hard_limit(config: Config) -> int:
    """Octets of an APDU beyond which a transfer is broken off. Between the largest that is delivered and this it is read to its end.

    DESIGN section 7: a message above our own limit is acknowledged and reported (1/7), since a refusal would make the peer try for days.
    """
    return config.mta.largest_octets * 4


def stack_timers(config: Config) -> StackTimers:
    """How long a P1 peer may take in each state."""
    return StackTimers(bind_input=config.mta.bind_timeout_seconds, progress=config.mta.progress_timeout_seconds, release=10)


def p1_listener_settings(config: Config) -> ListenerSettings:
    """How the P1 listener behaves."""
    mta = config.mta
    return ListenerSettings(
        host=mta.host, port=mta.port, tsels=mta.tsels, ssels=mta.ssels, psels=mta.psels, connections=mta.connections,
        largest_octets=hard_limit(config), timers=stack_timers(config), idle_timeout_seconds=mta.idle_timeout_seconds,
        unbound=mta.unbound_connections,
    )  # fmt: skip


def smtp_listener_settings(config: Config) -> smtp_listener.ListenerSettings:
    """How the SMTP listener behaves.

    Raises:
        ConfigurationError: A certificate or a password cannot be read.
    """
    smtp = config.smtp
    return smtp_listener.ListenerSettings(
        hostname=smtp.hostname or config.gateway.domain, host=smtp.host, port=smtp.port, size_limit=smtp.largest_octets,
        recipients_limit=smtp.recipients, connections=smtp.connections, timeout_seconds=smtp.command_timeout_seconds,
        refuse_stray_line_ends=not smtp.accept_bare_line_feeds, tls=_server_tls(smtp.tls), authenticate=_authenticator(smtp.users),
        auth_requires_tls=smtp.tls is not None, client_class=_client_class(smtp.client),
    )  # fmt: skip


def _server_tls(section: TLSSection | None) -> ssl.SSLContext | None:
    if section is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(section.certificate, section.key)
    except OSError as error:
        raise ConfigurationError(f"smtp.tls: {section.certificate}, {section.key}: {error}") from error
    return context


def _authenticator(users: tuple[SMTPUser, ...]) -> Callable[[str, str], bool] | None:
    if not users:
        return None
    passwords = {user.name: user.password.read(f"smtp.users {user.name}.password") for user in users}

    def right(name: str, password: str) -> bool:
        expected = passwords.get(name)
        return hmac.compare_digest(expected or b"", password.encode()) and expected is not None

    return right


def _client_class(classes: tuple[SMTPClient, ...]) -> Callable[[str, str], str]:
    """The first class that fits a client's address and authenticated user; empty when none does."""

    def fits(section: SMTPClient, address: str, user: str) -> bool:
        if section.users and user not in section.users:
            return False
        return not section.networks or any(ip_address(address) in network for network in section.networks)

    return lambda address, user: next((section.name for section in classes if fits(section, address, user)), "")


def smtp_sender_from(config: Config) -> SMTPSender:
    """The SMTP sender: to the smart host, or by MX.

    Raises:
        ConfigurationError: The smart host's password cannot be read.
    """
    section = config.smtp.smart_host
    host = None
    if section is not None:
        password = section.password.read("smtp.smart_host.password").decode() if section.password is not None else ""
        host = SmartHost(
            host=section.host, port=section.port, tls=TLSMode(section.tls), user=section.user or "", password=password
        )  # fmt: skip
    hostname = config.smtp.hostname or config.gateway.domain
    router = SMTPRouter((Route(smart_host=host),), DNSResolver(), own_names=(hostname,))
    return SMTPSender(SenderSettings(hostname=hostname), router)
