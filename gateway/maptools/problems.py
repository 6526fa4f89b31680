"""What the tools say about one place of one file, and the three forms in which it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Severity(Enum):
    """How bad: an error is refused by the gateway or harms mail; a warning is legal and probably not meant."""

    ERROR = "error"
    WARNING = "warning"


class Format(Enum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in one place.

    Attributes:
        code: Short name of the check, the same for ever, so that scripts can tell problems apart.
        line: From 1; 0 when it is about the file as a whole.
        column: In characters, from 1; 0 when it is about the line as a whole.
        text: What is wrong.
        expected: What was expected there, or what to do; may be empty.
    """

    severity: Severity
    code: str
    file: str
    line: int
    column: int
    text: str
    expected: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return f"{place}: {self.severity.value}: {self.message} [{self.code}]"

    @property
    def message(self) -> str:
        """What is wrong and what was expected, in one line."""
        return shown(f"{self.text}; expected {self.expected}" if self.expected else self.text)

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "text": self.text,
            "expected": self.expected,
        }


def error(code: str, file: str, line: int, column: int, text: str, expected: str = "") -> Problem:
    """A problem that makes the tables unusable or harms mail."""
    return Problem(severity=Severity.ERROR, code=code, file=file, line=line, column=column, text=text, expected=expected)


def warning(code: str, file: str, line: int, column: int, text: str, expected: str = "") -> Problem:
    """A problem that somebody should look at."""
    return Problem(severity=Severity.WARNING, code=code, file=file, line=line, column=column, text=text, expected=expected)


def shown(text: str) -> str:
    """A text from a file, safe on a terminal: control characters and what has no glyph are escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape", "backslashreplace").decode("ascii") for each in text)


def count(problems: Iterable[Problem], severity: Severity) -> int:
    """How many problems are of a severity."""
    return sum(problem.severity is severity for problem in problems)


def summary(problems: Iterable[Problem]) -> str:
    """``3 errors, 1 warning``."""
    found = list(problems)
    numbers = [(count(found, severity), severity.value) for severity in Severity]
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in numbers)


_GITHUB_DATA: Mapping[int, str] = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_GITHUB_PROPERTY: Mapping[int, str] = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def github_line(problem: Problem) -> str:
    """A workflow command, which GitHub shows beside the line of the change: ``::error file=..,line=..,col=..,title=..::text``."""
    places = {"file": problem.file, "line": problem.line, "col": problem.column, "title": f"mixer map: {problem.code}"}
    properties = ",".join(f"{key}={str(value).translate(_GITHUB_PROPERTY)}" for key, value in places.items() if value)
    return f"::{problem.severity.value} {properties}::{problem.message.translate(_GITHUB_DATA)}"
