"""CHUNKING and BINARYMIME (RFC 3030) on the listener: what arrives in chunks is what is stored, and no chunk becomes a command."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.smtp.chunking import parse_bdat
from gateway.smtp.data import ChunkDecoder, LineCheck
from gateway.smtp.parameters import Refusal

MAIL = ("EHLO c", "MAIL FROM:<ann@example.org>", "RCPT TO:<bob@x400.example>")
BINARY = ("EHLO c", "MAIL FROM:<ann@example.org> BODY=BINARYMIME", "RCPT TO:<bob@x400.example>")
SMUGGLED = b"MAIL FROM:<evil@x>\r\nRCPT TO:<victim@x>\r\nDATA\r\nforged\r\n.\r\n"


def chunk(octets: bytes, *, last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


async def chunks(client, *pieces: bytes) -> list[str]:
    """Send chunks one after the other, the last one with LAST; the replies."""
    replies = []
    for number, piece in enumerate(pieces, 1):
        client.send(chunk(piece, last=number == len(pieces)))
        replies.append(await client.reply())
    return replies


async def test_chunks_are_the_message_without_dots_being_special(start) -> None:
    """RFC 3030 2: no dot-stuffing, and `.` on a line of its own ends nothing."""
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    replies = await chunks(client, b"Subject: x\r\n\r\n.one\r", b"\n.\r\n", b"..two\r\n")
    assert replies == ["250 2.0.0 19 octets received", "250 2.0.0 4 octets received", "250 2.0.0 taken as Q1"]
    assert running.intake.taken[0][1] == b"Subject: x\r\n\r\n.one\r\n.\r\n..two\r\n"


async def test_an_empty_last_chunk_ends_the_message(start) -> None:
    """RFC 3030 2: `BDAT 0 LAST` is for clients that do not know where their message ends."""
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    assert (await chunks(client, b"x\r\n", b""))[-1].startswith("250 2.0.0 taken")
    await client.say(*MAIL[1:])
    assert (await chunks(client, b""))[-1].startswith("250 2.0.0 taken")
    assert [octets for _, octets, _ in running.intake.taken] == [b"x\r\n", b""]


async def test_binary_content_needs_no_lines(start) -> None:
    """RFC 3030 3: BINARYMIME is any octets, bare CR and LF, NUL and endless lines among them."""
    running = await start(line_limit=2000)
    client = await running.client()
    await client.say(*BINARY)
    content = b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 100 + b"\r"
    assert (await chunks(client, content[:5000], content[5000:]))[-1].startswith("250")
    envelope, octets, _ = running.intake.taken[0]
    assert octets == content and envelope.body == "BINARYMIME"


async def test_binary_content_cannot_come_by_data(start) -> None:
    """RFC 3030 3: BODY=BINARYMIME with DATA is 503."""
    client = await (await start()).client()
    assert (await client.say(*BINARY, "DATA")).startswith("503 5.5.1 BINARYMIME needs BDAT")


async def test_data_and_chunks_do_not_mix(start) -> None:
    """RFC 3030 2: DATA after BDAT in one transaction is 503; so are another MAIL or RCPT."""
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    client.send(chunk(b"x\r\n"))
    await client.reply()
    assert (await client.say("DATA")).startswith("503 5.5.1 BDAT was begun")
    assert (await client.say("RCPT TO:<c@d>")).startswith("503 5.5.1 recipients come before")
    assert (await client.say("MAIL FROM:<a@b>")).startswith("503 5.5.1")
    assert (await chunks(client, b"y\r\n"))[-1].startswith("250")
    assert running.intake.taken[0][1] == b"x\r\ny\r\n" and len(running.intake.taken[0][0].recipients) == 1


async def test_a_pipelined_session_with_chunks_in_one_packet(start) -> None:
    """RFC 3030 4.2: chunks may be pipelined, and the next transaction after them."""
    running = await start()
    client = await running.client()
    await client.say("EHLO c")
    one = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n" + chunk(b"fir") + chunk(b"st\r\n", last=True)
    client.send(one + one.replace(b"fir", b"lar") + b"QUIT\r\n")
    replies = [(await client.reply())[:3] for _ in range(9)]
    assert replies == ["250", "250", "250", "250", "250", "250", "250", "250", "221"]
    assert [octets for _, octets, _ in running.intake.taken] == [b"first\r\n", b"larst\r\n"]


@pytest.mark.parametrize("reset", ["RSET", "EHLO again"])
async def test_a_reset_between_chunks_forgets_them(start, reset: str) -> None:
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    client.send(chunk(b"half"))
    await client.reply()
    assert (await client.say(reset)).startswith("250")
    await asyncio.wait_for(running.intake.sink_ended.wait(), 4)
    assert running.intake.sinks[0].aborted
    assert (await client.say(*MAIL[1:])).startswith("250")
    assert (await chunks(client, b"whole\r\n"))[-1].startswith("250")
    assert [octets for _, octets, _ in running.intake.taken] == [b"whole\r\n"]


@pytest.mark.parametrize("before", [(), ("EHLO c",), ("EHLO c", "MAIL FROM:<a@b>"), ("EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<unknown@x>")])
async def test_a_chunk_out_of_place_is_read_and_refused(start, before: tuple[str, ...]) -> None:
    """RFC 3030 2: the octets of a refused chunk are read and thrown away, never taken for commands."""
    running = await start()
    client = await running.client()
    await client.say(*before)
    client.send(chunk(SMUGGLED) + chunk(SMUGGLED, last=True))
    assert (await client.reply()).startswith("503 5.5.1") and (await client.reply()).startswith("503 5.5.1")
    assert (await client.say("NOOP")).startswith("250") and running.intake.taken == []


async def test_where_chunking_is_switched_off_no_chunk_becomes_a_command(start) -> None:
    running = await start(chunking=False)
    client = await running.client()
    assert "CHUNKING" not in await client.say("EHLO c")
    assert (await client.say("MAIL FROM:<a@b> BODY=BINARYMIME")).startswith("555 5.6.1 BINARYMIME is not offered")
    await client.say("MAIL FROM:<a@b>", "RCPT TO:<c@d>")
    client.send(chunk(SMUGGLED, last=True))
    assert (await client.reply()).startswith("502 5.5.1 CHUNKING is not offered")
    assert (await client.say("NOOP")).startswith("250") and running.intake.taken == []


@pytest.mark.parametrize("argument", ["", " ", " x", " -5", " 5 FIRST", " 5LAST", " 0x5", " " + "9" * 30, " ٥"])
async def test_after_a_malformed_chunk_size_nothing_more_is_read(start, argument: str) -> None:
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    client.send(f"BDAT{argument}\r\n".encode() + SMUGGLED)
    assert (await client.reply()).startswith("501 5.5.4")
    assert await client.reader.read() == b"" and running.intake.taken == []


async def test_too_large_is_said_as_soon_as_it_is_known(start) -> None:
    """RFC 1870 6.3: 552, here after the chunk that passes the limit; the chunks already under way get a reply each."""
    running = await start(size_limit=10_000)
    client = await running.client()
    await client.say(*MAIL)
    line = b"x" * 98 + b"\r\n"
    client.send(chunk(line * 60) + chunk(line * 60) + chunk(line, last=True))
    assert (await client.reply()).startswith("250")
    assert (await client.reply()).startswith("552 5.3.4")
    assert (await client.reply()).startswith("503 5.5.1")
    assert running.intake.taken == [] and running.intake.sinks[0].aborted
    assert (await client.say(*MAIL[1:])).startswith("250")
    client.send(b"BDAT 99999999999 LAST\r\n")
    assert (await client.reply()).startswith("552 5.3.4")
    assert await client.reader.read() == b""


@pytest.mark.parametrize(
    ("content", "reply"), [(b"a\nb\r\n", "550 5.6.11"), (b"a\r\n\r", "550 5.6.11"), (b"y" * 3000 + b"\r\n", "554 5.6.0")]
)
async def test_lines_are_judged_as_those_of_data(start, content: bytes, reply: str) -> None:
    running = await start(line_limit=2000)
    client = await running.client()
    await client.say(*MAIL)
    assert (await chunks(client, content))[-1].startswith(reply)
    assert running.intake.taken == [] and (await client.say(*MAIL[1:])).startswith("250")


async def test_stray_line_ends_are_repaired_where_they_are_let_in(start) -> None:
    running = await start(refuse_stray_line_ends=False)
    client = await running.client()
    await client.say(*MAIL)
    assert (await chunks(client, b"a\nb\r", b"\nc\r", b"d\r"))[-1].startswith("250")
    assert running.intake.taken[0][1] == b"a\r\nb\r\nc\r\nd\r\n"


async def test_a_full_queue_ends_the_transaction(start) -> None:
    running = await start()
    client = await running.client()
    running.intake.full_after = 10
    await client.say(*MAIL)
    client.send(chunk(b"x" * 98 + b"\r\n") + chunk(b"", last=True))
    assert (await client.reply()).startswith("452 4.3.1") and (await client.reply()).startswith("503")
    running.intake.full_after = 0
    await client.say(*MAIL[1:])
    client.send(chunk(SMUGGLED, last=True))
    assert (await client.reply()).startswith("452 4.3.1")
    assert (await client.say("NOOP")).startswith("250")


@pytest.mark.parametrize("sent", [b"BDAT 5\r\nhello", b"BDAT 100\r\nhalf", b"BDAT 10"])
async def test_a_client_that_vanishes_leaves_nothing(start, sent: bytes) -> None:
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    client.send(chunk(b"first") + sent)
    assert (await client.reply()).startswith("250")
    client.close()
    await asyncio.wait_for(running.intake.sink_ended.wait(), 4)
    assert running.intake.sinks[0].aborted and running.intake.taken == []


async def test_one_who_sends_drop_by_drop_is_cut_off(start) -> None:
    """The time for a message counts from its first chunk, however many chunks there are."""
    running = await start(data_seconds=0)
    client = await running.client()
    await client.say(*MAIL)
    client.send(chunk(b"x"))
    assert await client.reader.read() == b""
    await asyncio.wait_for(running.intake.sink_ended.wait(), 4)


async def test_a_big_chunk_goes_to_the_store_in_pieces(start) -> None:
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    content = (b"y" * 98 + b"\r\n") * 20_000
    client.send(chunk(content, last=True))
    assert (await client.reply()).startswith("250")
    assert running.intake.taken[0][1] == content and running.intake.sinks[0].largest <= 70_000


async def test_stop_waits_for_a_message_in_chunks(start) -> None:
    running = await start()
    client = await running.client()
    await client.say(*MAIL)
    client.send(chunk(b"a\r\n"))
    await client.reply()
    stopping = asyncio.ensure_future(running.listener.stop(seconds=4))
    await asyncio.sleep(0)
    assert (await chunks(client, b"b\r\n"))[-1].startswith("250")
    assert (await client.reply()).startswith("421")
    await asyncio.wait_for(stopping, 4)
    assert len(running.intake.taken) == 1


def test_arguments_of_bdat() -> None:
    assert (parse_bdat("5").octets, parse_bdat("5").last) == (5, False)
    assert (parse_bdat(" 0  last ").octets, parse_bdat("0 Last").last) == (0, True)
    with pytest.raises(Refusal):
        parse_bdat(None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("a\r\n.", max_size=6).map(str.encode), max_size=6), st.booleans())
def test_however_a_message_is_cut_it_is_the_same_message(pieces: list[bytes], repair: bool) -> None:
    def run(parts: list[bytes]) -> tuple[bytes, LineCheck]:
        decoder = ChunkDecoder(repair=repair)
        return b"".join(decoder.feed(part) for part in parts) + decoder.finish(), decoder

    (cut, one), (whole, other) = run(pieces), run([b"".join(pieces)])
    assert cut == whole
    assert (one.stray, one.length, one.longest_line) == (other.stray, other.length, other.longest_line)
    assert not repair or whole.count(b"\r") == whole.count(b"\n") == whole.count(b"\r\n")
