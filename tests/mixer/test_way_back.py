"""An address of a heading comes back from the other side as it was, or a Note says as what (RFC 2156 4.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.internet.fields import Mailbox
from gateway.mixer import mcgam
from gateway.mixer.descriptors import Scope, descriptors_from_text, text_from_descriptor
from gateway.mixer.policy import Context
from gateway.mixer.questions import Knowledge, Source
from gateway.mixer.stdor import from_text
from gateway.x400.ipms_fields import ORDescriptor
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress

TABLES = mcgam.load(
    {
        "domain-to-oraddress": [
            ("there", "w.example#PRMD$W.ADMD$T.C$XX#\nold.example#PRMD$W.ADMD$T.C$XX#\nlost.example#PRMD$LOST.ADMD$T.C$XX#\n"),
        ],
        "oraddress-to-domain": [
            ("back", "PRMD$W.ADMD$T.C$XX#w.example#\nPRMD$OLD.ADMD$T.C$XX#w.example#\nPRMD$GONE.ADMD$T.C$XX#gone.example#\n"),
        ],
    }
)


@pytest.fixture
def here(context: Context) -> Context:
    return replace(context, settings=replace(context.settings, tables=TABLES))


def to_x400(text: str, context: Context) -> tuple[tuple[ORDescriptor, ...], list[str]]:
    scope = Scope(context=context)
    made = descriptors_from_text(text, scope)
    return made, [note.text for note in scope.notes.taken() if note.rule == "address"]


def to_internet(address: ORAddress, context: Context) -> tuple[str, list[str]]:
    scope = Scope(context=context)
    text = text_from_descriptor(ORDescriptor(formal_name=orname_from_oraddress(address)), scope)
    return text, [note.text for note in scope.notes.taken() if note.rule == "address"]


@pytest.mark.parametrize(
    ("mailbox", "note"),
    [
        ("joe@w.example", None),
        ("joe@W.Example", None),
        ("joe@nowhere.example", None),
        ('"joe doe"@nowhere.example', None),
        ("/S=joe/PRMD=X/ADMD=Y/C=ZZ/@gw.example", None),
        ("joe@old.example", "joe@old.example comes back as joe@w.example"),
        ("joe@lost.example", "joe@lost.example comes back as a wrapped address, since no rule leads back"),
        ('"a..b"@w.example', '"a..b"@w.example comes back as /I=a/S=.b/@w.example'),
        ("/S=Doe/PRMD=W/ADMD=T/C=XX/@elsewhere.example", "/S=Doe/PRMD=W/ADMD=T/C=XX/@elsewhere.example comes back as Doe@w.example"),
    ],
)
def test_a_mailbox_that_comes_back_as_another_is_noted(here: Context, mailbox: str, note: str | None) -> None:
    assert to_x400(mailbox, here)[1] == ([note] if note else [])


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("/S=joe/PRMD=W/ADMD=T/C=XX/", None),
        ("/S=JOE/PRMD=w/ADMD=t/C=xx/", None),
        ("/S=joe/PRMD=X/ADMD=Y/C=ZZ/", None),
        ("/RFC-822=joe(a)nowhere.example/PRMD=X/ADMD=Y/C=ZZ/", None),
        ("/S=joe/PRMD=OLD/ADMD=T/C=XX/", "/S=joe/PRMD=OLD/ADMD=T/C=XX/ comes back as /S=joe/PRMD=W/ADMD=T/C=XX/"),
        (
            "/S=joe/PRMD=GONE/ADMD=T/C=XX/",
            "/S=joe/PRMD=GONE/ADMD=T/C=XX/ comes back as a wrapped address, since no rule leads back",
        ),
    ],
)
def test_an_oraddress_that_comes_back_as_another_is_noted(here: Context, address: str, note: str | None) -> None:
    assert to_internet(from_text(address), here)[1] == ([note] if note else [])


def test_nobody_is_asked_for_the_sake_of_a_note(here: Context) -> None:
    """A name server that is slow would hold the message up."""
    knowledge = Knowledge(tables=TABLES, rules_from=(Source.TABLES, Source.PX))
    asking = replace(here, settings=replace(here.settings, knowledge=knowledge))
    assert to_x400("joe@lost.example", asking)[1] == []
    assert knowledge.open == ()
    local = replace(here, settings=replace(here.settings, knowledge=Knowledge(tables=TABLES)))
    assert len(to_x400("joe@lost.example", local)[1]) == 1


def test_a_long_list_is_noted_in_part(here: Context) -> None:
    _, notes = to_x400(", ".join(f"u{number}@old.example" for number in range(100)), here)
    assert len(notes) == 21 and notes[-1] == "more addresses do not come back as they are"


# --- generated -----------------------------------------------------------------------------------------------------------------------

_WORD = st.text("abAB019/=;$()'. _&", min_size=1, max_size=12)
_STD_OR = st.builds("/S={}/PRMD={}/ADMD=T/C=XX/".format, st.text("abAB", min_size=1, max_size=5), st.sampled_from(["W", "OLD", "X"]))
_MAILBOX = st.builds(
    Mailbox, local=_WORD | _STD_OR,
    domain=st.sampled_from(["w.example", "a.w.example", "old.example", "lost.example", "gone.example", "gw.example", "n.example"]),
)  # fmt: skip
_PLAIN = st.text("abAB019 ()'+,-.:?", min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
_ADDRESS = st.builds(
    ORAddress, country=st.just("XX"), admd=st.just("T"), prmd=st.sampled_from(["W", "OLD", "GONE", "X"]), surname=_PLAIN,
    given_name=st.none() | _PLAIN, organization=st.none() | _PLAIN, organizational_units=st.lists(_PLAIN, max_size=2).map(tuple),
)  # fmt: skip


def test_whatever_mailbox_comes_back_is_the_same_or_noted(here: Context) -> None:
    @given(_MAILBOX)
    @limits(max_examples=200, deadline=None, database=None)
    def holds(mailbox: Mailbox) -> None:
        (made, *_), notes = to_x400(mailbox.address, here)
        if made.formal_name is None:
            return
        text = text_from_descriptor(made, Scope(context=here))
        assert Mailbox.from_text(text) == mailbox or notes, text

    holds()


def test_whatever_oraddress_comes_back_is_the_same_or_noted(here: Context) -> None:
    @given(_ADDRESS)
    @limits(max_examples=200, deadline=None, database=None)
    def holds(address: ORAddress) -> None:
        text, notes = to_internet(address, here)
        (made, *_), _ = to_x400(text, here)
        same = made.formal_name is not None and oraddress_from_orname(made.formal_name).key() == address.key()
        assert same or notes, text

    holds()
