"""The configuration: one TOML file, validated whole; every error names file, key and what was expected.

Sections are named as the packages; units stand in the key (``idle_timeout_seconds``); unknown keys are errors; secrets
come from files or from the environment, never from the file itself.
"""

from gateway.config.loading import Config, load
from gateway.config.lookup import LDAPSection, LDAPUsersSection, LookupSection, PXSection
from gateway.config.mta import MTASection, PeerSection, SelectorSection
from gateway.config.policy import BodySection, PolicySection
from gateway.config.profiles import profile, profile_names
from gateway.config.reports import ReportsSection
from gateway.config.section import Secret, Section, TLSSection
from gateway.config.smtp import SmartHost, SMTPClient, SMTPSection, SMTPUser

__all__ = [
    "BodySection",
    "Config",
    "LDAPSection",
    "LDAPUsersSection",
    "LookupSection",
    "MTASection",
    "PXSection",
    "PeerSection",
    "PolicySection",
    "ReportsSection",
    "SMTPClient",
    "SMTPSection",
    "SMTPUser",
    "Secret",
    "Section",
    "SelectorSection",
    "SmartHost",
    "TLSSection",
    "load",
    "profile",
    "profile_names",
]
