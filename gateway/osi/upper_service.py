"""The primitives between the layers above the session: X.216 (P-) and X.217 (A-).

Those that mean the same in both services as in the session's (activities, checkpoints, the giving of tokens) are not repeated: the S-
primitives pass through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.octets import Octets
from gateway.osi import service as s
from gateway.osi.acse_types import AssociateResult, UserDiagnostic
from gateway.osi.presentation_types import ProviderReason

# --- presentation service, X.216 ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PDV:
    """A presentation data value: one BER value and its context."""

    context: int
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PConnectRequest:
    """P-CONNECT request. ``contexts`` maps identifiers (odd, X.226 6.2.2.7) to abstract syntaxes; BER is offered for each."""

    calling: s.Selectors
    called: s.Selectors
    contexts: Mapping[int, str]
    values: tuple[PDV, ...]
    reference: s.ConnectionReference = s.ConnectionReference()
    versions: frozenset[int] = frozenset({1, 2})
    tokens: s.TokenSide = s.TokenSide.REQUESTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class PConnectIndication:
    """P-CONNECT indication; ``contexts`` are those that we accept."""

    calling: s.Selectors
    called: s.Selectors
    contexts: Mapping[int, str]
    values: tuple[PDV, ...]
    reference: s.ConnectionReference
    version: int
    requirements: int
    tokens: s.TokenSide


@dataclass(frozen=True, slots=True, kw_only=True)
class PConnectResponse:
    """P-CONNECT response, positive."""

    values: tuple[PDV, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PConnectReject:
    """P-CONNECT response, negative: of the user (``provider_reason`` None, the values tell why) or of the provider."""

    values: tuple[PDV, ...] = ()
    provider_reason: ProviderReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PConnectConfirm:
    """P-CONNECT confirm.

    Attributes:
        contexts: The accepted ones.
        session_reason: Reason of the RF SPDU when refused.
        provider_reason: Reason of the CPR PPDU, None when the user refused.
        refuse_reason: refuseReason of a CPR in the form of X.410-1984 mode.
        text: What could not be read of the answer.
    """

    accepted: bool
    contexts: Mapping[int, str] = field(default_factory=dict)
    values: tuple[PDV, ...] = ()
    responding: s.Selectors = s.Selectors()
    version: int = 2
    requirements: int = 0
    tokens: s.TokenSide = s.TokenSide.REQUESTOR
    session_reason: int | None = None
    provider_reason: int | None = None
    refuse_reason: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PDataRequest:
    """P-DATA request with one value, which may be of any size."""

    context: int
    value: Octets


@dataclass(frozen=True, slots=True, kw_only=True)
class PDataIndication:
    """P-DATA indication: a bounded slice of a value; ``end`` with its last one."""

    context: int
    data: bytes
    end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PTokenPleaseRequest:
    """P-TOKEN-PLEASE request for the data token."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PTokenPleaseIndication:
    """P-TOKEN-PLEASE indication."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PReleaseRequest:
    """P-RELEASE request."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PReleaseIndication:
    """P-RELEASE indication."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PReleaseResponse:
    """P-RELEASE response."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PReleaseConfirm:
    """P-RELEASE confirm."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PUAbortRequest:
    """P-U-ABORT request."""

    values: tuple[PDV, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PUAbortIndication:
    """P-U-ABORT indication; no values when there were none or none that can be read.

    ``x410_abort_reason`` comes from an RTAB in the form of X.410-1984 mode.
    """

    values: tuple[PDV, ...] = ()
    x410_abort_reason: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PPAbortIndication:
    """P-P-ABORT indication: a provider gave up; ``layer`` says which, ``ours`` whether it was ours."""

    layer: str
    text: str
    ours: bool = False


# --- association control service, X.217 -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AAssociateRequest:
    """A-ASSOCIATE request; ``user_information`` is one value of the context ``user_context``."""

    calling: s.Selectors
    called: s.Selectors
    contexts: Mapping[int, str]
    application_context: str
    user_context: int
    user_information: bytes
    reference: s.ConnectionReference = s.ConnectionReference()
    versions: frozenset[int] = frozenset({1, 2})
    tokens: s.TokenSide = s.TokenSide.REQUESTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class AAssociateIndication:
    """A-ASSOCIATE indication."""

    calling: s.Selectors
    called: s.Selectors
    contexts: Mapping[int, str]
    application_context: str
    user_information: bytes | None
    reference: s.ConnectionReference
    version: int
    requirements: int
    tokens: s.TokenSide


@dataclass(frozen=True, slots=True, kw_only=True)
class AAssociateResponse:
    """A-ASSOCIATE response; the application context is echoed."""

    result: AssociateResult = AssociateResult.ACCEPTED
    diagnostic: UserDiagnostic = UserDiagnostic.NULL
    user_context: int | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AAssociateConfirm:
    """A-ASSOCIATE confirm; when refused, whatever the layers below told of the reason comes with it.

    Attributes:
        result: Associate-result, None when no AARE came.
        diagnostic: acse-service-user diagnostic of the AARE.
        lower: The P-CONNECT confirm that brought it.
    """

    accepted: bool
    lower: PConnectConfirm
    application_context: str = ""
    result: int | None = None
    diagnostic: int | None = None
    user_information: bytes | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AReleaseRequest:
    """A-RELEASE request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AReleaseIndication:
    """A-RELEASE indication."""

    user_information: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AReleaseResponse:
    """A-RELEASE response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AReleaseConfirm:
    """A-RELEASE confirm."""

    user_information: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AAbortRequest:
    """A-ABORT request."""

    user_context: int | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AAbortIndication:
    """A-ABORT or A-P-ABORT indication.

    Attributes:
        layer: The layer that gave up.
        user_information: What ABRT carried, None when nothing.
        x410_abort_reason: abortReason of an RTAB in the form of X.410-1984 mode.
    """

    layer: str
    text: str = ""
    ours: bool = False
    user_information: bytes | None = None
    x410_abort_reason: int | None = None
