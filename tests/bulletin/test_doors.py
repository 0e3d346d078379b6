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
from planner.bulletin import SheetWish, check_ballot, make_sheets, take_ballot, unsaid_of, wishes_of
from planner.concertation import count_ballots
from planner.export.concertation import make_forms, write_forms
from planner.export.layout import Edition
from planner.io import read_concertation
from planner.io.bulletin import read_bulletin
from planner.io.forms import heading
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.vocab import Wish

TWO, WEST, EAST = "200000002", "22002-01", "22002-02"
STANCE, RANK = (heading("wishes", column) for column in ("wish", "rank"))
CASES = [
    {WEST: ("required", 1), EAST: (None, 2)},
    {WEST: ("refused", 1), EAST: (None, 2)},
    {WEST: ("required", 1), EAST: ("refused", 1)},
    {WEST: ("required", None), EAST: ("refused", None)},
]


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    forms, _ = make_forms(toy_territory(), Scenario(), calendar=None, prefill=False, lang="fr")
    edition = Edition(title="T", scenario="s", territory="J", on=Scenario().reference_date)
    folder = tmp_path_factory.mktemp("forms")
    write_forms(folder, [f for f in forms if f.actor == TWO], edition=edition, lang="fr")
    return folder / TWO


def in_workbook(folder, wishes):
    (path,) = folder.glob("*.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["Vœux"]
    heads = {cell.value: cell.column for row in page.iter_rows() for cell in row if cell.value}
    for cell in page["A"]:
        stance, rank = wishes.get(cell.value, (None, None))
        if stance:
            page.cell(cell.row, heads[STANCE], Wish(stance).fr)
        if rank:
            page.cell(cell.row, heads[RANK], rank)
    book.save(path)


def in_geopackage(folder, wishes):
    (path,) = folder.glob("*.gpkg")
    with closing(sqlite3.connect(path)) as package, package:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            package.create_function(name, 1, lambda _shape: 0)
        for key, (stance, rank) in wishes.items():
            package.execute(
                "UPDATE wishes SET wish = ?, rank = ? WHERE sector_id = ?", (stance, rank, key)
            )


def in_csv(folder, wishes):
    path = folder / "csv" / "wishes.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    columns = list(rows[0])
    for row in rows:
        stance, rank = wishes.get(row[columns[0]], (None, None))
        row[STANCE] = stance or ""
        row[RANK] = rank or ""
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


def by_bulletin(folder, wishes, toy, sheet):
    rows = [{"sector_id": k, "rank": rank, "stance": s} for k, (s, rank) in wishes.items()]
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


def as_table(toy, wishes):
    rows = [
        {"epci_siren": TWO, "sector_id": key, "wish": stance or "ranked", "rank": rank,
         "source": "main", "synthetic": True}
        for key, (stance, rank) in wishes.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"rank": "Int64"})


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
    expected, findings = counted(toy, as_table(toy, wishes))
    both = {key for key, (stance, rank) in wishes.items() if stance and rank}
    assert expected.required == tuple(k for k, w in wishes.items() if w[0] == "required")
    assert expected.refused == tuple(k for k, w in wishes.items() if w == ("refused", None))
    assert {k for _, ids in expected.ranked for k in ids}.isdisjoint(both)
    told = [f for f in findings if f.rule.endswith("_and_asked")]
    assert {key for f in told for key in dict(f.values)["sectors"]} == both
    fills = {"csv": in_csv, "xlsx": in_workbook, "gpkg": in_geopackage}
    for name in fills if len(both) > 1 else ("csv",):  # the kinds of a form differ only in reading
        fill = fills[name]
        (tmp_path / name).mkdir()
        table = by_form(fill, blank, tmp_path / name, wishes, toy)
        assert counted(toy, table) == (expected, findings), name
    read = by_bulletin(tmp_path, wishes, toy, sheet)
    assert counted(toy, read.table) == (expected, findings)
    own = {(f.rule, f.severity, f.count) for f in read.findings if f.rule.endswith("_and_asked")}
    assert own == {(f.rule, f.severity, f.count) for f in told}
    # what the page starts from says both wishes, and counts as the library
    known = wishes_of(sheet, as_table(toy, wishes))
    assert {w.sector_id: (w.stance, w.rank) for w in known} == wishes
    contradictory = {b.place for b in check_ballot(sheet, known).breaches
                     if b.rule == "contradiction"}  # fmt: skip
    assert contradictory == {k for k in both if wishes[k][0] == "refused"}


def test_points_of_a_required_or_refused_sector_are_told_too(toy):
    table = as_table(toy, {WEST: ("required", None), EAST: ("refused", None)})
    table["points"] = pd.array([3, 4], dtype="Int64")
    ballot, findings = counted(toy, table)
    assert (ballot.required, ballot.refused) == ((WEST,), ())
    assert {f.rule.split(".")[1]: dict(f.values)["sectors"] for f in findings
            if f.rule.endswith("_and_asked")} == {
        "required_and_asked": [WEST], "refused_and_asked": [EAST],
    }  # fmt: skip
    sheet = make_sheets(toy, Scenario())[TWO]
    assert wishes_of(sheet, table) == (SheetWish(sector_id=WEST, stance="required"),)
    assert unsaid_of(sheet, table) == (EAST,)
