"""Every type of X.226, X.227 and X.228 is declared as its published module says, or stands here with the reason why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway import asn1
from gateway.osi import acse_types as a
from gateway.osi import presentation_types as p
from gateway.osi import service as s
from gateway.osi.rtse import apdu as r
from tests.shared import require_shared
from tests.x400.modules import compare_module, read_module

MANAGEMENT = "context management and restoration functional units: no X.400 peer negotiates them"
TYPED = "typed data functional unit: RTSE does not use it"
ASO = "higher level associations and context negotiation (X.227 bis): not in the kernel; such a member is kept as unknown"
AUTHENTICATION = "authentication functional unit: P1 authenticates in its bind; the value is kept as it came"
TITLES = "titles of application entities: kept as they came, P1 does not look at them"
CONNECTIONLESS = "connectionless transfer inside ASOs: RTSE does not use it"
X410 = "COMPONENTS OF a type of another module: the declaration uses that type itself, held by a test below"
CAMEL = "the module writes these names in camel case; the numbers are held by a test below"

X228 = "itu-t_x_x228_1988_Reliable-Transfer-APDU.asn1"

PRESENTATION = {
    "CP-type": p.CPType,
    "CPA-PPDU": p.CPAPPDU,
    "CPR-PPDU": p.CPRPPDU,
    "Abort-type": p.AbortType,
    "ARU-PPDU": p.ARUPPDU,
    "ARP-PPDU": p.ARPPPDU,
    "Abort-reason": p.PPDUAbortReason,
    "Context-list": p.CONTEXT_LIST,
    "Result-list": p.RESULT_LIST,
    "Presentation-context-identifier-list": p.CONTEXT_IDENTIFIER_LIST,
    "Default-context-name": p.DefaultContextName,
    "Event-identifier": p.EventIdentifier,
    "Mode-selector": p.ModeSelector,
    "Presentation-requirements": p.Requirement,
    "Protocol-options": p.ProtocolOption,
    "Protocol-version": p.Version,
    "Provider-reason": p.ProviderReason,
    "Result": p.Result,
    "User-data": p.UserData,
    "PDV-list": p.PDVList,
    "User-session-requirements": p.SessionRequirement,
}
ACSE = {
    "ACSE-apdu": a.ACSEapdu,
    "AARQ-apdu": a.AARQapdu,
    "AARE-apdu": a.AAREapdu,
    "RLRQ-apdu": a.RLRQapdu,
    "RLRE-apdu": a.RLREapdu,
    "ABRT-apdu": a.ABRTapdu,
    "ABRT-diagnostic": a.ABRTDiagnostic,
    "ABRT-source": a.ABRTSource,
    "ACSE-requirements": a.Requirement,
    "Associate-result": a.AssociateResult,
    "Associate-source-diagnostic": a.AssociateSourceDiagnostic,
    "Release-request-reason": a.ReleaseRequestReason,
    "Release-response-reason": a.ReleaseResponseReason,
}
RTSE = {
    "RTSE-apdus": r.RTSEapdus,
    "RTORQapdu": r.RTORQapdu,
    "RTOACapdu": r.RTOACapdu,
    "RTORJapdu": r.RTORJapdu,
    "RTABapdu": r.RTABapdu,
    "ConnectionData": r.ConnectionData,
    "SessionConnectionIdentifier": r.SessionConnectionIdentifier,
    "RefuseReason": r.RefuseReason,
    "CallingSSuserReference": r.CallingSSuserReference,
    "AbortReason": s.AbortReason,
}


X226_EXCEPTIONS = {
    **dict.fromkeys(("CP-type.x410-mode-parameters", "CPA-PPDU.x410-mode-parameters", "CPR-PPDU.x400-mode-parameters"), X410),
    **dict.fromkeys(("ARU-PPDU.x400-mode-parameters", "RTORQapdu", "RTOACapdu", "RTORJapdu", "RTABapdu"), X410),
    **dict.fromkeys(("AC-PPDU", "ACA-PPDU", "RS-PPDU", "RSA-PPDU", "Presentation-context-deletion-result-list"), MANAGEMENT),
    "Typed-data-type": TYPED,
}
_ASO_MEMBERS = {
    "ACSE-apdu": ("adt", "acrq", "acrp"),
    "AARQ-apdu": ("p-context-definition-list", "called-asoi-tag", "calling-asoi-tag"),
    "AARE-apdu": ("p-context-result-list", "called-asoi-tag", "calling-asoi-tag"),
    "RLRQ-apdu": ("aso-qualifier", "asoi-identifier"),
    "RLRE-apdu": ("aso-qualifier", "asoi-identifier"),
    "ABRT-apdu": ("aso-qualifier", "asoi-identifier"),
}
X227_EXCEPTIONS = {
    **{f"{apdu}.{member}": ASO for apdu, members in _ASO_MEMBERS.items() for member in members},
    **dict.fromkeys(("A-DT-apdu", "User-Data", "PDV-list"), CONNECTIONLESS),
    **dict.fromkeys(("ACRQ-apdu", "ACRP-apdu", "ASOI-tag", "P-context-result-list", "Result"), ASO),
    **dict.fromkeys(("Syntactic-context-list", "Context-list", "Default-Context-List"), ASO),
    **dict.fromkeys(("AP-title", "ASO-qualifier", "AE-title"), TITLES),
    "Authentication-value": AUTHENTICATION,
}
X228_EXCEPTIONS = {
    **dict.fromkeys(("RefuseReason", "AbortReason", "RTORQapdu.dialogueMode.twa"), CAMEL),
    "RTORQapdu.dialogueMode.two-way-alternate": CAMEL,
}


def module(name: str) -> Path:
    return require_shared() / "specs/asn1" / name


def test_x226():
    path = module("itu-t_x_x226_1994-Amd1-Amd2_ISO8823-PRESENTATION.asn1")
    assert compare_module(path, PRESENTATION, X226_EXCEPTIONS) == []


def test_x227():
    assert compare_module(module("itu-t_x_x227bis_1998_ACSE-1.asn1"), ACSE, X227_EXCEPTIONS) == []


def test_x228():
    assert compare_module(module(X228), RTSE, X228_EXCEPTIONS) == []


@pytest.mark.parametrize(("name", "numbers"), [("RefuseReason", r.RefuseReason), ("AbortReason", s.AbortReason)])
def test_numbers_of_x228_whose_names_the_module_writes_in_camel_case(name, numbers):
    camel = read_module(module(X228)).types[name].numbers
    expected = {re.sub(r"(?=[A-Z])", "_", word).upper(): int(number) for word, number in camel.items()}
    assert {member.name: int(member) for member in numbers} == expected


def test_dialogue_modes():
    (component,) = [each for each in read_module(module(X228)).types["RTORQapdu"].components if each.name == "dialogueMode"]
    assert component.type.numbers == {"monologue": str(int(s.DialogueMode.MONOLOGUE)), "twa": str(int(s.DialogueMode.TWO_WAY_ALTERNATE))}


@pytest.mark.parametrize(
    ("ppdu", "member", "apdu"),
    [
        (p.CPType, "x410_mode_parameters", r.RTORQapdu),
        (p.CPAPPDU, "x410_mode_parameters", r.RTOACapdu),
        (p.CPRPPDU, "x400_mode_parameters", r.RTORJapdu),
        (p.ARUPPDU, "x400_mode_parameters", r.RTABapdu),
    ],
)
def test_the_ppdus_of_x410_mode_have_the_components_of_the_rtse_apdus(ppdu, member, apdu):
    (found,) = [each for each in asn1.describe(ppdu).members if each.attribute == member]
    assert found.element is apdu
