"""What is left out, blanked or said of a place is seen; and what a manifest says again."""

import copy
import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import cli
from planner.export import write_plan
from planner.io.finished import read_finished_plan
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_manifest, verify_programme

EXACT = {"name": "jouet", "programme": {"rule": "exact", "unranked": "allowed"}}


@pytest.fixture(scope="module")
def plans():
    asked = {"simple": Scenario(), "exact": Scenario.from_dict(EXACT)}
    return {name: (make_plan(toy_territory(), one), one) for name, one in asked.items()}


def broken(plans, name, table, frame):
    plan, asked = plans[name]
    tables = {**plan.tables(), table: frame}
    if frame is None:
        del tables[table]
    return verify_programme(tables, asked).broken_rules


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("coverage", "serviceable_count", None, "blank"),
        ("coverage", "phase_2_count", None, "blank"),
        ("coverage", "denominator_count", None, "blank"),
        ("coverage", "premises_max_count", None, "blank"),
        ("sectors", "insee", "35001", "cell"),
        ("sectors", "departement", "35", "cell"),
        ("sectors", "epci_siren", "200000004", "cell"),
        ("communes", "departement", "35", "cell"),
        ("findings", "rule", "coverage.over_100", "cell"),
        ("findings", "place", "ailleurs", "cell"),
        ("findings", "table", "zones", "cell"),
        ("findings", "message", "tout va bien", "cell"),
        ("findings", "remedy", "rien à faire", "cell"),
    ],
)
def test_a_cell_that_is_blanked_or_moved_is_seen(plans, table, column, value, rule):
    frame = plans["simple"][0].tables()[table].copy()
    frame[column] = frame[column].astype("object")
    frame.loc[frame.index[0], column] = value
    assert rule in broken(plans, "simple", table, frame)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("programme", "envelope_left", 1), ("programme_proof", "equal_complete", True)],
)
def test_what_is_said_where_nothing_is_to_say_is_seen(plans, table, column, value):
    frame = plans["exact"][0].tables()[table].copy()
    settled = {"programme": "phase_1", "programme_proof": None}[table]
    at = frame.index[frame["decision"] == settled][0] if settled else frame.index[-1]
    frame[column] = frame[column].astype("object")
    assert pd.isna(frame.loc[at, column]) or frame.loc[at, column] != value
    frame.loc[at, column] = value
    assert broken(plans, "exact", table, frame) == ("cell",)


@pytest.mark.parametrize(
    "table", ["coverage", "fairness", "criteria_scores", "prices", "region", "departements"]
)
def test_a_table_left_out_is_seen(plans, table):
    assert "missing_table" in broken(plans, "simple", table, None)


def test_a_row_left_out_is_seen(plans):
    tables = plans["simple"][0].tables()
    levels = tables["coverage"].drop_duplicates("level").index
    for table, rows in (("coverage", levels), ("criteria_scores", [0])):
        for at in rows:
            frame = tables[table].drop(at)
            assert "missing_row" in broken(plans, "simple", table, frame), (table, at)


def test_a_finding_that_follows_from_other_tables_is_asked_for():
    rows = [
        ("200000003", "35001-01", "against"),
        ("200000002", "22002-01", "against"),  # which isn't in
        ("200000002", "22002-02", "favourable"),
    ]
    advice = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "opinion"])
    advice = advice.assign(remark=None, source="jouet", synthetic=True)
    plan = make_plan(toy_territory().with_tables(advice=advice), Scenario())
    for lang in ("fr", "en"):
        assert verify_programme(plan.tables(lang), plan.scenario).holds
    tables = plan.tables()
    told = tables["findings"]
    against = told["rule"] == "concertation.against_advice"
    assert against.sum() == 1
    without = {**tables, "findings": told[~against]}
    assert verify_programme(without, plan.scenario).broken_rules == ("finding",)
    for at in (1, 2):
        changed = advice.assign(opinion=advice["opinion"].where(advice.index != at, "against"))
        holds = verify_programme({**tables, "advice": changed}, plan.scenario).holds
        assert holds == (at == 1)
    more = advice.assign(sector_id=["35001-01", "22002-02", "22002-01"])
    assert verify_programme({**tables, "advice": more}, plan.scenario).broken_rules == ("finding",)
    nobody = advice.assign(opinion="reserved")
    assert verify_programme({**tables, "advice": nobody}, plan.scenario).broken_rules == (
        "finding",
    )


def test_inhabitants_of_the_private_zone_are_not_told_as_unserved():
    territory = toy_territory()
    town = territory.communes.iloc[[3]].assign(
        insee="35003", nom="Toy-Ville", population=10_000, regulatory_zone="l33_13"
    )
    communes = pd.concat([territory.communes, town], ignore_index=True)
    fairness = [
        make_plan(territory.with_tables(communes=one), Scenario()).more["fairness"]
        for one in (territory.communes, communes)
    ]
    pd.testing.assert_frame_equal(*fairness)


@pytest.fixture(scope="module")
def folder(plans, tmp_path_factory):
    place = tmp_path_factory.mktemp("plan") / "out"
    write_plan(plans["exact"][0], place)
    return place


def test_what_a_manifest_says_again_is_seen_when_it_changes(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tables = read_finished_plan(folder).tables
    assert verify_manifest(manifest, tables).holds
    for path, value in {
        ("scenario", "title"): "Autre", ("scenario", "sha256"): "0" * 64,
        ("scenario", "reference_date"): "2020-01-01", ("scenario", "name"): "autre",
        ("scenario", "values", "programme", "gap_share"): 0.5,
        ("scenario", "values", "contribution", "source"): "ailleurs",
        ("totals", "cost_cents"): 1, ("totals", "contribution_cents"): 1,
        ("totals", "sectors"): 9, ("totals", "premises_min"): 41,
        ("totals", "premises_max"): None,
    }.items():  # fmt: skip
        changed = copy.deepcopy(manifest)
        part = changed
        for name in path[:-1]:
            part = part[name]
        part[path[-1]] = value
        assert verify_manifest(changed, tables).broken_rules == ("manifest",), path
    fewer = {**tables, "programme": tables["programme"].iloc[1:]}
    assert not verify_manifest(manifest, fewer).holds
    real = {"layer": "envelopes", "title": "Enveloppes", "synthetic": False}
    assert not verify_manifest({**manifest, "inputs": [real]}, tables).holds
    # of files that were given by a path, the manifest keeps the name: no checksum can be told
    given = copy.deepcopy(manifest)
    given["scenario"]["values"]["cost"]["prices"] = "prix.csv"
    assert verify_manifest(given, tables).holds


def test_a_file_that_has_changed_is_told_by_the_command(folder):
    def verify():
        return CliRunner().invoke(cli.app, ["verify", str(folder)])

    held = verify()
    assert held.exit_code == 0, held.output
    page = folder / "carte.html"
    page.write_bytes(page.read_bytes() + b" ")
    told = verify()
    assert told.exit_code == 3
    assert "carte.html a changé depuis son écriture" in told.output
    page.unlink()  # what was not handed on says nothing wrong
    assert verify().exit_code == 0
