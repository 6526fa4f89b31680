"""``mixer map check``, ``test``, ``import`` and ``export``: the tools of the people who keep the tables.

Each command is a thin call into `gateway.maptools`. Exit codes: 0 good, 1 errors, 2 usage.
"""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.building.mapping import USERS_FILE
from gateway.cli.common import JSONOption
from gateway.cli.map_ import map_
from gateway.cli.map_settings import ConfigurationOption, settings_with, users_beside
from gateway.cli.map_users import FORMS, problems_in, users_in
from gateway.errors import ConfigurationError
from gateway.maptools.cases import Verdict, problem_of, read_cases, run_cases
from gateway.maptools.check import check as check_tables
from gateway.maptools.exporting import ExportForm, export_rules
from gateway.maptools.importing import Form, import_rules
from gateway.maptools.problems import Format, Problem, Severity, count, github_line, shown, summary
from gateway.maptools.proxies import csv_of_users, import_users
from gateway.maptools.sources import OTHER_NAMES, SourceFile, read, sources_of_folder, table_of_name
from gateway.mixer.mcgam import MappingTable

FormatOption = Annotated[Format, typer.Option("--format", help="How problems are printed; github marks the lines of a pull request.")]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; standard output by default.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]


# --- check -----------------------------------------------------------------------------------------------------------------------------


@map_.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of the tables; old names (or2rfc, rfc2or, ...) are known.")] = Path("mappings"),
    users: Annotated[Path | None, typer.Option(help=f"Users' file; {USERS_FILE} of the folder by default.")] = None,
    format_: FormatOption = Format.TEXT,
    strict: Annotated[bool, typer.Option(help="Warnings fail too.")] = False,
    json: JSONOption = False,
) -> None:
    """Check mapping tables: what the gateway would refuse, and what it would take and you did not mean."""
    users = users or users_beside(folder)
    sources = sources_of_folder(folder)
    found = check_tables(sources) if users is None else (*check_tables(sources, users_in(users)), *problems_in(users))
    _print(found, Format.JSON if json else format_)
    if count(found, Severity.ERROR) or (strict and found):
        raise typer.Exit(1)


def _print(problems: Sequence[Problem], format_: Format, *, more: Mapping[str, Any] | None = None) -> None:
    if format_ is Format.JSON:
        counts = {f"{severity.value}s": count(problems, severity) for severity in Severity}
        print(json_.dumps({**(more or {}), "problems": [problem.facts() for problem in problems], **counts}, indent=2))
    elif format_ is Format.GITHUB:
        print("\n".join(map(github_line, problems)), end="\n" if problems else "")
    else:
        print("\n".join([*map(str, problems), summary(problems)]))


# --- test ------------------------------------------------------------------------------------------------------------------------------


@map_.command("test")
def test(
    files: Annotated[list[Path], typer.Argument(help="Files of expected pairs: mailbox <-> O/R address.", exists=True, dir_okay=False)],
    tables: Annotated[Path | None, typer.Option(help="Folder of the tables; that of the first file by default.")] = None,
    config: ConfigurationOption = None,
    format_: FormatOption = Format.TEXT,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the cases that pass, too.")] = False,
    json: JSONOption = False,
) -> None:
    """Run files of expected pairs against the tables, like unit tests."""
    settings = settings_with(config, tables if tables or config else files[0].parent)
    problems: list[Problem] = []
    cases = [case for path in files for case in read_cases(_source(path), problems)]
    verdicts = list(run_cases(cases, settings))
    problems += [problem_of(verdict) for verdict in verdicts if not verdict.passed]
    _print_verdicts(verdicts, problems, Format.JSON if json else format_, verbose)
    if problems:
        raise typer.Exit(1)


def _print_verdicts(verdicts: Sequence[Verdict], problems: Sequence[Problem], format_: Format, verbose: bool) -> None:
    passed = sum(verdict.passed for verdict in verdicts)
    if format_ is not Format.TEXT:
        _print(problems, format_, more={"passed": passed, "failed": len(verdicts) - passed})
        return
    if verbose:
        print("\n".join(f"{one.case.where}: pass: {shown(one.case.address)} -> {shown(str(one.came))}" for one in verdicts if one.passed))
    print("\n".join([*map(str, problems), f"{passed} passed, {len(verdicts) - passed} failed"]))


# --- import and export -----------------------------------------------------------------------------------------------------------------


@map_.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files to read; - is standard input.")],
    form: Annotated[Form | None, typer.Option("--from", help="Their form; found out by default.")] = None,
    table: Annotated[str | None, typer.Option(help="The table that the lines belong to, by its new or its old name.")] = None,
    users: Annotated[bool, typer.Option("--users", help="The files are address lists (smtp:, X400:); write the users' CSV.")] = False,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Bring rules, or users, into the form of the gateway. Every line that cannot be taken is named; the rest goes on."""
    sources = [_source(path) for path in files]
    problems: list[Problem] = []
    if users:
        taken = [user for source in sources for user in import_users(source, FORMS, problems)]
        written, number = {USERS_FILE: csv_of_users(taken)}, len(taken)
    else:
        imported = import_rules(sources, form, _table(table))
        problems += imported.problems
        written, number = dict(export_rules(imported.rows, ExportForm.RFC).files), len(imported.rows)
    _write(written, out, force, single=users)
    _report(problems, f"{number} {'users' if users else 'rules'} taken")


@map_.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of the tables.")] = Path("mappings"),
    form: Annotated[ExportForm, typer.Option("--to", help="The form to write.")] = ExportForm.CSV,
    out: OutOption = None,
    force: ForceOption = False,
) -> None:
    """Write the tables in another form: CSV, a zone file with PX records (RFC 2163), the RFC's or PP's lines."""
    reading = read(sources_of_folder(folder))
    exported = export_rules(reading.rows, form)
    _write(exported.files, out, force, single=form in (ExportForm.CSV, ExportForm.PX))
    _report([*reading.problems, *exported.problems], f"{len(reading.rows)} rules")


def _table(name: str | None) -> MappingTable | None:
    found = table_of_name(name) if name else None
    if name and found is None:
        known = ", ".join([*(one.value for one in MappingTable), *OTHER_NAMES])
        raise typer.BadParameter(f"{name!r} is no table; there are {known}", param_hint="--table")
    return found


def _source(path: Path) -> SourceFile:
    try:
        return SourceFile(name=str(path), octets=sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    except OSError as fault:
        raise ConfigurationError(f"{path}: {fault.strerror}") from fault


def _write(files: Mapping[str, str], out: Path | None, force: bool, *, single: bool) -> None:
    """Write to standard output, to one file, or into a folder; nothing at all when one of the files is there already."""
    if out is None:
        print("\n".join(text if single else f"# {name}\n{text}" for name, text in files.items()), end="")
        return
    targets = {out if single else out / name: text for name, text in files.items()}
    there = [str(path) for path in targets if path.exists()]
    if there and not force:
        raise ConfigurationError(f"{', '.join(there)} is there already; --force writes over it")
    for path, text in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _report(problems: Iterable[Problem], done: str) -> None:
    """Problems go to standard error: standard output may be the result."""
    found = list(problems)
    print("\n".join([*map(str, found), f"{done}; {summary(found)}"]), file=sys.stderr)
    if count(found, Severity.ERROR):
        raise typer.Exit(1)
