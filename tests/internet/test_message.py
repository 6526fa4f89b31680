"""Messages and MIME: octets preserved, nothing raises, big bodies stay lazy."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.message import Entity, Field, Limits, entity, message, parse, serialise
from gateway.internet.mime import ContentType, parse_content_type, parse_disposition
from gateway.internet.multipart import delimiters
from gateway.internet.transfer_encodings import base64_body, decoded, quoted_printable_body
from gateway.octets import FilterOctets, MemoryOctets, Octets

NESTED = (
    b"From: Nathaniel Borenstein <nsb@bellcore.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-type: multipart/mixed; boundary="simple boundary"\r\n\r\n'
    b"This is the preamble.\r\n\r\n--simple boundary\r\n\r\n"
    b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."
    b"\r\n--simple boundary   \r\nContent-type: text/plain; charset=us-ascii\r\n\r\n"
    b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n"
    b"\r\n--simple boundary--\r\n\r\nThis is the epilogue.\r\n"
)


class OnlyForward(Octets):
    """Generated octets that count how often they are read through; never in memory whole."""

    def __init__(self, run: object, length: int) -> None:
        self._inner = FilterOctets(run, length)  # type: ignore[arg-type]
        self.largest = 0

    def __len__(self) -> int:
        return len(self._inner)

    def read(self, start: int, end: int) -> bytes:
        self.largest = max(self.largest, end - start)
        return self._inner.read(start, end)


def test_example_of_rfc_2046_5_1_1() -> None:
    parsed = parse(NESTED)
    assert [part.body.to_bytes() for part in parsed.parts] == [
        b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
        b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n",
    ]
    assert parsed.defects == () and serialise(parsed).to_bytes() == NESTED
    assert parsed.layout and parsed.body.slice(*parsed.layout.preamble).to_bytes() == b"This is the preamble.\r\n"


@pytest.mark.parametrize("size", [1, 2, 7, 60, 1000])
def test_delimiters_are_found_whatever_the_chunks(size: int) -> None:
    body = parse(NESTED).body.to_bytes()
    whole = list(delimiters([body], b"simple boundary"))
    assert list(delimiters((body[at : at + size] for at in range(0, len(body), size)), b"simple boundary")) == whole
    assert [one.closing for one in whole] == [False, False, True]


def test_bare_line_feeds_give_the_same_parts() -> None:
    parts = parse(NESTED.replace(b"\r\n", b"\n")).parts
    assert [part.body.to_bytes().replace(b"\n", b"\r\n") for part in parts] == [part.body.to_bytes() for part in parse(NESTED).parts]


def test_a_boundary_that_begins_another_one_is_no_delimiter() -> None:
    inner = b'Content-Type: multipart/alternative; boundary="aa"\n\n--aa\n\none\n--aa\n\ntwo\n--aa--\n'
    parsed = parse(b'Content-Type: multipart/mixed; boundary="a"\n\n--a\n' + inner + b"--a--\n")
    assert len(parsed.parts) == 1 and [part.body.to_bytes() for part in parsed.parts[0].parts] == [b"one", b"two"]


def test_parts_agree_with_the_email_package() -> None:
    made = EmailMessage()
    made["Subject"] = "x"
    made.set_content("plain é\n")
    made.add_alternative("<p>html</p>\n", subtype="html")
    made.add_attachment(bytes(range(256)) * 9, maintype="application", subtype="octet-stream", filename="Grüße und mehr.bin")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("in\n")
    made.add_attachment(inner)
    parsed = parse(made.as_bytes(policy=email.policy.SMTP))
    other = [part for part in made.walk() if part is made or part.get_content_maintype() != "message"]
    text, html = parsed.parts[0].parts
    assert "".join(text.text()) == "plain é\r\n" and "".join(html.text()) == "<p>html</p>\r\n"
    assert parsed.parts[1].content().to_bytes() == bytes(range(256)) * 9
    assert parsed.parts[1].filename == "Grüße und mehr.bin"
    assert parsed.parts[2].message is not None and parsed.parts[2].message.header.value("subject") == "inner"
    assert len(list(parsed.walk())) == len(other) - 1 or parsed.defects == ()


def test_what_we_build_is_read_the_same_by_the_email_package() -> None:
    blob = bytes(range(256)) * 300
    octet_stream = ContentType(type="application", subtype="octet-stream", parameters={"name": 'naïve "x".bin'}).to_text()
    made = message(
        [("Subject", "Grüße"), ("MIME-Version", "1.0")],
        [
            entity([("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")],
                   quoted_printable_body(MemoryOctets("é = x \r\nzwei\r\n".encode()))),
            entity([("Content-Type", octet_stream), ("Content-Transfer-Encoding", "base64")], base64_body(MemoryOctets(blob))),
        ],
    )  # fmt: skip
    read = email.message_from_bytes(serialise(made).to_bytes(), policy=email.policy.default)
    first, second = list(read.iter_parts())  # type: ignore[attr-defined]
    assert read["Subject"] == "Grüße" and first.get_content() == "é = x \r\nzwei\r\n"
    assert second.get_content() == blob and second.get_filename() == 'naïve "x".bin'
    assert [part.content().to_bytes() for part in parse(serialise(made)).parts] == ["é = x \r\nzwei\r\n".encode(), blob]


def test_header_is_kept_in_order_and_found_without_case() -> None:
    parsed = parse(b"Received: one\nX-A: 1\nreceived : two\n folded\n\nbody")
    assert [field.name for field in parsed.header] == ["Received", "X-A", "received"]
    assert [field.value for field in parsed.header.all("RECEIVED")] == ["one", "two folded"]
    assert [field.name for field in parsed.header.without("received")] == ["X-A"]
    assert parsed.body.to_bytes() == b"body"


@pytest.mark.parametrize(
    ("octets", "names", "body"),
    [
        (b"", [], b""),
        (b"\r\n", [], b""),
        (b"\r\nbody", [], b"body"),
        (b"A: 1", ["A"], b""),
        (b"A: 1\r\nno field here\r\nB: 2\r\n\r\n", ["A"], b"no field here\r\nB: 2\r\n\r\n"),
        (b"From ann Thu Jan  1 00:00:00 1970\nA: 1\n\nx", ["A"], b"x"),
        (b" leading\nA: 1\n\nx", [], b" leading\nA: 1\n\nx"),
        (b":x\n\nb", [], b":x\n\nb"),
    ],
)
def test_garbage_in_the_header_begins_the_body(octets: bytes, names: list[str], body: bytes) -> None:
    parsed = parse(octets)
    assert [field.name for field in parsed.header] == names and parsed.body.to_bytes() == body


@given(st.one_of(st.binary(max_size=300), st.text('-ab:;=\r\n "Cc/mM', max_size=300).map(str.encode)))
@settings(max_examples=200)
def test_no_octets_make_the_parser_raise(octets: bytes) -> None:
    for content in (octets, b"Content-Type: multipart/x; boundary=a\n" + octets, b"Content-Type: message/rfc822\n" + octets):
        parsed = parse(content)
        assert isinstance(parsed.defects, tuple)
        for part in parsed.walk():
            "".join(part.text())
            part.filename  # noqa: B018


def test_limits_hold_and_nothing_is_lost() -> None:
    body = b"".join(b"--b\n\nx%d\n" % number for number in range(50))
    parsed = parse(b"Content-Type: multipart/mixed; boundary=b\n\n" + body, Limits(parts=10))
    assert len(parsed.parts) == 10 and parsed.parts[-1].body.to_bytes().endswith(b"x49\n")
    assert any("more than 10" in defect for defect in parsed.defects)
    deep = parse(b"Content-Type: message/rfc822\n\n" * 80)
    assert "messages nested too deep" in deep.defects
    long = parse(b"A: 1\n" + b"B: " + b"x" * 2000 + b"\nC: 3\n\nbody", Limits(header=1000))
    assert [field.name for field in long.header] == ["A"] and long.body.to_bytes() == b"body" and long.defects


def test_digest_children_are_messages_by_default() -> None:
    parsed = parse(b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\nx\n--d--\n")
    assert parsed.parts[0].content_type.essence == "message/rfc822"
    assert parsed.parts[0].message and parsed.parts[0].message.header.value("Subject") == "one"


def test_a_100_mb_attachment_is_never_in_memory() -> None:
    line = b"QUJD" * 19 + b"\r\n"
    repeats = 10_000  # 780 kB a run; the generator stands for any size
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"

    def run() -> Iterator[bytes]:
        yield head
        for _ in range(repeats):
            yield line
        yield b"\r\n--b--\r\n"

    source = OnlyForward(run, len(head) + repeats * len(line) + 9)
    (part,) = parse(source).parts
    assert len(part.body) == repeats * len(line) and part.encoding == "base64"
    assert source.largest <= 64 * 1024
    assert part.content().read(0, 6) == b"ABCABC"


# RFC 2231 sections 3 and 4, and what senders write
PARAMETERS = [
    ("message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"", "url",
     "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"),
    ("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title", "This is ***fun***"),
    ("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
     "title",
     "This is even more ***fun*** isn't it!"),
    ('application/x; name="=?iso-8859-1?q?caf=E9?="', "name", "café"),
    ('application/x; name="C:\\TEMP\\A.DOC"', "name", "C:\\TEMP\\A.DOC"),
    ("application/x; name=My File.txt; x=y", "name", "My File.txt"),
    ('text/plain (c;d); charset="us-ascii" (x)', "charset", "us-ascii"),
    ("application/x; name*=utf-8''caf%C3%A9; name=cafe", "name", "café"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "name", "expected"), PARAMETERS)
def test_parameters(value: str, name: str, expected: str) -> None:
    parsed = parse_content_type(value)
    assert parsed is not None and parsed.parameters[name] == expected


@given(st.text(max_size=200).filter(lambda text: text.isprintable()))
@settings(max_examples=100)
def test_any_file_name_survives(name: str) -> None:
    text = ContentType(type="a", subtype="b", parameters={"name": name}).to_text()
    assert text.isascii() and text.isprintable()
    read = parse_content_type(text)
    assert read is not None and read.parameters["name"] == name


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_any_parameter_text_is_read_without_raising(text: str) -> None:
    parse_content_type("a/b" + text)
    parse_content_type("a/b; " + text)
    parse_disposition(text)


@given(st.binary(max_size=5000))
@settings(max_examples=50)
def test_base64_agrees_with_the_library(content: bytes) -> None:
    body = base64_body(MemoryOctets(content))
    wire = body.to_bytes()
    assert len(body) == len(wire) and base64.b64decode(wire) == content
    assert all(len(line) <= 76 for line in wire.split(b"\r\n"))
    assert decoded(MemoryOctets(wire), "base64").to_bytes() == content


@pytest.mark.parametrize(("wire", "content"), [(b"QUI=QUI=", b"ABAB"), (b"Q U*J\r\nD", b"ABC"), (b"QUJDR", b"ABC"), (b"====", b"")])
def test_base64_is_read_leniently(wire: bytes, content: bytes) -> None:
    assert decoded(MemoryOctets(wire), "base64").to_bytes() == content


@given(st.one_of(st.binary(max_size=600), st.text("=aé \t\r\n.", max_size=400).map(str.encode)), st.booleans())
@settings(max_examples=150)
def test_quoted_printable_agrees_with_the_library(content: bytes, text: bool) -> None:
    content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if text else content
    wire = quoted_printable_body(MemoryOctets(content), text=text).to_bytes()
    assert all(len(line) <= 76 and line == line.rstrip(b" \t") for line in wire.split(b"\r\n"))
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    assert quopri.decodestring(wire) == content
    assert decoded(MemoryOctets(wire), "quoted-printable").to_bytes() == content


@pytest.mark.parametrize("text", [True, False])
def test_quoted_printable_of_one_long_line(text: bool) -> None:
    content = b"a \xe9=" * 60_000
    wire = quoted_printable_body(MemoryOctets(content), text=text)
    assert decoded(MemoryOctets(b"".join(wire.chunks())), "quoted-printable").to_bytes() == content


def test_uuencoded_content_and_unknown_encodings() -> None:
    assert decoded(MemoryOctets(b"begin 644 x\n#0V%T\n`\nend\n"), "x-uuencode").to_bytes() == b"Cat"
    strange = Entity(header=parse(b"Content-Transfer-Encoding: x-mine\n\n").header, body=MemoryOctets(b"=41"))
    assert not strange.decodable and strange.content().to_bytes() == b"=41"


def test_text_in_an_unknown_or_wrong_charset_is_still_text() -> None:
    parsed = parse(b"Content-Type: text/plain; charset=x-nonsense\n\ncaf\xe9 caf\xc3\xa9")
    assert "".join(parsed.text()) == "café café"
    for charset in ("unicode_escape", "idna", "zip", "utf-16", "rot13", "\0", "hz", "iso-2022-kr"):
        made = Entity(header=parse(b"").header, body=MemoryOctets(b"\xff\\x~{\x1b$)C\x0e\x0f"))
        object.__setattr__(made, "header", type(made.header)([Field("Content-Type", f" text/plain; charset={charset}".encode())]))
        assert isinstance("".join(made.text()), str)


def test_a_given_boundary_is_used_and_header_injection_by_type_is_not_possible() -> None:
    made = entity([("Content-Type", "multipart/mixed")], [entity([], b"x")], boundary="plan-1")
    assert made.body.to_bytes() == b"--plan-1\r\n\r\nx\r\n--plan-1--\r\n"
    assert made.content_type.parameters["boundary"] == "plan-1"
    hostile = entity([("Content-Type", "text/plain\r\nBcc: x@y"), ("Sub\r\nBcc", "a\r\n\r\nb")], b"")
    assert serialise(hostile).to_bytes() == b"Content-Type: text/plain Bcc: x@y\r\nSub--Bcc: a  b\r\n\r\n"
