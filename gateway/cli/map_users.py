"""Files of users for the tools of `gateway.cli.map_tools`: read as the users' directory reads them (`gateway.lookup`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.lookup.user_keys import mailbox_from, oraddress_from, oraddress_key, oraddress_text_key
from gateway.lookup.user_rows import Row, RowReader, open_text, proxies
from gateway.lookup.users_compile import check_users
from gateway.maptools.problems import Problem, error
from gateway.maptools.proxies import UserForms
from gateway.maptools.users import User, UserLines

FORMS: Final = UserForms(split=proxies, mailbox=mailbox_from, oraddress=oraddress_from)
"""How the directory reads addresses; what is imported is written in the form of the RFC."""


def problems_in(path: Path) -> Iterator[Problem]:
    """Everything for which the gateway would refuse a file of users."""
    for finding in check_users((path,)):
        line, _, column = finding.where.removeprefix(f"{path}:").partition(":")
        yield error("users", str(path), int(line), int(column or 0), finding.text)


def users_in(path: Path) -> UserLines:
    """The usable pairs of a file; what is wrong with the others `problems_in` says. Reading it can raise `ConfigurationError`."""
    return UserLines(read=partial(_users, path), key=oraddress_key)


def _users(path: Path) -> Iterator[User]:
    with open_text(path) as file:
        for row in RowReader(file).rows():
            if isinstance(row, Row) and (user := _user(row, str(path))) is not None:
                yield user


def _user(row: Row, file: str) -> User | None:
    try:
        return User(mailbox=mailbox_from(row.mailbox), key=oraddress_text_key(row.oraddress), file=file, line=row.line)
    except GatewayError:
        return None
