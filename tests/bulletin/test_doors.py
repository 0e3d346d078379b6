"""Two wishes on one sector: by a form, a table or a bulletin they are one ballot, told alike."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing

import openpyxl
import pandas as pd
import pytest

from planner.ballots import sectors_sha256
from planner.bulletin import check_ballot, make_sheets, take_ballot, unsaid_of, wishes_of
from planner.concertation import count_ballots
from planner.export.concertation import make_forms, write_forms
from planner.export.layout import Edition
from planner.io import read_concertation, read_table
from planner.io.bulletin import read_bulletin
from planner.io.forms import heading
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.vocab import Severity, Wish

TWO, WEST, EAST = "200000002", "22002-01", "22002-02"
HEADS = {mark: heading("wishes", mark) for mark in ("wish", "rank", "points", "approved")}
TWICE = ("required_and_asked", "refused_and_asked", "rank_and_points")
CASES = [
    {WEST: {"wish": "required", "rank": 1}, EAST: {"rank": 2}},
    {WEST: {"wish": "refused", "rank": 1}, EAST: {"rank": 2}},
    {WEST: {"wish": "required", "rank": 1}, EAST: {"wish": "refused", "rank": 1}},
    {WEST: {"wish": "required"}, EAST: {"wish": "refused"}},
    {WEST: {"wish": "required", "points": 3}, EAST: {"wish": "refused", "points": 4}},
    {WEST: {"rank": 1, "points": 5}, EAST: {"rank": 2}},
    {WEST: {"rank": 1, "approved": True}, EAST: {"points": 2, "approved": True}},
    {WEST: {"wish": "required", "approved": True}, EAST: {"wish": "refused", "approved": True}},
    {WEST: {"wish": "required", "approved": True, "rank": 1}, EAST: {"rank": 2}},
]


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    forms, _ = make_forms(toy_territory(), Scenario(), calendar=None, prefill=False, lang="fr")
    edition = Edition(title="T", scenario="s", territory="J", on=Scenario().reference_date)
    folder = tmp_path_factory.mktemp("forms")
    write_forms(folder, [f for f in forms if f.actor == TWO], edition=edition, lang="fr")
    return folder / TWO


def in_words(mark, value):
    return {"wish": lambda: Wish(value).fr, "approved": lambda: "Oui"}.get(mark, lambda: value)()


def in_workbook(folder, wishes):
    (path,) = folder.glob("*.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["Vœux"]
    heads = {cell.value: cell.column for row in page.iter_rows() for cell in row if cell.value}
    for cell in page["A"]:
        for mark, value in wishes.get(cell.value, {}).items():
            page.cell(cell.row, heads[HEADS[mark]], in_words(mark, value))
    book.save(path)


def in_geopackage(folder, wishes):
    (path,) = folder.glob("*.gpkg")
    with closing(sqlite3.connect(path)) as package, package:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            package.create_function(name, 1, lambda _shape: 0)
        for key, marks in wishes.items():
            package.execute(
                "UPDATE wishes SET wish = ?, rank = ?, points = ?, approved = ? WHERE sector_id = ?",
                (*(marks.get(mark) for mark in HEADS), key),
            )


def in_csv(folder, wishes):
    path = folder / "csv" / "wishes.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    columns = list(rows[0])
    for row in rows:
        for mark, value in wishes.get(row[columns[0]], {}).items():
            row[HEADS[mark]] = in_words(mark, value)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def by_form(fill, blank, folder, wishes, toy):
    shutil.copytree(blank, folder / TWO)
    fill(folder / TWO, wishes)
    return read_concertation(
        folder, sectors_sha256=sectors_sha256(toy.sectors, toy.sector_shares),
        names={TWO: "CC Toy-Nord-Est"}, sectors_of={TWO: (WEST, EAST)},
    ).ballots  # fmt: skip


def by_bulletin(folder, wishes, sheet):
    rows = [
        {"sector_id": key, "rank": marks.get("rank"), "stance": marks.get("wish")}
        for key, marks in wishes.items()
    ]
    path = folder / "vote.json"
    path.write_text(
        json.dumps({
            "format": "fibre-planner/bulletin", "edition": 1, "epci_siren": TWO, "contact": "",
            "scenario": sheet.scenario, "version": sheet.version, "signature": sheet.signature,
            "sectors_sha256": sheet.sectors_sha256, "rules_sha256": sheet.rules_sha256,
            "wishes": rows,
        }),
        encoding="utf-8",
    )  # fmt: skip
    return take_ballot(read_bulletin(path), {TWO: sheet})


def by_table(folder, wishes):
    """Return what a ballots.csv written by hand says."""
    forms = {"approved": "approved", "rank": "ranked", "points": "scored"}
    path = folder / "ballots.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        columns = ("epci_siren", "sector_id", "wish", "rank", "points", "approved", "source")
        writer.writerow([*columns, "synthetic"])
        for key, marks in wishes.items():
            wish = marks.get("wish") or next(forms[mark] for mark in forms if mark in marks)
            also = "true" if "approved" in marks and wish != "approved" else ""
            numbers = (marks.get("rank", ""), marks.get("points", ""))
            writer.writerow([TWO, key, wish, *numbers, also, "main", "true"])
    return read_table(path, "ballots").table


def counted(toy, ballots):
    found = count_ballots(
        epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
        envelopes=toy.envelopes, ballots=ballots, deliberations=toy.deliberations,
    )  # fmt: skip
    mine = [f for f in found.findings if f.place == TWO and f.table == "ballots"]
    return found.ballots[TWO], mine


@pytest.mark.parametrize("wishes", CASES)
def test_the_doors_give_one_ballot_and_the_same_findings(blank, tmp_path, toy, wishes):
    sheet = make_sheets(toy, Scenario())[TWO]
    table = by_table(tmp_path, wishes)
    expected, findings = counted(toy, table)
    both = {key for key, marks in wishes.items() if len(marks) > 1}
    required = {key for key, marks in wishes.items() if marks.get("wish") == "required"}
    assert set(expected.required) == required
    assert expected.refused == tuple(k for k, w in wishes.items() if w == {"wish": "refused"})
    assert {k for _, ids in expected.ranked for k in ids}.isdisjoint(both)
    told = [f for f in findings if f.rule.removeprefix("concertation.") in TWICE]
    assert {key for f in told for key in dict(f.values)["sectors"]} == both
    for f in told:  # what counts all the same is a warning, what doesn't is serious
        assert (f.severity is Severity.WARNING) == (set(dict(f.values)["sectors"]) <= required)
    fills = {"csv": in_csv, "xlsx": in_workbook, "gpkg": in_geopackage}
    for name in fills if len(both) > 1 else ("csv",):  # the kinds of a form differ only in reading
        fill = fills[name]
        (tmp_path / name).mkdir()
        assert counted(toy, by_form(fill, blank, tmp_path / name, wishes, toy)) == (
            expected, findings,
        ), name  # fmt: skip
    known = wishes_of(sheet, table)
    if any(set(marks) - {"wish", "rank"} for marks in wishes.values()):
        # a bulletin has no points: it shows what counts, and says of what else two things are said
        sound = {k: w for k, w in wishes.items() if k in required or k not in both}
        assert {w.sector_id: w.stance for w in known} == {
            k: w.get("wish") for k, w in sound.items()
        }
        assert unsaid_of(sheet, table) == tuple(sorted(both - required))
        return
    read = by_bulletin(tmp_path, wishes, sheet)
    assert counted(toy, read.table) == (expected, findings)
    own = {(f.rule, f.severity, f.count) for f in read.findings if f.rule.endswith("_and_asked")}
    assert own == {(f.rule, f.severity, f.count) for f in told}
    # what the page starts from says both wishes, and counts as the library
    assert {w.sector_id: (w.stance, w.rank) for w in known} == {
        key: (marks.get("wish"), marks.get("rank")) for key, marks in wishes.items()
    }
    contradictory = {b.place for b in check_ballot(sheet, known).breaches
                     if b.rule == "contradiction"}  # fmt: skip
    assert contradictory == {k for k in both if wishes[k]["wish"] == "refused"}


def test_a_form_that_starts_from_two_wishes_says_both_and_left_as_sent_is_no_answer(toy, tmp_path):
    wishes = {
        WEST: {"wish": "required", "approved": True},
        EAST: {"wish": "refused", "rank": 2, "approved": True},
    }
    given = by_table(tmp_path, wishes)
    territory = toy.with_tables(ballots=given)
    forms, _ = make_forms(territory, Scenario(), calendar=None, prefill=True, lang="fr")
    edition = Edition(title="T", scenario="s", territory="J", on=Scenario().reference_date)
    sent = [form for form in forms if form.actor == TWO]
    write_forms(tmp_path / "envoi", sent, edition=edition, lang="fr")
    in_csv(tmp_path / "envoi" / TWO, {EAST: {"points": 3}})
    table = by_form(lambda *_: None, tmp_path / "envoi" / TWO, tmp_path / "retour", wishes, toy)
    columns = ["sector_id", "wish", "rank", "points", "approved"]
    expected = given.assign(
        points=pd.array([3 if k == EAST else None for k in given["sector_id"]], "Int64")
    )
    pd.testing.assert_frame_equal(table[columns], expected[columns], check_dtype=False)
