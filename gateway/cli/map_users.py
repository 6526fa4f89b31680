"""Files of users for the tools of `gateway.cli.map_tools`: read as the users' directory reads them (`gateway.lookup`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.lookup.user_keys import mailbox_from, oraddress_from
from gateway.lookup.user_rows import Row, RowReader, open_text, proxies
from gateway.lookup.users_compile import check_users
from gateway.maptools.forms import standard_form
from gateway.maptools.problems import Problem, error
from gateway.maptools.proxies import UserForms
from gateway.maptools.users import User

FORMS: Final = UserForms(split=proxies, mailbox=mailbox_from, oraddress=lambda text: oraddress_from(standard_form(text)))
"""How the directory reads addresses, and the forms of products besides: what is imported is written in the form of the RFC."""


def problems_in(path: Path) -> Iterator[Problem]:
    """Everything for which the gateway would refuse a file of users."""
    for finding in check_users((path,)):
        line, _, column = finding.where.removeprefix(f"{path}:").partition(":")
        yield error("users", str(path), int(line), int(column or 0), finding.text)


def users_in(path: Path) -> Iterator[User]:
    """The usable pairs of a file; what is wrong with the others `problems_in` says.

    Raises:
        ConfigurationError: The file cannot be opened.
    """
    with open_text(path) as file:
        for row in RowReader(file).rows():
            if isinstance(row, Row) and (user := _user(row, str(path))) is not None:
                yield user


def _user(row: Row, file: str) -> User | None:
    try:
        return User(mailbox=mailbox_from(row.mailbox), oraddress=oraddress_from(row.oraddress), file=file, line=row.line)
    except GatewayError:
        return None
