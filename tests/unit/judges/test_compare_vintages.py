"""Two plans on the EPCI of two years: which is which, and the totals."""

import json

import pytest

from planner.compare import Side, compare_plans, list_causes, switch_plans, trace_causes
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

OLD, NEW, OTHER = "200000002", "200000012", "200000013"


def split_in_two(toy):
    """As Centre Morbihan: of an EPCI one part keeps its name and gets a code, one is new.

    22002 was with 35002 in one EPCI; each is in an EPCI of its own afterwards.
    """
    before, after = {"35002": OLD}, {"22002": NEW, "35002": OTHER}

    def on(mapping, named):
        codes = toy.communes["insee"].map(mapping)
        communes = toy.communes.assign(epci_siren=codes.fillna(toy.communes["epci_siren"]))
        sectors = toy.sectors.assign(
            epci_siren=toy.sectors["insee"].map(mapping).fillna(toy.sectors["epci_siren"])
        )
        shares = toy.sector_shares
        own = shares["sector_id"].str[:5].map(mapping).fillna(shares["epci_siren"])
        epci = toy.epci.assign(siren=communes["epci_siren"]).drop_duplicates("siren")
        epci = epci.assign(nom=epci["siren"].map(named).fillna(epci["nom"])).reset_index(drop=True)
        here = set(epci["siren"])
        tables = {
            name: (t := getattr(toy, name).assign(
                epci_siren=getattr(toy, name)["epci_siren"].replace(
                    {OLD: mapping.get("22002", OLD), "200000004": mapping["35002"]}
                )
            ).drop_duplicates(["epci_siren"] if name != "ballots" else None))[
                t["epci_siren"].isin(here)
            ].reset_index(drop=True)
            for name in ("envelopes", "ballots", "deliberations")
        }  # fmt: skip
        return toy.with_tables(
            communes=communes, sectors=sectors, sector_shares=shares.assign(epci_siren=own),
            epci=epci, **tables,
        )  # fmt: skip

    return on(before, {OLD: "CC Centre"}), on(after, {NEW: "CC Centre", OTHER: "CC Neuve"})


@pytest.fixture(scope="module")
def two():
    scenario = Scenario()
    return tuple((territory, scenario) for territory in split_in_two(toy_territory()))


def sides(two):
    for (territory, scenario), name in zip(two, ("en-2018", "en-2025"), strict=True):
        plan = make_plan(territory, scenario)
        tables = plan.tables()
        yield Side(name=name, scenario=json.loads(scenario.canonical()), tables=tables)


def test_epci_of_one_name_are_told_apart_and_the_totals_are_the_same(two):
    before, after = sides(two)
    result = compare_plans(before, after)
    named = result.table[result.table["level"] == "epci"].set_index("code")["nom"]
    assert named[OLD] == f"CC Centre ({OLD})"
    assert named[NEW] == f"CC Centre ({NEW})"
    said = result.summary()
    assert "en-2018 et en-2025 n'ont pas les mêmes EPCI" in said
    assert f"seulement dans en-2018 : CC Centre ({OLD}), 20 lignes" in said
    assert f"seulement dans en-2025 : CC Centre ({NEW}), 10 lignes, CC Neuve ({OTHER}), 10" in said
    assert "40 lignes des deux côtés" in said
    assert "40 lines in all, on both sides" in result.summary("en")
    epci = result.table[result.table["level"] == "epci"]
    region = result.table[result.table["level"] == "region"]
    for column in ("served_difference_count", "net_difference_cents"):
        assert epci[column].sum() == region[column].sum()


def test_differences_across_vintages_are_traced(two):
    before, after = sides(two)
    result = compare_plans(before, after)
    causes = list_causes(before, after)
    assert {"epci", "sectors"} <= {cause.name for cause in causes}
    traced = trace_causes(result, causes, answer=switch_plans(*two))
    assert set(traced["sector_id"]) == set(result.sectors["sector_id"])


def test_a_commune_that_changes_epci_is_said_with_its_lines():
    toy = toy_territory()
    to = "200000001"
    moved = toy.with_tables(
        communes=toy.communes.assign(
            epci_siren=toy.communes["epci_siren"].mask(toy.communes["insee"] == "22002", to)
        ),
        sector_shares=toy.sector_shares.assign(
            epci_siren=toy.sector_shares["epci_siren"].mask(
                toy.sector_shares["sector_id"].str.startswith("22002"), to
            )
        ),
    )
    one, other = (Side.from_plan(make_plan(t, Scenario())) for t in (toy, moved))
    assert compare_plans(one, one).perimeters is None
    found = compare_plans(one, other).perimeters
    assert {h.code: (h.before, h.after) for h in found.holdings} == {
        to: (10, 20), "200000002": (10, 0),
    }  # fmt: skip
    assert "de 10 à 20 lignes" in found.say()
