"""Two plans of the toy territory, differences counted by hand and traced to their causes."""

import importlib
import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from planner import cli
from planner.cli._face import Lang
from planner.cli.compare import print_communes
from planner.compare import (
    Cause,
    Side,
    compare_plans,
    list_causes,
    measure_effects,
    region_effect,
    switch_plans,
    trace_causes,
)
from planner.compare._places import name_places
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_programme


def side(territory, scenario, name):
    plan = make_plan(territory, scenario)
    return Side(name=name, scenario=json.loads(scenario.canonical()), tables=plan.tables())


def edited(territory, table, **where_value):
    """The territory with one cell of one EPCI's row changed."""
    siren, column, value = where_value["siren"], where_value["column"], where_value["value"]
    frame = getattr(territory, table).copy()
    frame.loc[frame["epci_siren"] == siren, column] = value
    return replace(territory, **{table: frame})


@pytest.fixture(scope="module")
def two():
    """The third EPCI withdraws its vote, the second has 10 lines, and a price changes."""
    before = toy_territory()
    after = edited(before, "deliberations", siren="200000003", column="state", value="pending")
    after = edited(after, "envelopes", siren="200000002", column="amount", value=10)
    scenario = Scenario()
    dearer = Scenario.from_dict({"contribution": {"cents_per_line": 50_000}})
    return (before, scenario), (after, dearer)


def test_premises_years_and_euros_are_counted_by_hand(two):
    before, after = side(*two[0], "A"), side(*two[1], "B")
    result = compare_plans(before, after)
    phase = {s.name: s.tables["programme"].set_index("sector_id")["phase"] for s in (before, after)}
    # the western sector of the second EPCI (4 lines) enters, that of the third (4 lines) leaves
    moved = [(phase["A"][key], phase["B"][key]) for key in ("22002-01", "35001-01")]
    assert moved == [("3", "2"), ("2", "3")]
    table = result.table.set_index(["level", "code"])
    second, third = table.loc[("epci", "200000002")], table.loc[("epci", "200000003")]
    assert (second["gaining_count"], second["losing_count"]) == (4, 0)
    assert (third["gaining_count"], third["losing_count"]) == (0, 4)
    assert table.loc[("commune", "22002"), "served_difference_count"] == 4
    assert pd.isna(table.loc[("commune", "22002"), "net_difference_cents"])
    # 6 lines at 445 euros before, 10 at 500 after, and what the credit takes off
    owed = {
        s.name: s.tables["contributions"].groupby("epci_siren")["net_cents"].sum()
        for s in (before, after)
    }
    assert second["net_difference_cents"] == owed["B"]["200000002"] - owed["A"]["200000002"]
    assert table.loc[("region", "—"), "served_difference_count"] == 0
    sums = table.xs("epci", level="level")["gaining_count"].sum()
    assert sums == table.loc[("region", "—"), "gaining_count"]
    assert "plus tôt" in result.summary()
    assert "sooner" in result.summary("en")


def test_a_departement_that_proposes_for_islands_is_called_by_its_name(two):
    """It was called D29, as nobody does."""
    tables = side(*two[0], "A").tables
    places = pd.DataFrame({"level": ["epci", "epci"], "code": ["D29", "200000002"]})
    assert name_places((tables, tables), places) == ["Département 29", "CC Toy-Nord-Est"]


def test_every_difference_is_traced_to_what_changed(two):
    before, after = side(*two[0], "A"), side(*two[1], "B")
    result = compare_plans(before, after)
    causes = list_causes(before, after)
    assert [(c.kind, c.name) for c in causes] == [
        ("input", "envelopes"), ("input", "deliberations"), ("rule", "contribution.cents_per_line"),
    ]  # fmt: skip
    traced = trace_causes(result, causes, answer=switch_plans(*two))
    found = {(r.sector_id, r.cause): r.how for r in traced.itertuples()}
    assert found["22002-01", "envelopes"] == "alone"
    assert found["35001-01", "deliberations"] == "alone"
    assert not any(cause.startswith("contribution") for _, cause in found)
    blind = trace_causes(result, causes)
    assert set(blind["how"]) == {"candidate"}
    assert len(blind) == len(result.sectors) * len(causes)


def test_two_causes_that_only_work_together_are_needed():
    before = toy_territory()
    scenario = Scenario()
    voted = edited(before, "deliberations", siren="200000004", column="state", value="voted")
    frame = before.envelopes
    if not (frame["epci_siren"] == "200000004").any():
        row = frame.iloc[[0]].assign(epci_siren="200000004")
        frame = pd.concat([frame, row], ignore_index=True)
    first = replace(before, envelopes=frame)
    first = edited(first, "envelopes", siren="200000004", column="amount", value=0)
    both = edited(
        replace(voted, envelopes=first.envelopes), "envelopes", siren="200000004", column="amount",
        value=10,
    )  # fmt: skip
    wish = before.ballots.iloc[[0]].assign(epci_siren="200000004", sector_id="35002-01", rank=1)
    wishes = before.ballots[before.ballots["epci_siren"] != "200000004"]
    wishes = pd.concat([wishes, wish], ignore_index=True)
    first, both = replace(first, ballots=wishes), replace(both, ballots=wishes)
    one, other = side(first, scenario, "A"), side(both, scenario, "B")
    result = compare_plans(one, other)
    causes = list_causes(one, other)
    answer = switch_plans((first, scenario), (both, scenario))
    traced = trace_causes(result, causes, answer=answer)
    mine = traced[traced["sector_id"] == "35002-01"]
    assert dict(zip(mine["cause"], mine["how"], strict=True)) == {
        "envelopes": "needed", "deliberations": "needed",
    }  # fmt: skip


def test_a_plan_doesn_t_differ_from_itself_whatever_the_order_of_rows():
    territory, scenario = toy_territory(), Scenario()
    one = side(territory, scenario, "A")
    turned = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in one.tables.items()}
    other = replace(one, name="B", tables=turned)
    result = compare_plans(one, other)
    assert result.table.empty
    assert result.sectors.empty
    assert list_causes(one, other) == ()
    assert "aucune différence" in result.summary()


def test_a_sector_cut_anew_neither_gains_nor_loses():
    territory, scenario = toy_territory(), Scenario()
    one = side(territory, scenario, "A")
    renamed = {
        name: frame.assign(sector_id=frame["sector_id"].astype("str").replace("35002-02", "35002-09"))
        if "sector_id" in frame.columns and name != "premises" else frame
        for name, frame in one.tables.items()
    }  # fmt: skip
    result = compare_plans(one, replace(one, name="B", tables=renamed))
    effects = result.sectors.set_index("sector_id")["effect"].to_dict()
    assert effects == {"35002-02": "only_before", "35002-09": "only_after"}
    row = result.table.set_index(["level", "code"]).loc[("epci", "200000004")]
    assert (row["only_before_count"], row["only_after_count"]) == (6, 6)
    assert (row["gaining_count"], row["losing_count"]) == (0, 0)


def test_the_command_compares_folders_and_scenarios(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())

    def run(*words):
        return CliRunner().invoke(cli.app, [str(word) for word in words])

    (tmp_path / "b.toml").write_text('name = "b"\n[concertation]\nties = "larger_first"\n')
    (tmp_path / "a.toml").write_text('name = "a"\n')
    assert run("plan", "a.toml", "--out", "A").exit_code == 0
    assert run("plan", "b.toml", "--out", "B").exit_code == 0
    told = run("compare", "A", "B", "--out", "diff")
    assert told.exit_code == 0, told.output
    flat = " ".join(told.output.split())
    said = (
        "le départage des ex æquo, de « aucun ex æquo n'est départagé » à « le plus grand d'abord »"
    )
    assert said in flat
    assert "concertation.ties" not in flat
    assert "cause possible" in flat
    assert "diff/differences.csv" in flat
    assert "diff/diff/" not in flat
    traced = run("compare", "a.toml", "b.toml", "--lang", "en")
    assert traced.exit_code == 0, traced.output
    assert "by itself it changes nothing" in " ".join(traced.output.split())
    held = run("verify", "A")
    assert held.exit_code == 0, held.output
    assert "toutes tenues" in held.output
    bad = run("compare", "A", "diff")
    assert bad.exit_code == 1
    assert "manifest.json" in bad.output
    (tmp_path / "A" / "tables" / "programme.csv").write_text("sector_id\n")
    changed = run("compare", "A", "B")
    assert changed.exit_code == 1
    assert "Traceback" not in changed.output


def test_what_is_read_back_from_a_folder_is_verified_too(monkeypatch, tmp_path):
    from planner.export import write_plan
    from planner.io.finished import read_finished_plan

    plan = make_plan(toy_territory(), Scenario())
    write_plan(plan, tmp_path / "out")
    found = read_finished_plan(tmp_path / "out")
    verdict = verify_programme(found.tables, Scenario.from_dict(dict(found.scenario)))
    assert verdict.holds, verdict.say()
    tables = plan.tables()
    tables["sectors"] = tables["sectors"].drop(columns="geometry")  # a folder's tables have none
    assert verdict.checks == verify_programme(tables, plan.scenario).checks


EXACT = {"rule": "exact", "contiguity": "none"}
YEARS = {"first": 2019, "count": 2, "lines_per_year": {"region": 8}}


@pytest.mark.parametrize(
    ("old", "new", "causes"),
    [
        ({"capacity_lines": {"22": 5}}, {"capacity_lines": {"region": 5}},
         {"programme.capacity_lines"}),
        ({}, {"years": YEARS}, {"programme.years"}),
    ],
)  # fmt: skip
def test_rules_that_one_side_lacks_are_traced_both_ways(old, new, causes):
    territory = toy_territory()
    asked = [Scenario.from_dict({"programme": {**EXACT, **rules}}) for rules in (old, new)]
    for first, second in (asked, asked[::-1]):
        one, other = side(territory, first, "A"), side(territory, second, "B")
        result, found = compare_plans(one, other), list_causes(one, other)
        assert {cause.name for cause in found} == causes
        assert all("{" not in cause.message.say() and "[" not in cause.message.say()
                   for cause in found)  # fmt: skip
        answer = switch_plans((territory, first), (territory, second))
        traced = trace_causes(result, found, answer=answer)
        assert set(traced["sector_id"]) == set(result.sectors["sector_id"])
        assert set(traced["how"]) <= {"alone"}
        assert len(result.sectors)


def test_of_rules_with_other_keys_only_what_differs_is_said():
    """A criterion that weighs otherwise and one that is gone; what stays the same isn't told."""
    kept = {"weight": 3, "source": "comité"}
    old = {
        "each": {"contiguity": kept, "businesses": {"weight": 2}, "cost_per_line": {"weight": 1}}
    }
    new = {"each": {"contiguity": kept, "businesses": {"weight": 5}}}
    sides = [
        side(toy_territory(), Scenario.from_dict({"criteria": one}), "A") for one in (old, new)
    ]
    (cause,) = list_causes(*sides)
    assert cause.before.startswith("businesses (weight = 2), cost_per_line (")
    assert cause.after == "businesses (weight = 5)"
    assert "contiguity" not in cause.message.say()
    (back,) = list_causes(*sides[::-1])
    assert (back.before, back.after) == (cause.after, cause.before)


@pytest.mark.parametrize(("lang", "said"), [("fr", "600 000 000"), ("en", "600,000,000")])
def test_an_amount_is_written_as_people_write_it(lang, said):
    budgets = ({"budget_eur": 740_000_000}, {"budget_eur": 600_000_000})
    sides = [
        side(toy_territory(), Scenario.from_dict({"programme": {**EXACT, **one}}), "A")
        for one in budgets
    ]
    (cause,) = list_causes(*sides)
    assert cause.after == "600000000"
    words = cause.message.say(lang).replace("\u202f", " ").replace("\xa0", " ")
    assert said in words
    assert "2019" in Cause(kind="rule", name="a", before="2019", after="2020").message.say(lang)


def test_a_file_of_the_scenario_is_the_data_it_brings():
    before = toy_territory()
    after = edited(before, "envelopes", siren="200000002", column="amount", value=9)
    second = Scenario.from_dict({"concertation": {"envelopes": "autres.csv"}})
    causes = list_causes(side(before, Scenario(), "A"), side(after, second, "B"))
    assert [cause.name for cause in causes] == ["envelopes"]
    assert "Enveloppes" in causes[0].message.say()
    assert "envelopes" not in causes[0].message.say()


def test_a_rule_refused_without_another_is_traced_with_it():
    """Years are refused under the simple rule: they can only work with the exact one."""
    territory = toy_territory()
    first = Scenario.from_dict({"programme": {"contiguity": "none"}})
    second = Scenario.from_dict({"programme": {**EXACT, "years": {**YEARS, "first": 2021}}})
    one, other = side(territory, first, "A"), side(territory, second, "B")
    result, causes = compare_plans(one, other), list_causes(one, other)
    answer = switch_plans((territory, first), (territory, second))
    assert answer(frozenset({"programme.years"})) is None
    traced = trace_causes(result, causes, answer=answer)
    years = traced[traced["cause"] == "programme.years"]
    assert len(years)
    assert set(years["how"]) == {"needed"}


def test_answers_written_beside_premises_are_not_other_premises(monkeypatch, tmp_path):
    """A plan writes the phase of each premise beside it: the premises are the same."""
    given = [toy_territory()]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: given[0])

    def run(*words):
        done = CliRunner().invoke(cli.app, list(words))
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    (tmp_path / "a.toml").write_text('name = "a"\n')
    (tmp_path / "b.toml").write_text('name = "b"\n[programme]\nrule = "exact"\n')
    run("plan", "a.toml", "--out", "A")
    run("plan", "b.toml", "--out", "B")
    first = [(tmp_path / one / "tables" / "premises.csv").read_bytes() for one in "AB"]
    assert first[0] != first[1]
    for pair in (("A", "B"), ("A", "b.toml")):
        told = run("compare", *pair)
        assert "meilleur programme sous les règles" in told  # the rule that changed, in words
        assert "les données ont changé" not in told
    moved = given[0].premises.copy()
    moved.loc[0, "x_m"] += 0.5
    given[0] = given[0].with_tables(premises=moved)
    run("plan", "a.toml", "--out", "C")
    assert "les données ont changé : « Secteurs »" in run("compare", "A", "C")


def test_what_each_change_does_alone_is_counted_euros_too(two):
    """A rate that moves no sector has its euros traced all the same; alone and together add up."""
    (before, scenario), (after, _) = two
    dearer = Scenario.from_dict({"contribution": {"cents_per_line": 50_000}})
    one = side(before, scenario, "A")
    for territory in (before, after):
        other = side(territory, dearer, "B")
        result, causes = compare_plans(one, other), list_causes(one, other)
        answer = switch_plans((before, scenario), (territory, dearer))
        effects = measure_effects(result, causes, answer=answer)
        rate = region_effect(effects, "contribution.cents_per_line")
        lines = one.tables["contributions"]["lines_count"].sum()
        assert rate["net_difference_cents"] == lines * 5_500
        assert rate["gaining_count"] == rate["losing_count"] == 0
        if territory is before:
            assert region_effect(result.table) == rate
            places = result.table.set_index(["level", "code"])["net_difference_cents"]
            mine = effects.set_index(["level", "code"])["net_difference_cents"]
            assert mine.equals(places)
        else:
            envelopes = region_effect(effects, "envelopes")
            deliberations = region_effect(effects, "deliberations")
            assert (envelopes["gaining_count"], deliberations["losing_count"]) == (4, 4)
    nothing = list_causes(one, side(before, Scenario.from_dict({"version": "2"}), "C"))
    assert measure_effects(result, nothing, answer=answer).empty


def test_the_command_says_what_each_change_does_alone_and_what_only_together(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    (tmp_path / "a.toml").write_text('name = "a"\n')
    (tmp_path / "b.toml").write_text('name = "b"\n[contribution]\ncents_per_line = 50000\n')
    (tmp_path / "c.toml").write_text(
        'name = "c"\n[contribution]\ncents_per_line = 50000\n'
        '[programme]\nrule = "exact"\nunranked = "allowed"\n'
    )

    def run(*words):
        done = CliRunner().invoke(cli.app, ["compare", *map(str, words)])
        assert done.exit_code == 0, done.output
        return " ".join(done.output.replace("\u202f", " ").split())

    alone = run("a.toml", "b.toml", "--out", "d")
    assert "ce changement seul : 0 locaux servis plus tôt, 0 plus tard" in alone
    assert "participations : 1 100 €" in alone
    assert "qu'ensemble" not in alone
    written = pd.read_csv(tmp_path / "d" / "cause_effects.csv")
    assert set(written["cause"]) == {"contribution.cents_per_line"}
    both = run("a.toml", "c.toml")
    assert "ensemble" in both
    years = tmp_path / "years.toml"
    years.write_text(
        'name = "y"\n[programme]\nrule = "exact"\nyears = { first = 2021, count = 2 }\n'
    )
    assert "n'a pas de réponse (refusé sans les autres)" in run("a.toml", years)


def test_two_readings_of_one_source_are_not_compared_cell_by_cell(monkeypatch):
    """Of two million premises, that they are the same rows in the same order is seen at once."""
    causes = importlib.import_module("planner.compare._causes")
    territory, scenario = toy_territory(), Scenario()
    one, other = side(territory, scenario, "A"), side(toy_territory(), scenario, "B")

    def nothing_printed(side, name):
        assert name not in side.tables
        return side.sums.get(name)

    monkeypatch.setattr(causes, "_print", nothing_printed)
    assert list_causes(one, other) == ()


def test_communes_that_gain_or_lose_the_most_are_told(two):
    result = compare_plans(side(*two[0], "A"), side(*two[1], "B"))
    console = Console(width=200, record=True, file=io.StringIO())
    print_communes(console, result, Lang.FR)
    names = result.table.set_index("code")["nom"]
    said = " ".join(console.export_text().split())
    assert f"1 ont plus de locaux en phases 1 et 2, au premier rang {names['22002']} (4)" in said
    assert f"1 en ont moins, au premier rang {names['35001']} (4)" in said
    print_communes(console, compare_plans(result.before, result.before), Lang.FR)
    assert not console.export_text()


def test_where_a_rule_comes_from_is_no_cause(two):
    before, _ = two[0]
    sourced = Scenario.from_dict(
        {"criteria": {"each": {"businesses": {"weight": 1, "source": "comité du 3 mars"}}}}
    )
    bare = Scenario.from_dict({"criteria": {"each": {"businesses": {"weight": 2}}}})
    causes = list_causes(side(before, sourced, "A"), side(before, bare, "B"))
    assert [cause.name for cause in causes] == ["criteria.each.businesses.weight"]
