"""What the workbook of a form computes, in a spreadsheet program, beside what the reader finds."""

import shutil
import subprocess
from dataclasses import replace

import openpyxl
import pytest

from planner.concertation import contradicts, count_ballots
from planner.export.concertation import make_forms
from planner.export.concertation._book import write_book
from planner.export.layout import Edition
from planner.io import read_concertation
from planner.io.forms import SHEETS
from planner.scenario import Scenario
from planner.texts import say
from planner.toy import toy_territory
from tests.unit.test_programme import deliberations, envelopes, region

SOFFICE = shutil.which("soffice")
ACTOR = "200000002"
RANKS = [
    {"rank": 1}, {"rank": 2}, {"rank": 2}, {"wish": "Exigé"}, {"wish": "Exigé", "rank": 1},
    {"wish": "Refusé"}, {"wish": "Refusé", "rank": 3}, {"rank": "4"}, {"rank": 4},
    {"rank": 5, "points": 7}, {"rank": 6, "approved": "Oui"}, {"wish": "Exigé", "approved": "Oui"},
    {"wish": " exigé "}, {"rank": " "}, {"rank": " 7"}, {"rank": 7, "approved": "non"}, {"rank": 5},
    {"rank": 3, "wish": " "}, {"approved": "Non"}, {},
]  # fmt: skip
MIXED = [{"rank": 1}, {"points": 3}, {"wish": "Refusé"}]
APART = [{"rank": 1}, {"rank": 2, "points": 3}, {"wish": "Exigé", "approved": "Oui"}]


def write(folder, name, typed):
    """Write a form, and type in it as a person would."""
    forms, _ = make_forms(toy_territory(), Scenario())
    form = next(form for form in forms if form.actor == ACTOR)
    sectors = tuple(
        {"sector_id": f"22002-{k:02d}", "nom": f"S{k}", "commune": "C", "lines": 100 + k,
         "lines_total": 200}
        for k in range(len(typed))
    )  # fmt: skip
    form = replace(form, wishes=sectors, envelope={"amount": 900, "unit": None})
    edition = Edition(title="T", scenario="s", territory="J", on=Scenario().reference_date)
    path = folder / name / f"{name}.xlsx"
    path.parent.mkdir(parents=True)
    write_book(path, form, edition=edition, lang="fr")
    book = openpyxl.load_workbook(path)
    for row, marks in enumerate(typed, start=4):
        for mark, value in marks.items():
            book["Vœux"].cell(row, SHEETS["wishes"].index(mark) + 1, value)
    book["Enveloppe"]["A4"] = "Lignes"
    book.save(path)
    return path, form


def found_in(folder, form):
    """Return the wishes, the ballot and the findings of the library."""
    lines = {wish["sector_id"]: wish["lines"] for wish in form.wishes}
    intake = read_concertation(
        folder, sectors_sha256=form.identity["sectors_sha256"], names={ACTOR: form.name},
        sectors_of={ACTOR: tuple(lines)},
    )  # fmt: skip
    assert intake.rejected_rows.empty
    sectors, shares, epci = region({key: (ACTOR, count) for key, count in lines.items()})
    counted = count_ballots(
        epci=epci, sectors=sectors, sector_shares=shares, envelopes=envelopes({ACTOR: 900}),
        ballots=intake.ballots, deliberations=deliberations({ACTOR: "voted"}),
    )  # fmt: skip
    found = {f.rule.removeprefix("concertation."): dict(f.values) for f in counted.findings}
    return lines, intake.ballots, counted.ballots[ACTOR], found


@pytest.mark.skipif(SOFFICE is None, reason="LibreOffice Calc, which computes it, isn't installed")
def test_a_spreadsheet_computes_what_the_reader_finds(tmp_path):
    cases = {"ranks": RANKS, "mixed": MIXED, "apart": APART}
    books = {name: write(tmp_path / "filled", name, typed) for name, typed in cases.items()}
    subprocess.run(
        [SOFFICE, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", tmp_path / "computed",
         *(path for path, _ in books.values())],
        check=True, capture_output=True,
    )  # fmt: skip
    for name, (path, form) in books.items():
        computed = openpyxl.load_workbook(tmp_path / "computed" / path.name, data_only=True)
        lines, wishes, ballot, found = found_in(path.parent, form)
        expected = dict.fromkeys(lines, "")
        twice = set(wishes.loc[contradicts(wishes), "sector_id"])
        tied = {key for _, ids in ballot.ranked for key in ids if len(ids) > 1}
        idle = set(found.get("required_and_asked", {}).get("sectors", ()))
        for keys, check in ((twice, "two"), (tied, "tied"), (idle, "required")):
            expected |= dict.fromkeys(keys, say(f"forms.check_{check}"))
        page = computed["Vœux"]
        told = {row[0].value: row[-1].value or "" for row in page.iter_rows(min_row=4)}
        assert told == expected, name
        mixed = say("forms.check_mixed") if "mixed_forms" in found else ""
        assert (page["A2"].value or "") == mixed, name
        required = sum(lines[key] for key in ballot.required)
        shown = [cell.value for cell in computed["Enveloppe"][4]]
        assert shown == ["Lignes", 900, None, required, required * 445, 900 - required], name
