"""The commands: what they print, where they write, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import ConfigurationError

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
BAD = "a.example\nb.example#PRMD$B.ADMD$ .C$XX#\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    folder = tmp_path / "bad,100%"
    folder.mkdir()
    (folder / "domain-to-oraddress").write_text(BAD, encoding="utf-8")
    return folder


def run(*arguments: object, code: int = 0, stdin: str | None = None) -> str:
    result = CliRunner().invoke(app, ["map", *map(str, arguments)], input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_check_exits_with_0_for_warnings_and_1_when_they_shall_count() -> None:
    assert "0 errors, 1 warning" in run("check", MAPPINGS)
    run("check", MAPPINGS, "--strict", code=1)


def test_check_exits_with_1_for_errors_and_says_file_line_and_column(bad: Path) -> None:
    output = run("check", bad, code=1)
    assert f"{bad}/domain-to-oraddress:1:10: error:" in output
    assert output.endswith("1 error, 1 warning\n")


def test_check_prints_json_and_workflow_commands(bad: Path) -> None:
    facts = json.loads(run("check", bad, "--format", "json", code=1))
    assert (facts["errors"], facts["warnings"], facts["problems"][0]["line"]) == (1, 1, 1)
    assert facts == json.loads(run("check", bad, "--json", code=1))
    lines = run("check", bad, "--format", "github", code=1).splitlines()
    assert lines[0].startswith("::error file=")
    assert "bad%2C100%25/domain-to-oraddress,line=1,col=10,title=mixer map%3A syntax::" in lines[0]


def test_check_takes_the_users_beside_the_tables(tmp_path: Path) -> None:
    (tmp_path / "domain-to-oraddress").write_text("b.example#PRMD$B.ADMD$ .C$XX#\n", encoding="utf-8")
    (tmp_path / "users.csv").write_text("mailbox,oraddress\njoe@b.example,/S=Jim/PRMD=B/ADMD= /C=XX/\n", encoding="utf-8")
    assert "[user-contradicts-rule]" in run("check", tmp_path)


def test_a_folder_without_tables_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no mapping tables"):
        run("check", tmp_path)


def test_test_runs_the_example_and_fails_for_a_wrong_pair(tmp_path: Path) -> None:
    assert run("test", MAPPINGS / "expected.txt").endswith("21 passed, 0 failed\n")
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("joe@widget.example -> wrapped\n", encoding="utf-8")
    output = run("test", wrong, "--tables", MAPPINGS, code=1)
    assert "wrong.txt:1: error: joe@widget.example gives /S=joe/PRMD=WIDGET" in output
    assert json.loads(run("test", wrong, "--tables", MAPPINGS, "--json", code=1))["failed"] == 1


def test_diff_exits_with_1_when_there_is_one(bad: Path, tmp_path: Path) -> None:
    assert run("diff", MAPPINGS, MAPPINGS) == "no difference\n"
    new = tmp_path / "new"
    new.mkdir()
    (new / "domain-to-oraddress").write_text("widget.example#PRMD$W.ADMD$ .C$XX#\n", encoding="utf-8")
    output = run("diff", MAPPINGS, new, "--addresses", "-", code=1, stdin="joe@widget.example\njoe@nowhere.example\n")
    assert "! domain-to-oraddress: widget.example: /PRMD=WIDGET/ADMD=TESTMAIL/C=XX/" in output
    assert "joe@widget.example: /S=joe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/ -> /S=joe/PRMD=W/ADMD= /C=XX/" in output
    assert "nowhere" not in output


def test_import_writes_a_folder_once_names_what_it_leaves_out_and_exits_with_1(tmp_path: Path) -> None:
    old = tmp_path / "rfc2or"
    old.write_text("a.example:PRMD$A.ADMD$ .C$XX\nb_b.example:PRMD$B.ADMD$ .C$XX\n", encoding="utf-8")
    output = run("import", old, "-o", tmp_path / "new", code=1)
    assert "rfc2or:2: error:" in output
    assert "1 rules taken; 1 error, 0 warnings" in output
    assert "a.example#PRMD$A.ADMD$ .C$XX#" in (tmp_path / "new" / "domain-to-oraddress").read_text(encoding="utf-8")
    with pytest.raises(ConfigurationError, match="--force"):
        run("import", old, "-o", tmp_path / "new")
    run("import", old, "-o", tmp_path / "new", "--force", code=1)


def test_import_writes_the_users_file(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("smtp:a@a.example%X400:c=GB;a= ;p=Acme;s=Ay;\n", encoding="utf-8")
    run("import", "--users", tmp_path / "export.csv", "-o", tmp_path / "users.csv")
    written = (tmp_path / "users.csv").read_text(encoding="utf-8")
    assert written == "mailbox,oraddress,primary\na@a.example,/S=Ay/PRMD=Acme/ADMD= /C=GB/,yes\n"


def test_export_writes_what_import_takes(tmp_path: Path) -> None:
    for form in ("csv", "px"):
        run("export", MAPPINGS, "--to", form, "-o", tmp_path / form)
        run("import", tmp_path / form, "-o", tmp_path / f"from-{form}")
        assert run("diff", MAPPINGS, tmp_path / f"from-{form}") == "no difference\n"


def test_a_table_that_there_is_not_is_wrong_usage(tmp_path: Path) -> None:
    run("import", MAPPINGS / "domain-to-gateway", "--table", "nonsense", code=2)
