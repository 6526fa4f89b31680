r"""O/R addresses as people and products write them, brought into the form that `gateway.mixer.stdor` reads.

That reader knows the slash form of RFC 2156 4.1, the semicolon form of RFC 1685 and the usual keywords. What is added here is never part
of a mailbox and so no business of the staged algorithms:

* brackets, quotes and the type ``X400:`` around an address, as mail programs show it (``[X400:c=fr;a=atlas;s=x]``);
* slashes inside values: in the semicolon form they need no escape, in the slash form products write ``//`` or ``\\/`` for ``$/``;
* ``@``, ``_`` and the like in the attribute RFC-822 (or SMTP), which have to be ``(a)``, ``(u)`` there and often are not.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.mixer.stdor import from_text
from gateway.mixer.text import PRINTABLE, ps_encode
from gateway.x400.oraddress import ORAddress

_TYPE: Final = re.compile(r"X\.?400:\s*", re.IGNORECASE)
_INTERNET: Final = re.compile(r"((?:^|[/;]\s*)(?:DDA?[1-4]?[.:])?(?:RFC-822|RFC822C[1-3]|SMTP)=)((?:\$.|[^/;$])*)(?=[/;]|$)", re.IGNORECASE)
"""A domain-defined attribute that holds an Internet address."""
_DOUBLED: Final = re.compile(r"(?<=.)//(?=[^/])(?!\s*[A-Za-z0-9\-]*(?:[.:][^/;=]*)?=)")
"""Two slashes for one, where no keyword follows."""
_BACKSLASH: Final = re.compile(r"\\(.)")
_SEMICOLON: Final = re.compile(r"(?<!\$);")
_QUOTABLE: Final = re.compile(r"(?<!\$)([/=])")
_AROUND: Final = frozenset({("[", "]"), ("<", ">"), ('"', '"')})


def oraddress_from(text: str) -> ORAddress:
    """Read an O/R address in any of the forms.

    Raises:
        StdOrError: It is of none of them, or an attribute does not fit.
    """
    return from_text(standard_form(text))


def is_oraddress(text: str) -> bool:
    """Whether a text means an O/R address: it has attributes, and no ``@`` outside of the attribute RFC-822 (``(a)``, RFC 2156 3.4)."""
    return "=" in text and ("@" not in text or "@" not in standard_form(text))


def standard_form(text: str) -> str:
    """The same address with ``$`` before what is data and with no other escape; a text that is none of the forms comes back as it is."""
    text = _bare(text)
    if text.startswith('"'):
        return text
    if text.startswith("/"):
        text = _DOUBLED.sub("$/", _BACKSLASH.sub(r"$\1", text))
    elif ";" in text and "=" in text.partition(";")[0]:
        text = ";".join(_with_slashes(part) for part in _SEMICOLON.split(text))
    return _INTERNET.sub(_escaped, text) if "/" in text or ";" in text else text


def _bare(text: str) -> str:
    """Without what mail programs put around; a blank at the end stays, it may be an ADMD."""
    text = text.lstrip().rstrip("\t\r\n")
    whole = text.rstrip()
    inner = whole[1:-1]
    if (whole[:1], whole[-1:]) in _AROUND and (_TYPE.match(inner) or whole[0] == "["):
        text = inner.lstrip()
    return _TYPE.sub("", text, count=1) if _TYPE.match(text) else text


def _with_slashes(component: str) -> str:
    key, equals, value = component.partition("=")
    return key + equals + _QUOTABLE.sub(r"$\1", value)


def _escaped(match: re.Match[str]) -> str:
    value = "".join(each if each in PRINTABLE or each == "$" or not each.isascii() else ps_encode(each) for each in match.group(2))
    return match.group(1) + value
