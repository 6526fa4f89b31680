"""The text of HTML, for those who get the text alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.html_text import text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one <b>two</b>\n three</p>", "one two three\r\n"),
        ("<p>one</p><p>two</p>", "one\r\n\r\ntwo\r\n"),
        ("one<br>two<BR/>three", "one\r\ntwo\r\nthree\r\n"),
        ("<ul><li>a<li>b</ul>", "* a\r\n* b\r\n"),
        ("<div>a</div><div>b</div>", "a\r\nb\r\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\r\nc\r\n"),
        ("a&nbsp;&lt;b&gt; &amp; &#252;&eacute;", "a <b> & üé\r\n"),
        ("<title>no</title><style>p{}</style><script>if (a<b) c()</script><p>yes", "yes\r\n"),
        ("<!-- <p>no</p> --><!DOCTYPE html><p>yes", "yes\r\n"),
        ("<a href='http://x.example/a?b=1&amp;c=2'>here</a>", "here <http://x.example/a?b=1&c=2>\r\n"),
        ("<a href=http://x.example/>http://x.example/</a>", "http://x.example/\r\n"),
        ("<a href='javascript:x()'>here</a>", "here\r\n"),
        ("<pre>a\n  b</pre>c", "a\r\n  b\r\n\r\nc\r\n"),
        ("<p title='a > b'>x", "x\r\n"),
        ("a < b", "a < b\r\n"),
        ("", ""),
        ("<p>", ""),
    ],
)
def test_text(html: str, text: str) -> None:
    assert text_of_html(html) == text


@pytest.mark.parametrize(
    "bomb",
    ["<" * 500_000, "<a href='" * 60_000, "<!--" * 120_000, "<a " + "'" * 500_000, "<script>" * 60_000, "<a href=http:x>y</a>" * 25_000],
    ids=lambda bomb: bomb[:9],
)
def test_hostile_html_ends_soon(bomb: str) -> None:
    began = time.process_time()
    text_of_html(bomb)
    assert time.process_time() - began < 3


@given(st.text(alphabet="<>ab/!-'\"= \n&;pre", max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_has_a_text(html: str) -> None:
    text = text_of_html(html)
    assert "\n" not in text.replace("\r\n", "")
