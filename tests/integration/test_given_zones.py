"""Bretagne Romantique's worked case, from files to euros: zones given by the user.

Press of 21 December 2017: Combourg nord 843 lines, 375 135 €; Saint-Pierre-de-Plesguen sud 494,
219 830 €; Tinténiac sud 447, 198 915 €; Dingé/Guipel 12, 5 340 €; 1 796 lines, 799 220 € in all.
The last zone straddles two communes of two EPCI.  The premises are made up around the real bourgs.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner import Scenario, make_plan, prepare_territory
from planner.errors import RuleError
from planner.io import read_geodata

ROMANTIQUE, VAL_D_ILLE = "243500733", "243500667"
# zone, commune that it is drawn in, premises there, premises in the neighbour
CASES = [
    ("Combourg nord", "35085", 843, None, 0),
    ("Saint-Pierre-de-Plesguen sud", "35308", 494, None, 0),
    ("Tinténiac sud", "35337", 447, None, 0),
    ("Dingé / Guipel", "35094", 12, "35128", 250),
]


@pytest.fixture
def files(tmp_path):
    communes = read_geodata().table("communes").set_index("insee")
    zones, premises = [], []
    for name, insee, count, neighbour, other in CASES:
        x, y = communes.loc[insee, ["bourg_x_m", "bourg_y_m"]].astype(float)
        zones.append(shapely.box(x - 300, y - 300, x + 300, y + 300))
        for code, total in ((insee, count), (neighbour, other)):
            step = np.arange(total)
            premises.append(
                pd.DataFrame(
                    {
                        "premise_id": [f"{code}-{i}" for i in step],
                        "insee": code,
                        "kind": "dwelling",
                        "x": x - 250 + 10 * (step % 50),
                        "y": y - 250 + 20 * (step // 50) + (5 if code == neighbour else 0),
                    }
                )
            )
    outlines = gpd.GeoDataFrame(
        {"zone_id": [f"Z{i}" for i in range(4)], "nom": [case[0] for case in CASES],
         "kind": "rural", "phase": "1", "tranche": 2},
        geometry=zones, crs="EPSG:2154",
    )  # fmt: skip
    outlines.to_crs("EPSG:4326").to_file(tmp_path / "zones.geojson")
    pd.concat(premises).to_csv(tmp_path / "locaux.csv", index=False)
    return tmp_path


@pytest.mark.slow
def test_bretagne_romantique_from_files_to_the_euro(files):
    scenario = Scenario.from_dict(
        {
            "name": "bretagne-romantique",
            "premises": {
                "source": "file",
                "path": "locaux.csv",
                "crs": "EPSG:2154",
            },
            "sectors": {"source": "zones"},
            "zones": {"source": "file", "path": "zones.geojson"},
        },
        folder=str(files),
    )
    plan = make_plan(prepare_territory(scenario), scenario)
    owed = plan.contributions.set_index(["epci_siren", "nom"])[["lines_count", "net_cents"]]
    ours = owed.loc[ROMANTIQUE]
    assert ours["net_cents"].to_dict() == {
        "Combourg nord": 375_135_00,
        "Saint-Pierre-de-Plesguen sud": 219_830_00,
        "Tinténiac sud": 198_915_00,
        "Dingé / Guipel": 5_340_00,
    }
    assert ours["lines_count"].sum() == 1_796
    assert ours["net_cents"].sum() == 799_220_00
    assert owed.loc[(VAL_D_ILLE, "Dingé / Guipel"), "lines_count"] == 250
    assert len(plan.territory.rejected_rows) == 0
    rules = {finding.rule for finding in plan.findings}
    assert "prepare.other_sectors" in rules
    assert not plan.territory.is_synthetic("premises", "sectors", "zones")


@pytest.mark.slow
def test_one_departement_alone_keeps_its_zones_and_its_concertation(brittany):
    whole = brittany
    scenario = Scenario.from_dict({"territory": {"within": ["35"]}})
    plan = make_plan(prepare_territory(scenario), scenario)
    part = plan.territory
    mine = whole.sectors[whole.sectors["departement"] == "35"]
    assert part.sectors["sector_id"].tolist() == mine["sector_id"].tolist()
    assert part.sectors["premises_count"].tolist() == mine["premises_count"].tolist()
    assert set(part.zones["zone_id"]) == set(mine["zone_id"].dropna())
    ballots = whole.ballots[whole.ballots["sector_id"].isin(set(mine["sector_id"]))]
    assert len(part.ballots) == len(ballots) > 0
    astride = {f.place for f in plan.findings if f.rule == "prepare.part_epci"}
    assert astride == {"243500725", "243500741"}  # Côte d'Émeraude, Redon
    counted = plan.balances[["lines_phase_1", "lines_phase_2", "lines_phase_3"]].to_numpy().sum()
    assert counted == mine["premises_count"].sum()
    assert plan.balances["lines_phase_1"].sum() == part.zones["premises_count"].sum() > 0
    assert plan.balances["lines_phase_2"].sum() > 0


def test_zones_of_a_part_of_the_region_are_not_made_up_from_its_premises_alone(files):
    scenario = Scenario.from_dict(
        {
            "territory": {"within": [ROMANTIQUE]},
            "premises": {"source": "file", "path": "locaux.csv", "crs": "EPSG:2154"},
        },
        folder=str(files),
    )
    with pytest.raises(RuleError) as caught:
        prepare_territory(scenario)
    assert "publiés pour la région entière" in caught.value.say("fr")
    assert 'source = "none"' in caught.value.say("fr")
    assert "whole region" in caught.value.say("en")
    none = scenario.model_copy(
        update={"zones": scenario.zones.model_copy(update={"source": "none"})}
    )
    territory = prepare_territory(none)
    assert territory.zones.empty
    assert set(territory.sectors["epci_siren"].astype(str)) == {ROMANTIQUE}
