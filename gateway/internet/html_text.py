"""The text of an HTML body, for readers that show none: words, paragraphs, list items, the targets of links. Bounded in time and memory."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

LONGEST: Final = 512 * 1024
"""Characters of HTML that are looked at; a longer document is cut there."""

_TOKEN: Final = re.compile(r"<(!--|[/!?]?[A-Za-z][A-Za-z0-9]*|!)|[^<]+|<", re.DOTALL)
_ENDS_TAG: Final = re.compile(r"""[^"'>]|"[^"]*"|'[^']*'|["']""")
_HREF: Final = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_SILENT: Final = frozenset({"script", "style", "title", "template", "svg"})
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4",
        "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
    }
)  # fmt: skip
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "ul", "ol", "dl"})
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
_TAG_LIMIT: Final = 8 * 1024


def text_of_html(html: str) -> str:
    """The text of HTML, lines ended by CRLF. Never raises; whatever is no markup is text.

    Args:
        html: The document, decoded; what is behind `LONGEST` characters is left out.
    """
    reader = _Reader(html[:LONGEST])
    reader.run()
    return reader.text()


class _Reader:
    """One pass over the document; the output is a list of lines."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._out: list[str] = []
        self._line: list[str] = []
        self._blank = False
        self._gap = False
        self._pre = 0
        self._target = ""

    def run(self) -> None:
        """Read everything."""
        position = 0
        while (match := _TOKEN.match(self._html, position)) is not None:
            opened = match.group(1)
            if opened is None:
                self._words(match.group())
                position = match.end()
            elif opened == "!--":
                position = self._behind("-->", match.end())
            else:
                end = self._tag_end(match.end())
                position = self._tag(opened.lower(), self._html[match.end() : min(end, match.end() + _TAG_LIMIT)], end)

    def text(self) -> str:
        """What was read, without empty lines at its ends."""
        self._break(paragraph=False)
        lines = "\r\n".join(self._out).strip("\r\n")
        return f"{lines}\r\n" if lines else ""

    def _behind(self, mark: str, start: int) -> int:
        at = self._html.find(mark, start)
        return len(self._html) if at < 0 else at + len(mark)

    def _tag_end(self, position: int) -> int:
        """Behind the ``>`` of a tag; quotes hide it, but not for longer than a tag may be."""
        limit = min(len(self._html), position + _TAG_LIMIT)
        at = position
        while at < limit and self._html[at] != ">":
            match = _ENDS_TAG.match(self._html, at, limit)
            at = match.end() if match is not None else at + 1
        return at + 1 if at < limit else self._behind(">", position)

    def _tag(self, name: str, rest: str, end: int) -> int:
        closing, name = name.startswith("/"), name.lstrip("/!?")
        if name in _SILENT and not closing:
            at = re.compile(rf"</{name}", re.IGNORECASE).search(self._html, end)
            return self._behind(">", at.start()) if at is not None else len(self._html)
        if name == "br":
            self._break(paragraph=False)
        elif name in _BLOCKS:
            self._block(name, closing)
        elif name == "a":
            self._link(closing, rest)
        elif name in ("td", "th") and self._line:
            self._blank = True
        return end

    def _block(self, name: str, closing: bool) -> None:
        if self._line:
            self._break(paragraph=False)
        self._gap = self._gap or name in _PARAGRAPHS
        if name == "pre":
            self._pre = max(0, self._pre + (-1 if closing else 1))
        if name == "li" and not closing:
            self._write("* ")
        if name == "hr":
            self._write("-" * 40)
            self._break(paragraph=False)

    def _link(self, closing: bool, rest: str) -> None:
        if closing and self._target and self._target not in "".join(self._line[-4:]):
            self._write(f" <{self._target}>")
        found = _HREF.search(rest) if not closing else None
        target = unescape(next(filter(None, found.groups()), "")).strip() if found is not None else ""
        self._target = target if target.lower().startswith(("http:", "https:", "mailto:", "ftp:")) and len(target) < 500 else ""

    def _words(self, text: str) -> None:
        plain = unescape(text).replace("\xa0", " ") if "&" in text or "\xa0" in text else text
        if self._pre:
            first, *others = plain.replace("\r\n", "\n").split("\n")
            self._write(first)
            for line in others:
                self._break(paragraph=False)
                self._write(line)
            return
        words = _BLANKS.sub(" ", plain)
        if words.strip(" "):
            self._write(words if self._line else words.lstrip(" "))
        elif self._line:
            self._blank = True

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._gap and self._out:
            self._out.append("")
        self._gap = False
        if self._blank and self._line and not text.startswith(" ") and not self._line[-1].endswith(" "):
            self._line.append(" ")
        self._blank = False
        self._line.append(text)

    def _break(self, *, paragraph: bool) -> None:
        self._out.append("".join(self._line).rstrip(" "))
        self._line, self._blank = [], False
        self._gap = paragraph
