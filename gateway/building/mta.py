"""The X.400 side: peers and the P1 listener."""

from __future__ import annotations

from gateway.building.addresses import oraddress_at, prefix_at
from gateway.building.association import associated, listener_tls
from gateway.building.policy import policy_from
from gateway.config import Config, PeerSection, SelectorSection
from gateway.errors import ConfigurationError
from gateway.mta.listener import ListenerSettings
from gateway.mta.peers import Credentials, Expected, Grant, Peer, Peers, overlaps
from gateway.mta.routing import within
from gateway.osi.service import DialogueMode, Selectors, StackTimers


def peers_from(config: Config) -> Peers:
    """The P1 peers of the configuration.

    Raises:
        ConfigurationError: A name is used twice, two peers could not be told apart, a route is no O/R address, or a secret cannot be read.
    """
    names = [section.name for section in config.mta.peer]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"mta.peer: the name {name!r} is used twice")
    peers = tuple(associated(_peer(section, config), section, config) for section in config.mta.peer)
    if fault := overlaps(peers):
        raise ConfigurationError(f"mta.peer: {fault}")
    return Peers(peers)


def _peer(section: PeerSection, config: Config) -> Peer:
    where = f"mta.peer {section.name}"
    routes = tuple(prefix_at(text, f"{where}.routes") for text in section.routes)
    ours = oraddress_at(config.gateway.global_domain, "gateway.global_domain")
    return Peer(
        name=section.name,
        host=section.host,
        port=section.port,
        calling=_selectors(section.calling),
        called=_selectors(section.called),
        ours=Credentials(mta_name=section.our_mta_name or config.gateway.mta_name),
        theirs=Credentials(mta_name=section.mta_name),
        networks=section.networks,
        expects=Expected(calling=_selectors(section.expects.calling), called=_selectors(section.expects.called)),
        routes=routes,
        grant=Grant(
            to_internet=section.grant.to_internet,
            originators=tuple(prefix_at(text, f"{where}.grant.originators") for text in section.grant.originators),
            domains=section.grant.domains,
        ),
        policy=policy_from(section.policy, in_our_domain=any(within(route, (ours,)) for route in routes)),
        dialects=frozenset({"draft-extension-type"}) if section.policy.extensions == "draft" else frozenset(),
        checkpoint_size=section.checkpoint_size_kilobytes,
        window_size=section.window_size,
        tpdu_size=section.tpdu_size_octets,
        dialogue=DialogueMode.TWO_WAY_ALTERNATE if section.dialogue == "two-way-alternate" else DialogueMode.MONOLOGUE,
        either_dialogue=section.dialogue == "either",
        associations=section.associations,
        incoming=section.incoming,
        idle_timeout_seconds=section.idle_timeout_seconds,
        retry_seconds=section.retry_seconds,
    )


def _selectors(section: SelectorSection) -> Selectors:
    return Selectors(tsel=section.tsel, ssel=section.ssel, psel=section.psel)


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
        unbound=mta.unbound_connections, per_address=mta.connections_per_address, tpkts_per_second=mta.tpkts_per_second,
        wrong_bind_delay_seconds=mta.wrong_bind_delay_seconds, recovery_seconds=mta.recovery_seconds,
        tls=listener_tls(mta.tls), tls_port=mta.tls.port if mta.tls else 0,
    )  # fmt: skip
