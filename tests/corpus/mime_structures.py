"""MIME structures as mail programs build them, made by the standard library's `email` package and not by our own writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from hypothesis import strategies as st

_TEXT = "abc Z09 .,;:!?()[]{}<>@#$%&*+-=/\\'\"^~|_"
_WEST = "äöüßéèñçÄÖÜ£§"
_EAST = "Привет"
_GREEK = "αβγδ"
_JAPAN = "日本語"
_ANY = _TEXT + _WEST + _EAST + _GREEK + _JAPAN + "€✓😀"


@dataclass(frozen=True)
class Leaf:
    """A part that is no multipart, as its author meant it.

    Attributes:
        kind: Content type.
        content: Text with LF line ends, or octets.
        name: File name; empty for a body.
        charset: Of text.
    """

    kind: str
    content: str | bytes
    name: str = ""
    charset: str = ""


@dataclass(frozen=True)
class Structure:
    """A message: header texts and the tree.

    Attributes:
        subject: Any characters, no control characters.
        sender: Display name.
        message: The whole.
    """

    subject: str
    sender: str
    message: EmailMessage

    @property
    def octets(self) -> bytes:
        """As it stands on the wire."""
        return self.message.as_bytes()


def _lines(alphabet: str) -> st.SearchStrategy[str]:
    # No blanks at the end of a line: mail does not promise them (RFC 2045 6.7 rule 3).
    line = st.text(alphabet, max_size=60).map(str.rstrip)
    return st.lists(line, min_size=1, max_size=4).map(lambda lines: "\n".join(lines) + "\n")


_CHARSETS = {
    "us-ascii": _TEXT, "iso-8859-1": _TEXT + _WEST, "iso-8859-5": _TEXT + _EAST, "iso-8859-7": _TEXT + _GREEK,
    "iso-2022-jp": _TEXT.replace("\\", "").replace("~", "") + _JAPAN, "utf-8": _ANY,
}  # fmt: skip
_names = st.text("abcXYZ09 -_äöüЖ日€", min_size=1, max_size=20).map(str.strip).filter(bool).map(lambda name: f"{name}.bin")


@st.composite
def texts(draw: st.DrawFn, kind: str = "plain", named: bool = False) -> Leaf:
    """A text part in any of the usual character sets."""
    charset = draw(st.sampled_from(sorted(_CHARSETS)))
    return Leaf(f"text/{kind}", draw(_lines(_CHARSETS[charset])), draw(_names) if named else "", charset)


@st.composite
def files(draw: st.DrawFn) -> Leaf:
    """An attachment, with any octets and a file name in any script."""
    kind = draw(st.sampled_from(("application/octet-stream", "application/pdf", "image/png", "audio/basic", "application/x-unheard-of")))
    return Leaf(kind, draw(st.binary(max_size=200)), draw(_names))


_words = st.lists(st.text(_TEXT.replace(" ", "") + "äЖ日😀", min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join)


@st.composite
def structures(draw: st.DrawFn, depth: int = 2) -> Structure:
    """A message of one part, of alternatives, with attachments, or with messages inside messages."""
    message = EmailMessage(policy=policy.SMTP)
    subject, sender = draw(_words), draw(_words)
    message["From"], message["To"] = f'"{_quoted(sender)}" <a@example.org>', "Jane.Doe@widget.example"
    message["Subject"], message["Date"] = subject, "Mon, 23 Nov 2026 10:59:00 +0100"
    message["Message-ID"] = f"<{draw(st.integers(1, 10**9))}@example.org>"
    _put(message, draw(texts()))
    draw(st.sampled_from(_SHAPES))(draw, message, depth)
    return Structure(subject, sender, message)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _put(message: EmailMessage, leaf: Leaf) -> None:
    assert isinstance(leaf.content, str)
    message.set_content(leaf.content, subtype=leaf.kind.partition("/")[2], charset=leaf.charset, cte=_encoding(leaf))


def _encoding(leaf: Leaf) -> str:
    return "7bit" if leaf.charset in ("us-ascii", "iso-2022-jp") else "quoted-printable"


def _alternatives(draw: st.DrawFn, message: EmailMessage, depth: int) -> None:
    leaf = draw(texts("html"))
    assert isinstance(leaf.content, str)
    message.add_alternative(leaf.content, subtype="html", charset=leaf.charset, cte=_encoding(leaf))
    if draw(st.booleans()):
        image = draw(files())
        message.get_payload()[1].add_related(image.content, maintype="image", subtype="png", cid="<1@example.org>")


def _attachments(draw: st.DrawFn, message: EmailMessage, depth: int) -> None:
    if draw(st.booleans()):
        _alternatives(draw, message, depth)
    for leaf in draw(st.lists(files(), min_size=1, max_size=3)):
        main, _, sub = leaf.kind.partition("/")
        message.add_attachment(leaf.content, maintype=main, subtype=sub, filename=leaf.name)
    if draw(st.booleans()):
        leaf = draw(texts(named=True))
        message.add_attachment(leaf.content, charset=leaf.charset, filename=leaf.name, cte=_encoding(leaf))


def _forwarded(draw: st.DrawFn, message: EmailMessage, depth: int) -> None:
    if depth:
        message.add_attachment(draw(structures(depth - 1)).message)


def _alone(draw: st.DrawFn, message: EmailMessage, depth: int) -> None:
    pass


_SHAPES: tuple[Callable[[st.DrawFn, EmailMessage, int], None], ...] = (_alone, _alternatives, _attachments, _forwarded)
