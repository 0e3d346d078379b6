"""The face: exit codes, languages, and errors with a remedy instead of a traceback."""

import io
import sqlite3
from contextlib import closing

import pytest
from rich.console import Console
from typer.testing import CliRunner

from planner import cli
from planner.cli._face import table
from planner.toy import toy_territory


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a command in an empty folder, the toy territory in the place of the region."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())

    def invoke(*words):
        return CliRunner().invoke(cli.app, [str(word) for word in words])

    return invoke


def test_plan_writes_the_outputs_and_explain_reads_them(run, tmp_path):
    result = run("plan")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "maps" / "out" / "bretagne-2018"
    assert {path.name for path in folder.iterdir()} >= {"carte.html", "manifest.json", "tables"}
    assert "ynthétique" in result.output
    told = run("explain", "22002-01")
    assert told.exit_code == 0, told.output
    assert "enveloppe" in told.output
    english = run("explain", "22002-01", "--lang", "en")
    assert "Left envelope too small" in english.output


def test_strict_leaves_with_three_when_something_is_to_check(run):
    assert run("check").exit_code == 0
    assert run("check", "--strict").exit_code == 3


def test_check_writes_the_anomalies_where_asked(run, tmp_path):
    result = run("check", "--out", tmp_path / "qualité")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "qualité").iterdir()} == {
        "anomalies.csv", "anomalies.gpkg", "anomalies.html",
    }  # fmt: skip


def test_what_a_user_can_mend_is_one_and_two_lines(run, tmp_path):
    result = run("plan", tmp_path / "absent.toml")
    assert result.exit_code == 1
    assert "→" in result.output
    assert "Traceback" not in result.output


def test_wrong_usage_is_two(run):
    assert run("coverage", "--on", "hier").exit_code == 2
    assert run("schemas", "nothing").exit_code == 2
    assert run("plan", "--lang", "br").exit_code == 2


def test_a_damaged_name_is_never_resolved_silently(run):
    result = run("explain", "Toy-Nord-Ouset")
    assert result.exit_code == 1
    assert "ressemblance" in result.output


def test_coverage_shows_its_referential(run):
    result = run("coverage", "--level", "commune")
    assert result.exit_code == 0, result.output
    assert "40,0 %" in result.output
    assert "communes de 2018" in result.output


def test_the_page_of_the_tables_is_up_to_date(run, tmp_path, request):
    page = tmp_path / "schemas.md"
    assert run("schemas", "--write", page).exit_code == 0
    committed = request.config.rootpath / "docs" / "schemas.md"
    assert page.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def test_edits_of_a_package_come_back_and_nothing_is_overwritten(run, tmp_path):
    assert run("plan").exit_code == 0
    package = tmp_path / "maps" / "out" / "bretagne-2018" / "bretagne-2018.gpkg"
    same = run("import-edits", package, "--out", tmp_path / "retour")
    assert same.exit_code == 0, same.output
    assert "Aucune modification" in same.output
    assert not (tmp_path / "retour").exists()

    with closing(sqlite3.connect(package)) as db, db:
        db.execute("UPDATE ballots SET rank = 5 WHERE sector_id = '35002-01'")
    taken = run("import-edits", package, "--out", tmp_path / "retour")
    assert taken.exit_code == 0, taken.output
    assert {path.name for path in (tmp_path / "retour").iterdir()} == {
        "ballots.csv", "edits.csv", "sources.toml",
    }  # fmt: skip
    again = run("import-edits", package, "--out", tmp_path / "retour")
    assert again.exit_code == 1
    assert "contient déjà quelque chose" in " ".join(again.output.split())

    with closing(sqlite3.connect(package)) as db, db:
        db.execute("UPDATE ballots SET wish = 'lunaire' WHERE sector_id = '35002-01'")
    refused = run("import-edits", package, "--out", tmp_path / "refus")
    assert refused.exit_code == 1
    assert {path.name for path in (tmp_path / "refus").iterdir()} == {
        "anomalies.csv", "anomalies.gpkg", "anomalies.html",
    }  # fmt: skip
    assert "lunaire" in (tmp_path / "refus" / "anomalies.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_a_table_of_numbers_loses_no_figure_however_narrow_the_terminal(monkeypatch, width):
    """A contribution of −3 265 855 € showed as −3 26 in 80 columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    figures = ["19 932", "15 123", "−7 339", "−45 500", "−3 265 855 €"]
    titles = ["Lieu", "Plus tôt", "Plus tard", "Phases 1-2", "Années-locaux", "Participations"]
    out = io.StringIO()
    shown = table("Qui gagne", titles, [["CC Auray Quiberon Terre", *figures]], whole=True)
    Console(file=out, width=width).print(shown)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    cells = [line.split("│")[1:-1] for line in lines if line.startswith("│")]
    columns = ["".join(parts).replace(" ", "") for parts in zip(*cells, strict=True)]
    assert columns[1:] == [figure.replace(" ", "") for figure in figures]
    if width >= 80:
        assert all(figure in out.getvalue() for figure in figures)
