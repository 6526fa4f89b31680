"""How associations with a P1 peer are made: who proves what to whom, TLS, modes, numbers and times."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.section import File, Secret, Section

MTAName = Annotated[str, Field(min_length=1, max_length=32)]
"""X.411 ub-mta-name-length."""

Authentication = Literal["none", "simple", "strong"]


def _fingerprint(text: str) -> str:
    plain = text.replace(":", "").lower()
    if plain and (len(plain) != 64 or not set(plain) <= set("0123456789abcdef")):
        raise ValueError("not the SHA-256 of a certificate: 64 hexadecimal digits are wanted")
    return plain


class CertificateSection(Section):
    """Which certificate a peer has: its subject or one of its DNS names, its fingerprint, or both."""

    subject: str = ""
    fingerprint: Annotated[str, AfterValidator(_fingerprint)] = ""

    @model_validator(mode="after")
    def _something(self) -> CertificateSection:
        if not self.subject and not self.fingerprint:
            raise ValueError("name subject, fingerprint or both")
        return self


class PeerTLSSection(Section):
    """TLS when we call a peer."""

    authorities: File | None = None
    certificate: File | None = None
    key: File | None = None
    expects: CertificateSection | None = None


class StrongSection(Section):
    """The strong bind: what we sign with, and whose tokens are believed."""

    certificate: File | None = None
    key: File | None = None
    authorities: File | None = None
    expects: CertificateSection | None = None


class ListenerTLSSection(Section):
    """A second port, for calls under TLS."""

    port: int = Field(ge=0, le=65535)
    certificate: File
    key: File
    authorities: File | None = None
    certificate_required: bool = False


class AssociationSection(Section):
    """The part of a peer's section that is about its associations."""

    authentication: Authentication = "simple"
    its_authentication: Authentication = "simple"
    answer_mta_name: MTAName | None = None
    answer_password: Secret | None = None
    calling_mta_name: MTAName | None = None
    calling_password: Secret | None = None
    name_match: Literal["exact", "caseless"] = "exact"
    check_answer: bool = True
    strong: StrongSection | None = None
    tls: PeerTLSSection | None = None
    certificate: CertificateSection | None = None
    mode: Literal["88-normal", "88-x410", "1984"] = "88-normal"
    application_context: str = "2.6.0.1.6"
    application_protocol: int | None = Field(default=None, ge=0, le=65535)
    session_version: Literal["any", "1", "2"] | None = None
    urgent_associations: int = Field(default=1, ge=0, le=8)
    threshold: int = Field(default=1, ge=1, le=1000)
    lifetime_seconds: float = Field(default=0, ge=0)
    connect_timeout_seconds: float = Field(default=30, gt=0)
    longest_retry_seconds: float = Field(default=3600, ge=0)
    recovery: bool = False
    trace: bool = False
